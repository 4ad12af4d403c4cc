"""A feed server on this machine that shows a scripted year of news, up to any moment of it.

Every outlet of the items has its feed and its article pages. One more feed is an aggregator's: it repeats the
others' articles under "Title - Outlet", with links of its own that redirect to the article and change every day.
"""

import base64
import hashlib
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from importlib.resources import files
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import web
from anyio.from_thread import start_blocking_portal

AGGREGATOR = "World Press Index"
ENTRIES = 20
ATOM_OUTLETS = frozenset({"Turtle Bay Notebook", "Northern Lantern", "Agence Tramontane", "Crónica de Barlovento"})

_RSS, _ATOM = "application/rss+xml", "application/atom+xml"
_WORDS = {
    "en": ("World", "Most read", "Read also", "Write to the editors. All rights reserved."),
    "fr": ("Monde", "Les plus lus", "À lire aussi", "Écrivez à la rédaction. Tous droits réservés."),
    "es": ("Mundo", "Lo más leído", "Le puede interesar", "Escriba a la redacción. Derechos reservados."),
}
_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One version of one article. A later version has the same `url` and another `id`."""

    id: str
    url: str
    """A path, for instance `/a/hw-0012`."""
    source: str
    published: datetime
    language: str
    title: str
    summary: str
    text: str
    """One paragraph a line."""
    change: tuple[tuple[str, str], ...] = ()
    """What a correct watch finds in it: pairs of change and stage."""
    story: str = ""
    """The same for syndicated copies and versions."""
    trap: str | None = None
    """Why it is easily mistaken for news of a change."""


class FeedAddress(NamedTuple):
    """A feed to put into a configuration; `language` is None where the feed mixes them."""

    name: str
    url: str
    language: str | None
    outlet: str


def load_news() -> list[NewsItem]:
    """The scripted year that comes with the package, oldest first."""
    text = files("monitor.demo").joinpath("news.jsonl").read_text(encoding="utf-8")
    return [_item(json.loads(line)) for line in text.splitlines()]


class NewsServer:
    """Serves `items` on 127.0.0.1 while its `with` block runs, in a thread of its own.

    It shows everything until `show_until` says otherwise. Port 0 takes any free one; `base_url` is known inside the
    block. Raises OSError where the port is taken.
    """

    base_url: str

    def __init__(self, items: Iterable[NewsItem], *, port: int = 0) -> None:
        self._items = sorted(items, key=lambda item: (item.published, item.id))
        self._languages = {item.source: item.language for item in self._items}
        self._outlets = {slug(name): name for name in self._languages}
        self._shown = self._items[-1].published if self._items else _NOTHING_YET
        self._port = port
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            portal = opening.enter_context(start_blocking_portal())
            port = opening.enter_context(portal.wrap_async_context_manager(self._listening()))
            self.base_url = f"http://127.0.0.1:{port}"
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def show_until(self, moment: datetime) -> None:
        """Show what was published up to `moment` (aware), and nothing later."""
        self._shown = moment.astimezone(UTC)

    def feeds(self) -> list[FeedAddress]:
        """Every outlet's feed in the order of their names, then the aggregator's."""
        listed = [
            FeedAddress(name, feed_url(self.base_url, name), language, name)
            for name, language in sorted(self._languages.items())
        ]
        return [*listed, FeedAddress(AGGREGATOR, feed_url(self.base_url, AGGREGATOR), None, AGGREGATOR)]

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[int]:
        app = web.Application()
        app.router.add_get("/feeds/{slug}.xml", self._feed)
        app.router.add_get("/r/{token}", self._redirect)
        app.router.add_get("/{path:.*}", self._page)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def _feed(self, request: web.Request) -> web.Response:
        name, shown = request.match_info["slug"], self._shown
        articles = visible(self._items, shown)
        if name == slug(AGGREGATOR):
            midnight = shown.replace(hour=0, minute=0, second=0, microsecond=0)  # when the links change
            changed = max([midnight, *(item.published for item in articles[:1])])
            return _answer(request, _RSS, aggregator(articles[:ENTRIES], self.base_url, shown), changed)
        if name not in self._outlets:
            raise web.HTTPNotFound(text="There is no such feed here.")
        outlet = self._outlets[name]
        own = [item for item in articles if item.source == outlet][:ENTRIES]
        render, kind = (atom, _ATOM) if outlet in ATOM_OUTLETS else (rss, _RSS)
        body = render(outlet, self._languages[outlet], own, self.base_url)
        return _answer(request, kind, body, own[0].published if own else _NOTHING_YET)

    async def _page(self, request: web.Request) -> web.Response:
        articles = visible(self._items, self._shown)
        item = next((item for item in articles if item.url == request.path), None)
        if item is None:
            raise web.HTTPNotFound(text="There is no such article here (yet).")
        # The sidebar changes with every new article.
        return _answer(request, "text/html", page(item, articles, self.base_url), articles[0].published)

    async def _redirect(self, request: web.Request) -> web.Response:
        url = article_of(request.match_info["token"])
        if all(item.url != url for item in visible(self._items, self._shown)):
            raise web.HTTPNotFound(text="This link leads nowhere (yet).")
        raise web.HTTPFound(self.base_url + url)


def _item(row: dict[str, Any]) -> NewsItem:
    change = tuple((part["change"], part["stage"]) for part in row["change"])
    return NewsItem(**row | {"published": datetime.fromisoformat(row["published"]), "change": change})


def _answer(request: web.Request, kind: str, body: bytes, changed: datetime) -> web.Response:
    """The body, or 304 where the client has it: its ETag decides, and its date only where it sent no ETag."""
    etag = hashlib.sha256(body).hexdigest()[:32]
    tags, since = request.if_none_match, request.if_modified_since
    known = any(tag.value in ("*", etag) for tag in tags) if tags else since is not None and since >= changed
    answer = web.Response(status=304) if known else web.Response(body=body, content_type=kind, charset="utf-8")
    answer.etag = etag
    answer.last_modified = changed
    return answer


# --------------------------------------------------------------------------- what is shown, all pure


def visible(items: Sequence[NewsItem], moment: datetime) -> list[NewsItem]:
    """The latest version of each article at `moment`, newest first; `items` are in order of publication."""
    latest = {item.url: item for item in items if item.published <= moment}
    return sorted(latest.values(), key=lambda item: (item.published, item.id), reverse=True)


def slug(name: str) -> str:
    """An outlet's name as its feed's address has it: `L’Écho des Mornes` becomes `l-echo-des-mornes`."""
    letters = (char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "-", "".join(letters).lower()).strip("-")


def feed_url(base_url: str, outlet: str) -> str:
    """Where an outlet's feed is."""
    return f"{base_url}/feeds/{slug(outlet)}.xml"


