"""The rule language: an expression's text to its tree, with the column of a mistake.

    mission near/25 (actor and takeover) and not title:sport

`or` binds loosest, then `and`, `not`, and tightest `near/N` and `before/N`. A bare word names a concept; words that
stand for themselves are in double quotes or end in `*`.
"""

from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from monitor.errors import RuleError
from monitor.rules.nodes import And, InField, InSentence, Language, Near, Node, Not, Or, Terms, finds_something, walk

FIELDS = ("title", "summary", "text", "outlet")
MAX_LENGTH = 20_000
MAX_DEPTH = 100
"""How deep an expression may nest: evaluation goes down one call a step."""
MAX_DISTANCE = 1000

_GRAMMAR = r"""
?start: or
?or: and (_OR and)*
?and: not (_AND not)*
?not: _NOT not -> negated
    | near
?near: atom
    | near NEAR atom -> nearby
?atom: "(" or ")"
    | PHRASE -> literal
    | PREFIX -> literal
    | NAME -> concept
    | _SENTENCE "(" or ")" -> sentence
    | FIELD atom -> scoped
    | LANGUAGE -> language

_OR.2: /or\b/i
_AND.2: /and\b/i
_NOT.2: /not\b/i
_SENTENCE.2: /sentence(?=\s*\()/i
NEAR.2: /(near|before)\/\d+/i
FIELD.2: /(title|summary|text|outlet)\s*:/i
LANGUAGE.2: /language\s*:\s*[a-z]{2,3}\b/i
PREFIX.1: /[^\W_][\w'’-]*\*/
NAME: /(?!(?:and|or|not)\b)[^\W\d][\w-]*/i
PHRASE: /"[^"\n]+"/
%ignore /\s+/
"""


def parse(expression: str) -> Node:
    """The tree of an expression. Raises RuleError, its `column` an index into the expression."""
    if not expression.strip():
        raise RuleError("the expression is empty")
    if len(expression) > MAX_LENGTH:
        raise RuleError(
            f"the expression has {len(expression):,} characters; {MAX_LENGTH:,} are allowed: move terms into a concept"
        )
    _check_parentheses(expression)
    try:
        node: Node = _parser().parse(expression)  # type: ignore[assignment]  # the transformer's answer
    except UnexpectedInput as error:
        column = len(expression.rstrip()) if _at_end(error) else error.pos_in_stream or 0
        raise RuleError(_explain(error, expression), column) from error
    if max(depth for _, depth in walk(node)) > MAX_DEPTH:
        raise RuleError(f"more than {MAX_DEPTH} operators stand within one another here; move a part into a concept")
    return node


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False, transformer=_Tree())  # as it reads: no recursion


class _Tree(Transformer[Token, Any]):
    """Lark's tree to ours."""

    def or_(self, parts: list[Node]) -> Node:
        return Or(tuple(parts))

    def and_(self, parts: list[Node]) -> Node:
        return And(tuple(parts))

    def negated(self, parts: list[Node]) -> Node:
        return Not(parts[0])

    def nearby(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        word, _, number = str(operator).partition("/")
        column = operator.start_pos or 0
        if len(number) > 9 or not 0 < int(number) <= MAX_DISTANCE:
            raise RuleError(f"the distance is counted in words, from 1 to {MAX_DISTANCE}", column)
        ordered = word.lower() == "before"
        if not ordered and _better_anchor(right, left):
            left, right = right, left
        if not finds_something(left):
            where = "on the left of `before`" if ordered else "on one side of `near`"
            raise RuleError(f"{where} something must be named that stands in the text", column)
        return Near(left, right, int(number), ordered)

    def literal(self, parts: list[Token]) -> Node:
        text = str(parts[0])
        return Terms(text if text.startswith('"') else f'"{text}"', parts[0].start_pos or 0)

    def concept(self, parts: list[Token]) -> Node:
        return Terms(str(parts[0]), parts[0].start_pos or 0)

    def sentence(self, parts: list[Node]) -> Node:
        return InSentence(parts[0])

    def scoped(self, parts: list[Any]) -> Node:
        if isinstance(parts[1], InField):
            raise RuleError("a field stands within a field here; name one of them", parts[0].start_pos or 0)
        return InField(str(parts[0]).partition(":")[0].strip().lower(), parts[1])

    def language(self, parts: list[Token]) -> Node:
        return Language(str(parts[0]).partition(":")[2].strip().lower())


setattr(_Tree, "or", _Tree.or_)
setattr(_Tree, "and", _Tree.and_)


def _better_anchor(one: Node, other: Node) -> bool:
    """Whether the distance is rather counted from `one`: all of several things are looked for around a single one."""
    if not finds_something(other):
        return True
    return isinstance(other, And) and not isinstance(one, And) and finds_something(one)


def _check_parentheses(expression: str) -> None:
    depth, opened, quoted = 0, [], False
    for index, char in enumerate(expression):
        if char == '"':
            quoted = not quoted
        elif char == "(" and not quoted:
            opened.append(index)
            depth += 1
            if depth > MAX_DEPTH:
                raise RuleError(
                    f"more than {MAX_DEPTH} parentheses are open here; give the inner part a name as a concept", index
                )
        elif char == ")" and not quoted:
            if not opened:
                raise RuleError("this parenthesis closes nothing", index)
            opened.pop()
            depth -= 1
    if quoted:
        raise RuleError('this quotation mark is not closed: write "words"', expression.rfind('"'))
    if opened:
        raise RuleError("this parenthesis is not closed", opened[-1])


def _explain(error: UnexpectedInput, expression: str) -> str:
    if _at_end(error):
        return "the expression ends too early: a concept or words in quotes are missing"
    word = str(error.token) if isinstance(error, UnexpectedToken) else expression[error.pos_in_stream or 0 :][:1]
    if word == '"':
        return "between these quotation marks stands nothing, or more than one line; write the words in one line"
    if isinstance(error, UnexpectedCharacters):
        return f"{word!r} has no meaning here; write words that stand for themselves in double quotes"
    if word.lower() in ("near", "before"):
        return f"{word} needs a distance in words, such as {word}/10"
    if isinstance(error, UnexpectedToken) and error.token.type in ("NAME", "PHRASE", "PREFIX"):
        return f"{word} follows without `and`, `or` or `near/N`; write words that belong together in double quotes"
    return f"{word} is not expected here; a concept, words in quotes or a parenthesis is"


def _at_end(error: UnexpectedInput) -> bool:
    return isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
