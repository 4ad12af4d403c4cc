"""Which reader a body is for. What is no feed in XML is known by how it begins, never by its Content-Type."""

import json
from datetime import datetime
from typing import Protocol

from monitor import jsonfeed, sitemap
from monitor.errors import ParseError
from monitor.guard import Body, FetchError
from monitor.models import ParsedFeed

MAX_UNPACKED = 10_000_000
"""Bytes of a body that comes as a packed file: as many as one that does not (the default of `fetch.max_bytes`)."""
_GZIP = b"\x1f\x8b"
_PIECE = 8192
"""Bytes unpacked at a time: a body of a million packed parts is copied once for each of them, piece by piece."""
_START = 4096


class Reader(Protocol):
    """Reads bytes from `url`; raises ParseError where they are no feed of its kind."""

    def __call__(self, body: bytes, /, *, url: str, now: datetime) -> ParsedFeed: ...


def reader_of(body: bytes) -> Reader | None:
    """The reader of a JSON Feed or a sitemap; None for everything that feedparser is to judge."""
    start = body[:_START].decode(json.detect_encoding(body[:_START]), "replace").lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return jsonfeed.read
    return sitemap.read if sitemap.begins(start) else None


def unpacked(body: bytes) -> bytes:
    """The content of a body that is a gzip file, as sitemaps often are (`.xml.gz`); any other body as it is.

    Raises ParseError where it is damaged or holds more than MAX_UNPACKED bytes.
    """
    if not body.startswith(_GZIP):
        return body
    content = Body("the address", "gzip", MAX_UNPACKED)
    try:
        for start in range(0, len(body), _PIECE):
            content.add(body[start : start + _PIECE])
        return content.finish()
    except FetchError as error:
        if error.kind == "too_large":
            raise ParseError(
                f"the answer is a gzip file of more than {MAX_UNPACKED:,} bytes; that much is not read"
            ) from error
        raise ParseError("the answer begins like a gzip file, but cannot be unpacked") from error
