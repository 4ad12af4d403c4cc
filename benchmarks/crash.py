"""What is lost or done twice where the process is killed (SIGKILL) at each step of the path, and at random moments.

    python -m benchmarks.crash FARM_FOLDER [--feeds 40] [--rounds 48] [--seed 1]

A farm of feeds publishes three times, and is polled after each by a process that dies; it is started again until a pass
comes to its end. All pages are read, planted changes of leadership become alerts for two channels of one real mail
server, which keeps every mail. The truth is the same world without a death. Compared are articles with where their text
is from, signals, developments by their articles, and alerts; counted is how often each page was asked for, how often
each feed in one round, and how many mails came twice to one recipient. First every named step of `crashing.py`, in each
of the first two rounds; then deaths at `--rounds` random moments, four in each round. Exit code 1 where anything was
lost.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.crashing import STEPS
from benchmarks.farming import PLANTED, Farm, farm
from monitor.demo.mailbox import Mailbox

ROOT = Path(__file__).parents[1]
EPOCH = 1767225600
ROUND = timedelta(minutes=15)
"""A tick of the farm; longer than an alert that was taken to be sent is kept from others."""
TICKS = 3
DEATHS = 4
"""How often the process dies in each round where it dies at random moments."""
CONFIG = """\
database: monitor.db
timezone: UTC
schedule: {{poll: 5 min}}
fetch: {{timeout: 60 s, per_host: 2, page_pause: 0 s, allow_addresses: ["127.0.0.0/8:{port}"]}}
reading: {{default: always}}
channels:
  - {{name: desk, url: "mailto://127.0.0.1:{mail}?from=watch@example.org&to=desk@example.org"}}
  - {{name: board, url: "mailto://127.0.0.1:{mail}?from=watch@example.org&to=board@example.org"}}
