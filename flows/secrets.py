"""Secrets by name: from the environment, else from Prefect's Secret blocks."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, cast

from monitor.config import Config
from monitor.models import Message

if TYPE_CHECKING:
    from monitor.notify import Notifier


def resolve(name: str) -> str | None:
    """The secret called `name`, or None.

    An environment variable comes first. Where a Prefect server is configured (`PREFECT_API_URL`), the Secret block
    with the name in lower case and dashes follows: `MONITOR_DESK_MAIL` is the block `monitor-desk-mail`.
    """
    if value := os.environ.get(name):
        return value
    if not os.environ.get("PREFECT_API_URL"):
        return None
    return _from_block(block_name(name))


def block_name(name: str) -> str:
    """The Secret block that stands for an environment variable; a block's name knows no capitals and underscores."""
    return name.lower().replace("_", "-")


class LateNotifier:
    """Delivers through the configured channels; looks up their secrets when there is something to deliver."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def _notifier(self) -> "Notifier":
        from monitor.notify import Notifier

        return Notifier(self._config.channel_urls(resolve))

    def send(self, channel: str, message: Message, key: str) -> None:
        """Delivers a message. Raises NotifyError where it did not get through, ConfigError for a missing secret."""
        self._notifier.send(channel, message, key)


def _from_block(block: str) -> str | None:
    from prefect.blocks.system import Secret

    try:
        secret = cast("Secret[str]", Secret.load(block))
    except ValueError:  # what Prefect raises where there is no such block
        return None
    return secret.get()
