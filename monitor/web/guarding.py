"""Who may look: a wrapper around the server that checks every request before anything answers it."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_NOBODY = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_OURS = f"default-src 'none'; style-src 'self'; img-src 'self'; {_NOBODY}"
_DATASETTES = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"connect-src 'self'; {_NOBODY}"
)
"""Datasette's pages have scripts of their own within them; no page of either may ask another host for anything."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server bound there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Answers only who may look, reading only.

    Without a `password` only requests to a name of this machine are answered: a page elsewhere whose name suddenly
    means this machine (DNS rebinding) gets nothing. `ours` are the paths of our own pages, which need no scripts.
    """

    def __init__(self, application: Application, *, password: str | None, ours: Callable[[str], bool]) -> None:
        self._application = application
        self._password = password
        self._ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection (ASGI)."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket, which no page has
            await send({"type": "websocket.close"})
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            status, text, headers = refusal
            await send({"type": "http.response.start", "status": status, "headers": _encoded(_safe("", headers))})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else text.encode()})
            return
        policy = _OURS if self._ours(scope["path"]) else _DATASETTES

        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_encoded(_safe(policy, []))]
            await send(message)

        await self._application(scope, receive, send_safely)

    def _refusal(self, scope: Scope) -> tuple[int, str, list[tuple[str, str]]] | None:
        text = [("content-type", "text/plain; charset=utf-8")]
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if self._password is None:
            if not is_loopback(named_host(headers.get(b"host", ""))):
                return 421, "this server answers only under the names of its own machine\n", text
        elif not _knows(headers.get(b"authorization", ""), self._password):
            ask = ("www-authenticate", 'Basic realm="haiti-monitor", charset="UTF-8"')
            return 401, "a password is needed; the user name does not matter\n", [*text, ask]
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "nothing can be changed here\n", [*text, ("allow", "GET, HEAD")]
        return None


class OnlyLocal:
    """Answers only requests to a name of this machine, and from no page but those of this machine.

    For a server on the loopback that asks nobody for a password: otherwise a page from elsewhere, open in a browser
    here, could ask it for anything, or have a name of its own that suddenly means this machine (DNS rebinding).
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection (ASGI)."""
        if scope["type"] == "lifespan" or _is_local(scope):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY})
        else:
            headers = _encoded(_safe("", [("content-type", "text/plain; charset=utf-8")]))
            await send({"type": "http.response.start", "status": 421, "headers": headers})
            await send({"type": "http.response.body", "body": b"only pages of this machine are answered here\n"})


_POLICY = 1008
"""What a web socket is closed with that breaks a rule."""


def _is_local(scope: Scope) -> bool:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    asks = origin is None or is_loopback(named_host(origin.partition("://")[2]))
    return asks and is_loopback(named_host(headers.get(b"host", "")))


def named_host(header: str) -> str:
    """The host of a Host header, without port and brackets."""
    host = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() and "]" not in header[-1:] else header
    return host.strip("[]").lower()


def _knows(header: str, password: str) -> bool:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        given = base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, password.encode())


def _safe(policy: str, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        *headers,
        ("content-security-policy", policy or _OURS),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),  # the sites of articles need not know who watches them
        ("cross-origin-resource-policy", "same-origin"),
    ]


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]
