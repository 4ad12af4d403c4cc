"""How well copies of one text are recognised, and what an article costs as the archive grows.

    python benchmarks/stories.py [--items ITEMS.jsonl --pairs PAIRS.jsonl] [--sizes 10000,1000000 [--words 250]]
        [--json]

year      the scripted year of the demonstration: pairs of articles in one story, and B-cubed (Bagga and Baldwin 1998)
edits     every text of that year edited in eight ways, as outlets do it; each edit is stored among all the others and
          must join its original, and nothing else may
pairs     labelled pairs: {"a", "b", "label": "same_story" or another}; the items hold their headlines
cost      seconds for an article when the archive holds so many, at the same number of articles a day: half of the new
          ones are copies of what is there
"""

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, combinations, count
from pathlib import Path
from typing import Any

from monitor.demo.server import load_news
from monitor.models import Candidate, Entry
from monitor.pipeline.stories import assign_story
from monitor.store import Store, articles, open_store
from monitor.text import title_key

A_DAY = 200
WORDS = 250
PROBES = 300
_numbers = count()


# --------------------------------------------------------------------------- the store under test


def add(store: Store, item: Mapping[str, Any]) -> int:
    """Stores an article within a transaction and decides its story."""
    at = item["at"]
    entry = Entry(title=item["title"], summary=item["summary"], content=item["text"], published=at)
    found = Candidate(1, entry, item["outlet"], title_key(item["title"]), None, f"https://example.org/{next(_numbers)}")
    article = articles.next_id(store)
    articles.insert(store, [articles.NewArticle(article, found, item["language"], at, wanted=False)], at)
    row = store.rows("select * from articles where id = ?", article)[0]
    return assign_story(store, articles.article_of(row))


