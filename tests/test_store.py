"""The store: one file that is opened, migrated, written all or nothing, and asked."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlite_utils import Database

from monitor.errors import StoreError
from monitor.models import (
    Article,
    Candidate,
    Entry,
    FeedOutcome,
    Message,
    Pace,
    Page,
    ParsedFeed,
    Read,
    Report,
    Signal,
    StoredSignal,
    Telling,
)
from monitor.pipeline import maintain
from monitor.store import Store, alerts, articles, base, developments, feeds, open_store, signals, stories
from monitor.store.migrations import migrations
from monitor.store.overview import overview
from monitor.text import title_key
from tests.world import DECIDED, EFFECTIVE, NOW, PROPOSED, World, serving

LEASE = timedelta(minutes=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


def watch(store: Store, *names: str) -> list[int]:
    """Feeds of these names; says their ids."""
    wanted = [feeds.WantedFeed(name, f"http://{name}.example/feed", name, None, Read.NEVER) for name in names]
    with store.transaction():
        feeds.sync(store, wanted, NOW)
    return [row["id"] for row in store.rows("select id from feeds order by id")]


def candidate(title: str, link: str | None = None, *, feed: int = 1, outlet: str = "One", **entry: Any) -> Candidate:
    return Candidate(feed, Entry(title, link, **entry), outlet, title_key(title), entry.get("guid"), link)


def record_of(outcome: FeedOutcome, *, due: datetime = NOW, new: int = 0) -> feeds.PollRecord:
    return feeds.PollRecord(outcome, new, due, None, timedelta(minutes=10))


def add_article(store: Store, title: str, *, feed: int | None = None, at: datetime | None = NOW, **entry: Any) -> int:
    """An article, seen in a feed if one is named."""
    found = candidate(title, feed=feed or 1, **entry)
    with store.transaction():
        article = articles.next_id(store)
        articles.insert(store, [articles.NewArticle(article, found, "en", at, wanted=False)], NOW)
        articles.index(store)
        if feed is not None:
            articles.see(store, [(article, found)], NOW)
    return article


def a_signal(sentence: str = DECIDED, stage: str = "decided", **values: Any) -> Signal:
    parts = {"rule": "handover", "change": "leadership", "actors": ("Norland",), "field": "title", "start": 0}
    return Signal(**{**parts, "stage": stage, "sentence": sentence, "end": len(sentence), **values})


def add_development(
    store: Store, *stages: str, title: str = DECIDED, outlet: str = "One", hours: int = 0, follows: int | None = None
) -> int:
    """A development with an article and a signal for each stage it went through."""
    event = 0
    for number, stage in enumerate(stages):
        at = NOW + timedelta(hours=hours + number)
        article = add_article(store, f"{title} {stage}", outlet=outlet, at=at)
        with store.transaction():
            signals.replace(store, article, [a_signal(title, stage)], "v1", NOW)
            stored = StoredSignal(
                store.rows("select max(id) as id from signals")[0]["id"],
                a_signal(title, stage),
                Article(article, title),
                at,
            )
            report = Report((stored,))
            event = event or developments.insert(store, report, at, NOW, follows)
            developments.extend(store, event, at, report)
            developments.reach(store, event, report, stage, at)
            developments.add_article(store, event, report, NOW, plain=True)
            signals.grouped(store, stored.id, event)
    return event


def add_alert(store: Store, channel: str = "desk", subject: str = "News", *, due: datetime = NOW) -> int:
    if not store.rows("select 1 from developments"):
        add_development(store, "decided")
    with store.transaction():
        return alerts.queue(
            store,
            Message(subject, f"{subject} in full", f"<p>{subject}</p>"),
            development=1,
            article=1,
            channel=channel,
            kind="new",
            stage="decided",
            now=NOW,
            not_before=due,
        )


def claim(store: Store, now: datetime = NOW, **options: int) -> list[int]:
    with store.transaction():
        return [alert.id for alert in alerts.claim(store, now, LEASE, "us", **options)]


# --------------------------------------------------------------------------- opening


def test_a_new_file_gets_its_folder_its_tables_and_the_number_of_its_schema(path: Path) -> None:
    with open_store(path) as store:
        assert store.row("pragma user_version") == {"user_version": base.SCHEMA}
        assert store.rows("select * from articles") == []


def test_a_file_that_is_there_keeps_what_it_holds(path: Path) -> None:
    with open_store(path) as store:
        add_article(store, PROPOSED)
    with open_store(path, create=False) as store:
        assert [row["title"] for row in store.rows("select title from articles")] == [PROPOSED]


def test_without_create_a_missing_file_is_an_error_that_says_what_makes_it(path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no database at .*monitor\.db yet; `haiti-monitor poll`"):
        open_store(path, create=False).__enter__()
    assert not path.parent.exists()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    with open_store(path) as store:
        store.connection.execute(f"pragma user_version = {base.SCHEMA + 1}")
    with pytest.raises(StoreError, match="made by a newer haiti-monitor; update this one"):
        open_store(path).__enter__()
    assert sqlite3.connect(path).execute("pragma user_version").fetchone() == (base.SCHEMA + 1,)


def test_what_an_older_version_stored_and_told_is_there_after_an_update(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    migrations.apply(Database(connection), stop_before="m003_story_index")
    connection.executescript(
        """
        insert into stories values (1, 'Norland agrees', '2025-09-30T10:00:00Z');
        insert into articles (id, outlet, title, title_key, first_seen, story, read_state)
            values (1, 'One', 'Norland agrees', 'norland agrees', '2025-09-30T10:00:00Z', 1, 'never');
        insert into developments (id, change, stage, title, sentence, severity, first_seen, last_seen, created_at)
            values (1, 'leadership', 'decided', 'Norland agrees', 'Norland agrees', 'high',
                '2025-09-30T10:00:00Z', '2025-09-30T10:00:00Z', '2025-09-30T10:00:00Z');
        insert into development_stages values (1, 'decided', '2025-09-30T10:00:00Z', 1, '2025-09-30T10:00:00Z');
        insert into development_articles values (1, 1, 'decided', '2025-09-30T10:00:00Z');
        insert into alerts (id, development, article, channel, kind, stage, created_at, message_key, subject, text,
                html)
            values (7, 1, 1, 'desk', 'new', 'decided', '2025-09-30T10:00:00Z', 'key', 'Subject', 'Text', '<p>');
        """
    )
    connection.commit()
    connection.close()
    with open_store(path) as store:
        assert [row["development"] for row in developments.situation(store)] == [1]
        assert alerts.told(store, 1) == {"desk": [Telling("new", "decided", None)] * 2}
        shown = alerts.show(store, 7)
        assert shown is not None
        assert (shown["state"], shown["subject"], shown["message_key"]) == ("queued", "Subject", "key")
        with store.transaction():
            assert articles.index(store) == 0, "it was indexed by the older version"
            store.write("update articles set title = 'Sudland agrees' where id = 1")
        assert [len(articles.search(store, word, limit=5)) for word in ("norland", "sudland")] == [0, 1]
        assert store.rows("pragma foreign_key_check") == []


def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("create view situation as select 1")
    other.close()
    with pytest.raises(StoreError, match="situation already exists"):
        open_store(path).__enter__()
    names = sqlite3.connect(path).execute("select name from sqlite_master").fetchall()
    assert names == [("situation",)]


_OPEN_WHEN_TOLD = """
import sys
from pathlib import Path
from monitor.store import open_store
print("ready", flush=True)
sys.stdin.readline()
with open_store(Path(sys.argv[1])) as store:
    print(store.rows("select count(*) as n from articles")[0]["n"])
