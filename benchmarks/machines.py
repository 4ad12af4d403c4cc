"""Machines for benchmarks: a Dask scheduler, workers and a Prefect server, on network namespaces of their own.

The scheduler and each worker are processes in a namespace (root, iproute2); a bridge joins them to this side, where the
Prefect server is, and on whose loopback whatever they read.
"""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flows.server import is_healthy

ROOT = Path(__file__).parents[1]
BRIDGE, HERE = "hm-bridge", "10.77.0.1"
API, SCHEDULER = f"http://{HERE}:4300/api", "tcp://10.77.0.9:8786"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def network(numbers: Sequence[int]) -> Iterator[None]:
    """A bridge, and a namespace for each number at 10.77.0.N, in which 127.0.0.0/8 is this side's, with the farm."""
    _remove_network(numbers)
    try:
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        _local_routes(BRIDGE)
        for number in numbers:
            _namespace(number)
        yield
    finally:
        _remove_network(numbers)


def _namespace(number: int) -> None:
    name = f"hm{number}"
    _ip("netns", "add", name)
    _ip("link", "add", f"hm-v{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", f"hm-v{number}", "master", BRIDGE)
    _ip("link", "set", f"hm-v{number}", "up")
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _local_routes("eth0", "ip", "netns", "exec", name)
    _ip("-n", name, "addr", "del", "127.0.0.1/8", "dev", "lo")
    _ip("-n", name, "route", "add", "127.0.0.0/8", "via", HERE, "src", f"10.77.0.{number}")


def _local_routes(device: str, *prefix: str) -> None:
    subprocess.run([*prefix, "sysctl", "-q", "-w", f"net.ipv4.conf.{device}.route_localnet=1"], check=True)


def _remove_network(numbers: Sequence[int]) -> None:
    for number in numbers:
        subprocess.run(["ip", "netns", "del", f"hm{number}"], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "del", BRIDGE], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def process(command: Sequence[str], log: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of its own group, all of which is killed at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    with ExitStack() as machines:
        tool = [sys.executable, "-m"]
        scheduler = [*tool, "distributed.cli.dask_scheduler", "--host", "10.77.0.9", "--no-dashboard"]
        machines.enter_context(process(["ip", "netns", "exec", "hm9", *scheduler], folder / "scheduler.log"))
        worker = [*tool, "distributed.cli.dask_worker", SCHEDULER, "--nthreads", "1", "--no-dashboard"]
        started = [
            machines.enter_context(
                process(
                    ["ip", "netns", "exec", f"hm{number}", *worker],
                    folder / f"worker-{number}.log",
                    DASK_DISTRIBUTED__WORKER__DAEMON="False",
                )
            )
            for number in range(11, 11 + workers)
        ]
        from distributed import Client

        with Client(SCHEDULER, set_as_default=False, timeout=60) as client:
            client.wait_for_workers(workers, timeout=120)
            client.run(warm)
        yield started


def warm() -> None:
    """Within a worker: loads what its tasks need, as one that has worked before has."""
    importlib.import_module("flows.elsewhere")


@contextmanager
def prefect(folder: Path) -> Iterator[None]:
    settings = {"PREFECT_HOME": str(folder / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui", "--host", HERE, "--port", "4300"]
    with process(command, folder / "prefect.log", **settings):
        until(lambda: is_healthy(API))
        yield


def until(answers: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if answers():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("what was started did not come up")
        time.sleep(0.2)
