"""Which proxy a request goes through: what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say, in either case.

Through a proxy nobody here sees the address that is really connected to, so `unseen_refusal` checks what can be
checked without it.
"""

import os
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from monitor.errors import ConfigError, Problem
from monitor.guard import PUBLIC_PORTS

_INNER = re.compile(r"(.+\.)?(localhost|local|localdomain|internal|intranet|lan|home\.arpa|corp|home|private)")
"""Names that no public name service may give out."""
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy, and the variable that names it."""

    url: str
    """Without user name and password: it may be shown."""
    variable: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What it wants to know of us: the user name and password."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies by scheme, and what is asked directly. False where there are none."""

    by_scheme: Mapping[str, Proxy]
    direct: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.by_scheme)

    def of(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy for an address; None for a direct connection, as to this machine itself always."""
        proxy, name = self.by_scheme.get(scheme), host.lower().rstrip(".")
        if proxy is None or _is_this_machine(name) or any(_covers(entry, name, port) for entry in self.direct):
            return None
        return proxy


def from_environment(environ: Mapping[str, str] = os.environ) -> Proxies:
    """Read the proxies. Raises ConfigError for one that cannot be used, such as SOCKS.

    The small letters come first, as everywhere. Where this runs as a CGI script, HTTP_PROXY is not ours but what a
    visitor sends as `Proxy:`, and does not count.
    """
    found = {}
    for scheme in ("http", "https"):
        names = [f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"]
        if "REQUEST_METHOD" in environ:
            names = [name for name in names if name != "HTTP_PROXY"]
        name = next((name for name in names if environ.get(name)), None)
        if name is not None:
            found[scheme] = _proxy(name, environ[name].strip())
    direct = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return Proxies(found, tuple(entry.lower() for entry in re.split(r"[\s,]+", direct) if entry))


def _proxy(name: str, value: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:  # the value is not shown: a password may stand in it
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise ConfigError(
            [Problem(f"{name} names no proxy that can be used; write http://host:port (SOCKS is not spoken here)")]
        )
    where = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{where}:{port or (443 if parts.scheme == 'https' else 80)}"
    if parts.username is None:
        return Proxy(url, name)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(url, name, {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"})


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY (`*`, a domain with all below it, an address, a network; `:port`) means a host."""
    name, number = entry, ""
    if match := re.fullmatch(r"\[(.+)\](?::([0-9]+))?|([^:]+):([0-9]+)", entry):
        name, number = match[1] or match[3], match[2] or match[4]
    if name == "*":
        return not number or int(number) == port
    if number and int(number) != port:
        return False
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        domain = name.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unseen_refusal(host: str, port: int) -> str | None:
    """Say why a name that cannot be looked up here may not be asked of a proxy that perhaps can; None if it may."""
    name = host.lower().rstrip(".")
    last = name.rpartition(".")[2]
    if "." not in name or _INNER.fullmatch(name):
        return f"{host} is a name of inner networks, and cannot be looked up here"
    if _NUMBER.fullmatch(last):
        return f"{host} is neither an address nor a name"
    if port not in PUBLIC_PORTS:
        return f"port {port} is not one of {', '.join(map(str, PUBLIC_PORTS))}"
    return None
