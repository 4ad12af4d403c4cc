"""Feed bytes to entries: the one home of feedparser.

feedparser decides what a feed means; here its objects become ours. Foreign text is made plain, links absolute and
http(s) only, and dates are kept only where they are plausible.
"""

import calendar
import html
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from monitor import quickfeed
from monitor.errors import ParseError
from monitor.identity import is_aggregated
from monitor.models import Entry, Pace, ParsedFeed
from monitor.quickfeed import RawEntry, RawFeed
from monitor.text import printable, single_spaced, squeeze
from monitor.urls import web_link

_log = logging.getLogger(__name__)
MAX_ENTRIES = 2000
MAX_TITLE = 1000
MAX_TEXT = 200_000
_LARGE = 50_000
"""Bytes of a feed from which on it is odd that there is no entry in it."""
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
_HOURS = {str(hour): hour % 24 for hour in range(25)} | {f"{hour:02}": hour for hour in range(10)}
_DAYS = {
    day: number
    for number, day in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
}
_SURROGATE = re.compile(
    rb"&#(?:x0*d[89a-f][0-9a-f]{2}|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));",
    re.IGNORECASE,
)
"""A reference to half a character: feedparser gives the whole feed up over one."""
_HIDDEN = re.compile(r"<(script|style|template)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|blockquote|tr|table|section|article)|br)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def parse_feed(
    body: bytes, *, url: str, now: datetime, headers: Mapping[str, str] | None = None, seen: str = ""
) -> ParsedFeed:
    """Reads a feed: RSS, RDF, Atom, JSON Feed, or a sitemap.

    `headers` are the HTTP answer's, names in lower case; `url` makes links absolute.

    Entries whose fingerprints are in `seen` are left out. Raises ParseError where the bytes are no feed at all; a
    damaged feed gives what could be read and a `warning`.
    """
    found = parse_quickly(body, url=url, now=now, headers=headers, seen=seen)
    if found is not None:
        return found
    from monitor.formats import unpacked

    body = unpacked(body)
    raw, damage = _judged(body, url, headers or {})
    return _parsed(body, raw, damage, url, now, seen)


def parse_quickly(
    body: bytes, *, url: str, now: datetime, headers: Mapping[str, str] | None = None, seen: str = ""
) -> ParsedFeed | None:
    """The same where that is no work: in a millisecond for twenty entries. None where feedparser has to be asked."""
    from monitor.formats import reader_of, unpacked  # their readers use what stands below

    body = unpacked(body)
    if not body.strip():
        raise ParseError("the answer is empty; a feed was expected")
    read = reader_of(body)
    if read is not None:
        return read(body, url=url, now=now)
    raw = quickfeed.read(body, url, headers or {})
    return _parsed(body, raw, None, url, now, seen) if raw else None


def _parsed(body: bytes, raw: RawFeed, damage: str | None, url: str, now: datetime, seen: str) -> ParsedFeed:
    entries, marks, known = [], [], frozenset(seen.split())
    unreadable = 0
    raws = raw.entries[:MAX_ENTRIES]
    for one in raws:
        mark = _fingerprint(one)
        if mark not in known:
            try:
                entry = _entry(one, url, now)
            except Exception:  # noqa: BLE001  one odd entry must not cost the rest of its feed
                _log.exception("an entry of %s could not be read", url)
                unreadable += 1
                continue
            if entry is not None:
                entries.append(entry)
        marks.append(mark)
    unchanged = sum(mark in known for mark in marks)
    return ParsedFeed(
        entries=tuple(entries),
        title=plain(raw.title),
        language=language_code(raw.language),
        pace=Pace(_ttl(raw.ttl), _skipped(body, b"Hour", _HOURS), _skipped(body, b"Day", _DAYS)),
        format=_format(raw.version),
        warning=_warning(len(raw.entries), len(entries) + unchanged, unreadable, damage, len(body)),
        unchanged=unchanged,
        seen=" ".join(marks),
        shared=_shared(raws, url) if entries else frozenset(),
        aggregated=is_aggregated((one.title, one.outlet) for one in raws) if entries else None,
    )


def _fingerprint(raw: RawEntry) -> str:
    """The same for an entry that says the same: 64 bits, in hexadecimal."""
    texts = [raw.title, raw.link, raw.id, raw.summary or "", raw.outlet, *raw.content, *raw.authors]
    texts += [str(moment.timestamp()) for moment in raw.dates]
    return sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _shared(raws: Sequence[RawEntry], url: str) -> frozenset[str]:
    """The guids of several entries, and the links of several headlines."""
    guids = Counter(guid for guid, _, _ in {(raw.id, raw.link, raw.title) for raw in raws})
    links = Counter(link for link, _ in {(raw.link, raw.title) for raw in raws})
    several = {_guid(guid) for guid, times in guids.items() if times > 1}
    several |= {web_link(link, url) for link, times in links.items() if times > 1}
    return frozenset(filter(None, several))


