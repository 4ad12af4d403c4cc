"""Sending: the messages of every channel in their order, all channels side by side. It touches no database."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from monitor.errors import NotifyError
from monitor.messages import digest
from monitor.models import Message, QueuedAlert

_AT_ONCE = 16
_DOUBTFUL = 3
"""After so many tries it may be the message that a channel does not take: one more message is tried."""

Group = tuple[QueuedAlert, ...]
"""The alerts that one message tells; several of them are a digest."""


class Sender(Protocol):
    """What delivers a message: `notify.Notifier`, or anything like it."""

    def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
        """Delivers, but to the recipients in `served`, or raises NotifyError."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message; `behind` are the messages of its channel that come after it."""

    group: Group
    behind: tuple[Group, ...]
    error: NotifyError | None = None
    goes_on: bool = True
    """Whether those are tried too: not after a failure that shows that the channel is down."""


def deliveries(sender: Sender, queues: Sequence[tuple[Group, ...]]) -> Iterator[Delivery]:
    """Sends the messages of each channel in order, the channels at once, and yields each outcome when it is known.

    A channel that is slow or down delays no other, and its next message is sent when the caller has dealt with the
    outcome of the one before. What a sender raises besides NotifyError is raised here.
    """
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(queues)) or 1, thread_name_prefix="channel") as threads:
        running = {threads.submit(_sent, sender, groups[0]): _Line(groups) for groups in _known_good_first(queues)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                line = running.pop(one)
                yield line.outcome(one.result())
                if line.waiting:
                    running[threads.submit(_sent, sender, line.waiting[0])] = line


class _Line:
    """The messages of a channel that are still to be sent, the one that is under way first."""

    def __init__(self, groups: tuple[Group, ...]) -> None:
        self.waiting = groups
        self._doubted = False

    def outcome(self, error: NotifyError | None) -> Delivery:
        """Takes the message that is under way out of the line, and all others too where the channel is down."""
        group, *behind = self.waiting
        goes_on = error is None or bool(error.delivered) or (group[0].attempts >= _DOUBTFUL and not self._doubted)
        self._doubted = self._doubted or (error is not None and not error.delivered)
        self.waiting = tuple(behind) if goes_on else ()
        return Delivery(group, tuple(behind), error, goes_on)


def _known_good_first(queues: Sequence[tuple[Group, ...]]) -> list[tuple[Group, ...]]:
    """Where there are more channels than threads, those that failed before come last: they may fail slowly again."""
    return sorted(queues, key=lambda groups: max(alert.attempts for group in groups for alert in group))


def _sent(sender: Sender, group: Group) -> NotifyError | None:
    try:
        sender.send(group[0].channel, _message(group), _key(group), _served(group))
    except NotifyError as error:
        return error
    return None


def _served(group: Group) -> frozenset[str]:
    """The recipients that have all alerts of a message already."""
    return frozenset.intersection(*(alert.served for alert in group))


def _message(group: Group) -> Message:
    if len(group) == 1:
        return group[0].message
    messages = [alert.message for alert in group]
    return digest(messages, title=f"{len(group)} alerts: {_inside([message.subject for message in messages])}")


def _inside(subjects: Sequence[str]) -> str:
    """What a digest holds, the most frequent first: `2 × Leadership decided, Mandate proposed`."""
    kinds = Counter(subject.partition(": ")[0].replace(" ·", "") for subject in subjects)
    return ", ".join(f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.most_common())


def _key(group: Group) -> str:
    """The same for the same alerts only: a receiver that drops repeats must not drop a digest that has grown."""
    if len(group) == 1:
        return group[0].key
    together = " ".join(alert.key for alert in group)
    return f"{hashlib.sha256(together.encode()).hexdigest()[:32]}@haiti-monitor"
