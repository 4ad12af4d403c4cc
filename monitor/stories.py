"""Is this the same story? Copies of one wire text are one story, told by many outlets. Pure decisions.

Outlets change a copy's headline, lead and footer, cut it, or wrap it, and leave most sentences as they came. So texts
are compared by containment of shingles (Broder 1997: the part of the shorter text's runs of four words that stand in
the other), without the lines that an outlet puts below all its texts. Where one of two articles has hardly any text,
their headlines are compared: the words they share against all their words, each weighted by how rare it is in the
archive (inverse document frequency), because headlines on one event share their common words anyway. All is compared
folded.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Literal

from monitor.models import Article
from monitor.text import words

VERSION = 1
"""Raised whenever the same articles would give other stories."""
WINDOW = timedelta(days=5)
"""How far apart the news of two copies may lie."""

_RUN = 4
_LEAD = 60
_SAMPLE = 8
_SHORT = 20
_ENOUGH = 60
_CONTAINED = 0.4
_HARDLY = 0.1
_SIMILAR = 0.42
_TELLING_WORDS = 4
_LONG_HEADLINE = 6
_CUT_HEADLINE = 3
_LINE_WORDS = 4
_STEM = 5

Likeness = Literal["text", "headline"]
Weigh = Callable[[str], float]
"""How much a word of a headline says: rare ones much, common ones little."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline as it is compared: all its words, the telling ones cut to their stems, and the numbers among them."""

    words: tuple[str, ...]
    telling: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared of an article."""

    headline: Headline
    shingles: frozenset[int]
    """Hashes of its runs of four words, the outlet's own lines left out."""
    language: str | None = None


# --------------------------------------------------------------------------- what is compared


def lines(article: Article) -> dict[int, str]:
    """The lines of an article's summary and text by their fingerprints; the shortest say nothing."""
    found = {}
    for line in (*article.summary.splitlines(), *article.text.splitlines()):
        folded = " ".join(word.folded for word in words(line))
        if folded.count(" ") >= _LINE_WORDS - 1:
            found[_hash(folded)] = folded
    return found


def fingerprint(article: Article, own: Iterable[str]) -> Fingerprint:
    """What is compared of an article; `own` are its lines, folded, without those of its outlet."""
    return Fingerprint(headline(article.title), frozenset(_shingles(own)), article.language)


def headline(title: str) -> Headline:
    """A headline as it is compared."""
    folded = tuple(word.folded for word in words(title))
    numbers = frozenset(word for word in folded if any(map(str.isdigit, word)))
    telling = frozenset(word[:_STEM] for word in folded if len(word) > 3) | numbers
    return Headline(folded, telling, numbers)


def _shingles(own: Iterable[str]) -> list[int]:
    """The runs of four words of some lines, in order; a line's runs do not reach into the next, which may be moved."""
    found = []
    for line in own:
        run = line.split()
        found += [zlib.crc32(" ".join(run[at : at + _RUN]).encode()) for at in range(len(run) - _RUN + 1)]
    return found


def sample(own: Iterable[str]) -> list[int]:
    """The runs under which an article is looked up: all of its beginning, which copies keep most often, and of the
    rest every eighth by its hash, so that two copies have the same ones."""
    runs = _shingles(own)
    return list(dict.fromkeys([*runs[:_LEAD], *(run for run in runs[_LEAD:] if run % _SAMPLE == 0)]))


def key(article: Article) -> str:
    """What an article's story was decided on: it changes with the article and with this module."""
    return f"{VERSION}:{_hash(chr(0).join((article.title, article.summary, article.text))):x}"


def _hash(text: str) -> int:
    """63 bits, as SQLite's integers hold them."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()) >> 1


# --------------------------------------------------------------------------- decisions


def copies(one: Fingerprint, other: Fingerprint, weigh: Weigh) -> Likeness | None:
    """By what two articles of the same days are copies of one text, or None where they are not."""
    shorter = min(len(one.shingles), len(other.shingles))
    contained = len(one.shingles & other.shingles) / shorter if shorter >= _SHORT else 0.0
    if contained >= _CONTAINED:
        return "text"
    if shorter >= _ENOUGH and contained < _HARDLY:
        return None  # two long texts with nothing in common: headlines like "Haiti in brief" prove nothing
    alike = one.language == other.language and same_headline(one.headline, other.headline, weigh)
    return "headline" if alike else None


def same_headline(one: Headline, other: Headline, weigh: Weigh) -> bool:
    """Whether two headlines are one, but for a few words: only where they name the same numbers."""
    if one.words == other.words:
        return len(one.words) >= _LONG_HEADLINE
    if _cut(one.words, other.words) or _cut(other.words, one.words):
        return True
    left, right = _glued(one, other), _glued(other, one)
    if one.numbers != other.numbers or min(len(left), len(right)) < _TELLING_WORDS:
        return False
    union = sum(map(weigh, left | right))
    return union > 0 and sum(map(weigh, left & right)) >= _SIMILAR * union


def _cut(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether one headline is the beginning of the other; addresses of pages leave out words of one letter."""
    begin, whole = ([word for word in title if len(word) > 1] for title in (short, long))
    return _CUT_HEADLINE <= len(begin) < len(whole) and whole[: len(begin)] == begin


def _glued(one: Headline, other: Headline) -> frozenset[str]:
    """The telling words of a headline, two of them as one where the other writes them so: anti gang, antigang."""
    telling = one.telling
    for left, right in zip(one.words, one.words[1:], strict=False):
        if left + right in other.words:
            telling = telling - {left[:_STEM], right[:_STEM]} | {(left + right)[:_STEM]}
    return telling


def rare_words(found: Headline, weigh: Weigh) -> list[str]:
    """The words under which a headline is looked up: so many of the rarest that a similar one must have one of them.

    Those of its beginning come with them, since a cut headline has no others; and two more of the rarest, since what
    one outlet writes as two words another writes as one.
    """
    ordered = sorted(found.telling, key=lambda word: (-weigh(word), word))
    spare = (1 - _SIMILAR) * sum(map(weigh, ordered))
    chosen = dict.fromkeys(word[:_STEM] for word in found.words[: _CUT_HEADLINE + 1])
    more = 2
    for word in ordered:
        chosen[word] = None
        spare -= weigh(word)
        more -= spare < 0
        if more < 0:
            break
    return [word for word in chosen if word in found.telling]