def _judged(body: bytes, url: str, headers: Mapping[str, str]) -> tuple[RawFeed, str | None]:
    """What feedparser says a feed means, and what is wrong with it."""
    import feedparser  # 0.1 s: only who polls pays for it

    known = {"content-location": url} | {k: v for k, v in headers.items() if k in ("content-type", "content-language")}
    try:
        # Bytes, always: given a string, feedparser would open files and fetch addresses. What it would make of markup
        # inside texts costs it most of its time and is thrown away here, where all markup goes.
        parsed = feedparser.parse(
            _SURROGATE.sub(b"", body), response_headers=known, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        raise ParseError(f"feedparser could not read it ({type(error).__name__}: {error})") from error
    if not parsed.get("version"):
        raise ParseError(_what_it_is(body))
    feed = RawFeed(
        [_raw_entry(raw) for raw in parsed.entries],
        str(parsed.version),
        *(_text(parsed.feed, key) for key in ("title", "language", "ttl")),
    )
    return feed, _damage(parsed.get("bozo_exception"))


def _raw_entry(raw: Any) -> RawEntry:
    return RawEntry(
        title=_text(raw, "title"),
        link=_text(raw, "link"),
        id=_text(raw, "id"),
        summary=_text(raw, "summary"),
        content=[_text(part, "value") for part in raw.get("content") or ()],
        dates=_dates(raw),
        outlet=_text(raw.get("source"), "title") or _text(raw, "news_source"),
        authors=[_text(author, "name") for author in raw.get("authors") or ()],
    )


def plain(markup: str) -> str:
    """HTML as one paragraph a line of plain text: tags, scripts and comments out, entities read once."""
    text = printable(markup)
    if "<" in text:
        text = _TAG.sub("", _BLOCK.sub("\n", _HIDDEN.sub(" ", text)))
    if "&" in text:
        text = printable(html.unescape(text))
    if text.isprintable() and "  " not in text:
        return text.strip()  # most titles and names
    lines = map(str.strip, text.splitlines()) if single_spaced(text) else map(_single, text.splitlines())
    return "\n".join(filter(None, lines))


def _line(markup: str) -> str:
    return plain(markup).replace("\n", " ")


def _single(line: str) -> str:
    return " ".join(line.split())


def _entry(raw: RawEntry, base: str, now: datetime) -> Entry | None:
    link = web_link(raw.link, base)
    content = max(map(plain, raw.content), key=len, default="")
    summary = plain(raw.summary or "")
    title = _line(raw.title)[:MAX_TITLE]
    if not title:
        title = (summary or content).partition("\n")[0][:120]
    if not title and not link:
        return None  # nothing that could be shown, read or told apart
    return Entry(
        title=title or str(link),
        link=link,
        guid=_guid(raw.id),
        summary=summary[:MAX_TEXT],
        content=content[:MAX_TEXT] if content != summary else "",
        published=next((moment for moment in raw.dates if plausible(moment, now)), None),
        outlet=(_line(raw.outlet) or None) if raw.outlet else None,
        authors=tuple(filter(None, map(_line, raw.authors))),
    )


def _guid(text: str) -> str | None:
    return squeeze(printable(text))[:2000] or None


def _text(values: Any, key: str) -> str:
    """A text among feedparser's values; in a broken feed None or a mapping may stand in its place."""
    value = values.get(key) if isinstance(values, Mapping) else None
    return value if isinstance(value, str) else ""


def _dates(raw: Any) -> list[datetime]:
    """An entry's own moments, as far as they are some."""
    found = []
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        fields = dict.get(raw, key)  # its own `get` warns where it answers with another date
        if not fields:
            continue
        try:
            found.append(datetime.fromtimestamp(calendar.timegm(fields), UTC))
        except (ValueError, OverflowError, OSError):
            continue
    return found


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


def _skipped(body: bytes, what: bytes, names: Mapping[str, int]) -> frozenset[int]:
    """The hours or days at which a feed brings nothing; feedparser keeps only the last of them."""
    start = body.find(b"<skip%ss>" % what)
    inside = body[start : start + 2000].partition(b"</skip%ss>" % what)[0] if start >= 0 else b""
    found = re.findall(rb"<%b>\s*(\w{1,10})\s*</%b>" % (what.lower(), what.lower()), inside)
    return frozenset(names[name] for word in found if (name := word.decode("ascii", "replace").lower()) in names)


def language_code(value: str) -> str | None:
    """The code of a language: `fr` of `fr-HT`; None for what is none."""
    code = value.strip().lower().replace("_", "-").partition("-")[0]
    return code if re.fullmatch("[a-z]{2,3}", code) else None


def _format(version: str) -> str:
    """feedparser's `rss20` and `atom10` as people write them."""
    name, number = re.fullmatch(r"([a-z]*)(\d*).*", version).groups()  # type: ignore[union-attr]
    title = {"rss": "RSS", "atom": "Atom"}.get(name, name.upper())
    return f"{title} {int(number[:1])}.{number[1:]}" if len(number) > 1 else title


def _damage(fault: Any) -> str | None:
    # A wrong or missing Content-Type and an overridden charset are put right by feedparser and lose nothing.
    if fault is None or type(fault).__name__ in ("NonXMLContentType", "CharacterEncodingOverride"):
        return None
    return squeeze(str(fault))[:200]


def _warning(present: int, read: int, unreadable: int, damage: str | None, size: int) -> str | None:
    if present > MAX_ENTRIES:
        return f"{present - MAX_ENTRIES} entries beyond the first {MAX_ENTRIES} were left out"
    if unreadable:
        return f"{unreadable} of its {present} entries could not be read; the log says why"
    if damage is None and not read and size > _LARGE:
        return f"no entry was found in its {size // 1000:,} kB"
    if damage is None:
        return None
    return "the feed is damaged" + ("" if read else " and no entry could be read") + f": {damage}"


def _what_it_is(body: bytes) -> str:
    start = body[:2000].lstrip().lower()
    if b"<html" in start or start.startswith(b"<!doctype html"):
        return "the address answers with a web page, not with a feed; look for the feed's own address"
    return "the answer is no RSS or Atom feed"
