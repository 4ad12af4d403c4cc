"""What a command that only looks needs of the configuration, without the seconds that reading all of it takes.

Where anything here is not plainly right, the whole configuration is read, which says what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor import yamltext
from monitor.errors import ConfigError

KEYS = frozenset(
    {"database", "timezone", "schedule", "service", "fetch", "reading", "alerting", "feeds", "changes", "stages"}
    | {"negation", "actors", "forums", "self_watch", "keep", "backup", "runner", "concepts", "patterns"}
    | {"roles", "rules", "channels"}
)
"""What may stand at the top of config.yaml."""
_NEEDED = frozenset({"database", "timezone", "channels", "changes"})
DATABASE = "data/monitor.db"
TIMEZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Glance:
    """Where the store is, in which zone times are shown, the names of the channels, and what changes are called."""

    database_path: Path
    timezone: str
    channels: tuple[str, ...]
    labels: Mapping[str, str]
    """Name of a change -> its label, in the order of the configuration."""


def glance(path: Path) -> Glance:
    """Reads as little as possible. Raises ConfigError as `config.load` does."""
    source = yamltext.read(path)
    try:
        found = _plainly(path, yamltext.load(_needed(source), str(path)).data)
    except ConfigError:
        found = None  # of a piece of the file; the whole of it says what is wrong, and where
    if found is not None:
        return found
    from monitor.config import load

    config = load(path, rules=False)
    settings = config.settings
    labels = {name: change.label or name for name, change in settings.changes.items()}
    return Glance(config.database_path, settings.timezone, tuple(one.name for one in settings.channels), labels)


def _needed(source: str) -> str:
    """The sections that are needed, and the keys alone of the others; all of it where that is not plain."""
    kept: list[str] = []
    needed = False
    for line in source.splitlines(keepends=True):
        if not line[0].isspace() and line[0] not in "#-":
            key, colon, _ = line.partition(":")
            if not colon or key not in KEYS:
                return source
            needed = key in _NEEDED
            if not needed:
                kept.append(f"{key}:\n")
        if needed:
            kept.append(line)
    return "".join(kept)


def _plainly(path: Path, data: Any) -> Glance | None:
    """The answer where the file is plainly right at the top, else None."""
    if not isinstance(data, dict) or not KEYS.issuperset(data):
        return None
    database, timezone = data.get("database", DATABASE), data.get("timezone", TIMEZONE)
    channels, changes = data.get("channels", []), data.get("changes", {})
    texts = [database, timezone]
    if not isinstance(channels, list) or not isinstance(changes, dict):
        return None
    if not all(isinstance(part, dict) for part in (*channels, *changes.values())):
        return None
    texts += [channel.get("name") for channel in channels]
    texts += [*changes, *(change.get("label", "-") for change in changes.values())]
    if not all(isinstance(text, str) and text for text in texts):
        return None
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    labels = {name: change.get("label", name) for name, change in changes.items()}
    names = tuple(channel["name"] for channel in channels)
    return Glance((path.parent / database).resolve(), timezone, names, labels)
