"""Articles, where they were seen, their stories, and full-text search."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.errors import StoreError
from monitor.identity import Known, KnownArticle
from monitor.models import Article, Candidate, Entry, Page, PageRequest
from monitor.store.base import Row, Store, iso, moment
from monitor.text import words

_FEW = 1000
_RANKED = 1000
"""Search ranks so many articles, the latest that match."""


@dataclass(slots=True)
class NewArticle:
    """An article to store: `news_at` is when its news counts from (None: unknown), `wanted` whether its page is to be
    read.
    """

    id: int
    candidate: Candidate
    language: str | None
    news_at: datetime | None
    wanted: bool


def known(store: Store, found: Sequence[Candidate]) -> Known:
    """The stored articles that any of the candidates might be."""
    guids = json.dumps([[one.feed, one.guid] for one in found if one.guid])
    urls = json.dumps([one.canonical_url for one in found if one.canonical_url])
    titles = json.dumps([[one.outlet, one.title_key] for one in found])
    result = Known()
    for row in store.rows(
        """
        select a.id, a.canonical_url, a.outlet, a.title_key, a.published, s.feed, s.guid
        from json_each(?) g join sightings s on s.feed = g.value ->> 0 and s.guid = g.value ->> 1
        join articles a on a.id = s.article
        """,
        guids,
    ):
        result.by_guid[row["feed"], row["guid"]] = _known(row)
    for row in store.rows(
        """
        select id, canonical_url, outlet, title_key, published from articles
        where canonical_url in (select value from json_each(?))
        """,
        urls,
    ):
        result.by_url[row["canonical_url"]] = _known(row)
    for row in store.rows(
        """
        select a.id, a.canonical_url, a.outlet, a.title_key, a.published from json_each(?) t
        join articles a on a.outlet = t.value ->> 0 and a.title_key = t.value ->> 1
        """,
        titles,
    ):
        article = _known(row)
        result.by_title.setdefault((article.outlet, article.title_key), []).append(article)
    return result


def next_id(store: Store) -> int:
    """The id of the next article; it stays free until the transaction ends."""
    return int(store.rows("select coalesce(max(id), 0) + 1 as id from articles")[0]["id"])


def insert(store: Store, found: Sequence[NewArticle], now: datetime) -> None:
    """Stores new articles. Full-text search finds them after the next `index`."""
    columns = (
        *("id", "url", "canonical_url", "outlet", "title", "title_key", "summary", "text", "text_source", "language"),
        *("authors", "published", "published_source", "published_give_days", "news_at", "first_seen", "read_state"),
        "next_read",
    )
    at = iso(now)
    store.insert_all("articles", columns, [_row(one, at) for one in found])


def _row(new: NewArticle, now: str | None) -> tuple[Any, ...]:
    candidate, entry = new.candidate, new.candidate.entry
    published = iso(entry.published)
    news_at = published if new.news_at == entry.published else iso(new.news_at)
    return (
        *(new.id, entry.link, candidate.canonical_url, candidate.outlet, entry.title, candidate.title_key),
        *(
            entry.summary,
            entry.content or entry.summary,
            _source(entry),
            new.language,
            ", ".join(entry.authors) or None,
        ),
        *(published, "feed" if published else None, entry.give.days, news_at, now),
        *("wanted" if new.wanted else "unwanted", now if new.wanted else None),
    )


def _source(entry: Entry) -> str:
    """What of an entry its article's text is."""
    return "feed" if entry.content else "summary" if entry.summary else "title"


def see(store: Store, found: Sequence[tuple[int, Candidate]], now: datetime) -> None:
    """Records which feeds carry which articles."""
    at = iso(now)
    store.insert_all(
        "sightings",
        ("feed", "article", "guid", "url", "first_seen", "carried_at"),
        [(candidate.feed, article, candidate.guid, candidate.entry.link, at, at) for article, candidate in found],
        end="""
        on conflict (feed, article) do update set guid = excluded.guid, url = excluded.url,
            carried_at = excluded.carried_at
        """,
    )


def update(store: Store, article: int, candidate: Candidate, now: datetime) -> None:
    """Takes over a headline or summary that its outlet changed; the rules then look at the article again.

    Only the feed that brought the article may change it: two feeds with two versions would take turns for ever.
    """
    entry = candidate.entry
    store.write(
        """
        update articles set title = ?, title_key = ?, summary = ?, updated_at = ?, rules_version = null,
            text = case when text_source in ('summary', 'title') then ? else text end,
            text_source = case when text_source in ('summary', 'title') then ? else text_source end,
            news_at = max(news_at, coalesce(?, news_at))
        where id = ? and (title_key <> ? or summary <> ?)
            and ? = (select feed from sightings where article = articles.id order by first_seen, rowid limit 1)
        """,
        *(entry.title, candidate.title_key, entry.summary, iso(now)),
        *(entry.summary, "summary" if entry.summary else "title"),
        iso(min(entry.published, now) if entry.published else None),
        *(article, candidate.title_key, entry.summary, candidate.feed),
    )


