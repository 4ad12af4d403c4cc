"""Which addresses may be feeds: those that a page names, those it links to, and those where feeds usually are. Pure.

Nothing here knows whether an address answers with a feed; asking and reading it tells.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

from monitor.parse import plain
from monitor.sources import FEED_SCHEME, key
from monitor.text import squeeze
from monitor.urls import web_link

How = Literal["itself", "declared", "linked", "guessed"]
MAX_BYTES = 3_000_000
"""Of a page; feeds are named near its beginning, and linked at its end."""
_MOST = 500
"""Addresses of one page; what follows is no list for people."""
_LONGEST = 2000
_TYPES = frozenset(
    f"{kind}{form}"
    for kind in ("application/", "text/", "application/x-")
    for form in ("rss+xml", "atom+xml", "rdf+xml", "feed+json", "rss", "atom", "xml")
)
"""`application/json` is none of them: pages name the interface of their own site with it."""
_FOLDER = re.compile(r"(?:feeds?|rss2?|atom|rdf)", re.IGNORECASE)
_FILE = re.compile(
    r"(?:rss|feed|atom|backend)[^/]*\.(?:xml|php|json|aspx?|cfm)|index\.xml|[^/]*\.(?:rss|rdf|atom|xml)"
    r"|(?:rss|atom)[_-][^/.]*|[^/.]*[_-](?:rss|atom|feed)",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?:^|&)[^=&]*=(?:rss2?|atom|rdf|feed|backend)(?:&|$)", re.IGNORECASE)
_HOST = re.compile(r"(?:feeds?|rss)\.", re.IGNORECASE)
_NO_FEED = re.compile(
    r"(?<!news-)sitemap(?!.*news)|opensearch|wlwmanifest|browserconfig|crossdomain|xmlrpc", re.IGNORECASE
)
_PAGE = re.compile(r"\.(?:html?|jpe?g|png|gif|svg|webp|pdf|css|js|mp[34]|zip)$", re.IGNORECASE)
_COMMENTS = re.compile(r"\b(?:comments?|commentaires?|comentarios?|comentários?|kommentare?|kòmantè)\b", re.IGNORECASE)
_PLACES = (
    "/feed/",
    "/feed",
    "/rss.xml",
    "/rss",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/?feed=rss2",
    "/spip.php?page=backend",
    "/feeds/posts/default",
    "/news-sitemap.xml",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed, what the page calls it, and how it was come by."""

    url: str
    title: str = ""
    how: How = "declared"

    @property
    def comments(self) -> bool:
        """Whether it has what readers say below the news, rather than the news."""
        return is_about_comments(self.url, self.title)


def is_about_comments(url: str, title: str) -> bool:
    """Whether a feed, by its address and title, has comments and no news."""
    return bool(_COMMENTS.search(urlsplit(url).path) or _COMMENTS.search(title))


def candidates(body: bytes, url: str, headers: Mapping[str, str] | None = None) -> list[Candidate]:
    """What a page names and links to, the likeliest first: named before linked, its own site first, comments last.

    `url` is the page's own address, `headers` are its answer's, names in lower case.
    """
    page = _read(body[:MAX_BYTES], (headers or {}).get("content-type", ""))
    base = web_link(page.base, url) or url
    found: dict[str, Candidate] = {}
    for href, title, how in sorted(page.links, key=lambda link: link[2]):
        target = web_link(FEED_SCHEME.sub("", href), base)
        if target and (how == "declared" or looks_like_a_feed(target)):
            found.setdefault(key(target), Candidate(target.partition("#")[0], squeeze(plain(title))[:200], how))
    found.pop(key(url), None)
    site = _site(url)
    return sorted(found.values(), key=lambda one: (one.comments, one.how, not _site(one.url).endswith(site)))


def looks_like_a_feed(url: str) -> bool:
    """Whether an address is one that programs give to feeds."""
    parts = urlsplit(url)
    if _NO_FEED.search(parts.path):
        return False
    *folders, file = parts.path.rstrip("/").split("/")
    in_folder = any(_FOLDER.fullmatch(part) for part in (*folders, file)) and not _PAGE.search(file)
    by_query = _PARAMETER.search(parts.query) or _HOST.match(parts.hostname or "")
    return bool(in_folder or _FILE.fullmatch(file) or by_query)


def well_known(url: str) -> list[Candidate]:
    """Where the feed of a page or of its site usually is, the likeliest first."""
    path = urlsplit(url).path.strip("/")
    own = [f"{url.partition('?')[0].rstrip('/')}/feed/"] if path and "." not in path.rpartition("/")[2] else []
    return [Candidate(place, how="guessed") for place in (*own, *(urljoin(url, place) for place in _PLACES))]


# --------------------------------------------------------------------------- the page


class _Page:
    """What a parser reports of a page: no tree is built, so no page is too deep or too large for it."""

    def __init__(self) -> None:
        self.base = ""
        self.links: list[tuple[str, str, How]] = []
        self._text: list[str] | None = None
        self._anchor = ("", "")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        href = attributes.get("href", "").strip()
        if not href or len(href) > _LONGEST or len(self.links) >= _MOST:
            return
        if tag == "base":
            self.base = self.base or href
        elif tag == "link" and _is_declared(attributes):
            self.links.append((href, attributes.get("title", "")[:_LONGEST], "declared"))
        elif tag in ("a", "area"):
            self._close_anchor()
            self._anchor, self._text = (href, attributes.get("title", "")[:_LONGEST]), []

    def end(self, tag: str) -> None:
        if tag in ("a", "area"):
            self._close_anchor()

    def data(self, text: str) -> None:
        if self._text is not None and len(self._text) < 20:
            self._text.append(text[:200])

    def comment(self, text: str) -> None:
        """Not a part of what people see."""

    def close(self) -> "_Page":
        self._close_anchor()
        return self

    def _close_anchor(self) -> None:
        href, title = self._anchor
        if self._text is not None and _may_be(href):
            self.links.append((href, title or "".join(self._text), "linked"))
        self._text = None


def _read(body: bytes, kind: str) -> _Page:
    from lxml import etree  # type: ignore[import-untyped]  # 20 ms: only who looks for feeds pays for it

    if not body.strip():
        return _Page()
    page = _Page()
    parser = etree.HTMLParser(target=page, encoding=_charset(body, kind), no_network=True)
    try:
        parser.feed(body)
        parser.close()
    except (etree.XMLSyntaxError, ValueError):  # what was read until there counts
        page.close()
    return page


def _charset(body: bytes, kind: str) -> str | None:
    """The charset of a page: UTF-8 if it is, else the one of its Content-Type; None leaves it to what the page says."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)  # its last character may be cut in two
        return "utf-8"
    except UnicodeDecodeError:
        pass
    named = re.search(r"charset\s*=\s*[\"']?([a-z0-9_-]{1,40})", kind, re.IGNORECASE)
    try:
        return codecs.lookup(named[1]).name if named else None
    except LookupError:
        return None


def _is_declared(attributes: Mapping[str, str]) -> bool:
    relations = attributes.get("rel", "").casefold().split()
    kind = attributes.get("type", "").partition(";")[0].strip().casefold()
    return "feed" in relations or ("alternate" in relations and kind in _TYPES)


def _may_be(href: str) -> bool:
    """Whether a link is worth keeping, before it is known what it is relative to."""
    target = web_link(FEED_SCHEME.sub("", href), "https://example.invalid/")
    return target is not None and looks_like_a_feed(target)


def _site(url: str) -> str:
    """The host without the part that names one of its servers, `www.`."""
    return (urlsplit(url).hostname or "").removeprefix("www.")
