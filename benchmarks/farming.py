"""The feed farm as the benchmarks use it, with its truth; and whole commands, timed."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGES = {
    "farm": ["uvloop", "brotli"],
    "ref": ["aiohttp", "uvloop", "httpx", "feedparser", "fastfeedparser"],
    "peers": ["reader[cli]", "sgmllib3k"],
}
"""The environments in which the farm and the peers run, each with what it needs."""
_PLACES = """
Karavia Velmora Östrand Novárin Tessaly Brennick Quorvale São-Brito Łękowa Marensk Ildovia Pontreaux Galdur Zemlin
Orsanto Havelra Kestrin Dübrach Lomassa Urrenga Felsholm Tarquinia-Nord Sarmeen Vostria Aldervik Nemora Çelikar Rothenau
Binjara Ostwick Perivale Chantaré
"""
PLANTED: dict[str, Any] = {
    "actors": {place: [place] for place in _PLACES.split()},
    "concepts": {
        "planted_post": {
            "en": [
                "head of mission",
                "chief of mission",
                "force commander",
                "police commissioner",
                "special representative",
            ]
        },
        "planted_move": {"en": ["appointed", "named", "replaced", "take* over", "step* down", "led by"]},
    },
    "rules": [{"id": "planted", "change": "leadership", "when": "sentence(planted_post and planted_move)"}],
}
"""Parts of a configuration that find the changes of leadership in the farm's news. The actors are the places where it
happens, so that changes in two places are two developments."""


def python_of(envs: Path, name: str) -> str:
    """The interpreter of an environment, which is made if it is not there."""
    python = envs / name / "bin" / "python"
    if not python.exists():
        print(f"making the environment {name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", envs / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
    return str(python)


class Farm:
    """A running farm."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            content = answer.read()
        return (
            json.loads(content) if answer.headers["content-type"].startswith("application/json") else content.decode()
        )

    def post(self, path: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method="POST")
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.loads(answer.read())

    def urls(self) -> list[str]:
        return str(self.get("/urls")).split()


@contextmanager
def farm(folder: Path, envs: Path, port: int = 8700, **options: Any) -> Iterator[Farm]:
    """A farm with its own options: feeds, entries, latency, broken, seed …"""
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [python_of(envs, "farm"), str(folder / "feedfarm.py"), f"--port={port}", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "ready" not in line:
            raise SystemExit(f"the farm did not start: {line}")
        yield Farm(port)
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Run:
    """What a command cost: seconds of the clock and of the processor, and the most memory of all its processes."""

    wall: float
    cpu: float
    megabytes: float
    output: str


def timed(command: Sequence[str], folder: Path, **environment: str) -> Run:
    """Runs a command to its end. Raises SystemExit with its output where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | environment
    )
    peak = _Peak(process.pid)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    peak.stop()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return Run(wall, usage.ru_utime + usage.ru_stime, peak.megabytes, output)


class _Peak:
    """Looks at the memory of a process and its children four times a second: their proportional set sizes, added."""

    def __init__(self, pid: int) -> None:
        self._pid, self.megabytes = pid, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.25):
            self.megabytes = max(self.megabytes, megabytes_of(self._pid))

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()


def megabytes_of(pid: int) -> float:
    """The memory of a process and all below it now: their proportional set sizes, added."""
    return sum(map(_kilobytes, _family(pid))) / 1024


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = [path.name for path in Path(f"/proc/{pid}/task").iterdir() if path.name != str(pid)]
        for thread in threads:
            children += Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
    except OSError:  # it has ended meanwhile
        return
    for child in children:
        yield from _family(int(child))


def _kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
