"""Delivery: the outbox -> channels, each on its own, so that one that is down delays no other."""

import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from monitor.config import Config, Secrets
from monitor.delivery import plan
from monitor.errors import ConfigError, NotifyError
from monitor.models import QueuedAlert
from monitor.notify import Notifier
from monitor.pipeline.sending import Delivery, Group, Sender, deliveries
from monitor.pipeline.telling import CONSOLE
from monitor.schema import ChannelSection
from monitor.store import Store, alerts
from monitor.timing import next_send

PATIENCE = timedelta(days=3)
"""How long an alert is tried again before it is given up, loudly."""
_GIVEN_UP = "; {} alerts were given up after 3 days, `haiti-monitor alerts list --failed` shows them"
LEASE = timedelta(minutes=10)
"""How long who takes an alert has for the next message; then another may take it, as after a crash."""


@dataclass(slots=True)
class SendReport:
    """What delivery did: alerts sent, held for later by their channel's wishes, and the failures by channel."""

    delivered: list[tuple[int, str]] = field(default_factory=list)
    """Number and channel of each alert that was sent."""
    held: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """How many alerts were sent."""
        return len(self.delivered)


def check_channels(config: Config, secrets: Secrets) -> None:
    """Sees that every channel has an address that can be used; nothing is sent.

    Raises ConfigError for a missing secret and for what is no Apprise URL.
    """
    from monitor.notify import check_url

    problems = []
    for index, (name, url) in enumerate(config.channel_urls(secrets).items()):
        try:
            check_url(url)
        except NotifyError as error:
            problems.append(config.document.problem(f"the channel `{name}`: {error}", ("channels", index, "url")))
    if problems:
        raise ConfigError(problems)


def send_alerts(
    config: Config,
    store: Store,
    clock: Callable[[], datetime],
    *,
    sender: Sender | None = None,
    secrets: Secrets = os.environ.get,
    show: Callable[[str], None] = print,
) -> SendReport:
    """Sends what is due, each channel in its own order and none held up by another. What fails is tried again later,
    and after three days given up and reported.

    `sender` delivers instead of the configured channels, whose addresses need `secrets`; `show` prints where no
    channel is configured. Raises ConfigError where a channel's secret is missing.
    """
    report = SendReport()
    if not alerts.is_any_due(store, clock()):
        return report
    sender = sender or Notifier(config.channel_urls(secrets))
    us = uuid.uuid4().hex
    with store.transaction():
        claimed = alerts.claim(store, clock(), LEASE, us)
    queues = _queues(config, store, claimed, clock, show, report)
    for outcome in deliveries(sender, queues, lambda ids: _keep(store, ids, us, clock())):
        with store.transaction():
            _record(store, outcome, clock(), report)
    return report


def _queues(
    config: Config,
    store: Store,
    claimed: Sequence[QueuedAlert],
    clock: Callable[[], datetime],
    show: Callable[[str], None],
    report: SendReport,
) -> list[tuple[Group, ...]]:
    """The messages of each channel in their order; what needs no channel is printed, what lost its channel given up."""
    channels = {channel.name: channel for channel in config.settings.channels}
    queues = []
    ordered = sorted(claimed, key=lambda alert: (alert.channel, alert.id))
    for name, of_channel in groupby(ordered, key=lambda alert: alert.channel):
        due = list(of_channel)
        if name == CONSOLE and CONSOLE not in channels:
            _print(store, due, clock, show, report)
        elif name not in channels:
            _give_up(store, due, f"the channel `{name}` is no longer in the configuration", report)
        elif groups := _planned(config, store, channels[name], due, clock(), report):
            queues.append(groups)
    return queues


def _keep(store: Store, ids: Sequence[int], us: str, now: datetime) -> set[int]:
    with store.transaction():
        return alerts.keep(store, ids, us, now + LEASE)


def _print(
    store: Store,
    due: Sequence[QueuedAlert],
    clock: Callable[[], datetime],
    show: Callable[[str], None],
    report: SendReport,
) -> None:
    for alert in due:
        show(f"{alert.message.subject}\n{alert.message.text}\n")
        with store.transaction():
            alerts.sent(store, alert.id, clock())
        report.delivered.append((alert.id, alert.channel))


def _give_up(store: Store, due: Sequence[QueuedAlert], reason: str, report: SendReport) -> None:
    report.failures[due[0].channel] = reason
    with store.transaction():
        for alert in due:
            alerts.give_up(store, alert.id, reason)


def _planned(
    config: Config,
    store: Store,
    channel: ChannelSection,
    due: Sequence[QueuedAlert],
    now: datetime,
    report: SendReport,
) -> tuple[Group, ...]:
    """The messages that a channel wants now; the others are held."""
    recent = alerts.sent_since(store, channel.name, now - channel.limit[1]) if channel.limit else 0
    planned = plan(channel, due, sent=recent, now=now, timezone=config.settings.timezone)
    with store.transaction():
        for alert in planned.held:
            alerts.postpone(store, alert.id, planned.until or now, uncounted=True)
    report.held += len(planned.held)
    return _served_last(planned.now)


def _served_last(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Alerts that some recipients have already come by themselves, after the others: who has them waits for none."""
    apart: dict[tuple[int, frozenset[str]], list[QueuedAlert]] = {}
    for number, group in enumerate(groups):
        for alert in group:
            apart.setdefault((number, alert.served), []).append(alert)
    return tuple(tuple(alerts) for _, alerts in sorted(apart.items(), key=lambda item: bool(item[0][1])))


def _record(store: Store, outcome: Delivery, now: datetime, report: SendReport) -> None:
    """Writes what became of a message."""
    if outcome.error is None:
        for alert in outcome.group:
            alerts.sent(store, alert.id, now)
            report.delivered.append((alert.id, alert.channel))
        return
    behind = () if outcome.goes_on else outcome.behind
    waiting = [alert for group in (outcome.group, *behind) for alert in group]
    given_up = _wait(store, waiting, outcome.error, now, tried=len(outcome.group))
    lost = _GIVEN_UP.format(given_up) if given_up else ""
    report.failures[outcome.group[0].channel] = str(outcome.error) + lost


def _wait(store: Store, waiting: Sequence[QueuedAlert], error: NotifyError, now: datetime, *, tried: int) -> int:
    """Lets alerts wait after a failure, those that were tried and those behind them; says how many were given up."""
    given_up = 0
    for number, alert in enumerate(waiting):
        since = alert.failing_since or now
        again = next_send(now, waiting[0].attempts + 1, since, PATIENCE)
        if again is None:
            alerts.give_up(store, alert.id, str(error))
            given_up += 1
        elif number < tried:
            alerts.postpone(store, alert.id, again, failing_since=since, error=str(error), served=error.delivered)
        else:
            alerts.postpone(store, alert.id, again, failing_since=since, uncounted=True)
    return given_up
