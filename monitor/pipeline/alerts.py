"""Delivery: the outbox -> channels, each on its own, so that one that is down delays no other."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from monitor.config import Config, Secrets
from monitor.delivery import plan
from monitor.errors import ConfigError, NotifyError
from monitor.messages import digest
from monitor.models import Message, QueuedAlert
from monitor.notify import Notifier
from monitor.pipeline.telling import CONSOLE
from monitor.schema import ChannelSection
from monitor.store import Store, alerts
from monitor.timing import next_send

PATIENCE = timedelta(days=3)
"""How long an alert is tried again before it is given up, loudly."""
_GIVEN_UP = "; {} alerts were given up after 3 days, `haiti-monitor alerts list --failed` shows them"
_LEASE = timedelta(minutes=10)


class Sender(Protocol):
    """What delivers a message: `notify.Notifier`, or anything like it."""

    def send(self, channel: str, message: Message, key: str) -> None:
        """Delivers, or raises NotifyError."""


@dataclass(slots=True)
class SendReport:
    """What delivery did: alerts sent, held for later by their channel's wishes, and the failures by channel."""

    sent: int = 0
    held: int = 0
    failures: dict[str, str] = field(default_factory=dict)


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
    config: Config, store: Store, now: datetime, sender: Sender | None = None, show: Callable[[str], None] = print
) -> SendReport:
    """Sends what is due, in order. What fails is tried again later, and after three days given up and reported.

    `sender` is made from the configured channels unless it is given; `show` prints where no channel is configured.
    Raises ConfigError where a channel's secret is missing.
    """
    report = SendReport()
    sender = sender or Notifier(config.channel_urls())
    with store.transaction():
        claimed = alerts.claim(store, now, _LEASE)
    if not claimed:
        return report
    channels = {channel.name: channel for channel in config.settings.channels}
    for name, due in _by_channel(claimed):
        if name == CONSOLE and CONSOLE not in channels:
            _print(store, due, now, show, report)
        elif name not in channels:
            _give_up(store, due, f"the channel `{name}` is no longer in the configuration", report)
        else:
            _send_channel(config, store, channels[name], due, sender, now, report)
    return report


def _by_channel(claimed: Sequence[QueuedAlert]) -> list[tuple[str, list[QueuedAlert]]]:
    """The alerts of each channel in order; channels that failed before come last: they may fail slowly again."""
    ordered = sorted(claimed, key=lambda alert: (alert.channel, alert.id))
    groups = [(name, list(group)) for name, group in groupby(ordered, key=lambda alert: alert.channel)]
    return sorted(groups, key=lambda group: max(alert.attempts for alert in group[1]))


def _print(
    store: Store, due: Sequence[QueuedAlert], now: datetime, show: Callable[[str], None], report: SendReport
) -> None:
    for alert in due:
        show(f"{alert.message.subject}\n{alert.message.text}\n")
        with store.transaction():
            alerts.sent(store, alert.id, now)
        report.sent += 1


def _give_up(store: Store, due: Sequence[QueuedAlert], reason: str, report: SendReport) -> None:
    report.failures[due[0].channel] = reason
    with store.transaction():
        for alert in due:
            alerts.give_up(store, alert.id, reason)


def _send_channel(
    config: Config,
    store: Store,
    channel: ChannelSection,
    due: Sequence[QueuedAlert],
    sender: Sender,
    now: datetime,
    report: SendReport,
) -> None:
    """One channel's messages in order; after the first failure the others wait with it and keep their order."""
    recent = alerts.sent_since(store, channel.name, now - channel.limit[1]) if channel.limit else 0
    planned = plan(channel, due, sent=recent, now=now, timezone=config.settings.timezone)
    with store.transaction():
        for alert in planned.held:
            alerts.postpone(store, alert.id, planned.until or now, uncounted=True)
    report.held += len(planned.held)
    for number, group in enumerate(planned.now):
        try:
            sender.send(channel.name, _message(group), _key(group))
        except NotifyError as error:
            waiting = [alert for rest in planned.now[number:] for alert in rest]
            given_up = _postpone(store, waiting, str(error), now, tried=len(group))
            report.failures[channel.name] = str(error) + (_GIVEN_UP.format(given_up) if given_up else "")
            return
        with store.transaction():
            for alert in group:
                alerts.sent(store, alert.id, now)
        report.sent += len(group)


def _message(group: Sequence[QueuedAlert]) -> Message:
    if len(group) == 1:
        return group[0].message
    messages = [alert.message for alert in group]
    return digest(messages, title=f"{len(group)} alerts: {_inside([message.subject for message in messages])}")


def _inside(subjects: Sequence[str]) -> str:
    """What a digest holds, the most frequent first: `2 × Leadership decided, Mandate proposed`."""
    kinds = Counter(subject.partition(": ")[0].replace(" ·", "") for subject in subjects)
    return ", ".join(f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.most_common())


def _key(group: Sequence[QueuedAlert]) -> str:
    """The same for the same alerts only: a receiver that drops repeats must not drop a digest that has grown."""
    if len(group) == 1:
        return group[0].key
    together = " ".join(alert.key for alert in group)
    return f"{hashlib.sha256(together.encode()).hexdigest()[:32]}@haiti-monitor"


def _postpone(store: Store, waiting: Sequence[QueuedAlert], error: str, now: datetime, *, tried: int) -> int:
    """Lets alerts wait after a failure; says how many were given up instead."""
    given_up = 0
    with store.transaction():
        for number, alert in enumerate(waiting):
            again = next_send(now, waiting[0].attempts + 1, alert.created, PATIENCE)
            if again is None:
                alerts.give_up(store, alert.id, error)
                given_up += 1
            else:
                alerts.postpone(
                    store, alert.id, again, error=error if number < tried else None, uncounted=number >= tried
                )
    return given_up
