"""The faster reader of feeds says what feedparser says, or nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import parse, quickfeed
from monitor.errors import ParseError
from monitor.models import ParsedFeed

SAMPLES = Path(__file__).parent / "samples" / "feeds"
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
URL = "https://post.example/news/feed.xml"
RSS = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:own="https://post.example/ns">'
    "<channel><title>Lagoon Post</title>{head}{items}</channel></rss>"
)
ATOM = (
    '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" '
    'xmlns:own="https://post.example/ns"><title type="html">Lagune</title>{head}{items}</feed>'
)
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://post.example/"><title>Post</title>'
    "<items><rdf:Seq><rdf:li rdf:resource='https://post.example/1'/></rdf:Seq></items>{head}</channel>{items}</rdf:RDF>"
)


def judged(body: bytes, headers: dict[str, str]) -> ParsedFeed | str:
    """What feedparser says, asked alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quickfeed, "read", lambda *_: None)
        return answer(body, headers)


def answer(body: bytes, headers: dict[str, str]) -> ParsedFeed | str:
    try:
        return parse.parse_feed(body, url=URL, now=NOW, headers=headers)
    except ParseError as error:
        return str(error)


def quick(body: str | bytes, **headers: str) -> quickfeed.RawFeed | None:
    return quickfeed.read(body if isinstance(body, bytes) else body.encode(), URL, headers)


def item(inside: str) -> str:
    return RSS.format(head="", items=f"<item>{inside}</item>")


# --------------------------------------------------------------------------- it answers where feeds are as usual


@pytest.mark.parametrize(
    "items",
    [
        (
            "<title>A &amp; b</title><link>https://post.example/1</link><guid>https://post.example/1</guid>"
            "<description>&lt;p&gt;One&lt;/p&gt;</description><pubDate>Tue, 28 Apr 2026 08:00:00 +0200</pubDate>"
        ),
        (
            "<title><![CDATA[<b>Été</b>]]></title><link>https://post.example/2?a=1&amp;b=2</link>"
            '<guid isPermaLink="false">p-2</guid><dc:creator>Ann Lee</dc:creator><dc:creator>Bo Lu</dc:creator>'
            "<content:encoded><![CDATA[<p>Long</p>]]></content:encoded><dc:date>2026-04-28T08:00:00Z</dc:date>"
            '<media:content url="https://post.example/i.jpg" medium="image"/><category>news</category>'
            "<slash:comments>3</slash:comments><own:thing a='1'>x</own:thing>"
        ),
        '<title>T</title><source url="https://other.example/">Other</source><author>Ann Lee</author>',
        "",
    ],
)
def test_an_rss_feed_as_most_are_is_answered(items: str) -> None:
    body = item(items)
    assert quick(body) is not None
    assert answer(body.encode(), {}) == judged(body.encode(), {})


def test_an_atom_feed_as_most_are_is_answered() -> None:
    entry = (
        '<entry><title type="html">A &amp;amp; b</title><link rel="alternate" href="https://post.example/1"/>'
        '<link rel="enclosure" href="https://post.example/1.mp3"/><id>tag:post.example,2026:1</id>'
        "<published>2026-04-28T08:00:00.5+02:00</published><updated>2026-04-29T08:00:00Z</updated>"
        "<author><name>Ann Lee</name><email>ann@post.example</email></author><author><name>Bo Lu</name></author>"
        '<summary>Short</summary><content type="html">&lt;p&gt;Long&lt;/p&gt;</content><category term="x"/></entry>'
    )
    body = ATOM.format(head="<updated>2026-04-29T08:00:00Z</updated><author><name>Desk</name></author>", items=entry)
    assert quick(body) is not None
    assert answer(body.encode(), {}) == judged(body.encode(), {})


def test_an_rdf_feed_as_most_are_is_answered() -> None:
    body = RDF.format(
        head="<description>d</description>",
        items="<item rdf:about='https://post.example/1'><title>A</title><link>https://post.example/1</link>"
        "<dc:date>2026-04-28T08:00:00+00:00</dc:date><description>d</description></item>",
    )
    assert quick(body) is not None
    assert answer(body.encode(), {}) == judged(body.encode(), {})


