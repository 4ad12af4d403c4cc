"""Is this the same story? Copies of one wire text are one story, told by many outlets. Pure decisions.

Outlets change a copy's headline, lead and footer and leave most paragraphs as they came. So two articles within some
days are copies where paragraphs that are the same word for word make up half of the shorter text, or where a telling
headline is the same. All is compared folded: case, accents and punctuation tell nothing apart.
"""

import hashlib
from datetime import timedelta

from monitor.text import words

WINDOW = timedelta(days=5)
SHARE = 0.5
"""The part of the shorter text that must stand in the other, counted in words."""
_PARAGRAPH_WORDS = 8
_SHARED_WORDS = 30
_TITLE_WORDS = 6


def paragraphs(text: str) -> dict[str, int]:
    """A text's paragraphs as fingerprints (version 1) with their number of words; short ones say nothing."""
    found = {}
    for line in text.splitlines():
        folded = [word.folded for word in words(line)]
        if len(folded) >= _PARAGRAPH_WORDS:
            found[hashlib.sha256(" ".join(folded).encode()).hexdigest()[:16]] = len(folded)
    return found


def copies(shared: int, one: int, other: int) -> bool:
    """Whether two texts with that many words in telling paragraphs are copies, given how many of these they share."""
    return shared >= _SHARED_WORDS and shared >= SHARE * min(one, other)


def telling_title(title_key: str) -> bool:
    """Whether a headline is long enough that two articles with it are hardly two stories."""
    return len(title_key.split()) >= _TITLE_WORDS
