"""What commands print: tables for people, one JSON object a line for programs; data on stdout, messages on stderr."""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.cli.columns import of_part

Row = Mapping[str, Any]
_MOMENT_LENGTH = len("2025-09-30T14:05:00Z")


def emit(rows: Iterable[Row]) -> None:
    """Rows as JSON, one object a line."""
    for row in rows:
        print(json.dumps(row, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A message for people."""
    print(text, file=sys.stderr, flush=True)


def tinted(text: str, *, color: str | None = None, bold: bool = False) -> str:
    """Text in a colour where standard output is a terminal that wants colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    import typer

    return typer.style(text, fg=color, bold=bold)


def wrapped(text: str, *, indent: int) -> str:
    """A line broken at the width of the terminal, what follows indented; whole where there is no terminal."""
    if not sys.stdout.isatty():
        return text
    width = max(shutil.get_terminal_size().columns, indent + 20)
    return textwrap.fill(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def table(
    rows: Sequence[Row],
    columns: Mapping[str, str],
    *,
    timezone: str,
    empty: str,
    widest: str = "",
) -> None:
    """Rows as a table: `columns` are key -> heading; moments are shown in `timezone`, which the headings name.

    The column `widest` is whole, and others with long texts have a quarter of the width beside it.
    """
    if not rows:
        say(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=200, color_system=None)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for key, heading in columns.items():
        wide = key == widest or key in ("title", "sentence", "subject", "excerpt", "error", "last_error", "name", "url")
        moments = any(_is_moment(row.get(key)) for row in rows)
        shown.add_column(
            f"{heading} ({timezone})" if moments else heading,
            justify="right" if _is_number(rows, key) else "left",
            no_wrap=not wide,
            overflow="ellipsis" if wide and key != widest else "fold",
            ratio=1 if wide else None,
            max_width=console.width // 4 if widest and wide and key != widest else None,
        )
    for row in rows:
        shown.add_row(*(Text(readable(row.get(key), timezone)) for key in columns))
    console.print(shown)


def details(row: Row, *, timezone: str, long: Sequence[str] = ()) -> None:
    """One row, a line a column; those in `long` as paragraphs at the end."""
    lists = {key: value for key, value in row.items() if isinstance(value, list)}
    plain = {key: value for key, value in row.items() if key not in lists and key not in long}
    width = max(map(len, plain), default=0)
    for key, value in plain.items():
        if value not in (None, ""):
            zone = f" {timezone}" if _is_moment(value) else ""
            print(f"{key.replace('_', ' '):{width}}  {readable(value, timezone)}{zone}")
    for key, values in lists.items():
        if values:
            print(f"\n{key}:")
            table(values, of_part(key), timezone=timezone, empty="")
    for key in long:
        if row.get(key):
            print(f"\n{key}:\n{row[key]}")


def readable(value: Any, timezone: str) -> str:
    """A cell: a moment in the zone, to the minute; yes and no; nothing as nothing."""
    if value is None:
        return ""
    if _is_moment(value):
        moment = datetime.fromisoformat(str(value)).astimezone(ZoneInfo(timezone))
        return moment.strftime("%Y-%m-%d %H:%M")
    return str(value)


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and len(value) == _MOMENT_LENGTH and value[10] == "T" and value.endswith("Z")


def _is_number(rows: Sequence[Row], key: str) -> bool:
    return all(isinstance(row.get(key), int | float | None) for row in rows)
