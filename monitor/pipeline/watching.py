"""The monitor watches itself: one alarm when a trouble comes, one all-clear when it is over."""

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.config import Config
from monitor.delivery import first_attempt
from monitor.messages import note
from monitor.pipeline.telling import CONSOLE
from monitor.store import Row, Store, alerts, troubles
from monitor.store.base import required
from monitor.vigilance import NIGHTLY, Trouble
from monitor.vigilance import troubles as in_trouble

_HEARTBEAT_SECONDS = 10


def watch_itself(config: Config, store: Store, now: datetime, more: Sequence[Trouble] = ()) -> int:
    """Looks after feeds, channels and polls; queues what is to be told and says how many alarms and all-clears.

    `more` are troubles that the caller knows of.
    """
    settings = config.settings.self_watch
    if not settings.enabled:
        return 0
    with store.transaction():
        known = {subject: row for subject, row in troubles.still_open(store).items() if subject not in NIGHTLY}
        found = in_trouble(
            *(troubles.feed_vitals(store, now), troubles.channel_vitals(store), troubles.last_poll(store)),
            *(now, settings, longest_wait(config)),
        )
        return _tell(config, store, known, [*found, *more], now)


def tell_of_night(config: Config, store: Store, present: Sequence[Trouble], now: datetime) -> int:
    """Queues what the nightly look at the database is to tell; says how many alarms and all-clears."""
    if not config.settings.self_watch.enabled:
        return 0
    with store.transaction():
        known = {subject: row for subject, row in troubles.still_open(store).items() if subject in NIGHTLY}
        return _tell(config, store, known, present, now)


def _tell(config: Config, store: Store, known: Mapping[str, Row], present: Sequence[Trouble], now: datetime) -> int:
    """An alarm for each trouble that is not known, and an all-clear for each known one that is over."""
    count = 0
    for trouble in present:
        if trouble.subject not in known:
            begun = troubles.begin(store, trouble, now)
            _queue(config, store, begun, trouble.subject, "alarm", f"Monitor: {trouble.what}", now)
            count += 1
    for subject in known.keys() - {trouble.subject for trouble in present}:
        row = known[subject]
        troubles.clear(store, row["id"], now)
        since = required(row["since"])
        text = f"Monitor: over since {now:%Y-%m-%d %H:%M} UTC, told {since:%Y-%m-%d %H:%M} UTC: {row['what']}"
        _queue(config, store, row["id"], subject, "all-clear", text, now)
        count += 1
    return count


def longest_wait(config: Config) -> timedelta:
    """How long no poll is no trouble yet: three times what is planned between two."""
    poll = config.settings.schedule.poll
    return max(config.settings.self_watch.no_poll, 3 * poll if isinstance(poll, timedelta) else timedelta(days=1))


def _queue(config: Config, store: Store, trouble: int, subject: str, kind: str, text: str, now: datetime) -> None:
    """For every channel that wants to hear of the monitor itself, but for the one that is in trouble."""
    channels = config.settings.channels
    for channel in channels or (None,):
        name = channel.name if channel else CONSOLE
        if channel and (not channel.when.operational or subject == f"channel {name}"):
            continue
        due = first_attempt(channel, now, config.settings.timezone)
        alerts.queue(store, note(text), trouble=trouble, channel=name, kind=kind, now=now, not_before=due)


def beat(config: Config) -> str | None:
    """Asks the heartbeat's address, if there is one, after a good poll; says what went wrong, or None."""
    url = config.settings.self_watch.heartbeat
    if url is None:
        return None
    try:
        with urllib.request.urlopen(url, timeout=_HEARTBEAT_SECONDS):  # noqa: S310  the user's own address, http(s) only
            return None
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"the heartbeat could not be sent: {getattr(error, 'reason', error)}"
