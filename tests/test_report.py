"""The report: one file with what stands, what changed, who reported it and who was told."""

import re
import sqlite3
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from monitor.glance import glance
from monitor.store import open_store
from monitor.web.report import report
from monitor.web.words import Words
from tests.test_exports import program

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(scripted_year: Path) -> sqlite3.Connection:
    return sqlite3.connect(scripted_year.with_name("monitor.db"))


class Tags(HTMLParser):
    """The names of all tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def written(config: Path, since: datetime, timezone: str = "UTC") -> str:
    settings = glance(config)
    with open_store(settings.database_path, create=False) as store:
        return report(store, Words(timezone, settings.labels, NOW), since)


@pytest.fixture(scope="module")
def year(scripted_year: Path) -> str:
    return written(scripted_year, datetime(2025, 1, 1, tzinfo=UTC))


def test_it_needs_no_other_file(year: str) -> None:
    assert not Tags(year).names & {"script", "img", "link", "iframe", "object", "embed", "video"}
    assert not Tags(year).attributes & {"src", "srcset", "background", "onerror", "onload", "onclick"}
    assert not re.search(r"@import|url\(", year)


def test_each_development_stands_in_it_with_its_sentence_and_its_links(year: str, database: sqlite3.Connection) -> None:
    for number, sentence in database.execute("select id, sentence from developments"):
        (section,) = re.findall(rf'<article class="story" id="development-{number}">(.*?)</article>', year, re.DOTALL)
        plain = re.sub(r"<[^>]+>", "", section).replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">")
        assert sentence in plain.replace("&#34;", '"').replace("&amp;", "&")
    assert len(re.findall(r'href="https://news.example/', year)) > 30


def test_the_plot_has_a_mark_for_each_development_that_leads_to_it(year: str, database: sqlite3.Connection) -> None:
    marks = set(re.findall(r'<a class="mark \w+" href="#development-(\d+)"', year))
    assert marks == {str(number) for (number,) in database.execute("select id from developments")}


def test_coverage_counts_outlets_by_language(year: str, database: sqlite3.Connection) -> None:
    counted = database.execute(
        """
        select a.outlet, count(distinct a.id) from development_articles da join articles a on a.id = da.article
        group by a.outlet, a.language
        """
    ).fetchall()
    table = year.partition('id="coverage"')[2].partition("</table>")[0]
    for outlet, articles in counted:
        if "<" not in outlet:
            assert re.search(rf"{re.escape(outlet)}</bdi></th><td[^>]*>[^<]+</td><td[^>]*>{articles}<", table), outlet


def test_what_was_told_to_whom_is_in_it(year: str, database: sqlite3.Connection) -> None:
    table = year.partition('id="told"')[2]
    assert table.count("<tr>") - 1 == database.execute("select count(*) from alerts").fetchone()[0]


def test_it_covers_what_changed_since_and_still_says_what_stands(scripted_year: Path) -> None:
    page = written(scripted_year, datetime(2026, 3, 27, tzinfo=UTC))
    assert page.count('<article class="story"') == 1
    assert "Leadership" in page.partition('id="situation"')[2].partition("</table>")[0]
    quiet = written(scripted_year, datetime(2026, 3, 30, tzinfo=UTC))
    assert "Nothing changed in this time" in quiet
    assert "Nobody was told anything in this time" in quiet


def test_it_says_what_it_leaves_out(scripted_year: Path, database: sqlite3.Connection) -> None:
    (known,) = database.execute("select count(*) from developments").fetchone()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("monitor.web.report._DEVELOPMENTS", 5)
        page = written(scripted_year, datetime(2025, 1, 1, tzinfo=UTC))
    assert page.count('<article class="story"') == 5
    assert f"{known} developments, told" in page
    assert f"The latest 5; {known - 5} earlier ones are left out" in page


def test_foreign_markup_stays_text(year: str) -> None:
    assert "<script>document" not in year
    assert "&lt;script&gt;document" in year
    assert "javascript:" not in year.replace("onerror", "").partition("<style>")[0]
    assert 'href="javascript' not in year


def test_times_are_those_of_the_reader_and_the_zone_is_named(scripted_year: Path) -> None:
    page = written(scripted_year, datetime(2025, 1, 1, tzinfo=UTC), "America/Port-au-Prince")
    assert "times are in America/Port-au-Prince" in page
    assert "2026-03-28 06:00" in page  # ten o'clock in UTC


def test_a_moment_that_has_no_place_in_the_zone_is_said(scripted_year: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        f"database: {scripted_year.with_name('monitor.db')}\ntimezone: America/Port-au-Prince\n", encoding="utf-8"
    )
    done = program(config, "report", "-o", str(tmp_path / "all.html"), "--since", "0001-01-01T00:00:00Z")
    assert (done.returncode, "is neither" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_the_command_writes_a_whole_file_and_says_so(scripted_year: Path, tmp_path: Path) -> None:
    done = program(scripted_year, "report", "-o", str(tmp_path / "week.html"), "--since", "2026-03-01")
    assert (done.returncode, done.stdout) == (0, "")
    assert "wrote" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["week.html"]
    assert (tmp_path / "week.html").read_text(encoding="utf-8").endswith("</html>\n")
    assert "</html>" in program(scripted_year, "report", "-o", "-").stdout
