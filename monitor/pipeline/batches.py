"""What needs no database, in batches that any machine can do.

Feeds and pages of one host stay together, so that it is never asked by two machines at the same time.
"""

import atexit
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from monitor.errors import RuleError
from monitor.models import Article, FeedOutcome, FeedState, Match, PageOutcome, PageRequest
from monitor.pipeline import asking, pages
from monitor.pipeline.manners import Hosts
from monitor.rules.compile import compile_rules
from monitor.rules.ruleset import RuleSet, version_of
from monitor.rules.spec import RulesSpec
from monitor.schema import FetchSection

if TYPE_CHECKING:
    from monitor.worker_pool import WorkerPool

T = TypeVar("T")
_compiled: dict[str, RuleSet] = {}
"""The last rules that were asked for, by version."""


def by_host(things: Sequence[T], address: Callable[[T], str], size: int) -> list[list[T]]:
    """Batches of about `size` things each, those of one host in the same batch, however many they are."""
    hosts: dict[str, list[T]] = {}
    for one in things:
        hosts.setdefault(urlsplit(address(one)).hostname or "", []).append(one)
    batches: list[list[T]] = [[] for _ in range(-(-len(things) // size))]
    for group in sorted(hosts.values(), key=len, reverse=True):
        min(batches, key=len).extend(group)
    return [batch for batch in batches if batch]


def ask_feeds(fetch: FetchSection, feeds: Sequence[FeedState], now: datetime) -> list[FeedOutcome]:
    """Asks a batch of feeds."""
    return [outcome for portion in asking.ask_feeds(fetch, feeds, now) for outcome in portion]


def read_pages(
    fetch: FetchSection, wanted: Sequence[PageRequest], now: datetime, hosts: Hosts
) -> tuple[list[PageOutcome], Hosts]:
    """Reads a batch of pages; answers besides what was learnt of their hosts."""
    portions = pages.ask_pages(fetch, wanted, now, hosts, _pool())
    return [outcome for portion in portions for outcome in portion], hosts


def match(spec: RulesSpec, articles: Sequence[Article]) -> list[Match]:
    """What the rules find in a batch of articles. They are compiled for the first batch that comes with them."""
    version = version_of(spec)
    if version not in _compiled:
        rules, problems = compile_rules(spec)
        if rules is None:
            raise RuleError(problems[0].message)
        _compiled.clear()
        _compiled[version] = rules
    return [_compiled[version].match(article) for article in articles]


@cache
def _pool() -> "WorkerPool":
    """One worker process beside this one, for all batches: starting it takes a second."""
    from monitor.worker_pool import WorkerPool

    pool = WorkerPool(1, pages.TIME_LIMIT)
    atexit.register(pool.close)
    return pool
