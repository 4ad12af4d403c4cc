"""Sources other than RSS go the whole path, and an aggregator's article becomes its outlet's own."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.world import DECIDED, NOW, PROPOSED, Answer, Item, World, serving

SUBJECT = [
    "The envoy of Norland will take over the Lagoon Mission in spring, the council said on Tuesday.",
    "Its members had asked for such an offer since the winter, and most of them were pleased with the answer.",
    "Ships of the fleet are to bring people, tents and tools to the harbour before the rains begin.",
]
TOKENS = [f"https://news.google.com/rss/articles/CBMiOpaqueToken{number}?oc=5" for number in range(3)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving() as web:
        yield World(tmp_path, web)


def searched(number: int = 0, title: str = DECIDED, outlet: str = "One") -> Item:
    """An item of a search at Google News: a token for a link and a guid, the outlet at the end of the title."""
    link = TOKENS[number]
    summary = f'<a href="{link}">{title}</a>&nbsp;&nbsp;<font color="#6f6f6f">{outlet}</font>'
    return Item(f"{title} - {outlet}", link, summary, guid=f"token {number}", source=outlet)


def test_a_json_feed_goes_the_whole_path(world: World) -> None:
    world.watch("one")
    item = {"id": 7, "url": "/a", "title": DECIDED, "content_text": "And so it was.", "date_published": NOW.isoformat()}
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item, 5]}
    world.web.answers["/one.xml"] = Answer(json.dumps(feed).encode(), "application/json")
    report = world.poll()
    assert [(one.status, one.new) for one in report.feeds] == [("new", 1)]
    assert world.rows("select url, text_source, published from articles") == [
        {"url": f"{world.web.url}/a", "text_source": "feed", "published": "2025-09-30T12:00:00Z"}
    ]
    assert world.rows("select change, stage from developments") == [{"change": "leadership", "stage": "decided"}]
    assert [one.status for one in world.poll().feeds] == ["unchanged"]


def test_a_packed_sitemap_of_news_goes_the_whole_path(world: World) -> None:
    world.watch({"name": "one", "read": "relevant"})
    world.web.page("/a", DECIDED, *SUBJECT)
    news = f"<n:news><n:title>{DECIDED}</n:title><n:publication_date>2025-09-30</n:publication_date></n:news>"
    body = f'<urlset xmlns:n="urn:news"><url><loc>{world.web.url}/a</loc>{news}</url></urlset>'
    world.web.answers["/one.xml"] = Answer(gzip.compress(body.encode()), "application/gzip")
    world.poll()
    assert world.rows("select outlet, text_source from articles") == [{"outlet": "One", "text_source": "page"}]
    assert world.rows("select change, stage from developments") == [{"change": "leadership", "stage": "decided"}]


def test_an_index_of_sitemaps_is_a_failure_that_says_what_to_use(world: World) -> None:
    world.watch("one")
    world.web.answers["/one.xml"] = Answer(b"<sitemapindex><sitemap><loc>/news.xml</loc></sitemap></sitemapindex>")
    (report,) = world.poll().feeds
    assert report.error is not None
    assert f"such as {world.web.url}/news.xml" in report.error


# --------------------------------------------------------------------------- aggregators


def test_a_link_that_tells_its_article_becomes_the_articles_own(world: World) -> None:
    world.watch({"name": "index", "outlet": None, "read": "relevant"}, "one")
    world.web.page("/a", DECIDED, *SUBJECT)
    address = f"{world.web.url}/a"
    link = f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&url={quote(address, '')}&c=1"
    world.web.feed("/index.xml", Item(DECIDED, link, source="One"))
    world.web.feed("/one.xml", Item("The same under another headline", "/a"))
    world.poll()
    assert world.rows("select url, text_source, title from articles") == [
        {"url": address, "text_source": "page", "title": DECIDED}
    ]


def test_an_article_under_another_opaque_token_is_the_same(world: World) -> None:
    world.watch({"name": "index", "outlet": None}, {"name": "search", "outlet": None})
    world.web.feed("/index.xml", searched(0))
    world.web.feed("/search.xml", searched(1))
    world.poll()
    world.clock.go_on(days=2)
    world.web.feed("/index.xml", searched(2))
    world.poll()
    assert world.rows("select url, canonical_url, outlet, title, summary from articles") == [
        {"url": TOKENS[0], "canonical_url": None, "outlet": "One", "title": DECIDED, "summary": ""}
    ]
    assert world.rows("select count(*) as n from alerts") == [{"n": 1}]


def test_the_same_headline_of_another_outlet_is_another_article(world: World) -> None:
    world.watch({"name": "index", "outlet": None})
    world.web.feed("/index.xml", searched(0, outlet="One"), searched(1, outlet="Two"))
    world.poll()
    assert world.rows("select outlet from articles order by outlet") == [{"outlet": "One"}, {"outlet": "Two"}]


@pytest.mark.parametrize("read", ["always", "relevant"])
def test_an_opaque_link_is_never_read(world: World, read: str) -> None:
    world.watch({"name": "index", "outlet": None, "read": read})
    world.web.feed("/index.xml", searched())
    world.poll()
    assert world.rows("select read_state, text_source from articles") == [
        {"read_state": "unwanted", "text_source": "title"}
    ]


@pytest.mark.parametrize("together", [True, False], ids=["in one poll", "in the next poll"])
def test_an_aggregators_article_takes_over_link_and_words_of_its_outlets_feed_and_is_read(
    world: World, together: bool
) -> None:
    world.watch({"name": "index", "outlet": None}, {"name": "one", "read": "relevant"})
    world.web.page("/a", DECIDED, *SUBJECT)
    world.web.feed("/index.xml", searched())
    world.web.feed("/one.xml")
    if not together:
        world.poll()
    world.web.feed("/one.xml", Item(DECIDED, "/a", "The council is pleased.", guid="g"))
    for token in (1, 2):
        world.poll()
        world.clock.go_on(hours=1)
        world.web.feed("/index.xml", searched(token))
    assert world.rows("select url, summary, text_source, read_state from articles") == [
        {"url": f"{world.web.url}/a", "summary": "The council is pleased.", "text_source": "page", "read_state": "read"}
    ]
    assert len(world.web.asked_for("/a")) == 1
    assert world.rows("select count(*) as n from alerts") == [{"n": 1}]


def test_a_headline_changed_at_the_outlet_is_no_second_article_after_that(world: World) -> None:
    world.watch({"name": "index", "outlet": None}, "one")
    world.web.feed("/index.xml", searched())
    world.web.feed("/one.xml", Item(DECIDED, "/a"))
    world.poll()
    world.web.feed("/one.xml", Item(f"{DECIDED}, finally", "/a"))
    world.poll()
    assert world.rows("select count(*) as n from articles") == [{"n": 1}]


def test_an_address_that_another_article_has_is_not_taken_twice(world: World) -> None:
    world.watch({"name": "index", "outlet": None}, "one")
    world.web.feed("/one.xml", Item(PROPOSED, "/a", guid="old"))
    world.web.feed("/index.xml", searched(0, title=DECIDED))
    world.poll()
    world.web.feed("/index.xml", Item(DECIDED, f"{world.web.url}/a", guid="token 0", source="One"))
    world.poll()
    assert world.rows("select title, url from articles order by title") == [
        {"title": DECIDED, "url": TOKENS[0]},
        {"title": PROPOSED, "url": f"{world.web.url}/a"},
    ]


def test_a_page_that_many_entries_share_becomes_no_articles_own(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", Item(DECIDED, "/live", guid="a"), Item(PROPOSED, "/live", guid="b"))
    world.poll()
    world.web.feed("/one.xml", Item(DECIDED, "/live", guid="a"))
    world.poll()
    assert world.rows("select canonical_url from articles") == [{"canonical_url": None}, {"canonical_url": None}]
