"""What the links of aggregators tell: Google News, Google Alerts, Bing News and other redirectors.

Some links carry the address of the article, in a parameter or in base64. Those of Google News since 2024 do not: they
hold a token that only Google's own page resolves, by a script, and that changes. They are called opaque here.
"""

import base64
import re
from urllib.parse import parse_qs, urlsplit

from monitor.urls import web_link

_STEPS = 4
"""Redirectors within redirectors that are followed."""
_HOST = r"https?://(?:[a-z0-9-]+\.)*"
_NAMED = re.compile(
    rf"{_HOST}(?:"
    r"google\.[a-z]{2,3}(?:\.[a-z]{2})?(?::\d+)?/(?:url|news/url)|"
    r"bing\.com(?::\d+)?/news/apiclick\.aspx|"
    r"facebook\.com(?::\d+)?/l\.php|"
    r"duckduckgo\.com(?::\d+)?/l/?"
    r")(?=[?#]|$)",
    re.IGNORECASE,
)
"""Redirectors that name the article's address in a parameter."""
_PARAMETERS = ("url", "q", "u", "uddg")
_GOOGLE_NEWS = re.compile(r"https?://news\.google\.[a-z]{2,3}(?:\.[a-z]{2})?(?::\d+)?(?=[/?#]|$)", re.IGNORECASE)
_TOKEN = re.compile(r"/(?:articles|read)/([A-Za-z0-9_-]+)=*$")
_PAYLOAD = re.compile(rb"\x08.\x22(?:([\x00-\x7f])|([\x80-\xff])([\x00-\x7f]))(https?://.*)", re.DOTALL | re.IGNORECASE)
"""Google's token of old: a number, then a text with its length in one byte or two (seven bits each, lowest first)."""


def target(link: str) -> str | None:
    """The address of the article behind a redirector's link, where the link itself tells it; else None.

    An article's own link is no redirector's and gives None too. Nothing is fetched.
    """
    address = link
    for _ in range(_STEPS):
        told = _told(address)
        if told is None:
            return None
        if not _redirects(told):
            return told
        address = told
    return None


def is_opaque(link: str) -> bool:
    """Whether a link is a redirector's and does not tell where it leads."""
    return _redirects(link) and target(link) is None


def _redirects(link: str) -> bool:
    return bool(_NAMED.match(link) or _GOOGLE_NEWS.match(link))


def _told(link: str) -> str | None:
    """One step: the http(s) address that a redirector's link holds."""
    named = _NAMED.match(link)
    if not named and not _GOOGLE_NEWS.match(link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    if named:
        values = parse_qs(parts.query)
        addresses = (web_link(value) for name in _PARAMETERS for value in values.get(name, ()))
        return next(filter(None, addresses), None)
    token = _TOKEN.search(parts.path)
    return _decoded(token[1]) if token else None


def _decoded(token: str) -> str | None:
    try:
        found = _PAYLOAD.match(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if found is None:
            return None
        one, low, high, rest = found.groups()
        length = one[0] if one else (low[0] & 0x7F) | high[0] << 7
        return web_link(rest[:length].decode()) if length <= len(rest) else None
    except ValueError:
        return None
