"""Is this the same story? Copies of one wire text are one story, told by many outlets.

Two articles are copies where their text is the same word for word, or their headline within some days. Both are
compared folded, so that case, accents and punctuation tell nothing apart.
"""

import hashlib
from datetime import timedelta

from monitor.text import fold, words

WINDOW = timedelta(days=5)
_TEXT_WORDS = 40
_TITLE_WORDS = 6


def text_key(text: str) -> str | None:
    """Version 1 of a text's fingerprint: equal for texts of the same words; None for one too short to tell."""
    folded = [word.folded for word in words(text)]
    if len(folded) < _TEXT_WORDS:
        return None
    return hashlib.sha256(" ".join(folded).encode()).hexdigest()[:16]


def telling_title(title_key: str) -> bool:
    """Whether a headline is long enough that two articles with it are hardly two stories."""
    return len(fold(title_key).split()) >= _TITLE_WORDS
