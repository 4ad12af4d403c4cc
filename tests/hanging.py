"""A guard against work without end, for tests with hostile input: it measures nothing, it only does not wait."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SECONDS = 90
"""Of the processor's time, not the clock's: hundreds of times what the work needs, while work that grows with the
square of these inputs would need hours."""


@contextmanager
def not_hanging() -> Iterator[None]:
    """Ends what is done inside with an error where it would go on for ever."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"not done after {_SECONDS} s of the processor's time")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
