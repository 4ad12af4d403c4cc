"""Feeds become entries as their publishers meant them; what is no feed says what it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.models import Entry, ParsedFeed
from monitor.parse import MAX_ENTRIES, MAX_TEXT, MAX_TITLE, parse_feed, plain, plausible
from monitor.text import printable
from tests.hanging import not_hanging

SAMPLES = Path(__file__).parent / "samples" / "feeds"
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def parse(body: bytes | str, **headers: str) -> ParsedFeed:
    content = body.encode() if isinstance(body, str) else body
    return parse_feed(content, url="https://post.example/feed.xml", now=NOW, headers=headers)


def sample(name: str, **headers: str) -> ParsedFeed:
    return parse((SAMPLES / name).read_bytes(), **headers)


def rss(items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{head}{items}</channel></rss>'


def test_an_rss_feed_is_read_with_all_that_its_entries_say() -> None:
    feed = sample("rss.xml")
    assert (feed.title, feed.language, feed.pace.ttl, feed.warning) == (
        "Harbour & Lagoon Post",
        "fr",
        timedelta(minutes=30),
        None,
    )
    assert feed.entries[0] == Entry(
        title="Norland offers to lead the mission",
        link="https://post.example/2026/offer?utm_source=rss",
        guid="post-1",
        summary="The ministry said so & the envoy nodded.\nA vote follows.",
        content="The ministry said so on Tuesday.\nFirst\nSecond",
        published=datetime(2026, 4, 28, 8, 0, tzinfo=UTC),
        authors=("Ann Lee",),
    )


def test_dates_that_cannot_be_and_links_that_are_none_are_left_out() -> None:
    late, poet, untitled = sample("rss.xml").entries[1:]
    assert late.published is None
    assert (poet.published, poet.link) == (None, None)
    assert untitled.title == "A note without a headline."


def test_an_atom_feed_is_read_with_its_authors_and_the_moment_of_its_update() -> None:
    feed = sample("atom.xml")
    assert (feed.title, feed.language) == ("Diario del Puerto", "es")
    assert feed.entries == (
        Entry(
            title="Norlandia enviará policías",
            link="https://diario.example/1",
            guid="urn:diario:1",
            summary="El gobierno confirma el envío.",
            published=datetime(2026, 4, 28, 9, 0, tzinfo=UTC),
            authors=("Eva Ruiz", "Leo Paz"),
        ),
    )


def test_an_rdf_feed_is_read_with_its_dates_in_utc() -> None:
    entry = sample("rdf.xml").entries[0]
    assert (entry.title, entry.link) == ("Le Conseil prolonge le mandat", "https://lagune.example/7")
    assert entry.published == datetime(2026, 4, 27, 22, 30, tzinfo=UTC)


def test_an_aggregator_names_the_outlet_of_each_entry() -> None:
    entry = sample("aggregator.xml").entries[0]
    assert (entry.outlet, entry.guid) == ("The Lagoon Times", "abc")


def test_google_and_bing_name_the_outlet_each_in_its_own_way() -> None:
    google, bing = sample("google_news.xml").entries[0], sample("bing_news.xml").entries[0]
    assert (google.outlet, google.title) == (
        "The Lagoon Times",
        "Council votes on the mission today - The Lagoon Times",
    )
    assert google.summary == "Council votes on the mission today The Lagoon Times"
    assert (bing.outlet, bing.title) == ("The Lagoon Times", "Council votes on the mission today")
    assert (bing.guid, bing.summary) == (None, "The council of the lagoon votes today.")


def test_a_damaged_feed_gives_what_could_be_read_and_a_warning() -> None:
    feed = sample("damaged.xml")
    assert [entry.title for entry in feed.entries[:2]] == ["First & foremost", "Second"]
    assert feed.warning is not None
    assert feed.warning.startswith("the feed is damaged: ")
    assert "\n" not in feed.warning


def test_a_feed_in_another_charset_than_it_says_is_read_without_a_warning() -> None:
    feed = sample("wrong_charset.xml")
    assert feed.entries[0].title == "Haïti : déploiement confirmé"
    assert feed.warning is None


def test_a_wrong_content_type_is_no_damage() -> None:
    assert sample("rss.xml", **{"content-type": "text/plain"}).warning is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", "the answer is empty", id="nothing"),
        pytest.param(b" \r\n\t ", "the answer is empty", id="white space"),
        pytest.param((SAMPLES / "page.html").read_bytes(), "a web page, not with a feed", id="web page"),
        pytest.param(b"<html><body>Please log in</body></html>", "a web page, not with a feed", id="log-in page"),
        pytest.param(b'{"items": []}', "answers with JSON, not with an RSS or Atom feed", id="JSON"),
        pytest.param(b"just words", "is no RSS or Atom feed", id="words"),
        pytest.param(b"<a><b/></a>", "is no RSS or Atom feed", id="other XML"),
        pytest.param(bytes(range(256)), "is no RSS or Atom feed", id="bytes"),
        pytest.param(b"/etc/hostname", "is no RSS or Atom feed", id="name of a file"),
        pytest.param(b"https://post.example/feed", "is no RSS or Atom feed", id="address"),
    ],
)
def test_what_is_no_feed_says_what_it_is(body: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse(body)


def test_an_empty_feed_has_no_entries_and_nothing_to_warn_of() -> None:
    assert parse(rss("")) == ParsedFeed((), "T", format="RSS 2.0")


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("<title/><link>https://post.example/1</link>", id="empty title"),
        pytest.param("<link>https://post.example/1</link>", id="no title"),
    ],
)
def test_an_entry_without_words_is_named_by_its_link(item: str) -> None:
    assert parse(rss(f"<item>{item}</item>")).entries[0].title == "https://post.example/1"


@pytest.mark.parametrize(
    ("name", "sound", "broken", "kept"),
    [
        pytest.param("atom.xml", "<author><name>Eva", "<author<title>><name>Eva", 1, id="an author"),
        pytest.param("rss.xml", "</description>", "</descrip</source>tion>", 4, id="a summary"),
    ],
)
def test_a_field_in_ruins_does_not_take_the_feed_with_it(name: str, sound: str, broken: str, kept: int) -> None:
    body = (SAMPLES / name).read_text()
    assert sound in body
    assert len(parse(body.replace(sound, broken, 1)).entries) == kept


def test_a_time_to_live_in_ruins_is_none() -> None:
    feed = parse(rss("<item><title>Sound</title></item>", "<ttl two</title>"))
    assert (feed.pace.ttl, [entry.title for entry in feed.entries]) == (None, ["Sound"])


@pytest.mark.parametrize(
    ("value", "minutes"),
    [("60", 60), (" 5 ", 5), ("0", 0), ("", None), ("soon", None), ("-1", None), ("9" * 5000, None)],
)
def test_a_time_to_live_is_whole_minutes_or_nothing(value: str, minutes: int | None) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert parse(rss("", f"<ttl>{value}</ttl>")).pace.ttl == expected


@pytest.mark.parametrize(
    ("value", "code"), [("en-us", "en"), ("EN_GB", "en"), (" fr ", "fr"), ("english", None), ("", None), ("e", None)]
)
def test_a_feed_s_language_is_its_code_or_nothing(value: str, code: str | None) -> None:
    assert parse(rss("", f"<language>{value}</language>")).language == code


@pytest.mark.parametrize("reference", ["&#xD800;", "&#x0dfff;", "&#55296;", "&#57343;"])
def test_half_a_character_does_not_take_the_feed_with_it(reference: str) -> None:
    feed = parse(rss(f"<item><title>Ships {reference}sail</title></item><item><title>Cranes stand</title></item>"))
    assert [entry.title for entry in feed.entries] == ["Ships sail", "Cranes stand"]


def test_whole_characters_beside_that_range_stay() -> None:
    feed = parse(rss("<item><title>&#xD7FF;&#55295;&#57344;&#x1F6A2;</title></item>"))
    assert feed.entries[0].title == "\ud7ff\ud7ff\ue000\U0001f6a2"


def test_a_flood_of_entries_is_cut_with_a_warning() -> None:
    feed = parse(rss("<item><title>x</title></item>" * (MAX_ENTRIES + 3)))
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.warning == f"3 entries beyond the first {MAX_ENTRIES} were left out"


def test_titles_and_texts_without_end_are_cut() -> None:
    entry = parse(rss(f"<item><title>{'t' * 5000}</title><description>{'d' * 300_000}</description></item>")).entries[0]
    assert (len(entry.title), len(entry.summary)) == (MAX_TITLE, MAX_TEXT)


def test_entities_that_would_read_files_or_explode_are_not_followed() -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
    feed = parse('<?xml version="1.0"?>' + bomb + '<rss version="2.0"><channel><item><title>x &b; &f;</title>'
                 "</item></channel></rss>")  # fmt: skip
    host = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "no such name"
    assert host not in feed.entries[0].title


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        pytest.param("", None, id="no date"),
        pytest.param("<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", None, id="the epoch"),
        pytest.param("<pubDate>Thu, 01 Jan 2099 00:00:00 GMT</pubDate>", None, id="years ahead"),
        pytest.param("<pubDate>1777000000</pubDate>", None, id="a number of seconds"),
        pytest.param(
            '<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate><updated xmlns="http://www.w3.org/2005/Atom">'
            "2026-04-28T10:00:00Z</updated>",
            datetime(2026, 4, 28, 10, tzinfo=UTC),
            id="the epoch, and updated since",
        ),
    ],
)
def test_an_entry_with_nothing_but_a_title_and_an_odd_date_is_kept(fields: str, moment: datetime | None) -> None:
    entry = parse(rss(f"<item><title>Ships sail</title>{fields}</item>")).entries[0]
    assert entry == Entry("Ships sail", published=moment)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/hostname"])
def test_a_link_that_is_no_web_page_is_none(link: str) -> None:
    assert parse(rss(f"<item><title>x</title><link>{link}</link></item>")).entries[0].link is None


def test_links_are_relative_to_the_base_that_stands_in_the_feed() -> None:
    base = 'xml:base="https://base.example/news/"'
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom" {base}><entry><title>x</title><link href="a"/></entry></feed>'
    assert parse(atom).entries[0].link == "https://base.example/news/a"
    entry = parse(atom.replace("<entry>", '<entry xml:base="2026/">')).entries[0]
    assert entry.link == "https://base.example/news/2026/a"


def test_characters_that_nobody_sees_are_in_no_field() -> None:
    odd = "a\x7f\u200b\u202eb\ufeff"
    texts = f'<title>{odd}</title><guid isPermaLink="false">{odd}</guid><description>{odd}</description>'
    item = f"{texts}<link>https://post.example/{odd}</link>"
    entry = parse(rss(f"<item>{item}</item>")).entries[0]
    assert (entry.title, entry.guid, entry.summary) == ("ab", "ab", "ab")
    assert entry.link == "https://post.example/ab"


def test_a_feed_of_nothing_but_one_endless_title_is_read() -> None:
    with not_hanging():
        entry = parse(rss(f"<item><title>{'word ' * 200_000}</title></item>")).entries[0]
    assert len(entry.title) == MAX_TITLE


# --------------------------------------------------------------------------- plain text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("<p>One</p><p>Two</p>", "One\nTwo", id="paragraphs"),
        pytest.param("a<br>b<BR/>c", "a\nb\nc", id="line breaks"),
        pytest.param("Ha<b>ï</b>ti", "Haïti", id="tags within a word"),
        pytest.param("AT&amp;T &lt;3", "AT&T <3", id="entities once"),
        pytest.param("&amp;lt;", "&lt;", id="entities not twice"),
        pytest.param("a<script>alert('x')</script>b", "a b", id="script"),
        pytest.param("a<STYLE>p{}</STYLE >b", "a b", id="style"),
        pytest.param("a<script>never closed", "a", id="script without end"),
        pytest.param("a<!-- b --><!-- c", "a", id="comments"),
        pytest.param("5 < 6 and 7 > 3", "5 < 6 and 7 > 3", id="signs that are no tags"),
        pytest.param("a&#8203;b&#x202e;c", "abc", id="invisible characters as entities"),
        pytest.param("a&nbsp;&nbsp;b", "a b", id="hard spaces"),
        pytest.param("a\ud800b", "a?b", id="lone surrogate"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_markup_becomes_plain_text(markup: str, text: str) -> None:
    assert plain(markup) == text


BLANKS = "a\u00e9 \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2000\u200a\u200b\u2028\u202e\u202f\u205f\u3000\ufeff\ud800"


@given(st.text(alphabet=BLANKS, max_size=30))
def test_plain_text_is_lines_of_words_with_single_blanks(text: str) -> None:
    lines = plain(text).splitlines()
    assert lines == [" ".join(line.split()) for line in lines]
    assert all(lines)
    assert all(line.isprintable() for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(printable(text).split())


@pytest.mark.parametrize(
    "piece", ["<", "<p ", "<script ", "<!--", "</script ", "&", "&#", "<p><", "<a href='", "<script></script", "\n"]
)
def test_hostile_markup_takes_no_longer_than_its_length(piece: str) -> None:
    with not_hanging():
        plain(piece * (1_000_000 // len(piece)))


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        (None, False),
        (datetime(1795, 1, 1, tzinfo=UTC), False),
        (datetime(1990, 1, 1, tzinfo=UTC), True),
        (NOW, True),
        (NOW + timedelta(hours=23), True),
        (NOW + timedelta(hours=25), False),
    ],
)
def test_news_is_from_1990_until_tomorrow(moment: datetime | None, held: bool) -> None:
    assert plausible(moment, NOW) is held


# --------------------------------------------------------------------------- damage

BASES = [(SAMPLES / name).read_bytes() for name in ("rss.xml", "atom.xml", "rdf.xml", "aggregator.xml")]
PIECES = [b"<", b">", b"&", b"]]>", b"<title>", b"</title>", b"<title/>", b"<source>", b"<author/>", b"&#xD800;",
          b"<item>", b"<ttl x='1'>", b"\xff", b"\x00", b"<link>", b"<content>", b"<!DOCTYPE x ["]  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(BASES), st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES)), max_size=4), st.floats(0, 1)
)
def test_no_damage_to_a_feed_raises_anything_but_a_parse_error(
    base: bytes, wounds: list[tuple[float, bytes]], cut: float
) -> None:
    body = base
    for where, piece in wounds:
        at = int(where * len(body))
        body = body[:at] + piece + body[at + 3 :]
    try:
        feed = parse(body[: int(len(body) * max(cut, 0.3))] if cut < 0.5 else body)
    except ParseError:
        return
    for entry in feed.entries:
        assert entry.title
        "".join([entry.title, entry.link or "", entry.guid or "", entry.summary, entry.outlet or ""]).encode("utf-8")


# --------------------------------------------------------------------------- what else is told


def test_hours_and_days_that_a_feed_skips_are_all_kept() -> None:
    head = (
        "<skipHours><hour>0</hour><hour> 23 </hour><hour>24</hour><hour>07</hour><hour>x</hour></skipHours>"
        "<skipDays><day>Sunday</day><day>monday</day><day>Feastday</day></skipDays>"
    )
    pace = parse(rss("<item><title>A</title></item>", head)).pace
    assert (pace.skip_hours, pace.skip_days) == ({0, 7, 23}, {0, 6})


def test_entries_that_were_there_at_the_last_reading_are_only_counted() -> None:
    first = parse(rss("<item><title>A</title></item><item><title>B</title></item>"))
    body = rss("<item><title>New</title></item><item><title>B</title></item><item><title>A, changed</title></item>")
    second = parse_feed(body.encode(), url="https://post.example/feed.xml", now=NOW, seen=first.seen)
    assert [entry.title for entry in second.entries] == ["New", "A, changed"]
    assert (second.unchanged, second.count) == (1, 3)


def test_what_several_entries_share_is_told_though_most_of_them_were_there_before() -> None:
    items = [f"<item><title>{n}</title><guid isPermaLink='false'>same</guid></item>" for n in range(4)]
    first = parse(rss("".join(items[:3])))
    second = parse_feed(rss("".join(items)).encode(), url="https://post.example/f", now=NOW, seen=first.seen)
    assert ([entry.title for entry in second.entries], second.shared) == (["3"], {"same"})


def test_one_entry_that_cannot_be_read_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(link: str, base: str) -> str | None:
        if link.endswith("/odd"):
            raise RuntimeError("nobody thought of that")
        return link

    monkeypatch.setattr("monitor.parse.web_link", odd)
    links = ["https://post.example/1", "https://post.example/odd", "https://post.example/2"]
    feed = parse(rss("".join(f"<item><title>T</title><link>{link}</link></item>" for link in links)))
    assert [entry.link for entry in feed.entries] == [links[0], links[2]]
    assert feed.warning == "1 of its 3 entries could not be read; the log says why"
    assert len(feed.seen.split()) == 2


def test_a_large_feed_without_any_entry_is_told() -> None:
    feed = parse(rss("<d>" * 12_000 + "</d>" * 12_000))
    assert (feed.entries, feed.warning) == ((), "no entry was found in its 84 kB")