def index(store: Store, limit: int = 1000) -> int:
    """Brings articles that full-text search does not know yet into its index; says how many. Only a few at a time, so
    that nobody else waits long for the database.
    """
    cursor = store.write(
        """
        insert into articles_fts (rowid, title, summary, text)
        select id, title, summary, text from articles
        where id > (select coalesce(max(id), 0) from articles_fts_docsize) order by id limit ?
        """,
        limit,
    )
    return cursor.rowcount


def link(store: Store, article: int) -> str | None:
    """The link under which an article is shown."""
    row = store.row("select url from articles where id = ?", article)
    return row["url"] if row else None


def place(store: Store, article: int, candidate: Candidate, now: datetime, *, wanted: bool) -> bool:
    """Gives an article the address that it lacked, and the entry's words where it had no more than a headline.

    `wanted` says whether its page is to be read there. False, and nothing changed, where another article has it.
    """
    entry = candidate.entry
    cursor = store.write(
        """
        update articles set url = ?, canonical_url = ?, rules_version = null,
            summary = case when text_source = 'title' then ? else summary end,
            text = case when text_source = 'title' then ? else text end,
            text_source = case when text_source = 'title' then ? else text_source end,
            next_read = case when ? and read_state = 'unwanted' then ? else next_read end,
            read_state = case when ? and read_state = 'unwanted' then 'wanted' else read_state end
        where id = ? and not exists (select 1 from articles where canonical_url = ?)
        """,
        *(entry.link, candidate.canonical_url, entry.summary, entry.content or entry.summary),
        *(_source(entry), wanted, iso(now), wanted, article, candidate.canonical_url),
    )
    return cursor.rowcount == 1


def wanting_page(store: Store, now: datetime, limit: int = 10_000) -> list[PageRequest]:
    """The articles whose page is still to be read, newest news first."""
    rows = store.rows(
        """
        select id, url, read_attempts from articles where read_state = 'wanted' and next_read <= ?
        order by news_at desc, id limit ?
        """,
        *(iso(now), limit),
    )
    return [PageRequest(row["id"], row["url"], row["read_attempts"]) for row in rows]


def set_page(store: Store, article: int, page: Page, *, published: datetime | None, news_at: datetime | None) -> None:
    """Stores what was read from a page; the rules then look at the article again. A feed's own date stays."""
    store.write(
        """
        update articles set text = ?, text_source = 'page', text_note = ?, read_state = 'read', next_read = null,
            read_attempts = read_attempts + 1, authors = coalesce(authors, ?), rules_version = null,
            published_source = case when published is null and ? is not null then 'page' else published_source end,
            published = coalesce(published, ?), news_at = coalesce(news_at, ?)
        where id = ?
        """,
        *(page.text, f"read by {page.extractor}", ", ".join(page.authors) or None, iso(published)),
        *(iso(published), iso(news_at), article),
    )


def no_page(store: Store, article: int, reason: str, next_read: datetime | None, *, tried: bool = True) -> None:
    """Records why a page could not be had, and when it is tried again (None: never).

    The article keeps what the feed gave, and is not waited for any longer; it counts as a try only if it was `tried`.
    """
    store.write(
        """
        update articles set read_attempts = max(read_attempts + ?, 1), text_note = ?, next_read = ?,
            read_state = case when ? is null then 'failed' else 'wanted' end
        where id = ?
        """,
        *(
            int(tried),
            f"the page could not be read: {reason}; the feed's own text stands in for it",
            iso(next_read),
            iso(next_read),
            article,
        ),
    )


_UNMATCHED = """
    (rules_version is null or rules_version < ? or rules_version > ?)
    and not (read_state = 'wanted' and read_attempts = 0)
"""


def unmatched(store: Store, version: str, limit: int = 500) -> list[Article]:
    """Articles that these rules have not seen, newest first; one whose page was not asked for yet waits for it."""
    query = f"select * from articles where {_UNMATCHED} order by news_at desc, id desc limit ?"  # noqa: S608
    return [article_of(row) for row in store.rows(query, version, version, limit)]


def still_unmatched(store: Store, version: str, known: Sequence[Article]) -> set[int]:
    """Which of these have still not been seen by these rules and say what they said, by id."""
    query = f"select * from articles where id in (select value from json_each(?)) and {_UNMATCHED}"  # noqa: S608
    rows = store.rows(query, json.dumps([article.id for article in known]), version, version)
    now = {row["id"]: article_of(row) for row in rows}
    return {article.id for article in known if now.get(article.id) == article}


