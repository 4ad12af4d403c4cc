"""Does an expression hold in an article, and where? Pure evaluation on word positions."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from monitor.models import Article
from monitor.rules.lexicon import Hits, Lexicon
from monitor.rules.nodes import (
    SEARCHED,
    And,
    InField,
    InSentence,
    Language,
    Near,
    Node,
    Not,
    Or,
    Terms,
    finds_something,
    leaves,
)
from monitor.text import Word, sentences, words


@dataclass(frozen=True, slots=True)
class FieldText:
    """One field of an article: its words, its sentences as word ranges and as offsets, and the terms found."""

    name: str
    text: str
    words: Sequence[Word]
    bounds: Sequence[tuple[int, int]]
    hits: Hits

    def word_range(self, start: int, end: int) -> tuple[int, int]:
        """The words between two offsets of the text."""
        first = bisect_left(self.words, start, key=lambda word: word.start)
        return first, bisect_left(self.words, end, key=lambda word: word.start)


@dataclass(frozen=True, slots=True)
class Window:
    """Where to look: one field, from one word to before another."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place that made an expression hold: words `start` to before `end` of a field (an index into SEARCHED)."""

    field: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """An article, prepared once for all expressions."""

    fields: dict[str, FieldText]
    language: str | None
    longest: int
    """How many words the longest term has."""


def prepare(article: Article, lexicon: Lexicon) -> Document:
    """Finds the words, sentences and terms of an article. A text that only repeats the summary is looked at once."""
    parts = {"title": article.title, "summary": article.summary, "text": article.text, "outlet": article.outlet}
    if parts["text"] in (parts["summary"], parts["title"]):
        parts["text"] = ""
    fields = {}
    for name, text in parts.items():
        found = list(words(text))
        fields[name] = FieldText(name, text, found, sentences(text), lexicon.find(found, article.language))
    return Document(fields, article.language, lexicon.longest)


def evaluate(node: Node, document: Document, window: Window | None = None) -> list[Span] | None:
    """The places that made the expression hold, or None where it does not.

    What holds by absence (`not`) or without a place (`language:`) holds with an empty list.
    """
    match node:
        case Terms(group):
            return _terms(group, document, window) or None
        case And(parts):
            return _all(parts, document, window)
        case Or(parts):
            found = [spans for part in parts if (spans := evaluate(part, document, window)) is not None]
            return sorted(set().union(*found)) if found else None
        case Not(part):
            return [] if evaluate(part, document, window) is None else None
        case Language(code):
            return [] if document.language == code else None
        case InField(name, part):
            return _in_field(name, part, document, window)
        case InSentence():
            return _in_sentence(node, document, window)
        case Near():
            return _near(node, document, window)


def _terms(group: str, document: Document, window: Window | None) -> list[Span]:
    if window is None:
        return [Span(i, *hit) for i, name in enumerate(SEARCHED) for hit in document.fields[name].hits.get(group, ())]
    index = SEARCHED.index(window.field) if window.field in SEARCHED else len(SEARCHED)
    hits = document.fields[window.field].hits.get(group, ())
    # Hits stand in the order of their starts, and a long text may have very many: only those in reach are looked at.
    first = bisect_left(hits, window.start - document.longest, key=lambda hit: hit[0])
    near = takewhile(lambda hit: hit[0] < window.end, islice(hits, first, None))
    return [Span(index, start, end) for start, end in near if end > window.start]


def _all(parts: Sequence[Node], document: Document, window: Window | None) -> list[Span] | None:
    found: set[Span] = set()
    for part in parts:
        spans = evaluate(part, document, window)
        if spans is None:
            return None
        found.update(spans)
    return sorted(found)


def _in_field(name: str, part: Node, document: Document, window: Window | None) -> list[Span] | None:
    if window is None:
        found = evaluate(part, document, Window(name, 0, len(document.fields[name].words)))
        return [] if found and name not in SEARCHED else found  # an outlet's name is no evidence to quote
    return evaluate(part, document, window) if window.field == name else None


def _in_sentence(node: InSentence, document: Document, window: Window | None) -> list[Span] | None:
    found: list[Span] = []
    held = False
    for name in (window.field,) if window else SEARCHED:
        if not _could_hold(node.part, document.fields[name]):
            continue
        for sentence in _sentences(name, document, window):
            spans = evaluate(node.part, document, sentence)
            if spans is not None:
                held = True
                found += spans
    return found if held else None


def _could_hold(part: Node, text: FieldText) -> bool:
    """A quick look before all sentences are asked: what has to find something needs one of its terms."""
    return not finds_something(part) or any(text.hits.get(leaf.group) for leaf in leaves(part))


def _sentences(name: str, document: Document, window: Window | None) -> Iterator[Window]:
    text = document.fields[name]
    for bound in text.bounds:
        start, end = text.word_range(*bound)
        if window is None:
            yield Window(name, start, end)
        elif start < window.end and end > window.start:
            yield Window(name, max(start, window.start), min(end, window.end))


def _near(node: Near, document: Document, window: Window | None) -> list[Span] | None:
    """The left places with the right side in reach: the right side is evaluated in the words around each of them."""
    found = []
    for span in evaluate(node.left, document, window) or ():
        name = SEARCHED[span.field] if span.field < len(SEARCHED) else "outlet"
        start = span.end if node.ordered else max(0, span.start - node.distance)
        end = span.end + node.distance
        if window is not None:
            start, end = max(start, window.start), min(end, window.end)
        spans = evaluate(node.right, document, Window(name, start, end))
        if node.ordered and spans:
            spans = [other for other in spans if other.start >= span.end] or None
        if spans is not None:
            found.append(_merged(span, spans))
    return found or None


def _merged(span: Span, others: Sequence[Span]) -> Span:
    nearest = [other for other in others if other.field == span.field]
    return Span(span.field, min([span.start, *(o.start for o in nearest)]), max([span.end, *(o.end for o in nearest)]))
