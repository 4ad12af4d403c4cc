"""How each clause of an expression came out in an article: the words it found, or what was missing.

What is missing is told from the innermost clauses that decided: of a `sentence(...)` in the sentence that comes
closest, of an `or` in the alternative that comes closest, of a `near/N` the missing side or the distance.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.rules.evaluate import Document, Span, Window, evaluate
from monitor.rules.expression import show
from monitor.rules.nodes import SEARCHED, And, InField, InSentence, Language, Named, Near, Node, Not, Or, Terms, leaves

_SENTENCES = 8
"""How many sentences, those with most of an expression's concepts, are looked at for the closest."""
_APART = 0.9
"""How near a `near/N` comes whose sides are both there."""
_QUOTES = 3
_LENGTH = 60
"""How much of an expression or of a passage stands in a reason, in characters."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of an article: `field[start:end]`."""

    field: str
    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of an expression and how it came out.

    `found` are the words that made it hold, or of a `not` that failed what it must not find; `reasons` say in words
    what is missing. `nearness` goes from 0 to 1 (it holds); None where it holds because something is absent.
    """

    node: Node
    held: bool
    found: tuple[Quote, ...] = ()
    reasons: tuple[str, ...] = ()
    nearness: float | None = 1.0
    parts: tuple["Clause", ...] = ()
    sentence: Quote | None = None
    """Of `sentence(...)`: the sentence that decided, or the one that comes closest."""
    aside: bool = False
    """It has to be there without being evidence: `not not x`."""

    def conditions(self) -> Iterator["Clause"]:
        """The clauses of which all have to hold, one by one. A pattern that holds stays one clause."""
        if not self._is_opened():
            yield self
            return
        for part in self.parts:
            for condition in part.conditions():
                yield replace(condition, aside=True) if self.aside else condition

    def _is_opened(self) -> bool:
        if isinstance(self.node, Named):
            return not self.held and isinstance(self.parts[0].node, And | InSentence | Named)
        return isinstance(self.node, And | InSentence)


def clause_of(node: Node, document: Document) -> Clause:
    """How an expression came out."""
    return _clause(node, _Place(document))


def quoted(quotes: Sequence[Quote], *, most: int = _QUOTES) -> str:
    """`"take over", "Haiti" in the title, "force" in the text`: the first of several."""
    by_field: dict[str, list[str]] = {}
    for quote in quotes[:most]:
        by_field.setdefault(quote.field, []).append(f'"{shortened(quote.words)}"')
    return ", ".join(f"{', '.join(dict.fromkeys(words))} in the {name}" for name, words in by_field.items())


def shortened(words: str, *, most: int = _LENGTH) -> str:
    """Words in one line, the middle of a long passage left out."""
    line = " ".join(words.split())
    if len(line) <= most:
        return line
    head, tail = line[: most // 2].rpartition(" ")[0], line[-(most // 2) :].partition(" ")[2]
    return f"{head or line[: most // 2]} … {tail or line[-(most // 2) :]}"


# --------------------------------------------------------------------------- clause by clause


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression is asked for, and how a reason says that: ` in the title`, ` beside "lead"`."""

    document: Document
    window: Window | None = None
    words: str = ""

    def evaluate(self, node: Node) -> list[Span] | None:
        return evaluate(node, self.document, self.window)

    def quote(self, span: Span) -> Quote:
        text = self.document.fields[_field(span)]
        if span.start >= span.end:
            return Quote(text.name, 0, 0, "")
        start, end = text.spans[span.start][0], text.spans[span.end - 1][1]
        return Quote(text.name, start, end, text.text[start:end])

    def in_quotes(self, span: Span) -> str:
        return f'"{shortened(self.quote(span).words)}"'


def _clause(node: Node, place: _Place) -> Clause:
    return _HOW[type(node)](node, place)


def _terms(node: Terms, place: _Place) -> Clause:
    spans = place.evaluate(node)
    if spans:
        return Clause(node, True, _widest(place.quote(span) for span in spans))
    return _missing(node, f"{_name(node)} is missing{place.words}")


def _language(node: Language, place: _Place) -> Clause:
    spoken = place.document.language
    if spoken == node.code:
        return Clause(node, True, nearness=None)
    return _missing(node, f"the language is {spoken or 'unknown'}, not {node.code}")


def _missing(node: Node, *reasons: str) -> Clause:
    return Clause(node, False, (), reasons, 0.0)


