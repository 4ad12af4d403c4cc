"""Signals and what is known to developments, and developments to what is told: pure decisions.

Reports of one event are one development: the same change, days that lie close together, and actors that do not
contradict. A report of a later stage moves it on; a denial or a stop, or a move after one, contradicts it. A copy of a
story belongs where the story belongs, whatever its headline makes of it.

What stands only further below in an article, or beside another change in one sentence, is a mention, often of what
everybody knows. It is kept and named with the main news, and has an alert of its own when enough independent stories
mention it or one says it plainly.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from monitor.models import AlertKind, Development, Report, Signal, Standing, StoredSignal, Telling

MENTIONS = 3
"""How many independent stories must mention what none of them says plainly."""
FOLLOWS = timedelta(days=400)
"""How long ago the development may lie that another follows."""

_ORDER = {"proposed": 0, "decided": 1, "effective": 2}
_BEFORE = {
    "proposed": ("blocked",),
    "decided": ("proposed", "blocked"),
    "effective": ("decided", "proposed"),
    "blocked": ("effective", "decided", "proposed"),
}
_FIELDS = {"title": 0, "summary": 1, "text": 2}
_SEVERITIES = ("low", "normal", "high")
_LEAD = 300
_LOOKING_BACK = timedelta(days=3)
_NEAR = timedelta(days=2)
_LONGEST = 3
"""An event is reported for so many windows after its last stage at most; what comes later is another."""
Kind = Literal["new", "joins", "stage", "contradiction"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a report means: the development it belongs to (None: a new one), and the stage of that afterwards."""

    kind: Kind
    development: int | None
    stage: str


# --------------------------------------------------------------------------- reports


def reports_of(waiting: Sequence[StoredSignal], weak: Collection[str] = ()) -> Iterator[Report]:
    """The signals of one article about one change together, the deciding one first; articles in the given order.

    `weak` are the rules whose change is said aside where the same headline tells another. What is placed already only
    shows what the rest is said beside.
    """
    order = {article: place for place, article in enumerate(dict.fromkeys(signal.article.id for signal in waiting))}
    ordered = sorted(
        waiting, key=lambda s: (order[s.article.id], s.signal.change, _FIELDS[s.signal.field], s.signal.start, s.id)
    )
    for _, of_article in groupby(ordered, key=lambda s: s.article.id):
        found = [Report(tuple(group)) for _, group in groupby(of_article, key=lambda s: s.signal.change)]
        main = _main(found, weak)
        for report in found:
            if not all(one.placed for one in report.signals):
                yield replace(report, aside=report not in main)


def _main(found: Sequence[Report], weak: Collection[str]) -> list[Report]:
    """The changes that an article is about: those of its headline, or, where that tells none, of what comes next.

    Of those that only weak rules find, none beside others, and else the one that most and the severest rules find.
    """
    top = min(_FIELDS[report.signal.field] for report in found)
    highest = [report for report in found if _FIELDS[report.signal.field] == top]
    sure = [report for report in highest if not _rules_at(report, top).keys() <= set(weak)]
    return sure or [max(highest, key=lambda report: _weight(_rules_at(report, top)))]


def _rules_at(report: Report, field: int) -> dict[str, int]:
    """The rules that hold in a field, with their severities."""
    return {
        one.signal.rule: _SEVERITIES.index(one.signal.severity)
        for one in report.signals
        if _FIELDS[one.signal.field] == field
    }


def _weight(rules: Mapping[str, int]) -> tuple[int, int]:
    return len(rules), max(rules.values())


def is_plain(report: Report) -> bool:
    """Whether a change is what an article is about: it says so in its headline, its summary or, having none, at the
    beginning of its text, and not only beside another change."""
    signal = report.signal
    if report.aside:
        return False
    return signal.field != "text" or (signal.start < _LEAD and not report.article.summary)


# --------------------------------------------------------------------------- where a report belongs


def decide(
    report: Report,
    known: Iterable[Development],
    *,
    now: datetime,
    window: timedelta,
    forums: Collection[str] = (),
) -> Decision:
    """Places a report among the developments known.

    `forums` are the actors in which others decide, such as a council: one report names those who propose, the other
    the place, and both speak of one event where they say so within two days.
    """
    stage = report.signal.stage
    event = _same_event(report, known, now, window, frozenset(forums))
    if event is None:
        return Decision("new", None, stage)
    kind = _move(report, event)
    return Decision(kind, event.id, event.stage if kind == "joins" else stage)


def grown(event: Development, report: Report, decision: Decision, at: datetime) -> Development:
    """A development with one more report."""
    signal, article = report.signal, report.article
    moved = decision.kind in ("stage", "contradiction")
    return replace(
        event,
        stage=decision.stage,
        since=at if moved else event.since,
        actors=event.actors | frozenset(signal.actors),
        roles=event.roles | frozenset(signal.roles),
        first_seen=min(event.first_seen, at - article.give),
        last_seen=max(event.last_seen, at + article.give),
        plain=event.plain or is_plain(report),
        articles=event.articles | {article.id},
        stories=event.stories if article.story is None else event.stories | {article.story},
    )


def begun(number: int, report: Report, at: datetime) -> Development:
    """A development that begins with a report."""
    signal = report.signal
    empty = Development(number, signal.change, signal.stage, at, frozenset(), at, at, plain=False)
    return grown(empty, report, Decision("new", None, signal.stage), at)


