"""Whether the monitor can run for years: a year of polls on a simulated clock.

    python benchmarks/soak.py [--days 365] [--feeds 20] [--a-day 2] [--minutes 60] [--keep 730] [--json]

Everything after the request is real: feeds as bytes are parsed, stored, matched, grouped and told to nobody, and every
simulated night `maintain` checks and tidies the file. The news is invented, but for the scripted year of the
demonstration, which runs among it so that there are developments.

memory    resident memory after each tenth; flat is at most 10 % over that after the second
file      bytes in use for each article that came in a tenth; linear is at most 10 % over the second tenth. With --keep
          less than --days the file has to stand still from then on: the last tenth adds at most 5 %
"""

import argparse
import gc
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from itertools import pairwise
from pathlib import Path

import yaml

from benchmarks.archive import text_of
from monitor import config as configuration
from monitor import pipeline
from monitor.config import Config
from monitor.demo.server import load_news
from monitor.models import FeedOutcome, FeedState
from monitor.parse import parse_feed
from monitor.shipped import shipped_files
from monitor.store import Store, open_store, upkeep
from monitor.yamltext import load as load_yaml

START = datetime(2025, 1, 1, tzinfo=UTC)
SHOWN = 20
WORDS = 120
TENTHS = 10
FLAT, LINEAR, STILL = 1.10, 1.10, 1.05
_STREAM = 300_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: `a_day` entries in each feed a day, asked every so many `minutes`."""

    days: int = 365
    feeds: int = 20
    a_day: float = 2
    minutes: int = 60
    keep: int = 730
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Tenth:
    """How all stood when a tenth of the time was over."""

    day: int
    brought: int
    """Articles that came in so far, whether they are still there or not."""
    articles: int
    developments: int
    alerts: int
    resident: int
    used: int
    """Bytes of the file without its empty pages."""
    file: int
    seconds: float
    slowest_night: float


class Sources:
    """The feeds as they stand on the simulated web: bytes with the latest entries, newest first."""

    def __init__(self, plan: Plan) -> None:
        self._chance = random.Random(plan.seed)
        self._words = text_of(plan.seed, _STREAM)
        self._shown = [deque[str](maxlen=SHOWN) for _ in range(plan.feeds)]
        self._share = plan.a_day * plan.minutes / (24 * 60)
        news = load_news()
        late = START + timedelta(days=7) - news[0].published
        self._scripted = deque((item.published + late, item) for item in news)
        self.brought = 0

    def go_on(self, now: datetime) -> None:
        """What is published until a moment."""
        for feed in range(len(self._shown)):
            if self._chance.random() < self._share:
                at = self._chance.randrange(_STREAM - 2 * WORDS)
                title, text = self._words[at : at + 9], self._words[at + 9 : at + 9 + WORDS]
                self._publish(feed, now, " ".join(title), " ".join(text))
        while self._scripted and self._scripted[0][0] <= now:
            _, item = self._scripted.popleft()
            feed = int(hashlib.sha256(item.source.encode()).hexdigest(), 16) % len(self._shown)
            self._publish(feed, now, item.title, item.summary)

    def _publish(self, feed: int, now: datetime, title: str, summary: str) -> None:
        self.brought += 1
        link = f"https://feed{feed}.example/{self.brought}"
        self._shown[feed].appendleft(
            f"<item><title>{escape(title)}</title><link>{link}</link><guid>{link}</guid>"
            f"<description>{escape(summary)}</description><pubDate>{format_datetime(now)}</pubDate></item>"
        )

    def answer(self, feed: FeedState, now: datetime) -> FeedOutcome:
        """What asking a feed brings: nothing new under its ETag, or its entries."""
        shown = "".join(self._shown[int(feed.name)])
        body = f'<rss version="2.0"><channel><title>{feed.name}</title>{shown}</channel></rss>'.encode()
        mark = hashlib.sha256(body).hexdigest()
        if feed.etag == mark:
            return FeedOutcome(feed, now, 0.1, "unchanged", http_status=304)
        parsed = parse_feed(body, url=feed.url, now=now, headers={}, seen=feed.seen)
        return FeedOutcome(feed, now, 0.1, "new", http_status=200, parsed=parsed, etag=mark, body_hash=mark)


def configure(folder: Path, plan: Plan) -> Config:
    """The shipped watch with the invented feeds."""
    data = load_yaml(dict(shipped_files())["config.yaml"], "config.yaml").data
    feeds = [
        {"name": f"{n}", "url": f"https://feed{n}.example/feed", "outlet": f"Outlet {n}", "read": "never"}
        for n in range(plan.feeds)
    ]
    data |= {"database": "monitor.db", "feeds": feeds, "channels": [], "schedule": {"poll": f"{plan.minutes} minutes"}}
    data |= {"keep": {"articles": f"{plan.keep} days", "polls": "90 days"}, "backup": {"nightly": False}}
    data |= {"fetch": {"rarest": f"{plan.minutes} minutes"}, "self_watch": {"no_poll": "2 days"}}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return configuration.load(path)


def soak(plan: Plan, config: Config, store: Store) -> Iterator[Tenth]:
    """Lets the time go by, and says after each tenth how all stands."""
    sources, began, slowest = Sources(plan), time.perf_counter(), 0.0
    pipeline.sync(config, store, START)
    step, now = timedelta(minutes=plan.minutes), START
    for tenth in range(1, TENTHS + 1):
        end = START + timedelta(days=plan.days) * tenth / TENTHS
        while now < end:
            before, now = now, now + step
            sources.go_on(now)
            a_pass(config, store, sources, now)
            if before.date() != now.date():
                night = time.perf_counter()
                pipeline.maintain(config, store, now)
                slowest = max(slowest, time.perf_counter() - night)
        yield _stands(store, tenth * plan.days // TENTHS, sources.brought, time.perf_counter() - began, slowest)
        slowest = 0.0


def a_pass(config: Config, store: Store, sources: Sources, now: datetime) -> None:
    """What a poll does after the requests, in the order of `run_pass`."""
    outcomes = [sources.answer(feed, now) for feed in pipeline.due_feeds(store, now)]
    if outcomes:
        pipeline.store_feeds(config, store, outcomes, now)
    pipeline.match_articles(config, store, now)
    pipeline.group_signals(config, store, now)
    if now.hour % 6 == 0:
        pipeline.watch_itself(config, store, now)
    pipeline.send_alerts(config, store, lambda: now, show=lambda _: None)
    pipeline.index_articles(store)


def _stands(store: Store, day: int, brought: int, seconds: float, slowest: float) -> Tenth:
    gc.collect()
    counts = [
        store.rows(f"select count(*) as n from {name}")[0]["n"]  # noqa: S608  ours
        for name in ("articles", "developments", "alerts")
    ]
    pages, free, size = upkeep.pages(store)
    file = store.path.stat().st_size
    return Tenth(day, brought, *counts, resident(), (pages - free) * size, file, seconds, slowest)


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def verdicts(found: Sequence[Tenth], plan: Plan) -> dict[str, bool]:
    """What the figures say."""
    second = found[1]
    said = {"memory": max(one.resident for one in found[2:]) <= FLAT * second.resident}
    if plan.keep >= plan.days:
        first, *others = (
            (later.used - earlier.used) / (later.brought - earlier.brought) for earlier, later in pairwise(found)
        )
        return said | {"file": others[-1] <= LINEAR * first}
    return said | {"file": found[-1].file <= STILL * found[-2].file}


def main() -> None:
    """Measures, prints a line for each tenth, and ends with 1 where a verdict is no."""
    parser = argparse.ArgumentParser()
    for name, kind in (("days", int), ("feeds", int), ("a-day", float), ("minutes", int), ("keep", int), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Plan(), name.replace("-", "_")))
    parser.add_argument("--json", action="store_true")
    options = vars(parser.parse_args())
    as_json = options.pop("json")
    plan, found = Plan(**options), []
    with tempfile.TemporaryDirectory() as folder:
        config = configure(Path(folder), plan)
        with open_store(config.database_path) as store:
            for tenth in soak(plan, config, store):
                found.append(tenth)
                if not as_json:
                    print(_line(tenth, found[-2] if len(found) > 1 else None), flush=True)
    said = verdicts(found, plan)
    if as_json:
        print(json.dumps({"plan": asdict(plan), "tenths": list(map(asdict, found)), "verdicts": said}))
    else:
        print("; ".join(f"{name}: {'good' if good else 'BAD'}" for name, good in said.items()))
    sys.exit(0 if all(said.values()) else 1)


def _line(tenth: Tenth, before: Tenth | None) -> str:
    new = tenth.brought - (before.brought if before else 0)
    grown = tenth.used - (before.used if before else 0)
    parts = (
        f"day {tenth.day:4}",
        f"{tenth.brought:6} articles came, {tenth.articles:6} there",
        f"{tenth.developments:4} developments",
        f"{tenth.alerts:4} alerts",
        f"memory {tenth.resident / 1e6:6.1f} MB",
        f"file {tenth.file / 1e6:7.1f} MB",
        f"{grown / max(new, 1):8.0f} bytes an article",
        f"{tenth.seconds:5.0f} s",
        f"slowest night {tenth.slowest_night:.2f} s",
    )
    return "  ".join(parts)


if __name__ == "__main__":
    main()
