"""Fetching, against real servers on loopback: every answer is a value, and every limit holds."""

import asyncio
import gzip
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.fetch import PATIENCE, Fetcher, FetchSettings, retry_after
from monitor.models import FetchFailure, Response

LOOPBACK = FetchSettings(allow_addresses=("127.0.0.0/8",), timeout=timedelta(seconds=10))
HASTY = replace(LOOPBACK, timeout=timedelta(seconds=0.3))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Page = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


# --------------------------------------------------------------------------- a server that does as told


@dataclass
class Site:
    """What came in: how many connections, and the path and headers (names in lower case) of each request."""

    port: int = 0
    connections: int = 0
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """Complete a path; `{port}` in a whole address becomes the site's own."""
        return path.format(port=self.port) if "{port}" in path else f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def serve(pages: Mapping[str, Page] | Page, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """Answer each path by its page, bytes (with `{port}` filled in) or a coroutine; then close."""
    site = Site()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        site.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            site.requests.append((path, {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:])}))
            page = pages[path] if isinstance(pages, Mapping) else pages
            if isinstance(page, bytes):
                writer.write(page.replace(b"{port}", str(site.port).encode()))
                await writer.drain()
            else:
                await page(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client had enough, which is what some tests are about, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


def fetch(
    pages: Mapping[str, Page] | Page,
    path: str = "/",
    limits: FetchSettings = LOOPBACK,
    tls: ssl.SSLContext | None = None,
    **asked: str,
) -> tuple[Response | FetchFailure, Site]:
    async def run() -> tuple[Response | FetchFailure, Site]:
        async with serve(pages, tls) as site, Fetcher(limits) as fetcher:
            return await fetcher.get(site.url(path), **asked), site

    return asyncio.run(run())


def fetched(pages: Mapping[str, Page] | Page, path: str = "/") -> Response:
    answer, _ = fetch(pages, path)
    assert isinstance(answer, Response), answer
    return answer


def failed(
    pages: Mapping[str, Page] | Page,
    path: str = "/",
    limits: FetchSettings = LOOPBACK,
    tls: ssl.SSLContext | None = None,
) -> FetchFailure:
    answer, _ = fetch(pages, path, limits, tls)
    assert isinstance(answer, FetchFailure), answer
    return answer


def page(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def to(location: str, status: int = 302) -> bytes:
    return page(f"{status} Elsewhere", Location=location)


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # ends when the client goes


# --------------------------------------------------------------------------- what is asked, what comes back


def test_an_answer_has_its_address_headers_in_lower_case_and_body() -> None:
    answer, site = fetch(page(body=b"<rss/>", ETag='"1"', Content_Type="text/xml", Vary="a", vARY="b"))
    assert answer == Response(
        url=f"http://127.0.0.1:{site.port}/",
        status=200,
        headers={"content-length": "6", "etag": '"1"', "content-type": "text/xml", "vary": "a, b"},
        body=b"<rss/>",
    )


def test_a_request_says_who_asks_what_it_accepts_and_nothing_else() -> None:
    limits = replace(LOOPBACK, user_agent="haiti-monitor/1 (+https://example.org)")
    _, site = fetch(OK, limits=limits, accept="application/rss+xml")
    [(_, headers)] = site.requests
    assert {name: value for name, value in headers.items() if name and name != "host"} == {
        "user-agent": "haiti-monitor/1 (+https://example.org)",
        "accept": "application/rss+xml",
        "accept-encoding": "gzip, deflate, br",
    }


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    assert fetched(b"HTTP/1.0 200 OK\r\n\r\nall of it").body == b"all of it"


def test_a_chunked_gzip_body_is_put_together() -> None:
    packed = gzip.compress(b"bonjou " * 100)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (packed[:9], packed[9:]))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    assert fetched(head + chunks + b"0\r\n\r\n").body == b"bonjou " * 100


def test_a_brotli_body_is_unpacked() -> None:
    assert fetched(page(body=brotli.compress(b"bonjou " * 100), Content_Encoding="br")).body == b"bonjou " * 100


def test_header_bytes_that_are_no_text_come_out_as_text_that_can_be_stored() -> None:
    assert fetched(page(ETag='"\xe9"')).headers["etag"].encode() == '"�"'.encode()


def test_cookies_are_not_kept() -> None:
    async def run() -> Site:
        async with serve(page(Set_Cookie="id=1; Path=/")) as site, Fetcher(LOOPBACK) as fetcher:
            await fetcher.get(site.url("http://localhost:{port}/"))
            await fetcher.get(site.url("http://localhost:{port}/"))
            return site

    assert all("cookie" not in headers for _, headers in asyncio.run(run()).requests)


# --------------------------------------------------------------------------- conditional requests


def test_validators_go_back_as_they_came_and_304_is_an_answer() -> None:
    since = "Tue, 03 Jun 2025 10:00:00 +0200 (odd)"
    answer, site = fetch(page("304 Not Modified", ETag='W/"x y"'), etag='W/"x y"', last_modified=since)
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (304, b"")
    [(_, headers)] = site.requests
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('W/"x y"', since)


def test_304_to_a_request_without_conditions_is_a_failure() -> None:
    answer = failed(page("304 Not Modified"))
    assert (answer.kind, answer.status) == ("protocol", 304)


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', '"\x01"', '"\udce9"'], ids=["newline", "control", "no text"])
def test_a_validator_that_no_header_can_carry_is_not_sent(etag: str) -> None:
    answer, site = fetch(OK, etag=etag)
    assert isinstance(answer, Response)
    assert not {"if-none-match", "x-evil"} & site.requests[0][1].keys()


def test_validators_stay_with_the_host_that_gave_them() -> None:
    pages = {"/": to("/near"), "/near": to("http://localhost:{port}/far"), "/far": OK}
    _, site = fetch(pages, etag='"1"', last_modified="yesterday")
    sent = {path: {"if-none-match", "if-modified-since"} & headers.keys() for path, headers in site.requests}
    assert [len(sent[path]) for path in ("/", "/near", "/far")] == [2, 2, 0]


# --------------------------------------------------------------------------- statuses


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("201 Created", "answered 201 Created"),
        ("204 No Content", "answered 204 No Content"),
        ("206 Partial", "answered 206 Partial Content"),
        ("300 Choose", "answered 300 Multiple Choices"),
        ("404 <script>", "answered 404 Not Found"),
        ("410 Gone", "answered 410 Gone"),
        ("500 Oops", "answered 500 Internal Server Error"),
        ("999 Odd", "answered 999"),
    ],
)
def test_any_status_but_200_and_304_is_a_failure_told_in_our_words(status: str, message: str) -> None:
    answer, site = fetch(page(status, body=b"text" if status[:3] != "204" else b""))
    url = f"http://127.0.0.1:{site.port}"
    assert answer == FetchFailure(f"{url}/", "status", f"{url} {message}", status=int(status[:3]))


