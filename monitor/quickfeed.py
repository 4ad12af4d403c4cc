"""A second, faster reader of feeds. It answers only where feedparser is sure to read the same, else it says nothing.

feedparser remains the judge of what a feed means, and costs 0.3 ms for each entry. Most feeds are well-formed XML in
UTF-8 with a handful of elements, each of them once; for those its rules are few. Here they are followed on a tree
made by the same XML parser. Whatever is out of the ordinary (a second title, markup in place of text, an element that
feedparser gives a meaning and this module does not) is a doubt, and one doubt hands the whole feed to feedparser.
Which elements it gives a meaning is asked of its classes, not written down here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import cast
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from monitor.quickvalues import (
    ADDRESS,
    LANG,
    DoubtError,
    address,
    alternate,
    author,
    construct,
    moment,
    plain_text,
    text_of,
)

Element = ET.Element


@dataclass(slots=True)
class RawEntry:
    """An entry's texts as they stand in its feed, before they are made plain."""

    title: str = ""
    link: str = ""
    id: str = ""
    summary: str | None = None
    content: list[str] = field(default_factory=list)
    dates: list[datetime] = field(default_factory=list)
    """Its moments in UTC, the telling one first: published, updated, created."""
    outlet: str = ""
    authors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RawFeed:
    """A feed's own texts and its entries in their order."""

    entries: list[RawEntry]
    version: str
    """As feedparser names it: `rss20`, `atom10`."""
    title: str = ""
    language: str = ""
    ttl: str = ""


def read(body: bytes, url: str, headers: Mapping[str, str]) -> RawFeed | None:
    """The feed in `body`, or None where only feedparser can say what it means. Never raises.

    `headers` are those of the HTTP answer, names in lower case; `url` is where it came from.
    """
    try:
        return _read(body, url, headers)
    except (DoubtError, ET.ParseError, ValueError, LookupError, OverflowError, RecursionError):
        return None


def _read(body: bytes, url: str, headers: Mapping[str, str]) -> RawFeed:
    _check_charset(body, headers)
    if any(part in body and found.search(body) for part, found in _UNUSUAL.items()) or not ADDRESS.fullmatch(url):
        raise DoubtError
    root, vocabulary = _tree(body)
    if any(name not in ("version", LANG) and name.rpartition("}")[2].lower() in _TELLS for name in root.attrib):
        raise DoubtError
    version, children, item = _form(vocabulary, root)
    language = root.get(LANG) or headers.get("content-language", "")
    feed = RawFeed([], version, language=language.replace("_", "-"))
    _fill(feed, vocabulary, children, item, url)
    return feed


def _tree(body: bytes) -> "tuple[Element, _Vocabulary]":
    reader = ET.iterparse(BytesIO(body), ("start-ns",))  # noqa: S314  without a document type there are no entities
    vocabulary = _Vocabulary(cast("tuple[str, str]", declared) for _, declared in reader)
    return reader.root, vocabulary  # type: ignore[attr-defined]  # it is there once all is read


def _form(names: "_Vocabulary", root: Element) -> tuple[str, list[Element], str]:
    """Which kind of feed it is, what stands in it, and what an entry is called."""
    name = names.name(root.tag)
    channel = root[0] if len(root) and names.name(root[0].tag) == "channel" else None
    if root.tag == f"{_ATOM}feed":
        return "atom10", list(root), "entry"
    if channel is not None and name == "rss" and len(root) == 1 and not channel.attrib and not names.has(_RSS1):
        version = root.get("version", "")
        return "rss20" if version.startswith("2.") else _OLD.get(version, "rss"), list(channel), "item"
    alone = not names.has(_ATOM) and not names.has(_RSS09)
    if channel is not None and name == "rdf:rdf" and set(channel.attrib) <= {_ABOUT} and names.has(_RSS1) and alone:
        return "rss10", [*channel, *root[1:]], "item"
    raise DoubtError


# --------------------------------------------------------------------------- bytes and names

_ATOM = "{http://www.w3.org/2005/Atom}"
_RSS1 = "{http://purl.org/rss/1.0/}"
_RSS09 = "{http://my.netscape.com/rdf/simple/0.9/}"
_TELLS = ("version", "lang")
"""What feedparser looks for at the root, in any spelling."""
_OLD = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_DECLARED = re.compile(r"""\A<\?xml[^>]*?\bencoding\s*=\s*["']([^"'>]*)["'][^>]*\?>""")
_UNUSUAL: Mapping[bytes, re.Pattern[bytes]] = {
    b"<!DOCTYPE": re.compile(b""),  # without one there are no entities
    b"base": re.compile(rb"base\s*="),  # another base for links
    b"\xc2": re.compile(rb"\xc2[\x80-\x9f]"),  # what feedparser takes for cp1252, in UTF-8
    b"&#": re.compile(rb"&#(?:1[2-5]\d;|[xX]0*[89][\da-fA-F];|0)"),  # the same as a reference
}
"""What makes a feed one for feedparser, by a part of it that is quickly looked for."""
_NAME = re.compile(r"(?:urn|tag|yt):[!-~]+")


