"""Is this the same story? Copies of one wire text are one story, told by many outlets. Pure decisions.

Outlets change a copy's headline, lead and footer, cut it, or wrap it, and leave most sentences as they came. So texts
are compared by containment of shingles (Broder 1997: the part of the shorter text's runs of four words that stand in
the other), without the lines that an outlet puts below all its texts. Where one of two articles has hardly any text,
their headlines are compared: the words they share against all their words, each weighted by how rare it is in the
archive (inverse document frequency), because headlines on one event share their common words anyway. All is compared
folded.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Literal

from monitor.folding import fold
from monitor.models import Article

VERSION = 2
"""Raised whenever the same articles would give other stories."""
WINDOW = timedelta(days=5)
"""How far apart the news of two copies may lie."""

_RUN = 4
_LEAD = 60
_SAMPLE = 8
_SHORT = 20
_RUNS = 6
_SOME = 8
_ENOUGH = 60
_CONTAINED = 0.4
_LITTLE = 0.2
_HARDLY = 0.1
_SIMILAR = 0.37
_SURE = 0.75
_FOR_EACH_LESS = 0.08
_FEW = 6
_TELLING_WORDS = 4
_LONG_HEADLINE = 6
_CUT_HEADLINE = 3
_LINE_WORDS = 4
_STEM = 5
_ACRONYM = range(2, 6)
_NUMBER = re.compile(r"\d+")

Likeness = Literal["text", "headline"]
Weigh = Callable[[str], float]
"""How much a word of a headline says: rare ones much, common ones little."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline as it is compared: all its words, the telling ones cut to their stems, and the numbers among them,
    without what is written to them: `8m` and `8 million` name the same one."""

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
    for line in filter(None, (*article.summary.splitlines(), *article.text.splitlines())):
        folded = fold(line)
        if folded.count(" ") >= _LINE_WORDS - 1:
            found[_hash(folded)] = folded
    return found


def fingerprint(article: Article, own: Iterable[str]) -> Fingerprint:
    """What is compared of an article; `own` are its lines, folded, without those of its outlet."""
    return Fingerprint(headline(article.title), frozenset(_shingles(own)), article.language)


def headline(title: str) -> Headline:
    """A headline as it is compared."""
    folded = tuple(fold(title).split())
    numbers = frozenset(found[0] for word in folded if (found := _NUMBER.search(word)))
    telling = frozenset(word[:_STEM] for word in folded if len(word) > 3 and not _NUMBER.search(word)) | numbers
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
    shared = len(one.shingles & other.shingles)
    contained = shared / shorter if shorter else 0.0
    if contained >= _CONTAINED and (shorter >= _SHORT or shared >= _RUNS):
        return "text"
    if shorter >= _ENOUGH and contained < _HARDLY:
        return None  # two long texts with nothing in common: headlines like "Haiti in brief" prove nothing
    sure = shorter >= _SOME and contained < _LITTLE
    alike = one.language == other.language and same_headline(one.headline, other.headline, weigh, sure=sure)
    return "headline" if alike else None


def same_headline(one: Headline, other: Headline, weigh: Weigh, *, sure: bool = False) -> bool:
    """Whether two headlines are one, but for a few words: only where they name the same numbers.

    The fewer words there are, the more of them must be shared, as any two short headlines on an event are alike; and
    nearly all where one has to be `sure`, because the summaries below them are different.
    """
    if one.words == other.words:
        return len(one.words) >= _LONG_HEADLINE
    if _cut(one.words, other.words) or _cut(other.words, one.words):
        return not sure
    left, right = _matched(one, other)
    fewer = min(len(left), len(right))
    if one.numbers != other.numbers or fewer < _TELLING_WORDS:
        return False
    union = sum(map(weigh, left | right))
    needed = _SURE if sure else _SIMILAR + _FOR_EACH_LESS * max(0, _FEW - fewer)
    return union > 0 and sum(map(weigh, left & right)) >= needed * union


def _cut(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether one headline is the beginning of the other; addresses of pages leave out words of one letter."""
    begin, whole = ([word for word in title if len(word) > 1] for title in (short, long))
    return _CUT_HEADLINE <= len(begin) < len(whole) and whole[: len(begin)] == begin


def _matched(one: Headline, other: Headline) -> tuple[frozenset[str], frozenset[str]]:
    """The telling words of two headlines, in the same form where one writes as one word what the other writes as two
    (anti gang, antigang), or as an acronym what the other writes in full (SG, Secretary-General)."""
    left, right = _glued(one, other), _glued(other, one)
    for acronym, run in _acronyms(other, one):
        left, right = left - run | {acronym}, right | {acronym}
    for acronym, run in _acronyms(one, other):
        left, right = left | {acronym}, right - run | {acronym}
    return left, right


def _glued(one: Headline, other: Headline) -> frozenset[str]:
    telling = one.telling
    for left, right in zip(one.words, one.words[1:], strict=False):
        if left + right in other.words:
            telling = telling - {left[:_STEM], right[:_STEM]} | {(left + right)[:_STEM]}
    return telling


def _acronyms(short: Headline, long: Headline) -> Iterator[tuple[str, frozenset[str]]]:
    """The acronyms of one headline whose words stand in the other, each with the stems of those."""
    initials = "".join(word[0] for word in long.words)
    for word in set(short.words) - set(long.words):
        at = initials.find(word) if len(word) in _ACRONYM and word.isalpha() else -1
        run = long.words[at : at + len(word)] if at >= 0 else ()
        if run and min(map(len, run)) > 1:
            yield word, frozenset(word[:_STEM] for word in run)


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
