"""sqlite-utils without numpy and pandas, which it loads wherever they are installed, to know their types of numbers.

None of those is ever stored here, and numpy costs 0.1 s, 20 MB and threads of its own.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _not_found(*names: str) -> Iterator[None]:
    """Modules that are not loaded yet seem not to be installed."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _not_found("numpy", "pandas"):
    from sqlite_utils import Database, Migrations

__all__ = ["Database", "Migrations"]
