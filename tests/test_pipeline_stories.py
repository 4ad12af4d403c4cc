"""Articles find their copies in the store, however many outlets and days there are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from monitor.models import Candidate, Entry
from monitor.pipeline.stories import assign_story
from monitor.store import Store, articles, open_store, stories
from monitor.text import title_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINES = [
    "The council of the lagoon voted on Tuesday evening to give its security mission another year of work.",
    "Eleven members were in favour, two against, and the delegate of the northern islands stayed away.",
    "Some six hundred officers from four countries patrol the harbour, the market and the airport road.",
    "Their wages are three months late because the fund that pays them has run dry for the second time.",
]
TEXT = "\n".join(LINES)
TITLE = "Council gives the lagoon mission another year"
FOOTER = "The Lagoon Post is read in nine harbours and welcomes letters from every one of them at its office."


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "monitor.db") as opened:
        yield opened


_numbers = count()


def add(
    store: Store,
    title: str = "",
    text: str = "",
    *,
    outlet: str = "Lagoon Post",
    language: str = "en",
    hours: float = 0,
) -> tuple[int, int]:
    """Stores an article and decides its story; says the ids of both."""
    at = NOW + timedelta(hours=hours)
    title = title or f"Headline number {next(_numbers)} of nothing in particular"
    entry = Entry(title=title, content=text, published=at)
    found = Candidate(1, entry, outlet, title_key(title), None, f"https://example.org/{next(_numbers)}")
    with store.transaction():
        article = articles.next_id(store)
        articles.insert(store, [articles.NewArticle(article, found, language, at, wanted=False)], at)
    return article, decide(store, article)


def decide(store: Store, article: int) -> int:
    row = store.rows("select * from articles where id = ?", article)[0]
    with store.transaction():
        return assign_story(store, articles.article_of(row))


def text_about(subject: str) -> str:
    """A text that shares its runs of words with no text about anything else."""
    return "\n".join(" ".join(f"{subject}{word}" for word in range(line, line + 12)) for line in range(0, 60, 12))


def test_forty_outlets_with_one_text_under_forty_headlines_are_one_story(store: Store) -> None:
    found = {add(store, text=f"{TEXT}\nOutlet {n} has {n} readers more.", outlet=f"Outlet {n}")[1] for n in range(40)}
    assert len(found) == 1
    listed = stories.list_recent(store, limit=5)
    assert [(row["articles"], row["outlets"]) for row in listed] == [(40, 40)]
    shown = stories.show(store, listed[0]["id"])
    assert shown is not None
    assert [article["outlet"] for article in shown["articles"]] == [f"Outlet {n}" for n in range(40)]


def test_a_headline_alone_joins_the_story_that_was_told_under_it(store: Store) -> None:
    _, story = add(store, TITLE, TEXT)
    assert add(store, f"{TITLE} longer", outlet="Search")[1] == story
    assert add(store, "Fund of the lagoon mission has run dry for the second time", outlet="Search")[1] != story


def test_a_copy_that_comes_after_the_window_is_a_story_of_its_own(store: Store) -> None:
    _, story = add(store, TITLE, TEXT)
    assert add(store, TITLE, TEXT, outlet="Late", hours=5 * 24)[1] == story
    assert add(store, TITLE, TEXT, outlet="Very late", hours=11 * 24)[1] != story


def test_what_an_outlet_puts_below_all_its_texts_makes_no_copies_of_them(store: Store) -> None:
    footer = "\n".join([FOOTER, FOOTER.replace("nine", "ten"), FOOTER.replace("letters", "drawings")])
    first = [add(store, text=f"{text_about(subject)}\n{footer}")[1] for subject in ("a", "b", "c")]
    assert len(set(first)) == 3
    short = "The ferry to the northern islands leaves at nine from now on, said the harbour master on Monday."
    other = "A baker of the old town has won the lagoon's medal for bread with a loaf of seaweed and rye."
    one, two = (add(store, text=f"{line}\n{footer}")[1] for line in (short, other))
    assert one != two, "most of what these two say is the footer"
    assert store.rows("select count(*) as n from outlet_lines where outlet = 'Lagoon Post'") == [{"n": 3}]
    assert store.rows("select count(*) as n from article_lines l join outlet_lines o using (line)") == [{"n": 0}]


def test_the_updates_of_an_article_do_not_make_its_text_a_footer(store: Store) -> None:
    found = {add(store, f"{TITLE} (update {n})", f"{TEXT}\nUpdate {n} adds a line.", hours=n)[1] for n in range(5)}
    assert len(found) == 1
    assert store.rows("select * from outlet_lines") == []


def test_a_page_that_was_read_later_can_show_that_an_article_is_a_copy(store: Store) -> None:
    _, story = add(store, TITLE, TEXT)
    article, alone = add(store, "Wages and votes", outlet="Mirror")
    assert alone != story
    with store.transaction():
        store.write("update articles set text = ? where id = ?", TEXT, article)
    assert decide(store, article) == story
    assert [row["id"] for row in stories.list_recent(store, limit=9)] == [story], "the empty story is gone"


def test_deciding_again_changes_nothing_where_nothing_changed(store: Store) -> None:
    article, story = add(store, TITLE, TEXT)
    add(store, TITLE, TEXT, outlet="Mirror")
    before = list(store.connection.iterdump())
    assert decide(store, article) == story
    assert list(store.connection.iterdump()) == before


def test_common_words_of_the_archive_make_no_story(store: Store) -> None:
    for n in range(30):
        add(store, f"Officer of lagoon mission killed near place{n} by wave{n} storm{n}", hours=-24 * n)
    _, one = add(store, "Officer of the lagoon mission killed near market", outlet="One")
    _, two = add(store, "Officer of the lagoon mission killed by lightning", outlet="Two")
    assert one != two
    _, copy = add(store, "Lightning: officer of lagoon mission killed", outlet="Three")
    assert copy == two


def test_a_look_up_reads_the_days_around_an_article_only(store: Store) -> None:
    """The plan of both queries is a search in the index by key and day, so the archive's length does not matter."""
    add(store, TITLE, TEXT)
    statements: list[str] = []
    store.connection.set_trace_callback(statements.append)
    add(store, TITLE, TEXT, outlet="Mirror")
    store.connection.set_trace_callback(None)
    looked_up = [sql for sql in statements if "day between" in sql]
    assert len(looked_up) == 2
    for sql in looked_up:
        plan = " ".join(row["detail"] for row in store.rows(f"explain query plan {sql}"))
        assert "USING PRIMARY KEY" in plan
        assert "day>? AND day<?" in plan
