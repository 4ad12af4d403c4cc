"""`/health` and `/metrics`: what programs elsewhere ask the running service.

    /health     200 while the monitor does its work, else 503; JSON that says what is not well
    /metrics    Prometheus' text

Only what a restart may mend makes it 503: whoever restarts what is not healthy cures no feed by it.
"""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from monitor.errors import MonitorError
from monitor.glance import glance
from monitor.store import open_store
from monitor.web import metrics
from monitor.web.guarding import is_loopback, named_host
from monitor.web.vitals import Level, age, facts, named, troubles, worst

_PATIENCE_SECONDS = 10
"""For a client that says nothing."""
Answer = tuple[HTTPStatus, str, bytes]


@contextmanager
def listening(config: Path, now: Callable[[], datetime], patience: timedelta, *, host: str, port: int) -> Iterator[str]:
    """Answers for as long as it lasts, and gives the address; port 0 is any that is free.

    `patience` is how long no feed may have answered. Raises MonitorError where the address cannot be had.
    """
    try:
        server = _Server(host, port, lambda path: answer(config, path, now(), patience))
    except OSError as error:
        raise MonitorError(f"{host} port {port} cannot be used: {error.strerror}") from error
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def answer(config: Path, path: str, now: datetime, patience: timedelta) -> Answer:
    """What is said at a path."""
    if path not in ("/health", "/metrics"):
        return HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"there are /health and /metrics\n"
    try:
        settings = glance(config)
        with open_store(settings.database_path, create=False) as store:
            found = facts(store, settings, now)
    except MonitorError as error:
        return _as_json(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "critical", "trouble": [str(error)]})
    if path == "/metrics":
        return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.exposition(found, now)
    return _health(found, now, patience)


def _health(found: dict[str, Any], now: datetime, patience: timedelta) -> Answer:
    known = list(troubles(found, now, patience))
    level = worst(known)
    said = {
        "status": named(level).lower(),
        "trouble": [trouble.text for trouble in known],
        "last_good_poll": found["last_good_poll"],
        "last_good_poll_age_seconds": age(found["last_good_poll"], now),
    }
    return _as_json(HTTPStatus.SERVICE_UNAVAILABLE if level is Level.CRITICAL else HTTPStatus.OK, said)


def _as_json(status: HTTPStatus, content: dict[str, Any]) -> Answer:
    return status, "application/json", json.dumps(content, ensure_ascii=False).encode() + b"\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, respond: Callable[[str], Answer]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.respond = respond
        self.local = is_loopback(host)
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE_SECONDS
    server_version, sys_version = "haiti-monitor", ""

    def do_GET(self) -> None:
        """Answers."""
        if self.server.local and not is_loopback(named_host(self.headers.get("host", ""))):
            text = b"this server answers only under the names of its own machine\n"
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "text/plain; charset=utf-8", text)
        else:
            self._send(*self.server.respond(self.path.partition("?")[0]))

    def do_HEAD(self) -> None:
        """Answers without the body."""
        self.do_GET()

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
        """Says nothing: somebody asks every few seconds."""
