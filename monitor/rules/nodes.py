"""What an expression is made of: the tree that the grammar yields and the evaluation walks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

SEARCHED = ("title", "summary", "text")
"""The fields that an expression looks at unless it names one; also the order in which evidence is preferred."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Any term of a group: a concept by its name, or a literal by its quoted words."""

    group: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple["Node", ...]
    quick_first: tuple["Node", ...] = field(init=False, compare=False, repr=False)
    """The parts in the order in which to ask them: those that look at sentences last."""

    def __post_init__(self) -> None:
        ordered = sorted(self.parts, key=lambda part: any(isinstance(one, InSentence) for one, _ in walk(part)))
        object.__setattr__(self, "quick_first", tuple(ordered))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Where the part does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Near:
    """`left` with `right` at most `distance` words away; with `ordered`, after it. `left` finds something."""

    left: "Node"
    right: "Node"
    distance: int
    ordered: bool
    positive: bool = field(init=False, compare=False, repr=False)
    """Nothing in it holds by absence: where it does not hold in a whole field, it holds in no part of it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "positive", _holds_by_presence(self.left) and _holds_by_presence(self.right))


@dataclass(frozen=True, slots=True)
class InSentence:
    """The part holds within one sentence."""

    part: "Node"
    needs: tuple[frozenset[str], ...] = field(init=False, compare=False, repr=False)
    """What `needed` says of the part."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", tuple(dict.fromkeys(needed(self.part))))


@dataclass(frozen=True, slots=True)
class InField:
    """The part holds within one field of the article."""

    field: str
    part: "Node"


@dataclass(frozen=True, slots=True)
class Language:
    """The article is in this language."""

    code: str


@dataclass(frozen=True, slots=True)
class Named:
    """A pattern, put in where its name stood."""

    name: str
    part: "Node"
    column: int = 0


Node: TypeAlias = Terms | And | Or | Not | Near | InSentence | InField | Language | Named


def children(node: Node) -> tuple[Node, ...]:
    """What an expression is directly made of, from left to right."""
    match node:
        case And(parts=parts) | Or(parts):
            return parts
        case Near(left=left, right=right):
            return left, right
        case Not(part) | InSentence(part=part) | InField(_, part) | Named(_, part):
            return (part,)
        case Terms() | Language():
            return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """An expression and all it is made of, from left to right, each with how deep it lies (the whole: 1)."""
    todo = [(node, 1)]
    while todo:
        current, depth = todo.pop()
        yield current, depth
        todo += [(child, depth + 1) for child in reversed(children(current))]


def _holds_by_presence(node: Node) -> bool:
    """Whether nothing in it is a `not`. A `near` knows of itself: a long chain of them is walked through once."""
    todo = [node]
    while todo:
        current = todo.pop()
        if isinstance(current, Not) or (isinstance(current, Near) and not current.positive):
            return False
        if not isinstance(current, Near):
            todo += children(current)
    return True


def leaves(node: Node) -> Iterator[Terms]:
    """The term groups that an expression names, from left to right."""
    return (part for part, _ in walk(node) if isinstance(part, Terms))


def finds_something(node: Node) -> bool:
    """Whether what makes the expression hold can be quoted; `not x`, a language or an outlet alone cannot."""
    match node:
        case And(parts=parts):
            return any(map(finds_something, parts))
        case Or(parts):
            return all(map(finds_something, parts))
        case InField(name, part):
            return name in SEARCHED and finds_something(part)
        case InSentence(part) | Named(_, part):
            return finds_something(part)
        case Terms() | Near():
            return True
        case Not() | Language():
            return False


def needed(node: Node) -> list[frozenset[str]]:
    """Sets of term groups without which the expression cannot hold: of each set, one group must be in the article."""
    match node:
        case Terms(group):
            return [frozenset([group])]
        case And(parts=parts):
            return [groups for part in parts for groups in needed(part)]
        case Or(parts):
            # Whichever part holds brings a group of its own; one that needs nothing leaves the whole without a need.
            least = [min(needed(part), key=len, default=frozenset()) for part in parts]
            return [frozenset().union(*least)] if all(least) else []
        case Near(left=left, right=right):
            return needed(left) + needed(right)
        case Not(Not(part)) | InSentence(part) | InField(_, part) | Named(_, part):
            return needed(part)
        case Not() | Language():
            return []
