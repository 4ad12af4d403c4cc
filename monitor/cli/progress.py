"""A bar for every wait, on a terminal only."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")


class Bars:
    """Draws a stage's progress on stderr; where that is no terminal, or not `wanted`, it stays silent."""

    def __init__(self, *, wanted: bool = True) -> None:
        terminal = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self._progress = _progress() if wanted and terminal else None
        self._task: TaskID | None = None
        self._total: int | None = None
        self._done = 0

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins with so many things to do; None: nobody knows."""
        self._total, self._done = total, 0
        if self._progress:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(stage, total=total, visible=total != 0, count=self._count())

    def advance(self, done: int = 1) -> None:
        """So many of them are done."""
        self._done += done
        if self._progress and self._task is not None:
            self._progress.update(self._task, completed=self._done, count=self._count())

    def each(self, things: Iterable[T], stage: str, total: int | None) -> Iterator[T]:
        """The things, each done once the next is asked for."""
        self.begin(stage, total)
        for thing in things:
            yield thing
            self.advance()

    def _count(self) -> str:
        if self._total is None:
            return f"{self._done:,}" if self._done else ""
        return f"{self._done:,}/{self._total:,}"

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()


def waiting(stage: str, work: Callable[[], T]) -> T:
    """Does a work of unknown length, and shows that it goes on."""
    with Bars() as bars:
        bars.begin(stage, None)
        return work()


def lines_in(file: Path) -> int | None:
    """How many lines a file has, None where only reading it would tell: standard input, a pipe, no file."""
    if not file.is_file():
        return None
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:8}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # it would send data to stderr
    )
