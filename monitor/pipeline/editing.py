"""config.yaml edited in its place: what is to change is checked before anything is written, and written at once or not.

No feed is ever added or removed unless the new text says just that: the same configuration with another list of feeds.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor import config as configuration
from monitor.config import Config
from monitor.errors import ConfigError, MonitorError, Problem
from monitor.feedlist import line_of, with_feeds, without_feed
from monitor.schema import Configuration, FeedSection
from monitor.yamltext import content_of, decode

_MARK = "\ufeff"
"""What some editors put before a text in UTF-8."""
_LONGEST = 20
"""So many lines are shown to be pasted by hand."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file opened to be edited: its bytes, and the configuration that they are."""

    content: bytes
    config: Config

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.config.path


def open_config(path: Path) -> ConfigFile:
    """Reads the file as it stands, line ends included. Raises ConfigError as `config.load` does."""
    content = content_of(path)
    text = decode(content, path).removeprefix(_MARK)
    return ConfigFile(content, configuration.load(path, rules=False, text=text))


def add_feeds(file: ConfigFile, feeds: Sequence[FeedSection]) -> None:
    """Adds feeds to the list. Raises ConfigError where its text cannot be edited, MonitorError for the disk."""
    lines = "\n".join(line_of(feed) for feed in feeds[:_LONGEST])
    text = with_feeds(file.config.document, feeds)
    _save(file, text, (*file.config.feeds, *feeds), f"add to the file itself:\n{lines}")


def remove_feed(file: ConfigFile, feed: FeedSection) -> None:
    """Takes a feed out of the list. Raises ConfigError where its text cannot be edited, MonitorError for the disk."""
    index = file.config.feeds.index(feed)
    text = without_feed(file.config.document, index)
    left = (*file.config.feeds[:index], *file.config.feeds[index + 1 :])
    _save(file, text, left, f"take out of the file itself what stands there for `{feed.name}`")


def _save(file: ConfigFile, text: str, feeds: tuple[FeedSection, ...], otherwise: str) -> None:
    try:
        settings = configuration.load(file.path, rules=False, text=text).settings
    except ConfigError:
        settings = None
    if settings is None or settings.feeds != feeds or _rest(settings) != _rest(file.config.settings):
        message = f"the list of feeds cannot be edited from here without changing something else; {otherwise}"
        raise ConfigError([file.config.document.problem(message, ("feeds",))])
    mark = _MARK if file.content.startswith(_MARK.encode()) else ""
    _replace(file, f"{mark}{text}".encode())


def _rest(settings: Configuration) -> Configuration:
    return settings.model_copy(update={"feeds": ()})


def _replace(file: ConfigFile, content: bytes) -> None:
    """Puts a whole new file in the place of the old one, with its mode: nobody ever reads half of it."""
    target = file.path.resolve()  # a link stays a link
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise ConfigError([Problem("the file may not be written; check its permissions", str(file.path))])
    new: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as written:
            new = Path(written.name)
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        shutil.copymode(target, new)
        if target.read_bytes() != file.content:
            raise MonitorError(f"{file.path} was changed by somebody else at the same time and stays so; try again")
        new.replace(target)
    except OSError as error:
        raise MonitorError(f"{file.path} cannot be written and stays as it is: {error.strerror}") from error
    finally:
        if new is not None:
            new.unlink(missing_ok=True)