# --------------------------------------------------------------------------- it is silent on every doubt


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("<title>A</title><title>B</title>", id="a second title"),
        pytest.param("<title>A</title><media:title>B</media:title>", id="a title of its picture"),
        pytest.param("<title>A <b>bold</b></title>", id="markup that is not escaped"),
        pytest.param("<link>/relative</link>", id="a relative link"),
        pytest.param("<link>https://post]example/1</link>", id="a link that is none"),
        pytest.param("<link>https://?a=1</link>", id="a link without a host"),
        pytest.param("<link>https://post.example/1?</link>", id="a link with an empty part"),
        pytest.param("<link>https://post.example/é</link>", id="a link with letters of its own"),
        pytest.param("<link>https://post.example/?a=1&amp;amp;b=2</link>", id="a link escaped twice"),
        pytest.param("<atom:link href='https://post.example/2'/><link>https://post.example/1</link>", id="two links"),
        pytest.param("<pubDate>yesterday</pubDate>", id="a date in words"),
        pytest.param("<pubDate>Tue, 28 Apr 2026 25:00:00 GMT</pubDate>", id="an hour that is none"),
        pytest.param("<author>ann@post.example (Ann)</author>", id="an author with an address"),
        pytest.param("<guid isPermaLink='yes'>1</guid>", id="a guid that may be a link"),
        pytest.param("<guid>12</guid>", id="a guid that would be a link, and is none"),
        pytest.param("<own:group><title>x</title></own:group>", id="a title inside what is unknown"),
        pytest.param("<date_parsed>x</date_parsed>", id="a name that feedparser keeps for itself"),
        pytest.param("<title>caf&#xe9;&#x92;s</title>", id="a character of cp1252"),
        pytest.param("<title xml:base='https://other.example/'>A</title>", id="another base"),
        pytest.param("<description type='xhtml'>A</description>", id="a type"),
        pytest.param("<content xmlns='urn:x'>A</content>", id="a default namespace"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_feedparser(inside: str) -> None:
    assert quick(item(inside)) is None
    assert answer(item(inside).encode(), {}) == judged(item(inside).encode(), {})


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(item("<title>é</title>").encode("iso-8859-1"), {}, id="no UTF-8"),
        pytest.param(item("<title>é</title>").encode("utf-16"), {}, id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + item("").encode(), {}, id="a mark of byte order"),
        pytest.param(item("").encode(), {"content-type": "text/xml; charset=iso-8859-1"}, id="another charset"),
        pytest.param(RDF.format(head="", items="<item><title>é</title></item>").encode(), {}, id="none named"),
        pytest.param(b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + item("<title>&a;</title>").encode(), {}, id="an entity"),
        pytest.param(item("<title>&nbsp;</title>").encode(), {}, id="an entity of HTML"),
        pytest.param(item("<title>A</title>").encode()[:-20], {}, id="cut off"),
        pytest.param(b"<html><body>A page</body></html>", {}, id="a page"),
        pytest.param(b"{}", {}, id="no XML"),
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"<?xmlish?>" + RSS.format(head="", items="")[38:].encode(), {}, id="like a declaration"),
        pytest.param(item("").replace("version=", "versioN=").encode(), {}, id="another spelling of the version"),
        pytest.param(item("").replace("<rss", "<rss lang='fr'").encode(), {}, id="a language without a namespace"),
        pytest.param(b"<rss version='2.0'>" + b"<d>" * 100_000, {}, id="without end"),
    ],
)
def test_bytes_that_feedparser_would_have_to_guess_at_are_left_to_it(body: bytes, headers: dict[str, str]) -> None:
    assert quickfeed.read(body, URL, headers) is None


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
def test_every_sample_means_what_feedparser_says(name: str) -> None:
    body = (SAMPLES / name).read_bytes()
    for headers in ({}, {"content-type": "application/rss+xml"}, {"content-type": "text/xml"}):
        assert answer(body, headers) == judged(body, headers)


# --------------------------------------------------------------------------- any feed

