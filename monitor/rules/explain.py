"""Why a rule holds in an article, or what is missing: each clause of its expression with what was found."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.models import Article
from monitor.rules.evaluate import Document, Span, Window, evaluate
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
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Rule

_QUOTES = 3
_LENGTH = 90


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a rule: its text, whether it held, what was found and where, and else what is missing."""

    text: str
    held: bool
    found: tuple[str, ...]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule and its clauses; `clauses` of a `sentence(...)` are those of the sentence that comes closest."""

    rule: Rule
    held: bool
    clauses: tuple[Clause, ...]

    @property
    def deciding(self) -> str:
        """What decided, in a line: the first clause that is missing, or what was found where all of them held."""
        for clause in self.clauses:
            if not clause.held:
                return f"`{clause.text}`: {clause.missing}"
        found = [f"`{clause.text}` found {_listed(clause.found)}" for clause in self.clauses if clause.found]
        return "; ".join(found[:2]) or "every clause held"

    @property
    def share(self) -> float:
        """How much of it held, from 0 to 1."""
        return sum(clause.held for clause in self.clauses) / len(self.clauses)


def explain(rules: RuleSet, article: Article) -> list[Explanation]:
    """Each rule with its clauses, in the order of the configuration."""
    document = rules.prepare(article)
    return [
        Explanation(rule, evaluate(node, document) is not None, tuple(_clauses(node, document, None)))
        for rule, node in rules.trees
    ]


def _clauses(node: Node, document: Document, window: Window | None) -> Iterator[Clause]:
    """The conditions of which all have to hold, one by one."""
    match node:
        case And(parts=parts):
            for part in parts:
                yield from _clauses(part, document, window)
        case Named(_, And() as part) if evaluate(part, document, window) is None:
            yield from _clauses(part, document, window)  # a pattern that held stays one clause
        case InSentence(part=part):
            closest = _closest_sentence(part, document, window)
            if closest is None:
                yield Clause(show(node), False, (), "there is no sentence")
            else:
                yield from _clauses(part, document, closest)
        case _:
            spans = evaluate(node, document, window)
            wanted = node.part.part if isinstance(node, Not) and isinstance(node.part, Not) else node
            if spans is None:
                yield Clause(show(wanted), False, (), _missing(node, document, window))
            else:
                yield Clause(show(wanted), True, tuple(_quotes(_evidence(node, spans, document, window), document)))


def _closest_sentence(part: Node, document: Document, window: Window | None) -> Window | None:
    """The sentence in which most clauses hold, the first of several."""
    best: tuple[int, Window] | None = None
    for name in (window.field,) if window else SEARCHED:
        for start, end in document.fields[name].sentences:
            here = Window(name, start, end)
            held = sum(clause.held for clause in _clauses(part, document, here))
            if best is None or held > best[0]:
                best = held, here
    return best[1] if best else None


# --------------------------------------------------------------------------- what is missing


def _missing(node: Node, document: Document, window: Window | None) -> str:
    """Why an expression does not hold."""
    match node:
        case Terms(group):
            return f"no {_name(group)}{_place(window)}"
        case Or(parts):
            return f"none of {', '.join(show(part) for part in parts)}{_place(window)}"
        case Not(Not(part)) | Named(_, part):
            return _missing(part, document, window)
        case Not(part):
            quotes = list(_quotes(_evidence(part, evaluate(part, document, window) or [], document, window), document))
            return f"found {_listed(quotes)}" if quotes else f"{show(part)} holds"
        case InField(name, part) if window is None or window.field == name:
            inner = Window(name, 0, document.fields[name].length)
            return _missing(part, document, inner)
        case InField(name, _):
            return f"this sentence is not in the {name}"
        case Language(code):
            return f"the language is {document.language or 'unknown'}, not {code}"
        case Near():
            return _too_far(node, document, window)
        case And() | InSentence():
            lacking = next((clause for clause in _clauses(node, document, window) if not clause.held), None)
            return lacking.missing if lacking else "not all of it stands together"


def _too_far(node: Near, document: Document, window: Window | None) -> str:
    """Which side of a `near` is missing, or how far apart they stand."""
    sides = [(side, evaluate(side, document, window)) for side in (node.left, node.right)]
    for side, spans in sides:
        if spans is None:
            return _missing(side, document, window)
    (_, left), (_, right) = sides
    gaps = [
        max(one.start - other.end, other.start - one.end, 0)
        for one in left or ()
        for other in right or ()
        if one.field == other.field and (not node.ordered or other.start >= one.end)
    ]
    if not gaps:
        return f"{show(node.right)} does not follow {show(node.left)}"
    if min(gaps) < node.distance:
        return "the words themselves overlap"
    return f"{show(node.left)} and {show(node.right)} stand {min(gaps)} words apart, {node.distance} are allowed"


def _place(window: Window | None) -> str:
    return f" in this sentence of the {window.field}" if window and window.field != "title" else ""


# --------------------------------------------------------------------------- what was found


def _evidence(node: Node, spans: Sequence[Span], document: Document, window: Window | None) -> Iterable[Span]:
    """The places to quote: those of what has to be there too, though it is no evidence (`not not x`)."""
    match node:
        case Not(Not(part)):
            return evaluate(part, document, window) or ()
        case Named(_, part):
            return _evidence(part, spans, document, window)
    return spans


def _quotes(spans: Iterable[Span], document: Document) -> Iterator[str]:
    """`"take over" in the title`, at most three of them."""
    shown = dict.fromkeys(
        f"“{field.text[field.spans[span.start][0] : field.spans[span.end - 1][1]]}” in the {field.name}"
        for span in sorted(spans)
        if span.field < len(SEARCHED)
        for field in (document.fields[SEARCHED[span.field]],)
    )
    yield from list(shown)[:_QUOTES]


def _listed(quotes: Sequence[str]) -> str:
    return ", ".join(quotes)


# --------------------------------------------------------------------------- an expression as text


def show(node: Node, *, limit: int = _LENGTH) -> str:
    """An expression as it is written in the configuration, cut where it is long."""
    text = _text(node, 0)
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _text(node: Node, binding: int) -> str:
    """`binding` says how tightly what stands around it binds: 0 nothing, 1 or, 2 and, 3 not, 4 near."""
    match node:
        case Terms(group):
            return group
        case Named(name, _):
            return name
        case Or(parts):
            return _bracketed(" or ".join(_text(part, 1) for part in parts), binding > 0)
        case And(parts=parts):
            return _bracketed(" and ".join(_text(part, 2) for part in parts), binding > 1)
        case Not(part):
            return _bracketed(f"not {_text(part, 3)}", binding > 3)
        case Near(left=left, right=right, distance=distance, ordered=ordered):
            operator = "before" if ordered else "near"
            return _bracketed(f"{_text(left, 4)} {operator}/{distance} {_text(right, 4)}", binding > 3)
        case InSentence(part=part):
            return f"sentence({_text(part, 0)})"
        case InField(name, part):
            return f"{name}:{_text(part, 4)}"
        case Language(code):
            return f"language:{code}"


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


def _name(group: str) -> str:
    return group if group.startswith('"') else f"`{group}`"
