"""The demo's parts: the scripted year, the server that shows it and the mailbox that takes the alerts."""

import errno
import smtplib
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import html  # type: ignore[import-untyped]

from monitor.demo.mailbox import Mailbox
from monitor.demo.server import AGGREGATOR, ATOM_OUTLETS, ENTRIES, NewsItem, NewsServer, load_news

CHANGES = {"leadership", "mandate", "composition", "funding", "rules"}
STAGES = {"proposed", "decided", "effective", "blocked"}
TRAPS = [
    *["church", "charity", "sport", "space", "kenya-politics", "other-mission", "haiti-government", "look-back"],
    *["explainer", "opinion", "denial", "patrol", "humanitarian", "debate", "crime"],
]

NOON = datetime(2025, 5, 20, 12, tzinfo=UTC)
ITEM = NewsItem(
    id="ha-1",
    url="/a/ha-1",
    source="Harbour Wire",
    published=NOON,
    language="en",
    title="A & B lead <script>alert('title')</script>",
    summary='Less < more & "quoted" <script>alert(1)</script>',
    text="First <b>paragraph</b> & its <script>alert('text')</script>.\nSecond paragraph.",
)
FRENCH = replace(ITEM, id="em-1", url="/a/em-1", source="L’Écho des Mornes", language="fr", title="Écho")
ATOM = replace(ITEM, id="tb-1", url="/a/tb-1", source="Turtle Bay Notebook")
ITEMS = [ITEM, FRENCH, ATOM]


