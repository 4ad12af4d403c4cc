"""What several modules of tests share: the scripted year is replayed once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import year


@pytest.fixture(scope="session")
def scripted_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a database with the scripted year and one hostile headline; to be read only."""
    return year.scripted_year(tmp_path_factory.mktemp("year"))


@pytest.fixture(scope="session")
def site(scripted_year: Path) -> Iterator[str]:
    """The address of the pages over the scripted year."""
    with year.pages(scripted_year) as address:
        yield address
