"""Folding: a text as one line of its words, without case, accents and punctuation, and the way back to the original.

    " kenya led mission in haiti "  <-  "Kenya-led mission, in Haïti"

One blank stands between and around the words, so a search engine finds a term between word borders by looking for
" term ". The way back is computed only when somebody asks where a word stands.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate

_POSSESSIVE = "s"
"""What an apostrophe leaves of a possessive is no word: the term `Kenya mission` is found in "Kenya's mission"."""
_INNER_DOT = re.compile(r"\.(?=[^\W\d_]\.)")
_WORD = re.compile(r"\S+")
_DROPPED = frozenset("\u00ad\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff")


_LETTERS = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i"}
"""Letters that Unicode does not take apart."""


class _Chars(dict[int, str]):
    """What a character becomes: letters and digits, nothing (an accent of its own), or a blank."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _char(chr(code))
        return folded


def _char(char: str) -> str:
    if char in _DROPPED:
        return ""
    if char.lower() in _LETTERS:
        return _LETTERS[char.lower()]
    # Twice, because taking a character apart may leave capitals behind.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char.casefold()).casefold())
    kept = [c for c in apart if not unicodedata.combining(c)]
    return "".join(c for c in kept if c.isalnum()) or " " * bool(kept)


_CHARS = _Chars()
_CODEC = "cp1252"  # Western European letters and the typographic quotes and dashes, a byte each
_WESTERN = {bytes([code]).decode(_CODEC, "replace"): code for code in range(256)}
_BYTES = bytearray(b" " * 256)
for _each, _code in _WESTERN.items():
    if len(_char(_each)) == 1 and ord(_char(_each)) < 256:
        _BYTES[_code] = ord(_char(_each))
_DOUBLE = re.compile(f"[{''.join(char for char in _WESTERN if len(_char(char)) == 2)}]")
"""Those that become two letters: œ, ß, ½."""
_OTHER = re.compile(f"[{''.join(char for char in _WESTERN if not _char(char) or ord(_char(char)[0]) > 255)}]")
"""Those that become nothing, or a letter of another alphabet: the soft hyphen, µ."""


class Folded:
    """A text, folded: `line` has its words, `spans` tells where each of them stands in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._acronyms: dict[int, int] = {}
        if _INNER_DOT.search(text):
            text, self._acronyms = _joined_acronyms(text)
        flat, self._ends, self._doubled = _flat(text)
        self._flat = flat
        self.line = f" {' '.join(flat.split())} "
        if f" {_POSSESSIVE} " in self.line:
            self.line = f" {' '.join(word for word in flat.split() if word != _POSSESSIVE)} "

    @cached_property
    def words(self) -> list[str]:
        """The folded words."""
        return self.line.split()

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Start and end of each word in the text."""
        flat = [found.span() for found in _WORD.finditer(self._flat) if found.group() != _POSSESSIVE]
        if self._ends is not None or self._doubled:
            flat = [(self._origin(start), self._origin(end - 1) + 1) for start, end in flat]
        return [(start, self._acronyms.get(start, end)) for start, end in flat] if self._acronyms else flat

    def ranges(self, bounds: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Stretches of the text, which follow one another and cut no word, as ranges of words."""
        found = []
        passed = 0
        for start, end in bounds:
            chunk = self._flat[self._place(start) : self._place(end)].split()
            count = len(chunk) - chunk.count(_POSSESSIVE)
            found.append((passed, passed + count))
            passed += count
        return found

    def _place(self, origin: int) -> int:
        """Where in the folded text a character of the original begins."""
        if self._ends is not None:
            return self._ends[origin - 1] if origin else 0
        return origin + bisect_left(self._doubled, origin)

    def _origin(self, place: int) -> int:
        if self._ends is not None:
            return bisect_right(self._ends, place)
        doubled = self._doubled
        return place - bisect_right(range(len(doubled)), place, key=lambda number: doubled[number] + number + 1)


def _flat(text: str) -> tuple[str, list[int] | None, list[int]]:
    """The text with each character folded, and how to come back: where what each became ends, or those that doubled."""
    if text.isascii():
        return text.encode().translate(_BYTES).decode(), None, []
    try:
        if not _OTHER.search(text):
            doubled = [found.start() for found in _DOUBLE.finditer(text)]
            plain = _DOUBLE.sub(lambda found: _CHARS[ord(found.group())], text) if doubled else text
            return plain.encode(_CODEC).translate(_BYTES).decode("latin-1"), None, doubled
    except UnicodeEncodeError:
        pass  # it has letters beyond Western Europe: each is looked up by itself
    pieces = [_CHARS[ord(char)] for char in text]
    return "".join(pieces), list(accumulate(map(len, pieces))), []


def _joined_acronyms(text: str) -> tuple[str, dict[int, int]]:
    """`U.N.-led` as `UN  -led`, an acronym being one word, of the same length; and where each begins and ends."""
    pieces = []
    ends: dict[int, int] = {}
    done = 0
    for dot in _INNER_DOT.finditer(text):
        start = end = dot.start() - 1
        if start < done or not text[start].isalpha() or (start and text[start - 1].isalnum()):
            continue
        while text[end : end + 1].isalpha() and text[end + 1 : end + 2] == ".":
            end += 2
        letters = text[start:end:2]
        pieces += [text[done:start], letters, " " * (end - start - len(letters))]
        ends[start] = done = end
    return "".join([*pieces, text[done:]]), ends


def fold(text: str) -> str:
    """The words of a text in one line: `HAÏTI` and `𝐇𝐚𝐢𝐭𝐢` become `haiti`."""
    if text.isascii() and "." not in text:
        words = text.encode().translate(_BYTES).decode().split()  # most headlines
        return " ".join(words if _POSSESSIVE not in words else (word for word in words if word != _POSSESSIVE))
    return Folded(text).line.strip()
