"""The stories that articles belong to, and the index by which copies find each other.

The index holds sampled runs of words and the telling words of headlines, each with the day of its article: a look-up
reads only the days around it, however long the archive is.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from monitor.models import Article
from monitor.store.articles import article_of
from monitor.store.base import Row, Store, iso

_CANDIDATES = 5
_OTHER_STORIES = 2
"""In how many other stories of an outlet a line stands that is the outlet's own, such as a footer."""


def assigned(store: Store, article: int) -> tuple[int | None, str | None]:
    """The story of an article, and the key of what it was decided on."""
    row = store.rows("select story, story_key from articles where id = ?", article)[0]
    return row["story"], row["story_key"]


def own_lines(store: Store, article: Article, lines: Mapping[int, str]) -> list[str]:
    """The lines of an article without those that its outlet is known to put into many."""
    rows = store.rows(
        "select line from outlet_lines where outlet = ? and line in (select value from json_each(?))",
        *(article.outlet, json.dumps(list(lines))),
    )
    repeated = {row["line"] for row in rows}
    return [line for key, line in lines.items() if key not in repeated]


def learn_lines(store: Store, article: Article, story: int, lines: Mapping[int, str]) -> None:
    """Remembers the lines of an article; one that stands in two other stories of the outlet is its own from then on.

    What is known as the outlet's own is no longer remembered, so the number of articles with a line stays small.
    """
    asked = json.dumps(list(lines))
    store.write(
        """
        insert or ignore into article_lines (line, article) select value, ? from json_each(?)
        where value not in (select line from outlet_lines where outlet = ?)
        """,
        *(article.id, asked, article.outlet),
    )
    repeated = store.rows(
        """
        select l.line from article_lines l join articles a on a.id = l.article
        where l.line in (select value from json_each(?)) and a.outlet = ? and a.story <> ?
        group by l.line having count(distinct a.story) >= ?
        """,
        *(asked, article.outlet, story, _OTHER_STORIES),
    )
    for row in repeated:
        store.write("insert or ignore into outlet_lines (outlet, line) values (?, ?)", article.outlet, row["line"])
        store.write(
            """
            delete from article_lines where line = ? and article in (
                select a.id from article_lines l join articles a on a.id = l.article where l.line = ? and a.outlet = ?
            )
            """,
            *(row["line"], row["line"], article.outlet),
        )


def weights(store: Store, words: Sequence[str]) -> Callable[[str], float]:
    """How rare words are in the archive's headlines: their inverse document frequency, smoothed."""
    rows = store.rows(
        "select word, articles from headline_words where word in (select value from json_each(?))",
        json.dumps(["", *words]),
    )
    counts = {row["word"]: row["articles"] for row in rows}
    total = counts.get("", 0)
    return lambda word: math.log((total + 1) / (counts.get(word, 0) + 0.5))


def candidates(
    store: Store, article: Article, runs: Sequence[int], words: Sequence[str], window: timedelta
) -> list[Article]:
    """The articles of other addresses that most look like copies: by shared runs, then by shared rare words."""
    day = _day(article)
    reach = (day - window.days, day + window.days, article.id, _CANDIDATES)
    by_text = store.rows(
        """
        select article from story_runs
        where run in (select value from json_each(?)) and day between ? and ? and article <> ?
        group by article having count(*) > 1 order by count(*) desc, article limit ?
        """,
        *(json.dumps(runs), *reach),
    )
    by_headline = store.rows(
        """
        select article from story_words
        where word in (select value from json_each(?)) and day between ? and ? and article <> ?
        group by article order by count(*) desc, article limit ?
        """,
        *(json.dumps(words), *reach),
    )
    ids = list(dict.fromkeys(row["article"] for row in (*by_text, *by_headline)))
    rows = store.rows(
        """
        select a.* from json_each(?) wanted join articles a on a.id = wanted.value
        where a.story is not null order by wanted.key
        """,
        json.dumps(ids),
    )
    return [article_of(row) for row in rows]


def index(store: Store, article: Article, runs: Sequence[int], words: Sequence[str]) -> None:
    """Writes by what an article can be looked up. What it was before stays: it only makes a candidate more."""
    day = _day(article)
    store.write(
        "insert or ignore into story_runs (run, day, article) select value, ?, ? from json_each(?)",
        *(day, article.id, json.dumps(runs)),
    )
    added = store.write(
        "insert or ignore into story_words (word, day, article) select value, ?, ? from json_each(?) returning word",
        *(day, article.id, json.dumps(words)),
    ).fetchall()
    if added:
        store.write(
            """
            insert into headline_words (word, articles) select value, 1 from json_each(?) where true
            on conflict (word) do update set articles = articles + 1
            """,
            json.dumps(["", *(word for (word,) in added)]),
        )


def assign(store: Store, article: Article, story: int | None, key: str, likeness: str | None) -> int:
    """Puts an article into a story, or where there is None into one of its own; says its id.

    `likeness` is what shows that it is a copy, its text or its headline.
    """
    story = story or article.story
    if story is None:
        story = store.insert("stories", {"title": article.title, "first_seen": iso(article.first_seen)})
    store.write(
        "update articles set story = ?, story_key = ?, copy_by = ? where id = ?", story, key, likeness, article.id
    )
    if article.story not in (None, story):
        store.write(
            "delete from stories where id = ? and not exists (select 1 from articles where story = ?)",
            *(article.story, article.story),
        )
    return story


def _day(article: Article) -> int:
    moment = article.published or article.first_seen or datetime(1970, 1, 1, tzinfo=UTC)
    return moment.toordinal()


# --------------------------------------------------------------------------- for people


def list_recent(store: Store, *, limit: int, since: datetime | None = None) -> list[Row]:
    """Stories with how many outlets carried them, the latest first."""
    return store.rows(
        """
        select t.id, t.first_seen, t.title, count(a.id) as articles, count(distinct a.outlet) as outlets
        from (select * from stories where first_seen >= ? order by first_seen desc, id desc limit ?) t
        join articles a on a.story = t.id group by t.id order by t.first_seen desc, t.id desc
        """,
        *(iso(since) or "", limit),
    )


def show(store: Store, story: int) -> Row | None:
    """One story with its articles, the first first."""
    row = store.row("select * from stories where id = ?", story)
    if row is not None:
        row["articles"] = store.rows(
            """
            select id, news_at, first_seen, outlet, language, title, url
            from articles where story = ? order by news_at, id
            """,
            story,
        )
    return row
