"""Signals and what is known to developments: a pure decision.

Reports of one event are one development: the same change, days that lie close together, and actors that do not
contradict. A report of a later stage moves it on; a denial or a stop, or a move after one, contradicts it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.models import Development, StoredSignal

_ORDER = {"proposed": 0, "decided": 1, "effective": 2}
Kind = Literal["new", "joins", "stage", "contradiction"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a signal means: which development it belongs to (None: a new one), and whether anybody is to be told."""

    kind: Kind
    development: int | None
    stage: str
    tell: bool
    previous_stage: str | None = None


def decide(
    signal: StoredSignal, known: Iterable[Development], *, now: datetime, horizon: timedelta, window: timedelta
) -> Decision:
    """Places a signal among the developments known.

    News older than `horizon`, or of unknown age, is placed and never told. A stage of a development is told once; one
    that was placed silently is told when fresh news speaks of it.
    """
    fresh = signal.at is not None and now - signal.at <= horizon
    stage = signal.signal.stage
    event = _same_event(signal, known, now, window)
    if event is None:
        return Decision("new", None, stage, tell=fresh)
    kind = _kind(stage, event.stage)
    present = stage if kind in ("stage", "contradiction") else event.stage
    tell = fresh and not event.dismissed and present not in event.told
    told_before = bool(event.told)
    if kind == "joins":
        # The first fresh report of what was placed silently is news to the reader, whatever its own stage.
        return Decision("joins", event.id, event.stage, tell=tell and not told_before)
    return Decision(kind, event.id, stage, tell=tell, previous_stage=event.stage)


def _kind(stage: str, present: str) -> Kind:
    if stage == present:
        return "joins"
    if "blocked" in (stage, present):
        return "contradiction"
    return "stage" if _ORDER[stage] > _ORDER[present] else "joins"


def _same_event(
    signal: StoredSignal, known: Iterable[Development], now: datetime, window: timedelta
) -> Development | None:
    """The development the signal speaks of: of those in reach, the one that shares most actors, then the latest."""
    at = signal.at or now
    actors = frozenset(signal.signal.actors)
    in_reach = [
        event
        for event in known
        if event.change == signal.signal.change
        and event.first_seen - window <= at <= event.last_seen + window
        and (not actors or not event.actors or actors & event.actors)
    ]
    return max(in_reach, key=lambda event: (len(actors & event.actors), event.last_seen, event.id), default=None)