def _move(report: Report, event: Development) -> Kind:
    """Whether a report brings a development to another stage."""
    stage = report.signal.stage
    if (
        stage == event.stage
        or report.signal.guessed
        or not is_plain(report)
        or (_is_copy(report, event) and not _says(report, stage))
    ):
        return "joins"
    if not event.plain:
        return "stage"  # what was only mentioned before is now said plainly
    if "blocked" in (stage, event.stage):
        return "contradiction"
    return "stage" if _ORDER[stage] > _ORDER[event.stage] else "joins"


def _is_copy(report: Report, event: Development) -> bool:
    return report.article.story in event.stories and report.article.id not in event.articles


def _says(report: Report, stage: str) -> bool:
    """Whether a copy itself says that a stage is reached, not only the headline that its outlet gave it."""
    return not (report.article.summary or report.article.text) or any(
        one.signal.stage == stage and one.signal.field != "title" for one in report.signals
    )


def _same_event(
    report: Report, known: Iterable[Development], now: datetime, window: timedelta, forums: frozenset[str]
) -> Development | None:
    """The development a report speaks of: that of its story, else the one that shares most actors, then the latest."""
    at = report.at or now
    actors = frozenset(report.signal.actors)
    in_reach = [event for event in known if _may_be(report, event, at, window, forums)]
    return max(
        in_reach,
        key=lambda event: (
            report.article.id in event.articles,
            report.article.story in event.stories,
            len(actors & event.actors),
            event.last_seen,
            event.id,
        ),
        default=None,
    )


def _may_be(report: Report, event: Development, at: datetime, window: timedelta, forums: frozenset[str]) -> bool:
    signal = report.signal
    earliest, latest = at - report.article.give, at + report.article.give
    if event.change != signal.change or latest < event.first_seen - window or earliest > event.last_seen + window:
        return False
    if report.article.id in event.articles or (_is_copy(report, event) and report.article.copy_by == "text"):
        return True  # a copy by its headline only is none of it: headlines may differ in the name of a country
    if earliest > event.since + _LONGEST * window or _is_earlier_stage_later(signal, event, earliest):
        return False
    return _may_be_actors(report, event, at, forums) and not _otherwise(signal.roles, event)


def _may_be_actors(report: Report, event: Development, at: datetime, forums: frozenset[str]) -> bool:
    actors = frozenset(report.signal.actors)
    same_stage = report.signal.guessed or report.signal.stage == event.stage
    if actors & event.actors or (not (actors and event.actors) and same_stage):
        return True
    give = report.article.give + _NEAR
    near = same_stage and event.first_seen - give <= at <= event.last_seen + give
    return near and (actors <= forums or event.actors <= forums)


def _share(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two sets of actors have one in common; where nobody is named, nothing contradicts."""
    return not some or not others or bool(some & others)


def _is_earlier_stage_later(signal: Signal, event: Development, at: datetime) -> bool:
    """Whether an earlier stage is reported when the later one is no news any more: it is of another event."""
    if "blocked" in (signal.stage, event.stage) or signal.guessed:
        return False
    return _ORDER[signal.stage] < _ORDER[event.stage] and at > event.since + _LOOKING_BACK


def _otherwise(roles: Iterable[tuple[str, str]], event: Development) -> bool:
    """Whether the same actors do something else there: Kenya sends police, Kenya withdraws police."""
    theirs = {actor: {role for role, other in event.roles if other == actor} for _, actor in event.roles}
    shared = [(role, actor) for role, actor in roles if actor in theirs]
    return bool(shared) and all(role not in theirs[actor] for role, actor in shared)


def followed(
    report: Report, earlier: Iterable[Development], at: datetime, forums: Collection[str] = ()
) -> Development | None:
    """What a new development follows: of the same change and of an earlier stage, the latest that shares an actor.

    What a forum decides may have been proposed by anybody.
    """
    actors = frozenset(report.signal.actors)
    stages = _BEFORE[report.signal.stage]
    possible = [
        event
        for event in earlier
        if event.change == report.signal.change
        and event.stage in stages
        and at - FOLLOWS <= event.since <= at
        and (_share(actors, event.actors) or actors <= frozenset(forums))
        and event.plain
    ]
    return max(possible, key=lambda event: (event.since, bool(actors & event.actors), event.id), default=None)


# --------------------------------------------------------------------------- who is told


def is_fresh(report: Report, now: datetime, horizon: timedelta) -> bool:
    """Whether a report is young enough to give cause to an alert; news of unknown age is not."""
    return report.at is not None and now - report.at <= horizon


def announcement(
    standing: Standing, told: Collection[Telling], *, confirmation: int = 1, update_at: int | None = None
) -> AlertKind | None:
    """Why a channel is to hear of a development now, or None; `told` is what it heard before.

    Each stage is told once. `confirmation` is how many independent stories the channel waits for; when `update_at`
    stories report it and fewer did at every telling, that is told once too.
    """
    enough = standing.stories >= confirmation and (standing.plain or standing.stories >= MENTIONS)
    if standing.dismissed or not enough:
        return None
    stages = [one.stage for one in told]
    if not stages:
        return "new"
    if standing.stage not in stages:
        return "contradiction" if "blocked" in (standing.stage, stages[-1]) else "stage"
    if update_at is not None and standing.stories >= update_at:
        fewer = all(one.stories is not None and one.stories < update_at for one in told)
        return "confirmed" if fewer else None
    return None
