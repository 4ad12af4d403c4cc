"""Sentences with the words that decided, as parts to draw: text, and whether it is to be marked. Pure."""

from collections.abc import Iterator

PARTED = " | "
OPEN, CLOSE = "\x02", "\x03"
"""What full-text search puts around what it found; no text has them, since control characters are cleaned away."""


def marked(sentence: str, words: str) -> list[tuple[str, bool]]:
    """The sentence in parts; `words` are the deciding ones as the store has them, in the order of the sentence."""
    parts: list[tuple[str, bool]] = []
    end = 0
    for one in words.split(PARTED) if words else ():
        start = sentence.find(one, end)
        if start < 0 or not one:
            continue
        parts += [(sentence[end:start], False), (one, True)]
        end = start + len(one)
    parts.append((sentence[end:], False))
    return [part for part in parts if part[0]]


def found(excerpt: str) -> list[tuple[str, bool]]:
    """An excerpt of full-text search in parts."""
    return list(_found(excerpt))


def _found(excerpt: str) -> Iterator[tuple[str, bool]]:
    for piece in excerpt.split(OPEN):
        inside, closed, outside = piece.partition(CLOSE)
        if not closed:
            inside, outside = "", piece
        if inside:
            yield inside, True
        if outside:
            yield outside, False