TEXTS = st.sampled_from(
    ["", " ", "A story", "Été à Port", "Ã©tÃ©", "&lt;b&gt;x&lt;/b&gt; y", "a &amp;amp; b", "<![CDATA[<p>q</p>]]>",
     "x<!-- c -->y", "<b>x</b>", "&#x2019;", "&#150;", "漢字", "https://post.example/a", "urn:x:1", "12", "a@b.example",
     "tag:x,1:2", "/rel", "https://post.example/a?x=1&amp;y=2", "https:////post.example", "javascript:x",
     "Tue, 28 Apr 2026 08:00:00 GMT", "Tue, 28 Apr 2026 08:00:00 -0330", "28 Apr 2026 08:00:00 EST", "2026-04-28",
     "2026-04-28T08:00:00Z", "2026-04-28T08:00:00.123+05:30", "2026-02-30T08:00:00Z", "1600-01-01T00:00:00Z"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["title", "link", "guid", "id", "description", "summary", "content", "content:encoded", "pubDate", "published",
     "updated", "dc:date", "dc:creator", "dc:title", "author", "source", "category", "comments", "enclosure", "image",
     "media:title", "media:content", "media:description", "slash:comments", "own:title", "own:x", "language", "ttl",
     "atom:link", "atom:title", "atom:summary", "TITLE", "body", "name", "date", "textInput", "rights", "item", "url"]
)  # fmt: skip
ATTRIBUTES = st.sampled_from(
    ["", "", "", "", " isPermaLink='false'", " isPermaLink='true'", " url='https://o.example/'", " type='html'",
     " type='xhtml'", " type='text'", " href='https://post.example/h'", " rel='self' href='https://post.example/s'",
     " xml:lang='ht'", " xml:base='https://o.example/'", " mode='base64'", " src='https://o.example/'", " x='1'"]
)  # fmt: skip
LEAF = st.builds(lambda name, attributes, text: f"<{name}{attributes}>{text}</{name}>", NAMES, ATTRIBUTES, TEXTS)
PERSON = st.builds(lambda name, text: f"<author><name>{name}</name>{text}</author>", TEXTS, st.sampled_from(["", "x"]))
INSIDE = st.lists(LEAF | PERSON, max_size=7).map("".join)
HEADERS = st.sampled_from(
    [{}, {"content-type": "text/xml"}, {"content-type": "application/rss+xml; charset=utf-8"},
     {"content-type": "text/html"}, {"content-type": "application/xml", "content-language": "es_MX"},
     {"content-type": "text/xml; charset=us-ascii"}, {"content-type": "application/json"}]
)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from([(RSS, "item"), (ATOM, "entry"), (RDF, "item")]), INSIDE, st.lists(INSIDE, max_size=3), HEADERS)
def test_it_never_says_anything_that_feedparser_does_not(
    form: tuple[str, str], head: str, items: list[str], headers: dict[str, str]
) -> None:
    frame, name = form
    prefixes = "" if "xmlns:media" in frame else " ".join(
        f'xmlns:{prefix}="{address}"' for prefix, address in (
            ("media", "http://search.yahoo.com/mrss/"), ("slash", "http://purl.org/rss/1.0/modules/slash/"),
            ("atom", "http://www.w3.org/2005/Atom"), ("content", "http://purl.org/rss/1.0/modules/content/"),
            ("dc", "http://purl.org/dc/elements/1.1/"), ("own", "https://post.example/ns"),
        ) if f"xmlns:{prefix}=" not in frame
    )  # fmt: skip
    body = frame.format(head=head, items="".join(f"<{name}>{inside}</{name}>" for inside in items))
    body = body.replace(" xmlns", f" {prefixes} xmlns", 1)
    assert answer(body.encode(), headers) == judged(body.encode(), headers)


# --------------------------------------------------------------------------- feeds as most are

WORDS = st.sampled_from(
    ["", "A story", "Été à Port", "Ã©tÃ©", "&lt;b&gt;x&lt;/b&gt; y", "a &amp;amp; b", "<![CDATA[<p>q</p>]]>", "12",
     "x<!-- c -->y", "&#x2019;", "a <?pi x?> b"]
)  # fmt: skip
LINKS = st.sampled_from(
    ["https://post.example/a", "https://post.example/a?x=1", "https://post.example/../b", "https://post.example/#f",
     "http://POST.example?", "https://post.example/a;b"]
)  # fmt: skip
DATES = st.sampled_from(
    ["", "Tue, 28 Apr 2026 08:00:00 GMT", "28 APR 2026 08:00:00 utc", "Tue, 28 Apr 2026 08:00:00 -0330",
     "2026-04-28T08:00:00Z", "2026-04-28T08:00:00.123+05:30", "1600-01-01T00:00:00Z", "2026-04-28T24:00:00Z",
     "0001-01-01T00:00:00+05:00", "31 Dec 9999 23:00:00 -0500"]
)  # fmt: skip


