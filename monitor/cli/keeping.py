"""The command `backup`: a copy of the database, made while the service runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.context import AsJson, of
from monitor.cli.output import emit, say


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(backup)


def backup(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to; without it, as backup: in the configuration.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copies the database while the service runs. Example: haiti-monitor backup"""
    from monitor.cli.progress import Bars
    from monitor.pipeline.maintenance import back_up
    from monitor.store.backup import restoring
    from monitor.units import in_bytes

    config = of(context).config()
    with Bars() as bars:
        bars.begin("copy", None)
        copied = 0

        def heard(done: int, whole: int) -> None:
            nonlocal copied
            if not copied:
                bars.begin("copy", whole)
            bars.advance(done - copied)
            copied = done

        made, deleted = back_up(config, datetime.now(UTC), heard, file.resolve() if file else None)
    restore = restoring(config.database_path, made.file)
    if as_json:
        row = {"file": made.file, "bytes": made.bytes, "schema": made.schema, "articles": made.articles}
        emit([row | {"developments": made.developments, "deleted": list(map(str, deleted)), "restore": restore}])
        return
    print(made.file)
    say(f"{in_bytes(made.bytes)}, opened and found whole: {made.articles} articles, {made.developments} developments")
    for path in deleted:
        say(f"deleted the old copy {path}")
    say(f"to restore it, stop the service and run:\n  {restore}")
