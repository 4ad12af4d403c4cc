"""The pool: whatever a page does to the worker that reads it, the others are read and no process stays."""

import asyncio
import contextlib
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from monitor import worker_pool
from monitor.errors import ExtractError, WorkError
from monitor.extract import extract
from monitor.models import Page
from monitor.worker_pool import WorkerPool

SAMPLE = Path(__file__).parent / "samples" / "pages" / "news_with_everything_around_it.html"
SHORT = timedelta(seconds=0.5)
T = TypeVar("T")


def scripted(body: bytes, url: str, content_type: str = "", now: datetime | None = None) -> Page:
    """Stands in for the extractors in a worker: the body says how the page behaves."""
    match body:
        case b"hang":
            threading.Event().wait()
        case b"die":
            os._exit(3)
        case b"refuse":
            raise ExtractError("no article text was found in the page")
        case b"who":
            return Page(title=str(os.getpid()), text="")
    return Page(title=body.decode(), text=f"{url} {content_type} {now:%Y}" if now else url)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def workers() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid]


async def read(pool: WorkerPool, body: bytes) -> str:
    return (await pool.run(scripted, body, "https://lantern.example/")).title


def test_a_page_is_read_in_another_process_as_extract_reads_it() -> None:
    async def scenario() -> Page:
        with WorkerPool(workers=1) as pool:
            return await pool.run(extract, SAMPLE.read_bytes(), "https://lantern.example/", "text/html")

    page = run(scenario())

    assert page.title == "Council names Okonjo to lead the harbour mission"
    assert page.text == SAMPLE.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")


def test_everything_that_is_known_of_a_page_reaches_the_worker() -> None:
    async def scenario() -> Page:
        with WorkerPool(workers=1) as pool:
            moment = datetime(2025, 1, 2, tzinfo=UTC)
            return await pool.run(scripted, b"x", "https://lantern.example/", "text/html", now=moment)

    assert run(scenario()).text == "https://lantern.example/ text/html 2025"


def test_the_workers_refusal_comes_back_as_it_is() -> None:
    async def scenario() -> None:
        with WorkerPool(workers=1) as pool:
            await read(pool, b"refuse")

    with pytest.raises(ExtractError, match=r"^no article text was found in the page$"):
        run(scenario())


def test_while_a_page_hangs_the_others_are_read() -> None:
    async def scenario() -> tuple[list[str], bool]:
        with WorkerPool(workers=2) as pool:
            hanging = asyncio.create_task(read(pool, b"hang"))
            titles = [await read(pool, title) for title in (b"one", b"two", b"three")]
            still_hanging = not hanging.done()
            hanging.cancel()
            return titles, still_hanging

    assert run(scenario()) == (["one", "two", "three"], True)


def test_a_page_that_hangs_is_stopped_and_its_place_is_free_again() -> None:
    async def scenario() -> str:
        with WorkerPool(workers=1, timeout=SHORT) as pool:
            with pytest.raises(WorkError, match=r"^reading it took longer than 0\.5 s and was stopped$"):
                await read(pool, b"hang")
            return await read(pool, b"next")

    assert run(scenario()) == "next"


def test_more_hanging_pages_than_workers_are_all_stopped() -> None:
    async def scenario() -> list[str | BaseException]:
        with WorkerPool(workers=2, timeout=SHORT) as pool:
            return await asyncio.gather(
                *(read(pool, body) for body in (b"hang", b"hang", b"hang", b"last")), return_exceptions=True
            )

    *stopped, last = run(scenario())

    assert [type(error) for error in stopped] == [WorkError] * 3
    assert last == "last"


def test_a_pool_that_does_not_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> tuple[list[int], list[int], str]:
        with WorkerPool(workers=1, timeout=SHORT) as pool:
            await read(pool, b"warm")
            before = workers()
            with monkeypatch.context() as patch:
                patch.setattr(worker_pool, "_GRACE", timedelta(seconds=-0.4))  # the worker's own limit comes too late
                with pytest.raises(WorkError, match="reading it took longer"):
                    await read(pool, b"hang")
            return before, workers(), await read(pool, b"next")

    before, after, title = run(scenario())

    assert (len(before), after, title) == (1, [], "next")


