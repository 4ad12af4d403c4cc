"""What a site asks of programs that read it: robots.txt (RFC 9309), for pages of articles and not for feeds.

Pure: an answer comes in, and what it means goes out. Who may not be asked about it now is `monitor.pipeline.manners`.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.models import FetchFailure, Response

if TYPE_CHECKING:
    from protego import Protego

TOKEN = "haiti-monitor"  # noqa: S105  the name in our User-Agent by which a site speaks to us
LASTS = timedelta(hours=24)
"""How long an answer holds."""
STALE = timedelta(days=30)
"""How long one is of use where no newer can be had."""
LONGEST_DELAY = timedelta(seconds=30)
"""Of Crawl-delay, which is no part of the RFC and sometimes written by somebody who meant something else."""
MAX_BYTES = 500 * 1024
"""What is read of it, as the RFC has it."""

_ELSEWHERE = frozenset({"redirect", "address", "url"})
_AGENT = re.compile(r"\s*user[\s-]*agent[\s:]*([^#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What an origin (`https://news.example`) said when it was asked."""

    origin: str
    fetched_at: datetime
    body: str = ""
    """Its rules; empty where there are none."""
    failure: str | None = None
    """Why it is not known what the rules are, in words; then nothing may be read for now."""


def location(origin: str) -> str:
    """Where the rules of an origin are."""
    return f"{origin}/robots.txt"


def answered(origin: str, answer: Response | FetchFailure, now: datetime) -> RobotsAnswer:
    """Make out what an answer to the request for `location` means.

    Who has no rules, refuses to show them or leads elsewhere has none to keep (4xx but 429); who cannot answer now has
    perhaps some.
    """
    if isinstance(answer, Response):
        return RobotsAnswer(origin, now, answer.body[:MAX_BYTES].decode("utf-8-sig", errors="replace"))
    status = answer.status or 0
    if answer.kind in _ELSEWHERE or (200 <= status < 500 and status != 429):
        return RobotsAnswer(origin, now)
    return RobotsAnswer(origin, now, failure=answer.message)


def is_fresh(answer: RobotsAnswer, now: datetime) -> bool:
    """Whether an answer still holds; one from a clock that went wrong does not."""
    return timedelta(0) <= now - answer.fetched_at < LASTS


class Rules:
    """The rules of one origin, as they concern this program."""

    def __init__(self, body: str) -> None:
        self._parsed = _parsed(body)

    def allow(self, url: str) -> bool:
        """Whether an address of the origin may be read."""
        return self._parsed.can_fetch(url, TOKEN)

    @property
    def delay(self) -> timedelta:
        """The pause that is asked for between two requests, half a minute at most."""
        return min(timedelta(seconds=min(self._parsed.crawl_delay(TOKEN) or 0.0, 3600.0)), LONGEST_DELAY)


def _parsed(body: str) -> "Protego":
    from protego import Protego  # 30 ms: only who reads pages pays for it

    return Protego.parse("\n".join(map(_concerning_us, body.splitlines())))


def _concerning_us(line: str) -> str:
    """Give all other programs one name.

    The library keeps every rule once for each name above it: a thousand names and a thousand rules are a million. And
    a name is ours with a version behind it too.
    """
    named = _AGENT.match(line)
    if named is None:
        return line
    name = named[1].strip().lower()
    ours = re.fullmatch(rf"{TOKEN}(/.*)?", name)
    return f"User-agent: {TOKEN if ours else '*' if name == '*' else 'others'}"
