"""A JSON Feed is read leniently: a bad field is missing, a bad item costs no other, and what is none says so."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.models import Entry, ParsedFeed
from monitor.parse import MAX_ENTRIES, MAX_TEXT, MAX_TITLE, parse_feed
from tests.hanging import not_hanging

SAMPLE = (Path(__file__).parent / "samples" / "feeds" / "jsonfeed.json").read_bytes()
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
VERSION = "https://jsonfeed.org/version/1"


def parse(body: bytes | str, **headers: str) -> ParsedFeed:
    content = body.encode() if isinstance(body, str) else body
    return parse_feed(content, url="https://post.example/feed.json", now=NOW, headers=headers)


def feed_of(*items: Any, **more: Any) -> ParsedFeed:
    return parse(json.dumps({"version": VERSION, "items": items, **more}))


def only(**item: Any) -> Entry:
    (entry,) = feed_of(item).entries
    return entry


def test_a_json_feed_is_read_with_all_that_its_items_say() -> None:
    feed = parse(SAMPLE)
    assert (feed.title, feed.language, feed.format) == ("Harbour & Lagoon Post", "fr", "JSON Feed")
    assert feed.entries[0] == Entry(
        title="Norland offers to lead the mission",
        link="https://post.example/2026/offer",
        guid="https://post.example/2026/offer",
        summary="The ministry said so & the envoy nodded.",
        content="The ministry said so on Tuesday.\nFirst\nSecond",
        published=datetime(2026, 4, 28, 8, 0, tzinfo=UTC),
        authors=("Ann Lee",),
        language="en",
    )


def test_an_item_of_version_1_with_a_number_for_an_id_and_plain_text_is_read_too() -> None:
    assert parse(SAMPLE).entries[1] == Entry(
        title="Two ships < three ships.",
        link="https://ministry.example/fleet",
        guid="4711",
        content="Two ships < three ships.\nThey sail <b>soon</b>.",
        published=datetime(2026, 4, 27, 8, 30, tzinfo=UTC),
        authors=("Leo Paz",),
    )


def test_what_is_wrong_in_an_item_is_missing_and_the_item_has_the_feeds_authors() -> None:
    assert parse(SAMPLE).entries[2] == Entry(title="Cranes ’stand’ idle", guid="last", authors=("The news desk",))


def test_items_that_are_none_are_left_out_and_counted() -> None:
    feed = parse(SAMPLE)
    assert len(feed.entries) == 3
    assert feed.warning == "2 of its items are no objects or say nothing, and were left out"


@pytest.mark.parametrize("kind", ["text/html", "application/rss+xml", "application/octet-stream", ""])
def test_it_is_known_by_its_content_whatever_the_server_calls_it(kind: str) -> None:
    assert len(parse(SAMPLE, **{"content-type": kind}).entries) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_it_may_come_in_any_unicode(encoding: str) -> None:
    assert parse(SAMPLE.decode().encode(encoding)) == parse(SAMPLE)


def test_white_space_before_it_and_an_old_charset_within_do_not_matter() -> None:
    body = f'\r\n {{"version": "{VERSION}", "items": [{{"title": "Haïti déploie"}}]}}'
    assert parse(body).entries[0].title == "Haïti déploie"
    assert parse(body.encode("latin-1")).entries[0].title == "Ha\ufffdti d\ufffdploie"


@pytest.mark.parametrize("version", [VERSION, f"{VERSION}.1", "http://jsonfeed.org/version/1", f"{VERSION}.9"])
def test_every_version_of_the_standard_is_one(version: str) -> None:
    assert parse(json.dumps({"version": version, "items": []})) == ParsedFeed((), format="JSON Feed")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param('{"items": []}', "JSON, not with an RSS or Atom feed; it is no JSON Feed either", id="no version"),
        pytest.param('{"version": 1, "items": []}', "no JSON Feed either", id="version of another kind"),
        pytest.param('{"version": "2.0", "items": []}', "no JSON Feed either", id="version of something else"),
        pytest.param('[{"title": "x"}]', "no JSON Feed either", id="a list"),
        pytest.param(f'{{"version": "{VERSION}"}}', "no list of `items`", id="no items"),
        pytest.param(f'{{"version": "{VERSION}", "items": {{}}}}', "no list of `items`", id="items of another kind"),
        pytest.param(SAMPLE[:700], "JSON that is damaged", id="cut off"),
        pytest.param("{not JSON}", "JSON that is damaged: .* column 2", id="words in braces"),
        pytest.param("[" * 200_000, "nested too deeply", id="brackets without end"),
        pytest.param(f'{{"version": "{VERSION}", "items": [' + '{"a":' * 200_000, "nested too deeply", id="objects"),
    ],
)
def test_other_json_says_what_it_is(body: bytes | str, message: str) -> None:
    with pytest.raises(ParseError, match=message), not_hanging():
        parse(body)


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    body = f'{{"version": "no", "items": 5, "version": "{VERSION}", "items": [{{"title": "a", "title": "b"}}]}}'
    assert parse(body).entries[0].title == "b"


def test_numbers_that_are_none_or_huge_do_no_harm() -> None:
    digits = "9" * 100_000
    items = (
        f'{{"id": {digits}, "title": "Large"}}, {{"id": NaN, "title": "None"}}, {{"id": -Infinity, "title": "Less"}}'
    )
    feed = parse(f'{{"version": "{VERSION}", "items": [{items}, {{"id": 1e999, "title": "Odd"}}]}}')
    assert [entry.guid for entry in feed.entries] == [digits[:2000], None, None, "1e999"]


def test_half_characters_and_control_characters_can_be_stored() -> None:
    entry = only(id="\ud800", title="Ships\x00 \ud83d sail", content_text="a\u202eb\x0cc\udc00", url="/\ud800x")
    assert (entry.title, entry.content, entry.guid) == ("Ships ? sail", "ab c?", "?")
    assert entry.link == "https://post.example/x"


def test_a_line_break_within_a_string_is_no_damage() -> None:
    assert parse(f'{{"version": "{VERSION}", "items": [{{"title": "Two\nlines"}}]}}').entries[0].title == "Two lines"


def test_titles_and_texts_without_end_are_cut() -> None:
    entry = only(title="t" * 1_000_000, summary="s" * 300_000, content_text="c" * 300_000)
    assert (len(entry.title), len(entry.summary), len(entry.content)) == (MAX_TITLE, MAX_TEXT, MAX_TEXT)


def test_a_flood_of_items_is_cut_with_a_warning() -> None:
    feed = feed_of(7, *({"title": f"Item {number}"} for number in range(9_999)))
    assert (len(feed.entries), feed.entries[-1].title) == (MAX_ENTRIES - 1, f"Item {MAX_ENTRIES - 2}")
    assert feed.warning == (
        "1 of its items are no objects or say nothing, and were left out; "
        f"{10_000 - MAX_ENTRIES} entries beyond the first {MAX_ENTRIES} were left out"
    )


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        pytest.param("2026-04-28T10:00:00Z", datetime(2026, 4, 28, 10, tzinfo=UTC), id="in UTC"),
        pytest.param("2026-04-28T10:00:00.123-04:00", datetime(2026, 4, 28, 14, 0, 0, 123000, tzinfo=UTC), id="offset"),
        pytest.param("2026-04-28T10:00:00", datetime(2026, 4, 28, 10, tzinfo=UTC), id="without an offset"),
        pytest.param("2026-04-28", datetime(2026, 4, 28, tzinfo=UTC), id="a day"),
        pytest.param("1970-01-01T00:00:00Z", None, id="the epoch"),
        pytest.param("2099-01-01T00:00:00Z", None, id="years ahead"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="before the calendar"),
        pytest.param("9999-12-31T23:59:59-14:00", None, id="after the calendar"),
        pytest.param("yesterday", None, id="words"),
        pytest.param(1_777_000_000, None, id="a number"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_dates_are_moments_that_can_be(value: object, moment: datetime | None) -> None:
    assert only(title="x", date_published=value).published == moment


def test_where_a_date_cannot_be_the_one_of_the_change_counts() -> None:
    entry = only(title="x", date_published="2099-01-01", date_modified="2026-04-28")
    assert entry.published == datetime(2026, 4, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({"url": "https://post.example/a", "external_url": "https://other.example/"}, "https://post.example/a"),
        ({"url": "data:text/html,x", "external_url": "https://other.example/"}, "https://other.example/"),
        ({"url": "b"}, "https://post.example/b"),
        ({"url": "javascript:alert(1)"}, None),
        ({"url": {"href": "https://post.example/"}}, None),
    ],
)
def test_only_web_pages_are_links(fields: dict[str, Any], link: str | None) -> None:
    assert only(title="x", **fields).link == link


def test_an_item_without_a_title_goes_by_its_text_or_its_link() -> None:
    assert only(content_html="<p>First line.</p><p>Second.</p>").title == "First line."
    assert only(url="/only").title == "https://post.example/only"


# --------------------------------------------------------------------------- damage

PIECES = [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\ud800", b"null", b"1e9999", b"NaN", b"\xff", b"\x00",
          b'"items":', b'{"name":', b"-", b"\xef\xbb\xbf"]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
KEYS = st.sampled_from(["id", "url", "external_url", "title", "summary", "content_html", "content_text",
                        "date_published", "date_modified", "author", "authors", "language"])  # fmt: skip


def usable(body: bytes) -> None:
    try:
        with not_hanging():
            feed = parse(body)
    except ParseError:
        return
    for entry in feed.entries:
        assert entry.title
        "".join([entry.title, entry.link or "", entry.guid or "", entry.content, *entry.authors]).encode("utf-8")


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 9)), max_size=4), st.floats(0.3, 2))
def test_no_damage_to_its_bytes_raises_anything_but_a_parse_error(
    wounds: list[tuple[float, bytes, int]], cut: float
) -> None:
    body = SAMPLE
    for where, piece, length in wounds:
        at = int(where * len(body))
        body = body[:at] + piece + body[at + length :]
    usable(body[: int(len(body) * cut)])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES) | VALUES, max_size=4), VALUES, VALUES)
def test_no_value_in_any_place_raises_anything(items: list[Any], authors: Any, title: Any) -> None:
    feed = feed_of(*items, authors=authors, title=title)
    assert len(feed.entries) <= len(items)
    usable(json.dumps({"version": VERSION, "items": items, "author": authors}).encode())
