"""Sending: the messages of every channel in their order, slow channels beside the others. It touches no database."""

import hashlib
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from monitor.errors import NotifyError
from monitor.messages import digest
from monitor.models import Message, QueuedAlert

PATIENCE_SECONDS = 240.0
"""How long one message may take. A server that says a byte now and then keeps every shorter limit."""
_AT_ONCE = 16
_SLOW_SECONDS = 2.0
"""What takes longer is slow, and others are sent beside it. Until then a message is alone: where the process dies
between a sending and its record, one message is sent again and not one for each channel."""
_DOUBTFUL = 3
"""After so many tries it may be the message that a channel does not take; so many such messages are passed in a run."""

Group = tuple[QueuedAlert, ...]
"""The alerts that one message tells; several of them are a digest."""
Ours = Callable[[Sequence[int]], Collection[int]]
"""Which of some alerts are still ours to send: another program may have taken what we kept for too long."""


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


def deliveries(
    sender: Sender, queues: Sequence[tuple[Group, ...]], ours: Ours, *, patience: float = PATIENCE_SECONDS
) -> Iterator[Delivery]:
    """Sends the messages of each channel in order, the channels in turns, and yields each outcome when it is known.

    The next message is sent when the caller has dealt with the outcome of the one before, or when that is slow: a
    channel that hangs delays the others by two seconds. A message that takes longer than `patience` (seconds) has
    failed; its thread is left behind. What a sender raises besides NotifyError is raised here.
    """
    waiting = deque(_Line(groups) for groups in _known_good_first(queues))
    running: dict[_Line, float] = {}
    said: SimpleQueue[tuple[_Line, Exception | None]] = SimpleQueue()
    while waiting or running:
        while waiting and len(running) < _AT_ONCE and time.monotonic() >= _alone_until(running):
            line = waiting.popleft()
            if line.is_ours(ours):
                running[line] = time.monotonic()
                Thread(target=_send, args=(sender, line, said), daemon=True).start()
        for line, error in _heard(running, said, patience, _alone_until(running) if waiting else math.inf):
            if error is not None and not isinstance(error, NotifyError):
                raise error
            yield line.outcome(error)
            if line.waiting:
                waiting.append(line)


def _alone_until(running: "Mapping[_Line, float]") -> float:
    """When nothing that is under way is alone any more."""
    return max(running.values(), default=-math.inf) + _SLOW_SECONDS


def _heard(
    running: "dict[_Line, float]", said: "SimpleQueue[tuple[_Line, Exception | None]]", patience: float, until: float
) -> "list[tuple[_Line, Exception | None]]":
    """Waits until a message ends or its time does, at most `until`; takes it from those that run."""
    if not running:
        return []
    try:
        # A full house waits for an end, whatever else could begin.
        until = min(min(running.values()) + patience, until if len(running) < _AT_ONCE else math.inf)
        line, error = said.get(timeout=max(0.0, until - time.monotonic()))
    except Empty:
        late = [line for line, began in running.items() if began + patience <= time.monotonic()]
        message = f"it did not take the message within {patience:.0f} seconds"
        return [(line, NotifyError(message)) for line in late if running.pop(line)]
    return [(line, error)] if running.pop(line, None) is not None else []


class _Line:
    """The messages of a channel that are still to be sent, the one that is under way first."""

    def __init__(self, groups: tuple[Group, ...]) -> None:
        self.waiting = groups
        self._doubts = _DOUBTFUL

    def is_ours(self, ours: Ours) -> bool:
        """Leaves out what is no longer ours to send; whether anything is left."""
        kept = ours([alert.id for group in self.waiting for alert in group])
        groups = (tuple(alert for alert in group if alert.id in kept) for group in self.waiting)
        self.waiting = tuple(group for group in groups if group)
        return bool(self.waiting)

    def outcome(self, error: NotifyError | None) -> Delivery:
        """Takes the message that is under way out of the line, and all others too where the channel is down."""
        group, *behind = self.waiting
        reached = error is not None and bool(error.delivered - _served(group))
        doubtful = group[0].attempts >= _DOUBTFUL and self._doubts > 0
        self._doubts -= error is not None and not reached
        goes_on = error is None or reached or doubtful
        self.waiting = tuple(behind) if goes_on else ()
        return Delivery(group, tuple(behind), error, goes_on)


def _known_good_first(queues: Sequence[tuple[Group, ...]]) -> list[tuple[Group, ...]]:
    """Where there are more channels than threads, those that failed before come last: they may fail slowly again."""
    return sorted(queues, key=lambda groups: max(alert.attempts for group in groups for alert in group))


def _send(sender: Sender, line: _Line, said: "SimpleQueue[tuple[_Line, Exception | None]]") -> None:
    group = line.waiting[0]
    try:
        sender.send(group[0].channel, _message(group), _key(group), _served(group))
    except Exception as error:  # noqa: BLE001  raised again where it is heard
        said.put((line, error))
    else:
        said.put((line, None))


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
