"""The geometry of the plots: what happened when comes in, places in the plane come out. Pure; templates draw it.

Lengths are in units of the picture's own coordinates, of which a page of ordinary width shows one as a pixel.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

WIDTH = 960.0
_LEFT, _RIGHT, _TOP = 96.0, 16.0, 26.0
_LETTER = 7.4
"""Width of a bold letter of a lane's name, which stands left of the marks."""
_BARS_LEFT = 44.0
_STEP = 15.0
"""Between the middles of two marks beside or above one another."""
_LANE_PADDING = 18.0
_MOST_ROWS = 12
"""Rows of one lane; where more would be needed marks lie over one another."""
_MOST_TICKS = 12
_BARS_HEIGHT = 200.0
_COLOURS = 6
OTHERS = "other"


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the time axis with what stands at it."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Event:
    """What the timeline shows: a development with the stages it reached, in the order of time."""

    id: int
    lane: str
    title: str
    stages: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """An event in the plane: its mark stands where it reached its last stage, a line leads there from the first."""

    event: Event
    x: float
    y: float
    start: float

    @property
    def stage(self) -> str:
        """The last stage."""
        return self.event.stages[-1][0]

    @property
    def since(self) -> datetime:
        """When it reached it."""
        return self.event.stages[-1][1]


