"""News items as JSON lines: what `rules try`, `rules score` and `replay` read."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from monitor.errors import MonitorError
from monitor.rules.spec import STAGES

T = TypeVar("T")
_EXAMPLE = 'write an object such as {"title": "…", "published": "2025-09-30"}'
_MONTH = re.compile(r"\d{4}-\d\d")
_HALF_A_MONTH = timedelta(days=15)
_LABEL = '{"change": "mandate", "stage": "decided"}'


@dataclass(frozen=True, slots=True)
class Item:
    """One news item; `published` is the first moment of its day, or the middle of its month or year."""

    id: str
    title: str
    summary: str = ""
    text: str = ""
    url: str = ""
    source: str = ""
    language: str | None = None
    published: datetime | None = None
    give: timedelta = timedelta(0)
    """By how much that may be off to either side: half a month for a month."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What an item tells according to people: its changes, each with its stage."""

    changes: Mapping[str, str]
    kind: str = ""
    """The class of an item, such as `opinion_explainer`."""
    apart: bool = False
    """The text does not show it, or is no real headline: such items are scored by themselves."""


def read_items(lines: Iterable[str], name: str) -> Iterator[Item]:
    """The items of a JSONL file, empty lines skipped. Raises MonitorError naming file and line of what is no item."""
    return _read(lines, name, _item)


def read_labelled(lines: Iterable[str], name: str) -> Iterator[tuple[Item, Labels]]:
    """The same with their labels. Raises MonitorError also where an item has none: `"change": []` says no change."""
    return _read(lines, name, lambda values, number: (_item(values, number), _labels(values)))


def _read(lines: Iterable[str], name: str, made: Callable[[dict[str, Any], int], T]) -> Iterator[T]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            if not isinstance(values, dict):
                raise ValueError(_EXAMPLE)  # noqa: TRY004  (a value)
            yield made(values, number)
        except (ValueError, OverflowError, RecursionError) as error:
            raise MonitorError(f"{name}:{number}: this line is no news item: {error}") from error


def _labels(values: dict[str, Any]) -> Labels:
    changes = values.get("change")
    if not isinstance(changes, list):
        raise ValueError(f'it has no label: write "change": [{_LABEL}], or [] for none')  # noqa: TRY004  (a value)
    for one in changes:
        if not isinstance(one, dict) or not isinstance(one.get("change"), str) or not isinstance(one.get("stage"), str):
            raise ValueError(f'each of "change" is an object such as {_LABEL}')  # noqa: TRY004  (a value)
        if one["stage"] not in STAGES:
            raise ValueError(f"`{one['stage']}` is no stage; there are {', '.join(STAGES)}")
    return Labels(
        changes={one["change"]: one["stage"] for one in changes},
        kind=_text(values.get("class")),
        apart=values.get("visible") in ("no", "partial") or values.get("title_source") == "url_slug",
    )


def _item(values: dict[str, Any], number: int) -> Item:
    texts = {key: _text(values.get(key)) for key in ("title", "summary", "text", "url", "source")}
    return Item(
        id=_text(values.get("id")) or str(number),
        language=_text(values.get("language")) or None,
        published=day_or_moment(values.get("published")),
        give=_HALF_A_MONTH if _MONTH.fullmatch(str(values.get("published"))) else timedelta(0),
        **texts,
    )


def _text(value: object) -> str:
    """A text as it stands, but for lone surrogates, which nothing can store; every character keeps its place."""
    return str(value or "").encode("utf-8", "replace").decode("utf-8")


def day_or_moment(value: object) -> datetime | None:
    """A moment from `2025-09-30T14:05:00Z`, `2025-09-30`, `2025-09`, `2025` or nothing; of a month or a year it is the
    middle, which is off least. Raises ValueError for else.
    """
    if value in (None, ""):
        return None
    text = str(value)
    text = {4: f"{text}-07-01", 7: f"{text}-16"}.get(len(text), text)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
