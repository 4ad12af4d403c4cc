"""How the sites that are read want to be treated: robots.txt, and a pause between two pages.

Hosts   what one pass knows of them, over all its batches; nothing of it is bound to an event loop
Visit   the same at work in one batch: what the fetcher asks before each request, redirects included
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.guard import FetchError
from monitor.robots import RobotsAnswer, Rules, answered, is_fresh, location

if TYPE_CHECKING:
    from monitor.fetch import Fetcher

PATIENCE = timedelta(minutes=2)
"""How long the pauses at one host may hold up a pass; the pages that are left have their turn in the next."""
_ACCEPT = "text/plain, */*;q=0.5"


@dataclass
class Hosts:
    """What one pass knows of the hosts that it reads from."""

    known: dict[str, RobotsAnswer] = field(default_factory=dict)
    """By origin, whatever its age."""
    learnt: list[RobotsAnswer] = field(default_factory=list)
    """What was heard in this pass and is not stored yet."""
    asked: Counter[str] = field(default_factory=Counter)
    """How many pages were asked of each host."""
    began: dict[str, float] = field(default_factory=dict)
    """When the last request for a page of each host began, by `clock`."""
    refused: dict[str, str] = field(default_factory=dict)
    """Origins whose rules cannot be had in this pass, with the reason."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @classmethod
    def of(cls, answers: Iterable[RobotsAnswer]) -> "Hosts":
        """Those of a pass that begins, by what is stored."""
        return cls({answer.origin: answer for answer in answers})

    def part(self, urls: Iterable[str]) -> "Hosts":
        """What is known of the hosts of these addresses, for another machine, whose clock counts otherwise."""
        places = [urlsplit(url) for url in urls]
        origins = {f"{place.scheme}://{place.netloc}" for place in places}
        return Hosts(
            known={origin: self.known[origin] for origin in origins if origin in self.known},
            asked=Counter({place.hostname: self.asked[place.hostname] for place in places if place.hostname}),
            refused={origin: self.refused[origin] for origin in origins if origin in self.refused},
        )

    def join(self, part: "Hosts") -> None:
        """Takes over what another machine learnt of its part; for the pauses it counts as asked just now."""
        self.known |= part.known
        self.learnt += part.learnt
        self.asked |= part.asked  # the larger count
        self.refused |= part.refused
        self.began |= dict.fromkeys(part.asked, self.clock())

    def take_learnt(self) -> list[RobotsAnswer]:
        """What was learnt and is not stored yet, for who stores it now; more may be learnt meanwhile in a thread."""
        taken = []
        while self.learnt:
            taken.append(self.learnt.pop())
        return taken


class Visit:
    """Asks for robots.txt once for each origin, and keeps the pauses; `monitor.fetch.Manners` says how it is used."""

    def __init__(self, hosts: Hosts, fetcher: "Fetcher", pause: timedelta, now: datetime) -> None:
        self._hosts, self._fetcher, self._pause, self._now = hosts, fetcher, pause.total_seconds(), now
        self._rules: dict[str, Rules] = {}
        self._pauses: dict[str, float] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._gates: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def may_ask(self, origin: str, host: str, url: str) -> None:
        """Raise FetchError where the site does not want it (kind `disallowed`), where that cannot be known (kind
        `robots`), and where its turn does not come in this pass (kind `postponed`).
        """
        rules = await self._rules_of(origin)
        if not rules.allow(url):
            raise FetchError("disallowed", f"robots.txt of {origin} asks not to read it")
        pause = self._pauses[host] = max(self._pause, rules.delay.total_seconds(), self._pauses.get(host, 0))
        if self._hosts.asked[host] * pause > PATIENCE.total_seconds():
            raise FetchError("postponed", f"{host} is asked for one page in {pause:g} s, and others come first")
        self._hosts.asked[host] += 1

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the end of the pause; the next one begins at the end of the block."""
        async with self._gates[host]:
            over = self._hosts.began.get(host)
            left = 0 if over is None else over + self._pauses.get(host, self._pause) - self._hosts.clock()
            if left > 0:
                await self._hosts.sleep(left)
            yield
            self._hosts.began[host] = self._hosts.clock()

    async def _rules_of(self, origin: str) -> Rules:
        async with self._asking[origin]:
            if origin not in self._rules:
                self._rules[origin] = Rules((await self._answer_of(origin)).body)
            return self._rules[origin]

    async def _answer_of(self, origin: str) -> RobotsAnswer:
        """What holds for an origin: what is known and fresh, else what it says now, else what it said once."""
        known, reason = self._hosts.known.get(origin), self._hosts.refused.get(origin)
        if known and is_fresh(known, self._now):
            return known
        if reason is None:
            answer = answered(origin, await self._fetcher.get(location(origin), accept=_ACCEPT), self._now)
            reason = answer.failure
            if reason is None:
                self._hosts.known[origin] = answer
                self._hosts.learnt.append(answer)
                return answer
            self._hosts.refused[origin] = reason
        if known:
            return known
        raise FetchError("robots", f"robots.txt of {origin}, which says what may be read, cannot be had: {reason}")