def test_a_failure_carries_how_long_the_server_wants_to_be_left_alone() -> None:
    answer = failed(page("429 Slow down", Retry_After="120"))
    assert (answer.status, answer.retry_after) == (429, timedelta(minutes=2))
    assert "left alone for 0:02:00" in answer.message


def test_a_date_to_come_back_at_is_understood_and_kept_within_a_week() -> None:
    answer = failed(page("503 Busy", Retry_After="Fri, 31 Dec 2199 23:59:59 GMT"))
    assert answer.retry_after == timedelta(days=7)


NOON = datetime(2025, 6, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 1.5 ", timedelta(seconds=2)),
        ("0", timedelta(0)),
        ("-5", timedelta(0)),
        ("9" * 400, timedelta(days=7)),
        ("Tue, 03 Jun 2025 12:01:30 GMT", timedelta(seconds=90)),
        ("Tue, 03 Jun 2025 14:01:30 +0200", timedelta(seconds=90)),
        ("Tue, 03 Jun 2025 12:01:30", timedelta(seconds=90)),
        ("Tue, 03 Jun 2025 11:00:00 GMT", timedelta(0)),
        ("Tue, 03 Jun 2036 12:00:00 GMT", timedelta(days=7)),
        ("soon", None),
        ("nan", None),
        ("12 parsecs", None),
        ("Tue, 99 Foo 2025 25:61:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_within_0_and_7_days(value: str, wait: timedelta | None) -> None:
    assert retry_after({"retry-after": value}, NOON) == wait


def test_no_retry_after_is_no_wait() -> None:
    assert retry_after({}, NOON) is None


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [+-]\d{4}"))
def test_any_retry_after_is_a_wait_within_a_week_or_none(value: str) -> None:
    wait = retry_after({"retry-after": value}, NOON)
    assert wait is None or timedelta(0) <= wait <= timedelta(days=7)


# --------------------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(status: int) -> None:
    assert fetched({"/": to("/new", status), "/new": OK}).body == b"ok"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        pytest.param("/new?a=1", "/new?a=1", id="path"),
        pytest.param("../new", "/new", id="relative"),
        pytest.param("//127.0.0.1:{port}/new", "/new", id="without scheme"),
        pytest.param("HTTP://127.0.0.1:{port}/new#part", "/new", id="whole, with a fragment"),
        pytest.param("/a b", "/a%20b", id="space"),
        pytest.param("/caf\xc3\xa9", "/caf%C3%A9", id="UTF-8 bytes"),
    ],
)
def test_a_redirect_is_followed_to_where_it_points(location: str, path: str) -> None:
    answer, site = fetch({"/old/feed": to(location), path: OK}, "/old/feed")
    assert isinstance(answer, Response), answer
    assert (answer.url, answer.body) == (site.url(path), b"ok")


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        ([], False),
        ([301], True),
        ([308, 301], True),
        ([302], False),
        ([301, 307], False),
        ([303, 308], False),
    ],
)
def test_the_new_address_is_told_only_if_every_step_was_permanent(statuses: list[int], moved: bool) -> None:
    pages: dict[str, Page] = {f"/{i}": to(f"/{i + 1}", status) for i, status in enumerate(statuses)}
    answer, site = fetch({**pages, f"/{len(statuses)}": OK}, "/0")
    assert isinstance(answer, Response)
    assert answer.moved_to == (site.url(f"/{len(statuses)}") if moved else None)


