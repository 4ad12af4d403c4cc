"""Feeds as people manage them: the same address in another spelling, names, and what of a list is new. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit, urlunsplit

from monitor.models import Read
from monitor.schema import FeedSection
from monitor.text import printable, squeeze
from monitor.urls import canonical, web_link

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d)")
FEED_SCHEME = re.compile(r"^\s*feed:(?:(?://)?(?=https?://)|(?=//))", re.IGNORECASE)
"""What some pages put before the address of a feed."""
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Wish:
    """A feed that somebody wants to be read, as it was written: nothing in it is checked yet."""

    url: str
    name: str = ""
    language: str = ""
    outlet: str = ""
    read: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a list of wishes is to be done: feeds to add, feeds that are there, and addresses refused, with why."""

    added: tuple[FeedSection, ...]
    present: tuple[tuple[str, FeedSection], ...]
    """The address that was wished, and the feed that has it."""
    refused: tuple[tuple[str, str], ...]


def plan(wishes: Iterable[Wish], feeds: Iterable[FeedSection]) -> Plan:
    """Sorts wishes by what is configured and by one another; a name that is taken or lacking is made."""
    known = {key(feed.url): feed for feed in feeds}
    names = {feed.name for feed in known.values()}
    added, present, refused = [], [], []
    for wish in wishes:
        try:
            url = address(wish.url)
        except ValueError as error:
            refused.append((squeeze(wish.url)[:200], str(error)))
            continue
        if (there := known.get(key(url))) is not None:
            present.append((url, there))
            continue
        feed = section(url, unique_name(wish.name, url, names), wish)
        known[key(url)] = feed
        names.add(feed.name)
        added.append(feed)
    return Plan(tuple(added), tuple(present), tuple(refused))


def section(url: str, name: str, wish: Wish) -> FeedSection:
    """A feed as the configuration has it; what it cannot take of language and reading is left out."""
    language = wish.language.strip().lower().replace("_", "-").partition("-")[0]
    return FeedSection(
        name=name,
        url=url,
        language=language if re.fullmatch("[a-z]{2,3}", language) else None,
        outlet=squeeze(printable(wish.outlet)) or None,
        read=Read(wish.read) if wish.read in set(Read) else None,
    )


def address(text: str) -> str:
    """The address that somebody typed: `feed:` taken off, https:// put before a bare host, no fragment.

    Raises ValueError with a sentence where it is no web address.
    """
    typed = FEED_SCHEME.sub("", text.strip(), count=1)
    if typed.startswith("//") or (typed and not _SCHEME.match(typed)):
        typed = f"https://{typed.removeprefix('//')}"
    url = web_link(typed)
    if url is None:
        raise ValueError(f"{squeeze(text)[:200]!r} is no web address; it begins with https:// or http://")
    return urlunsplit(urlsplit(url)._replace(fragment=""))


def key(url: str) -> str:
    """The same for two spellings of one feed's address: scheme, `www.` and a closing slash do not tell feeds apart.

    Unlike with articles every parameter does: `?source=…` may well be what a feed is about.
    """
    bare, _, query = url.partition("#")[0].partition("?")
    return f"{canonical(bare)}?{query}"


def find(feeds: Iterable[FeedSection], what: str) -> FeedSection | None:
    """The feed with this name, else with this address."""
    feeds = tuple(feeds)
    return next((feed for feed in feeds if feed.name == what), None) or find_url(feeds, what)


def find_url(feeds: Iterable[FeedSection], url: str) -> FeedSection | None:
    """The feed with this address, exactly or in another spelling of it."""
    feeds = tuple(feeds)
    exact = next((feed for feed in feeds if feed.url == url), None)
    return exact or next((feed for feed in feeds if key(feed.url) == key(url)), None)


def unique_name(wanted: str, url: str, taken: Collection[str]) -> str:
    """A name that no feed has yet: the wanted one or the host's, if need be with the host or a number after it."""
    host = (urlsplit(url).hostname or url).removeprefix("www.")
    name = squeeze(printable(wanted))[:_LONGEST_NAME].strip() or host
    if name not in taken:
        return name
    others = (f"{name} ({host})", *(f"{name} {number}" for number in range(2, 10)))
    return next((other for other in others if other not in taken), None) or next(
        f"{name} {number}" for number in count(10) if f"{name} {number}" not in taken
    )