"""


def test_processes_that_open_a_new_file_at_once_all_find_it_ready(path: Path) -> None:
    command = [sys.executable, "-c", _OPEN_WHEN_TOLD, str(path)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(process.communicate(timeout=20)[0], process.returncode) for process in running] == [("0\n", 0)] * 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: path.write_text("no database " * 100), "it is no SQLite database", id="text"),
        pytest.param(lambda path: path.mkdir(), "check that the folder exists", id="directory"),
    ],
)
def test_what_is_no_database_is_an_error_in_words(make: Any, words: str, path: Path) -> None:
    path.parent.mkdir()
    make(path)
    with pytest.raises(StoreError, match=words) as caught:
        open_store(path).__enter__()
    assert str(path) in str(caught.value)


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(tmp_path / "file" / "monitor.db").__enter__()


def test_a_damaged_file_is_an_error_in_words(path: Path) -> None:
    with open_store(path) as store:
        for number in range(200):
            add_article(store, f"Article number {number}", summary="A long summary. " * 100)
    content = bytearray(path.read_bytes())
    half = len(content) // 2  # the first has the tables' definitions, which are read when the file is opened
    content[half:] = b"\x99" * (len(content) - half)
    path.write_bytes(content)
    with open_store(path) as store, pytest.raises(StoreError, match="the file is damaged, and there is no backup in"):
        store.rows("select * from articles order by title")


def test_a_database_that_another_program_holds_is_an_error_in_words(path: Path, store: Store) -> None:
    other = sqlite3.connect(path)
    other.execute("begin immediate")
    store.connection.execute("pragma busy_timeout = 1")
    with pytest.raises(StoreError, match="another program holds it; close that program"), store.transaction():
        pytest.fail("the transaction must not begin")
    other.close()


def test_a_database_that_may_not_be_written_is_an_error_in_words(store: Store) -> None:
    store.connection.execute("pragma query_only = on")
    with pytest.raises(StoreError, match="it may not be written"), store.transaction():
        store.write("delete from articles")


# --------------------------------------------------------------------------- transactions


def test_a_transaction_that_fails_writes_nothing_not_even_what_sqlite_utils_wrote(store: Store) -> None:
    def write_and_fail() -> None:
        with store.transaction():
            store.write("insert into feeds (name, url, added_at) values ('a', 'http://a.example', 'x')")
            store.insert("stories", {"title": "a story", "first_seen": "x"})
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write_and_fail()
    assert store.row("select (select count(*) from feeds) + (select count(*) from stories) as n") == {"n": 0}


def test_a_transaction_takes_the_write_lock_before_it_writes(path: Path, store: Store) -> None:
    other = sqlite3.connect(path, timeout=0)
    with store.transaction():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")
        assert other.execute("select count(*) from feeds").fetchone() == (0,)  # reading goes on
    other.execute("begin immediate")
    other.close()


def test_a_second_connection_sees_what_was_written_when_it_is_committed(path: Path, store: Store) -> None:
    other = sqlite3.connect(path)
    with store.transaction():
        store.insert("stories", {"title": "a story", "first_seen": "x"})
        assert other.execute("select count(*) from stories").fetchone() == (0,)
    assert other.execute("select count(*) from stories").fetchone() == (1,)
    other.close()


def test_a_row_that_refers_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), store.transaction():
        store.write("insert into sightings (feed, article, first_seen) values (7, 7, 'x')")


@pytest.mark.parametrize("text", ["2025-09-30T12:00:00Z", None])
def test_moments_come_back_as_they_were_written(text: str | None) -> None:
    assert base.iso(base.moment(text)) == text


# --------------------------------------------------------------------------- feeds


def test_feeds_no_longer_configured_are_switched_off_and_come_back_with_their_state(store: Store) -> None:
    watch(store, "one", "two")
    assert watch(store, "two") == [1, 2]
    assert [feed.name for feed in feeds.due(store, NOW)] == ["two"]
    watch(store, "one", "two")
    assert [feed.name for feed in feeds.due(store, NOW)] == ["one", "two"]


def test_the_longest_waiting_feed_comes_first_and_one_never_asked_before_all(store: Store) -> None:
    watch(store, "one", "two", "three")
    for feed, minutes in zip(feeds.due(store, NOW), (-1, -9, None), strict=True):
        outcome = FeedOutcome(feed, NOW, 0.1, "unchanged")
        with store.transaction():
            if minutes is not None:
                due = NOW + timedelta(minutes=minutes)
                feeds.record(store, [record_of(outcome, due=due)])
    assert [feed.name for feed in feeds.due(store, NOW)] == ["three", "two", "one"]


def test_the_history_of_polls_is_forgotten_after_ninety_days(tmp_path: Path, store: Store) -> None:
    watch(store, "one")
    for days in (91, 89):
        with store.transaction():
            outcome = FeedOutcome(feeds.due(store, NOW)[0], NOW - timedelta(days=days), 0.1, "unchanged")
            feeds.record(store, [record_of(outcome)])
    with serving() as web:
        config = World(tmp_path, web).watch("one")
    assert maintain(config, store, NOW).polls == 1
    shown = feeds.show(store, 1)
    assert shown is not None
    assert [poll["at"] for poll in shown["polls"]] == ["2025-07-03T12:00:00Z"]


def polled(store: Store, status: Literal["new", "unchanged", "failed"] = "unchanged", **values: Any) -> FeedOutcome:
    """Records one more poll of the only feed."""
    outcome = FeedOutcome(feeds.due(store, NOW, everything=True)[0], NOW, 0.1, status, **values)
    with store.transaction():
        feeds.record(store, [record_of(outcome)])
    return outcome


def test_a_feed_that_moved_is_asked_where_it_went_until_that_fails(store: Store) -> None:
    watch(store, "one")
    polled(store, moved_to="http://new.example/feed")
    polled(store)
    assert feeds.due(store, NOW)[0].address == "http://new.example/feed"
    polled(store, "failed", error="no answer")
    assert feeds.due(store, NOW)[0].address == "http://one.example/feed"


def test_a_feed_that_is_gone_for_good_is_not_asked_again_until_it_is_configured_anew(store: Store) -> None:
    watch(store, "one", "two")
    outcome = FeedOutcome(feeds.due(store, NOW)[0], NOW, 0.1, "failed", http_status=410, error="410 Gone")
    with store.transaction():
        feeds.record(store, [record_of(outcome)])
    assert [feed.name for feed in feeds.due(store, NOW, everything=True)] == ["two"]
    watch(store, "one", "two")
    assert [feed.name for feed in feeds.due(store, NOW, everything=True)] == ["two"]
    watch(store, "two")
    watch(store, "one", "two")
    assert {feed.name for feed in feeds.due(store, NOW, everything=True)} == {"one", "two"}


def test_what_a_feed_says_of_its_pace_is_kept_until_it_says_otherwise(store: Store) -> None:
    watch(store, "one")
    pace = Pace(timedelta(minutes=30), frozenset({1, 23}), frozenset({6}))
    polled(store, "new", parsed=ParsedFeed((), pace=pace, seen="a"), body_hash="h")
    polled(store, body_hash="h")
    assert feeds.due(store, NOW)[0].pace == pace
    polled(store, "new", parsed=ParsedFeed(()), body_hash="i")
    assert feeds.due(store, NOW)[0].pace == Pace()


# --------------------------------------------------------------------------- articles


def test_only_the_feed_that_brought_an_article_may_change_it(store: Store) -> None:
    first, second = watch(store, "one", "two")
    article = add_article(store, PROPOSED, feed=first)
    with store.transaction():
        articles.see(store, [(article, candidate(DECIDED, feed=second))], NOW)
        articles.update(store, article, candidate(DECIDED, feed=second), NOW)
    assert [row["title"] for row in articles.list_recent(store, limit=5)] == [PROPOSED]
    with store.transaction():
        articles.update(store, article, candidate(DECIDED, feed=first), NOW)
    assert [row["title"] for row in articles.list_recent(store, limit=5)] == [DECIDED]


def test_an_unchanged_headline_is_not_matched_again(store: Store) -> None:
    (feed,) = watch(store, "one")
    article = add_article(store, PROPOSED, feed=feed)
    with store.transaction():
        articles.matched(store, article, "v1")
        articles.update(store, article, candidate(PROPOSED.upper()), NOW)
    assert articles.unmatched(store, "v1") == []
    assert [found.id for found in articles.unmatched(store, "v2")] == [article]


def test_an_update_replaces_the_text_only_where_it_was_the_summary(store: Store) -> None:
    (feed,) = watch(store, "one")
    short = add_article(store, PROPOSED, feed=feed)
    whole = add_article(store, EFFECTIVE, feed=feed, content="The whole article.")
    with store.transaction():
        for article in (short, whole):
            articles.update(store, article, candidate(DECIDED, summary="In short."), NOW)
    assert store.rows("select text, text_source from articles order by id") == [
        {"text": "In short.", "text_source": "summary"},
        {"text": "The whole article.", "text_source": "feed"},
    ]


def test_an_update_dates_no_news_into_the_future(store: Store) -> None:
    (feed,) = watch(store, "one")
    article = add_article(store, PROPOSED, feed=feed)
    tomorrow = candidate(DECIDED, published=NOW + timedelta(hours=20))
    with store.transaction():
        articles.update(store, article, tomorrow, NOW)
    assert store.row("select news_at from articles") == {"news_at": base.iso(NOW)}


def test_a_page_gives_its_date_only_where_the_feed_gave_none(store: Store) -> None:
    dated = add_article(store, PROPOSED, published=NOW - timedelta(days=1), at=NOW - timedelta(days=1))
    undated = add_article(store, DECIDED, at=None)
    written = NOW - timedelta(days=9)
    with store.transaction():
        for article in (dated, undated):
            articles.set_page(store, article, Page("", "Text.", extractor="x"), published=written, news_at=written)
    rows = store.rows("select published_source, published = news_at as same, published from articles order by id")
    assert rows == [
        {"published_source": "feed", "same": 1, "published": "2025-09-29T12:00:00Z"},
        {"published_source": "page", "same": 1, "published": "2025-09-21T12:00:00Z"},
    ]


# --------------------------------------------------------------------------- search


@pytest.mark.parametrize(
    "query",
    [
        "lagoon",
        "LAGOON mission",
        "depeche",
        "dépêche",
        '"la lagune"',
        "lag*",
        "title:lagoon",
        "lagoon NOT library",
        "l'armée",
    ],
)
def test_search_finds_words_in_any_case_without_accents_and_by_the_rules_of_fts5(query: str, store: Store) -> None:
    article = add_article(store, "Lagoon Mission", summary="Une dépêche sur l'armée de la Lagune")
    assert [row["id"] for row in articles.search(store, query, limit=5)] == [article]


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '"lagoon', "AND", "lagoon AND", "NOT", "(", "lagoon)", "*", "^", "col:lagoon", "lagoon-mission",
     "what? lagoon!", "https://lagoon.example/a?b=c", "'; drop table articles; --", "💥", "-lagoon", "NEAR(", "\\"],
)  # fmt: skip
def test_what_is_no_query_of_fts5_is_searched_as_words_and_never_fails(query: str, store: Store) -> None:
    add_article(store, "Lagoon Mission", summary="A note")
    found = articles.search(store, query, limit=5)
    assert len(found) == (query in ('"lagoon', "lagoon)", "lagoon-mission", "-lagoon"))


def test_search_ranks_the_latest_that_match_where_many_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(articles, "_RANKED", 2)
    add_article(store, "Lagoon, lagoon, lagoon")
    good = add_article(store, "Lagoon")
    add_article(store, "A long headline in which the lagoon is one word of many")
    assert [row["id"] for row in articles.search(store, "lagoon", limit=1)] == [good]
    assert len(articles.search(store, "lagoon", limit=3)) == 3, "whoever wants more gets more"


def test_search_follows_changed_and_deleted_articles(store: Store) -> None:
    (feed,) = watch(store, "one")
    article = add_article(store, "Lagoon Mission", feed=feed)
    with store.transaction():
        articles.update(store, article, candidate("Harbour Watch"), NOW)
    assert articles.search(store, "lagoon", limit=5) == []
    assert [row["excerpt"] for row in articles.search(store, "harbour", limit=5)] == ["[Harbour] Watch"]
    with store.transaction():
        store.write("delete from sightings")
        store.write("delete from articles")
    assert articles.search(store, "harbour", limit=5) == []


@pytest.mark.parametrize("few", [1, 1000])
def test_articles_of_an_outlet_are_listed_from_the_latest_however_many_it_has(
    few: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(articles, "_FEW", few)
    found = [add_article(store, f"Number {n}", outlet="One" if n % 2 else "Two") for n in range(6)]
    assert [row["id"] for row in articles.list_recent(store, limit=2, outlet="One")] == [found[5], found[3]]
    later = NOW + timedelta(seconds=1)
    assert articles.list_recent(store, limit=2, outlet="One", since=later) == []
    assert articles.list_recent(store, limit=2, outlet="Nobody") == []


# --------------------------------------------------------------------------- signals


def test_a_signal_that_is_found_again_keeps_its_development_and_one_that_is_not_is_retired(store: Store) -> None:
    add_development(store, "decided")
    other = a_signal(rule="term", change="mandate")
    with store.transaction():
        assert signals.replace(store, 1, [a_signal(severity="high"), other], "v2", NOW) == 1
    assert store.rows("select rule, development, severity, rules_version, retired_at from signals order by id") == [
        {"rule": "handover", "development": 1, "severity": "high", "rules_version": "v2", "retired_at": None},
        {"rule": "term", "development": None, "severity": "normal", "rules_version": "v2", "retired_at": None},
    ]
    with store.transaction():
        assert signals.replace(store, 1, [other], "v3", NOW) == 0
    retired = store.rows("select rule, development, retired_at from signals where retired_at is not null")
    assert retired == [{"rule": "handover", "development": 1, "retired_at": base.iso(NOW)}]
    with store.transaction():
        assert signals.replace(store, 1, [a_signal(), other], "v4", NOW) == 0
    assert store.row("select count(*) as n from signals where retired_at is null") == {"n": 2}


def test_the_words_that_decided_and_the_rules_that_nearly_held_are_stored(store: Store) -> None:
    article = add_article(store, DECIDED)
    with store.transaction():
        signals.replace(store, article, [a_signal(words=("agrees", "take over"))], "v1", NOW)
        articles.matched(store, article, "v1", ["handover", "term"])
    assert store.row("select words from signals") == {"words": "agrees | take over"}
    assert store.row("select nearly from articles") == {"nearly": "handover, term"}
    with store.transaction():
        signals.replace(store, article, [a_signal(words=("agrees",))], "v2", NOW)
        articles.matched(store, article, "v2")
    assert store.row("select words from signals") == {"words": "agrees"}
    assert store.row("select nearly from articles") == {"nearly": None}


def test_retired_signals_wait_for_no_development(store: Store) -> None:
    article = add_article(store, DECIDED)
    with store.transaction():
        signals.replace(store, article, [a_signal()], "v1", NOW)
        signals.replace(store, article, [], "v2", NOW)
    assert signals.ungrouped(store) == []


# --------------------------------------------------------------------------- developments and views


def test_the_timeline_has_a_row_for_each_stage_with_the_sentence_that_showed_it(store: Store) -> None:
    event = add_development(store, "proposed", "decided")
    with store.transaction():
        developments.told(store, event, NOW)
    rows = developments.timeline(store)
    assert [(row["stage"], row["sentence"], row["articles"], row["told_at"]) for row in rows] == [
        ("proposed", DECIDED, 2, base.iso(NOW)),
        ("decided", DECIDED, 2, base.iso(NOW)),
    ]
    assert [row["stage"] for row in developments.timeline(store, limit=1)] == ["decided"]


def test_the_situation_is_for_each_change_what_stands_and_what_is_proposed_beyond_it(store: Store) -> None:
    add_development(store, "proposed", title=PROPOSED, hours=-48)
    add_development(store, "proposed", "decided", title=DECIDED)
    stands = add_development(store, "decided", "effective", title=EFFECTIVE, hours=400)
    beyond = add_development(store, "proposed", title="Sudland wants it back", hours=500)
    (row,) = developments.situation(store)
    assert (row["change"], row["stage"], row["development"]) == ("leadership", "effective", stands)
    assert (row["since"], row["decided_by"], row["sentence"]) == (
        base.iso(NOW + timedelta(hours=401)), "Norland", EFFECTIVE,
    )  # fmt: skip
    assert [(one["development"], one["sentence"]) for one in row["proposed"]] == [(beyond, "Sudland wants it back")]


def test_the_situation_leaves_out_what_was_dismissed_and_what_was_only_mentioned(store: Store) -> None:
    first = add_development(store, "decided")
    latest = add_development(store, "decided", title=EFFECTIVE, hours=400)
    mention = add_development(store, "decided", title="Norland agrees again", hours=500)
    with store.transaction():
        assert developments.dismiss(store, latest, "a test", NOW)
        store.write("update development_articles set plain = 0 where development = ?", mention)
    assert [row["development"] for row in developments.situation(store)] == [first]


def test_a_change_of_which_nothing_is_decided_has_its_proposals_only(store: Store) -> None:
    one = add_development(store, "proposed", title=PROPOSED)
    (row,) = developments.situation(store)
    assert (row["change"], row["stage"], row["sentence"]) == ("leadership", None, None)
    assert [proposal["development"] for proposal in row["proposed"]] == [one]
    assert developments.situation(store)[0].keys() >= {"since", "decided_by", "outlets", "stories", "title"}


def test_a_proposal_that_something_followed_is_proposed_no_more(store: Store) -> None:
    one = add_development(store, "proposed", title=PROPOSED)
    then = add_development(store, "decided", hours=-1, follows=one)  # so that it is not the day that tells
    assert [row["development"] for row in developments.situation(store)] == [then]
    assert developments.situation(store)[0]["proposed"] == []
    course = developments.course(store, then)
    assert [(row["development"], row["stage"], row["outlets"]) for row in course] == [
        (one, "proposed", 1), (then, "decided", 1),
    ]  # fmt: skip


def test_a_development_is_as_severe_as_its_most_severe_report(store: Store) -> None:
    event = add_development(store, "decided")
    for severity, expected in (("high", "high"), ("low", "high")):
        report = Report((StoredSignal(9, a_signal(severity=severity, actors=("Sudland",)), Article(1, DECIDED), NOW),))
        with store.transaction():
            developments.extend(store, event, NOW, report)
        row = store.row("select severity, actors from developments")
        assert row == {"severity": expected, "actors": "Norland, Sudland"}


@pytest.mark.parametrize("show", [developments.show, articles.show, feeds.show, alerts.show, stories.show])
def test_what_is_not_there_is_shown_as_none(show: Any, store: Store) -> None:
    assert show(store, 99) is None


def test_the_overview_counts_what_is_stored(store: Store) -> None:
    watch(store, "one")
    add_alert(store)
    facts = overview(store, NOW)
    assert {key: facts[key] for key in ("feeds", "feeds_unpolled", "articles", "developments", "alerts_queued")} == {
        "feeds": 1, "feeds_unpolled": 1, "articles": 1, "developments": 1, "alerts_queued": 1,
    }  # fmt: skip
    assert facts["database_bytes"] > 0
    assert facts["last_poll"] is None


# --------------------------------------------------------------------------- the outbox


def test_a_claimed_alert_is_nobody_elses_until_its_lease_ends(path: Path, store: Store) -> None:
    alert = add_alert(store)
    assert claim(store) == [alert]
    with open_store(path) as other:
        assert claim(other, NOW + LEASE - timedelta(seconds=1)) == []
        assert claim(other, NOW + LEASE) == [alert]


def test_alerts_are_claimed_in_their_order_and_not_before_they_are_due(store: Store) -> None:
    first, second, third = (add_alert(store) for _ in range(3))
    late = add_alert(store, due=NOW + timedelta(hours=1))
    assert claim(store, limit=2) == [first, second]
    assert alerts.next_due(store) == base.iso(NOW)  # the third
    assert claim(store) == [], "of a channel that somebody is sending to nobody else takes any"
    assert claim(store, NOW + LEASE) == [first, second, third]
    assert alerts.next_due(store) == base.iso(NOW + 2 * LEASE)
    assert claim(store, NOW + timedelta(hours=1)) == [first, second, third, late]


def test_with_an_alert_that_is_due_come_those_before_it_on_its_channel_and_no_others(store: Store) -> None:
    waiting = add_alert(store, due=NOW + timedelta(hours=1))
    add_alert(store, "other", due=NOW + timedelta(hours=1))
    due = add_alert(store)
    add_alert(store, due=NOW + timedelta(hours=1))
    assert claim(store) == [waiting, due]


def test_a_claim_counts_as_a_try_and_keeps_the_key(store: Store) -> None:
    add_alert(store)
    with store.transaction():
        (before,) = alerts.claim(store, NOW, LEASE, "us")
    with store.transaction():
        (again,) = alerts.claim(store, NOW + LEASE, LEASE, "us")
    assert (before.attempts, again.attempts) == (0, 1)
    assert before.key == again.key
    assert before.message == Message("News", "News in full", "<p>News</p>")


def test_a_sent_alert_is_due_no_more_and_counts_for_its_channel(store: Store) -> None:
    alert = add_alert(store)
    claim(store)
    with store.transaction():
        alerts.sent(store, alert, NOW)
    assert claim(store, NOW + timedelta(days=9)) == []
    assert alerts.sent_since(store, "desk", NOW - timedelta(hours=1)) == 1
    assert alerts.sent_since(store, "desk", NOW) == 0
    assert alerts.sent_since(store, "other", NOW - timedelta(hours=1)) == 0


@pytest.mark.parametrize(("uncounted", "attempts"), [(False, 1), (True, 0)])
def test_a_postponed_alert_waits_and_counts_its_try_unless_it_was_none(
    uncounted: bool, attempts: int, store: Store
) -> None:
    alert = add_alert(store)
    claim(store)
    later = NOW + timedelta(hours=1)
    with store.transaction():
        alerts.postpone(store, alert, later, error="refused", uncounted=uncounted)
    row = store.row("select attempts, next_attempt, last_error, state from alerts")
    assert row == {
        "attempts": attempts, "next_attempt": base.iso(later), "last_error": "refused", "state": "queued",
    }  # fmt: skip


def test_an_alert_given_up_is_listed_as_failed_until_it_is_sent_again_by_hand(store: Store) -> None:
    alert = add_alert(store)
    claim(store)
    with store.transaction():
        alerts.give_up(store, alert, "refused for three days")
    assert claim(store, NOW + timedelta(days=9)) == []
    assert [row["last_error"] for row in alerts.list_recent(store, limit=5, state="failed")] == [
        "refused for three days"
    ]
    with store.transaction():
        assert alerts.resend(store, alert, NOW)
        assert not alerts.resend(store, 99, NOW)
    assert claim(store) == [alert]
    assert alerts.list_recent(store, limit=5, state="failed") == []


def test_the_alert_log_names_what_was_told_and_where_it_came_from(store: Store) -> None:
    alert = add_alert(store, subject="Norland decides")
    (row,) = store.rows("select * from alert_log")
    assert (row["alert"], row["subject"], row["outlet"], row["state"]) == (alert, "Norland decides", "One", "queued")


def test_a_poll_is_recorded_with_what_it_brought(store: Store) -> None:
    watch(store, "one")
    parsed = ParsedFeed((Entry(PROPOSED), Entry(DECIDED)), warning="a little damaged", seen="a b")
    outcome = FeedOutcome(
        feeds.due(store, NOW)[0], NOW, 0.25, "new", http_status=200, parsed=parsed, etag='"x"', body_hash="h"
    )
    with store.transaction():
        feeds.record(store, [record_of(outcome, new=2)])
    (feed,) = feeds.list_all(store)
    assert (feed["status"], feed["error"], feed["last_new_entry"]) == ("new", "a little damaged", base.iso(NOW))
    shown = feeds.show(store, feed["id"])
    assert shown is not None
    assert shown["polls"][0] | {"error": None} == {
        "at": base.iso(NOW), "status": "new", "http_status": 200, "entries": 2, "new_entries": 2,
        "seconds": 0.25, "error": None,
    }  # fmt: skip
    (state,) = feeds.due(store, NOW)
    assert (state.etag, state.seen, state.last_full, state.interval) == ('"x"', "a b", NOW, timedelta(minutes=10))


# --------------------------------------------------------------------------- who may read it


def test_a_new_database_and_the_folder_made_for_it_are_for_their_user_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "monitor.db"
    with open_store(path) as store, store.transaction():
        store.write("pragma user_version = 7")
        made = [path.parent, *path.parent.iterdir()]
        assert {one.name for one in made} >= {"data", "monitor.db", "monitor.db-wal", "monitor.db-shm"}
        assert [one for one in made if one.stat().st_mode & 0o077] == []


def test_a_database_that_its_owner_shares_stays_shared(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with open_store(path):
        path.chmod(0o640)
    with open_store(path):
        assert path.stat().st_mode & 0o777 == 0o640
