"""What a stranger's server may not do: lead a request to inner addresses, or flood us.

A feed decides where its links and redirects point, so without a guard anybody could make this program read
the machine's own services or those of its network. The check is on the address that is connected to, never on
the name or its spelling. Nothing here opens a connection.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal

PUBLIC_PORTS = (80, 443, 8080, 8443)

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
"""For protocols and examples; some versions of Python count parts of them as public, others do not."""

_BRACKETED = re.compile(r"\[([^\]]+)\](?::([0-9]+))?")
_PLAIN = re.compile(r"([^/]+/[0-9]+|[0-9.]+):([0-9]+)")

ENCODINGS = "gzip, deflate, br"
"""What may be asked for; `Body` reads each of them, one at a time."""
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's numbers for the wrappers
_PORTION = 65536
"""Brotli's decoder goes beyond the limit that it is given, by half of this one and by millions of a large one."""

Kind = Literal[
    "address",
    "dns",
    "connection",
    "timeout",
    "tls",
    "proxy",
    "status",
    "too_large",
    "redirect",
    "encoding",
    "protocol",
    "url",
    "disallowed",
    "robots",
    "postponed",
]


def user_agent(contact: str | None = None) -> str:
    """Introduce ourselves: name, version and, where given, a URL or mail address for a site's owner."""
    from importlib import metadata  # 50 ms that a command without requests does not pay

    try:
        name = f"haiti-monitor/{metadata.version('haiti-monitor')}"
    except metadata.PackageNotFoundError:  # run from a source tree that was never installed
        name = "haiti-monitor"
    return f"{name} (+{contact})" if contact else name


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """The limits of every request."""

    timeout: timedelta = timedelta(seconds=20)
    """For the whole exchange, redirects and body included; waiting for a free place does not count."""
    max_bytes: int = 10_000_000
    """Of the body, both as sent and after decompression."""
    per_host: int = 2
    """Requests at once to one host."""
    concurrency: int = 64
    """Requests at once."""
    allow_addresses: tuple[str, ...] = ()
    """Addresses allowed besides the public internet, as `parse_allowed` reads them."""
    user_agent: str = field(default_factory=user_agent)


