"""What is done every night: the database is checked, what grew old is forgotten, the rest tidied up and copied.

Everything is done in short steps with pauses in between, because the service polls meanwhile.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from monitor.config import Config
from monitor.errors import StoreError
from monitor.pipeline.watching import tell_of_night
from monitor.store import Store, backup, retention, upkeep
from monitor.store.damage import how_to_restore
from monitor.units import in_bytes
from monitor.vigilance import Trouble

_PAUSE = 0.02
"""Seconds between two steps: who waits for the database gets it."""
_ARTICLES = 50
_SEARCH_STEPS = 200
_SELDOM = timedelta(days=30)
"""What reads or writes a whole index anew is done so often."""
_EMPTY = 0.1
"""The file gives room back when so much of it is empty, and keeps half of that for what comes."""
_WON = 0.25
_LARGEST_REBUILT = 500_000_000
"""What is larger would keep polls waiting for too long."""


@dataclass(slots=True)
class MaintainReport:
    """What was deleted, how many feeds are asked what they still carry, and what became of the file."""

    polls: int = 0
    articles: int = 0
    stories: int = 0
    alerts: int = 0
    feeds_to_read: int = 0
    freed: int = 0
    """Bytes that the disk has back."""
    copy: Path | None = None
    notes: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """All of it in a line."""
        counts = {"polls": self.polls, "articles": self.articles, "stories": self.stories, "alerts": self.alerts}
        gone = [f"{count} old {name}" for name, count in counts.items() if count or name == "polls"]
        parts = [f"{', '.join(gone)} forgotten"]
        if self.feeds_to_read:
            parts.append(f"{self.feeds_to_read} feeds are asked what they still carry")
        if self.freed:
            parts.append(f"{in_bytes(self.freed)} given back to the disk")
        if self.copy:
            parts.append(f"copied to {self.copy}")
        return "; ".join((*parts, *self.notes, *(trouble.what for trouble in self.troubles)))


def maintain(config: Config, store: Store, now: datetime) -> MaintainReport:
    """All of the nightly work. Raises StoreError where the database is damaged: nothing else is touched then."""
    damage = upkeep.damage(store)
    if damage:
        what = f"the database {store.path} cannot be relied on: {damage} ({how_to_restore(store.path)})"
        tell_of_night(config, store, [Trouble("database", what)], now)
        raise StoreError(what)
    report = MaintainReport()
    _forget(config, store, now, report)
    _tidy(store, now, report)
    _copy(config, store, now, report)
    tell_of_night(config, store, report.troubles, now)
    return report


# --------------------------------------------------------------------------- what grew old


def _forget(config: Config, store: Store, now: datetime, report: MaintainReport) -> None:
    keep = config.settings.keep
    if keep.polls:
        before = now - keep.polls
        report.polls = _steps(store, lambda: retention.forget_polls(store, before))
    if keep.alerts:
        told_before = now - keep.alerts
        report.alerts = _steps(store, lambda: retention.forget_alerts(store, told_before))
        with store.transaction():
            retention.forget_troubles(store, told_before)
    if keep.articles:
        _forget_articles(store, now - keep.articles, now, report)


def _forget_articles(store: Store, before: datetime, now: datetime, report: MaintainReport) -> None:
    """Those that no feed carries any more; a feed of which nobody knows it is read whole first, at its next poll."""
    old = retention.old_articles(store, before, now)
    with store.unchecked():
        for start in range(0, len(old), _ARTICLES):
            with store.transaction():
                articles, stories = retention.forget_articles(store, old[start : start + _ARTICLES], now)
            report.articles += articles
            report.stories += stories
            time.sleep(_PAUSE)
    with store.transaction():
        report.feeds_to_read = retention.read_whole(store, before, now)


def _steps(store: Store, step: Callable[[], int]) -> int:
    """Does a step again and again, each in a transaction of its own, until it does nothing; says how much was done."""
    done = 0
    while True:
        with store.transaction():
            some = step()
        if not some:
            return done
        done += some
        time.sleep(_PAUSE)


# --------------------------------------------------------------------------- the file


def _tidy(store: Store, now: datetime, report: MaintainReport) -> None:
    last = upkeep.done_at(store, "indexes")
    seldom = last is None or now - last >= _SELDOM
    if seldom:
        _sweep(store)
    _merge_search(store, everything=seldom)
    with store.transaction():
        if seldom:
            upkeep.did(store, "indexes", now)
    upkeep.count_for_planner(store)
    whole, free, size = upkeep.pages(store)
    if upkeep.can_shrink(store):
        _shrink(store, whole, free)
    elif free > _WON * whole:
        _rebuild(store, whole * size, free * size, report)
    upkeep.empty_log(store)
    report.freed = max(0, (whole - upkeep.pages(store)[0]) * size)


def _sweep(store: Store) -> None:
    """Takes articles that are gone out of the index of stories. It is ordered by words: all of it is looked through."""
    with store.transaction():
        retention.note_living(store)
    for part in retention.PARTS:
        after = part.least
        while (until := retention.end_of_stretch(store, part, after)) is not None:
            if not retention.is_swept(store, part, after, until):
                with store.transaction():
                    retention.sweep(store, part, after, until)
                time.sleep(_PAUSE)
            after = until


def _merge_search(store: Store, *, everything: bool) -> None:
    for step in range(_SEARCH_STEPS * (10 if everything else 1)):
        with store.transaction():
            going_on = upkeep.merge_search(store, everything=everything and step == 0)
        if not going_on:
            return
        time.sleep(_PAUSE)


def _shrink(store: Store, whole: int, free: int) -> None:
    if free <= _EMPTY * whole:
        return
    while free > _EMPTY / 2 * whole:
        with store.transaction():
            upkeep.shrink(store)
        before, (whole, free, _) = free, upkeep.pages(store)
        if free >= before:
            return
        time.sleep(_PAUSE)


def _rebuild(store: Store, whole: int, free: int, report: MaintainReport) -> None:
    """A file of an earlier version is written anew, once, where that is worth it and nobody waits long."""
    full = whole - free
    if full > _LARGEST_REBUILT:
        reason = "it is too large to be written anew while the service runs; new articles take the empty room"
    elif backup.room(store.path.parent) < 3 * whole:
        reason = f"to give that back the disk needs {in_bytes(3 * whole)} of free room"
    else:
        upkeep.rebuild(store)
        return
    report.notes.append(f"{in_bytes(free)} of the database are empty, and stay so: {reason}")


# --------------------------------------------------------------------------- copies


def back_up(
    config: Config, now: datetime, heard: backup.Heard = lambda *_: None, file: Path | None = None
) -> tuple[backup.Copy, list[Path]]:
    """Copies the database to `file`, or to where the configuration says; says with it which old copies were deleted.

    The old ones go when the new one is whole. Raises StoreError where it cannot be made.
    """
    database, wanted = config.database_path, config.settings.backup
    target = file or backup.named(database, wanted.folder, now)
    if file is None:
        backup.remove_leftovers(database, wanted.folder)
    free, needed = backup.room(target.parent), backup.needed(database)
    if free < needed:
        raise StoreError(
            f"the database could not be copied to {target}: that needs {in_bytes(needed)}, and only {in_bytes(free)} "
            "are free there; make room, or name another disk"
        )
    made = backup.copy(database, target, heard)
    return made, backup.rotate(database, wanted.folder, wanted.keep) if file is None else []


def _copy(config: Config, store: Store, now: datetime, report: MaintainReport) -> None:
    """The copy of this night, where the disk has room for it and for as much news again."""
    if not config.settings.backup.nightly:
        return
    folder = config.database_path.parent / config.settings.backup.folder
    try:
        backup.remove_leftovers(store.path, config.settings.backup.folder)  # first, as they take the room of a copy
        free, needed = backup.room(folder), 2 * backup.needed(store.path)
        if free < needed:
            raise StoreError(
                f"{in_bytes(needed)} should be free in {folder}, and only {in_bytes(free)} are; make room, or set "
                "another folder or fewer copies at backup: in the configuration"
            )
        made, _ = back_up(config, now)
        report.copy = made.file
    except StoreError as error:
        report.troubles.append(Trouble("backup", f"no copy of the database was made: {error}"))
