"""Is this entry an article that is known already?"""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.identity import Known, KnownArticle, attribute, find
from monitor.identity import candidates as identified
from monitor.models import Candidate, Entry, FeedState, ParsedFeed

DAY = datetime(2026, 5, 1, tzinfo=UTC)
FEED = FeedState(1, "Post feed", "https://post.example/feed", "Post")
TITLE = "Norland offers to lead the mission"


def entry(
    title: str = TITLE, link: str | None = "https://post.example/1", guid: str | None = None, **more: object
) -> Entry:
    return Entry(title, link, guid, **more)  # type: ignore[arg-type]


def candidates(entries: list[Entry], feed: FeedState) -> list[Candidate]:
    return identified(feed, ParsedFeed(tuple(entries)))


def known(
    title: str = "norland offers to lead the mission",
    url: str | None = "https://post.example/1",
    guid: str | None = None,
    outlet: str = "Post",
    published: datetime | None = DAY,
) -> Known:
    stored = Known()
    stored.add(KnownArticle(7, url, outlet, title, published), Candidate(1, Entry(title), outlet, title, guid, url))
    return stored


def is_known(one: Entry, stored: Known) -> bool:
    return find(candidates([one], FEED)[0], stored) is not None


@pytest.mark.parametrize(
    ("one", "stored", "same"),
    [
        pytest.param(entry(guid="g", link=None, title="New headline here now"), known(guid="g"), True, id="its guid"),
        pytest.param(entry("A corrected headline"), known(), True, id="its address"),
        pytest.param(entry("A new one", "http://www.post.example/1/?utm_source=x"), known(), True, id="a like address"),
        pytest.param(entry(link="https://post.example/2", published=DAY), known(), True, id="outlet, title and day"),
        pytest.param(entry(link="https://post.example/2"), known(), True, id="outlet and title, undated"),
        pytest.param(
            entry(link="https://post.example/2", published=DAY + timedelta(days=3, seconds=1)),
            known(),
            False,
            id="days later",
        ),
        pytest.param(
            entry(link="https://post.example/2", published=DAY - timedelta(days=3)),
            known(),
            True,
            id="three days before",
        ),
        pytest.param(entry(link="https://post.example/2"), known(outlet="Other"), False, id="title at another outlet"),
        pytest.param(
            entry("Press review", "https://post.example/2"), known("press review"), False, id="a title of few words"
        ),
        pytest.param(entry("Something else happened", "https://post.example/2"), known(), False, id="nothing alike"),
        pytest.param(
            entry("Something else happened", "https://post.example/2", "g"),
            known(guid="g"),
            False,
            id="a guid used again",
        ),
        pytest.param(entry(link="https://post.example/2", guid="g"), known(guid="g"), True, id="moved with its guid"),
    ],
)
def test_an_entry_is_known_by(one: Entry, stored: Known, same: bool) -> None:
    assert is_known(one, stored) is same


def test_an_article_becomes_known_to_the_entries_after_it() -> None:
    stored = Known()
    first, second = candidates([entry(guid="g", link=None), entry("Another headline of today", guid="h")], FEED)
    assert find(first, stored) is None
    stored.add(KnownArticle(1, first.canonical_url, first.outlet, first.title_key, None), first)
    assert find(first, stored) is not None
    assert find(second, stored) is None


# --------------------------------------------------------------------------- what identifies nothing


def count_after_one_poll(entries: list[Entry]) -> int:
    stored, new = Known(), 0
    for number, candidate in enumerate(candidates(entries, FEED)):
        if find(candidate, stored) is None:
            new += 1
            stored.add(
                KnownArticle(number, candidate.canonical_url, candidate.outlet, candidate.title_key, None),
                candidate,
            )
    return new


@pytest.mark.parametrize("link", [None, "https://post.example/"], ids=["no links", "one link for all"])
@pytest.mark.parametrize("guid", [None, "same"], ids=["no guids", "one guid for all"])
def test_entries_with_one_guid_or_one_link_for_all_are_all_kept(guid: str | None, link: str | None) -> None:
    assert count_after_one_poll([entry(f"Headline number {n} of today", link, guid) for n in range(20)]) == 20


def test_entries_with_one_guid_and_links_of_their_own_are_all_kept() -> None:
    assert count_after_one_poll([entry(f"Headline {n}", f"https://post.example/{n}", "same") for n in range(20)]) == 20


def test_an_entry_that_stands_in_the_feed_twice_is_one_article() -> None:
    assert count_after_one_poll([entry(guid="g"), entry(guid="g", link="https://post.example/1?utm_source=rss")]) == 1


def test_no_entries_are_no_candidates() -> None:
    assert candidates([], FEED) == []


# --------------------------------------------------------------------------- aggregators' links

OPAQUE = "https://news.google.com/rss/articles/CBMiOpaqueToken{}?oc=5"
TELLING = "http://www.bing.com/news/apiclick.aspx?url=https%3a%2f%2fpost.example%2f1%3futm_source%3dx&c=1"


def test_an_opaque_link_identifies_nothing_and_stays_for_people() -> None:
    (found,) = candidates([entry(link=OPAQUE.format(1))], FEED)
    assert (found.canonical_url, found.entry.link) == (None, OPAQUE.format(1))


