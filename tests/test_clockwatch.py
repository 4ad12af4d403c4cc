"""A clock that is set back while the service runs must not silence it until the old time comes again."""

import json
import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from flows.clockwatch import Clock
from tests.test_service import CONFIG, START_SECONDS, _processes, free_port, start

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