def _all_of(node: And, place: _Place) -> Clause:
    parts = tuple(_clause(part, place) for part in node.parts)
    measured = [part.nearness for part in parts if part.nearness is not None]
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    nearness = sum(measured) / len(measured) if measured else None
    return Clause(node, all(part.held for part in parts), _joined(parts), reasons, nearness, parts)


def _any_of(node: Or, place: _Place) -> Clause:
    parts = tuple(_clause(part, place) for part in node.parts)
    held = tuple(part for part in parts if part.held)
    if held:
        found = any(part.nearness is not None for part in held)
        return Clause(node, True, _joined(held), (), 1.0 if found else None, held)
    closest = max(parts, key=lambda part: part.nearness or 0.0)
    if closest.nearness:
        return Clause(node, False, (), closest.reasons, closest.nearness, parts)
    names = ", ".join(_name(part.node) for part in parts)
    names = names if len(names) <= 2 * _LENGTH else _name(node)
    return replace(_missing(node, f"none of {names}{place.words or ' is there'}"), parts=parts)


def _not(node: Not, place: _Place) -> Clause:
    if isinstance(node.part, Not):
        return replace(_clause(node.part.part, place), aside=True)
    inner = _clause(node.part, place)
    if not inner.held:
        return Clause(node, True, nearness=None, parts=(inner,))
    hits = "; ".join(f"{_owner(one)}{quoted(one.found)}" for one in _hits(inner) if one.found)
    reason = f"{_name(node)}: {hits or f'{_name(node.part)} holds'}"
    return replace(_missing(node, reason), found=inner.found, parts=(inner,))


def _named(node: Named, place: _Place) -> Clause:
    inner = _clause(node.part, place)
    return replace(inner, node=node, parts=(inner,))


def _in_field(node: InField, place: _Place) -> Clause:
    name = node.field
    if place.window is not None and place.window.field != name:
        return _missing(node, f"this sentence is not in the {name}")
    window = place.window or Window(name, 0, place.document.fields[name].length)
    inner = _clause(node.part, replace(place, window=window, words=f" in the {name}"))
    return replace(inner, node=node, parts=(inner,))


def _in_sentence(node: InSentence, place: _Place) -> Clause:
    windows = list(_sentence_windows(place))
    held = place.evaluate(node) is not None
    if held:
        choice = [next(window for window in windows if evaluate(node.part, place.document, window) is not None)]
    else:
        choice = _with_most_concepts(node.part, place, windows) or [Window("title", 0, 0)]
    words = " in this sentence" if len(windows) > 1 else place.words
    looked = [(_clause(node.part, replace(place, window=window, words=words)), window) for window in choice]
    inner, window = max(looked, key=lambda one: one[0].nearness or 0.0)
    told = held or inner.nearness  # of a sentence with nothing of it, nobody wants to know
    sentence = place.quote(Span(SEARCHED.index(window.field), window.start, window.end)) if told else None
    return replace(inner, node=node, parts=(inner,), sentence=sentence)


def _sentence_windows(place: _Place) -> Iterator[Window]:
    for name in (place.window.field,) if place.window else SEARCHED:
        for start, end in place.document.fields[name].sentences:
            if place.window is None:
                yield Window(name, start, end)
            elif start < place.window.end and end > place.window.start:
                yield Window(name, max(start, place.window.start), min(end, place.window.end))


def _with_most_concepts(part: Node, place: _Place, windows: Sequence[Window]) -> list[Window]:
    """The sentences in which most of an expression's concepts stand: only these can come closest."""
    beginnings = [(SEARCHED.index(window.field), window.start) for window in windows]
    concepts: list[set[str]] = [set() for _ in windows]
    for leaf in {leaf.group: leaf for leaf in leaves(part)}.values():
        for span in place.evaluate(leaf) or ():
            number = bisect_right(beginnings, (span.field, span.start)) - 1
            if number >= 0:
                concepts[number].add(leaf.group)
    most = sorted(range(len(windows)), key=lambda number: -len(concepts[number]))[:_SENTENCES]
    return [windows[number] for number in sorted(most)]


# --------------------------------------------------------------------------- near


def _near(node: Near, place: _Place) -> Clause:
    spans = place.evaluate(node)
    if spans:
        shortest = min(spans, key=lambda span: (span.end - span.start, span))
        within = replace(place, window=Window(_field(shortest), shortest.start, shortest.end))
        sides = (_clause(node.left, within), _clause(node.right, within))
        return Clause(node, True, (place.quote(shortest),), parts=sides)
    left, right = _clause(node.left, place), _clause(node.right, place)
    nearness = _APART * ((left.nearness or 0.0) + (right.nearness or 0.0)) / 2
    if left.held and right.held:
        reasons = tuple(_too_far(node, place))
    elif left.held:
        reasons = _missing_beside(node.right, left, place)
    elif right.held:
        reasons = _missing_beside(node.left, right, place)
    elif nearness:
        reasons = (*left.reasons, *right.reasons)
    else:
        reasons = (f"neither {_name(node.left)} nor {_name(node.right)}{place.words or ' is there'}",)
    return Clause(node, False, (), reasons, nearness, (left, right))


