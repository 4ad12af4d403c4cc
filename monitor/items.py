"""News items as JSON lines: what `rules try` and `replay` read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.errors import MonitorError


@dataclass(frozen=True, slots=True)
class Item:
    """One news item; `published` is the earliest moment that its day, month or year can mean."""

    id: str
    title: str
    summary: str = ""
    text: str = ""
    url: str = ""
    source: str = ""
    language: str | None = None
    published: datetime | None = None


def read_items(lines: Iterable[str], name: str) -> Iterator[Item]:
    """The items of a JSONL file, empty lines skipped. Raises MonitorError naming file and line of what is no item."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _item(json.loads(line), number)
        except (ValueError, OverflowError, RecursionError) as error:
            raise MonitorError(f"{name}:{number}: this line is no news item: {error}") from error


def _item(values: object, number: int) -> Item:
    if not isinstance(values, dict):
        raise ValueError('write an object such as {"title": "…", "published": "2025-09-30"}')  # noqa: TRY004  (a value)
    texts = {key: _text(values.get(key)) for key in ("title", "summary", "text", "url", "source")}
    return Item(
        id=_text(values.get("id")) or str(number),
        language=_text(values.get("language")) or None,
        published=day_or_moment(values.get("published")),
        **texts,
    )


def _text(value: object) -> str:
    """A text as it stands, but for lone surrogates, which nothing can store; every character keeps its place."""
    return str(value or "").encode("utf-8", "replace").decode("utf-8")


def day_or_moment(value: object) -> datetime | None:
    """A moment from `2025-09-30T14:05:00Z`, `2025-09-30`, `2025-09`, `2025` or nothing. Raises ValueError for else."""
    if value in (None, ""):
        return None
    text = str(value)
    text = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