def token(url: str, day: datetime) -> str:
    """The aggregator's name for the article at `url`: opaque, and another one every day."""
    return base64.urlsafe_b64encode(f"{day:%Y-%m-%d} {url}".encode()).decode().rstrip("=")


def article_of(link: str) -> str:
    """The path of the article that a `token` names; empty where it names none."""
    try:
        return base64.urlsafe_b64decode(link + "=" * (-len(link) % 4)).decode().partition(" ")[2]
    except ValueError:  # no base64, or no text
        return ""


def rss(outlet: str, language: str, articles: Iterable[NewsItem], base_url: str) -> bytes:
    """An outlet's feed as RSS 2.0."""
    root, channel = _channel(outlet, base_url)
    _add(channel, "language", language)
    for item in articles:
        link = base_url + item.url
        _rss_entry(channel, item.title, link, link, escape(item.summary, quote=False), item.published)
    return _xml(root)


def aggregator(articles: Iterable[NewsItem], base_url: str, day: datetime) -> bytes:
    """The aggregator's feed: others' articles as RSS 2.0, under links of its own."""
    root, channel = _channel(AGGREGATOR, base_url)
    for item in articles:
        name = token(item.url, day)
        link = f"{base_url}/r/{name}"
        summary = f'<a href="{link}">{escape(item.title)}</a> <b>{escape(item.source)}</b>'
        entry = _rss_entry(channel, f"{item.title} - {item.source}", link, name, summary, item.published)
        _add(entry, "source", item.source, url=feed_url(base_url, item.source))
    return _xml(root)