def _missing_beside(side: Node, there: Clause, place: _Place) -> tuple[str, ...]:
    words = f' beside "{shortened(there.found[0].words)}"' if there.found else place.words
    return _clause(side, replace(place, words=words)).reasons


def _too_far(node: Near, place: _Place) -> Iterator[str]:
    """What of the right side is out of reach, seen from the place of the left side that comes closest."""
    wanted = node.right.parts if isinstance(node.right, And) else (node.right,)
    missing = {
        span: [part for part in wanted if evaluate(part, place.document, _reach(node, span, place)) is None]
        for span in place.evaluate(node.left) or ()
    }
    anchor = min(missing, key=lambda span: (len(missing[span]), _least(span, missing[span], place), span))
    here = place.in_quotes(anchor)
    for part in missing[anchor] or [node.right]:
        spans = [span for span in place.evaluate(part) or () if span.field == anchor.field]
        following = [span for span in spans if not node.ordered or span.start >= anchor.end]
        if not spans:
            yield f"{_name(part)} is missing in the {_field(anchor)}, where {here} stands"
        elif not following:
            yield f"{_nearest(spans, anchor, place)} stands before {here}, and has to follow it"
        else:
            apart = min(_distance(anchor, span) for span in following)
            there = _nearest(following, anchor, place)
            yield f"{here} and {there} stand {apart} words apart, {node.distance} are allowed"


def _reach(node: Near, anchor: Span, place: _Place) -> Window:
    """Where the right side may stand, as the evaluation has it."""
    start = anchor.end if node.ordered else max(0, anchor.start - node.distance)
    end = anchor.end + node.distance
    if place.window is not None:
        start, end = max(start, place.window.start), min(end, place.window.end)
    return Window(_field(anchor), start, end)


def _distance(one: Span, other: Span) -> int:
    """How many words it is from one place to another: 1 where they touch."""
    return max(0, one.start - other.end, other.start - one.end) + 1


def _least(anchor: Span, parts: Iterable[Node], place: _Place) -> int:
    found = (span for part in parts for span in place.evaluate(part) or () if span.field == anchor.field)
    return min((_distance(anchor, span) for span in found), default=10**6)


def _nearest(spans: Sequence[Span], anchor: Span, place: _Place) -> str:
    return place.in_quotes(min(spans, key=lambda span: _distance(anchor, span)))


# --------------------------------------------------------------------------- names and quotes


def _field(span: Span) -> str:
    return SEARCHED[span.field] if span.field < len(SEARCHED) else "outlet"


def _joined(parts: Iterable[Clause]) -> tuple[Quote, ...]:
    return _widest(quote for part in parts if part.held for quote in part.found)


def _widest(quotes: Iterable[Quote]) -> tuple[Quote, ...]:
    """In the order of the article, each place once; words within longer ones say nothing more."""
    order = (*SEARCHED, "outlet")
    found: list[Quote] = []
    for quote in sorted(set(quotes), key=lambda quote: (order.index(quote.field), quote.start, -quote.end)):
        if not found or found[-1].field != quote.field or quote.end > found[-1].end:
            found.append(quote)
    return tuple(found)


def _hits(clause: Clause) -> Iterator[Clause]:
    """The innermost clauses that hold and found something."""
    if isinstance(clause.node, Terms | Near):
        yield clause
    elif not isinstance(clause.node, Not):
        for part in clause.parts:
            if part.held:
                yield from _hits(part)


def _name(node: Node) -> str:
    text = show(node, limit=_LENGTH)
    return text if isinstance(node, Terms) and text.startswith('"') else f"`{text}`"


def _owner(clause: Clause) -> str:
    """`noise found ` before the words of a concept; nothing before words that stand for themselves."""
    text = show(clause.node, limit=_LENGTH)
    return "" if text.startswith('"') else f"{text} found "


_HOW: dict[type[Node], Callable[[Any, _Place], Clause]] = {
    Terms: _terms,
    And: _all_of,
    Or: _any_of,
    Not: _not,
    Near: _near,
    InSentence: _in_sentence,
    InField: _in_field,
    Language: _language,
    Named: _named,
}
