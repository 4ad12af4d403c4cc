"""A sitemap's addresses become entries, those of news with what it says of them; an index says what to use instead."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.formats import MAX_UNPACKED
from monitor.models import Entry, ParsedFeed
from monitor.parse import MAX_ENTRIES, MAX_TITLE, parse_feed
from monitor.sitemap import title_of
from tests.hanging import not_hanging

SAMPLES = Path(__file__).parent / "samples" / "feeds"
SAMPLE = (SAMPLES / "news_sitemap.xml").read_bytes()
INDEX = (SAMPLES / "sitemap_index.xml").read_bytes()
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def parse(body: bytes | str, **headers: str) -> ParsedFeed:
    content = body.encode() if isinstance(body, str) else body
    return parse_feed(content, url="https://post.example/news.xml", now=NOW, headers=headers)


def sitemap(*records: str, head: str = "") -> str:
    return f"{head}<urlset {SPACES}>{''.join(f'<url>{record}</url>' for record in records)}</urlset>"


def news(title: str, name: str = "Post") -> str:
    publication = f"<news:publication><news:name>{name}</news:name></news:publication>"
    return f"<news:news>{publication}<news:title>{title}</news:title></news:news>"


def test_a_news_sitemap_is_read_with_what_it_says_of_each_address() -> None:
    feed = parse(SAMPLE)
    assert (feed.title, feed.language, feed.warning) == ("Harbour Post", None, None)
    assert feed.entries == (
        Entry(
            title="Norland offers to lead the mission & pays for it",
            link="https://post.example/2026/offer-4711023.html",
            published=datetime(2026, 4, 28, 8, 0, tzinfo=UTC),
            language="en",
        ),
        Entry(
            title="Le conseil prolonge le mandat",
            link="https://post.example/fr/2026-04-27-le-conseil-prolonge-le-mandat-a1b2c3d4/",
            language="fr",
        ),
        Entry(title="Dated in the year 2090"),
    )


def test_names_that_differ_are_the_outlets_of_an_aggregator() -> None:
    feed = parse(sitemap(news("One", "Post"), news("Two", "Times"), news("Three", "")))
    assert [entry.outlet for entry in feed.entries] == ["Post", "Times", None]
    assert feed.title == ""
    same = parse(sitemap(news("One"), news("Two")))
    assert ([entry.outlet for entry in same.entries], same.title) == ([None, None], "Post")


@pytest.mark.parametrize("kind", ["text/html", "application/rss+xml", "application/gzip", ""])
def test_it_is_known_by_its_content_whatever_the_server_calls_it(kind: str) -> None:
    assert len(parse(SAMPLE, **{"content-type": kind}).entries) == 3


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(SAMPLE.decode().replace("UTF-8", "UTF-16").encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + SAMPLE, id="with a byte order mark"),
        pytest.param(SAMPLE.decode().replace("UTF-8", "windows-1252").encode("windows-1252"), id="an old charset"),
        pytest.param(gzip.compress(SAMPLE), id="packed"),
        pytest.param(gzip.compress(SAMPLE[:500]) + gzip.compress(SAMPLE[500:]), id="packed in two parts"),
        pytest.param(SAMPLE.replace(b"<urlset", b"<s:urlset").replace(b"</urlset", b"</s:urlset"), id="with a prefix"),
    ],
)
def test_it_may_come_in_other_clothes(body: bytes) -> None:
    body = body.replace(b"<s:urlset xmlns=", b'<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns=')
    assert parse(body).entries == parse(SAMPLE).entries


def test_a_packed_feed_of_another_kind_is_read_as_well() -> None:
    feed = parse(gzip.compress((SAMPLES / "rss.xml").read_bytes()))
    assert feed.title == "Harbour & Lagoon Post"


def test_an_index_names_the_sitemaps_to_use_instead_those_of_news_first() -> None:
    with pytest.raises(ParseError) as caught:
        parse(INDEX)
    assert str(caught.value) == (
        "this is an index of sitemaps, no sitemap; use one of the 4 that it lists, such as "
        "https://post.example/sitemap-news.xml.gz, https://post.example/sitemap-2024.xml, "
        "https://post.example/sitemap-2025.xml"
    )


def test_an_index_that_lists_nothing_says_so() -> None:
    with pytest.raises(ParseError, match="lists none"):
        parse("<sitemapindex><sitemap><loc>javascript:alert(1)</loc></sitemap></sitemapindex>")


# --------------------------------------------------------------------------- plain sitemaps


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("https://p.example/2026/norland-offers-to-lead-the-mission", "Norland offers to lead the mission"),
        ("https://p.example/norland_offers_to_lead.html?x=y#z", "Norland offers to lead"),
        ("https://p.example/norland+offers+to+lead.php/", "Norland offers to lead"),
        ("https://p.example/norland-offers-to-lead/4711023", "Norland offers to lead"),
        ("https://p.example/2026-04-28-norland-offers-to-lead-4711023", "Norland offers to lead"),
        ("https://p.example/norland-offers-to-lead-9f8e7d6c", "Norland offers to lead"),
        ("https://p.example/norland-sends-20-ships-in-2026", "Norland sends 20 ships in 2026"),
        ("https://p.example/norland-fights-covid19", "Norland fights covid19"),
        ("https://p.example/le-conseil-a-d%C3%A9cid%C3%A9", "Le conseil a décidé"),
        ("https://p.example/a%00b-%FF-c-d%E2%80%AE-e", "Ab \ufffd c d e"),
        pytest.param("https://p.example/" + "word-" * 1000, ("Word" + " word" * 1000)[:MAX_TITLE], id="without end"),
        ("https://p.example/about-us", ""),
        ("https://p.example/2026/04/28/4711023.html", ""),
        ("https://p.example/", ""),
        ("https://p.example", ""),
        ("", ""),
    ],
)
def test_the_title_of_an_address_is_its_last_words_if_they_are_a_headline(address: str, title: str) -> None:
    assert title_of(address) == title


def test_a_plain_sitemap_gives_undated_headlines_and_leaves_sections_out() -> None:
    feed = parse(
        sitemap(
            "<loc>https://post.example/norland-offers-to-lead</loc><lastmod>2026-04-28</lastmod>",
            "<loc>https://post.example/sport</loc>",
            "<loc>ftp://post.example/norland-offers-to-lead</loc>",
            "<lastmod>2026-04-28</lastmod>",
        )
    )
    assert feed.entries == (Entry("Norland offers to lead", "https://post.example/norland-offers-to-lead"),)
    assert feed.warning is None


def test_a_sitemap_without_any_headline_warns() -> None:
    assert parse(sitemap("<loc>https://post.example/sport</loc>")).warning == (
        "none of its addresses has a title, in the sitemap or in its own words"
    )
    assert parse(sitemap()) == ParsedFeed((), format="sitemap of news")


# --------------------------------------------------------------------------- damage


def test_a_damaged_sitemap_gives_what_could_be_read_and_a_warning() -> None:
    feed = parse(SAMPLE[: SAMPLE.index(b"2090")])
    assert len(feed.entries) == 2
    assert feed.warning is not None
    assert feed.warning.startswith("the feed is damaged: ")


@pytest.mark.parametrize("charset", ["no-such-charset", "shift_jis"])
def test_a_charset_that_nobody_knows_is_damage(charset: str) -> None:
    feed = parse(sitemap(news("One"), head=f'<?xml version="1.0" encoding="{charset}"?>'))
    assert feed.entries == ()
    assert feed.warning is not None
    assert feed.warning.startswith("the feed is damaged and no entry could be read: ")


@pytest.mark.parametrize(
    "declaration",
    [
        pytest.param("<!DOCTYPE urlset>", id="bare"),
        pytest.param('<!DOCTYPE urlset SYSTEM "file:///etc/hostname">', id="external"),
        pytest.param(
            '<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>', id="bomb"
        ),
        pytest.param('<!DOCTYPE u [<!ENTITY a SYSTEM "file:///etc/hostname">]>', id="external entity"),
        pytest.param("<!-- x --> <!DOCTYPE u\n[ <!-- ]> --> ]>", id="hidden"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_document_type_is_refused(declaration: str, packed: bool) -> None:
    body = sitemap(news("One &c;"), head=f'<?xml version="1.0"?>{declaration}').encode()
    with pytest.raises(ParseError):
        parse(gzip.compress(body) if packed else body)


def test_a_refused_document_type_is_named() -> None:
    with pytest.raises(ParseError, match="declares a document type"):
        parse(sitemap(head="<!DOCTYPE urlset>"))


def test_a_packed_bomb_is_not_unpacked() -> None:
    with pytest.raises(ParseError, match="a gzip file of more than 10,000,000 bytes"):
        parse(gzip.compress(b"\0" * (MAX_UNPACKED + 1)))
    assert MAX_UNPACKED == 10_000_000


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b", gzip.compress(SAMPLE)[:-9], b"\x1f\x8b not packed at all"], ids=["two bytes", "cut", "words"]
)
def test_what_only_begins_like_a_packed_file_says_so(body: bytes) -> None:
    with pytest.raises(ParseError, match="cannot be unpacked"):
        parse(body)


def test_a_packed_nothing_is_an_empty_answer() -> None:
    with pytest.raises(ParseError, match="the answer is empty"):
        parse(gzip.compress(b""))


def test_a_flood_of_addresses_is_cut_with_a_warning() -> None:
    feed = parse(sitemap(*(news(f"Headline {number}") for number in range(10_000))))
    assert (len(feed.entries), feed.entries[-1].title) == (MAX_ENTRIES, f"Headline {MAX_ENTRIES - 1}")
    assert feed.warning == f"{10_000 - MAX_ENTRIES} entries beyond the first {MAX_ENTRIES} were left out"


def test_a_title_without_end_is_cut_and_foreign_markup_is_none() -> None:
    assert len(parse(sitemap(news("t" * 1_000_000))).entries[0].title) == MAX_TITLE
    assert parse(sitemap(news("a &lt;script&gt;x&lt;/script&gt; &amp;amp; b\x7f"))).entries[0].title == "a & b"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<urlset>" + "<a>" * 1_000_000, id="elements without end"),
        pytest.param("<urlset>" + "<url>" * 500_000 + "</url>" * 500_000 + "</urlset>", id="addresses within others"),
        pytest.param("<urlset " + " ".join(f'a{n}=""' for n in range(200_000)) + "/>", id="attributes"),
        pytest.param("<urlset " + " ".join(f'xmlns:a{n}="u"' for n in range(100_000)) + "/>", id="namespaces"),
        pytest.param("<urlset>" + "&amp;" * 1_000_000 + "</urlset>", id="entities"),
        pytest.param("<urlset/>" + "<!---->" * 500_000, id="comments"),
        pytest.param("<!---->" * 500_000 + "<urlset/>", id="comments first"),
        pytest.param("<?x?>" * 800 + "<!--" * 900, id="beginnings"),
        pytest.param("<!DOCTYPE [" * 300, id="document types"),
        pytest.param(gzip.compress(b"") * 100_000, id="packed parts of nothing"),
        pytest.param("<urlset><url><loc>https://p.example/" + "-" * 1_000_000 + "</loc></url></urlset>", id="hyphens"),
        pytest.param("<urlset><url><loc>https://p.example/" + "/" * 1_000_000 + "</loc></url></urlset>", id="slashes"),
        pytest.param("<urlset><url><loc>https://p.example/" + "1-" * 500_000 + "</loc></url></urlset>", id="numbers"),
        pytest.param("<urlset><url><loc>https://p.example/" + "1" * 1_000_000 + "</loc></url></urlset>", id="number"),
    ],
)
def test_hostile_bytes_take_no_longer_than_their_length(body: bytes | str) -> None:
    with not_hanging():
        try:
            parse(body)
        except ParseError:
            return


BASES = [SAMPLE, INDEX, gzip.compress(SAMPLE), gzip.compress(INDEX)]
PIECES = [b"<", b">", b"&", b"]]>", b"<url>", b"</url>", b"<loc>", b"</loc>", b"<!DOCTYPE x [", b"<![CDATA[", b"&#0;",
          b"&#xD800;", b"\xff", b"\x00", b"<!--", b"<?", b"xmlns:news", b"\x1f\x8b", b"<urlset>", b"&x;"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(BASES),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 9)), max_size=4),
    st.floats(0.3, 2),
)
def test_no_damage_raises_anything_but_a_parse_error(
    base: bytes, wounds: list[tuple[float, bytes, int]], cut: float
) -> None:
    body = base
    for where, piece, length in wounds:
        at = int(where * len(body))
        body = body[:at] + piece + body[at + length :]
    try:
        with not_hanging():
            feed = parse(body[: int(len(body) * cut)])
    except ParseError:
        return
    for entry in feed.entries:
        assert entry.title
        "".join([entry.title, entry.link or "", entry.outlet or ""]).encode("utf-8")
