"""The guard: which addresses may be reached, and how much a body may hold."""

import gzip
import socket
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from ipaddress import ip_address

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.guard import (
    Allowed,
    Body,
    FetchError,
    FetchSettings,
    is_public,
    parse_allowed,
    refusal,
    user_agent,
)

# --------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("2001:0:808:808:0:0:f7f7:f7f7", True, id="Teredo, public at both ends"),
        pytest.param("8.8.8.8", True, id="IPv4"),
        pytest.param("2606:4700::1111", True, id="IPv6"),
        pytest.param("::ffff:8.8.8.8", True, id="IPv4-mapped, public"),
        pytest.param("64:ff9b::8.8.8.8", True, id="NAT64, public"),
        pytest.param("2002:808:808::1", True, id="6to4, public"),
        pytest.param("0.0.0.0", False, id="this host"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("10.0.0.1", False, id="private 10"),
        pytest.param("172.16.0.1", False, id="private 172.16"),
        pytest.param("192.168.1.1", False, id="private 192.168"),
        pytest.param("100.64.0.1", False, id="carrier's NAT"),
        pytest.param("169.254.169.254", False, id="link-local: cloud metadata"),
        pytest.param("192.0.2.1", False, id="documentation"),
        pytest.param("192.0.0.8", False, id="protocols"),
        pytest.param("192.88.99.1", False, id="6to4 relays, given up"),
        pytest.param("198.18.0.1", False, id="benchmarks"),
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("240.0.0.1", False, id="reserved"),
        pytest.param("255.255.255.255", False, id="broadcast"),
        pytest.param("::", False, id="this host, IPv6"),
        pytest.param("::1", False, id="loopback, IPv6"),
        pytest.param("fe80::1", False, id="link-local, IPv6"),
        pytest.param("fe80::1%eth0", False, id="link-local with its zone"),
        pytest.param("fd00::1", False, id="unique local"),
        pytest.param("fec0::1", False, id="site-local, given up"),
        pytest.param("ff0e::1", False, id="multicast, IPv6"),
        pytest.param("2001:db8::1", False, id="documentation, IPv6"),
        pytest.param("3fff::1", False, id="documentation, IPv6, the newer"),
        pytest.param("2001:20::1", False, id="protocols, IPv6"),
        pytest.param("2606:4700::1111%eth0", True, id="public with a zone"),
        pytest.param("::ffff:127.0.0.1%eth0", False, id="IPv4-mapped loopback with a zone"),
        pytest.param("::ffff:127.0.0.1", False, id="IPv4-mapped loopback"),
        pytest.param("::127.0.0.1", False, id="IPv4-compatible loopback"),
        pytest.param("::ffff:0:127.0.0.1", False, id="IPv4-translated loopback"),
        pytest.param("64:ff9b::10.0.0.1", False, id="NAT64 of a private address"),
        pytest.param("64:ff9b:1::10.0.0.1", False, id="NAT64 of a local prefix"),
        pytest.param("2002:7f00:1::", False, id="6to4 of loopback"),
        pytest.param("2001:0:7f00:1:0:0:f7f7:f7f7", False, id="Teredo by a server on loopback"),
        pytest.param("2001:0:808:808:0:0:80ff:fffe", False, id="Teredo to a client on loopback"),
    ],
)
def test_only_addresses_of_the_public_internet_are_public_whatever_wraps_them(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


INNER = {
    4: "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4",
    6: "::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 3fff::/20",
}
"""What is not of the public internet, from the registries of special addresses; IPv6 has 2000::/3 only."""


def bits(text: str) -> str:
    packed = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    return "".join(f"{byte:08b}" for byte in packed)


PREFIXES = {
    width: [bits(network.partition("/")[0])[: int(network.partition("/")[2])] for network in INNER[version].split()]
    for version, width in ((4, 32), (6, 128))
}


def looks_public(address: str) -> bool:
    """Tell by bits what the guard tells by Python's `ipaddress`."""
    if len(address) == 128:
        flipped = address[96:].translate({48: "1", 49: "0"})
        for start, inner in (
            (bits("::ffff:0:0")[:96], [address[96:]]),
            (bits("64:ff9b::")[:96], [address[96:]]),
            (bits("2002::")[:16], [address[16:48]]),
            (bits("2001::")[:32], [address[32:64], flipped]),
        ):
            if address.startswith(start):
                return all(map(looks_public, inner))
    return not address.startswith(tuple(PREFIXES[len(address)]))


def near(width: int) -> st.SearchStrategy[str]:
    """Addresses as bits: any, and those at the borders of what is special."""
    whole = st.integers(0, 2**width - 1)
    edges = [
        int(prefix.ljust(width, fill), 2) + step for prefix in PREFIXES[width] for fill in "01" for step in (-1, 0, 1)
    ]
    return (whole | st.sampled_from(edges)).map(lambda number: f"{number % 2**width:0{width}b}")


def wrapped(prefix: str, length: int) -> st.SearchStrategy[str]:
    return near(32).map(lambda inner: (bits(prefix)[:length] + inner).ljust(128, "0"))


TEREDO = st.tuples(near(32), near(32)).map(lambda ends: bits("2001::")[:32] + ends[0] + "0" * 32 + ends[1])
ADDRESSES = st.one_of(
    near(32), near(128), wrapped("::ffff:0:0", 96), wrapped("64:ff9b::", 96), wrapped("2002::", 16), TEREDO,
    wrapped("64:ff9b:1::", 96), wrapped("::", 96), wrapped("::ffff:0:0:0", 96),
)  # fmt: skip


def spellings(address: str) -> list[str]:
    """How an address may be written where a program reads it as the system does."""
    number = int(address, 2)
    if len(address) == 32:
        a, b, c, d = number.to_bytes(4, "big")
        return [
            f"{a}.{b}.{c}.{d}", f"{number}", f"{number:#x}", f"0{number:o}", f"{a}.{number & 0xFFFFFF}",
            f"0x{a:X}.{b}.{number & 0xFFFF:#x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:#04x}.{b:#04x}.{c}.0{d:o}",
        ]  # fmt: skip
    groups = [f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16)]
    tail = ".".join(map(str, (number & 0xFFFFFFFF).to_bytes(4, "big")))
    short = socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))
    padded = ":".join(group.zfill(4) for group in groups)
    return [short, short.upper(), ":".join(groups), padded, f"{':'.join(groups[:6])}:{tail}"]


