"""Patterns: expressions with a name, put into rules by that name, so that what many rules share is written once."""

from collections.abc import Mapping
from dataclasses import replace

from monitor.errors import RuleError
from monitor.rules.nodes import And, InField, InSentence, Named, Near, Node, Not, Or, Terms, finds_something, walk

MAX_PARTS = 20_000
"""How many parts an expression may have once its patterns are put in."""
MAX_DEPTH = 200
"""How deep it may nest then: evaluation goes down one call a step."""


def insert(node: Node, patterns: Mapping[str, Node]) -> Node:
    """The expression with the patterns it names put in; these are complete themselves.

    Raises RuleError where the whole becomes too large, or where `near` would count from something that is absent.
    """
    whole = _insert(node, patterns)
    for count, (part, depth) in enumerate(walk(whole), 1):
        if count > MAX_PARTS or depth > MAX_DEPTH:
            raise RuleError(
                f"with its patterns put in, this has more than {MAX_PARTS:,} parts or is more than {MAX_DEPTH} deep"
            )
        if isinstance(part, Near) and not finds_something(part.left):
            raise RuleError("on the left of `near` or `before` something must be named that stands in the text")
    return whole


def _insert(node: Node, patterns: Mapping[str, Node]) -> Node:
    match node:
        case Terms(group, column) if group in patterns:
            return Named(group, patterns[group], column)
        case And(parts=parts):
            return And(tuple(_insert(part, patterns) for part in parts))
        case Or(parts):
            return Or(tuple(_insert(part, patterns) for part in parts))
        case Near(left=left, right=right):
            return replace(node, left=_insert(left, patterns), right=_insert(right, patterns))
        case Not() | InSentence() | InField():
            return replace(node, part=_insert(node.part, patterns))
        case _:
            return node
