"""The process is killed at each step of the path and started again: nothing is lost, hardly anything done twice."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.crashing import STEPS
from monitor.worker_pool import WorkerPool
from tests.receivers import MailServer, mail_server
from tests.world import DECIDED, NOW, QUIET, TERM, Item, Web, World, serving

ROOT = Path(__file__).parents[1]
SUBJECTS = ["Leadership · decided", "Mandate · decided"]


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, mail: MailServer) -> Iterator[World]:
    """Two feeds with three articles whose pages are read; two of them are news."""
    url = f"mailto://127.0.0.1:{mail.port}?from=watch@example.org&to=desk@example.org"
    with serving() as web:
        world = World(tmp_path, web)
        world.watch("one", "two", channels=[{"name": "desk", "url": url}], reading={"default": "always"})
        web.feed("/one.xml", item(DECIDED, "/takeover"), item(QUIET, "/library"))
        web.feed("/two.xml", item(TERM, "/term"))
        for path, title in (("/takeover", DECIDED), ("/library", QUIET), ("/term", TERM)):
            web.page(path, title, *[f"{title}, its office said on day {n} of a long week of talks." for n in range(9)])
        yield world


def item(title: str, link: str) -> Item:
    return Item(title, link, published=NOW - timedelta(hours=1))


def killed(world: World, step: str) -> int:
    """One pass in a process that dies; its exit code."""
    command = [sys.executable, "-m", "benchmarks.crashing", str(world.folder / "config.yaml"), NOW.isoformat(), step]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False).returncode


def arrived(mail: MailServer) -> list[tuple[str, str]]:
    """Message-ID of the mails since it was last asked, with what their subject begins with."""
    mails = [mail.mails.get_nowait().message for _ in range(mail.mails.qsize())]
    return [(str(one["Message-ID"]), str(one["Subject"]).partition(":")[0]) for one in mails]


def asked(web: Web) -> Counter[str]:
    return Counter(one.path for one in web.asked if one.status != 304)


def stored(world: World) -> dict[str, Any]:
    """What the database holds, by what it says."""
    texts = {
        "articles": "select title || ' ' || text_source as it from articles",
        "signals": "select a.title || ' ' || s.change as it from signals s join articles a on a.id = s.article",
        "developments": "select change || ' ' || stage || ' ' || title as it from developments",
        "alerts": "select channel || ' ' || state || ' ' || subject as it from alerts",
    }
    return {name: sorted(row["it"] for row in world.rows(sql)) for name, sql in texts.items()}


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_loses_nothing(step: str, world: World, mail: MailServer, pool: WorkerPool) -> None:
    """The next pass comes at once, and another when what the dead one had taken to send may be taken by others."""
    assert killed(world, step) == -signal.SIGKILL
    for minutes in (1, 12):
        world.clock.go_on(minutes=minutes)
        world.poll(pool=pool)

    found = stored(world)
    assert found["articles"] == sorted(f"{title} page" for title in (DECIDED, QUIET, TERM))
    assert found["signals"] == [f"{TERM} mandate", f"{DECIDED} leadership"]
    assert found["developments"] == [f"leadership decided {DECIDED}", f"mandate decided {TERM}"]
    assert [alert.partition(":")[0] for alert in found["alerts"]] == [f"desk sent {subject}" for subject in SUBJECTS]
    assert max(asked(world.web).values()) <= 2, "a step is repeated once"
    mails = Counter(arrived(mail))
    assert sorted(subject for _, subject in mails) == SUBJECTS
    assert sum(times - 1 for times in mails.values()) <= 1, "at most one mail came twice"
