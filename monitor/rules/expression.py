"""An expression's tree back to text, as one would write it in the configuration."""

from monitor.rules.nodes import And, InField, InSentence, Language, Named, Near, Node, Not, Or, Terms

_LOOSE, _OR, _AND, _NOT, _NEAR = range(5)
"""How tightly what stands around an expression binds."""
_DEEPEST = 12


def show(node: Node, *, limit: int | None = None) -> str:
    """The text of an expression; `limit` is the most characters, and what does not fit becomes `…`."""
    text = _text(node, _LOOSE, None)
    if limit is None or len(text) <= limit:
        return text
    if isinstance(node, Or | And):
        return _first_parts(node, limit)
    return _fitting(node, _LOOSE, limit) or f"{text[: limit - 2].rpartition(' ')[0] or text[: limit - 2]} …"


def _first_parts(node: Or | And, limit: int) -> str:
    """The parts that fit, whole where they can be, and `…` for the others."""
    operator, around = (" or ", _OR) if isinstance(node, Or) else (" and ", _AND)
    shown: list[str] = []
    for number, part in enumerate(node.parts, start=1):
        rest = len(f"{operator}…") if number < len(node.parts) else 0
        room = limit - rest - len(operator.join([*shown, ""]))
        text = _fitting(part, around, room)
        if text is None:
            return operator.join([*shown, "…"])
        shown.append(text)
    return operator.join(shown)


def _fitting(node: Node, around: int, room: int) -> str | None:
    """The text with as many levels written out as there is room for."""
    depths = (None, *range(_DEEPEST, 0, -1))
    return next((text for depth in depths if len(text := _text(node, around, depth)) <= room), None)


def _text(node: Node, around: int, depth: int | None) -> str:
    """`depth` counts the levels that are still written out; None writes all of them."""
    match node:
        case Terms(group):
            return group
        case Named(name, _):
            return name
        case Language(code):
            return f"language:{code}"
        case Not(part):
            return _bracketed(f"not {_text(part, _NOT, depth)}", around > _NOT)
        case InField(name, part):
            return f"{name}:{_text(part, _NEAR, depth)}"
        case _:
            return "…" if depth == 0 else _of_parts(node, around, None if depth is None else depth - 1)


def _of_parts(node: Or | And | Near | InSentence, around: int, depth: int | None) -> str:
    match node:
        case Or(parts):
            return _bracketed(" or ".join(_text(part, _OR, depth) for part in parts), around > _LOOSE)
        case And(parts=parts):
            return _bracketed(" and ".join(_text(part, _AND, depth) for part in parts), around > _LOOSE)
        case Near(left=left, right=right, distance=distance, ordered=ordered):
            operator = f"{'before' if ordered else 'near'}/{distance}"
            return _bracketed(f"{_text(left, _NEAR, depth)} {operator} {_text(right, _NEAR, depth)}", around > _LOOSE)
        case InSentence(part=part):
            return f"sentence({_text(part, _LOOSE, depth)})"


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text
