"""Commands for people who would rather look at pages and files: `inspect`, `report`, `export`."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from monitor.cli.context import Since, of
from monitor.cli.output import say
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.cli.progress import Bars
    from monitor.glance import Glance
    from monitor.store import Store

PORT = 4201
_WEEK = timedelta(days=7)
_COUNTED = 500
"""Rows between two moves of the bar."""
Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write; - is standard output.")]


class Table(StrEnum):
    """What can be exported."""

    ARTICLES = "articles"
    DEVELOPMENTS = "developments"
    ALERTS = "alerts"
    SIGNALS = "signals"
    STORIES = "stories"
    SIGHTINGS = "sightings"
    POLLS = "polls"
    FEEDS = "feeds"
    TIMELINE = "timeline"


class Format(StrEnum):
    """How."""

    CSV = "csv"
    JSONL = "jsonl"
    ATOM = "atom"


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    for command in (inspect, report, export):
        app.command()(command)


def inspect(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need a password.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")] = PORT,
    browser: Annotated[bool, typer.Option("--browser", help="Open it in the browser.")] = False,
) -> None:
    """Pages to look at everything that is stored. Example: haiti-monitor inspect --browser

    They are read-only, and may be open while the service runs. With HAITI_MONITOR_PASSWORD set, they ask for that
    password; the user name does not matter.
    """
    with of(context).look() as (settings, _):
        pass  # it is there, and its tables are up to date
    from monitor.web.serving import serve

    def ready(address: str) -> None:
        say(f"{address} shows {settings.database_path}; Ctrl-C stops")
        if browser:
            import webbrowser

            webbrowser.open(address)

    try:
        serve(
            settings,
            lambda: datetime.now(UTC),
            host=host,
            port=port,
            password=os.environ.get("HAITI_MONITOR_PASSWORD") or None,
            ready=ready,
        )
    except KeyboardInterrupt:
        say("stopped")


def report(context: typer.Context, output: Output = Path("report.html"), since: Since = None) -> None:
    """One HTML file to mail: what stands and what changed. Example: haiti-monitor report -o week.html

    Without --since it covers seven days.
    """
    from monitor.cli.progress import waiting
    from monitor.web.report import report as written
    from monitor.web.words import Words

    now = datetime.now(UTC)
    with of(context).look() as (settings, store):
        words, begin = Words(settings.timezone, settings.labels, now), of(context).since(since) or now - _WEEK
        page = waiting("report", lambda: written(store, words, begin))
    with _opened(output) as stream:
        stream.write(page)
    if str(output) != "-":
        say(f"wrote {output} ({len(page.encode()) / 1000:.0f} kB)")


def export(
    context: typer.Context,
    table: Annotated[Table, typer.Argument(metavar="TABLE", help=f"One of {', '.join(Table)}.")],
    kind: Annotated[Format, typer.Option("--format", "-f", help="atom is for developments only.")] = Format.CSV,
    output: Output = Path("-"),
    since: Since = None,
) -> None:
    """A table as a file, named as in the database. Example: haiti-monitor export articles -f jsonl -o all.jsonl"""
    from monitor.cli.progress import Bars

    after = of(context).since(since)
    if kind is Format.ATOM and table is not Table.DEVELOPMENTS:
        raise typer.BadParameter("only developments can be a feed", param_hint="--format")
    with of(context).look() as (settings, store), _opened(output) as stream:
        if kind is Format.ATOM:
            stream.write(_atom(settings, store, after))
            return
        with Bars(wanted=str(output) != "-" or not sys.stdout.isatty()) as bars:
            _write(store, table, kind, after, stream, bars)


def _write(store: "Store", table: Table, kind: Format, after: datetime | None, stream: TextIO, bars: "Bars") -> None:
    from monitor import exports
    from monitor.store import exporting

    write = exports.write_csv if kind is Format.CSV else exports.write_jsonl
    with closing(exporting.rows(store, table, after)) as found:  # before the database is, should the reader go away
        rows = _counted(found, bars, exporting.count(store, table, after))
        write(stream, exporting.columns(store, table), rows)


def _counted(rows: Iterable[Any], bars: "Bars", total: int) -> Iterator[Any]:
    bars.begin("rows", total)
    for number, row in enumerate(rows, start=1):
        yield row
        if number % _COUNTED == 0:
            bars.advance(_COUNTED)


def _atom(settings: "Glance", store: "Store", after: datetime | None) -> str:
    from monitor.store.developments import shown_stages
    from monitor.web import atom
    from monitor.web.words import Words

    words = Words(settings.timezone, settings.labels, datetime.now(UTC))
    return atom.feed(shown_stages(store, since=after), words, source=str(settings.database_path)).decode()


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A file that is there only once it is whole; standard output, a pipe or a device is written to as it is."""
    if str(path) == "-":
        yield sys.stdout
        return
    ordinary = path.is_file() or not path.exists()
    target = path.resolve() if ordinary else path  # what a link leads to is replaced, not the link
    part = target.with_name(f"{target.name}.part") if ordinary else target
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        if ordinary:
            part.replace(target)
    except OSError as error:
        raise MonitorError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        if ordinary:
            part.unlink(missing_ok=True)
