"""Sources managed from the command line: found on pages, added to and taken out of config.yaml, exchanged as OPML."""

import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from monitor import cli, config
from monitor.errors import MonitorError
from monitor.opml import write_opml
from monitor.pipeline.editing import add_feeds, open_config, remove_feed
from monitor.schema import FeedSection
from tests.world import QUIET, WEATHER, Answer, Clock, Item, Web, World, serving

SHIPPED = Path(__file__).parents[1] / "config.yaml"
LOCAL = 'fetch: {per_host: 20, timeout: 5 s, allow_addresses: ["127.0.0.0/8"]}'


class Result(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Desk:
    """A folder with a configuration, and the program run in it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.config = folder / "config.yaml"
        self._folder, self._patch, self._capture = folder, patch, capture
        self.write("feeds: []")

    def write(self, text: str) -> None:
        """Puts a configuration there that may ask this machine."""
        self.config.write_bytes(f"{LOCAL}\n{text}".encode())

    @property
    def text(self) -> str:
        """The configuration as it stands in the file, without the line of `write`."""
        return self.config.read_bytes().decode().removeprefix(f"{LOCAL}\n")

    @property
    def feeds(self) -> list[tuple[str, str]]:
        """Name and address of what is configured."""
        return [(feed.name, feed.url) for feed in config.load(self.config).feeds]

    def __call__(self, *words: str) -> Result:
        """Runs `haiti-monitor feeds …`."""
        self._patch.chdir(self._folder)
        self._patch.setattr(sys, "argv", ["haiti-monitor", "feeds", *words])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        out, err = self._capture.readouterr()
        return Result(code if isinstance(code, int) else 0, out, err)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def page(web: Web, path: str, *parts: str) -> None:
    web.answers[path] = Answer(f"<html><head>{''.join(parts)}</head></html>".encode(), "text/html")


def named(path: str, title: str = "") -> str:
    return f'<link rel="alternate" type="application/rss+xml" href="{path}" title="{title}">'


# --------------------------------------------------------------------------- discover


def test_the_feeds_of_a_page_are_asked_read_and_told_with_the_configured_one(web: Web, desk: Desk) -> None:
    page(web, "/", named("/comments"), named("/gone"), named("/all", "All"), '<a href="/politics/rss">Politics</a>')
    web.feed("/all", Item(WEATHER, "/1"), Item(QUIET, "/2"), title="Harbour Post")
    web.feed("/comments", Item("Re: rain", "/3"), title="Comments for Harbour Post")
    web.feed("/politics/rss", title="Politics")
    desk.write(f'feeds: [{{name: Mine, url: "{web.url}/all/"}}]')
    result = desk("discover", web.url, "--json")
    assert result.code == 0
    told = [(row["url"], row["title"], row["entries"], row["how"], row["configured"]) for row in result.rows]
    assert told == [
        (f"{web.url}/all", "Harbour Post", 2, "declared", "Mine"),
        (f"{web.url}/politics/rss", "Politics", 0, "linked", None),
        (f"{web.url}/comments", "Comments for Harbour Post", 1, "declared", None),
    ]
    assert result.rows[0]["newest"] == "2025-09-30T11:00:00Z"
    assert [row["comments"] for row in result.rows] == [False, False, True]
    assert f"no feed: {web.url}/gone: {web.url} answered 404 Not Found" in result.err
    people = desk("discover", web.url).out.splitlines()
    assert people[:2] == [
        f"{web.url}/all",
        "    “Harbour Post”, RSS 2.0, 2 entries, the newest of 2025-09-30 11:00 UTC, configured already as `Mine`",
    ]
    assert people[-1] == (
        "    “Comments for Harbour Post”, RSS 2.0, readers' comments, 1 entry, the newest of 2025-09-30 11:00 UTC, new"
    )


def test_an_address_that_is_a_feed_is_its_own_answer(web: Web, desk: Desk) -> None:
    web.feed("/rss", Item(WEATHER), title="Harbour Post")
    assert [(row["url"], row["how"]) for row in desk("discover", f"{web.url}/rss", "--json").rows] == [
        (f"{web.url}/rss", "itself")
    ]
    assert len(web.asked) == 1


def test_a_page_that_names_none_has_its_usual_addresses_asked_until_one_has_news(web: Web, desk: Desk) -> None:
    page(web, "/tag/haiti", named("/comments/feed"))
    web.feed("/comments/feed", Item("Re: rain"), title="Comments")
    web.feed("/rss.xml", Item(WEATHER), title="Harbour Post")
    rows = desk("discover", f"{web.url}/tag/haiti", "--json").rows
    assert [(row["url"], row["how"]) for row in rows] == [
        (f"{web.url}/rss.xml", "guessed"),
        (f"{web.url}/comments/feed", "declared"),
    ]
    assert [asked.path for asked in web.asked][2:] == ["/tag/haiti/feed/", "/feed/", "/feed", "/rss.xml"]


def test_one_feed_at_several_addresses_is_told_once(web: Web, desk: Desk) -> None:
    page(web, "/", named("/rss"), named("/old"), named("/same.xml"))
    for path in ("/rss", "/same.xml"):
        web.feed(path, Item(WEATHER, "/1"), title="Harbour Post")
    web.answers["/old"] = Answer(status=302, headers={"Location": "/rss"})
    assert [row["url"] for row in desk("discover", web.url, "--json").rows] == [f"{web.url}/rss"]


def test_where_no_feed_is_found_it_says_what_to_do(web: Web, desk: Desk) -> None:
    page(web, "/")
    result = desk("discover", web.url)
    assert (result.code, result.out) == (1, "")
    assert "no feed was found" in result.err
    assert "look on the page for “RSS”" in result.err
    assert len(web.asked) < 16


def test_a_page_that_is_refused_may_have_a_feed_all_the_same(web: Web, desk: Desk) -> None:
    web.fail("/", 403)
    web.feed("/feed", Item(WEATHER), title="Harbour Post")
    result = desk("discover", web.url)
    assert (result.code, result.out.splitlines()[0]) == (0, f"{web.url}/feed")
    assert "the page itself could not be had" in result.err


@pytest.mark.parametrize(("status", "headers"), [(429, {}), (503, {"Retry-After": "60"})])
def test_a_server_that_asks_to_be_left_alone_is(status: int, headers: dict[str, str], web: Web, desk: Desk) -> None:
    web.fail("/", status, **headers)
    result = desk("discover", web.url)
    assert result.code == 1
    assert f"answered {status}" in result.err
    assert len(web.asked) == 1


def test_an_inner_address_is_not_asked(web: Web, desk: Desk) -> None:
    desk.config.write_text("feeds: []")
    result = desk("discover", web.url)
    assert result.code == 1
    assert "is not an address of the public internet" in result.err
    assert web.asked == []


@pytest.mark.parametrize("command", ["discover", "add"])
def test_what_is_no_address_is_wrong_use(command: str, desk: Desk) -> None:
    result = desk(command, "ftp://files.example/rss")
    assert result.code == 2
    assert "is no web address" in result.err


# --------------------------------------------------------------------------- add


def test_a_feed_is_added_under_its_own_title(web: Web, desk: Desk) -> None:
    web.feed("/rss", Item(WEATHER), title="Harbour: the &lt;b&gt;Post&lt;/b&gt;")
    result = desk("add", f"{web.url}/rss#top", "--language", "fr", "--outlet", "Post", "--read", "never")
    assert (result.code, result.out) == (0, "")
    assert f"added `Harbour: the Post` ({web.url}/rss) to config.yaml" in result.err
    line = f'{{name: "Harbour: the Post", url: "{web.url}/rss", language: fr, outlet: Post, read: never}}'
    assert desk.text == f"feeds:\n  - {line}"


def test_the_only_feed_of_a_page_is_added_and_of_several_none(web: Web, desk: Desk) -> None:
    page(web, "/one", named("/rss"), named("/comments/feed"))
    web.feed("/rss", Item(WEATHER), title="Harbour Post")
    web.feed("/comments/feed", Item("Re: rain"), title="Comments")
    result = desk("add", f"{web.url}/one")
    assert result.code == 0
    assert f"{web.url}/one is a web page; its feed is {web.url}/rss" in result.err
    assert desk.feeds == [("Harbour Post", f"{web.url}/rss")]
    before = desk.text
    page(web, "/many", named("/rss"), named("/atom.xml"))
    web.feed("/atom.xml", Item(QUIET), title="Harbour Sport")
    result = desk("add", f"{web.url}/many")
    assert result.code == 1
    assert "has several feeds; add one by its address" in result.err
    assert f"{web.url}/atom.xml" in result.out
    assert desk.text == before


def test_a_feed_that_moved_for_good_is_added_where_it_is(web: Web, desk: Desk) -> None:
    web.answers["/old"] = Answer(status=301, headers={"Location": "/rss"})
    web.feed("/rss", Item(WEATHER), title="Harbour Post")
    result = desk("add", f"{web.url}/old")
    assert f"{web.url}/old has moved for good to {web.url}/rss" in result.err
    assert desk.feeds == [("Harbour Post", f"{web.url}/rss")]
    assert desk("add", f"{web.url}/old").code == 1
    assert len(desk.feeds) == 1


def test_a_page_whose_feed_is_configured_gets_no_second_one(web: Web, desk: Desk) -> None:
    page(web, "/", named("/rss"))
    web.feed("/rss", Item(WEATHER), title="Harbour Post")
    web.answers["/today"] = Answer(status=302, headers={"Location": "/rss"})
    assert desk("add", web.url).code == 0
    for url in (web.url, f"{web.url}/today"):
        result = desk("add", url)
        assert result.code == 1
        assert "is in config.yaml already, as `Harbour Post`; nothing was changed" in result.err
    assert len(desk.feeds) == 1


def test_what_cannot_be_had_is_added_only_offline(web: Web, desk: Desk) -> None:
    result = desk("add", f"{web.url}/rss")
    assert result.code == 1
    assert f"nothing was added: {web.url} answered 404 Not Found" in result.err
    assert desk.feeds == []
    asked = len(web.asked)
    assert desk("add", "--offline", f"{web.url}/rss").code == 0
    assert desk("add", "--offline", f"{web.url}/other", "--name", "no").code == 0
    assert desk.feeds == [("127.0.0.1", f"{web.url}/rss"), ("no", f"{web.url}/other")]
    assert len(web.asked) == asked == 1


def test_a_feed_is_never_added_twice_nor_a_name(web: Web, desk: Desk) -> None:
    desk.write('feeds: [{name: Post, url: "https://harbour.example/rss"}]')
    for url in ("https://harbour.example/rss", "http://www.harbour.example/rss/", "harbour.example/rss"):
        result = desk("add", "--offline", url)
        assert result.code == 1
        assert "is in config.yaml already, as `Post`; nothing was changed" in result.err
    result = desk("add", "--offline", "https://other.example/", "--name", "Post")
    assert result.code == 1
    assert "there is a feed named `Post` in config.yaml already; choose another --name" in result.err
    web.feed("/rss", title="Post")
    assert desk("add", f"{web.url}/rss").code == 0
    assert [name for name, _ in desk.feeds] == ["Post", "Post (127.0.0.1)"]


def test_a_language_that_is_none_is_wrong_use(desk: Desk) -> None:
    result = desk("add", "--offline", "https://harbour.example/rss", "--language", "French")
    assert result.code == 2
    assert "'French' is not possible here" in result.err


# --------------------------------------------------------------------------- the file


def test_in_the_shipped_configuration_only_the_lines_of_the_feed_change(desk: Desk) -> None:
    before = SHIPPED.read_bytes()
    desk.config.write_bytes(before)
    desk.config.chmod(0o640)
    assert desk("add", "--offline", "https://harbour.example/rss", "--name", "Harbour Post").code == 0
    after = desk.config.read_bytes()
    line = b'  - {name: Harbour Post, url: "https://harbour.example/rss"}\n'
    assert after.replace(line, b"") == before
    assert desk.config.stat().st_mode & 0o777 == 0o640
    assert desk("remove", "Harbour Post").code == 0
    assert desk.config.read_bytes() == before
    assert [path.name for path in desk.config.parent.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
def test_what_editors_of_windows_write_stays(mark: bytes, desk: Desk) -> None:
    content = mark + b"timezone: UTC\r\nfeeds:\r\n  - {name: \xc3\x89t\xc3\xa9, url: 'https://a.example/'}\r\n# end\r\n"
    desk.config.write_bytes(content)
    assert desk("add", "--offline", "https://harbour.example/rss", "--name", "Post").code == 0
    line = b'  - {name: Post, url: "https://harbour.example/rss"}\r\n'
    assert desk.config.read_bytes() == content.replace(b"# end", line + b"# end")
    assert desk("remove", "https://harbour.example/rss").code == 0
    assert desk.config.read_bytes() == content


def test_a_configuration_without_feeds_gets_a_list(desk: Desk) -> None:
    desk.write("timezone: UTC")
    assert desk("add", "--offline", "https://harbour.example/rss", "--name", "Post").code == 0
    assert desk.text == 'timezone: UTC\nfeeds:\n  - {name: Post, url: "https://harbour.example/rss"}'
    assert desk("remove", "Post").code == 0
    assert desk.text == "timezone: UTC\nfeeds: []"


def test_a_link_to_the_configuration_stays_a_link(desk: Desk) -> None:
    real = desk.config.rename(desk.config.with_name("real.yaml"))
    desk.config.symlink_to(real)
    assert desk("add", "--offline", "https://harbour.example/rss").code == 0
    assert desk.config.is_symlink()
    assert "harbour.example" in real.read_text()


def test_what_cannot_be_edited_without_another_change_stays_and_the_line_is_shown(desk: Desk) -> None:
    desk.write("concepts: {x: &empty []}\nfeeds: *empty\n")
    before = desk.text
    result = desk("add", "--offline", "https://harbour.example/rss", "--name", "Post")
    assert result.code == 2
    assert "cannot be edited from here without changing something else; add to the file itself:" in result.err
    assert '- {name: Post, url: "https://harbour.example/rss"}' in result.err
    assert desk.text == before


def test_a_configuration_that_is_wrong_is_not_touched(desk: Desk) -> None:
    desk.write("feeds: []\nchanels: []\n")
    result = desk("add", "--offline", "https://harbour.example/rss")
    assert result.code == 2
    assert "`chanels` is not known here; did you mean `channels`?" in result.err
    assert desk.text == "feeds: []\nchanels: []\n"


def test_a_file_that_may_not_be_written_stays_as_it_is() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text("feeds: []\n")
        path.chmod(0o444)
        Path(folder).chmod(0o755)
        user = os.geteuid()
        try:
            os.seteuid(65534 if user == 0 else user)
            file = open_config(path)
            with pytest.raises(MonitorError, match=r"config\.yaml: the file may not be written"):
                add_feeds(file, [FeedSection(name="Post", url="https://harbour.example/rss")])
        finally:
            os.seteuid(user)
        assert path.read_text() == "feeds: []\n"
        assert len(list(Path(folder).iterdir())) == 1


def test_what_somebody_else_wrote_at_the_same_time_is_not_lost(desk: Desk) -> None:
    file = open_config(desk.config)
    desk.write("feeds: []  # mine\n")
    with pytest.raises(MonitorError, match="was changed by somebody else at the same time and stays so; try again"):
        add_feeds(file, [FeedSection(name="Post", url="https://harbour.example/rss")])
    assert desk.text == "feeds: []  # mine\n"
    assert len(list(desk.config.parent.iterdir())) == 1


# --------------------------------------------------------------------------- remove


def test_a_feed_is_removed_by_its_number_and_its_articles_stay(tmp_path: Path, web: Web, desk: Desk) -> None:
    world = World(tmp_path, web, Clock(datetime.now(UTC)))
    world.watch("one", "2")
    world.web.feed("/one.xml", Item(WEATHER, "/1", published=datetime.now(UTC) - timedelta(hours=1)))
    world.web.feed("/2.xml")
    world.poll()
    numbers = {row["name"]: row["id"] for row in desk("list", "--json").rows}
    result = desk("remove", str(numbers["one"]))
    assert result.code == 0
    assert f"removed `one` ({web.url}/one.xml) from config.yaml; it is asked no more, its articles stay" in result.err
    assert [name for name, _ in desk.feeds] == ["2"]
    world.poll()
    states = {row["name"]: (row["state"], row["articles"]) for row in desk("list", "--json").rows}
    assert states["one"] == ("switched off: no longer in the configuration", 1)
    assert desk("remove", str(numbers["one"])).code == 1
    assert desk("remove", "2").code == 0  # a name before a number
    assert desk.feeds == []


def test_a_feed_that_is_not_there_is_not_removed_and_the_nearest_is_named(desk: Desk) -> None:
    desk.write('feeds: [{name: Harbour Post, url: "https://harbour.example/rss"}]')
    for what, hint in (("Harbor Post", "did you mean `Harbour Post`?"), ("17", "see `haiti-monitor feeds list`")):
        result = desk("remove", what)
        assert result.code == 1
        assert f"there is no feed {what!r} in config.yaml; {hint}" in result.err
    assert len(desk.feeds) == 1


def test_of_two_feeds_with_one_look_the_right_one_goes(desk: Desk) -> None:
    desk.write("feeds:\n  - {name: A, url: 'https://a.example/?b=1'}\n  - {name: B, url: 'https://a.example/?b=2'}\n")
    file = open_config(desk.config)
    remove_feed(file, file.config.feeds[1])
    assert desk.feeds == [("A", "https://a.example/?b=1")]


# --------------------------------------------------------------------------- export and import


def test_what_is_exported_and_imported_elsewhere_is_the_same(desk: Desk) -> None:
    written = config.load(SHIPPED, rules=False).feeds
    desk.config.write_bytes(SHIPPED.read_bytes())
    exported = desk("export")
    assert exported.code == 0
    assert exported.out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0"')
    assert desk("export", "all.opml").err == f"wrote {len(written)} feeds to all.opml\n"
    desk.write("feeds: []\n")
    result = desk("import", "all.opml")
    assert result.code == 0
    assert f"{len(written)} added to config.yaml, 0 were there already, 0 refused" in result.err
    assert config.load(desk.config).feeds == written
    before = desk.text
    again = desk("import", "all.opml", "--json")
    assert again.code == 0
    assert {row["result"] for row in again.rows} == {"present"}
    assert desk.text == before


def test_hundreds_of_feeds_are_added_in_one_edit_and_each_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = [FeedSection(name=f"Post {n}", url=f"https://p{n}.example/rss") for n in range(600)]
    opml = write_opml(feeds, datetime.now(UTC)).replace("https://p7.example/rss", "gopher://p7.example")
    desk.write('feeds: [{name: Post 3, url: "https://p3.example/rss"}]\nservice: {port: 4300}\n')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(opml.encode())))
    result = desk("import", "-")
    assert result.code == 1
    assert "598 added to config.yaml, 1 were there already, 1 refused" in result.err
    lines = result.out.splitlines()
    assert lines[0] == "added    Post 0  https://p0.example/rss"
    assert lines[-2] == "present  Post 3  https://p3.example/rss"
    assert lines[-1].startswith("refused  'gopher://p7.example' is no web address")
    assert len(desk.feeds) == 599
    assert desk.text.endswith("]\nservice: {port: 4300}\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "the file has a document type"),
        (b"<rss/>", "the file is no OPML"),
        (None, "feeds.opml cannot be read: No such file or directory"),
        (b"<opml/>", "0 added to config.yaml, 0 were there already, 0 refused"),
    ],
)
def test_what_cannot_be_imported_changes_nothing(content: bytes | None, message: str, desk: Desk) -> None:
    if content is not None:
        (desk.config.parent / "feeds.opml").write_bytes(content)
    result = desk("import", "feeds.opml")
    assert (result.code, result.out) == (1, "")
    assert message in result.err
    assert desk.feeds == []


def test_an_export_that_cannot_be_written_is_told(desk: Desk) -> None:
    result = desk("export", "no/such/folder.opml")
    assert result.code == 1
    assert "folder.opml cannot be written: No such file or directory" in result.err


# --------------------------------------------------------------------------- list and show


def test_the_list_says_in_words_how_each_feed_is(
    tmp_path: Path, web: Web, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, web, Clock(datetime.now(UTC)))
    world.watch("well", "broken")
    world.web.feed("/well.xml", Item(WEATHER, "/1"), Item(QUIET, "/2"))
    world.poll()
    states = {row["name"]: row["state"] for row in desk("list", "--json").rows}
    assert states["well"] == "healthy, 2 new entries within a day, the last a moment ago"
    assert states["broken"].startswith("failing since it was added (once): the server answered 404 Not Found; next try")
    shown = desk("show", "2", "--json").rows[0]
    told = states[shown["name"]].partition("; next try")[0]  # how soon is another matter from minute to minute
    assert shown["state"].startswith(told)
    assert re.search(rf"^state +{re.escape(told)}", desk("show", "2").out, re.MULTILINE)
    monkeypatch.setenv("COLUMNS", "100")
    lines = desk("list").out.splitlines()
    assert max(map(len, lines)) <= 200
    assert any("healthy, 2 new entries within a day" in line for line in lines)


def test_every_line_of_the_list_fits_a_terminal_of_100_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from monitor.cli import output
    from monitor.cli.columns import of_listing

    row = {
        "id": 1234,
        "name": "The Harbour Post of the Lagoon and of the Islands beyond it",
        "state": "failing for 5 h (7 times): " + "the server answered something long " * 3 + "x" * 90,
        "last_new_entry": "2025-09-30T11:00:00Z",
        "articles": 123456,
    }
    monkeypatch.setattr(output, "terminal_width", lambda: 100)
    output.table([row], of_listing("feeds"), timezone="America/Port-au-Prince", empty="")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("x") for line in lines) == 90
