"""A bar for every wait, on a terminal only."""

from types import TracebackType
from typing import Self


class Bars:
    """Draws a stage's progress on stderr; where that is no terminal it stays silent."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:6}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", visible=False)

    def begin(self, stage: str, total: int) -> None:
        """A stage begins with so many things to do."""
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(stage, total=total, visible=total > 0)

    def advance(self) -> None:
        """One of them is done."""
        self._progress.advance(self._task)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
