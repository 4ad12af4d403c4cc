"""Pure helpers on text: words with their places, sentences, language."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from monitor.folding import Folded, fold

_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)
_CONTROL_BYTES = {
    b"\xc2": re.compile(rb"\xc2[\x80-\x9f]"),
    b"\xe2": re.compile(rb"\xe2(?:\x80[\x8b\x8e\x8f\xaa-\xae]|\x81[\xa0-\xa9])"),
    b"\xef": re.compile(rb"\xef(?:\xbb\xbf|\xbf[\xbe\xbf])"),
}
"""The others in UTF-8, by their first byte: looking for bytes is ten times as fast as looking at each character."""
_BLANK_BYTES = {
    b"\xc2": re.compile(rb"\xc2\xa0"),
    b"\xe1": re.compile(rb"\xe1\x9a\x80"),
    b"\xe2": re.compile(rb"\xe2(?:\x80[\x80-\x8a\xaf]|\x81\x9f)"),
    b"\xe3": re.compile(rb"\xe3\x80\x80"),
}
"""The blanks beyond ASCII."""
_ASCII_CONTROL = bytes(code for code in range(128) if _CONTROL.match(chr(code)))
_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s)|\n+")
_LONG = 5
"""No abbreviation has so many letters."""
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "gen",
        "col",
        "capt",
        "lt",
        "sgt",
        "sen",
        "rep",
        "gov",
        "st",
        "vs",
        "inc",
        "ltd",
        "jr",
        "sr",
        "sra",
        "mme",
        "mlle",
        "m",
        "mm",
        "art",
        "al",
        "etc",
        "ee",
        "uu",
    ]
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: its folded form, its place, and whether it stands in capitals."""

    folded: str
    start: int
    end: int
    capital: bool


def words(text: str) -> Iterator[Word]:
    """The words of a text in order.

    Apostrophes and hyphens separate words (`l'OEA`, `Nations-Unies`), dots within an acronym do not (`U.N.` is `un`),
    and the s of a possessive is none.
    """
    folded = Folded(text)
    for word, (start, end) in zip(folded.words, folded.spans, strict=True):
        yield Word(word, start, end, text[start:end].isupper())


def squeeze(text: str) -> str:
    """One line: control and direction characters out, white space single."""
    return " ".join((text if text.isprintable() else _CONTROL.sub(_in_place, text)).split())


def paragraphs(text: str) -> str:
    """One paragraph a line, each squeezed, empty ones gone."""
    return "\n".join(filter(None, (squeeze(line) for line in text.splitlines())))


def title_key(title: str) -> str:
    """A headline as it is compared: its folded words."""
    return fold(title)


def printable(text: str) -> str:
    """The text without what would break a database or a terminal: lone surrogates and control characters."""
    if text.isprintable():
        return text  # most titles and names; not what has several lines
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = text.encode("utf-8", "replace")
        text = content.decode()
    clean = len(content.translate(None, _ASCII_CONTROL)) == len(content)
    if clean and (len(text) == len(content) or not _any_of(_CONTROL_BYTES, content)):
        return text
    return _CONTROL.sub(_in_place, text)


def single_spaced(text: str) -> bool:
    """Whether every blank in a printable text is a space between words, so that a line needs no more than `strip`."""
    return "  " not in text and "\t" not in text and (text.isascii() or not _any_of(_BLANK_BYTES, text.encode()))


def _any_of(kinds: Mapping[bytes, re.Pattern[bytes]], content: bytes) -> bool:
    for lead, found in kinds.items():  # noqa: SIM110  twice as fast as `any`
        if lead in content and found.search(content):
            return True
    return False


def _in_place(control: re.Match[str]) -> str:
    """What stands in place of a control character: a space for those that part words, such as a form feed."""
    return " " if control.group().isspace() else ""


# --------------------------------------------------------------------------- sentences


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a text begins and ends, white space around it left out.

    A line is at least one sentence. A full stop after an abbreviation, an initial or inside an acronym ends none.
    """
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        mark, end = match.span()
        # Most marks stand after a word too long to be an abbreviation, before a capital: no need to look closer.
        plain = text[end + 1 : end + 2].isupper() and text[max(0, mark - _LONG) : mark].isalpha() and mark >= _LONG
        if not plain and text[mark] != "\n" and not _ends_sentence(text, match):
            continue
        _append(bounds, text, start, end)
        start = end
    _append(bounds, text, start, len(text))
    return bounds


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    following = text[match.end() : match.end() + 50].lstrip()[:1]
    if following.islower():
        return False
    if match.group()[0] != ".":
        return True
    before = re.search(r"[\w.]*$", text[max(0, match.start() - 12) : match.start()])
    word = before.group() if before else ""
    initial = (len(word) == 1 and word.isupper()) or "." in word
    numero = fold(word) in ("no", "nos") and following.isdigit()
    return not (initial or numero or fold(word) in _ABBREVIATIONS)


def _append(bounds: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    stretch = text[start:end]
    stripped = stretch.strip()
    if stripped:
        begin = start + len(stretch) - len(stretch.lstrip())
        bounds.append((begin, begin + len(stripped)))


# --------------------------------------------------------------------------- language


@lru_cache(maxsize=8)
def _identifier(languages: tuple[str, ...]) -> Any | None:
    """A judge between those of the languages that the model knows; None where it knows none of them."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # the model takes time to load: only when asked

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    understood = [code for code in languages if code in identifier.nb_classes]
    if not understood:
        return None
    identifier.set_languages(understood)
    return identifier


def detect_language(text: str, languages: Iterable[str], *, sure: float = 0.9) -> str | None:
    """The language a text is written in, one of `languages`, or None where the text does not show it clearly."""
    known = tuple(sorted(set(languages)))
    if len(text) < 20 or not known:
        return None
    identifier = _identifier(known)
    if identifier is None:
        return None
    code, probability = identifier.classify(text[:5000])
    return str(code) if probability >= sure else None
