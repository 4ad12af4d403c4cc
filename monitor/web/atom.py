"""Developments as a feed that any reader can subscribe to (Atom, RFC 4287). Pure."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from monitor.web.words import Words, counted

_ATOM = "http://www.w3.org/2005/Atom"
ET.register_namespace("", _ATOM)


def feed(rows: Sequence[Mapping[str, Any]], words: Words, *, base: str = "", source: str = "haiti-monitor") -> bytes:
    """An Atom document of stages, an entry each, the latest first: a development that moves on is a new entry.

    `rows` have the columns of the view `timeline`, and `url` of the article that shows the stage. Entries link to their
    page below `base` (`http://127.0.0.1:4201`), else to that article. `source` tells one database from another in what
    identifies feed and entries.
    """
    root = ET.Element(f"{{{_ATOM}}}feed")
    _add(root, "title", "haiti-monitor: developments")
    _add(root, "id", _identity(source, "developments"))
    newest = max((row["told_at"] or row["since"] for row in rows), default=None)
    _add(root, "updated", newest or f"{words.now:%Y-%m-%dT%H:%M:%SZ}")
    author = ET.SubElement(root, f"{{{_ATOM}}}author")
    _add(author, "name", "haiti-monitor")
    if base:
        ET.SubElement(root, f"{{{_ATOM}}}link", rel="self", href=f"{base}/developments.atom")
        ET.SubElement(root, f"{{{_ATOM}}}link", rel="alternate", href=f"{base}/timeline")
    for row in sorted(rows, key=lambda row: (row["since"], row["development"]), reverse=True):
        _entry(root, row, words, base, source)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + document + b"\n"


def _entry(root: ET.Element, row: Mapping[str, Any], words: Words, base: str, source: str) -> None:
    entry = ET.SubElement(root, f"{{{_ATOM}}}entry")
    change = words.label(row["change"])
    _add(entry, "id", _identity(source, f"development {row['development']} {row['stage']}"))
    _add(entry, "title", f"{change} · {row['stage']}: {row['title']}")
    _add(entry, "published", row["since"])
    _add(entry, "updated", row["told_at"] or row["since"])
    address = f"{base}/developments/{row['development']}" if base else words.filters()["web"](row.get("url"))
    if address:
        ET.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=address)
    for term in (row["change"], row["stage"]):
        ET.SubElement(entry, f"{{{_ATOM}}}category", term=term)
    _add(entry, "summary", "\n".join(_said(row)))


def _said(row: Mapping[str, Any]) -> Iterable[str]:
    yield f"“{row['sentence']}”"
    if row["decided_by"]:
        yield row["decided_by"]
    yield f"{counted(row['outlets'], 'outlet')} in {counted(row['stories'], 'story', 'stories')}"


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}{name}").text = "".join(filter(_allowed, text))


def _allowed(char: str) -> bool:
    """Whether XML can hold a character."""
    return char in "\t\n\r" or " " <= char < "\ud800" or "\ue000" <= char < "\ufffe" or char > "\uffff"


def _identity(source: str, what: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"haiti-monitor:{source}:{what}").urn