@dataclass(frozen=True, slots=True)
class Lane:
    """The band of one kind of change."""

    name: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The plot of developments along time."""

    width: float
    height: float
    ticks: list[Tick]
    lanes: list[Lane]
    marks: list[Mark]


def timeline(events: Sequence[Event], lanes: Mapping[str, str], zone: tzinfo = UTC) -> Timeline:
    """Places each event once. `lanes` are the names of the lanes with their labels, in the order from the top; those
    that stand in no event are left out.
    """
    moments = [at for event in events for _, at in event.stages]
    longest = max((len(lanes.get(event.lane, event.lane)) for event in events), default=0)
    axis = _Axis.around(moments, zone, max(_LEFT, 24 + _LETTER * longest))
    found: list[Lane] = []
    marks: list[Mark] = []
    top = _TOP
    known = {event.lane for event in events}
    for name in [*(lane for lane in lanes if lane in known), *sorted(known.difference(lanes))]:
        ends: list[float] = []  # the right end of what stands in each row
        for event in sorted((one for one in events if one.lane == name), key=lambda one: (one.stages[0][1], one.id)):
            start, x = axis.x(event.stages[0][1]), axis.x(event.stages[-1][1])
            row = next((i for i, end in enumerate(ends) if start - end >= _STEP), len(ends))
            row = min(row, _MOST_ROWS - 1)
            ends[row : row + 1] = [x]
            marks.append(Mark(event, x, top + _LANE_PADDING + row * _STEP, start))
        height = 2 * _LANE_PADDING + max(0, len(ends) - 1) * _STEP
        found.append(Lane(name, top, height))
        top += height
    return Timeline(WIDTH, top + 6, axis.ticks(), found, marks)


# --------------------------------------------------------------------------- bars


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: its series, how many, and where."""

    series: str
    colour: int
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A day, or several days, with a piece for each series."""

    start: date
    days: int
    x: float
    width: float
    total: int
    parts: list[Part]
    marked: int = 0
    """How many developments began then."""


@dataclass(frozen=True, slots=True)
class Bars:
    """The plot of counts along time, stacked by series."""

    width: float
    height: float
    base: float
    most: int
    ticks: list[Tick]
    bars: list[Bar]
    series: list[tuple[str, int]] = field(default_factory=list)
    """Each series with the number of its colour, the largest first."""


def bars(
    counts: Mapping[tuple[date, str], int], first: date, last: date, marked: Mapping[date, int] | None = None
) -> Bars:
    """Stacks counts by day and series, from the first to the last day; many days are put together to weeks or months.

    The six largest series have a colour of their own, what is left is `other`.
    """
    length = (last - first).days + 1
    days = 1 if length <= 120 else 7 if length <= 120 * 7 else 30  # a bar is at least 7 wide
    totals: dict[str, int] = {}
    for (_, series), count in counts.items():
        totals[series] = totals.get(series, 0) + count
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    colours = {name: i for i, name in enumerate(ranked[:_COLOURS])}
    grouped: list[dict[str, int]] = [{} for _ in range(-(-length // days))]
    for (day, series), count in counts.items():
        if first <= day <= last:
            name = series if series in colours else OTHERS
            group = grouped[(day - first).days // days]
            group[name] = group.get(name, 0) + count
    starred = [0] * len(grouped)
    for day, count in (marked or {}).items():
        if first <= day <= last:
            starred[(day - first).days // days] += count
    most = max((sum(group.values()) for group in grouped), default=0)
    base, slot = _TOP + _BARS_HEIGHT, (WIDTH - _BARS_LEFT - _RIGHT) / len(grouped)
    drawn = [
        _bar(group, colours, first + timedelta(days=i * days), days, _BARS_LEFT + i * slot, slot, base, most, star)
        for i, (group, star) in enumerate(zip(grouped, starred, strict=True))
    ]
    every = max(1, -(-len(drawn) // _MOST_TICKS))
    ticks = [Tick(bar.x + bar.width / 2, _label(bar.start, "day")) for bar in drawn[::every]]
    if days > 1:
        ticks = list(_with_years(ticks, [bar.start.year for bar in drawn[::every]]))
    named = [(name, colours[name]) for name in ranked[:_COLOURS]]
    if len(ranked) > _COLOURS:
        named.append((OTHERS, _COLOURS))
    return Bars(WIDTH, base + 24, base, most, ticks, drawn, named)


def _with_years(ticks: Sequence[Tick], years: Sequence[int]) -> Iterator[Tick]:
    """The year is said where it is another one than before."""
    for tick, year, before in zip(ticks, years, [0, *years], strict=False):
        yield tick if year == before else Tick(tick.x, f"{tick.label} {year}")


def _bar(
    group: Mapping[str, int],
    colours: Mapping[str, int],
    start: date,
    days: int,
    x: float,
    slot: float,
    base: float,
    most: int,
    marked: int,
) -> Bar:
    parts, y = [], base
    for name in sorted(group, key=lambda name: colours.get(name, _COLOURS)):
        height = _BARS_HEIGHT * group[name] / most
        y -= height
        parts.append(Part(name, colours.get(name, _COLOURS), group[name], round(y, 2), round(height, 2)))
    gap = min(2.0, slot / 4)
    return Bar(start, days, round(x, 2), round(slot - gap, 2), sum(group.values()), parts, marked)


def spark(counts: Sequence[int], width: float = 90, height: float = 18) -> list[tuple[float, float, float, float]]:
    """Small bars without an axis: x, y, width and height of each that is not zero."""
    most, slot = max(counts, default=0), width / max(len(counts), 1)
    heights = [height * count / most if count else 0.0 for count in counts]
    places = [(i * slot, height - tall, slot * 0.8, tall) for i, tall in enumerate(heights) if tall]
    return [(round(x, 2), round(y, 2), round(wide, 2), round(tall, 2)) for x, y, wide, tall in places]


# --------------------------------------------------------------------------- the axis of time


@dataclass(frozen=True, slots=True)
class _Axis:
    first: datetime
    last: datetime
    zone: tzinfo
    left: float

    @classmethod
    def around(cls, moments: Iterable[datetime], zone: tzinfo, left: float) -> "_Axis":
        """From a little before the first to a little after the last; at least two days."""
        known = sorted(moments) or [datetime(2000, 1, 1, tzinfo=UTC)]
        room = max(timedelta(days=1), (known[-1] - known[0]) / 40)
        return cls(known[0] - room, known[-1] + room, zone, left)

    def x(self, at: datetime) -> float:
        share = (at - self.first) / (self.last - self.first)
        return round(self.left + share * (WIDTH - self.left - _RIGHT), 2)

    def ticks(self) -> list[Tick]:
        """Beginnings of days, weeks, months, quarters or years in the zone: the finest that are few enough."""
        first, last = self.first.astimezone(self.zone).date(), self.last.astimezone(self.zone).date()
        days = (last - first).days
        if days <= _MOST_TICKS:
            found = [(first + timedelta(days=i), "day") for i in range(days + 1)]
        elif days <= 7 * _MOST_TICKS:
            monday = first - timedelta(days=first.weekday())
            found = [(monday + timedelta(days=7 * i), "day") for i in range(days // 7 + 2)]
        else:
            found = [(day, "month") for day in _months(first, last)]
        placed = [
            Tick(self.x(datetime(day.year, day.month, day.day, tzinfo=self.zone)), _label(day, kind))
            for day, kind in found
        ]
        return [tick for tick in placed if self.left <= tick.x <= WIDTH - _RIGHT]


def _months(first: date, last: date) -> list[date]:
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((step for step in (1, 3, 6, 12, 24, 60) if count / step <= _MOST_TICKS), 120)
    months = [first.year * 12 + first.month - 1 + i for i in range(count + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months if month % step == 0]


def _label(day: date, kind: str) -> str:
    return f"{day.day} {day:%b}" if kind == "day" else f"{day:%b %Y}"
