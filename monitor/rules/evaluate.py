"""Does an expression hold in an article, and where? Pure evaluation on word positions."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from monitor.folding import Folded
from monitor.models import Article
from monitor.rules.lexicon import Lexicon
from monitor.rules.nodes import (
    SEARCHED,
    And,
    InField,
    InSentence,
    Language,
    Named,
    Near,
    Node,
    Not,
    Or,
    Terms,
)
from monitor.text import sentences


class FieldText:
    """One field of an article: its words and the terms found in it; places and sentences when somebody asks."""

    def __init__(self, name: str, text: str, lexicon: Lexicon, language: str | None) -> None:
        self.name = name
        self.text = text
        self._folded = Folded(text)
        self.length = self._folded.line.count(" ") - 1
        self.hits = lexicon.find(self._folded, language) if self.length else {}

    @property
    def spans(self) -> Sequence[tuple[int, int]]:
        """Where each word stands in the text."""
        return self._folded.spans

    @cached_property
    def bounds(self) -> Sequence[tuple[int, int]]:
        """Where each sentence stands in the text."""
        return sentences(self.text)

    @cached_property
    def sentences(self) -> Sequence[tuple[int, int]]:
        """Each sentence as a range of words."""
        return self._folded.ranges(self.bounds)

    def sentences_of(self, span: "Span") -> tuple[int, int]:
        """The first and the last sentence that a place of this field stands in."""
        first = bisect_right(self.sentences, span.start, key=itemgetter(0)) - 1
        return first, max(first, bisect_left(self.sentences, span.end, key=itemgetter(0)) - 1)

    def sentences_with(self, groups: Iterable[str]) -> set[int]:
        """The sentences in which a term of one of these groups begins."""
        starts = (hit[0] for group in groups for hit in self.hits.get(group, ()))
        return {bisect_right(self.sentences, start, key=itemgetter(0)) - 1 for start in starts}


class Window(NamedTuple):
    """Where to look: one field, from one word to before another."""

    field: str
    start: int
    end: int


class Span(NamedTuple):
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
    patterns: "dict[tuple[str, Window | None], list[Span] | None]" = field(default_factory=dict)
    """What came of patterns already: many rules share them."""


def prepare(article: Article, lexicon: Lexicon) -> Document:
    """Finds the words, sentences and terms of an article. A text that only repeats the summary is looked at once."""
    parts = {"title": article.title, "summary": article.summary, "text": article.text, "outlet": article.outlet}
    if parts["text"] in (parts["summary"], parts["title"]):
        parts["text"] = ""
    fields = {name: FieldText(name, text, lexicon, article.language) for name, text in parts.items()}
    return Document(fields, article.language, lexicon.longest)


def evaluate(node: Node, document: Document, window: Window | None = None) -> list[Span] | None:
    """The places that made the expression hold, or None where it does not.

    What holds by absence (`not`) or without a place (`language:`) holds with an empty list.
    """
    return _HOW[type(node)](node, document, window)


def evidence(node: Node, document: Document) -> list[Span] | None:
    """The places that show what a rule says, or None where it does not hold.

    Where its `sentence(...)` held is the evidence; what must hold besides, such as that the article is about the
    subject, is none.
    """
    spans = evaluate(node, document)
    if not spans:
        return spans
    return sorted(span for part in _sentences_asked(node) for span in evaluate(part, document) or ()) or spans


def nearly(node: Node, document: Document) -> bool:
    """Whether an expression that does not hold, though every word that it needs is there, came near to holding: those
    of a `sentence(...)` stand in one sentence.
    """
    asked = list(_sentences_asked(node))
    texts = [document.fields[name] for name in SEARCHED]
    return not asked or any(True for part in asked for text in texts for _ in _sentences(part, text, document, None))


def _sentences_asked(node: Node) -> Iterator[InSentence]:
    match node:
        case InSentence():
            yield node
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _sentences_asked(part)
        case Named(part=part):
            yield from _sentences_asked(part)
        case _:
            return


def _terms(node: Terms, document: Document, window: Window | None) -> list[Span] | None:
    group = node.group
    if window is None:
        fields = document.fields
        return [Span(i, *hit) for i, name in enumerate(SEARCHED) for hit in fields[name].hits.get(group, ())] or None
    index = SEARCHED.index(window.field) if window.field in SEARCHED else len(SEARCHED)
    hits = document.fields[window.field].hits.get(group)
    if not hits:
        return None
    # Hits stand in the order of their starts, and a long text may have very many: only those in reach are looked at.
    first = bisect_left(hits, (window.start - document.longest,))
    last = bisect_left(hits, (window.end,), first)
    return [Span(index, start, end) for start, end in hits[first:last] if end > window.start] or None


def _all(node: And, document: Document, window: Window | None) -> list[Span] | None:
    found: set[Span] = set()
    for part in node.quick_first:
        spans = evaluate(part, document, window)
        if spans is None:
            return None
        found.update(spans)
    return sorted(found)


def _any(node: Or, document: Document, window: Window | None) -> list[Span] | None:
    found = [spans for part in node.parts if (spans := evaluate(part, document, window)) is not None]
    return sorted(set().union(*found)) if found else None


def _absent(node: Not, document: Document, window: Window | None) -> list[Span] | None:
    return [] if evaluate(node.part, document, window) is None else None


def _in_language(node: Language, document: Document, _: Window | None) -> list[Span] | None:
    return [] if document.language == node.code else None


def _named(node: Named, document: Document, window: Window | None) -> list[Span] | None:
    key = (node.name, window)
    if key not in document.patterns:
        document.patterns[key] = evaluate(node.part, document, window)
    return document.patterns[key]


def _in_field(node: InField, document: Document, window: Window | None) -> list[Span] | None:
    name, part = node.field, node.part
    if window is None:
        found = evaluate(part, document, Window(name, 0, document.fields[name].length))
        return [] if found and name not in SEARCHED else found  # an outlet's name is no evidence to quote
    return evaluate(part, document, window) if window.field == name else None


def _in_sentence(node: InSentence, document: Document, window: Window | None) -> list[Span] | None:
    found: list[Span] = []
    held = False
    for name in (window.field,) if window else SEARCHED:
        for sentence in _sentences(node, document.fields[name], document, window):
            spans = evaluate(node.part, document, sentence)
            if spans is not None:
                held = True
                found += spans
    return found if held else None


def _sentences(node: InSentence, text: FieldText, document: Document, window: Window | None) -> Iterator[Window]:
    """The sentences of a field in which the part could hold: each needs a term of every group that the part needs."""
    if not all(any(group in text.hits for group in groups) for groups in node.needs):
        return
    if not _possible(node.part, document, Window(text.name, 0, text.length)):
        return
    numbers: Iterable[int] = range(len(text.sentences))
    for groups in node.needs:
        numbers = text.sentences_with(groups).intersection(numbers)
    for number in sorted(numbers):
        start, end = text.sentences[number]
        if window is None:
            yield Window(text.name, start, end)
        elif start < window.end and end > window.start:
            yield Window(text.name, max(start, window.start), min(end, window.end))


def _possible(node: Node, document: Document, whole: Window) -> bool:
    """Whether an expression could hold somewhere in a field, judged from the whole: sentences cost more to find."""
    match node:
        case And(parts=parts):
            return all(_possible(part, document, whole) for part in parts)
        case Or(parts):
            return any(_possible(part, document, whole) for part in parts)
        case Not(Not(part)) | Named(_, part) | InSentence(part=part):
            return _possible(part, document, whole)
        case InField(name, part):
            return name == whole.field and _possible(part, document, whole)
        case Near(positive=True) | Terms():
            return evaluate(node, document, whole) is not None
        case _:
            return True


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


_HOW: dict[type[Node], Callable[[Any, Document, Window | None], list[Span] | None]] = {
    Terms: _terms,
    And: _all,
    Or: _any,
    Not: _absent,
    Near: _near,
    InSentence: _in_sentence,
    InField: _in_field,
    Language: _in_language,
    Named: _named,
}
