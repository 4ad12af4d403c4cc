"""The configuration that comes with the program; in a wheel it lies here, in a checkout at the top."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

NAMES = ("config.yaml", "config.schema.json")


def shipped_files() -> Iterator[tuple[str, str]]:
    """Name and content of each shipped file."""
    for name in NAMES:
        packaged = resources.files(__name__).joinpath(name)
        source = packaged if packaged.is_file() else Path(__file__).parents[2] / name
        yield name, source.read_text(encoding="utf-8")