def atom(outlet: str, language: str, articles: Sequence[NewsItem], base_url: str) -> bytes:
    """An outlet's feed as Atom 1.0."""
    address = feed_url(base_url, outlet)
    feed = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language})
    _add(feed, "title", outlet)
    _add(feed, "id", address)
    _add(feed, "link", rel="self", href=address)
    _add(feed, "updated", (articles[0].published if articles else _NOTHING_YET).isoformat())
    _add(_add(feed, "author"), "name", outlet)
    for item in articles:
        entry = _add(feed, "entry")
        _add(entry, "title", item.title)
        _add(entry, "id", base_url + item.url)
        _add(entry, "link", rel="alternate", href=base_url + item.url)
        _add(entry, "published", item.published.isoformat())
        _add(entry, "updated", item.published.isoformat())
        _add(entry, "summary", item.summary)
    return _xml(feed)


def page(item: NewsItem, articles: Iterable[NewsItem], base_url: str) -> bytes:
    """An article's page as outlets make them: navigation, the text, related links, a sidebar and a footer."""
    world, most_read, read_also, footer = _WORDS.get(item.language, _WORDS["en"])
    others = [other for other in articles if other.url != item.url]
    related = _links([other for other in others if other.source == item.source][:3])
    sidebar = _links([other for other in others if other.language == item.language][:5])
    title, outlet, address = escape(item.title), escape(item.source), escape(base_url + item.url)
    kind, feed = _ATOM if item.source in ATOM_OUTLETS else _RSS, escape(feed_url(base_url, item.source))
    paragraphs = "\n".join(f"<p>{escape(line)}</p>" for line in item.text.splitlines())
    return f"""<!doctype html>
<html lang="{escape(item.language)}">
<head>
<meta charset="utf-8">
<title>{title} | {outlet}</title>
<meta name="description" content="{escape(item.summary)}">
<meta property="article:published_time" content="{item.published.isoformat()}">
<link rel="canonical" href="{address}">
<link rel="alternate" type="{kind}" href="{feed}" title="{outlet}">
</head>
<body>
<header><nav><ul><li><a href="#top">{outlet}</a></li><li><a href="#world">{world}</a></li></ul></nav></header>
<main>
<article>
<h1>{title}</h1>
<div class="byline">{outlet}, <time datetime="{item.published.isoformat()}">{item.published:%Y-%m-%d %H:%M}</time></div>
{paragraphs}
</article>
<section class="related"><h2>{read_also}</h2>{related}</section>
</main>
<aside class="sidebar"><h2>{most_read}</h2>{sidebar}</aside>
<footer><p>© {outlet}. {footer}</p></footer>
</body>
</html>
""".encode()


def _links(items: Iterable[NewsItem]) -> str:
    rows = (f'<li><a href="{escape(item.url)}">{escape(item.title)}</a></li>' for item in items)
    return f"<ul>{''.join(rows)}</ul>"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _channel(name: str, base_url: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("rss", version="2.0")
    channel = _add(root, "channel")
    _add(channel, "title", name)
    _add(channel, "link", base_url)
    _add(channel, "description", name)
    return root, channel


def _rss_entry(
    channel: ET.Element, title: str, link: str, guid: str, description: str, published: datetime
) -> ET.Element:
    entry = _add(channel, "item")
    _add(entry, "title", title)
    _add(entry, "link", link)
    _add(entry, "guid", guid, isPermaLink="true" if guid == link else "false")
    _add(entry, "pubDate", format_datetime(published, usegmt=True))
    _add(entry, "description", description)
    return entry


def _xml(root: ET.Element) -> bytes:
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
