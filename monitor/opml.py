"""OPML, the list of feeds that readers exchange: ours as OPML 2.0, and anybody's as wishes.

What comes in is foreign: no document type, so no entities and nothing external, and a limit on the size. What people's
files have wrong is put right: a bare `&`, a charset that is not the declared one, another spelling of an attribute.
"""

import codecs
import html
import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET
from xml.parsers import expat

from monitor.errors import MonitorError
from monitor.schema import FeedSection
from monitor.sources import Wish
from monitor.text import printable, squeeze

MAX_BYTES = 10_000_000
_NAMESPACE = "urn:haiti-monitor:opml"
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_UNFIT_REFERENCE = re.compile(r"&#(?:x0*[0-8bcefBCEF]|x0*1[0-9a-fA-F]|0*[0-8]|0*1[124-9]|0*2\d|0*3[01]);")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSETS = re.compile(r"(?:iso|latin|windows|cp|koi|mac|gb|big5|shift|sjis|euc|utf)[a-z0-9_.-]*", re.IGNORECASE)
"""Charsets that feeds and their lists are really written in; a codec of Python's own is none."""


# --------------------------------------------------------------------------- ours


def write_opml(feeds: Iterable[FeedSection], now: datetime) -> str:
    """The feeds as OPML 2.0; what it has no attribute for (`outlet`, `read`) is in one of our namespace."""
    root = ET.Element("opml", {"version": "2.0", "xmlns:haiti": _NAMESPACE})
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "title").text = "Feeds of haiti-monitor"
    ET.SubElement(head, "dateCreated").text = format_datetime(now, usegmt=True)
    body = ET.SubElement(root, "body")
    for feed in feeds:
        name = squeeze(printable(feed.name))
        values = {
            "type": "rss",
            "text": name,
            "title": name,
            "xmlUrl": feed.url,
            "language": feed.language,
            "haiti:outlet": squeeze(printable(feed.outlet or "")),
            "haiti:read": feed.read,
        }
        ET.SubElement(body, "outline", {key: str(value) for key, value in values.items() if value})
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


# --------------------------------------------------------------------------- anybody's


def read_opml(content: bytes) -> list[Wish]:
    """The feeds that a file names, at any depth, in its order. Raises MonitorError with a sentence where it is no OPML.

    Outlines without an address of a feed (folders, links) are passed over.
    """
    if len(content) > MAX_BYTES:
        raise MonitorError(f"the file has more than {MAX_BYTES:,} bytes: too much for a list of feeds")
    if not content.strip():
        raise MonitorError("the file is empty; OPML was expected")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(_mended(_decoded(content)).encode(), True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise MonitorError(f"the file is no OPML: {what} in line {error.lineno}, column {error.offset + 1}") from error
    return reader.wishes


class _Reader:
    """What the parser reports, as wishes; it never builds a tree, so no depth is too deep."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self._root = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = name
            if name.casefold() != "opml":
                raise MonitorError(f"the file is no OPML: it begins with <{squeeze(name)[:40]}>, not with <opml>")
        if name.casefold() != "outline":
            return
        values = {key.rpartition(":")[2].casefold(): squeeze(html.unescape(text)) for key, text in attributes.items()}
        address = {key.casefold(): text.strip() for key, text in attributes.items()}
        url = address.get("xmlurl") or (
            address.get("url") if values.get("type", "").casefold() in ("rss", "atom") else None
        )
        if url:
            name = values.get("title") or values.get("text") or ""
            language, outlet, read = (values.get(key, "") for key in ("language", "outlet", "read"))
            self.wishes.append(Wish(url, name, language, outlet, read))

    def refuse(self, *_: object) -> None:
        raise MonitorError(
            "the file has a document type (<!DOCTYPE …>), which OPML does not need and which can make a reader "
            "fetch or grow things; take it out if you trust the file"
        )


def _decoded(content: bytes) -> str:
    """The text: by its byte order mark, as UTF-8 if it is, else as declared, else as what old programs wrote."""
    for mark, charset in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            return content.decode(charset, "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.match(content.lstrip())
    charset = declared[1].decode() if declared else ""
    if _CHARSETS.fullmatch(charset) and not charset.lower().startswith("utf"):
        try:
            return content.decode(charset, "replace")
        except LookupError:
            pass
    return content.decode("cp1252", "replace")


def _mended(text: str) -> str:
    """The text without what makes no XML: a bare `&`, control characters, white space before the declaration."""
    return _BARE.sub("&amp;", _UNFIT_REFERENCE.sub("", _UNFIT.sub("", text))).lstrip()
