"""What arrives of a world in which a fifth of the feeds is broken: the farm's truth against the database.

    python -m benchmarks.farm FARM_FOLDER [--feeds 300] [--broken 0.2] [--ticks 5] [--seed 1] [--read always]

The farm publishes, is polled (five ticks), and knows every article of every feed, each planted change of leadership and
each decoy. Printed are: articles of healthy feeds that are missing or stored twice, planted changes that no rule found,
requests for addresses that nobody may ask (the farm's own log, and listeners at 127.0.0.1:22 and at the cloud's
169.254.169.254:80), what each kind of broken feed brought and how its state reads, the longest poll, and the most
memory. Run it in a network namespace of its own (inns.sh beside the farm), which has those two addresses.

With `--read always` feeds carry no more than summaries, and every page is asked for: a tenth of them is broken, a tenth
is closed to robots. Printed are besides how many pages were asked for, more than once, or against their site's wish,
and the pages that can be read and were not.
"""

import argparse
import json
import re
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.farming import Farm, Run, farm, timed

ROOT = Path(__file__).parents[1]
DECOYS = "127.0.0.1:22,169.254.169.254:80"
CONFIG = """\
database: monitor.db
timezone: UTC
fetch: {{timeout: 8 s, per_host: 2, page_pause: 0 s, allow_addresses: ["127.0.0.0/8:{port}"]}}
reading: {{default: {read}}}
feeds:
{feeds}
changes: {{leadership: {{label: Leadership}}}}
concepts:
  post: {{en: [head of mission, chief of mission, force commander, police commissioner, special representative]}}
  change: {{en: ["appointed", "named", "replaced", "take* over", "step* down", "led by"]}}
rules:
  - {{id: leadership, change: leadership, when: sentence(post and change)}}
"""


def poll(config: Path) -> Run:
    program = [sys.executable, "-m", "monitor", "--config", str(config), "poll"]
    return timed(program, ROOT)


def write_config(folder: Path, urls: list[str], port: int, read: str) -> Path:
    feeds = "\n".join(f'  - {{name: "feed {n}", url: "{url}", language: en}}' for n, url in enumerate(urls))
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(port=port, feeds=feeds, read=read), encoding="utf-8")
    return path


def rows(database: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def compared(truth: dict[str, Any], database: Path) -> dict[str, Any]:
    """How often each article of a healthy feed stands in the database, and which planted changes were found.

    Those in pages that are broken or closed to robots are nobody's to find.
    """
    stored = Counter(url for (url,) in rows(database, "select url from articles"))
    healthy = [one for one in truth["articles"] if one["feed_kind"] == "ok"]
    planted = [one for one in healthy if one.get("leadership") and _readable(one)]
    sentences = [sentence for (sentence,) in rows(database, "select sentence from signals where retired_at is null")]
    found = sum(any(_same(one["sentence"], sentence) for sentence in sentences) for one in planted)
    return {
        "articles of healthy feeds": len(healthy),
        "missing": sum(stored[one["url"]] == 0 for one in healthy),
        "stored twice": sum(stored[one["url"]] > 1 for one in healthy),
        "planted changes": len(planted),
        "planted changes found": found,
    }


def pages(truth: dict[str, Any], log: dict[str, Any], database: Path) -> dict[str, int]:
    """How the pages of articles were asked for."""
    asked = {path: times for path, times in log["paths"].items() if re.match("/(private/)?a/", path)}
    sources = dict(rows(database, "select url, text_source from articles"))
    open_to_us = [one for one in truth["articles"] if one["feed_kind"] == "ok" and _readable(one)]
    return {
        "pages asked for": len(asked),
        "more than once": sum(times > 1 for times in asked.values()),
        "against robots.txt": sum(path.startswith("/private/") for path in asked),
        "pages that can be read, and were not": sum(sources.get(one["url"]) != "page" for one in open_to_us),
        "requests for robots.txt": log["paths"].get("/robots.txt", 0),
        "hosts": log["hosts_seen"],
    }


def _readable(article: dict[str, Any]) -> bool:
    return article["article_kind"] in ("ok", "redirect") and not article["robots_disallowed"]


def _same(planted: str, found: str) -> bool:
    return re.sub(r"\W+", " ", planted).strip() in re.sub(r"\W+", " ", found)


def stored_after(database: Path, healthy: set[str]) -> int:
    """Seconds from the beginning of the last poll until the last new article of a healthy feed was stored."""
    found = rows(
        database,
        """
        select f.url, unixepoch(s.first_seen) - (select unixepoch(max(at)) from polls) from sightings s
        join feeds f on f.id = s.feed where s.first_seen >= (select max(at) from polls)
        """,
    )
    return max((seconds for url, seconds in found if url in healthy), default=0)


def broken(truth: dict[str, Any], states: dict[str, Any]) -> dict[str, list[str]]:
    """What each kind of broken feed brought, and how its state reads."""
    found = defaultdict(list)
    for one in truth["feeds"]:
        if one["kind"] != "ok":
            state = states[one["url"]]
            found[one["kind"]].append(f"{one['expect']:5}{state['articles']:4} articles  {state['state']}")
    return found


def run(world: Farm, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        config = write_config(Path(name), world.urls(), world.port, options.read)
        database, polls = config.with_name("monitor.db"), []
        for tick in range(options.ticks):
            if tick:
                world.post("/tick")
            polls.append(poll(config))
            kinds = world.get("/kinds")
            last = stored_after(database, {url for url, kind in kinds.items() if kind == "ok"})
            cost = f"{polls[-1].wall:5.1f} s, {polls[-1].megabytes:.0f} MB"
            print(f"poll {tick + 1}: {cost}; what healthy feeds brought was stored after {last} s", flush=True)
        truth, log = world.get("/truth"), world.get("/stats/paths")
        listing = [sys.executable, "-m", "monitor", "--config", str(config), "feeds", "list", "--json"]
        states = {one["url"]: one for one in map(json.loads, timed(listing, ROOT).output.splitlines())}
        counts = compared(truth, database) | (pages(truth, log, database) if options.read != "never" else {})
        for title, number in counts.items():
            print(f"{number:8,}  {title}")
        print(f"{sum(log['canary'].values()):8,}  contacts of forbidden addresses {log['canary'] or ''}")
        print(f"{log['peak_in_flight_per_host']['max']:8,}  requests at once at one host, at most")
        for kind, lines in sorted(broken(truth, states).items()):
            print(f"{kind:16} {lines[0]}" + (f"  (and {len(lines) - 1} more)" if len(lines) > 1 else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("farm", type=Path, help="the folder of feedfarm.py")
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--broken", type=float, default=0.2)
    parser.add_argument("--ticks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--read", choices=("never", "relevant", "always"), default="never", help="which pages are read")
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "farm-envs")
    options = parser.parse_args()
    world = {"feeds": options.feeds, "broken": options.broken, "latency": 0.05, "hang": 60}
    world |= {"full": 1.0} if options.read == "never" else {"full": 0.0, "private": 0.1, "broken_articles": 0.1}
    with farm(options.farm.resolve(), options.envs, seed=options.seed, canary=DECOYS, **world) as running:
        run(running, options)


if __name__ == "__main__":
    main()
