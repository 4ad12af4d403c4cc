"""Feed bytes to entries: the one home of feedparser.

feedparser decides what a feed means; here its objects become ours. Foreign text is made plain, links absolute and
http(s) only, and dates are kept only where they are plausible.
"""

import calendar
import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.errors import ParseError
from monitor.models import Entry, ParsedFeed
from monitor.text import printable, squeeze
from monitor.urls import web_link

MAX_ENTRIES = 2000
MAX_TITLE = 1000
MAX_TEXT = 200_000
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
_SURROGATE = re.compile(
    rb"&#(?:x0*d[89a-f][0-9a-f]{2}|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));",
    re.IGNORECASE,
)
"""A reference to half a character: feedparser gives the whole feed up over one."""
_HIDDEN = re.compile(r"<(script|style|template)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|blockquote|tr|table|section|article)|br)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def parse_feed(body: bytes, *, url: str, now: datetime, headers: Mapping[str, str] | None = None) -> ParsedFeed:
    """Reads a feed: RSS, RDF, Atom, JSON Feed, or a sitemap.

    `headers` are the HTTP answer's, names in lower case; `url` makes links absolute.

    Raises ParseError where the bytes are no feed at all; a damaged feed gives what could be read and a `warning`.
    """
    import feedparser  # 0.1 s: only who polls pays for it

    from monitor.formats import reader_of, unpacked  # their readers use what stands below

    body = unpacked(body)
    if not body.strip():
        raise ParseError("the answer is empty; a feed was expected")
    read = reader_of(body)
    if read is not None:
        return read(body, url=url, now=now)
    known = {"content-location": url} | {
        k: v for k, v in (headers or {}).items() if k in ("content-type", "content-language")
    }
    try:
        # Bytes, always: given a string, feedparser would open files and fetch addresses.
        parsed = feedparser.parse(_SURROGATE.sub(b"", body), response_headers=known)
    except Exception as error:
        raise ParseError(f"feedparser could not read it ({type(error).__name__}: {error})") from error
    if not parsed.get("version"):
        raise ParseError(_what_it_is(body))
    entries = tuple(filter(None, (_entry(raw, url, now) for raw in parsed.entries[:MAX_ENTRIES])))
    return ParsedFeed(
        entries=entries,
        title=plain(_text(parsed.feed, "title")),
        language=language_code(_text(parsed.feed, "language")),
        ttl=_ttl(_text(parsed.feed, "ttl")),
        warning=_warning(parsed, len(entries)),
    )


def plain(markup: str) -> str:
    """HTML as one paragraph a line of plain text: tags, scripts and comments out, entities read once."""
    text = _HIDDEN.sub(" ", printable(markup))
    text = html.unescape(_TAG.sub("", _BLOCK.sub("\n", text)))
    return "\n".join(filter(None, (squeeze(line) for line in text.splitlines())))


def _entry(raw: Any, base: str, now: datetime) -> Entry | None:
    link = web_link(_text(raw, "link"), base)
    content = max((plain(_text(part, "value")) for part in raw.get("content") or ()), key=len, default="")
    summary = plain(_text(raw, "summary"))
    title = " ".join(plain(_text(raw, "title")).split())[:MAX_TITLE]
    if not title:
        title = (summary or content).partition("\n")[0][:120]
    if not title and not link:
        return None  # nothing that could be shown, read or told apart
    return Entry(
        title=title or str(link),
        link=link,
        guid=squeeze(printable(_text(raw, "id")))[:2000] or None,
        summary=summary[:MAX_TEXT],
        content=content[:MAX_TEXT] if content != summary else "",
        published=_date(raw, now),
        outlet=squeeze(plain(_text(raw.get("source"), "title") or _text(raw, "news_source"))) or None,
        authors=tuple(filter(None, (squeeze(plain(_text(author, "name"))) for author in raw.get("authors") or ()))),
    )


def _text(values: Any, key: str) -> str:
    """A text among feedparser's values; in a broken feed None or a mapping may stand in its place."""
    value = values.get(key) if isinstance(values, Mapping) else None
    return value if isinstance(value, str) else ""


def _date(raw: Any, now: datetime) -> datetime | None:
    """The entry's own moment; None where it has none, or one that cannot be (before 1990, after tomorrow)."""
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        fields = dict.get(raw, key)  # its own `get` warns where it answers with another date
        if not fields:
            continue
        try:
            moment = datetime.fromtimestamp(calendar.timegm(fields), UTC)
        except (ValueError, OverflowError, OSError):
            continue
        if plausible(moment, now):
            return moment
    return None


def plausible(moment: datetime | None, now: datetime) -> bool:
    """Whether news can be from then: not before 1990 and not after tomorrow."""
    return moment is not None and _EARLIEST <= moment <= now + _AHEAD


def moment_of(text: str, now: datetime) -> datetime | None:
    """The moment that a text in ISO 8601 (RFC 3339) tells, for a day its first; None for what is none or cannot be."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if plausible(moment, now) else None


def _ttl(value: str) -> timedelta | None:
    return timedelta(minutes=int(value)) if re.fullmatch("[0-9]{1,5}", value.strip()) else None


def language_code(value: str) -> str | None:
    """The code of a language: `fr` of `fr-HT`; None for what is none."""
    code = value.strip().lower().replace("_", "-").partition("-")[0]
    return code if re.fullmatch("[a-z]{2,3}", code) else None


def _warning(parsed: Any, count: int) -> str | None:
    dropped = len(parsed.entries) - MAX_ENTRIES
    if dropped > 0:
        return f"{dropped} entries beyond the first {MAX_ENTRIES} were left out"
    fault = parsed.get("bozo_exception")
    # A wrong or missing Content-Type and an overridden charset are put right by feedparser and lose nothing.
    if fault is None or type(fault).__name__ in ("NonXMLContentType", "CharacterEncodingOverride"):
        return None
    damage = "the feed is damaged" + ("" if count else " and no entry could be read")
    return f"{damage}: {squeeze(str(fault))[:200]}"


def _what_it_is(body: bytes) -> str:
    start = body[:2000].lstrip().lower()
    if b"<html" in start or start.startswith(b"<!doctype html"):
        return "the address answers with a web page, not with a feed; look for the feed's own address"
    return "the answer is no RSS or Atom feed"