def stories_of(items: Iterable[Mapping[str, Any]]) -> list[int]:
    """The story of each item, all stored in the order of their days."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "stories.db") as store:
        ordered = sorted(enumerate(items), key=lambda pair: pair[1]["at"])
        with store.transaction():
            found = {number: add(store, item) for number, item in ordered}
            # an article that came later may have shown that two are copies
            return [_present(store, found[number]) for number in range(len(found))]


def _present(store: Store, story: int) -> int:
    return story if store.row("select 1 from stories where id = ?", story) else -next(_numbers)


# --------------------------------------------------------------------------- figures


def pairwise(found: Sequence[int], true: Sequence[Any]) -> dict[str, float]:
    """Precision, recall and F1 of the pairs of articles that are in one story."""
    right = wrong = missed = 0
    for one, other in combinations(range(len(found)), 2):
        told, is_same = found[one] == found[other], true[one] == true[other]
        right += told and is_same
        wrong += told and not is_same
        missed += is_same and not told
    return _figures(right, wrong, missed)


def _figures(right: int, wrong: int, missed: int) -> dict[str, float]:
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"pairs": right + missed, "P": round(precision, 3), "R": round(recall, 3), "F1": round(f1, 3)}


def b_cubed(found: Sequence[int], true: Sequence[Any]) -> dict[str, float]:
    """B-cubed precision, recall and F1."""
    clusters, classes = defaultdict(set), defaultdict(set)
    for number, (cluster, kind) in enumerate(zip(found, true, strict=True)):
        clusters[cluster].add(number)
        classes[kind].add(number)
    shared = [len(clusters[found[n]] & classes[true[n]]) for n in range(len(found))]
    precision = sum(s / len(clusters[found[n]]) for n, s in enumerate(shared)) / len(found)
    recall = sum(s / len(classes[true[n]]) for n, s in enumerate(shared)) / len(found)
    f1 = 2 * precision * recall / (precision + recall)
    return {"P": round(precision, 3), "R": round(recall, 3), "F1": round(f1, 3)}


# --------------------------------------------------------------------------- the scripted year and its edits


def year() -> list[dict[str, Any]]:
    """The articles of the demonstration."""
    return [
        {
            "at": item.published,
            "outlet": item.source,
            "language": item.language,
            "title": item.title,
            "summary": item.summary,
            "text": item.text,
            "story": item.story,
        }
        for item in load_news()
    ]


def _sentences(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in line.replace("? ", "?|").replace(". ", ".|").split("|")]


def _cut(text: str, _: random.Random) -> str:
    parts = _sentences(text)
    return "\n".join(parts[: max(2, len(parts) * 6 // 10)])


def _reordered(text: str, chance: random.Random) -> str:
    parts = _sentences(text)
    chance.shuffle(parts)
    return "\n".join(parts)


def _re_led(text: str, _: random.Random) -> str:
    parts = _sentences(text)
    lead = "Our desk has followed the matter since the morning, and this much can be said by now about what happened."
    return "\n".join([lead, *parts[1:]])


def _footed(text: str, _: random.Random) -> str:
    foot = "Subscribe to the letter of this paper, which comes every morning but Sunday and costs nothing at all."
    return f"{text}\n{foot}"


def _quoted(text: str, _: random.Random) -> str:
    """One sentence in four is said in other words, as a quote that was translated and back."""
    words = "He said in his own tongue what the hall had waited for and nobody there wrote it down word for word."
    return "\n".join(words if number % 4 == 3 else part for number, part in enumerate(_sentences(text)))


def _worded(text: str, chance: random.Random) -> str:
    """One word in thirty is another."""
    return " ".join("rather" if chance.random() < 1 / 30 else word for word in text.split(" "))


def _excerpt(text: str, _: random.Random) -> str:
    return "\n".join(_sentences(text)[:3])


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "cut": _cut,
    "reordered": _reordered,
    "re-led": _re_led,
    "re-headlined": lambda text, _: text,
    "other footer": _footed,
    "translated quotes": _quoted,
    "other words": _worded,
    "excerpt": _excerpt,
}


def edits(seed: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """For each kind of edit the first article of every story, and its edited copy under another headline."""
    first = {item["story"]: item for item in reversed(year()) if len(item["text"].split()) > 60}
    for kind, edit in EDITS.items():
        chance = random.Random(seed)
        copies = [
            item
            | {
                "text": edit(item["text"], chance),
                "summary": "",
                "title": f"What the morning brought, number {number}",
                "outlet": f"Copy {number}",
                "at": item["at"] + timedelta(hours=chance.randint(1, 40)),
            }
            for number, item in enumerate(first.values())
        ]
        yield kind, [*first.values(), *copies]


# --------------------------------------------------------------------------- labelled pairs


def pairs(items: Path, labelled: Path) -> dict[str, float]:
    """Figures of labelled pairs of real headlines, all items stored together."""
    rows = [json.loads(line) for line in items.read_text("utf-8").splitlines()]
    known = [
        {
            "at": _moment(row["published"]),
            "outlet": row["source"],
            "language": row["language"],
            "title": row["title"],
            "summary": row["summary"],
            "text": "",
        }
        for row in rows
    ]
    story = dict(zip((row["id"] for row in rows), stories_of(known), strict=True))
    right = wrong = missed = 0
    for line in labelled.read_text("utf-8").splitlines():
        pair = json.loads(line)
        told = story[pair["a"]] == story[pair["b"]]
        same = pair["label"] == "same_story"
        right, wrong, missed = right + (told and same), wrong + (told and not same), missed + (same and not told)
    return _figures(right, wrong, missed)


def _moment(published: str | None) -> datetime:
    day = f"{published or '2000'}-01-01"[:10] if len(published or "") < 10 else str(published)[:10]
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


# --------------------------------------------------------------------------- cost


def cost(sizes: Sequence[int], length: int) -> Iterator[tuple[int, float]]:
    """Seconds for an article of `length` words at each size of the archive, the smallest first."""
    chance = random.Random(1)
    vocabulary = [f"{chance.choice('bcdfglmnprst')}{chance.choice('aeiou')}{n}" for n in range(30_000)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))
    start = datetime(2000, 1, 1, tzinfo=UTC)

    def article(number: int, words: Sequence[str]) -> dict[str, Any]:
        at = start + timedelta(days=number / A_DAY)
        lines = [" ".join(words[n : n + 25]) for n in range(0, len(words), 25)]
        title = " ".join(chance.choices(words, k=10))
        common = {"outlet": f"Outlet {number % 40}", "language": "en", "summary": ""}
        return {"at": at, "title": title, "text": "\n".join(lines), **common}

    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "stories.db") as store:
        recent: list[Sequence[str]] = []
        stored = 0
        for size in sizes:
            while stored < size:
                with store.transaction():
                    for _ in range(min(2000, size - stored)):
                        words = chance.choices(vocabulary, cum_weights=weights, k=length)
                        recent = [*recent[-50:], words]
                        add(store, article(stored, words))
                        stored += 1
            probes = [
                article(
                    stored,
                    recent[n % len(recent)] if n % 2 else chance.choices(vocabulary, cum_weights=weights, k=length),
                )
                for n in range(PROBES)
            ]
            with store.transaction():
                before = time.perf_counter()
                for probe in probes:
                    add(store, probe)
                spent = time.perf_counter() - before
            stored += PROBES
            yield size, spent / PROBES


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--sizes", default="")
    parser.add_argument("--words", type=int, default=WORDS, help="of each article whose cost is measured")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    items = year()
    found, true = stories_of(items), [item["story"] for item in items]
    figures: dict[str, Any] = {"year, pairs": pairwise(found, true), "year, B-cubed": b_cubed(found, true)}
    for kind, edited in edits(seed=1):
        figures[f"edit, {kind}"] = pairwise(stories_of(edited), [item["story"] for item in edited])
    if options.items and options.pairs:
        figures["labelled pairs"] = pairs(options.items, options.pairs)
    costs = list(cost([int(size) for size in options.sizes.split(",")], options.words)) if options.sizes else []
    for size, seconds in costs:
        figures[f"cost at {size:,}"] = {"ms": round(1000 * seconds, 2), "times": round(seconds / costs[0][1], 2)}
    if options.json:
        print(json.dumps(figures))
        return
    for name, values in figures.items():
        print(f"{name:24} " + "  ".join(f"{key} {value}" for key, value in values.items()))


if __name__ == "__main__":
    main()
