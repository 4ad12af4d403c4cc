"""What commands print: tables for people, one JSON object a line for programs; data on stdout, messages on stderr."""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from monitor.cli.columns import of_part

if TYPE_CHECKING:
    from monitor.cli.tables import Column

Row = Mapping[str, Any]
_MOMENT_LENGTH = len("2025-09-30T14:05:00Z")
_TEXTS = frozenset(
    {"title", "sentence", "subject", "excerpt", "error", "last_error", "name", "outlet", "url", "state", "actors"}
)
"""Columns whose values may be broken into lines."""
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNPRINTABLE = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160), *_TURNING), " ")
"""Control characters but tabs and line ends, and those that turn the direction of what follows: a headline must not
command the terminal."""


def emit(rows: Iterable[Row]) -> None:
    """Rows as JSON, one object a line."""
    for row in rows:
        print(json.dumps(row, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A message for people."""
    print(text, file=sys.stderr, flush=True)


def tinted(text: str, *, color: str | None = None, bold: bool = False) -> str:
    """Text in a colour where standard output is a terminal that wants colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    import typer

    return typer.style(text, fg=color, bold=bold)


def terminal_width() -> int | None:
    """The columns of the terminal to which standard output goes, None where it goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def wrapped(text: str, *, indent: int) -> str:
    """A line broken at the width of the terminal, what follows indented; whole where there is no terminal."""
    terminal = terminal_width()
    if terminal is None:
        return text
    width = max(terminal, indent + 20)
    return textwrap.fill(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def table(rows: Sequence[Row], columns: Mapping[str, str], *, timezone: str, empty: str) -> None:
    """Rows as a table: `columns` are key -> heading; moments are shown in `timezone`, which the headings name."""
    if not rows:
        say(empty)
        return
    from monitor.cli import tables

    shown = [_column(rows, key, heading, timezone) for key, heading in columns.items()]
    for line, is_heading in tables.lines(shown, terminal_width()):
        print(tinted(line, bold=True) if is_heading else line)


def _column(rows: Sequence[Row], key: str, heading: str, timezone: str) -> "Column":
    from monitor.cli.tables import Column

    cells = [" ".join(readable(row.get(key), timezone).split()) for row in rows]
    if any(_is_moment(row.get(key)) for row in rows):
        heading = f"{heading} ({timezone})"
    numbers = all(isinstance(row.get(key), int | float | None) for row in rows)
    return Column(heading, cells, right=numbers, text=key in _TEXTS)


def details(row: Row, *, timezone: str, long: Sequence[str] = ()) -> None:
    """One row, a line a column; those in `long` as paragraphs at the end."""
    lists = {key: value for key, value in row.items() if isinstance(value, list)}
    plain = {key: value for key, value in row.items() if key not in lists and key not in long}
    width = max(map(len, plain), default=0)
    for key, value in plain.items():
        if value not in (None, ""):
            zone = f" {timezone}" if _is_moment(value) else ""
            line = f"{key.replace('_', ' '):{width}}  {readable(value, timezone)}{zone}"
            print(wrapped(line, indent=width + 2) if " " in str(value) else line)
    for key, values in lists.items():
        if values:
            print(f"\n{key}:")
            table(values, of_part(key), timezone=timezone, empty="")
    for key in long:
        if row.get(key):
            print(f"\n{key}:\n{readable(row[key], timezone)}")


def readable(value: Any, timezone: str) -> str:
    """A cell: a moment in the zone, to the minute; yes and no; nothing as nothing."""
    if value is None:
        return ""
    if _is_moment(value):
        moment = datetime.fromisoformat(str(value)).astimezone(ZoneInfo(timezone))
        return moment.strftime("%Y-%m-%d %H:%M")
    return str(value).translate(_UNPRINTABLE)


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and len(value) == _MOMENT_LENGTH and value[10] == "T" and value.endswith("Z")