class FetchError(Exception):
    """A request that cannot end well; `fetch` makes a `FetchFailure` of it, so it never leaves there."""

    def __init__(
        self, kind: Kind, message: str, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.status, self.retry_after = kind, message, status, retry_after


# --------------------------------------------------------------------------- addresses


@dataclass(frozen=True, slots=True)
class Allowed:
    """A network that may be reached besides the public internet, on one port or (None) on all."""

    network: IPv4Network | IPv6Network
    port: int | None = None

    def covers(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        return address in self.network and self.port in (None, port)


def parse_allowed(text: str) -> Allowed:
    """Read an address or a network with an optional port.

    `10.1.2.3`, `127.0.0.0/8`, `127.0.0.0/8:8800`, `::1`, `[::1]:8080`, `fd00::/8`, `[fd00::/8]:8080`.

    Raises ValueError with a sentence for people.
    """
    match = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    network, port = match.groups() if match else (text, None)
    try:
        allowed = Allowed(ip_network(network), int(port) if port else None)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no address or network with an optional port ({error}); "
            "right would be, for instance, 10.1.2.3, 127.0.0.0/8:8800 or [::1]:8080"
        ) from error
    if allowed.port is not None and not 0 < allowed.port < 65536:
        raise ValueError(f"{text!r} names port {port}, but ports go from 1 to 65535")
    return allowed


def refusal(host: str, port: int, allowed: Sequence[Allowed] = ()) -> str | None:
    """Say why `host` (an IP address, not a name) may not be connected to at `port`; None if it may."""
    address = ip_address(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(network.covers(address, port) for network in allowed):
        return None
    entry = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    remedy = f'if it is meant, add "{entry}" to fetch.allow_addresses'
    if not is_public(address):
        return f"{address} is not an address of the public internet; {remedy}"
    if port not in PUBLIC_PORTS:
        return f"port {port} of {address} is not one of {', '.join(map(str, PUBLIC_PORTS))}; {remedy}"
    return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address, and every IPv4 address that it wraps, belongs to the public internet."""
    wrapped = _wrapped(address)
    if wrapped:
        return all(is_public(inner) for inner in wrapped)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False  # is_global alone lets fec0::/10 and ::127.0.0.1 pass
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not special


def _wrapped(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    """List the IPv4 addresses that an IPv6 address leads to: mapped, NAT64, 6to4, both ends of Teredo."""
    if isinstance(address, IPv4Address):
        return ()
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    if address.teredo:
        return address.teredo
    inner = address.ipv4_mapped or address.sixtofour
    return (inner,) if inner else ()


# --------------------------------------------------------------------------- bodies


class Body:
    """Collects a body piece by piece, decompressed, and fails beyond `limit` bytes of either form.

    `where` names the server in messages; `encoding` is Content-Encoding: gzip, deflate, br, identity or nothing.
    Raises FetchError of kind `encoding`, `too_large` or, for a compressed body that is cut off, `protocol`.
    """

    def __init__(self, where: str, encoding: str, limit: int) -> None:
        names = [name for name in re.split(r"[\s,]+", encoding.lower()) if name not in ("", "identity")]
        if len(names) > 1:
            raise FetchError("encoding", f"{where} sends a body packed {len(names)} times ({encoding}), read once only")
        if names not in ([], ["gzip"], ["x-gzip"], ["deflate"], ["br"]):
            raise FetchError("encoding", f"{where} sends the body as {encoding}, which was not asked for")
        self._where, self._limit = where, limit
        self._encoding = names[0].removeprefix("x-") if names else ""
        self._received = 0
        self._body = bytearray()
        self._engine = zlib.decompressobj()
        self._brotli: Any = None
        self._state: Literal["empty", "inside", "between", "ended"] = "empty"

    def expect(self, size: int | None) -> None:
        """Fail at once where the server announces more than the limit."""
        if (size or 0) > self._limit:
            raise FetchError("too_large", f"{self._where} sends more than {self._limit:,} bytes (fetch.max_bytes)")

    def add(self, piece: bytes) -> None:
        self._received += len(piece)
        self.expect(self._received)
        if not self._encoding:
            self._body += piece
        elif self._encoding == "br":
            self._expand(piece)
        else:
            self._inflate(piece)

    def finish(self) -> bytes:
        if self._state == "inside":
            raise FetchError("protocol", f"the answer of {self._where} broke off inside its {self._encoding}")
        return bytes(self._body)

    def _inflate(self, piece: bytes) -> None:
        while piece and self._state != "ended":
            if self._state != "inside":
                self._open(piece[0])
                continue
            try:
                # One byte more than fits shows a bomb; the rest of it is never made.
                self._body += self._engine.decompress(piece, self._limit + 1 - len(self._body))
            except zlib.error as error:
                raise self._broken() from error
            self.expect(len(self._body))
            if not self._engine.eof:
                return
            self._state = "between"
            piece = self._engine.unused_data

    def _open(self, first: int) -> None:
        """Begin the first stream or, after its end, a further gzip member; anything else there is padding."""
        if self._state == "between" and (self._encoding, first) != ("gzip", 0x1F):
            self._state = "ended"
            return
        # Some servers send deflate without its zlib wrapper, which begins with method 8.
        deflate = _ZLIB if first & 0x0F == 8 else _RAW_DEFLATE
        self._engine = zlib.decompressobj(_GZIP if self._encoding == "gzip" else deflate)
        self._state = "inside"

    def _expand(self, piece: bytes) -> None:
        """Brotli has no members and no checksum; whatever follows its end is an error to it."""
        import brotli

        if self._brotli is None:
            self._brotli, self._state = brotli.Decompressor(), "inside"
        unread = piece
        try:
            while portion := self._brotli.process(unread, output_buffer_limit=_PORTION):
                unread = b""
                self._body += portion
                self.expect(len(self._body))
        except brotli.error as error:
            raise self._broken() from error
        if self._brotli.is_finished():
            self._state = "ended"

    def _broken(self) -> FetchError:
        return FetchError("encoding", f"{self._where} sends a body that is no {self._encoding}")
