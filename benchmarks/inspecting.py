"""The measuring of benchmarks/inspect.py: commands, search and pages against their bars, and what all of it takes."""

import argparse
import json
import os
import random
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.archive import SUBJECT, fill, text_of, vocabulary
from monitor.store import articles, open_store
from monitor.web.metadata import described

ROOT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-m", "monitor"]
COMMAND_BAR, PAGE_BAR, SEARCH_BAR = 0.5, 1.0, 0.1
ROUNDS = 3
QUERIES = 200
COMMANDS = (
    *("developments list", "articles list", "articles list --outlet Outlet\u00a01", "articles list --since 7d"),
    *("articles list --outlet nobody", "articles list --outlet Outlet\u00a0399 --since 7d", "stories list"),
    *("stories list --since 7d", "alerts list", "alerts list --failed", "alerts list --queued", "feeds list"),
    *("search mission", "search harbour*", "situation", "status", "developments show 40", "articles show 5000"),
    *("stories show 400", "alerts show 40", "feeds show 7"),
)
PAGES = (
    *("/", "/timeline", "/timeline?since=30d", "/volume", "/volume?since=all", "/feeds", "/search?q=mission"),
    *("/developments/40", "/developments.atom", "/monitor", "/monitor/articles", "/monitor/articles/5000"),
    *("/monitor/developments", "/monitor/signals", "/monitor/alerts", "/monitor/polls", "/monitor/timeline"),
    *("/monitor/sightings", "/monitor/stories", "/monitor/articles?_search=mission"),
    *("/monitor/articles?language=fr", "/monitor/articles?outlet=Outlet+7", "/monitor/alert_log"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds that something took, first and at best, what of it the processor worked, and the bar to stay under."""

    what: str
    first: float
    best: float
    worked: float
    bar: float

    def __str__(self) -> str:
        over = "  OVER" if self.best > self.bar else ""
        return f"{self.what:44} {self.first:8.3f} {self.best:8.3f} {self.worked:8.3f} {self.bar:6.2f}{over}"


def timed(what: str, bar: float, action: Callable[[], Any], work: Callable[[], float], rounds: int = ROUNDS) -> Figure:
    """Times an action; `work` reads the processor's seconds of who does it, which other programs disturb less."""
    taken, worked = [], []
    for _ in range(rounds):
        began, before = time.perf_counter(), work()
        action()
        taken.append(time.perf_counter() - began)
        worked.append(work() - before)
    return Figure(what, taken[0], min(taken), min(worked), bar)


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _of_process(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --------------------------------------------------------------------------- commands


def commands(config: Path) -> Iterator[Figure]:
    """Every command that looks, as a process of its own."""
    for line in COMMANDS:
        words = [word.replace("\u00a0", " ") for word in line.split(" ")]
        yield timed(line, COMMAND_BAR, lambda words=words: _run(config, *words), _of_children)
    page = config.with_name("report.html")
    yield timed(
        "report --since 365d",
        PAGE_BAR,
        lambda: _run(config, "report", "--since", "365d", "-o", str(page)),
        _of_children,
    )


def _run(config: Path, *words: str) -> None:
    done = subprocess.run([*PROGRAM, "--config", config, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr}")


# --------------------------------------------------------------------------- search


def queries(seed: int) -> list[tuple[str, str]]:
    """What is searched for: the kind of each query, and its text."""
    chance = random.Random(seed)
    words, stream = vocabulary(seed), text_of(seed)
    kinds: dict[str, Callable[[], str]] = {
        "very frequent word": lambda: chance.choice(words[:40]),
        "subject's word": lambda: chance.choice(SUBJECT),
        "middling word": lambda: chance.choice(words[300:3000]),
        "rare word": lambda: chance.choice(words[10_000:]),
        "phrase": lambda: f'"{" ".join(_pair(stream, chance))}"',
        "two words": lambda: " ".join(chance.choices(words[:3000], k=2)),
        "either word": lambda: " OR ".join(chance.choices(words[:3000], k=2)),
        "beginning": lambda: chance.choice(words[1500:])[:4] + "*",
    }
    return [(kind, make()) for kind, make in kinds.items() for _ in range(QUERIES // len(kinds))]


def _pair(stream: list[str], chance: random.Random) -> list[str]:
    at = chance.randrange(len(stream) - 2)
    return stream[at : at + 2]


def search(database: Path) -> Iterator[Figure]:
    """Half and 95 in 100 of all queries take less, and the slowest of each kind."""
    taken: dict[str, list[Figure]] = {}
    with open_store(database) as store:
        for kind, query in queries(1):
            found = timed(
                query, SEARCH_BAR, lambda query=query: articles.search(store, query, limit=20), time.process_time, 1
            )
            taken.setdefault(kind, []).append(found)
    every = [one for kind in taken.values() for one in kind]
    yield _at("half of all queries (p50)", every, 0.5)
    yield _at("95 in 100 queries (p95)", every, 0.95)
    for kind, found in taken.items():
        yield _at(f"slowest {kind}", found, 1)


def _at(what: str, found: list[Figure], share: float) -> Figure:
    place = min(int(len(found) * share), len(found) - 1)
    first, best, worked = (sorted(getattr(one, kind) for one in found)[place] for kind in ("first", "best", "worked"))
    return Figure(what, first, best, worked, SEARCH_BAR)


# --------------------------------------------------------------------------- pages


def pages(config: Path) -> Iterator[Figure]:
    """The pages of `inspect`, each canned query among them."""
    canned = [f"/monitor/{name}" for name in described()["queries"]]
    with _served(config) as (address, pid):
        for path in (*PAGES, *canned):
            yield timed(path, PAGE_BAR, lambda path=path: _get(address + path), lambda: _of_process(pid))


@contextmanager
def _served(config: Path) -> Iterator[tuple[str, int]]:
    command = [*PROGRAM, "--config", config, "inspect", "--port", "0"]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        line = server.stderr.readline() if server.stderr else ""
        found = re.search(r"http://[^ ]+:\d+", line)
        if not found:
            raise SystemExit(f"the pages did not start: {line}")
        yield found[0], server.pid
    finally:
        server.terminate()
        server.wait()


def _get(address: str) -> None:
    with urllib.request.urlopen(address) as answer:  # noqa: S310  our own server
        answer.read()


# --------------------------------------------------------------------------- room


def room(database: Path) -> dict[str, float]:
    """Bytes for each article: of everything, and of each part of it."""
    connection = sqlite3.connect(database)
    number = connection.execute("select count(*) from articles").fetchone()[0]
    sizes = connection.execute("select name, sum(pgsize) from dbstat where aggregate = true group by name").fetchall()
    tables = dict(connection.execute("select name, tbl_name from sqlite_master where type = 'index'"))
    found: dict[str, float] = {"all": database.stat().st_size / number}
    for name, size in sizes:
        part = _part(name, tables.get(name))
        found[part] = found.get(part, 0) + size / number
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _part(name: str, table: str | None) -> str:
    if name.startswith("articles_fts"):
        return "full-text search"
    if (table or name) in ("story_runs", "story_words", "headline_words", "article_lines", "outlet_lines"):
        return "index of stories"
    if table == "articles":
        return "indexes of articles"
    return name if table is None and name in ("articles", "polls") else "other tables and indexes"


# --------------------------------------------------------------------------- all of it


def measure(folder: Path, number: int, only: str) -> dict[str, Any]:
    database, config = folder / "monitor.db", folder / "config.yaml"
    if not database.exists():
        print(f"filling {database}", file=sys.stderr)
        fill(database, number, datetime.now(UTC))
    shipped = (ROOT / "config.yaml").read_text("utf-8")
    config.write_text(re.sub(r"(?m)^database: .*$", "database: monitor.db", shipped), "utf-8")
    parts = {"commands": lambda: commands(config), "search": lambda: search(database), "pages": lambda: pages(config)}
    found: dict[str, Any] = {"articles": number}
    for name, part in parts.items():
        if name in only.split(","):
            print(f"\n{name:44} {'first':>8} {'best':>8} {'worked':>8} {'bar':>6}")
            found[name] = [asdict(one) for one in _shown(part())]
    if "room" in only.split(","):
        found["bytes"] = room(database)
        print("\nbytes for each article")
        for name, size in found["bytes"].items():
            print(f"{name:44} {size:8.0f}")
    return found


def _shown(figures: Iterator[Figure]) -> Iterator[Figure]:
    for one in figures:
        print(one, flush=True)
        yield one


def main() -> None:
    parser = argparse.ArgumentParser(description="How quickly people are answered when the archive is large.")
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="the folder of the database, which stays there and is used again")
    parser.add_argument("--only", default="commands,search,pages,room", help="parts, with commas between them")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = (options.keep or Path(folder)).resolve()
        kept.mkdir(parents=True, exist_ok=True)
        found = measure(kept, options.articles, options.only)
    if options.json:
        print(json.dumps(found))
