"""Which addresses of a page may be feeds, in which order, and that no page can hold the search up."""

import pytest

from monitor.discover import Candidate, candidates, looks_like_a_feed, well_known
from tests.hanging import not_hanging

PAGE = "https://www.harbour.example/en/today"


def found(page: str, url: str = PAGE) -> list[str]:
    return [one.url for one in candidates(page.encode(), url)]


def link(href: str, kind: str = "application/rss+xml", **more: str) -> str:
    rest = " ".join(f'{key}="{value}"' for key, value in more.items())
    return f'<link rel="alternate" type="{kind}" href="{href}" {rest}>'


@pytest.mark.parametrize(
    "kind",
    [
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "text/xml",
        "Application/RSS+XML; charset=utf-8",
    ],
)
def test_a_page_names_its_feeds(kind: str) -> None:
    assert found(link("news", kind, title="News &amp; more")) == ["https://www.harbour.example/en/news"]


@pytest.mark.parametrize(
    "tag",
    [
        link("/wp-json", "application/json"),
        link("/oembed", "text/xml+oembed"),
        '<link rel="stylesheet" type="text/css" href="/feed.css">',
        '<link rel="alternate" hreflang="fr" href="/fr/">',
        link("javascript:feed()"),
        link("file:///etc/feed.xml"),
        link("", title="nothing"),
        link("/" + "x" * 5000),
        link(PAGE),
    ],
)
def test_what_is_no_feed_is_not_named(tag: str) -> None:
    assert found(tag) == []


def test_addresses_are_relative_to_the_base_of_the_page() -> None:
    assert found(link("a") + '<base href="//static.example/b/"><base href="/c/">') == ["https://static.example/b/a"]
    assert found('<base href="javascript:x">' + link("/a")) == ["https://www.harbour.example/a"]


def test_titles_are_plain_text_in_the_charset_of_the_page() -> None:
    page = link("/feed", title="Port &lt;b&gt;d’été&lt;/b&gt;")
    assert [one.title for one in candidates(page.encode(), PAGE)] == ["Port d’été"]
    headers = {"content-type": "text/html; charset=windows-1252"}
    assert [one.title for one in candidates(page.encode("cp1252"), PAGE, headers)] == ["Port d’été"]
    assert [one.title for one in candidates(page.encode("utf-16"), PAGE)] == ["Port d’été"]
    assert candidates(page.encode("cp1252"), PAGE, {"content-type": "text/html; charset=klingon"})


def test_named_comes_before_linked_the_own_site_before_others_and_comments_last() -> None:
    page = (
        link("/comments/feed/", title="Comments")
        + link("/2025/storm/feed/", title="Harbour Post » Storm Comments Feed")
        + link("https://elsewhere.example/rss")
        + link("/feed/")
        + '<a href="https://other.example/rss.xml">RSS</a><a href="/politics/rss">Politics</a>'
        + '<a href="/about">About</a><a href="feed://feeds.harbour.example/all"><b>All</b> news</a>'
    )
    assert found(page) == [
        "https://www.harbour.example/feed/",
        "https://elsewhere.example/rss",
        "https://www.harbour.example/politics/rss",
        "https://feeds.harbour.example/all",
        "https://other.example/rss.xml",
        "https://www.harbour.example/comments/feed/",
        "https://www.harbour.example/2025/storm/feed/",
    ]
    assert Candidate("https://feeds.harbour.example/all", "All news", "linked") in candidates(page.encode(), PAGE)


def test_one_feed_named_twice_is_one() -> None:
    assert len(found(link("/feed") + link("http://harbour.example/feed/#x") + '<a href="/feed">RSS</a>')) == 1
    assert len(found(link("/feed?about=a") + link("/feed?about=b"))) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/feed",
        "/feed/",
        "/en/rss.xml",
        "/rss-flash-en.xml",
        "/index.rdf",
        "/rss/latin-america",
        "/spip.php?page=backend",
        "/?feed=rss2",
        "/news?format=atom",
        "/feed.json",
        "/news-sitemap.xml",
        "/news/haiti_rss",
    ],
)
def test_some_addresses_look_like_feeds(path: str) -> None:
    assert looks_like_a_feed(f"https://harbour.example{path}")


@pytest.mark.parametrize(
    "path",
    ["/", "/2025/animal-feed-prices-rise", "/sitemap.xml", "/rss/help.html", "/xmlrpc.php", "/feedback", "/a?b=c"],
)
def test_most_addresses_do_not(path: str) -> None:
    assert not looks_like_a_feed(f"https://harbour.example{path}")


def test_the_usual_addresses_begin_with_the_one_of_the_page_itself() -> None:
    places = [one.url for one in well_known("https://harbour.example/tag/haiti/?page=2")]
    assert places[:2] == ["https://harbour.example/tag/haiti/feed/", "https://harbour.example/feed/"]
    assert {one.how for one in well_known(PAGE)} == {"guessed"}
    assert well_known("https://harbour.example/")[0].url == "https://harbour.example/feed/"
    assert well_known("https://harbour.example/a/b.html")[0].url == "https://harbour.example/feed/"
    assert len(places) < 16


HOSTILE = {
    "open anchors": "<a href=/rss " * 200_000,
    "many anchors": "<a href=/rss>" * 200_000,
    "different anchors": "".join(f"<a href=/{n}/rss>" for n in range(100_000)),
    "depth": "<div>" * 500_000 + link("/feed"),
    "comments": "<!--" * 500_000,
    "an endless address": "<a href='" + "x" * 3_000_000,
    "many attributes": "<a " + "b=c " * 500_000 + ">",
    "many bases": "<base href=x>" * 200_000,
    "ampersands": "&" * 3_000_000,
    "zeros": "\0" * 3_000_000,
    "no markup": "{" * 3_000_000,
    "nothing": "",
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_no_page_holds_the_search_up(page: str) -> None:
    with not_hanging():
        assert len(candidates(page.encode(), PAGE)) <= 500


def test_what_stands_before_the_damage_counts() -> None:
    assert found(link("/feed") + "<div>" * 500_000) == ["https://www.harbour.example/feed"]
