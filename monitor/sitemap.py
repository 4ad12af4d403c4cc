"""Sitemaps of news (Google's) and plain ones: bytes to entries.

A news sitemap names title, publication and date of each address. A plain one names addresses only: its titles are the
words that an address ends with, and addresses without enough of them (front pages, sections, numbers) are left out.
When a page was last changed says nothing of when its news is from, so `lastmod` dates nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from monitor.errors import ParseError
from monitor.models import Entry, ParsedFeed
from monitor.parse import MAX_ENTRIES, MAX_TITLE, language_code, moment_of, plain
from monitor.text import printable, squeeze
from monitor.urls import web_link

_ROOT = re.compile(
    r"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*+<(?:[\w.-]+:)?(?:urlset|sitemapindex)[\s/>]",
    re.DOTALL,
)
_TITLE, _NAME, _LANGUAGE = "news/title", "news/publication/name", "news/publication/language"
_DATE = "news/publication_date"
_FIELDS = frozenset({"loc", _TITLE, _NAME, _LANGUAGE, _DATE})
"""What is read of a record, by the names of the elements on the way, so that an image's title is none of its page."""
_DEPTH = 5

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_DAY = re.compile(r"^\d{4}[-_]\d\d[-_]\d\d(?=[-_])")
_NUMBER = re.compile(r"\d{5,}|(?=.*\d[a-z])[a-z0-9]{6,}", re.IGNORECASE)
"""What ends an address as a database's number of the article: 4711023, a1b2c3d4; `covid19` does not."""
_WORDS = 3
"""From so many words on the end of an address is a headline, not a section's name."""
_PARTS = 3
"""Of an address so many last parts may be its headline: others are the sections that it stands in."""
_SUGGESTED = 3


def begins(start: str) -> bool:
    """Whether a text that begins so is a sitemap or an index of sitemaps."""
    return _ROOT.match(start) is not None


def read(body: bytes, *, url: str, now: datetime) -> ParsedFeed:
    """Reads a sitemap; `url` makes its links absolute. What is damaged gives what could be read and a `warning`.

    Raises ParseError for an index of sitemaps, and where a document type is declared.
    """
    told, damage = _Records(), None
    try:
        parser = ET.XMLParser(target=told)  # noqa: S314  it refuses what could harm: every document type
        parser.feed(body)
        parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        damage = squeeze(str(error))[:200]
    if told.root == "sitemapindex":
        raise ParseError(_instead(told, url))
    names = {record[_NAME] for record in told.kept if record.get(_NAME)}
    found = (_entry(record, url, now, gathered=len(names) > 1) for record in told.kept)
    entries = tuple(filter(None, found))
    title = squeeze(plain(names.pop()))[:MAX_TITLE] if len(names) == 1 else ""
    return ParsedFeed(entries, title, warning=_warning(told, len(entries), damage), format="sitemap of news")


class _Records:
    """Takes what the XML parser tells, and keeps the fields of each record (`<url>` or `<sitemap>`), not the tree."""

    def __init__(self) -> None:
        self.root = ""
        self.kept: list[dict[str, str]] = []
        self.beyond = 0
        self._path: list[str] = []
        self._text: list[str] = []
        self._record: dict[str, str] = {}

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.root = self.root or name
        self._path.append(name)
        self._text.clear()

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, _tag: str) -> None:
        if len(self._path) == 2:
            self._keep()
        elif len(self._path) <= _DEPTH and (field := "/".join(self._path[2:])) in _FIELDS:
            self._record.setdefault(field, "".join(self._text).strip())
        self._path.pop()
        self._text.clear()

    def _keep(self) -> None:
        if len(self.kept) < MAX_ENTRIES:
            self.kept.append(self._record)
        else:
            self.beyond += 1
        self._record = {}

    def doctype(self, *_names: str | None) -> None:
        raise ParseError(
            "the sitemap declares a document type (<!DOCTYPE …>), which none needs and which could hide harm; "
            "it is not read"
        )

    def close(self) -> None: ...


def _entry(record: Mapping[str, str], base: str, now: datetime, *, gathered: bool) -> Entry | None:
    link = web_link(record.get("loc"), base)
    title = squeeze(plain(record.get(_TITLE, "")))[:MAX_TITLE] or title_of(link or "")
    if not title:
        return None
    return Entry(
        title=title,
        link=link,
        published=moment_of(record.get(_DATE, ""), now),
        outlet=squeeze(plain(record.get(_NAME, "")))[:MAX_TITLE] or None if gathered else None,
        language=language_code(record.get(_LANGUAGE, "")),
    )


def title_of(address: str) -> str:
    """The headline in words that an address ends with, or "" where it has none.

    Of https://post.example/2026/norland-offers-to-lead-4711023.html that is "Norland offers to lead".
    """
    for part in reversed(urlsplit(address).path.rstrip("/").rsplit("/", _PARTS)[-_PARTS:]):
        named = _DAY.sub("", _EXTENSION.sub("", squeeze(printable(unquote(part)))))
        words = [word for word in re.split(r"[-_+,\s]+", named) if word]
        while words and _NUMBER.fullmatch(words[-1]):
            words.pop()
        if sum(1 for word in words if any(map(str.isalpha, word))) >= _WORDS:
            title = " ".join(words)
            return (title[0].upper() + title[1:])[:MAX_TITLE]
    return ""


def _instead(told: _Records, base: str) -> str:
    """What to tell whoever gave an index: the sitemaps to use, those of news first."""
    listed = list(filter(None, (web_link(record.get("loc"), base) for record in told.kept)))
    first = sorted(listed, key=lambda address: "news" not in address.lower())[:_SUGGESTED]
    if not first:
        return "this is an index of sitemaps, no sitemap, and lists none that could be used instead"
    addresses = ", ".join(address[:300] for address in first)
    return f"this is an index of sitemaps, no sitemap; use one of the {len(listed)} that it lists, such as {addresses}"


def _warning(told: _Records, count: int, damage: str | None) -> str | None:
    if told.beyond:
        return f"{told.beyond} entries beyond the first {MAX_ENTRIES} were left out"
    if damage:
        return f"the feed is damaged{'' if count else ' and no entry could be read'}: {damage}"
    if told.kept and not count:
        return "none of its addresses has a title, in the sitemap or in its own words"
    return None