def is_any_matched(store: Store, version: str) -> bool:
    """Whether these rules have seen an article."""
    return bool(store.rows("select 1 from articles where rules_version = ? limit 1", version))


def arrivals(store: Store, since: datetime | None) -> list[int]:
    """The articles in the order in which the pipeline took them: by arrival, of one poll the oldest news first.

    Only those whose news is from `since` on; one whose page was not asked for yet was not taken yet.
    """
    rows = store.rows(
        """
        select id from articles
        where coalesce(news_at, first_seen) >= ? and not (read_state = 'wanted' and read_attempts = 0)
        order by first_seen, news_at, id
        """,
        iso(since) or "",
    )
    return [row["id"] for row in rows]


def by_id(store: Store, ids: Sequence[int]) -> list[tuple[Article, datetime | None]]:
    """Articles in the order of their ids as given, each with when its news is from (None: unknown)."""
    rows = store.rows(
        "select a.* from json_each(?) wanted join articles a on a.id = wanted.value order by wanted.key",
        json.dumps(ids),
    )
    return [(article_of(row), moment(row["news_at"])) for row in rows]


def matched(store: Store, article: int, version: str, nearly: Sequence[str] = ()) -> None:
    """Records that an article was looked at under these rules, and which of them `nearly` held."""
    names = ", ".join(nearly) or None
    store.write("update articles set rules_version = ?, nearly = ? where id = ?", version, names, article)


def article_of(row: Row) -> Article:
    """An article's row as the rules see it."""
    return Article(
        id=row["id"],
        title=row["title"],
        summary=row["summary"],
        text=row["text"],
        outlet=row["outlet"],
        language=row["language"],
        url=row["url"] or "",
        published=moment(row["published"]),
        give=timedelta(days=row["published_give_days"]),
        first_seen=moment(row["first_seen"]),
        story=row["story"],
        copy_by=row["copy_by"],
    )


# --------------------------------------------------------------------------- for people


def list_recent(store: Store, *, limit: int, since: datetime | None = None, outlet: str | None = None) -> list[Row]:
    """Articles, the latest first."""
    which, values = "first_seen >= ?", [iso(since) or ""]
    if outlet is not None:
        # what has few articles is found by its name, of the others some are among the latest: + keeps an index away
        few = store.row("select 1 from articles where outlet = ? limit 1 offset ?", outlet, _FEW) is None
        which = "+first_seen >= ? and outlet = ?" if few else "first_seen >= ? and +outlet = ?"
        values.append(outlet)
    return store.rows(
        f"""
        select id, news_at, first_seen, outlet, language, title, text_source, read_state, story, url
        from articles where {which} order by first_seen desc, id desc limit ?
        """,  # noqa: S608  ours
        *(*values, limit),
    )


def show(store: Store, article: int) -> Row | None:
    """One article with where it was seen and what was found in it."""
    row = store.row("select * from articles where id = ?", article)
    if row is not None:
        row["sightings"] = store.rows(
            """
            select f.name as feed, s.guid, s.url, s.first_seen from sightings s join feeds f on f.id = s.feed
            where s.article = ? order by s.first_seen, s.rowid
            """,
            article,
        )
        row["signals"] = store.rows(
            """
            select rule, change, stage, actors, roles, sentence, field, start_offset, end_offset, development
            from signals where article = ? and retired_at is null
            """,
            article,
        )
    return row


def search(
    store: Store, query: str, *, limit: int, since: datetime | None = None, marks: tuple[str, str] = ("[", "]")
) -> list[Row]:
    """Articles that an FTS5 expression finds, the best first; what is none is searched as plain words.

    Where it finds more than 1,000 they are the best of the latest 1,000: to rank all that hold a frequent word would
    take seconds. What was found stands between the `marks` in the excerpt.
    """
    sql = """
        select a.id, a.news_at, a.outlet, a.language, a.title,
            snippet(articles_fts, -1, ?, ?, ' … ', 24) as excerpt, a.url
        from articles_fts join articles a on a.id = articles_fts.rowid
        where articles_fts match ? and articles_fts.rowid >= (
            select min(rowid) from (
                select rowid from articles_fts where articles_fts match ? order by rowid desc limit ?
            )
        ) and a.first_seen >= ?
        order by rank limit ?
        """
    rest = max(limit, _RANKED), iso(since) or "", limit
    try:
        return store.rows(sql, *marks, query, query, *rest)
    except StoreError:
        plain = " ".join(f'"{word.folded}"' for word in words(query))
        return store.rows(sql, *marks, plain, plain, *rest) if plain else []


def _known(row: Row) -> KnownArticle:
    return KnownArticle(row["id"], row["canonical_url"], row["outlet"], row["title_key"], moment(row["published"]))
