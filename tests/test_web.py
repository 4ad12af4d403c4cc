"""The pages over HTTP: what they show, who may look, and that nothing can be changed."""

import base64
import http.client
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from monitor.parse import parse_feed
from monitor.store import Store, open_store
from monitor.web.metadata import described
from monitor.web.site import PAGES
from monitor.web.views import volume
from monitor.web.words import Words
from tests import year

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATHS = [*(path for path, _ in PAGES), "/volume?since=all", "/search?q=force", "/developments/1", "/monitor/articles"]


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def ask(site: str, path: str, method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(site)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def database(scripted_year: Path) -> sqlite3.Connection:
    return sqlite3.connect(scripted_year.with_name("monitor.db"))


def developments(database: sqlite3.Connection) -> int:
    return int(database.execute("select count(*) from developments").fetchone()[0])


# --------------------------------------------------------------------------- what pages show


@pytest.mark.parametrize("path", PATHS)
def test_every_page_answers_and_names_no_other_host(site: str, path: str) -> None:
    answer = ask(site, path)
    assert answer.status == 200
    loaded = re.findall(r"<(?:link|script|img|iframe)[^>]*?(?:href|src)=\"?([^\" >]+)", answer.text)
    assert [address for address in loaded if not address.startswith(("/", "#", "data:", site))] == []


def test_the_situation_names_what_stands_with_its_sentence(site: str, database: sqlite3.Connection) -> None:
    text = ask(site, "/").text
    for change, sentence in database.execute("select change, sentence from situation where change <> 'mandate'"):
        assert change.split("-")[0].lower() in text.lower()
        assert sentence.replace("'", "&#39;") in text


def test_the_timeline_has_a_mark_for_each_development(site: str, database: sqlite3.Connection) -> None:
    assert len(re.findall(r'<a class="mark', ask(site, "/timeline").text)) == developments(database)


def test_the_timeline_can_be_cut_to_what_is_young(site: str) -> None:
    assert "Nothing changed in this time" in ask(site, "/timeline?since=7d").text
    assert ask(site, "/timeline?since=nonsense").status == 200


def test_volume_counts_articles_and_developments_by_day_and_language(site: str, database: sqlite3.Connection) -> None:
    text = ask(site, "/volume?since=all").text
    articles = database.execute("select count(*) from articles where news_at is not null").fetchone()[0]
    assert f"{articles} articles and {developments(database)} developments by week" in text
    for code, name in (("en", "English"), ("fr", "French"), ("es", "Spanish")):
        (count,) = database.execute("select count(*) from articles where language = ?", (code,)).fetchone()
        (reported,) = database.execute(
            """
            select count(distinct development) from development_articles da join articles a on a.id = da.article
            where a.language = ?
            """,
            (code,),
        ).fetchone()
        assert f'{name}</th><td class="number">{count}</td><td class="number">{reported}</td>' in text
    bars = re.findall(r"<title>[^<]*: (\d+) articles?", text)
    assert sum(map(int, bars)) == articles


def test_a_development_shows_its_sentence_with_the_deciding_words_its_copies_and_its_alerts(
    site: str, database: sqlite3.Connection
) -> None:
    text = ask(site, "/developments/1").text
    (sentence,) = database.execute("select sentence from developments where id = 1").fetchone()
    assert sentence in re.sub(r"</?mark>", "", text)
    assert re.search(r"<mark>[^<]*proposes[^<]*</mark>", text)
    assert re.search(r"\d+ copies: ", text)
    assert "first told" in text


def test_a_development_tells_what_it_followed(site: str, database: sqlite3.Connection) -> None:
    number, before = database.execute("select id, follows from developments where follows is not null").fetchone()
    assert f'It follows <a href="/developments/{before}">' in ask(site, f"/developments/{number}").text
    assert f'It was followed by <a href="/developments/{number}">' in ask(site, f"/developments/{before}").text


def test_search_finds_articles_and_marks_what_it_found(site: str) -> None:
    text = ask(site, "/search?q=" + quote('"support office"')).text
    assert re.search(r"<mark>support office</mark>", text, re.IGNORECASE)
    assert "0 articles for" in ask(site, "/search?q=zyxwv").text
    assert ask(site, "/search?q=" + quote('"unbalanced AND (')).status == 200


def test_what_is_not_there_is_said(site: str) -> None:
    for path, word in (("/developments/99999", "there is no development 99999"), ("/nothing", "Not found")):
        answer = ask(site, path)
        assert (answer.status, word in answer.text) == (404, True)


@pytest.mark.parametrize("path", ["/", "/timeline", "/search?q=Gang", "/monitor/articles", "/monitor/timeline"])
def test_markup_from_the_web_stays_text(site: str, path: str) -> None:
    text = ask(site, path).text
    assert "<script>document.title" not in text
    assert "<img src=x" not in text
    assert 'href="javascript:' not in text


def test_the_feed_of_developments_is_one_that_readers_understand(site: str, database: sqlite3.Connection) -> None:
    answer = ask(site, "/developments.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    parsed = parse_feed(answer.text.encode(), url=f"{site}/developments.atom", now=datetime.now(UTC))
    stages = database.execute("select count(*) from development_stages").fetchone()[0]
    assert len(parsed.entries) == stages == len({entry.guid for entry in parsed.entries})
    assert all((entry.link or "").startswith(f"{site}/developments/") for entry in parsed.entries)
    assert all(entry.published for entry in parsed.entries)


@pytest.mark.parametrize("span", ["7d", "all"])
def test_news_that_a_wrong_clock_took_for_that_of_the_future_breaks_nothing(tmp_path: Path, span: str) -> None:
    with open_store(tmp_path / "monitor.db") as store, store.transaction():
        add_article(store, "Norland takes over", "2099-01-01T00:00:00Z")
        assert volume(store, Words("UTC", {}, NOW), {"since": span})["articles"] == 1
        add_article(store, "Norland hands over", "2025-12-31T00:00:00Z")
        assert volume(store, Words("UTC", {}, NOW), {"since": span})["articles"] == 1, "not decades of empty days"


def test_a_development_is_counted_on_the_day_of_its_news_where_the_zone_has_half_hours(tmp_path: Path) -> None:
    at = "2025-12-30T18:45:00Z"  # a quarter past midnight in Kolkata
    with open_store(tmp_path / "monitor.db") as store, store.transaction():
        add_article(store, "Norland takes over", at)
        event = {"change": "leadership", "stage": "decided", "title": "", "sentence": "", "severity": "high"}
        store.insert("developments", event | dict.fromkeys(("first_seen", "last_seen", "created_at"), at))
        (bar,) = volume(store, Words("Asia/Kolkata", {}, NOW), {})["plot"].bars
    assert (bar.start.isoformat(), bar.total, bar.marked) == ("2025-12-31", 1, 1)


# --------------------------------------------------------------------------- the database in Datasette


def test_every_table_and_every_column_is_described_and_nothing_else(database: sqlite3.Connection) -> None:
    shadow = re.compile(r"articles_fts_\w+|sqlite_\w+")
    names = [name for (name,) in database.execute("select name from sqlite_master where type in ('table', 'view')")]
    stored = {
        name: [column for (column,) in database.execute("select name from pragma_table_xinfo(?)", (name,))]
        for name in names
        if not shadow.fullmatch(name)
    }
    told = {name: list(table["columns"]) for name, table in described()["tables"].items()}
    assert {name: sorted(columns) for name, columns in told.items()} == {n: sorted(c) for n, c in stored.items()}
    texts = [t["about"] for t in described()["tables"].values()]
    texts += [about for table in described()["tables"].values() for about in table["columns"].values()]
    assert all(isinstance(text, str) and text.strip() for text in texts)


@pytest.mark.parametrize("name", described()["queries"])
def test_every_canned_query_runs(site: str, name: str) -> None:
    answer = ask(site, f"/monitor/{name}.json?_shape=array")
    assert answer.status == 200
    assert isinstance(json.loads(answer.text), list)


def test_canned_queries_answer_their_question(site: str, database: sqlite3.Connection) -> None:
    first = json.loads(ask(site, "/monitor/reported_first.json?_shape=array").text)
    assert sum(row["first"] for row in first) == developments(database)
    almost = json.loads(ask(site, "/monitor/almost_matched.json?_shape=array").text)
    assert almost
    assert all(row["nearly"] for row in almost)


def test_foreign_keys_show_what_they_stand_for(site: str, database: sqlite3.Connection) -> None:
    (title,) = database.execute(
        "select a.title from signals s join articles a on a.id = s.article order by s.id limit 1"
    ).fetchone()
    rows = json.loads(ask(site, "/monitor/signals.json?_shape=array&_labels=on&_sort=id&_size=1").text)
    assert rows[0]["article"]["label"] == title


def test_a_row_is_shown_from_top_to_bottom_with_what_each_column_means(site: str, database: sqlite3.Connection) -> None:
    (title,) = database.execute("select title from articles where id = 1").fetchone()
    page = ask(site, "/monitor/articles/1").text
    assert re.search(rf"<h1><bdi>{re.escape(title)}</bdi></h1>", page)
    assert re.search(rf"<dt>text <span[^>]*>{described()['tables']['articles']['columns']['text']}</span></dt>", page)
    assert "<dt>text_note" not in page, "what is empty is left out"
    assert re.search(r'<dd><a href="/monitor/stories/\d+">', page), "numbers lead to what they are the number of"
    assert '<a href="/developments/1">' in ask(site, "/monitor/alerts/1").text


def test_full_text_search_works_in_the_table_of_articles(site: str) -> None:
    found = json.loads(ask(site, "/monitor/articles.json?_search=commander&_shape=array").text)
    assert found
    assert all("commander" in json.dumps(row).lower() for row in found)


# --------------------------------------------------------------------------- nothing can be changed


@pytest.mark.parametrize("sql", ["delete from articles", "insert into stories values (1)", "pragma user_version=1"])
def test_sql_that_writes_is_refused(site: str, sql: str, database: sqlite3.Connection) -> None:
    before = database.execute("select count(*) from articles").fetchone()
    assert ask(site, "/monitor?sql=" + quote(sql)).status == 400
    assert database.execute("select count(*) from articles").fetchone() == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_than_reading_are_refused(site: str, method: str) -> None:
    assert ask(site, "/monitor/articles", method).status == 405


def test_the_file_cannot_be_downloaded_in_the_middle_of_a_write(site: str) -> None:
    assert ask(site, "/monitor.db").status in (403, 404)


def test_pages_show_what_the_service_writes_meanwhile(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("database: monitor.db\nfeeds: []\n", encoding="utf-8")
    with open_store(tmp_path / "monitor.db") as store, year.pages(config) as site:
        with store.transaction():
            add_article(store, "Norland takes over")
            assert "0 articles" in ask(site, "/").text, "a page does not wait for a writer"
        assert "1 article," in ask(site, "/").text


def add_article(store: Store, title: str, at: str | None = None) -> None:
    store.insert(
        "articles",
        {
            "outlet": "Post",
            "title": title,
            "title_key": title.lower(),
            "news_at": at,
            "first_seen": at or "2026-01-01T00:00:00Z",
            "read_state": "unwanted",
        },
    )


# --------------------------------------------------------------------------- who may look


def test_our_pages_may_load_nothing_but_our_style(site: str) -> None:
    headers = ask(site, "/timeline").headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert "script-src" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4201", "192.0.2.7", "", "localhost.evil.example"])
def test_a_name_that_is_not_of_this_machine_gets_nothing(site: str, host: str) -> None:
    answer = ask(site, "/monitor/articles.json", host=host)
    assert (answer.status, "this server answers only under the names" in answer.text) == (421, True)


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1", "127.8.8.8:80", "[::1]:4201", "[::1]"])
def test_the_names_of_this_machine_are_answered(site: str, host: str) -> None:
    assert ask(site, "/feeds", host=host).status == 200


def test_with_a_password_nothing_is_shown_without_it(scripted_year: Path) -> None:
    right = "Basic " + base64.b64encode("anyone:gouvènè à".encode()).decode()
    wrong = "Basic " + base64.b64encode(b"anyone:guess").decode()
    with year.pages(scripted_year, environment={"HAITI_MONITOR_PASSWORD": "gouvènè à"}) as site:
        for headers in ({}, {"authorization": wrong}, {"authorization": "Basic ???"}, {"authorization": "Bearer x"}):
            for path in ("/", "/monitor.json", "/-/monitor/site.css", "/developments.atom"):
                refused = ask(site, path, **headers)
                assert (refused.status, "www-authenticate" in refused.headers) == (401, True)
        assert ask(site, "/", authorization=right).status == 200
        assert ask(site, "/", authorization=right, host="monitor.example").status == 200


def test_nothing_passes_the_guard_as_another_protocol(scripted_year: Path) -> None:
    key = base64.b64encode(b"sixteen letters.").decode()
    wish = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13", "sec-websocket-key": key}
    with year.pages(scripted_year, environment={"HAITI_MONITOR_PASSWORD": "secret"}) as site:
        for path in ("/", "/monitor/articles.json"):
            assert ask(site, path, **wish).status == 403
        right = "Basic " + base64.b64encode(b":secret").decode()
        assert ask(site, "/", authorization=right).status == 200


def inspect(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", "--config", str(config), "inspect", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_others_than_this_machine_need_a_password(scripted_year: Path) -> None:
    done = inspect(scripted_year, "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "HAITI_MONITOR_PASSWORD" in done.stderr


def test_a_port_in_use_is_said(scripted_year: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = inspect(scripted_year, "--port", str(port))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"127.0.0.1 port {port} cannot be used" in done.stderr


@pytest.mark.parametrize("host", ["nosuch.invalid", "two..dots", "long" * 20])
def test_a_host_that_is_none_is_said(scripted_year: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAITI_MONITOR_PASSWORD", "x")
    done = inspect(scripted_year, "--host", host)
    assert (done.returncode, "Traceback" in done.stderr, "--port" in done.stderr) == (1, False, False)
    assert f"{host} cannot be found" in done.stderr


def test_a_database_is_read_whatever_characters_its_path_has(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text('database: "50%41 of ?a#b/what? #1.db"\n', encoding="utf-8")
    folder = tmp_path / "50%41 of ?a#b"
    with open_store(folder / "what? #1.db") as store, store.transaction():
        add_article(store, "Norland takes over")
    with year.pages(tmp_path / "config.yaml") as site:
        assert "1 article," in ask(site, "/").text
        assert json.loads(ask(site, "/monitor/articles.json?_shape=array").text)[0]["title"] == "Norland takes over"
    assert all(path.name.startswith("what? #1.db") for path in folder.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"config.yaml", folder.name}


def test_a_database_that_cannot_be_read_is_no_mistake_of_the_program(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("database: monitor.db\n", encoding="utf-8")
    with open_store(tmp_path / "monitor.db") as store, year.pages(config) as site:
        store.connection.execute("drop view situation")
        answer = ask(site, "/")
    assert (answer.status, "monitor.db cannot be used" in answer.text) == (503, True)


def test_without_a_database_it_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("database: monitor.db\n", encoding="utf-8")
    done = inspect(tmp_path / "config.yaml")
    assert (done.returncode, "haiti-monitor poll" in done.stderr) == (1, True)
    assert not (tmp_path / "monitor.db").exists()


def test_ctrl_c_ends_it_without_a_traceback(scripted_year: Path) -> None:
    command = [sys.executable, "-m", "monitor", "--config", str(scripted_year), "inspect", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "shows" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert (process.wait(timeout=20), rest.strip()) == (0, "stopped")