def _check_charset(body: bytes, headers: Mapping[str, str]) -> None:
    """Header, declaration and bytes have to agree on UTF-8 in feedparser's reading of RFC 3023."""
    if body[:1] != b"<" or (body[:5] == b"<?xml" and not body[5:6].isspace()):
        raise DoubtError
    text = body.decode()
    found = _DECLARED.match(text)
    declared = found[1].lower() if found else ""
    kind, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charset = next((part[8:].strip(" \"'") for part in parameters if part.startswith("charset=")), "")
    if {charset, declared} - {"", "utf-8"} or any("charset" in part and part[:8] != "charset=" for part in parameters):
        raise DoubtError
    told = charset or declared or (kind and not kind.startswith("text/"))
    if not told and not text.isascii():
        raise DoubtError  # feedparser guesses


class _Vocabulary:
    """The elements of one document under the names by which feedparser knows them: `title`, `dc:creator`."""

    def __init__(self, declared: Iterable[tuple[str, str]]) -> None:
        self._prefixes: dict[str, str] = {}
        self._names: dict[str, str] = {}
        known = _namespaces()
        for prefix, namespace in declared:
            if " " in namespace:
                raise DoubtError  # where feedparser's parser stops
            name = known.get(namespace.lower(), prefix.lower())
            unknown = namespace.lower() not in known
            # A default namespace that feedparser does not know is none to it: its elements look like the feed's own.
            if self._prefixes.setdefault(namespace, name) != name or (
                unknown and (not prefix or name in known.values())
            ):
                raise DoubtError

    def has(self, namespace: str) -> bool:
        """Whether a namespace, in braces, is declared anywhere."""
        return any(f"{{{declared}}}".lower() == namespace.lower() for declared in self._prefixes)

    def name(self, tag: str) -> str:
        name = self._names.get(tag)
        if name is None:
            namespace, _, local = tag.rpartition("}")
            prefix = self._prefixes[namespace[1:]] if namespace else ""
            name = self._names[tag] = f"{prefix}:{local.lower()}" if prefix else local.lower()
        return name


@cache
def _namespaces() -> Mapping[str, str]:
    from feedparser.mixin import _FeedParserMixin  # 0.1 s: only who polls pays for it

    return {namespace.lower(): prefix for namespace, prefix in _FeedParserMixin.namespaces.items()}


@cache
def _means_nothing(name: str) -> bool:
    """Whether feedparser gives an element no meaning, so that it touches nothing that is read here."""
    from feedparser.api import StrictFeedParser

    if name in _HARMLESS:
        return True
    method = name.replace(":", "_")
    return not any(hasattr(StrictFeedParser, f"_{at}_{method}") for at in ("start", "end")) and method not in _READ


_HARMLESS = frozenset(
    [
        *("category", "comments", "enclosure", "generator", "cloud", "copyright", "rights", "webmaster"),
        *("managingeditor", "lastbuilddate", "docs", "dc:subject", "dc:publisher", "dc:rights"),
        *("media:content", "media:thumbnail", "media:credit", "media:keywords", "sy:updateperiod"),
    ]
)
"""Those whose meaning touches nothing that is read here."""
_READ = frozenset(
    [
        *("title", "link", "id", "guid", "summary", "description", "content", "published", "updated"),
        *("created", "source", "author", "authors", "language", "ttl", "published_parsed", "updated_parsed"),
        *("created_parsed", "item", "entry", "channel", "links", "date", "date_parsed", "modified"),
        *("modified_parsed", "issued", "issued_parsed", "items", "entries", "news_source"),
    ]
)


# --------------------------------------------------------------------------- feeds


def _fill(feed: RawFeed, names: _Vocabulary, children: Iterable[Element], item: str, url: str) -> None:
    seen: set[str] = set()
    read = _atom_entry if item == "entry" else _rss_entry
    for child in children:
        name = names.name(child.tag)
        if name == item:
            feed.entries.append(read(names, child, url))
        elif name in ("title", "language", "ttl"):
            _once(name, seen)
            setattr(feed, name, construct(child))
        elif not _is_aside(names, child, name):
            raise DoubtError


def _is_aside(names: _Vocabulary, child: Element, name: str) -> bool:
    """Whether an element beside the entries changes none of them, nor the feed's title and language."""
    inside = {names.name(one.tag) for one in child.iter() if one is not child}
    return inside <= _INSIDE.get(name, _NOTHING) and (name in _INSIDE or _means_nothing(name))


