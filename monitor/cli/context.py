"""What every command is given: the configuration named on the command line, and the store behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.glance import Glance
    from monitor.store import Store

_MOST = 1_000_000_000
"""More than anybody has, and less than the database's numbers can hold."""
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]
Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=_MOST)]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=_MOST, help="At most so many rows.")]
Since = Annotated[str | None, typer.Option(help="Only what is younger: 7d, 12 hours, or a day such as 2025-09-30.")]


@dataclass(frozen=True, slots=True)
class Context:
    """The command line's own options."""

    path: Path

    def config(self, *, rules: bool = False) -> "Config":
        """The configuration; commands that only look do not compile its rules."""
        from monitor import config
        from monitor.cli.progress import waiting

        if not rules:
            return config.load(self.path, rules=False)
        return waiting("rules", lambda: config.load(self.path, rules=True))

    def since(self, text: str | None) -> datetime | None:
        """What --since means; a day begins in the user's zone.

        Raises typer.BadParameter for what is neither a length of time nor a day.
        """
        from monitor import units
        from monitor.glance import glance

        if text is None:
            return None
        try:
            return datetime.now(UTC) - units.duration(text)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(text)
            zone = ZoneInfo(glance(self.path).timezone)
            moment = moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC)
            moment.astimezone(zone)  # in which it is shown
            return moment
        except (ValueError, OverflowError) as error:
            message = f"{text!r} is neither a length of time (7d, 12 hours) nor a day (2025-09-30)"
            raise typer.BadParameter(message, param_hint="--since") from error

    @contextmanager
    def look(self) -> Iterator[tuple["Glance", "Store"]]:
        """What a command that only looks is given: the settings it needs, and the database, which must be there."""
        from monitor.glance import glance
        from monitor.store import open_store

        settings = glance(self.path)
        with open_store(settings.database_path, create=False) as store:
            yield settings, store


def channel_names(context: typer.Context, incomplete: str) -> list[str]:
    """The channels whose name begins so, for the completion in a shell; none where the configuration is wrong."""
    from monitor.errors import MonitorError
    from monitor.glance import glance

    path = context.find_root().params.get("config")
    try:
        names = glance(path or Path("config.yaml")).channels
    except MonitorError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def of(context: typer.Context) -> Context:
    """The options given before the command."""
    found = context.find_object(Context)
    assert found is not None  # noqa: S101  the callback of the program sets it
    return found
