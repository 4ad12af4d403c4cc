"""Months of polls on a simulated clock: nothing is lost, and what grows old goes."""

from pathlib import Path

import pytest

from benchmarks.soak import Plan, Tenth, configure, soak
from monitor.store import Row, open_store
from monitor.store.retention import PARTS

PLAN = Plan(days=120, feeds=4, a_day=1, minutes=1440, keep=60)


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Tenth], Path]:
    """120 days with 60 days of articles kept: how each tenth ended, and the database."""
    config = configure(tmp_path_factory.mktemp("soak"), PLAN)
    with open_store(config.database_path) as store:
        return list(soak(PLAN, config, store)), config.database_path


def rows(path: Path, sql: str) -> list[Row]:
    with open_store(path, create=False) as store:
        return store.rows(sql)


def test_all_that_came_of_late_is_there(soaked: tuple[list[Tenth], Path]) -> None:
    tenths, path = soaked
    came = tenths[-1].brought - tenths[6].brought  # of the last 36 days
    [row] = rows(path, "select count(*) as n from articles where first_seen > '2025-03-26T00:00:00Z'")
    assert row["n"] == came > 100


def test_of_what_is_older_only_that_stays_on_which_something_stands_or_a_feed_carries(
    soaked: tuple[list[Tenth], Path],
) -> None:
    tenths, path = soaked
    [row] = rows(path, "select count(*) as n from articles where first_seen < '2025-02-18T00:00:00Z'")
    [standing] = rows(path, "select count(distinct article) as n from development_articles")
    assert tenths[-1].articles < tenths[-1].brought * 0.7
    assert standing["n"] > 0
    assert row["n"] <= standing["n"]


def test_the_file_stands_still_when_as_much_goes_as_comes(soaked: tuple[list[Tenth], Path]) -> None:
    tenths, path = soaked
    assert tenths[-1].file <= 1.25 * tenths[6].file
    assert rows(path, "pragma integrity_check") == [{"integrity_check": "ok"}]


def test_every_development_still_has_its_articles_and_stages(soaked: tuple[list[Tenth], Path]) -> None:
    tenths, path = soaked
    assert tenths[-1].developments > 0
    for table in ("development_articles", "development_stages"):
        assert rows(path, f"select * from {table} where article not in (select id from articles)") == []  # noqa: S608
    wrong = {row["table"] for row in rows(path, "pragma foreign_key_check")}
    assert wrong <= {part.table for part in PARTS}, "the index of stories is swept once a month"