class Answer:
    """What a plain HTTP client got, redirects not followed."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=5)
        connection.request("GET", parts.path, headers=headers or {})
        response = connection.getresponse()
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        connection.close()


def feed(server: NewsServer, outlet: str) -> Any:
    [address] = [address for address in server.feeds() if address.outlet == outlet]
    return feedparser.parse(Answer(address.url).body)


def titles(server: NewsServer, outlet: str) -> list[str]:
    return [entry.title for entry in feed(server, outlet).entries]


@pytest.fixture
def server() -> Iterator[NewsServer]:
    with NewsServer(ITEMS) as running:
        yield running


# --------------------------------------------------------------------------- feeds


def test_every_feed_of_the_scripted_year_is_valid_and_has_all_its_entries() -> None:
    news = load_news()
    articles = {item.url: item for item in news}.values()
    with NewsServer(news) as server:
        for address in server.feeds()[:-1]:
            parsed = feed(server, address.outlet)
            own = [item for item in articles if item.source == address.outlet]
            assert not parsed.bozo
            assert parsed.version == ("atom10" if address.outlet in ATOM_OUTLETS else "rss20")
            assert (parsed.feed.title, parsed.feed.language) == (address.name, address.language)
            assert {(entry.title, entry.link, entry.summary) for entry in parsed.entries} == {
                (item.title, server.base_url + item.url, item.summary) for item in own
            }


@pytest.mark.parametrize("outlet", [item.source for item in ITEMS])
def test_an_entry_has_the_moment_at_which_the_item_was_published(server: NewsServer, outlet: str) -> None:
    [entry] = feed(server, outlet).entries
    assert entry.published_parsed[:6] == NOON.timetuple()[:6]


def test_a_feed_has_the_newest_twenty_entries_newest_first() -> None:
    items = [
        replace(ITEM, id=f"{n:02}", url=f"/a/{n:02}", title=f"No. {n:02}", published=NOON + timedelta(n))
        for n in range(25)
    ]
    with NewsServer(items) as server:
        assert titles(server, ITEM.source) == [f"No. {n:02}" for n in reversed(range(25))][:ENTRIES]


def test_feeds_have_plain_addresses_and_the_aggregator_comes_last(server: NewsServer) -> None:
    assert [(name, url.removeprefix(server.base_url), language) for name, url, language, _ in server.feeds()] == [
        ("Harbour Wire", "/feeds/harbour-wire.xml", "en"),
        ("L’Écho des Mornes", "/feeds/l-echo-des-mornes.xml", "fr"),
        ("Turtle Bay Notebook", "/feeds/turtle-bay-notebook.xml", "en"),
        (AGGREGATOR, "/feeds/world-press-index.xml", None),
    ]


@pytest.mark.parametrize("source", [ITEM.source, ATOM.source], ids=["rss", "atom"])
def test_markup_in_a_title_arrives_as_the_text_that_it_is(server: NewsServer, source: str) -> None:
    [address] = [address for address in server.feeds() if address.outlet == source]
    body = Answer(address.url).body
    assert b"<script" not in body
    assert b"A &amp; B lead &lt;script&gt;" in body


# --------------------------------------------------------------------------- conditional requests


@pytest.mark.parametrize("outlet", [ITEM.source, ATOM.source, AGGREGATOR], ids=["rss", "atom", "aggregator"])
@pytest.mark.parametrize(("asked", "told"), [("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")])
def test_a_client_that_has_the_feed_is_told_so_until_something_new_comes(outlet: str, asked: str, told: str) -> None:
    later = [replace(item, id=f"{item.id}2", url=f"{item.url}2", published=NOON + timedelta(hours=1)) for item in ITEMS]
    with NewsServer([*ITEMS, *later]) as server:
        [address] = [address for address in server.feeds() if address.outlet == outlet]
        server.show_until(NOON)
        first = Answer(address.url)
        headers = {asked: first.headers[told]}
        again = Answer(address.url, headers)
        server.show_until(NOON + timedelta(hours=1))
        new = Answer(address.url, headers)
    assert (first.status, again.status, new.status) == (200, 304, 200)
    assert again.body == b""
    assert again.headers["ETag"] == first.headers["ETag"] != new.headers["ETag"]
    assert not first.headers["ETag"].startswith("W/")


def test_the_etag_decides_where_the_date_says_otherwise(server: NewsServer) -> None:
    url = server.feeds()[0].url
    date = Answer(url).headers["Last-Modified"]
    assert Answer(url, {"If-None-Match": '"other"', "If-Modified-Since": date}).status == 200


def test_the_same_moment_has_the_same_bytes(server: NewsServer) -> None:
    urls = [address.url for address in server.feeds()] + [server.base_url + ITEM.url]
    assert [Answer(url).body for url in urls] == [Answer(url).body for url in urls]


# --------------------------------------------------------------------------- the clock of the script


def test_what_is_published_later_is_in_no_feed_and_has_no_page() -> None:
    later = replace(ITEM, id="ha-2", url="/a/ha-2", title="Later", published=NOON + timedelta(seconds=1))
    with NewsServer([later, *ITEMS]) as server:
        server.show_until(NOON)
        assert titles(server, ITEM.source) == [ITEM.title]
        assert len(titles(server, AGGREGATOR)) == len(ITEMS)
        assert Answer(server.base_url + later.url).status == 404
        assert b"Later" not in Answer(server.base_url + ITEM.url).body
        server.show_until(later.published)
        assert titles(server, ITEM.source) == ["Later", ITEM.title]
        assert Answer(server.base_url + later.url).status == 200


def test_before_the_first_item_feeds_are_valid_and_empty(server: NewsServer) -> None:
    server.show_until(NOON - timedelta(days=1))
    for address in server.feeds():
        parsed = feed(server, address.outlet)
        assert parsed.version
        assert not parsed.entries


def test_an_update_takes_the_place_of_its_article_under_the_same_address() -> None:
    update = replace(ITEM, id="ha-1-u1", title="Updated", text="New text.", published=NOON + timedelta(hours=2))
    with NewsServer([*ITEMS, update]) as server:
        server.show_until(NOON)
        [before] = feed(server, ITEM.source).entries
        server.show_until(update.published)
        [after] = feed(server, ITEM.source).entries
        page = Answer(server.base_url + ITEM.url).body.decode()
    assert (before.id, before.title) == (after.id, ITEM.title)
    assert after.title == "Updated"
    assert "New text." in page
    assert "Second paragraph." not in page


# --------------------------------------------------------------------------- the aggregator


def test_the_aggregator_names_the_outlet_and_its_link_leads_to_the_article(server: NewsServer) -> None:
    entries = {entry.source.title: entry for entry in feed(server, AGGREGATOR).entries}
    assert set(entries) == {item.source for item in ITEMS}
    for item in ITEMS:
        entry = entries[item.source]
        assert entry.title == f"{item.title} - {item.source}"
        assert entry.link.startswith(f"{server.base_url}/r/")
        answer = Answer(entry.link)
        assert (answer.status, answer.headers["Location"]) == (302, server.base_url + item.url)


def test_the_aggregators_link_for_an_article_changes_with_the_day_and_the_old_one_still_works(
    server: NewsServer,
) -> None:
    first = {entry.link for entry in feed(server, AGGREGATOR).entries}
    server.show_until(NOON + timedelta(days=1))
    second = {entry.link for entry in feed(server, AGGREGATOR).entries}
    assert not first & second
    assert {Answer(link).status for link in first | second} == {302}


@pytest.mark.parametrize("path", ["/r/nonsense", "/r/%FF", "/r/", "/feeds/nobody.xml", "/a/nothing", "/"])
def test_an_address_that_leads_nowhere_is_not_found(server: NewsServer, path: str) -> None:
    assert Answer(server.base_url + path).status == 404


# --------------------------------------------------------------------------- pages


def test_a_page_has_the_text_in_paragraphs_and_escaped() -> None:
    neighbours = [replace(ITEM, id=f"n{n}", url=f"/a/n{n}", title=f"Neighbour {n}") for n in range(4)]
    with NewsServer([ITEM, *neighbours]) as server:
        body = Answer(server.base_url + ITEM.url).body
    tree = html.document_fromstring(body)
    assert not tree.xpath("//script")
    assert [p.text_content() for p in tree.xpath("//article/p")] == ITEM.text.splitlines()
    assert tree.xpath("string(//h1)") == ITEM.title
    assert tree.xpath("//meta[@name='description']/@content") == [ITEM.summary]
    assert tree.xpath("//link[@rel='alternate']/@href") == [server.feeds()[0].url]
    assert tree.xpath("//nav")
    assert tree.xpath("//section[@class='related']//a/@href") == ["/a/n3", "/a/n2", "/a/n1"]
    assert len(tree.xpath("//aside//a")) == len(neighbours)
    assert ITEM.source in tree.xpath("string(//footer)")


def test_a_page_is_in_the_language_of_its_article(server: NewsServer) -> None:
    tree = html.document_fromstring(Answer(server.base_url + FRENCH.url).body)
    assert tree.get("lang") == "fr"
    assert tree.xpath("string(//section/h2)") == "À lire aussi"


# --------------------------------------------------------------------------- starting and stopping


def test_nothing_listens_after_the_block() -> None:
    with NewsServer(ITEMS) as server:
        url = server.feeds()[0].url
        assert Answer(url).status == 200
    with pytest.raises(ConnectionRefusedError):
        Answer(url)


def test_the_server_says_that_its_port_is_taken() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="address already in use") as raised,
    ):
        NewsServer(ITEMS, port=other.getsockname()[1]).__enter__()
    assert raised.value.errno == errno.EADDRINUSE


# --------------------------------------------------------------------------- the mailbox


def mail(subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "monitor@example.org", "desk@example.org", subject
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message


def lines(message: EmailMessage) -> list[str]:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).splitlines()


def test_the_mailbox_keeps_each_mail_as_a_file_in_the_order_of_arrival(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    with Mailbox(folder) as mailbox, smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5) as client:
        client.send_message(mail("Haïti : une force", "Évidence."))
        assert [message["Subject"] for message in mailbox.messages()] == ["Haïti : une force"]
        client.send_message(mail("Second", ".\nA line that begins with a dot."))
    assert sorted(path.name for path in folder.iterdir()) == ["0001.eml", "0002.eml"]
    first, second = mailbox.messages()
    assert lines(first) == ["Évidence."]
    assert lines(second) == [".", "A line that begins with a dot."]


def test_a_mailbox_opened_again_keeps_what_it_had(tmp_path: Path) -> None:
    for subject in ("one", "two"):
        with Mailbox(tmp_path) as mailbox, smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5) as client:
            client.send_message(mail(subject, "text"))
    assert [message["Subject"] for message in mailbox.messages()] == ["one", "two"]


def test_a_mailbox_closes_although_a_client_is_still_connected(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        client = smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        client.send_message(mail("late", "text"))
    client.close()
    assert mailbox.messages() == []


def test_the_mailbox_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="address already in use"):
        Mailbox(tmp_path, port=other.getsockname()[1]).__enter__()


# --------------------------------------------------------------------------- the scripted year

NEWS = load_news()

DATED_FACTS = [
    ("2025-02-25", "funding", "proposed"),
    ("2025-05-20", "leadership", "proposed"),
    ("2025-06-27", "mandate", "decided"),
    ("2025-08-28", "mandate", "proposed"),
    ("2025-09-30", "mandate", "decided"),
    ("2025-10-02", "leadership", "effective"),
    ("2025-12-02", "leadership", "decided"),
    ("2025-12-08", "composition", "effective"),
    ("2026-01-22", "composition", "proposed"),
    ("2026-02-17", "composition", "effective"),
    ("2026-03-21", "composition", "decided"),
]
"""What happened, as the script dates it."""


def reports(day: str, change: str, stage: str) -> list[NewsItem]:
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return [
        item
        for item in NEWS
        if (change, stage) in item.change and start <= item.published < start + timedelta(days=3) and item.trap is None
    ]


@pytest.mark.parametrize(("day", "change", "stage"), DATED_FACTS, ids=" ".join)
def test_each_dated_fact_has_several_reports_in_several_languages_and_a_copied_wire_story(
    day: str, change: str, stage: str
) -> None:
    told = reports(day, change, stage)
    assert 4 <= len(told) <= 9
    assert len({item.language for item in told}) >= 2
    [(story, copies)] = Counter(item.story for item in told).most_common(1)
    same = [item for item in told if item.story == story]
    assert 4 <= copies <= 6
    assert len({item.source for item in same}) == len({item.title for item in same}) == copies
    assert len({item.text for item in same}) == copies


def test_every_trap_of_the_script_is_a_known_one() -> None:
    assert {item.trap for item in NEWS} == {*TRAPS, "update", None}


def test_every_change_belongs_to_a_dated_fact() -> None:
    days = {datetime.fromisoformat(day).replace(tzinfo=UTC) for day, _, _ in DATED_FACTS}
    for item in NEWS:
        assert all(change in CHANGES and stage in STAGES for change, stage in item.change)
        if item.change:
            assert any(day <= item.published < day + timedelta(days=3) for day in days), item.id


def test_the_script_runs_in_order_through_fourteen_months_in_three_languages() -> None:
    moments = [item.published for item in NEWS]
    assert moments == sorted(moments)
    assert all(moment.utcoffset() == timedelta(0) for moment in moments)
    assert (f"{moments[0]:%Y-%m}", f"{moments[-1]:%Y-%m}") == ("2025-02", "2026-03")
    assert {item.language for item in NEWS} == {"en", "fr", "es"}
    assert 90 <= len(NEWS) <= 120
    assert 10 <= len({item.source for item in NEWS}) <= 14


def test_ids_differ_and_only_an_update_shares_its_address() -> None:
    assert len({item.id for item in NEWS}) == len(NEWS)
    first: dict[str, NewsItem] = {}
    for item in NEWS:
        earlier = first.setdefault(item.url, item)
        assert (item.trap == "update") == (earlier is not item)
        if item.trap == "update":
            assert item.id.startswith(f"{earlier.id}-u")
            assert (item.source, item.story, item.change) == (earlier.source, earlier.story, earlier.change)
            assert item.published > earlier.published
            assert item.text != earlier.text


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_is_set_and_changes_nothing(trap: str) -> None:
    set_here = [item for item in NEWS if item.trap == trap]
    assert set_here
    assert all(item.change == () for item in set_here)


@pytest.mark.parametrize("item", NEWS, ids=lambda item: item.id)
def test_an_item_reads_like_a_short_report(item: NewsItem) -> None:
    paragraphs = item.text.split("\n")
    assert 2 <= len(paragraphs) <= 5
    assert all(paragraph == paragraph.strip() != "" for paragraph in paragraphs)
    assert 60 <= len(item.text.split()) <= 220
    assert item.title
    assert item.summary
    assert item.url.startswith("/a/")
