"""A small world for tests: a web server whose feeds and pages a test sets, changes and breaks, a configuration that
watches it, and a clock that stands until it is moved.

Each poll of a `World` opens the database anew, as a new process would.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from monitor import config as configuration
from monitor.config import Config
from monitor.pipeline import PassReport, run_pass
from monitor.store import Row, Store, open_store

NOW = datetime(2025, 9, 30, 12, 0, tzinfo=UTC)

PROPOSED = "Norland offers to take over the Lagoon Mission"
DECIDED = "Norland agrees to take over the Lagoon Mission"
EFFECTIVE = "Norland takes over the Lagoon Mission"
BLOCKED = "Norland refuses to take over the Lagoon Mission"
TERM = "Council approves a longer mandate of the Lagoon Mission"
QUIET = "Lagoon Mission opens a small library near the harbour"
WEATHER = "Rain over the capital for a third day in a row"

WATCH: dict[str, Any] = {
    "database": "monitor.db",
    "fetch": {"timeout": "5 s", "per_host": 20, "page_pause": "0 s", "allow_addresses": ["127.0.0.0/8"]},
    "reading": {"default": "never", "relevant": "mission"},
    "changes": {"leadership": {"family": "leadership"}, "mandate": {}},
    "actors": {"Norland": ["Norland"], "Sudland": ["Sudland"]},
    "concepts": {
        "mission": {"en": ["Lagoon Mission"], "fr": ["Mission de la Lagune"]},
        "takeover": {"en": ["take over", "takes over"], "fr": ["prend la tête"]},
        "term": {"any": ["mandate", "mandat"]},
        "plan": ["offers"],
        "choice": ["agrees", "approves"],
        "fact": ["takes over", "prend la tête"],
        "refusal": ["refuses"],
    },
    "stages": {"proposed": "plan", "decided": "choice", "effective": "fact", "blocked": "refusal"},
    "rules": [
        {
            "id": "handover",
            "change": "leadership",
            "severity": "high",
            "when": "mission near/15 takeover",
            "examples": {"match": [DECIDED], "ignore": [WEATHER]},
        },
        {"id": "term", "change": "mandate", "when": "mission near/15 term", "examples": {"match": [TERM]}},
    ],
}
"""The watch of an invented mission; a test changes what it is about."""


def write_config(folder: Path, **sections: Any) -> Path:
    """Writes a configuration: the watch above, with these sections in place of its own."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**WATCH, **sections}, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


# --------------------------------------------------------------------------- the web


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed; `link` is a path, or an address."""

    title: str
    link: str | None = None
    summary: str = ""
    published: datetime | None = NOW - timedelta(hours=1)
    guid: str | None = None
    source: str | None = None
    content: str = ""


@dataclass(slots=True)
class Answer:
    """What the server says at a path. With `validators` it has an ETag and answers 304 to who knows it."""

    body: bytes = b""
    kind: str = "application/rss+xml"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    validators: bool = True
    silent: bool = False
    """It takes the request and says nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the server got, with its answer's status. Header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    status: int


class Web:
    """A running web server: `answers` by path, and what it was `asked`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.arrived = threading.Event()
        """Set when a request has come in."""
        self.closing = threading.Event()

    def feed(self, path: str, *items: Item, title: str = "", **answer: Any) -> None:
        """Puts an RSS feed of these items at a path."""
        self.answers[path] = Answer(self.rss(items, title), **answer)

    def page(self, path: str, title: str, *paragraphs: str) -> None:
        """Puts an article's page at a path."""
        text = "".join(f"<p>{escape(part)}</p>" for part in paragraphs)
        body = f"<html><head><title>{escape(title)}</title></head><body><article><h1>{escape(title)}</h1>{text}"
        self.answers[path] = Answer(f"{body}</article></body></html>".encode(), "text/html; charset=utf-8")

    def fail(self, path: str, status: int, **headers: str) -> None:
        """Makes a path answer an error."""
        self.answers[path] = Answer(b"no", "text/plain", status, headers)

    def asked_for(self, path: str) -> list[Asked]:
        """The requests for a path, the first first."""
        return [asked for asked in self.asked if asked.path == path]

    def rss(self, items: Sequence[Item], title: str = "") -> bytes:
        """The items as an RSS feed."""
        entries = "".join(map(self._entry, items))
        space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        return f'<rss version="2.0" {space}><channel><title>{title}</title>{entries}</channel></rss>'.encode()

    def _entry(self, item: Item) -> str:
        link = self.url + item.link if item.link and item.link.startswith("/") else item.link
        parts = {
            "title": escape(item.title),
            "link": escape(link) if link else None,
            'guid isPermaLink="false"': escape(item.guid) if item.guid else None,
            "description": escape(item.summary) or None,
            "content:encoded": escape(item.content) or None,
            "pubDate": format_datetime(item.published) if item.published else None,
            f'source url="{self.url}/"': escape(item.source) if item.source else None,
        }
        inner = (f"<{tag}>{text}</{tag.split()[0]}>" for tag, text in parts.items() if text is not None)
        return f"<item>{''.join(inner)}</item>"


@contextmanager
def serving(host: str = "127.0.0.1", port: int = 0) -> Iterator[Web]:
    """A web server on 127.0.0.1 or all addresses (""), on a free port or a known one; what is not set answers 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = web.answers.get(self.path, Answer(b"nothing here", "text/plain", 404))
            etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"' if answer.validators else None
            known = etag is not None and answer.status == 200 and self.headers.get("If-None-Match") == etag
            status = 304 if known else answer.status
            headers = {name.lower(): value for name, value in self.headers.items()}
            web.asked.append(Asked(self.path, headers, status))
            web.arrived.set()
            if answer.silent:
                web.closing.wait(30)
                return
            self.send_response(status)
            body = {} if known else {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))}
            validators = {"ETag": etag} if etag else {}
            for name, value in {**validators, **body, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not known:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is overridden
            """Nothing on stderr."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    web = Web(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


# --------------------------------------------------------------------------- who watches it


@dataclass(slots=True)
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **length: float) -> None:
        """Moves it: `go_on(minutes=10)`."""
        self.now += timedelta(**length)


@dataclass
class World:
    """A configuration in `folder` that watches `web`, with the clock of its polls."""

    folder: Path
    web: Web
    clock: Clock = field(default_factory=Clock)

    def watch(self, *feeds: str | Mapping[str, Any], **sections: Any) -> Config:
        """Writes the configuration: feeds by name (at `/name.xml`) or with options, and other sections."""
        named = [{"name": feed} if isinstance(feed, str) else dict(feed) for feed in feeds]
        defaults = ({"url": f"{self.web.url}/{feed['name']}.xml", "outlet": feed["name"].title()} for feed in named)
        listed = [default | feed for default, feed in zip(defaults, named, strict=True)]
        write_config(self.folder, feeds=listed, **sections)
        return self.config

    @property
    def config(self) -> Config:
        """The configuration as it stands in the file."""
        return configuration.load(self.folder / "config.yaml")

    def store(self) -> AbstractContextManager[Store]:
        """The database, opened anew."""
        return open_store(self.folder / "monitor.db")

    def poll(self, **options: Any) -> PassReport:
        """One whole pass over all feeds, as a new process would make it."""
        shown: list[str] = options.pop("shown", [])
        with self.store() as store:
            return run_pass(self.config, store, self.clock, everything=True, show=shown.append, **options)

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """What a query of the database gives."""
        with self.store() as store:
            return store.rows(sql, *values)

    def execute(self, sql: str) -> None:
        """Changes the database, for instance to break it."""
        with self.store() as store, store.transaction():
            store.write(sql)