@settings(max_examples=500)
@given(address=ADDRESSES, spelling=st.integers(0, 7))
def test_the_guard_agrees_with_another_that_is_built_otherwise_on_any_address_however_it_is_spelt(
    address: str, spelling: int
) -> None:
    ways = spellings(address)
    found = socket.getaddrinfo(ways[spelling % len(ways)], 80, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    [host] = {str(one[4][0]) for one in found}
    assert (refusal(host, 80) is None) is looks_public(address), host


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_the_web_ports_of_a_public_address_are_allowed(port: int) -> None:
    assert refusal("8.8.8.8", port) is None


@pytest.mark.parametrize(
    ("host", "port", "entry"),
    [
        pytest.param("8.8.8.8", 25, "8.8.8.8:25", id="another port"),
        pytest.param("10.0.0.1", 80, "10.0.0.1:80", id="private"),
        pytest.param("::1", 80, "[::1]:80", id="IPv6 in brackets"),
        pytest.param("::ffff:10.0.0.1", 80, "10.0.0.1:80", id="mapped, told as what it is"),
    ],
)
def test_a_refusal_names_the_entry_that_would_allow_the_address_and_that_entry_does(
    host: str, port: int, entry: str
) -> None:
    reason = refusal(host, port)
    assert reason is not None
    assert f'"{entry}" to fetch.allow_addresses' in reason
    assert refusal(host, port, [parse_allowed(entry)]) is None


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        pytest.param("10.1.2.3", "10.1.2.3", None, id="address"),
        pytest.param("127.0.0.0/8", "127.255.0.9", None, id="network"),
        pytest.param("10.1.2.3:8800", "10.1.2.3", 8800, id="address with port"),
        pytest.param("127.0.0.0/8:8800", "127.0.0.1", 8800, id="network with port"),
        pytest.param("::1", "::1", None, id="IPv6 address"),
        pytest.param("[::1]", "::1", None, id="IPv6 address in brackets"),
        pytest.param("[::1]:8080", "::1", 8080, id="IPv6 address with port"),
        pytest.param("fd00::/8", "fd12::1", None, id="IPv6 network"),
        pytest.param("[fd00::/8]:8080", "fd12::1", 8080, id="IPv6 network with port"),
        pytest.param("fd00::/8:8080", "fd12::1", 8080, id="IPv6 network with port, no brackets"),
        pytest.param("127.0.0.0/8", "::ffff:127.0.0.1", None, id="mapped addresses count as what they map"),
    ],
)
def test_an_allowed_entry_opens_its_network_on_its_port_or_on_all(text: str, host: str, port: int | None) -> None:
    allowed = [parse_allowed(text)]
    assert refusal(host, port or 6379, allowed) is None
    assert (refusal(host, 9999, allowed) is None) is (port is None)
    assert refusal("192.168.1.1", port or 80, allowed) is not None


@pytest.mark.parametrize(
    "text",
    ["", " ", "localhost", "example.org:80", "10.0.0.1/8", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536",
     "10.0.0.1:-1", "10.0.0.1:٣", "[::1]8080", "[::1]:", "[::1", "127.0.0.0/33", "10.0.0", "*"],
)  # fmt: skip
def test_an_entry_that_is_no_network_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(ValueError, match="port") as caught:
        parse_allowed(text)
    assert repr(text) in str(caught.value)


