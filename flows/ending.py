"""The end of a service: its runs, the runner and the server, each by force if it must be."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from flows import server as servers
from flows.server import Server

if TYPE_CHECKING:
    from prefect.runner import Runner

RUNS_END_SECONDS = 4.5
RUNNER_END_SECONDS = 3.0
SERVER_END_SECONDS = 2.0
"""Together under the 10 s that init systems and container runtimes grant."""


def stop(server: Server | None, runner: "Runner | None", thread: threading.Thread) -> None:
    """Ends the runs, the runner, which is in a thread, and the server, in this order."""
    reachable = server is None or server.process.poll() is None
    if reachable and runner is not None and runner.started:
        # It asks its runs to end, one after the other, and tells the server that they were cancelled.
        runner.execute_in_background(runner.astop)
        end_runs(RUNS_END_SECONDS)
        thread.join(RUNNER_END_SECONDS)
    else:
        end_runs(0)
    if server:
        servers.stop(server, SERVER_END_SECONDS)


def end_runs(seconds: float) -> None:
    """Gives the runs some seconds to end, then kills them; either way with the processes that they started."""
    deadline = time.monotonic() + seconds
    leaders = set()
    while runs := multiprocessing.active_children():
        leaders |= {run.pid for run in runs if run.pid is not None}
        if time.monotonic() > deadline:
            for run in runs:
                run.kill()
        runs[0].join(0.1)
    for leader in leaders:
        _kill_group(leader)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