def test_a_worker_that_dies_costs_its_page_only() -> None:
    async def scenario() -> tuple[list[str], str]:
        with WorkerPool(workers=1) as pool:
            before = await read(pool, b"before")
            with pytest.raises(WorkError, match="the process that read it died while reading"):
                await read(pool, b"die")
            return [before], await read(pool, b"after")

    assert run(scenario()) == (["before"], "after")


def test_pages_are_read_again_after_idle_workers_were_killed_from_outside() -> None:
    async def scenario() -> str:
        with WorkerPool(workers=2) as pool:
            await read(pool, b"before")
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(WorkError):  # the page that comes before anybody noticed
                await read(pool, b"between")
            return await read(pool, b"after")

    assert run(scenario()) == "after"


def test_a_caller_that_gives_up_frees_the_worker() -> None:
    async def scenario() -> str:
        with WorkerPool(workers=1) as pool:
            await read(pool, b"warm")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(read(pool, b"hang"), 0.2)
            return await read(pool, b"next")

    assert run(scenario()) == "next"


def test_workers_are_reused_between_pages() -> None:
    async def scenario() -> set[str]:
        with WorkerPool(workers=1) as pool:
            return {await read(pool, b"who") for _ in range(3)}

    pids = run(scenario())

    assert len(pids) == 1
    assert str(os.getpid()) not in pids


def test_no_process_starts_before_the_first_page_and_none_stays_after_the_last() -> None:
    async def scenario() -> tuple[list[int], list[int]]:
        with WorkerPool(workers=2) as pool:
            idle = workers()
            await read(pool, b"page")
            return idle, workers()

    idle, busy = run(scenario())

    assert idle == []
    assert len(busy) == 2
    assert workers() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in busy)


def test_closing_stops_a_worker_that_hangs() -> None:
    async def scenario() -> list[int]:
        pool = WorkerPool(workers=1)
        await read(pool, b"warm")
        hanging = asyncio.create_task(read(pool, b"hang"))
        await asyncio.sleep(0)
        pids = workers()
        pool.close()
        hanging.cancel()
        return pids

    pids = run(scenario())

    assert len(pids) == 1
    assert workers() == []


def test_a_closed_pool_reads_nothing_more() -> None:
    async def scenario() -> None:
        with WorkerPool() as pool:
            pass
        await read(pool, b"late")

    with pytest.raises(RuntimeError, match="the pool of workers is closed"):
        run(scenario())


SERVICE = """
import asyncio, multiprocessing
from datetime import timedelta
from monitor import worker_pool
from tests.test_worker_pool import scripted

async def main():
    worker_pool._GRACE = timedelta(seconds=0.2)
    pool = worker_pool.WorkerPool(workers=2, timeout=timedelta(seconds=60))
    await pool.run(scripted, b"page", "https://lantern.example/")
    pool._seconds = 1.0  # only what hangs has little time: a busy machine takes long to read a page
    hanging = asyncio.create_task(pool.run(scripted, b"hang", "https://lantern.example/"))
    await asyncio.sleep(0)
    pool._seconds = 60.0
    await pool.run(scripted, b"page", "https://lantern.example/")
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    await hanging

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's pidfd_open to wait for a stranger's end")
def test_workers_end_after_a_service_that_was_killed_even_one_that_hangs(tmp_path: Path) -> None:
    script = tmp_path / "service.py"
    script.write_text(SERVICE)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as service:
        assert service.stdout
        descriptors = [os.pidfd_open(int(pid)) for pid in service.stdout.readline().split()]
        service.kill()

    ended = [bool(select.select([descriptor], [], [], 20)[0]) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)

    assert ended == [True, True]