feeds:
{feeds}
"""
FACTS = {
    "articles": "select url || ' ' || text_source from articles",
    "signals": """
        select a.url || ' ' || s.rule || ' ' || s.sentence from signals s join articles a on a.id = s.article
        where s.retired_at is null
    """,
    "developments": """
        select d.change || ' ' || d.stage || ' ' || (
            select group_concat(url, ' ') from (
                select a.url from development_articles da join articles a on a.id = da.article
                where da.development = d.id order by a.url
            )
        ) from developments d
    """,
    "alerts": """
        select l.channel || ' ' || l.kind || ' ' || l.stage || ' ' || l.state || ' ' || (
            select group_concat(url, ' ') from (
                select a.url from development_articles da join articles a on a.id = da.article
                where da.development = l.development order by a.url
            )
        ) from alerts l
    """,
}


@dataclass
class Outcome:
    """What a world had come to when it was quiet."""

    facts: dict[str, Counter[str]]
    mails: Counter[tuple[str, str]]
    """By recipient and Message-ID."""
    untold: int
    """Alerts of which no mail arrived."""
    pages: Counter[str]
    feeds: int
    """The most requests for one feed in one round."""
    deaths: int
    most_deaths: int
    """In one round."""
    seconds: list[float] = field(default_factory=list)
    """What passes took that came to their end, the first of each round."""


class Watched:
    """A world with its watcher, whose clock is given to each pass."""

    def __init__(self, folder: Path, world: Farm, mailbox: Mailbox) -> None:
        self.config, self.world, self.mailbox = folder / "config.yaml", world, mailbox
        self.database = folder / "monitor.db"
        self.deaths = 0
        lines = [f'  - {{name: "feed {n}", url: "{url}", language: en}}' for n, url in enumerate(world.urls())]
        text = CONFIG.format(port=world.port, mail=mailbox.port, feeds="\n".join(lines))
        rules = yaml.safe_dump({"changes": {"leadership": {"label": "Leadership"}}} | PLANTED, allow_unicode=True)
        self.config.write_text(f"{text}{rules}", encoding="utf-8")

    def start(self, moment: datetime, *step: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "benchmarks.crashing", str(self.config), moment.isoformat(), *step]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, moment: datetime, *step: str, after: float | None = None) -> float | None:
        """One pass, killed at a step or so many seconds after it began: its seconds, None where it died."""
        with self.start(moment, *step) as process:
            begun = process.stdout.readline() if process.stdout else ""
            began = time.monotonic()
            if after is not None and begun:
                try:
                    process.wait(after)
                except subprocess.TimeoutExpired:
                    os.kill(process.pid, signal.SIGKILL)
            _, said = process.communicate()
        if process.returncode == -signal.SIGKILL:
            self.deaths += 1
            return None
        if process.returncode:
            raise SystemExit(f"a pass failed:\n{said}")
        return time.monotonic() - began

    def is_quiet(self) -> bool:
        """Whether nothing waits for a later pass."""
        waiting = "select (select count(*) from alerts where state = 'queued') + count(*) from articles"
        return self.ask(f"{waiting} where read_state = 'wanted'") == [(0,)]

    def ask(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()

    def outcome(self, pages: Counter[str], feeds: int, most_deaths: int, seconds: list[float]) -> Outcome:
        mails = Counter((str(mail["To"]), str(mail["Message-ID"])) for mail in self.mailbox.messages())
        keys = [key for (key,) in self.ask("select message_key from alerts")]
        untold = sum(not any(key.partition("@")[0] in known for _, known in mails) for key in keys)
        facts = {name: Counter(text for (text,) in self.ask(sql)) for name, sql in FACTS.items()}
        return Outcome(facts, mails, untold, pages, feeds, self.deaths, most_deaths, seconds)


def lived(watched: Watched, deaths: Mapping[int, list[dict[str, Any]]]) -> Outcome:
    """Three rounds, in each of which the process dies as told, and passes until nothing waits."""
    seconds, most, most_deaths = [], 0, 0
    for number in range(TICKS + 3):
        if number >= TICKS and watched.is_quiet():
            break
        if 0 < number < TICKS:
            watched.world.post("/tick")
        moment = datetime.fromtimestamp(EPOCH, UTC) + number * ROUND + timedelta(minutes=1)
        before, died = feeds_asked(watched.world), watched.deaths
        for death in deaths.get(number, []):
            watched.run(moment, *death.get("step", ()), after=death.get("after"))
            moment += timedelta(seconds=1)
        took = watched.run(moment)
        seconds += [took] if took else []
        most = max([most, *(feeds_asked(watched.world) - before).values()])
        most_deaths = max(most_deaths, watched.deaths - died)
    paths = watched.world.get("/stats/paths")["paths"]
    pages = Counter({path: times for path, times in paths.items() if path.startswith("/a/")})
    return watched.outcome(pages, most, most_deaths, seconds)


def feeds_asked(world: Farm) -> Counter[str]:
    paths = world.get("/stats/paths")["paths"]
    return Counter({path: times for path, times in paths.items() if path.startswith("/f/")})


@contextmanager
def watched(options: argparse.Namespace) -> Iterator[Watched]:
    """A new world, always the same one for a seed."""
    like = {"feeds": options.feeds, "entries": 4, "seed": options.seed, "epoch": EPOCH, "words": 200, "teasers": 5}
    like |= {"full": 0.0, "latency": 0.02, "update_share": 0.5, "leadership": 0.12}
    with (
        tempfile.TemporaryDirectory() as name,
        Mailbox(Path(name) / "mails") as mailbox,
        farm(options.farm.resolve(), options.envs, options.port, **like) as world,
    ):
        yield Watched(Path(name), world, mailbox)


def told(title: str, outcome: Outcome, truth: Outcome) -> bool:
    """Prints what became of a world beside the truth; whether all is as it should be."""
    lost = {name: (truth.facts[name] - outcome.facts[name]).total() for name in FACTS}
    more = {name: (outcome.facts[name] - truth.facts[name]).total() for name in FACTS}
    twice: Counter[str] = Counter()
    for (recipient, _), times in outcome.mails.items():
        twice[recipient] += times - 1
    most = max(twice.values())
    asked, repeated = max(outcome.pages.values()), sum(times > 1 for times in outcome.pages.values())
    allowed = 1 + outcome.most_deaths
    good = not any(lost.values()) and not any(more.values()) and not outcome.untold
    good = good and max(asked, outcome.feeds) <= allowed and most <= outcome.deaths
    cells = [f"{outcome.deaths:6}", *(f"{lost[name]:6}/{more[name]:<3}" for name in FACTS), f"{outcome.untold:6}"]
    cells += [f"{repeated:5} ({asked}x)", f"{outcome.feeds:4}x", f"{most:5}", "  right" if good else "  WRONG"]
    print(f"{title:40}", *cells, flush=True)
    return good


def at_random(chance: random.Random, longest: float) -> dict[int, list[dict[str, Any]]]:
    """Deaths in every round, at any moment of a pass, more of them early: later passes of a round have less to do."""
    moments = iter(lambda: longest * chance.random() * chance.random(), None)
    return {number: [{"after": next(moments)} for _ in range(DEATHS)] for number in range(TICKS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("farm", type=Path, help="the folder of feedfarm.py")
    parser.add_argument("--feeds", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=48, help="deaths at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8700)
    parser.add_argument("--step", action="append", choices=STEPS, help="only these steps")
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "farm-envs")
    options = parser.parse_args()
    with watched(options) as world:
        truth = lived(world, {})
    counts = ", ".join(f"{counted.total()} {name}" for name, counted in truth.facts.items())
    print(f"undisturbed: {counts}, {truth.mails.total()} mails, {truth.untold} alerts without one")
    print(f"{'killed':40} deaths lost/more: {'  '.join(FACTS)}  untold  pages again  feeds  mails twice")
    good = [told("never", truth, truth)]
    for step in options.step or STEPS:
        with watched(options) as world:
            good.append(told(step, lived(world, {0: [{"step": (step,)}], 1: [{"step": (step,)}]}), truth))
    chance = random.Random(options.seed)
    for number in range(-(-options.rounds // (DEATHS * TICKS))):
        deaths = at_random(chance, max(truth.seconds))
        with watched(options) as world:
            good.append(told(f"at random, world {number + 1}", lived(world, deaths), truth))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