def test_a_network_covers_no_address_of_the_other_version() -> None:
    assert not Allowed(parse_allowed("0.0.0.0/0").network).covers(ip_address("::1"), 80)


# --------------------------------------------------------------------------- settings


def test_by_default_we_say_who_we_are_and_allow_nothing_but_the_public_internet() -> None:
    settings = FetchSettings()
    assert settings.user_agent.startswith("haiti-monitor")
    assert settings.allow_addresses == ()


def test_the_user_agent_carries_the_contact() -> None:
    assert user_agent("https://example.org/about").endswith(" (+https://example.org/about)")


def test_the_settings_can_be_read_without_loading_aiohttp() -> None:
    program = "import sys, monitor.guard; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --------------------------------------------------------------------------- bodies

TEXT = b"<rss>Bonjou, bonjour, buenos d\xc3\xadas</rss>" * 40


def deflate(data: bytes, wbits: int) -> bytes:
    engine = zlib.compressobj(wbits=wbits)
    return engine.compress(data) + engine.flush()


def unpack(data: bytes, encoding: str, *, limit: int = 100_000, step: int = 7) -> bytes:
    body = Body("http://example.org", encoding, limit)
    for start in range(0, len(data), step):
        body.add(data[start : start + step])
    return body.finish()


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        pytest.param("", TEXT, id="none"),
        pytest.param("identity", TEXT, id="identity"),
        pytest.param("gzip", gzip.compress(TEXT), id="gzip"),
        pytest.param("GZIP", gzip.compress(TEXT), id="capitals"),
        pytest.param("x-gzip", gzip.compress(TEXT), id="x-gzip"),
        pytest.param("identity, gzip", gzip.compress(TEXT), id="with identity"),
        pytest.param("deflate", deflate(TEXT, 15), id="deflate in zlib"),
        pytest.param("deflate", deflate(TEXT, -15), id="deflate, raw"),
        pytest.param("br", brotli.compress(TEXT), id="brotli"),
        pytest.param("br", brotli.compress(TEXT, quality=0), id="brotli, hardly packed"),
        pytest.param("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), id="two gzip members"),
        pytest.param("gzip", gzip.compress(TEXT) + b"\0" * 30, id="gzip with padding"),
        pytest.param("gzip", gzip.compress(TEXT) + b"<!-- late -->", id="gzip with something after its end"),
        pytest.param("deflate", deflate(TEXT, 15) + b"x" * 30, id="deflate with something after its end"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_body_is_what_the_server_packed_however_it_is_cut(encoding: str, data: bytes, step: int) -> None:
    assert unpack(data, encoding, step=step) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "br"])
def test_no_bytes_are_an_empty_body(encoding: str) -> None:
    assert unpack(b"", encoding) == b""


@pytest.mark.parametrize(
    ("encoding", "data", "kind"),
    [
        pytest.param("zstd", TEXT, "encoding", id="zstd"),
        pytest.param("br", TEXT, "encoding", id="not brotli at all"),
        pytest.param("br", brotli.compress(TEXT) + b"more", "encoding", id="brotli with something after its end"),
        pytest.param("br", brotli.compress(TEXT)[:-1], "protocol", id="brotli without its last byte"),
        pytest.param("br", brotli.compress(TEXT)[:20], "protocol", id="brotli, cut off"),
        pytest.param("br, gzip", gzip.compress(brotli.compress(TEXT)), "encoding", id="packed in two ways"),
        pytest.param("utf-8", TEXT, "encoding", id="a charset"),
        pytest.param("gzip, gzip", gzip.compress(gzip.compress(TEXT)), "encoding", id="packed twice"),
        pytest.param("gzip", TEXT, "encoding", id="not gzip at all"),
        pytest.param("gzip", gzip.compress(TEXT)[:10] + b"\xff" * 80, "encoding", id="gzip, corrupt"),
        pytest.param("gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8, "encoding", id="gzip, wrong checksum"),
        pytest.param("deflate", b"\xff" * 30, "encoding", id="not deflate at all"),
        pytest.param("gzip", gzip.compress(TEXT)[:-1], "protocol", id="gzip without its last byte"),
        pytest.param("gzip", gzip.compress(TEXT)[:40], "protocol", id="gzip, cut off"),
        pytest.param("deflate", deflate(TEXT, -15)[:-1], "protocol", id="deflate, cut off"),
        pytest.param("gzip", gzip.compress(TEXT) + gzip.compress(TEXT)[:30], "protocol", id="second member cut off"),
    ],
)
def test_a_body_that_is_not_what_it_is_said_to_be_is_a_failure(encoding: str, data: bytes, kind: str) -> None:
    with pytest.raises(FetchError) as caught:
        unpack(data, encoding)
    assert caught.value.kind == kind


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "zlib": ("deflate", lambda data: deflate(data, 15)),
    "raw deflate": ("deflate", lambda data: deflate(data, -15)),
    "brotli": ("br", brotli.compress),
    "quick brotli": ("br", lambda data: brotli.compress(data, quality=1)),
}


