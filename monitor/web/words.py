"""What templates ask of values: moments in the reader's zone, names of changes, links that are safe. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from monitor.urls import quoted_link

STAGES = ("proposed", "decided", "effective", "blocked", "ended")
"""Stages with a mark of their own in plots; any other has a square."""
_KINDS = {
    "new": "first told",
    "stage": "new stage",
    "contradiction": "contradiction",
    "confirmed": "confirmed",
    "alarm": "alarm of the monitor",
    "clear": "all-clear of the monitor",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How one installation speaks: its zone, its names of changes, and the present moment."""

    timezone: str
    labels: Mapping[str, str]
    now: datetime

    @property
    def zone(self) -> tzinfo:
        """The zone in which moments are shown."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of the templates."""
        return {
            "when": self.when,
            "day": self.day,
            "label": self.label,
            "web": lambda url: quoted_link(url or ""),
            "kind": lambda kind: _KINDS.get(kind, kind),
            "shape": lambda stage: stage if stage in STAGES else "other",
            "counted": counted,
            "language": language,
        }

    def when(self, value: str | datetime | None) -> str:
        """A moment, to the minute; nothing for none."""
        at = self._moment(value)
        return at.strftime("%Y-%m-%d %H:%M") if at else ""

    def day(self, value: str | datetime | None) -> str:
        """The day of a moment, as people write it."""
        at = self._moment(value)
        return f"{at.day} {at:%B %Y}" if at else ""

    def label(self, change: str) -> str:
        """What a change is called."""
        return self.labels.get(change, change.capitalize())

    def _moment(self, value: str | datetime | None) -> datetime | None:
        if not value:
            return None
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return at.astimezone(self.zone)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 outlet`, `1,200 outlets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_LANGUAGES = {
    "en": "English",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "de": "German",
    "ht": "Haitian Creole",
    "sw": "Swahili",
    "pl": "Polish",
    "it": "Italian",
    "nl": "Dutch",
    "ar": "Arabic",
    "zh": "Chinese",
    "ru": "Russian",
    "": "unknown language",
}


def language(code: str | None) -> str:
    """The English name of a language, or its code."""
    return _LANGUAGES.get(code or "", code or "")
