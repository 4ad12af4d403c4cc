"""Rows as CSV or JSON lines, one at a time. Pure but for the stream that is written to."""

import csv
import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO


def write_csv(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A heading and a line for each row (RFC 4180); what is null is empty."""
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows(rows)


def write_jsonl(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """One JSON object a line."""
    stream.writelines(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
