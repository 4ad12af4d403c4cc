"""What an expression is made of: the tree that the grammar yields and the evaluation walks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Terms:
    """Any term of a group: a concept by its name, or a literal by its quoted words."""

    group: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple["Node", ...]


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
    """`left` with `right` at most `distance` words away; with `ordered`, after it."""

    left: "Node"
    right: "Node"
    distance: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class InSentence:
    """The part holds within one sentence; `groups` are the term groups it names."""

    part: "Node"
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class InField:
    """The part holds within one field of the article."""

    field: str
    part: "Node"


@dataclass(frozen=True, slots=True)
class Language:
    """The article is in this language."""

    code: str


Node: TypeAlias = Terms | And | Or | Not | Near | InSentence | InField | Language


def leaves(node: Node) -> Iterator[Terms]:
    """The term groups that an expression names, from left to right."""
    match node:
        case Terms():
            yield node
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Near(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case Not(part) | InSentence(part, _) | InField(_, part):
            yield from leaves(part)
        case Language():
            return
