"""Lists of feeds go out as OPML 2.0 and come in from anybody, in whatever state, without harm."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import MonitorError
from monitor.models import Read
from monitor.opml import MAX_BYTES, read_opml, write_opml
from monitor.schema import FeedSection
from monitor.sources import Plan, Wish, plan
from tests.hanging import not_hanging

NOW = datetime(2025, 9, 30, 12, 0, tzinfo=UTC)
FEEDS = (
    FeedSection(name="Harbour Post", url="https://harbour.example/feed?a=1&b=2", language="fr", outlet='"Le" <Port>'),
    FeedSection(name="Tides & Co", url="https://tides.example/rss", read=Read.NEVER),
    FeedSection(name="Lagoon, été", url="http://lagoon.example/"),
)


def opml(*outlines: str, head: str = "") -> str:
    return f'{head}<opml version="1.1"><head/><body>{"".join(outlines)}</body></opml>'


def outline(url: str, **more: str) -> str:
    rest = " ".join(f'{key}="{value}"' for key, value in more.items())
    return f'<outline type="rss" xmlUrl="{url}" {rest}/>'


def planned(text: str | bytes, *feeds: FeedSection) -> Plan:
    return plan(read_opml(text if isinstance(text, bytes) else text.encode()), feeds)


def refusal(content: bytes) -> str:
    with pytest.raises(MonitorError) as raised:
        read_opml(content)
    return str(raised.value)


def test_what_goes_out_is_opml_2_that_other_readers_know() -> None:
    root = ET.fromstring(write_opml(FEEDS, NOW))  # noqa: S314  our own
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/dateCreated") == "Tue, 30 Sep 2025 12:00:00 GMT"
    first = root.findall("body/outline")[0].attrib
    space = "{urn:haiti-monitor:opml}"
    assert first == {
        "type": "rss",
        "text": "Harbour Post",
        "title": "Harbour Post",
        "xmlUrl": "https://harbour.example/feed?a=1&b=2",
        "language": "fr",
        f"{space}outlet": '"Le" <Port>',
    }


def test_what_went_out_comes_in_the_same() -> None:
    assert planned(write_opml(FEEDS, NOW)).added == FEEDS
    assert planned(write_opml(FEEDS, NOW), *FEEDS).added == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=4))
def test_whatever_a_feed_is_called_it_goes_out_as_xml_and_comes_in(texts: list[tuple[str, str]]) -> None:
    feeds = [
        FeedSection(name=name, url=f"https://{n}.example/", outlet=outlet) for n, (name, outlet) in enumerate(texts)
    ]
    assert [feed.url for feed in planned(write_opml(feeds, NOW)).added] == [feed.url for feed in feeds]


def test_feeds_are_found_at_any_depth_and_folders_are_passed_over() -> None:
    inner = f'<outline text="News">{"<outline>" * 50_000}{outline("https://deep.example/rss", text="Deep")}'
    text = opml(inner + "</outline>" * 50_001, outline("https://a.example/rss", title="A", text="B"))
    with not_hanging():
        assert [(one.url, one.name) for one in read_opml(text.encode())] == [
            ("https://deep.example/rss", "Deep"),
            ("https://a.example/rss", "A"),
        ]
    link = '<outline type="link" url="https://page.example/"/><outline text="Notes"/>'
    assert read_opml(opml(link).encode()) == []


def test_attributes_are_known_in_every_spelling() -> None:
    text = opml('<OUTLINE XMLURL="feed://a.example/rss" TEXT="A"/><outline type="RSS" url="https://b.example/rss"/>')
    assert [feed.url for feed in planned(text).added] == ["https://a.example/rss", "https://b.example/rss"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(opml(outline("https://a.example/", text="Été"), head="").encode(), "Été", id="UTF-8"),
        pytest.param(
            opml(outline("https://a.example/", text="Été"), head='<?xml version="1.0" encoding="utf-16"?>').encode(),
            "Été",
            id="declared as UTF-16, and UTF-8",
        ),
        pytest.param(
            opml(outline("https://a.example/", text="Été"), head='<?xml version="1.0"?>').encode("utf-16"),
            "Été",
            id="UTF-16",
        ),
        pytest.param(
            opml(outline("https://a.example/", text="Été"), head='<?xml version="1.0" encoding="utf-8"?>').encode(
                "latin-1"
            ),
            "Été",
            id="declared as UTF-8, and Latin-1",
        ),
        pytest.param(
            opml(outline("https://a.example/", text="Лагуна"), head='<?xml version="1.0" encoding="koi8-r"?>').encode(
                "koi8-r"
            ),
            "Лагуна",
            id="KOI8-R",
        ),
        pytest.param(
            opml(outline("https://a.example/", text="Été"), head='<?xml version="1.0" encoding="punycode"?>').encode(
                "cp1252"
            ),
            "Été",
            id="a charset that is none",
        ),
        pytest.param(b"\xef\xbb\xbf\n " + opml(outline("https://a.example/", text="A")).encode(), "A", id="a mark"),
        pytest.param(
            opml(outline("https://a.example/", text="A&nbsp;B &amp; C &eacute;")).encode(), "A B & C é", id="&"
        ),
        pytest.param(opml(outline("https://a.example/", text="A\x07 &#x0; &#31; B")).encode(), "A B", id="controls"),
        pytest.param(opml(outline("https://a.example/")).encode(), "a.example", id="no title"),
        pytest.param(opml(outline("https://www.a.example/", text="  ")).encode(), "a.example", id="an empty title"),
    ],
)
def test_a_name_is_read_whatever_the_file_says_of_itself(content: bytes, name: str) -> None:
    assert [feed.name for feed in planned(content).added] == [name]


def test_a_bare_ampersand_in_an_address_is_what_was_meant() -> None:
    assert (
        planned(opml(outline("https://a.example/?a=1&b=2&copy=3"))).added[0].url == "https://a.example/?a=1&b=2&copy=3"
    )


BOMB = '<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(opml(outline("https://&b;/"), head=BOMB).encode(), "<!DOCTYPE", id="a bomb"),
        pytest.param(opml(outline("https://&a;/"), head=EXTERNAL).encode(), "<!DOCTYPE", id="a file"),
        pytest.param(opml(head='<!DOCTYPE opml SYSTEM "http://x.example/a.dtd">').encode(), "<!DOCTYPE", id="a DTD"),
        pytest.param(b"<rss><channel/></rss>", "it begins with <rss>, not with <opml>", id="a feed"),
        pytest.param(b"<html><body>", "it begins with <html>", id="a page"),
        pytest.param(b"feeds: []", "the file is no OPML: syntax error in line 1", id="no XML"),
        pytest.param(b"<opml><body><outline></body>", "mismatched tag in line 1, column 2", id="damage"),
        pytest.param(b"<opml><body>", "the file is no OPML: no element found", id="cut off"),
        pytest.param(b" \n", "the file is empty", id="nothing"),
        pytest.param(b" " * (MAX_BYTES + 1), "more than 10,000,000 bytes", id="too much"),
        pytest.param(bytes(range(256)), "the file is no OPML", id="bytes"),
    ],
)
def test_what_is_no_opml_or_could_harm_is_refused_in_words(content: bytes, message: str) -> None:
    with not_hanging():
        assert message in refusal(content)


def test_what_is_there_already_or_cannot_be_read_is_told_apart() -> None:
    text = opml(
        outline("http://www.harbour.example/feed?a=1&amp;b=2", text="The Post"),
        outline("ftp://files.example/rss", text="Files"),
        outline("https://new.example/rss", text="Harbour Post", language="pt-BR", read="sometimes"),
        outline("https://new.example/rss/", text="Again"),
        outline("https://new.example/other", text="Harbour Post"),
    )
    made = planned(text, *FEEDS)
    assert made.added == (
        FeedSection(name="Harbour Post (new.example)", url="https://new.example/rss", language="pt"),
        FeedSection(name="Harbour Post 2", url="https://new.example/other"),
    )
    assert [(url, feed.name) for url, feed in made.present] == [
        ("http://www.harbour.example/feed?a=1&b=2", "Harbour Post"),
        ("https://new.example/rss/", "Harbour Post (new.example)"),
    ]
    assert [url for url, _ in made.refused] == ["ftp://files.example/rss"]
    assert "is no web address" in made.refused[0][1]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://", "http://[", "", "https://a%b.example/", "mailto:a@b.c"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    made = plan([Wish(url, "A")], ())
    assert (made.added, len(made.refused)) == ((), 1)