def test_a_link_that_tells_its_article_is_replaced_by_the_articles_own() -> None:
    (found,) = candidates([entry(link=TELLING)], FEED)
    assert (found.canonical_url, found.entry.link) == ("https://post.example/1", "https://post.example/1?utm_source=x")
    assert is_known(entry("Another headline", TELLING), known())


@pytest.mark.parametrize(
    ("days", "same"), [pytest.param(3, True, id="within the window"), pytest.param(4, False, id="after it")]
)
def test_under_another_opaque_link_the_outlets_headline_is_the_same_article_for_some_days(
    days: int, same: bool
) -> None:
    found = entry(link=OPAQUE.format(2), guid="token 2", published=DAY + timedelta(days=days))
    assert is_known(found, known(url=None, guid="token 1")) is same
    assert is_known(found, known()) is same  # first seen in the outlet's own feed
    assert is_known(entry(published=found.published), known(url=None, guid="token 1")) is same  # and there later


def test_opaque_links_of_one_poll_with_one_headline_are_one_article() -> None:
    assert count_after_one_poll([entry(link=OPAQUE.format(n), guid=f"token {n}") for n in range(5)]) == 1


# --------------------------------------------------------------------------- outlets


@pytest.mark.parametrize(
    ("one", "title", "outlet"),
    [
        pytest.param(entry(f"{TITLE} - The Times", outlet="The Times"), TITLE, "The Times", id="named and at the end"),
        pytest.param(entry(outlet="The Times"), TITLE, "The Times", id="named only"),
        pytest.param(entry("x - The Times", outlet="Times"), "x - The Times", "Times", id="another name at the end"),
        pytest.param(entry(" - Times", outlet="Times"), " - Times", "Times", id="nothing but the name"),
        pytest.param(entry(), TITLE, "Post", id="the feed's"),
    ],
)
def test_the_outlet_is_the_one_an_aggregator_names_else_the_feeds(one: Entry, title: str, outlet: str) -> None:
    told = attribute(one, FEED)
    assert (told.title, told.outlet) == (title, outlet)


def test_a_summary_that_only_repeats_headline_and_outlet_is_none() -> None:
    google = entry(f"{TITLE} - The Times", outlet="The Times", summary=f"{TITLE} The Times")
    assert attribute(google, FEED).summary == ""
    assert attribute(entry(summary=f"{TITLE} today"), FEED).summary == f"{TITLE} today"


def test_a_feed_without_an_outlet_goes_by_its_title_else_its_name() -> None:
    nameless = FeedState(1, "Search", "https://search.example/feed", "")
    assert attribute(entry(), nameless, "Search results").outlet == "Search results"
    assert attribute(entry(), nameless).outlet == "Search"


def test_a_feed_whose_titles_end_in_many_names_is_an_aggregator_and_they_are_the_outlets() -> None:
    entries = [
        entry(f"{TITLE} {n} - {name}", f"https://a.example/{n}") for n, name in enumerate(("One", "Two", "Three"))
    ]
    search = FeedState(1, "Search", "https://search.example/feed", "")
    assert [(found.outlet, found.entry.title) for found in candidates(entries, search)] == [
        ("One", f"{TITLE} 0"), ("Two", f"{TITLE} 1"), ("Three", f"{TITLE} 2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "titles",
    [
        pytest.param(
            ["Lagoon - the facts", "Norland - the people", "Sudland - the past", "No dash here"], id="not most"
        ),
        pytest.param(["Lagoon mission - Wire", "Norland votes - Wire", "Rain again - Wire"], id="one name"),
        pytest.param([f"Lagoon {n} - {'a word ' * 7}{n}" for n in range(5)], id="long ends"),
        pytest.param([], id="no entry"),
    ],
)
def test_other_feeds_keep_what_stands_after_a_dash(titles: list[str]) -> None:
    entries = [entry(title, f"https://post.example/{n}") for n, title in enumerate(titles)]
    search = FeedState(1, "Search", "https://search.example/feed", "")
    assert [(found.outlet, found.entry.title) for found in candidates(entries, search)] == [
        ("Search", title) for title in titles
    ]


def test_the_configured_outlet_is_believed_before_the_ends_of_titles() -> None:
    entries = [
        entry(f"{TITLE} {n} - {part}", f"https://a.example/{n}") for n, part in enumerate(("Sport", "Home", "Law"))
    ]
    assert {found.outlet for found in candidates(entries, FEED)} == {"Post"}


@pytest.mark.parametrize("end", [" - Post", " | Post", " – Post", " » Post"])
def test_an_outlet_that_names_itself_at_the_end_of_its_titles_is_not_part_of_them(end: str) -> None:
    assert attribute(entry(TITLE + end), FEED).title == TITLE
    assert attribute(entry("Post"), FEED).title == "Post"


def test_an_entry_told_in_other_words_keeps_the_rest() -> None:
    whole = Entry("T", "https://p.example/", "g", "S", "C", DAY, timedelta(days=1), "O", ("Ann",), "fr")
    assert all(getattr(whole, one.name) != one.default for one in fields(Entry))
    assert whole.told(outlet="O", title="T", summary="S", link="https://p.example/") == whole
    assert whole.told(outlet="P", title="U", summary="", link=None) == replace(
        whole, outlet="P", title="U", summary="", link=None
    )
