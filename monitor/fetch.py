"""HTTP at the edge: one GET with conditional requests, limits and the address guard.

`Fetcher.get` answers a value, whatever the network, the server or the address may do: a `Response` (200, 304)
or a `FetchFailure` that says why there is none.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from math import ceil
from types import TracebackType
from typing import Protocol, Self
from weakref import WeakValueDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from monitor import addresses, certificates, failures, proxies
from monitor.guard import ENCODINGS, Body, FetchError, FetchSettings, parse_allowed, refusal
from monitor.models import FetchFailure, Response

__all__ = ["FetchSettings", "Fetcher", "Manners", "retry_after"]

MAX_REDIRECTS = 10
PATIENCE = 6
"""After so many requests in a row without an answer a host is not asked again: a thousand feeds of one that hangs would
else take hours.
"""
MAX_RETRY_AFTER = timedelta(days=7)

_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)

_refusals: ContextVar[list[str | None] | None] = ContextVar("_refusals")
"""One item for each address tried in the current request: why the guard refused it, None if it did not.

None in place of the list where the connection is to a proxy, which the user has chosen.
"""


class _RefusedError(OSError):
    """The guard does not let us connect to an address."""


@dataclass(frozen=True, slots=True)
class _Moved:
    target: URL
    permanent: bool


class Manners(Protocol):
    """How to treat the hosts of a request, asked before each of its steps; its pauses cost none of the time."""

    async def may_ask(self, origin: str, host: str, url: str) -> None:
        """Raise FetchError where a host does not want to be asked for `url`."""

    def turn(self, host: str) -> AbstractAsyncContextManager[None]:
        """Wait for a host's turn, which begins when the block ends."""