@given(data=st.binary(max_size=3000), cuts=st.integers(1, 500), packer=st.sampled_from(list(PACKERS)))
def test_any_bytes_survive_any_packing_and_any_cutting(data: bytes, cuts: int, packer: str) -> None:
    encoding, pack = PACKERS[packer]
    assert unpack(pack(data), encoding, step=cuts) == data


@given(data=st.binary(max_size=500), encoding=st.sampled_from(["gzip", "deflate", "br"]))
def test_any_bytes_are_a_body_or_a_clear_failure(data: bytes, encoding: str) -> None:
    try:
        assert isinstance(unpack(data, encoding), bytes)
    except FetchError as error:
        assert error.kind in ("encoding", "protocol", "too_large")  # noqa: PT017


@given(
    parts=st.lists(st.binary(max_size=30) | st.integers(0, 40_000).map(bytes), max_size=5),
    packer=st.sampled_from(list(PACKERS)),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    keep=st.integers(0, 10**6),
    cuts=st.integers(1, 500),
)
def test_a_packed_body_that_is_changed_or_cut_stays_within_the_limit_or_fails_in_words(
    parts: list[bytes], packer: str, changes: list[tuple[int, int]], keep: int, cuts: int
) -> None:
    encoding, pack = PACKERS[packer]
    packed = bytearray(b"".join(map(pack, parts)))
    for place, value in changes:
        if packed:
            packed[place % len(packed)] = value
    limit = 50_000
    try:
        body = unpack(bytes(packed[: keep % (len(packed) + 1)]), encoding, limit=limit, step=cuts)
    except FetchError as error:
        assert error.kind in ("encoding", "protocol", "too_large")  # noqa: PT017
        assert "example.org" in error.message  # noqa: PT017
    else:
        assert len(body) <= limit


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("", TEXT), ("gzip", gzip.compress(TEXT)), ("deflate", deflate(TEXT, -15)), ("br", brotli.compress(TEXT))],
    ids=["plain", "gzip", "deflate", "brotli"],
)
def test_a_body_may_be_as_large_as_the_limit_and_not_a_byte_larger(encoding: str, data: bytes) -> None:
    assert unpack(data, encoding, limit=len(TEXT)) == TEXT
    with pytest.raises(FetchError) as caught:
        unpack(data, encoding, limit=len(TEXT) - 1)
    assert caught.value.kind == "too_large"
    assert "fetch.max_bytes" in caught.value.message


def test_an_announced_size_above_the_limit_fails_before_the_body_comes() -> None:
    body = Body("http://example.org", "", 10)
    body.expect(None)
    body.expect(10)
    with pytest.raises(FetchError):
        body.expect(11)


def test_compressed_bytes_that_come_to_nothing_count_too() -> None:
    with pytest.raises(FetchError) as caught:
        unpack(gzip.compress(b"") * 100, "gzip", limit=1000)
    assert caught.value.kind == "too_large"


def bomb(mebibytes: int) -> bytes:
    """Make gzip of 1 KiB for each MiB of zeros, quickly: a block that leans on none before it, repeated."""
    engine = zlib.compressobj(wbits=31)
    zeros = bytes(2**20)
    head = engine.compress(zeros) + engine.flush(zlib.Z_FULL_FLUSH)
    block = engine.compress(zeros) + engine.flush(zlib.Z_FULL_FLUSH)
    return head + block * (mebibytes - 1)


def brotli_bomb() -> bytes:
    """A gibibyte of zeros in some hundred bytes."""
    packer = brotli.Compressor(quality=5)
    zeros = bytes(2**24)
    return b"".join(packer.process(zeros) for _ in range(64)) + bytes(packer.finish())


@pytest.mark.parametrize("step", [1, 65536, 10_000_000], ids=["byte by byte", "in pieces", "at once"])
@pytest.mark.parametrize(("encoding", "make"), [("gzip", lambda: bomb(1024)), ("br", brotli_bomb)], ids=["gzip", "br"])
def test_a_bomb_of_one_gibibyte_is_stopped_at_the_limit_of_memory_too(
    encoding: str, make: Callable[[], bytes], step: int
) -> None:
    data, limit = make(), 2_000_000
    assert len(data) < 1_100_000
    tracemalloc.start()
    try:
        with pytest.raises(FetchError) as caught:
            unpack(data, encoding, limit=limit, step=step)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.kind == "too_large"
    assert peak < 4 * limit