def test_ten_redirects_are_followed_and_eleven_are_not() -> None:
    pages = {"/11": OK, **{f"/{i}": to(f"/{i + 1}") for i in range(11)}}
    assert fetched(pages, "/1").body == b"ok"
    answer = failed(pages, "/0")
    assert (answer.kind, "more than 10" in answer.message) == ("redirect", True)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        pytest.param("/", "redirect", id="to itself"),
        pytest.param("#again", "redirect", id="to a part of itself"),
        pytest.param("/back", "redirect", id="in a circle"),
        pytest.param("", "redirect", id="nowhere"),
        pytest.param("file:///etc/passwd", "redirect", id="file"),
        pytest.param("file://localhost/etc/passwd", "redirect", id="file on a host"),
        pytest.param("ftp://127.0.0.1/", "redirect", id="ftp"),
        pytest.param("gopher://127.0.0.1:70/_", "redirect", id="gopher"),
        pytest.param("http://167772161/", "address url", id="decimal"),
        pytest.param("http://0x0a.1/", "address url", id="hex"),
        pytest.param("http://[::]/", "address", id="IPv6 zero"),
        pytest.param("http://0/", "address url", id="zero"),
        pytest.param("http://[64:ff9b:1::a00:1]/", "address", id="NAT64 of a local prefix"),
        pytest.param("javascript:alert(1)", "redirect", id="javascript"),
        pytest.param("data:text/html,x", "redirect", id="data"),
        pytest.param("http://", "redirect", id="no host"),
        pytest.param("http://127.0.0.1:99999/", "redirect", id="no such port"),
        pytest.param("http://[::1/", "redirect", id="broken brackets"),
        pytest.param("http://ex%61mple/", "redirect", id="escape in the host"),
        pytest.param("/caf\xe9", "redirect", id="bytes that are no text"),
        pytest.param("http://169.254.169.254/latest/meta-data/", "address", id="cloud metadata"),
        pytest.param("http://10.0.0.1/", "address", id="private address"),
        pytest.param("http://[::1]:{port}/", "address", id="IPv6 loopback"),
        pytest.param("http://8.8.8.8:22/", "address", id="public address, odd port"),
    ],
)
def test_a_redirect_to_where_we_do_not_go_is_a_failure(location: str, kind: str) -> None:
    answer, site = fetch({"/": to(location), "/back": to("/")})
    assert isinstance(answer, FetchFailure)
    assert answer.url == site.url("/")
    assert answer.kind in kind.split()


def test_a_redirect_without_a_location_is_a_failure() -> None:
    assert failed(page("302 Found")).kind == "redirect"


def test_a_login_goes_to_its_own_host_only_and_shows_in_no_answer() -> None:
    pages = {
        "/": to("/near", 301),
        "/near": to("http://localhost:{port}/far", 301),
        "/far": to("http://mallory:x@127.0.0.1:{port}/home", 301),
        "/home": OK,
    }
    answer, site = fetch(pages, "http://ana:s%40cret@127.0.0.1:{port}/")
    assert isinstance(answer, Response)
    basic = "Basic YW5hOnNAY3JldA=="
    assert [headers.get("authorization") for _, headers in site.requests] == [basic, basic, None, basic]
    assert answer.url == site.url("/home")
    assert answer.moved_to == site.url("http://ana:s%40cret@127.0.0.1:{port}/home")


def test_a_login_in_a_redirect_to_another_host_is_not_used() -> None:
    pages = {"/": to("http://mallory:x@localhost:{port}/far"), "/far": OK}
    _, site = fetch(pages, "http://ana:secret@127.0.0.1:{port}/")
    assert "authorization" not in site.requests[1][1]


@pytest.mark.parametrize(
    "url",
    ["http://ana:secret@127.0.0.1:{port}/", "http://ana:secret@127.0.0.1:{port}99999/"],
    ids=["right", "wrong"],
)
def test_a_failure_does_not_show_the_login(url: str) -> None:
    answer = failed({"/": page("404 Not Found")}, url)
    assert "secret" not in repr(answer)
    assert "127.0.0.1" in answer.url


# --------------------------------------------------------------------------- bodies and limits


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(page(body=b"x", Content_Encoding="zstd"), "encoding", id="zstd"),
        pytest.param(page(body=b"<rss/>", Content_Encoding="br"), "encoding", id="corrupt brotli"),
        pytest.param(page(body=b"x", Content_Encoding="gzip, gzip"), "encoding", id="packed twice"),
        pytest.param(page(body=b"<rss/>", Content_Encoding="gzip"), "encoding", id="corrupt gzip"),
        pytest.param(page(body=gzip.compress(b"abc")[:-9], Content_Encoding="gzip"), "protocol", id="cut gzip"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "protocol", id="short body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
            "protocol",
            id="chunks without end",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
            "protocol",
            id="bad chunk size",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "protocol", id="length below 0"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "protocol",
            id="two lengths",
        ),
        pytest.param(page(X_Long="a" * 300_000), "protocol", id="huge header"),
        pytest.param(b"\x00\xff\xfe not http\r\n\r\n", "protocol", id="garbage"),
        pytest.param(b"<rss></rss>", "protocol", id="a feed without HTTP"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "protocol", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y", "connection", id="half a head"),
        pytest.param(b"", "connection", id="nothing"),
    ],
)
def test_an_answer_that_is_broken_or_incomplete_is_a_failure(answer: bytes, kind: str) -> None:
    failure = failed(answer)
    assert failure.kind == kind
    assert "\n" not in failure.message
    assert len(failure.message) < 250


def endless(begin: bytes, piece: bytes) -> Page:
    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return send


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HUGE_CHUNK = b"10000\r\n" + bytes(65536) + b"\r\n"


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        pytest.param(endless(b"HTTP/1.1 200 ", b"a" * 999), "protocol", id="first line"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 999), "protocol", id="header"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 99), "protocol", id="headers"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\n", b"Set-Cookie: a=b\r\n" * 99), "protocol", id="cookies"),
        pytest.param(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), "timeout", id="promises to go on"),
        pytest.param(endless(b"", b"\r\n" * 99), "timeout", id="empty lines"),
        pytest.param(endless(CHUNKED, b"0" * 999), "timeout", id="chunk size"),
        pytest.param(endless(CHUNKED + b"5;", b"a" * 999), "timeout", id="chunk extension"),
        pytest.param(endless(CHUNKED, HUGE_CHUNK), "too_large", id="chunks"),
        pytest.param(endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 99), "protocol", id="trailers"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536)), "too_large", id="body"),
        pytest.param(endless(CHUNKED.replace(b"200 OK", b"404 Gone"), HUGE_CHUNK), "status", id="body of an error"),
        pytest.param(
            endless(CHUNKED.replace(b"200 OK\r\n", b"302 Found\r\nLocation: /\r\n"), HUGE_CHUNK),
            "redirect",
            id="body of a redirect",
        ),
    ],
)
def test_what_never_ends_ends_at_a_limit(behaviour: Page, kind: str) -> None:
    failure = failed(behaviour, limits=replace(HASTY, max_bytes=300_000))
    assert failure.kind == kind, failure.message
    assert len(failure.message) < 250


@pytest.mark.parametrize(
    ("begin", "kind"),
    [(b"", "connection"), (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "protocol")],
    ids=["before the answer", "in the body"],
)
def test_a_connection_that_is_reset_is_a_failure(begin: bytes, kind: str) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        await writer.drain()
        linger_not = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        writer.transport.abort()

    assert failed(reset).kind == kind


def test_an_endless_body_is_cut_at_the_limit() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()

    answer = failed(endless, limits=replace(LOOPBACK, max_bytes=1_000_000))
    assert (answer.kind, "1,000,000 bytes" in answer.message) == ("too_large", True)


def test_a_body_announced_as_too_large_is_not_waited_for() -> None:
    async def announce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000001\r\n\r\n")
        await hang(reader, writer)

    assert failed(announce).kind == "too_large"


def test_a_compressed_body_that_grows_beyond_the_limit_is_a_failure() -> None:
    packed = gzip.compress(bytes(200_000))
    assert failed(page(body=packed, Content_Encoding="gzip"), limits=replace(LOOPBACK, max_bytes=100_000)).kind == (
        "too_large"
    )


# --------------------------------------------------------------------------- time


async def hang_in_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
    await hang(reader, writer)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


async def drip_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


_places = itertools.count()


async def redirect_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.1)
    writer.write(to(f"/{next(_places)}"))  # always another one: a circle would be noticed
    await writer.drain()


@pytest.mark.parametrize("behaviour", [hang, hang_in_body, drip, drip_head, redirect_late])
def test_the_time_is_for_the_whole_exchange_whatever_the_server_does_to_stretch_it(behaviour: Page) -> None:
    answer = failed(behaviour, limits=HASTY)
    assert (answer.kind, "0.3 s" in answer.message) == ("timeout", True)


def test_waiting_for_a_turn_at_a_busy_host_costs_none_of_the_time() -> None:
    async def run() -> list[Response | FetchFailure]:
        limits = replace(HASTY, per_host=1)
        async with serve({"/hang": hang, "/": OK}) as site, Fetcher(limits) as fetcher:
            return await asyncio.gather(*(fetcher.get(site.url(path)) for path in ("/hang", "/hang", "/")))

    first, second, last = asyncio.run(run())
    assert isinstance(first, FetchFailure)
    assert isinstance(second, FetchFailure)
    assert isinstance(last, Response)


def test_requests_that_wait_for_a_busy_host_hold_up_no_other_host() -> None:
    async def run() -> list[str]:
        done: list[str] = []

        async def get(fetcher: Fetcher, url: str) -> None:
            await fetcher.get(url)
            done.append(url)

        limits = replace(HASTY, per_host=1, concurrency=2)
        async with serve({"/hang": hang, "/": OK}) as site, Fetcher(limits) as fetcher:
            urls = [*[site.url("/hang")] * 3, site.url("http://localhost:{port}/")]
            await asyncio.gather(*(get(fetcher, url) for url in urls))
        return done

    assert "localhost" in asyncio.run(run())[0]


@pytest.mark.parametrize(
    ("per_host", "concurrency", "most"),
    [(2, 64, 2), (5, 64, 5), (64, 3, 3)],
    ids=["host", "host, wider", "in all"],
)
def test_the_server_sees_no_more_requests_at_once_than_allowed(per_host: int, concurrency: int, most: int) -> None:
    async def run() -> int:
        now = peak = 0

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal now, peak
            now += 1
            peak = max(peak, now)
            for _ in range(100):  # turns of the loop that serves and asks: one too many would arrive in them
                await asyncio.sleep(0)
            now -= 1
            writer.write(OK)
            await writer.drain()

        limits = replace(LOOPBACK, per_host=per_host, concurrency=concurrency)
        async with serve(count) as site, Fetcher(limits) as fetcher:
            answers = await asyncio.gather(*(fetcher.get(site.url(f"/{i}")) for i in range(10)))
        assert all(isinstance(answer, Response) for answer in answers)
        return peak

    assert asyncio.run(run()) == most


def test_a_cancelled_fetch_is_cancelled_and_its_place_is_free_again() -> None:
    async def run() -> Response | FetchFailure:
        arrived = asyncio.Event()

        async def hang_noticed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await hang(reader, writer)

        limits = replace(LOOPBACK, per_host=1, concurrency=1)
        async with serve({"/hang": hang_noticed, "/": OK}) as site, Fetcher(limits) as fetcher:
            task = asyncio.create_task(fetcher.get(site.url("/hang")))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await fetcher.get(site.url("/"))

    assert isinstance(asyncio.run(run()), Response)


# --------------------------------------------------------------------------- the address guard


@pytest.mark.parametrize(
    ("host", "kinds"),
    [
        pytest.param("127.0.0.1", {"address"}, id="plain"),
        pytest.param("localhost", {"address"}, id="a name that leads there"),
        pytest.param("LOCALHOST.", {"address", "dns"}, id="the name with a dot"),
        pytest.param("0x7f.1", {"address"}, id="hex, short"),
        pytest.param("0x7f000001", {"address"}, id="hex, one number"),
        pytest.param("0177.0.0.1", {"address", "url"}, id="octal"),
        pytest.param("2130706433", {"address", "url"}, id="decimal"),
        pytest.param("127.1", {"address", "url"}, id="short"),
        pytest.param("0", {"address", "url"}, id="zero"),
        pytest.param("[::ffff:127.0.0.1]", {"address"}, id="IPv4-mapped"),
        pytest.param("[::ffff:7f00:1]", {"address"}, id="IPv4-mapped, hex"),
        pytest.param("①②⑦.0.0.1", {"address"}, id="circled digits"),
        pytest.param("127。0。0。1", {"address"}, id="ideographic full stops"),
        pytest.param("%31%32%37.0.0.1", {"url"}, id="escaped"),
        pytest.param("8.8.8.8@127.0.0.1", {"address"}, id="behind a login that looks public"),
        pytest.param("8.8.8.8:80@127.0.0.1", {"address"}, id="behind a login with a password"),
        pytest.param("8.8.8.8@8.8.4.4@127.0.0.1", {"address", "url"}, id="behind two logins"),
        pytest.param("8.8.8.8%40127.0.0.1", {"url"}, id="behind an escaped login"),
        pytest.param("8.8.8.8\\@127.0.0.1", {"address", "url"}, id="behind a backslash"),
        pytest.param("127.0.0.1\\@8.8.8.8", {"address", "url"}, id="before a backslash"),
        pytest.param("127.0.0.1.", {"address", "dns", "url"}, id="with a dot"),
        pytest.param("127。0。0。1。", {"address", "dns", "url"}, id="ideographic full stops, one at the end"),
        pytest.param("0x7f.0x0.0x0.0x1", {"address"}, id="hex"),
        pytest.param("017700000001", {"address", "url"}, id="octal, one number"),
        pytest.param("[::]", {"address"}, id="IPv6 zero"),
        pytest.param("[::1]", {"address"}, id="IPv6 loopback"),
        pytest.param("[0:0:0:0:0:0:0:1]", {"address"}, id="IPv6 loopback, long"),
        pytest.param("[::1%25lo]", {"address", "url"}, id="IPv6 loopback with a zone"),
        pytest.param("[fe80::1%25lo]", {"address", "url"}, id="link-local with a zone"),
        pytest.param("[::127.0.0.1]", {"address"}, id="IPv4-compatible"),
        pytest.param("[64:ff9b::127.0.0.1]", {"address"}, id="NAT64"),
        pytest.param("[64:ff9b:1::127.0.0.1]", {"address"}, id="NAT64 of a local prefix"),
        pytest.param("[2002:7f00:1::]", {"address"}, id="6to4"),
        pytest.param("[2001:0:7f00:1::f7f7:f7f7]", {"address"}, id="Teredo"),
        pytest.param("localhost.localdomain", {"address", "dns"}, id="the long name"),
        pytest.param("ⓛocalhost", {"address", "url", "dns"}, id="the name with a circled letter"),
    ],
)
def test_loopback_is_not_reached_by_default_however_it_is_spelt(host: str, kinds: set[str]) -> None:
    answer, site = fetch(OK, f"http://{host}:{{port}}/", FetchSettings())
    assert isinstance(answer, FetchFailure)
    assert answer.kind in kinds
    assert site.connections == 0


def test_a_refusal_says_which_address_and_how_to_allow_it() -> None:
    answer, site = fetch(OK, "http://localhost:{port}/", FetchSettings())
    assert isinstance(answer, FetchFailure)
    assert f'"127.0.0.1:{site.port}" to fetch.allow_addresses' in answer.message or "[::1]" in answer.message


def test_an_allowed_port_opens_no_other_port() -> None:
    async def run() -> tuple[Response | FetchFailure, Response | FetchFailure]:
        async with serve(OK) as one, serve(OK) as other:
            fetcher = Fetcher(FetchSettings(allow_addresses=(f"127.0.0.1:{one.port}",)))
            async with fetcher:
                return await fetcher.get(one.url("/")), await fetcher.get(other.url("/"))

    allowed, refused = asyncio.run(run())
    assert isinstance(allowed, Response)
    assert isinstance(refused, FetchFailure)
    assert refused.kind == "address"


@dataclass
class Names:
    """Stands in for the name service: the addresses that every name has, or None where it has none."""

    addresses: list[str] | None

    def __call__(self, _host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        if self.addresses is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        pytest.param(["127.0.0.1"], None, id="one allowed"),
        pytest.param(["10.0.0.1", "127.0.0.1"], None, id="the second allowed"),
        pytest.param(["10.0.0.1", "10.0.0.2", "192.168.1.1"], "address", id="none allowed"),
        pytest.param(["127.0.0.9", "10.0.0.1"], "connection", id="the allowed one is closed"),
        pytest.param(["10.0.0.1", "127.0.0.9"], "connection", id="the allowed one is closed and the last"),
        pytest.param(None, "dns", id="no such name"),
    ],
)
def test_of_the_addresses_of_a_name_only_allowed_ones_are_used(
    addresses: list[str] | None, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(addresses))
    answer, _ = fetch(OK, "http://feeds.example:{port}/")
    assert (answer.kind if isinstance(answer, FetchFailure) else None) == kind


def test_a_name_that_changes_its_address_is_checked_where_it_leads_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = itertools.cycle([["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]])

    def look_up(host: str, port: int, *rest: object) -> list[tuple[Any, ...]]:
        return Names(next(answers))(host, port, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def run() -> tuple[list[Response | FetchFailure], Site]:
        async with serve(OK) as site, Fetcher(FetchSettings()) as fetcher:
            urls = [f"http://{name}.example:{site.port}/" for name in ("one", "two", "three", "one")]
            return [await fetcher.get(url) for url in urls], site

    answers_, site = asyncio.run(run())
    assert [answer.kind for answer in answers_ if isinstance(answer, FetchFailure)] == ["address"] * 4
    assert site.connections == 0


def test_dead_name_servers_hold_up_no_other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = threading.Event()

    def look_up(host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        if host.startswith("dead"):
            given_up.wait(10)
        return Names(["127.0.0.1"])(host, port)

    async def run() -> Response | FetchFailure:
        async with serve(OK) as site, Fetcher(replace(LOOPBACK, timeout=timedelta(seconds=3))) as fetcher:
            names = [*(f"dead{i}" for i in range(40)), "alive"]  # in this order they are looked up
            urls = [f"http://{name}.example:{site.port}/" for name in names]
            *dead, alive = [asyncio.create_task(fetcher.get(url)) for url in urls]
            try:
                return await alive
            finally:
                given_up.set()
                await asyncio.gather(*dead)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert isinstance(asyncio.run(run()), Response)


def test_an_unreadable_entry_of_allow_addresses_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="'localhost'"):
        Fetcher(FetchSettings(allow_addresses=("localhost",)))


# --------------------------------------------------------------------------- no addresses, TLS, anything


def get(url: str, limits: FetchSettings = LOOPBACK) -> Response | FetchFailure:
    async def run() -> Response | FetchFailure:
        async with Fetcher(limits) as fetcher:
            return await fetcher.get(url)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "url",
    ["", " ", "feed", "/feed.xml", "//example.org/", "http://", "http:///feed", "http:feed", "ftp://example.org/",
     "file:///etc/passwd", "javascript:alert(1)", "http://example.org:99999/", "http://example.org:x/", "http://[::1/",
     "http://exa mple.org/", "http://a%00b/", "http://a\\b/", "http://example.org/\n", "http://example.org/\x00",
     "http://example.org/\udce9", "http://\udce9/", "http://a..b/", f"http://{'a' * 64}.org/",
     "http://\u200d.org/", "http://:80/", "http://fe80::1/"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_a_failure(url: str) -> None:
    answer = get(url)
    assert isinstance(answer, FetchFailure)
    assert (answer.url, answer.kind) == (url, "url")


def test_a_host_name_in_any_script_is_looked_up_as_dns_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    answer, site = fetch(OK, "http://nouvèl.example:{port}/ayiti?q=kè")
    assert isinstance(answer, Response)
    assert answer.url == f"http://xn--nouvl-7ra.example:{site.port}/ayiti?q=k%C3%A8"
    assert site.requests[0][1]["host"] == f"xn--nouvl-7ra.example:{site.port}"


def test_a_broken_international_name_is_a_name_that_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(None))
    answer = get("http://xn--/")
    assert isinstance(answer, FetchFailure)
    assert answer.kind == "dns"


def test_a_closed_port_is_a_failure_of_the_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = get(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, answer.message.endswith("Connection refused")) == ("connection", True)


@pytest.mark.parametrize("greeting", [b"220 mail.example ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_that_speaks_no_tls_is_a_failure_of_tls(greeting: bytes) -> None:
    async def run() -> Response | FetchFailure:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(greeting)
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server, Fetcher(LOOPBACK) as fetcher:
            return await fetcher.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    answer = asyncio.run(run())
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, "speaks no TLS" in answer.message) == ("tls", True)


HEADS = st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "])


@settings(max_examples=60, deadline=None)
@given(head=HEADS, rest=st.binary(max_size=200))
def test_whatever_bytes_a_server_sends_the_answer_is_a_value(head: bytes, rest: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", Names(None))
        answer, _ = fetch(head + rest, limits=HASTY)
    assert isinstance(answer, Response | FetchFailure)


@settings(max_examples=100, deadline=None)
@given(
    start=st.sampled_from(["", "http://", "https://[", "http://a@", "http://a:", "//"]),
    rest=st.text(max_size=30),
)
def test_whatever_is_asked_for_the_answer_is_a_value(start: str, rest: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", Names(None))
        answer = get(start + rest, FetchSettings(timeout=timedelta(seconds=0.3)))
    assert isinstance(answer, FetchFailure)


def test_a_host_that_answers_nothing_is_given_up_and_another_is_not() -> None:
    silent, talking = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    ports = [one.getsockname()[1] for one in (silent, talking)]
    for one in (silent, talking):
        one.close()  # nobody listens there any more

    async def scenario() -> list[str]:
        async with Fetcher(FetchSettings(allow_addresses=("127.0.0.0/8",))) as fetcher:
            answers = [await fetcher.get(f"http://127.0.0.1:{ports[0]}/{n}") for n in range(PATIENCE + 1)]
            answers.append(await fetcher.get(f"http://127.0.0.2:{ports[1]}/"))
            return [one.message for one in answers if isinstance(one, FetchFailure)]

    *tried, given_up, other = asyncio.run(scenario())
    assert all("no connection" in message for message in [*tried, other])
    assert (
        given_up == f"http://127.0.0.1:{ports[0]} left 6 requests in a row without an answer, so this one was not made"
    )
