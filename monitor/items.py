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
            values = json.loads(line)
            yield _item(values, number)
        except (ValueError, AttributeError, TypeError) as error:
            raise MonitorError(f"{name}:{number}: this line is no news item: {error}") from error


def _item(values: dict[str, object], number: int) -> Item:
    texts = {key: str(values.get(key) or "") for key in ("title", "summary", "text", "url", "source")}
    language = values.get("language")
    return Item(
        id=str(values.get("id") or number),
        language=str(language) if language else None,
        published=day_or_moment(values.get("published")),
        **texts,
    )


def day_or_moment(value: object) -> datetime | None:
    """A moment from `2025-09-30T14:05:00Z`, `2025-09-30`, `2025-09`, `2025` or nothing. Raises ValueError for else."""
    if value in (None, ""):
        return None
    text = str(value)
    text = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