_NOTHING = frozenset[str]()
_INSIDE: Mapping[str, frozenset[str]] = {
    "image": frozenset(("url", "title", "link", "width", "height", "description")),
    "textinput": frozenset(("title", "description", "name", "link")),
    "author": frozenset(("name", "email", "uri")),
    "contributor": frozenset(("name", "email", "uri")),
    "skiphours": frozenset(("hour",)),
    "skipdays": frozenset(("day",)),
    "items": frozenset(("rdf:seq", "rdf:li")),
    **dict.fromkeys(
        [
            *("link", "description", "subtitle", "pubdate", "updated", "id", "icon", "logo", "dc:date"),
            *("dc:creator",),
        ],
        _NOTHING,
    ),
}
"""What may stand inside an element beside the entries."""


def _once(name: str, seen: set[str]) -> None:
    if name in seen:
        raise DoubtError
    seen.add(name)


class _Parts:
    """The elements of an entry that are read: those that may stand in it once, and those that may more often."""

    __slots__ = ("once", "several")

    def __init__(self, names: _Vocabulary, item: Element, once: frozenset[str], several: frozenset[str]) -> None:
        self.once: dict[str, Element] = {}
        self.several: dict[str, list[Element]] = {}
        for child in item:
            name = names.name(child.tag)
            if name in once and name not in self.once:
                self.once[name] = child
            elif name in several:
                self.several.setdefault(name, []).append(child)
            elif name in once or len(child) or not _means_nothing(name):
                raise DoubtError


# --------------------------------------------------------------------------- entries

_RSS_ONCE = frozenset(["title", "link", "guid", "description", "content:encoded", "pubdate", "dc:date", "source"])
_RSS_SEVERAL = frozenset(["dc:creator", "author"])
_ATOM_ONCE = frozenset(["title", "id", "summary", "content", "published", "updated"])
_ATOM_SEVERAL = frozenset(["link", "author"])


def _rss_entry(names: _Vocabulary, item: Element, url: str) -> RawEntry:
    parts = _Parts(names, item, _RSS_ONCE, _RSS_SEVERAL)
    if (item.attrib and set(item.attrib) - {_ABOUT}) or len(parts.several) > 1:
        raise DoubtError
    one = parts.once.get
    link, summary, content = one("link"), one("description"), one("content:encoded")
    guid, permanent = _guid(one("guid"), url)
    return _finished(
        RawEntry(
            title=plain_text(one("title")),
            link=address(plain_text(link)) if link is not None else permanent,
            id=guid or item.get(_ABOUT, ""),
            summary=plain_text(summary) if summary is not None else None,
            content=[plain_text(content)] if content is not None else [],
            outlet=_source(one("source")),
            authors=[author(plain_text(one)) for named in parts.several.values() for one in named],
        ),
        plain_text(one("pubdate")),
        plain_text(one("dc:date")),
    )


def _guid(guid: Element | None, url: str) -> tuple[str, str]:
    """A guid, and the link that it is if it is one."""
    if guid is None:
        return "", ""
    text, permanent = text_of(guid), guid.get("isPermaLink", "true")
    if not text or set(guid.attrib) - {"isPermaLink"} or permanent not in ("true", "false"):
        raise DoubtError
    if permanent == "false":
        return text, ""
    permanent_link = urljoin(url, address(text))
    return permanent_link, permanent_link


def _source(source: Element | None) -> str:
    if source is None:
        return ""
    if set(source.attrib) - {"url"}:
        raise DoubtError
    return text_of(source)


def _atom_entry(names: _Vocabulary, item: Element, url: str) -> RawEntry:
    parts = _Parts(names, item, _ATOM_ONCE, _ATOM_SEVERAL)
    if item.attrib and set(item.attrib) - {LANG}:
        raise DoubtError
    one = parts.once.get
    title, summary, content = one("title"), one("summary"), one("content")
    name = plain_text(one("id"))
    if name and not _NAME.fullmatch(name):
        name = urljoin(url, address(name))
    alternates = [page for link in parts.several.get("link", ()) if (page := alternate(link))]
    return _finished(
        RawEntry(
            title=construct(title) if title is not None else "",
            link=alternates[-1] if alternates else name,
            id=name,
            summary=construct(summary) if summary is not None else None,
            content=[construct(content)] if content is not None else [],
            authors=[_person(names, person) for person in parts.several.get("author", ())],
        ),
        plain_text(one("published")),
        plain_text(one("updated")),
    )


def _finished(entry: RawEntry, published: str, updated: str) -> RawEntry:
    if entry.summary is None and entry.content:
        entry.summary = entry.content[0]
    entry.dates = [one for one in (moment(published), moment(updated)) if one]
    return entry


def _person(names: _Vocabulary, author: Element) -> str:
    named = [child.text or "" for child in author if names.name(child.tag) == "name"]
    others = {names.name(child.tag) for child in author} - {"name", "email", "uri"}
    if len(named) != 1 or others or author.attrib or (author.text or "").strip() or any(len(one) for one in author):
        raise DoubtError
    if any((child.tail or "").strip() for child in author) or not named[0].strip():
        raise DoubtError
    return named[0].strip()