def element(name: str, texts: st.SearchStrategy[str], attributes: tuple[str, ...] = ("",)) -> st.SearchStrategy[str]:
    """An element or nothing."""
    made = st.builds(lambda kind, text: f"<{name}{kind}>{text}</{name}>", st.sampled_from(attributes), texts)
    return st.just("") | made


GUIDS = element("guid", LINKS, ("", " isPermaLink='true'")) | element("guid", WORDS, (" isPermaLink='false'",))
RSS_ITEM = [
    *(element("title", WORDS), element("link", LINKS), GUIDS, element("description", WORDS)),
    *(element("content:encoded", WORDS), element("pubDate", DATES), element("dc:date", DATES)),
    *(element("dc:creator", WORDS), element("source", WORDS, ("", " url='https://o.example/'"))),
    *(element("category", WORDS), element("own:x", WORDS)),
]
TYPES = ("", " type='html'", " type='text'")
RELATIONS = ("", " rel='alternate'", " rel='self'", " type='text/html'", " type='application/json'")
ATOM_ITEM = [
    *(element("title", WORDS, TYPES), element("summary", WORDS, TYPES), element("content", WORDS, TYPES)),
    *(element("id", LINKS | st.sampled_from(["urn:x:y", "tag:a,1:b"])), element("published", DATES)),
    *(element("updated", DATES), element("author", WORDS.map(lambda name: f"<name>{name}</name>"))),
    *[st.just("") | st.builds(lambda k, a: f"<link href='{a}'{k}/>", st.sampled_from(RELATIONS), LINKS)] * 2,
]
HEADS = st.lists(
    st.sampled_from(
        ["<language>fr-FR</language>", "<ttl>30</ttl>", "<description>d</description>", "<category>c</category>",
         "<image><url>https://x.example/i</url><title>I</title><link>https://x.example</link></image>",
         "<skipHours><hour>1</hour></skipHours>", "<generator>g</generator>", "<own:y>z</own:y>"]
    ), max_size=3, unique=True,
)  # fmt: skip


@st.composite
def ordinary(draw: st.DrawFn) -> bytes:
    """A feed of elements that the faster reader knows, each once, in any order."""
    frame, name, parts = draw(st.sampled_from([(RSS, "item", RSS_ITEM), (ATOM, "entry", ATOM_ITEM)]))
    items = [draw(st.permutations([draw(part) for part in parts])) for _ in range(draw(st.integers(1, 2)))]
    written = "".join(f"<{name}>{''.join(item)}</{name}>" for item in items)
    return frame.format(head="".join(draw(HEADS)), items=written).encode()


@settings(max_examples=250, deadline=None, derandomize=True)
@given(ordinary(), HEADERS)
def test_what_it_says_of_ordinary_feeds_is_what_feedparser_says(body: bytes, headers: dict[str, str]) -> None:
    assert answer(body, headers) == judged(body, headers)


def test_most_ordinary_feeds_are_answered() -> None:
    answered: list[bool] = []

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(ordinary())
    def look(body: bytes) -> None:
        answered.append(quickfeed.read(body, URL, {}) is not None)

    look()
    assert sum(answered) > len(answered) / 4


def test_only_a_real_declaration_makes_a_namespace_known() -> None:
    without = RDF.replace(' xmlns="http://purl.org/rss/1.0/"', ' own-xmlns="http://purl.org/rss/1.0/"')
    told = "<item rdf:about='https://post.example/a'><title>xmlns=&quot;http://purl.org/rss/1.0/&quot;</title></item>"
    body = without.format(head="", items=told).encode()
    assert answer(body, {}) == judged(body, {}) == "the answer is no RSS or Atom feed"


def test_a_namespace_with_a_blank_in_it_is_left_to_feedparser() -> None:
    body = RSS.replace("xmlns:own=", 'xmlns:odd="a namespace" xmlns:own=').format(head="", items="").encode()
    assert quick(body) is None
    assert "damaged" in str(answer(body, {}))
