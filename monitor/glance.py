"""What a command that only looks needs of the configuration, without the 0.2 s that checking all of it takes.

Where anything here is not plainly right, the whole configuration is read, which says what is wrong.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor import yamltext

KEYS = frozenset(
    {"database", "timezone", "schedule", "service", "fetch", "reading", "alerting", "feeds", "changes", "stages"}
    | {"negation", "actors", "forums", "self_watch", "concepts", "patterns", "roles", "rules", "channels"}
)
"""What may stand at the top of config.yaml."""
DATABASE = "data/monitor.db"
TIMEZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Glance:
    """Where the store is, in which zone times are shown, and the names of the channels."""

    database_path: Path
    timezone: str
    channels: tuple[str, ...]


def glance(path: Path) -> Glance:
    """Reads as little as possible. Raises ConfigError as `config.load` does."""
    found = _plainly(path, yamltext.load(yamltext.read(path), str(path)).data)
    if found is not None:
        return found
    from monitor.config import load

    config = load(path, rules=False)
    settings = config.settings
    return Glance(config.database_path, settings.timezone, tuple(channel.name for channel in settings.channels))


def _plainly(path: Path, data: Any) -> Glance | None:
    """The answer where the file is plainly right at the top, else None."""
    if not isinstance(data, dict) or not KEYS.issuperset(data):
        return None
    database, timezone = data.get("database", DATABASE), data.get("timezone", TIMEZONE)
    channels = data.get("channels", [])
    texts = [database, timezone]
    if not isinstance(channels, list) or not all(isinstance(channel, dict) for channel in channels):
        return None
    texts += [channel.get("name") for channel in channels]
    if not all(isinstance(text, str) and text for text in texts):
        return None
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return Glance((path.parent / database).resolve(), timezone, tuple(channel["name"] for channel in channels))
