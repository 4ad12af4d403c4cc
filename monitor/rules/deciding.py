"""The words of a piece of evidence that made a rule hold. Pure, and linear even in a text that only repeats them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from monitor.rules.evaluate import FieldText, Span, Window
from monitor.rules.nodes import SEARCHED

Place = tuple[int, int]
"""Words from one to before another."""
_PIECES = 40
"""More of them tell a person nothing."""


def deciding(groups: Iterable[str], spans: Iterable[Span], where: FieldText, window: Window) -> tuple[str, ...]:
    """What of the evidence in a window a rule asked for, as it stands there.

    Of each span those words that belong to one of the rule's term `groups`; whole, where there are none, as in the cue
    of a stage. Words that touch or overlap are one piece; of very many pieces the first.
    """
    inside = sorted(
        (span.start, min(span.end, window.end))
        for span in set(spans)
        if SEARCHED[span.field] == where.name and window.start <= span.start < window.end
    )
    hits = sorted({hit for group in groups for hit in _from(where.hits.get(group, ()), window)})
    areas = _joined(inside)
    starts = [hit[0] for hit in hits]
    places = [hit for hit in hits if _lies_in(hit, areas)]
    places += [span for span in inside if not _holds_one(span, hits, starts)]
    pieces = _joined(sorted(places))[:_PIECES]
    return tuple(where.text[where.spans[start][0] : where.spans[end - 1][1]] for start, end in pieces)


def _from(hits: Sequence[Place], window: Window) -> Sequence[Place]:
    """Those that begin in the window; hits stand in the order of their starts."""
    return hits[bisect_left(hits, (window.start,)) : bisect_left(hits, (window.end,))]


def _joined(places: Iterable[Place]) -> list[Place]:
    """Sorted places, those that touch or overlap as one."""
    found: list[Place] = []
    for start, end in places:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _lies_in(hit: Place, areas: Sequence[Place]) -> bool:
    before = bisect_right(areas, hit[0], key=lambda area: area[0]) - 1
    return before >= 0 and hit[1] <= areas[before][1]


def _holds_one(span: Place, hits: Sequence[Place], starts: Sequence[int]) -> bool:
    following = bisect_left(starts, span[0])
    return following < len(hits) and hits[following][1] <= span[1]
