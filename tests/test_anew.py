"""A service starts anew where it would be silent: its clock was set back, or its polls do not come any more."""

import json
import os
import shutil
import signal
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from uuid import uuid4

import pytest

from flows import anew, lastgood
from flows.anew import Clock, Planned, Polls
from monitor import alive
from monitor.config import Config, load
from monitor.errors import MonitorError
from tests.test_service import CONFIG, START_SECONDS, _processes, free_port, start
from tests.world import write_config

HOUR = timedelta(hours=1)
SETTABLE = """
import os, time
from pathlib import Path
true, offset = time.time, Path(os.environ["TEST_OFFSET"])
time.time = lambda: true() + float(offset.read_text())
"""
"""What Python runs when it starts: a clock of which a file says by how much it was set."""


@pytest.mark.parametrize(
    ("jumps", "told"),
    [
        pytest.param([0, 0], [None, None], id="a clock that goes well"),
        pytest.param([-3600, 0], [HOUR, None], id="an hour back, told once"),
        pytest.param([-119, -119], [None, None], id="an ordinary correction"),
        pytest.param([3600, 0], [None, None], id="forward"),
        pytest.param([3600, -3600], [None, HOUR], id="forward and back"),
    ],
)
def test_only_a_clock_that_was_set_back_is_told(jumps: list[int], told: list[timedelta | None]) -> None:
    wall, steady = [1_000_000.0], [50.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    found = []
    for jump in jumps:
        wall[0] += 15 + jump
        steady[0] += 15
        found.append(clock.set_back())
    assert found == told


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A configuration that polls every ten minutes, and the folder of a service that runs with it."""
    config = load(write_config(tmp_path, schedule={"poll": "10 min"}))
    alive.home_of(config.database_path).mkdir(parents=True)
    monkeypatch.setenv(lastgood.SERVED, "")  # so that it is set back at the end
    lastgood.begin(config.path, config)
    return config


def test_polls_that_do_not_come_any_more_are_missed_after_three_times_their_pause(served: Config) -> None:
    steady = [50.0]
    polls = Polls(served.database_path, Planned(served), lambda: steady[0])
    steady[0] += 1799
    assert polls.missing() is None
    steady[0] += 2
    assert polls.missing() == timedelta(seconds=1801)
    with alive.polling(served.database_path):
        pass
    assert polls.missing() is None
    steady[0] += 1801
    assert polls.missing() == timedelta(seconds=1801)


def test_a_poll_that_is_under_way_is_missed_only_where_it_does_not_end(served: Config) -> None:
    steady = [50.0]
    polls = Polls(served.database_path, Planned(served), lambda: steady[0])
    with alive.polling(served.database_path):
        assert polls.missing() is None
        steady[0] += 5 * 3600
        assert polls.missing() is None, "it reads thousands of pages"
        steady[0] += 3601
        assert polls.missing() == timedelta(seconds=6 * 3600 + 1)


def test_a_poll_is_under_way_until_the_last_of_several_ends(served: Config) -> None:
    with ExitStack() as earlier:
        earlier.enter_context(alive.polling(served.database_path))
        with alive.polling(served.database_path):
            earlier.close()
            assert alive.polled(served.database_path).under_way


def test_a_folder_that_is_gone_ends_the_service_in_words(served: Config) -> None:
    reported: SimpleQueue[Exception] = SimpleQueue()
    shutil.rmtree(alive.home_of(served.database_path))
    anew.watch(reported.put, served, lambda: True)
    reason = reported.get(timeout=30)
    assert isinstance(reason, MonitorError)
    assert "The folder of the data cannot be used any more: " in str(reason)


def test_a_rarer_schedule_that_runs_have_taken_is_heeded(served: Config) -> None:
    planned = Planned(served)
    assert planned(timedelta(minutes=3)) == timedelta(minutes=30)
    write_config(served.path.parent, schedule={"poll": "2 h"})
    lastgood.begin(served.path, load(served.path))
    assert planned(timedelta(minutes=3)) == timedelta(hours=6)
    write_config(served.path.parent, schedule={"poll": "0 6 * * *"})
    lastgood.begin(served.path, load(served.path))
    assert timedelta(days=2) <= planned(timedelta(minutes=3)) <= timedelta(days=3)


def test_a_full_disk_is_said_once_and_so_is_that_it_has_room_again(
    served: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free = [1 << 30, 3 << 20, 2 << 20, 1 << 30]
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free.pop(0)))
    full, told = False, []
    for _ in range(4):
        full = anew._say_of_room(alive.home_of(served.database_path), full)
        told.append(full)
    full_event, free_event = map(json.loads, capsys.readouterr().err.splitlines())
    assert told == [False, True, True, False]
    assert (full_event["event"], full_event["level"]) == ("disk.full", "error")
    assert f"{served.database_path.parent} is full: 3 MB are free" in full_event["message"]
    assert free_event["event"] == "disk.free"


def test_nothing_starts_anew_while_a_start_would_fail(served: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a Prefect server elsewhere that is away: the service must still be there when that comes back."""
    reported: SimpleQueue[Exception] = SimpleQueue()
    asked: SimpleQueue[None] = SimpleQueue()
    answers = [True, False, False]

    def may_start() -> bool:
        asked.put(None)
        return answers.pop()

    monkeypatch.setattr(anew, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Polls, "missing", lambda _: timedelta(hours=1))
    anew.watch(reported.put, served, may_start)
    reason = reported.get(timeout=30)
    assert isinstance(reason, anew.AnewError)
    assert (reason.event, str(reason)) == (
        "service.stalled",
        "No poll came to its end for 1 h: the service starts anew.",
    )
    assert asked.qsize() == 3


def test_the_service_starts_anew_in_its_process_and_polls_on(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SETTABLE, encoding="utf-8")
    offset = tmp_path / "offset"
    offset.write_text("0", encoding="utf-8")
    feed = f"http://127.0.0.1:{free_port()}/feed"  # nobody is there: that is a poll too
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(port=free_port(), health=free_port(), feed=feed), encoding="utf-8")
    mark = uuid4().hex
    events = []
    with start(config, mark, PYTHONPATH=str(tmp_path), TEST_OFFSET=str(offset)) as process:
        patience = threading.Timer(START_SECONDS, process.kill)
        patience.start()
        try:
            for line in process.stderr or ():
                events.append(json.loads(line))
                polls = [at for at, event in enumerate(events) if event["event"] == "poll.done"]
                if events[-1]["event"] == "poll.done" and offset.read_text() == "0":
                    offset.write_text("-7200", encoding="utf-8")
                starts = [at for at, event in enumerate(events) if event["event"] == "service.started"]
                if len(starts) == 2 and polls[-1] > starts[1]:
                    break
        finally:
            patience.cancel()
            process.terminate()
            code = process.wait(10)
            for pid, _ in _processes(mark):
                os.kill(pid, signal.SIGKILL)
    assert code == 0, events
    (back,) = [event for event in events if event["event"] == "clock.set_back"]
    assert back["seconds"] == pytest.approx(7200, abs=5)
    first, second = [event for event in events if event["event"] == "service.started"]
    assert first["pid"] == second["pid"] == process.pid
    assert first["message"] == second["message"], "the second serves its own server too, at the same place"
