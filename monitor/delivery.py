"""When a channel gets what: pure decisions on quiet hours, digests and limits. Alerts are held, never dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from monitor.schema import ChannelSection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What to do with the alerts of one channel that are due: messages to send now, each made of one or more alerts,
    and until when the rest waits."""

    now: tuple[tuple[T, ...], ...] = ()
    held: tuple[T, ...] = ()
    until: datetime | None = None


def first_attempt(channel: ChannelSection | None, now: datetime, timezone: str) -> datetime:
    """When a new alert is due on a channel: at its next digest, else at once."""
    if channel is None or channel.digest is None:
        return now
    from croniter import croniter  # only where a digest is configured

    return croniter(channel.digest, now.astimezone(ZoneInfo(timezone))).get_next(datetime).astimezone(now.tzinfo)  # type: ignore[no-any-return]


def plan(channel: ChannelSection | None, due: Sequence[T], *, sent: int, now: datetime, timezone: str) -> Plan[T]:
    """Shares out the alerts that are due; `sent` is how many messages the channel took within its limit's span."""
    if channel is None or not due:
        return Plan(now=tuple((alert,) for alert in due))
    if channel.quiet_hours is not None:
        until = quiet_until(channel.quiet_hours, now, ZoneInfo(timezone))
        if until is not None:
            return Plan(held=tuple(due), until=until)
    if channel.limit is not None and sent >= channel.limit[0]:
        return Plan(held=tuple(due), until=now + channel.limit[1] / channel.limit[0])
    if channel.digest is not None:
        return Plan(now=(tuple(due),))
    room = channel.limit[0] - sent if channel.limit is not None else len(due)
    if len(due) <= room:
        return Plan(now=tuple((alert,) for alert in due))
    single, together = due[: room - 1], due[room - 1 :]
    return Plan(now=(*((alert,) for alert in single), tuple(together)))


def quiet_until(hours: tuple[time, time], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end, or None outside them; they may reach over midnight."""
    start, end = hours
    local = now.astimezone(zone)
    clock = local.time()
    quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not quiet:
        return None
    day = local.date() + timedelta(days=int(start > end and clock >= start))
    # The same hour may come twice, when clocks are put back: the end is in the one that it is now.
    return datetime.combine(day, end, zone).replace(fold=local.fold).astimezone(now.tzinfo)
