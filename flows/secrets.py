"""Secrets by name: from the environment, else from Prefect's Secret blocks."""

import os
from typing import cast


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


def _from_block(block: str) -> str | None:
    from prefect.blocks.system import Secret

    try:
        secret = cast("Secret[str]", Secret.load(block))
    except ValueError:  # what Prefect raises where there is no such block
        return None
    return secret.get()
