"""The values in a feed's elements, as `quickfeed` reads them: where feedparser could mean something else, a doubt."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

ADDRESS = re.compile(r"https?://(?![/?#])[!-Z^-~]+")
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class DoubtError(Exception):
    """Something is out of the ordinary."""


def text_of(element: Element) -> str:
    """The text of an element without others inside, as feedparser hands it on."""
    if len(element):
        raise DoubtError
    text = (element.text or "").strip()
    if text.isascii():
        return text
    try:  # UTF-8 that was taken for Latin-1 and encoded once more
        return text.encode("iso-8859-1").decode()
    except ValueError:
        return text


def plain_text(element: Element | None) -> str:
    if element is None:
        return ""
    if element.attrib:
        raise DoubtError
    return text_of(element)


def address(text: str) -> str:
    """An absolute address that needs no mending."""
    if not ADDRESS.fullmatch(text) or ":///" in text or re.search(r"&\w+;|[?#;](?:[?#]|$)", text):
        raise DoubtError
    return text


def alternate(link: Element) -> str | None:
    """The address of the page, where an Atom link names that."""
    kinds = {name.lower(): value.lower() for name, value in link.attrib.items()}
    if len(link) or (link.text or "").strip() or "href" not in link.attrib or {"url", "uri"} & set(kinds):
        raise DoubtError
    rel = kinds.get("rel", "alternate")
    kind = kinds.get("type", "text/html")
    if rel != "alternate" or kind not in ("text/html", "html", "xhtml", "application/xhtml+xml"):
        return None
    return address(link.attrib["href"])


def construct(element: Element) -> str:
    """An Atom text: plain, or HTML with its markup escaped."""
    if set(element.attrib) - {"type", LANG} or element.get("type", "text") not in ("text", "html", "text/html"):
        raise DoubtError
    return text_of(element)


def author(text: str) -> str:
    if not text or "@" in text:
        raise DoubtError  # feedparser takes an address apart from the name
    return text


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RFC822 = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun), )?(\d\d?) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d)"
    r" (gmt|utc|([+-])(\d\d)(\d\d))",
    re.IGNORECASE | re.ASCII,
)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def moment(text: str) -> datetime | None:
    """A date in one of the two usual spellings, in UTC and whole seconds; None where there is none."""
    if not text:
        return None
    if _RFC3339.fullmatch(text):
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    found = _RFC822.fullmatch(text)
    if found is None:
        raise DoubtError
    day, month, year, hour, minute, second, _, sign, hours, minutes = found.groups()
    local = datetime(
        int(year), _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
    )
    if not sign:
        return local
    away = timedelta(hours=int(hours), minutes=int(minutes))
    return local - away if sign == "+" else local + away
