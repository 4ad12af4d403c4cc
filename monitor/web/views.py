"""What each page shows: the store and the present moment in, the values of a template out."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from monitor.feedstate import Lately, state
from monitor.store import Store, articles, developments, feeds, looking
from monitor.store.overview import overview
from monitor.web.passages import CLOSE, OPEN, found, marked
from monitor.web.plots import Event, bars, spark, timeline
from monitor.web.words import STAGES, Words

Context = dict[str, Any]
MOST_DEVELOPMENTS = 500
"""The timeline shows so many at once, the latest."""
_SPANS = {"7d": 7, "30d": 30, "90d": 90, "1y": 366, "all": None}
_FOUND = 50
_LATEST = 8
_SPARK_DAYS = 30
_PROPOSALS = 3


@dataclass(frozen=True, slots=True)
class View:
    """A page: the name of its template, its title, and what fills it (None: there is no such thing)."""

    name: str
    title: str
    fill: Callable[[Store, Words, Mapping[str, str]], Context | None]


def situation(store: Store, words: Words, _: Mapping[str, str]) -> Context:
    """What stands now and what is proposed beyond it, and what changed last."""
    standing = {row["change"]: row for row in developments.situation(store)}
    order = [*(name for name in words.labels if name in standing), *sorted(set(standing).difference(words.labels))]
    rows = [standing[name] | {"later": len(standing[name]["proposed"]) - _PROPOSALS} for name in order]
    latest = looking.stages(store, limit=_LATEST)[::-1][:_LATEST]
    return {
        "rows": rows,
        "proposals": _PROPOSALS,
        "latest": latest,
        "facts": overview(store, words.now),
        "nothing": [name for name in words.labels if name not in standing],
    }


def along_time(store: Store, words: Words, asked: Mapping[str, str]) -> Context:
    """Developments along time, as a plot and as a table, the latest first."""
    chosen = asked.get("since") or "all"
    days = _SPANS.get(chosen)
    since = words.now - timedelta(days=days) if days else None
    rows = looking.stages(store, since=since, limit=MOST_DEVELOPMENTS)
    return timeline_of(rows, words) | {
        "chosen": chosen if chosen in _SPANS else "all",
        "spans": list(_SPANS),
        "cut": len({row["development"] for row in rows}) >= MOST_DEVELOPMENTS,
        "most": MOST_DEVELOPMENTS,
    }


def timeline_of(rows: list[dict[str, Any]], words: Words) -> Context:
    """The plot and the table of stages; those of dismissed developments stand in the table only."""
    shown: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        if not row["dismissed_at"]:
            shown.setdefault(row["development"], []).append(row)
    events = [
        Event(
            number,
            steps[0]["change"],
            steps[-1]["title"],
            tuple((step["stage"], datetime.fromisoformat(step["since"])) for step in steps),
        )
        for number, steps in shown.items()
    ]
    stages = {row["stage"] for row in rows}
    return {
        "plot": timeline(events, words.labels, words.zone) if events else None,
        "rows": rows[::-1],
        "outlets": {row["development"]: row["outlets"] for row in rows},
        "legend": [stage for stage in STAGES if stage in stages] + sorted(stages.difference(STAGES)),
    }


def development(store: Store, words: Words, asked: Mapping[str, str]) -> Context | None:
    """One development with its evidence."""
    del words
    row = looking.development(store, int(asked["number"]))
    if row is None:
        return None
    for story in row["stories"]:
        for article in (story["first"], *story["copies"]):
            for sentence in article["sentences"]:
                sentence["parts"] = marked(sentence["sentence"], sentence["words"])
    told = {stage["article"] for stage in row["stages"]}
    outlets = {article["outlet"] for story in row["stories"] for article in (story["first"], *story["copies"])}
    shown = _shown(row)
    return {"row": row, "shown": shown, "deciding": told, "outlets": len(outlets)}


def _shown(row: Context) -> Context | None:
    """The sentence that shows the present stage, with where it stands."""
    for story in row["stories"]:
        for article in (story["first"], *story["copies"]):
            for sentence in article["sentences"]:
                if sentence["sentence"] == row["sentence"]:
                    return {"article": article, "parts": sentence["parts"]}
    return None


def sources(store: Store, words: Words, _: Mapping[str, str]) -> Context:
    """Every feed: how it is, its rhythm, and what it brought lately."""
    lately = feeds.lately(store, words.now)
    rows = []
    for row in feeds.list_all(store):
        known = lately.get(row["id"], Lately())
        counts = _by_day(known, words)
        rows.append(
            row
            | {
                "state": state(row, words.now, known),
                "health": _health(row),
                "spark": spark(counts),
                "lately": sum(counts),
                "most": max(counts),
            }
        )
    return {"rows": rows, "days": _SPARK_DAYS, "failing": sum(row["health"] == "failing" for row in rows)}


def _health(row: Mapping[str, Any]) -> str:
    if not row["active"] or row["retired_at"]:
        return "off"
    return "failing" if row["failures"] else "well" if row["last_polled"] else "new"


def _by_day(lately: Lately, words: Words) -> list[int]:
    today = words.now.astimezone(words.zone).date()
    counts = [0] * _SPARK_DAYS
    for at, new in lately.polls:
        ago = (today - at.astimezone(words.zone).date()).days
        if 0 <= ago < _SPARK_DAYS:
            counts[_SPARK_DAYS - 1 - ago] += new
    return counts


def volume(store: Store, words: Words, asked: Mapping[str, str]) -> Context:
    """Articles and developments by day and language, of the days up to the latest news."""
    chosen = asked.get("since") or "90d"
    chosen = chosen if chosen in _SPANS else "90d"
    span = looking.span(store)
    if span is None:
        return {"plot": None, "chosen": chosen, "spans": list(_SPANS)}
    last = min(span[1], max(span[0], words.now)).astimezone(words.zone).date()
    days = _SPANS[chosen]
    earliest = span[0].astimezone(words.zone).date()
    first = max(earliest, last - timedelta(days=days - 1)) if days else earliest
    edges = [_start(first + timedelta(days=day), words) for day in range((last - first).days + 2)]
    counted = looking.volume(store, edges)
    by_day: Counter[tuple[date, str]] = Counter()
    languages: Counter[str] = Counter()
    for at, language, count in counted.articles:
        by_day[at.astimezone(words.zone).date(), language] += count
        languages[language] += count
    begun: Counter[date] = Counter()
    for at, count in counted.developments:
        begun[at.astimezone(words.zone).date()] += count
    plot = bars(by_day, first, last, begun)
    return {
        "plot": plot,
        "chosen": chosen,
        "spans": list(_SPANS),
        "undated": counted.undated,
        "articles": sum(by_day.values()),
        "developments": sum(begun.values()),
        "every": max(bar.days for bar in plot.bars),
        "languages": [(name, count, counted.reported.get(name, 0)) for name, count in languages.most_common()],
    }


def _start(day: date, words: Words) -> datetime:
    return datetime.combine(day, time(), tzinfo=words.zone)


def search(store: Store, words: Words, asked: Mapping[str, str]) -> Context:
    """What full-text search finds, with the words that it found."""
    del words
    query = asked.get("q", "").strip()
    rows = articles.search(store, query, limit=_FOUND, marks=(OPEN, CLOSE)) if query else []
    for row in rows:
        row["parts"] = found(row["excerpt"])
    return {"query": query, "rows": rows, "most": _FOUND}


VIEWS = {
    r"^/$": View("situation", "Situation", situation),
    r"^/timeline$": View("timeline", "Timeline", along_time),
    r"^/volume$": View("volume", "Volume", volume),
    r"^/feeds$": View("feeds", "Feeds", sources),
    r"^/search$": View("search", "Search", search),
    r"^/developments/(?P<number>[0-9]{1,12})$": View("development", "Development", development),
}
"""The pages by the addresses that they answer."""
