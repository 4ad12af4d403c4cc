"""JSON Feed 1.0 and 1.1 (https://jsonfeed.org): bytes to entries.

Lenient as a feed reader has to be: a field of the wrong type counts as missing, and a bad item costs no other.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.errors import ParseError
from monitor.models import Entry, ParsedFeed
from monitor.parse import MAX_ENTRIES, MAX_TEXT, MAX_TITLE, language_code, moment_of, plain
from monitor.text import paragraphs, printable, squeeze
from monitor.urls import web_link

_VERSION = re.compile("https?://(?:www[.])?jsonfeed[.]org/version/")
_MAX_GUID = 2000
_MAX_AUTHORS = 50


def read(body: bytes, *, url: str, now: datetime) -> ParsedFeed:
    """Reads a JSON Feed; `url` makes its links absolute.

    Raises ParseError for everything else, broken JSON included: half of a JSON text has no meaning.
    """
    feed = _loaded(body)
    items = feed.get("items")
    if not isinstance(items, list):
        raise ParseError("the address answers with a JSON Feed that has no list of `items`")
    authors = _authors(feed)
    found = [_entry(item, url, now, authors) for item in items[:MAX_ENTRIES]]
    entries = tuple(filter(None, found))
    return ParsedFeed(
        entries=entries,
        title=plain(_text(feed, "title"))[:MAX_TITLE],
        language=language_code(_text(feed, "language")),
        format="JSON Feed",
        warning=_warning(len(items), len(found) - len(entries)),
    )


def _loaded(body: bytes) -> Mapping[str, Any]:
    """The feed's own object. Of a key that stands there twice the last counts."""
    text = body.decode(json.detect_encoding(body), "replace").lstrip("\ufeff")
    try:
        # Numbers stay as they are written: an id may be one, of any length. NaN and Infinity are no values.
        feed = json.loads(text, strict=False, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except RecursionError as error:
        raise ParseError("the address answers with JSON that is nested too deeply to be read") from error
    except ValueError as error:
        raise ParseError(f"the address answers with JSON that is damaged: {error}") from error
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(version, str) or not _VERSION.match(version):
        raise ParseError(
            "the address answers with JSON, not with an RSS or Atom feed; it is no JSON Feed either, "
            "whose `version` would begin with https://jsonfeed.org/version/"
        )
    return dict(feed)


def _entry(item: Any, base: str, now: datetime, authors: tuple[str, ...]) -> Entry | None:
    if not isinstance(item, Mapping):
        return None
    link = web_link(_text(item, "url"), base) or web_link(_text(item, "external_url"), base)
    content = plain(_text(item, "content_html")) or paragraphs(printable(_text(item, "content_text")))
    summary = plain(_text(item, "summary"))
    # By the standard titles are plain text; many programs leave entities in them all the same.
    title = squeeze(plain(_text(item, "title")))[:MAX_TITLE] or (summary or content).partition("\n")[0][:120]
    if not title and not link:
        return None  # nothing that could be shown, read or told apart
    moments = (moment_of(_text(item, key), now) for key in ("date_published", "date_modified"))
    return Entry(
        title=title or str(link),
        link=link,
        guid=squeeze(printable(_text(item, "id")))[:_MAX_GUID] or None,
        summary=summary[:MAX_TEXT],
        content=content[:MAX_TEXT] if content != summary else "",
        published=next(filter(None, moments), None),
        authors=_authors(item) or authors,
        language=language_code(_text(item, "language")),
    )


def _authors(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Their names: `authors` of 1.1, else `author` of 1.0."""
    listed = values.get("authors")
    people = listed if isinstance(listed, list) else [values.get("author")]
    return tuple(filter(None, (squeeze(plain(_text(one, "name"))) for one in people[:_MAX_AUTHORS])))


def _text(values: Any, key: str) -> str:
    value = values.get(key) if isinstance(values, Mapping) else None
    return value if isinstance(value, str) else ""


def _warning(listed: int, bad: int) -> str | None:
    faults = []
    if bad:
        faults.append(f"{bad} of its items are no objects or say nothing, and were left out")
    if listed > MAX_ENTRIES:
        faults.append(f"{listed - MAX_ENTRIES} entries beyond the first {MAX_ENTRIES} were left out")
    return "; ".join(faults) or None
