"""Asking beside storing: a thread asks in an event loop, and what it brings is taken elsewhere in portions.

    ask (event loop, thread)  ──  put  ──>  portions  ──>  who stores (the thread that began)

So the others are asked while one portion is stored. Where too much is brought and not taken, nobody further is asked.
"""

import asyncio
import gc
import queue
from collections.abc import Callable, Coroutine, Iterator
from threading import Thread
from typing import Any, Generic, TypeVar

from monitor.reading import FEW_COLLECTIONS

T = TypeVar("T")

_PORTION = 60
_GATHERING = 0.2
"""Seconds in which a portion is gathered."""


class Stream(Generic[T]):
    """What `ask` brings: it waits for a `place` before each thing it begins, and each of those ends with one `put`."""

    def __init__(self, ask: "Callable[[Stream[T]], Coroutine[Any, Any, None]]", places: int) -> None:
        self._ask = ask
        self._portions: queue.SimpleQueue[list[T] | BaseException | None] = queue.SimpleQueue()
        self._gathered: list[T] = []
        self._loop = _event_loop()
        self._places = asyncio.Semaphore(places)
        self._task: asyncio.Task[None] | None = None

    async def place(self) -> None:
        """Wait until something more may be begun."""
        await self._places.acquire()

    def put(self, one: T) -> None:
        """Hand over what was brought; from within the event loop."""
        self._gathered.append(one)
        if len(self._gathered) >= _PORTION:
            self._hand_over()
        elif len(self._gathered) == 1:
            self._loop.call_later(_GATHERING, self._hand_over)

    def portions(self) -> Iterator[list[T]]:
        """All that is brought, as it comes in. The thread ends with the iterator; what ends it is raised here."""
        collecting = gc.get_threshold()
        gc.set_threshold(FEW_COLLECTIONS)
        thread = Thread(target=self._run, name="asking")
        thread.start()
        try:
            while portion := self._portions.get():
                if isinstance(portion, BaseException):
                    raise portion
                yield portion
                self._loop.call_soon_threadsafe(self._release, len(portion))
        finally:
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
            thread.join()
            self._loop.close()
            gc.set_threshold(*collecting)

    def _run(self) -> None:
        try:
            self._task = self._loop.create_task(self._ask(self))
            self._loop.run_until_complete(self._task)
            self._hand_over()
            self._portions.put(None)
        except BaseException as error:  # noqa: BLE001  it is raised where the portions are taken
            self._portions.put(error)

    def _hand_over(self) -> None:
        if self._gathered:
            self._portions.put(self._gathered)
            self._gathered = []

    def _release(self, places: int) -> None:
        for _ in range(places):
            self._places.release()


def _event_loop() -> asyncio.AbstractEventLoop:
    """The faster loop where there is one (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