class Fetcher:
    """Asks the web, within the limits of its settings; an async context manager over one session.

    Proxies and certificates to trust besides the usual ones come from the environment. Raises ValueError for an entry
    of `allow_addresses` that cannot be read, ConfigError for a proxy or certificates that cannot be used.
    """

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._allowed = tuple(parse_allowed(text) for text in settings.allow_addresses)
        self._proxies = proxies.from_environment()
        self._trusted = certificates.context()
        self._places = asyncio.Semaphore(settings.concurrency)
        self._silent: dict[str, int] = {}
        """How many requests in a row a host left without an answer."""
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        self._resolver = _Resolver(self._settings.concurrency)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=self._socket, resolver=self._resolver, ssl=self._trusted or True
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._settings.user_agent, "Accept-Encoding": ENCODINGS},
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._resolver.close()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = "*/*",
        manners: Manners | None = None,
    ) -> Response | FetchFailure:
        """Fetch `url`, following redirects; `etag` and `last_modified` go back as they were once received.

        A user name and password in `url` are used, and shown in no answer but `moved_to` if they still hold.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        sendable = {name: value for name, value in validators.items() if value and value.isprintable()}
        try:
            return await self._follow(addresses.parse(url), accept, sendable, manners)
        except FetchError as stop:
            return FetchFailure(addresses.without_login(url), stop.kind, stop.message, stop.status, stop.retry_after)

    async def _follow(
        self, start: URL, accept: str, validators: Mapping[str, str], manners: Manners | None
    ) -> Response:
        url, permanent = start, True
        seen = {start.with_user(None)}
        left = self._settings.timeout.total_seconds()
        clock = asyncio.get_running_loop().time
        while True:
            # Validators belong to the place that gave them, as a login does.
            conditions = validators if addresses.same_place(start, url) else {}
            host = url.raw_host or ""
            if manners:
                await manners.may_ask(str(url.origin()), host, str(url.with_user(None)))
            async with self._polite_turn(host, manners) if manners else self._turn(host):
                began = clock()
                answer = await self._ask_within(left, url, {"Accept": accept, **conditions})
                left -= clock() - began
            if isinstance(answer, Response):
                return replace(answer, moved_to=str(url) if permanent and len(seen) > 1 else None)
            if answer.target in seen:
                raise FetchError("redirect", f"redirects in a circle, back to {answer.target}")
            if len(seen) > MAX_REDIRECTS:
                raise FetchError("redirect", f"more than {MAX_REDIRECTS} redirects, the last to {answer.target}")
            seen.add(answer.target)
            permanent = permanent and answer.permanent
            url = addresses.with_login(answer.target, start)

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """Wait at the host first, so that who waits for a busy host takes nobody else's place."""
        async with self._door(host), self._places:
            yield

    def _door(self, host: str) -> asyncio.Semaphore:
        return self._hosts.setdefault(host, asyncio.Semaphore(self._settings.per_host))

    @asynccontextmanager
    async def _polite_turn(self, host: str, manners: Manners) -> AsyncIterator[None]:
        async with self._door(host):
            async with manners.turn(host):  # till a place is free: only then the request begins
                await self._places.acquire()
            try:
                yield
            finally:
                self._places.release()

    async def _ask_within(self, seconds: float, url: URL, headers: Mapping[str, str]) -> Response | _Moved:
        host = url.raw_host or ""
        if self._silent.get(host, 0) >= PATIENCE:
            message = f"{url.origin()} left {PATIENCE} requests in a row without an answer, so this one was not made"
            raise FetchError("timeout", message)
        try:
            async with asyncio.timeout(seconds):
                answer = await self._ask(url, headers)
            self._silent.pop(host, None)
            return answer
        except FetchError as error:
            if error.kind in ("connection", "dns"):
                self._silent[host] = self._silent.get(host, 0) + 1
            raise
        except TimeoutError as error:
            self._silent[host] = self._silent.get(host, 0) + 1
            limit = self._settings.timeout.total_seconds()
            raise FetchError("timeout", f"{url.origin()} did not finish within {limit:g} s (fetch.timeout)") from error

    async def _ask(self, url: URL, headers: Mapping[str, str]) -> Response | _Moved:
        """Make one request to one place, without following a redirect."""
        if self._proxies and (proxy := self._proxies.of(url.scheme, url.raw_host or "", url.port or 0)):
            return await self._ask_through(proxy, url, headers)
        refusals: list[str | None] = []
        _refusals.set(refusals)
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
                return await self._read(url.with_user(None), answer, conditional=len(headers) > 1)
        # ValueError: looking up some names fails with a UnicodeError.
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise failures.explain(url, error, refusals) from error

    async def _ask_through(self, proxy: proxies.Proxy, url: URL, headers: Mapping[str, str]) -> Response | _Moved:
        await self._check(url)
        _refusals.set(None)
        # Only a plain request reaches the proxy itself; before a secure one comes CONNECT, with headers of its own.
        login, own = ({}, proxy.headers) if url.scheme == "https" else (proxy.headers, {})
        try:
            async with self._session.get(
                url, headers={**headers, **login}, allow_redirects=False, proxy=proxy.url, proxy_headers=own
            ) as answer:
                if answer.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                    raise FetchError("proxy", failures.refused_by(proxy, url, answer.status))
                return await self._read(url.with_user(None), answer, conditional=len(headers) > 1)
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise failures.explain_proxied(proxy, url, error) from error

    async def _check(self, url: URL) -> None:
        """Guard a request whose connection a proxy makes, by what the name means here.

        Many networks behind a proxy cannot look up the names of others; then the proxy decides.
        """
        host, port = (url.raw_host or "").rstrip("."), url.port or 0
        try:
            found = await self._resolver.resolve(host, port)
        except (OSError, ValueError):
            reasons = [proxies.unseen_refusal(host, port)]
        else:
            reasons = [refusal(one["host"], port, self._allowed) for one in found]
        if reason := next(filter(None, reasons), None):
            raise FetchError("address", f"{url.origin()} is not fetched: {reason}")

    async def _read(self, url: URL, answer: aiohttp.ClientResponse, *, conditional: bool) -> Response | _Moved:
        status, headers, where = answer.status, _plain(answer.headers), str(url.origin())
        if status in _REDIRECTS:
            return _Moved(addresses.redirected(url, answer.headers.get("Location")), status in _PERMANENT)
        if status == 304 and conditional:
            return Response(str(url), status, headers)
        if status == 304:
            raise FetchError("protocol", f"{where} answered 304 to a request without conditions", status)
        if status != 200:
            wait = retry_after(headers, datetime.now(UTC))
            raise FetchError("status", failures.answered(where, status, wait), status, wait)
        body = Body(where, headers.get("content-encoding", ""), self._settings.max_bytes)
        body.expect(answer.content_length)
        async for piece in answer.content.iter_any():
            body.add(piece)
        return Response(str(url), status, headers, body.finish())

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Open a socket for an address that aiohttp is about to connect to, wherever it comes from."""
        family, kind, protocol, _, address = info
        reasons = _refusals.get()
        if reasons is not None:
            reason = refusal(str(address[0]), int(address[1]), self._allowed)
            reasons.append(reason)
            if reason:
                raise _RefusedError(reason)
        return socket.socket(family, kind, protocol)


class _Resolver(AbstractResolver):
    """Looks names up in threads of its own: asyncio's few would all wait where some name servers are dead."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._pool, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


# --------------------------------------------------------------------------- what came back


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read Retry-After (seconds or a date) as whole seconds within 0 and 7 days; None if it cannot be read.

    The names of `headers` are in lower case.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", value):
        seconds = float(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return timedelta(seconds=ceil(min(max(seconds, 0), MAX_RETRY_AFTER.total_seconds())))


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Lower-case the names, join the values of one name, replace bytes that are no text."""
    joined: dict[str, str] = {}
    for name, value in headers.items():
        key, text = name.lower(), value.encode(errors="surrogateescape").decode(errors="replace")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined
