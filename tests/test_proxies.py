"""Proxies: which one a request takes, what the guard still sees, and whose fault a failure is."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.fetch import Fetcher, FetchSettings
from monitor.models import FetchFailure, Response
from monitor.proxies import from_environment, unseen_refusal
from tests.authority import Authority, serving_as
from tests.proxying import ForwardProxy, proxying
from tests.test_fetch import LOOPBACK, OK, Names, Page, Site, page, serve, to

VARIABLES = [
    name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
]
STRICT = FetchSettings(timeout=timedelta(seconds=10))


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_such_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind many a company's proxy; the addresses of the tests' own servers are no names."""
    _look_up(monkeypatch, None)


def _look_up(monkeypatch: pytest.MonkeyPatch, addresses: list[str] | None) -> None:
    real, names = socket.getaddrinfo, Names(addresses)

    def look_up(host: str, *rest: object) -> object:
        return (names if host.strip("0123456789abcdef.:x") else real)(host, *rest)  # type: ignore[operator]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def through(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    pages: dict[str, Page] | Page = OK,
    *,
    variable: str = "HTTP_PROXY",
    value: str = "{url}",
    refuses: str | None = None,
    tls: Path | None = None,
    limits: FetchSettings = STRICT,
) -> tuple[Response | FetchFailure, ForwardProxy, Site]:
    async def run() -> tuple[Response | FetchFailure, ForwardProxy, Site]:
        async with serve(pages, serving_as(tls) if tls else None) as site, proxying(site.port, refuses) as proxy:
            monkeypatch.setenv(variable, value.format(url=proxy.url, port=proxy.port))
            async with Fetcher(limits) as fetcher:
                return await fetcher.get(url.replace("{port}", str(site.port))), proxy, site

    return asyncio.run(run())


# --------------------------------------------------------------------------- which proxy


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_request_takes_the_proxy_that_the_environment_names(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, proxy, _ = through(monkeypatch, "http://feeds.example/news", {"/news": OK}, variable=variable)
    assert isinstance(answer, Response), answer
    assert (answer.url, answer.body) == ("http://feeds.example/news", b"ok")
    assert [first for first, _ in proxy.requests] == ["GET http://feeds.example/news HTTP/1.1"]


def test_a_secure_request_goes_through_a_tunnel_and_is_as_secure_as_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = authority.server(("feeds.example",))
    answer, proxy, _ = through(monkeypatch, "https://feeds.example/", variable="HTTPS_PROXY", tls=server)
    assert isinstance(answer, Response), answer
    assert [first for first, _ in proxy.requests] == ["CONNECT feeds.example:443 HTTP/1.1"]
    answer, _, _ = through(monkeypatch, "https://other.example/", variable="HTTPS_PROXY", tls=server)
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, "another name" in answer.message) == ("tls", True)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example:3128/", "http://proxy.example:3128"),
        ("http://proxy.example", "http://proxy.example:80"),
        ("https://proxy.example", "https://proxy.example:443"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        (" http://ana:s%40cret@10.0.0.1:8 ", "http://10.0.0.1:8"),
    ],
)
def test_a_proxy_may_be_written_in_many_ways(value: str, url: str) -> None:
    proxy = from_environment({"http_proxy": value}).of("http", "news.example", 80)
    assert proxy is not None
    assert proxy.url == url
    assert "cret" not in repr(proxy)


@pytest.mark.parametrize(
    "value", ["socks5://ana:secret@proxy.example:1080", "http://", "http://ana:secret@proxy.example:x", "http://a b/"]
)
def test_a_proxy_that_cannot_be_used_is_an_error_that_names_the_variable_and_no_secret(value: str) -> None:
    with pytest.raises(ConfigError, match=r"HTTPS_PROXY names no proxy.*http://host:port") as caught:
        from_environment({"HTTPS_PROXY": value})
    assert "secret" not in str(caught.value)


def test_each_scheme_has_its_proxy_and_small_letters_come_first() -> None:
    named = {"HTTP_PROXY": "http://one:1", "http_proxy": "http://two:2", "ALL_PROXY": "http://three:3"}
    proxies = from_environment(named)
    found = [proxies.of(scheme, "news.example", 80) for scheme in ("http", "https")]
    assert [(proxy.url, proxy.variable) for proxy in found if proxy] == [
        ("http://two:2", "http_proxy"),
        ("http://three:3", "ALL_PROXY"),
    ]


def test_nothing_named_is_no_proxy() -> None:
    assert not from_environment({"HTTP_PROXY": "", "NO_PROXY": "*"})


def test_a_cgi_script_takes_no_proxy_from_its_visitors() -> None:
    assert not from_environment({"REQUEST_METHOD": "GET", "HTTP_PROXY": "http://mallory.example:1"})


@pytest.mark.parametrize(
    ("entries", "host", "port", "direct"),
    [
        pytest.param("", "news.example", 80, False, id="nothing"),
        pytest.param("*", "news.example", 80, True, id="everything"),
        pytest.param("news.example", "news.example", 80, True, id="a host"),
        pytest.param("news.example", "NEWS.example.", 80, True, id="a host, spelt otherwise"),
        pytest.param("example", "news.example", 80, True, id="a domain"),
        pytest.param(".example", "news.example", 80, True, id="a domain with a dot"),
        pytest.param("*.example", "news.example", 80, True, id="a domain with a star"),
        pytest.param("ews.example", "news.example", 80, False, id="the end of a name"),
        pytest.param("a.example, news.example b.example", "news.example", 80, True, id="one of several"),
        pytest.param("news.example:8080", "news.example", 8080, True, id="its port"),
        pytest.param("news.example:8080", "news.example", 80, False, id="another port"),
        pytest.param("10.0.0.0/8", "10.1.2.3", 80, True, id="a network"),
        pytest.param("10.0.0.0/8", "11.1.2.3", 80, False, id="another network"),
        pytest.param("10.1.2.3:80", "10.1.2.3", 80, True, id="an address and its port"),
        pytest.param("fd00::/8", "fd00::1", 80, True, id="a network, IPv6"),
        pytest.param("2001:db8:0:1::2", "2001:db8:0:1::2", 80, True, id="an address, IPv6"),
        pytest.param("[fd00::1]:8080", "fd00::1", 8080, True, id="an address and its port, IPv6"),
        pytest.param("[fd00::1]:8080", "fd00::1", 80, False, id="an address and another port, IPv6"),
        pytest.param("", "127.0.0.1", 80, True, id="this machine always"),
        pytest.param("", "localhost", 80, True, id="this machine by its name"),
        pytest.param("", "::1", 80, True, id="this machine, IPv6"),
    ],
)
def test_no_proxy_names_what_is_asked_directly(entries: str, host: str, port: int, direct: bool) -> None:
    proxies = from_environment({"http_proxy": "http://proxy.example:1", "no_proxy": entries})
    assert (proxies.of("http", host, port) is None) is direct


def test_what_is_asked_directly_has_the_whole_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "feeds.example")
    _look_up(monkeypatch, ["127.0.0.1"])
    answer, proxy, site = through(monkeypatch, "http://feeds.example:{port}/")
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, proxy.requests, site.connections) == ("address", [], 0)


# --------------------------------------------------------------------------- the login of the proxy


def test_the_proxy_gets_its_login_and_the_server_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, proxy, site = through(monkeypatch, "http://feeds.example/", value="http://ana:s%40cret@127.0.0.1:{port}")
    assert isinstance(answer, Response), answer
    assert proxy.requests[0][1]["proxy-authorization"] == "Basic YW5hOnNAY3JldA=="
    assert "authorization" not in site.requests[0][1]


def test_before_a_tunnel_the_proxy_gets_its_login_and_inside_it_the_server_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    answer, proxy, site = through(
        monkeypatch,
        "https://feeds.example/",
        variable="HTTPS_PROXY",
        value="http://ana:s%40cret@127.0.0.1:{port}",
        tls=authority.server(("feeds.example",)),
    )
    assert isinstance(answer, Response), answer
    assert proxy.requests[0][1]["proxy-authorization"] == "Basic YW5hOnNAY3JldA=="
    assert {"authorization", "proxy-authorization"}.isdisjoint(site.requests[0][1])


# --------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down_is_told_as_such(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{unused.getsockname()[1]}"
        answer, _, _ = through(
            monkeypatch,
            f"{scheme}://feeds.example/",
            variable=f"{scheme.upper()}_PROXY",
            value=f"http://ana:secret@{where}",
        )
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, answer.message) == (
        "proxy",
        f"the proxy http://{where} cannot be reached: Connection refused; see {scheme.upper()}_PROXY",
    )


def test_a_proxy_whose_name_is_not_found_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _, _ = through(monkeypatch, "http://feeds.example/", value="http://nowhere.example:3128")
    assert isinstance(answer, FetchFailure)
    assert answer.kind == "proxy"
    assert "http://nowhere.example:3128 cannot be reached: Name or service not known; see HTTP_PROXY" in answer.message


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_another_login_is_told_as_such(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = f"{scheme.upper()}_PROXY"
    answer, proxy, _ = through(
        monkeypatch, f"{scheme}://feeds.example/", variable=variable, refuses="407 Proxy Authentication Required"
    )
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, answer.message) == (
        "proxy",
        f"the proxy {proxy.url} wants a user name and password (407); write them into {variable}",
    )


@pytest.mark.parametrize("status", ["403 Forbidden", "502 Bad Gateway", "200"])
def test_a_proxy_that_opens_no_tunnel_is_told_as_such(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, proxy, _ = through(monkeypatch, "https://feeds.example/", variable="HTTPS_PROXY", refuses=status)
    assert isinstance(answer, FetchFailure)
    assert answer.status is None
    assert proxy.url in answer.message


def test_a_server_that_fails_behind_a_proxy_is_told_with_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, proxy, _ = through(monkeypatch, "http://feeds.example/", b"garbage\r\n\r\n")
    assert isinstance(answer, FetchFailure)
    assert answer.kind == "protocol"
    assert answer.message.endswith(f"(through the proxy {proxy.url})")


# --------------------------------------------------------------------------- what the guard still sees


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]", "0x0a.1", "0", "167772161", "[64:ff9b::a00:1]"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_inner_address_is_not_asked_of_a_proxy(host: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, proxy, _ = through(monkeypatch, f"{scheme}://{host}/", variable=f"{scheme}_proxy")
    assert isinstance(answer, FetchFailure)
    assert answer.kind in ("address", "url")
    assert proxy.requests == []


def test_an_inner_address_that_is_allowed_is_asked_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = replace(STRICT, allow_addresses=("10.0.0.0/8",))
    answer, _, _ = through(monkeypatch, "http://10.0.0.1/", limits=limits)
    assert isinstance(answer, Response), answer


@pytest.mark.parametrize(
    ("addresses", "asked"),
    [
        pytest.param(["8.8.8.8"], True, id="public"),
        pytest.param(["10.0.0.1"], False, id="inner"),
        pytest.param(["8.8.8.8", "10.0.0.1"], False, id="one of two is inner"),
        pytest.param(None, True, id="not known here"),
    ],
)
def test_a_name_is_asked_of_a_proxy_unless_it_leads_to_an_inner_address_here(
    addresses: list[str] | None, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _look_up(monkeypatch, addresses)
    answer, proxy, _ = through(monkeypatch, "http://feeds.example/")
    assert isinstance(answer, Response) is asked
    assert bool(proxy.requests) is asked
    assert asked or (isinstance(answer, FetchFailure) and answer.kind == "address")


def test_a_redirect_is_guarded_at_every_step_through_a_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: dict[str, Page] = {"/": to("http://other.example/far"), "/far": to("http://169.254.169.254/latest")}
    answer, proxy, _ = through(monkeypatch, "http://feeds.example/", pages)
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, len(proxy.requests)) == ("address", 2)


@pytest.mark.parametrize(
    ("host", "port", "refused"),
    [
        ("news.example.org", 443, False),
        ("news.example.org.", 8080, False),
        ("news.example.org", 22, True),
        ("intranet", 80, True),
        ("localhost", 80, True),
        ("a.localhost.", 80, True),
        ("printer.local", 80, True),
        ("metadata.google.internal", 80, True),
        ("router.home.arpa", 80, True),
        ("127.0.0.1.", 80, True),
        ("1.2.3.0x4", 80, True),
        ("127.0.0.1.nip.example", 80, False),
    ],
)
def test_of_names_that_cannot_be_looked_up_here_only_those_of_the_public_web_are_left_to_a_proxy(
    host: str, port: int, refused: bool
) -> None:
    assert (unseen_refusal(host, port) is not None) is refused


def test_the_proxy_itself_may_be_anywhere_and_a_page_may_not_point_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, proxy, _ = through(monkeypatch, "http://feeds.example/", {"/": to("http://127.0.0.1:1/")})
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, len(proxy.requests)) == ("address", 1)


def test_validators_and_answers_without_news_pass_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> Response | FetchFailure:
        async with serve(page("304 Not Modified")) as site, proxying(site.port) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            async with Fetcher(LOOPBACK) as fetcher:
                return await fetcher.get("http://feeds.example/", etag='"1"')

    answer = asyncio.run(run())
    assert isinstance(answer, Response), answer
    assert answer.status == 304
