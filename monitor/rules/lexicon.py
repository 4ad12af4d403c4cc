"""Terms and where they stand: one pass over a folded text finds every term of every group.

The terms of a language are patterns of one Aho-Corasick automaton, with the blanks around them, so that they are found
between word borders only; `word*` goes without its closing blank.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import ahocorasick_rs

from monitor.errors import RuleError
from monitor.folding import Folded, fold
from monitor.text import words

ANY = "any"
Hits = Mapping[str, Sequence[tuple[int, int]]]
"""Per group the places where one of its terms stands, as (first word, word after the last), in order."""

_UNIT = re.compile(r"#[^\W\d_]+")
_QUANTITY = re.compile(r"(?<= )\d+([^\W\d_]+)(?= )")
_NO_PLURAL = ("s", "x", "z")
_PLURAL_IN_ES = ("es", "pt", "gl", None)
"""Languages of texts in which misión becomes misiones; in English `planes` are more than one plane, not plan."""
_CONSONANTS = frozenset("bcdfghjklmnpqrtvwyç")


@dataclass(frozen=True, slots=True)
class TermWord:
    """One word of a term: folded, wanted in capitals or not, whole or only its beginning."""

    folded: str
    capital: bool
    prefix: bool


@dataclass(frozen=True, slots=True)
class _Check:
    """What else has to be true where a pattern was found."""

    capitals: tuple[int, ...]
    """Which of its words have to stand in capitals."""
    rest: tuple[TermWord, ...]
    """The words that have to follow: those after an open end are compared one by one."""


_Meaning = tuple[int, int, tuple[str, ...], _Check | None]
"""What an occurrence of a pattern means: its words, the words after it, the groups, and what to check."""
_Automaton = tuple[ahocorasick_rs.BytesAhoCorasick, Sequence[tuple[_Meaning, ...]]]
_Term = tuple[tuple[TermWord, ...], frozenset[str]]
"""A term's words, and the groups in which it is."""


def term_words(term: str) -> tuple[TermWord, ...]:
    """The words of a term as configured.

    A word all in capitals (two letters at least) is looked for in capitals only; `*` after a word leaves its end open.
    `#m` alone stands for any number written together with these letters: 366m.
    Raises RuleError for a term without a word.
    """
    found = []
    for word in words(term):
        prefix = term[word.end : word.end + 1] == "*"
        capital = word.capital and len(word.folded) > 1 and not prefix
        found.append(TermWord(word.folded, capital, prefix))
    if not found:
        raise no_word(term)
    return tuple(found)


def no_word(term: str) -> RuleError:
    """What is wrong with a term in which no word stands."""
    return RuleError(f"{term!r} has no word to look for")


class Lexicon:
    """All terms of a rule set, ready to be found together."""

    def __init__(self, terms: Iterable[tuple[str, str, str]]) -> None:
        """`terms` are (group, language or `any`, term). Raises RuleError for a term without a word."""
        owners: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for group, language, term in terms:
            owners[term].add((group, language))
        self._units: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for term in [term for term in owners if _UNIT.fullmatch(term)]:
            self._units[fold(term)] |= owners.pop(term)
        self._terms: defaultdict[str, list[_Term]] = defaultdict(list)
        self._automata: dict[str | None, _Automaton] = {}
        self.longest = 0
        for text, found in owners.items():
            words_of = term_words(text)
            self.longest = max(self.longest, len(words_of))
            for language in {code for _, code in found}:
                self._terms[language].append((words_of, frozenset(group for group, code in found if code == language)))

    def find(self, text: Folded, language: str | None) -> Hits:
        """Where each group's terms stand; lists of another language than the text's do not count."""
        automaton, meanings = self._automaton(language)
        hits: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        line = text.line.encode()
        count = line.count
        passed = word = 0
        for pattern, _, after in automaton.find_matches_as_indexes(line, overlapping=True):
            end = after - 1
            word += count(b" ", passed, end)
            passed = end
            for length, more, groups, check in meanings[pattern]:
                place = (word - length, word + more)
                if check is None or _holds(check, place, text):
                    for group in groups:
                        hits[group].append(place)
        for group, place in self._quantities(text.line, language):
            hits[group].append(place)
        for group, places in hits.items():
            if len(places) > 1:
                hits[group] = sorted(set(places))
        return hits

    def _quantities(self, line: str, language: str | None) -> Iterator[tuple[str, tuple[int, int]]]:
        """The numbers that are written together with one of our units, such as `366m`."""
        for found in _QUANTITY.finditer(line) if self._units else ():
            for group, code in self._units.get(found[1], ()):
                if language is None or code in (ANY, language):
                    place = line.count(" ", 0, found.start()) - 1
                    yield group, (place, place + 1)

    def _automaton(self, language: str | None) -> _Automaton:
        """The automaton for texts in a language, made when it is first asked for."""
        if language not in self._automata:
            codes = list(self._terms) if language is None else [ANY, language]
            chosen = chain.from_iterable(self._terms.get(code, ()) for code in codes)
            self._automata[language] = _build(chosen, plural_in_es=language in _PLURAL_IN_ES)
        return self._automata[language]


def _build(terms: Iterable[_Term], *, plural_in_es: bool) -> _Automaton:
    patterns: dict[str, tuple[_Meaning, ...]] = {}
    for term, groups in terms:
        head, rest = _split(term)
        capitals = tuple(i for i, word in enumerate(head) if word.capital)
        check = _Check(capitals, rest) if capitals or rest else None
        meaning: _Meaning = (len(head), len(rest), tuple(sorted(groups)), check)
        alone = (meaning,)  # one for all patterns of the term: most mean nothing else
        for pattern in _patterns(head, plural_in_es):
            known = patterns.get(pattern)
            patterns[pattern] = _also(known, meaning) if known else alone
    # Of the implementations it is built four times as quickly as the full table, and searches as quickly.
    kind = ahocorasick_rs.Implementation.ContiguousNFA
    automaton = ahocorasick_rs.BytesAhoCorasick([pattern.encode() for pattern in patterns], implementation=kind)
    return automaton, list(patterns.values())


def _also(known: tuple[_Meaning, ...], meaning: _Meaning) -> tuple[_Meaning, ...]:
    """What a pattern means that has one meaning more; what differs in the groups alone becomes one."""
    length, more, groups, check = meaning
    for number, (other_length, other_more, other_groups, other_check) in enumerate(known):
        if (other_length, other_more, other_check) == (length, more, check):
            together = tuple(sorted({*other_groups, *groups}))
            return (*known[:number], (length, more, together, check), *known[number + 1 :])
    return (*known, meaning)


def _split(term: tuple[TermWord, ...]) -> tuple[tuple[TermWord, ...], tuple[TermWord, ...]]:
    """The part that the automaton looks for, to the first open end, and the words after it."""
    cut = next((number for number, word in enumerate(term, 1) if word.prefix), len(term))
    return term[:cut], term[cut:]


def _patterns(term: tuple[TermWord, ...], plural_in_es: bool) -> Iterator[str]:
    """A term as it is, with each of its words in the plural, and with all of them: `forces multinationales`."""
    close = "" if term[-1].prefix else " "
    alone = [word.folded for word in term]
    yield f" {' '.join(alone)}{close}"
    plurals = [() if word.capital or word.prefix else tuple(_plurals(word.folded, plural_in_es)) for word in term]
    for number, forms in enumerate(plurals):
        for form in forms:
            yield f" {' '.join([*alone[:number], form, *alone[number + 1 :]])}{close}"
    if sum(map(bool, plurals)) > 1:
        every = [forms[0] if forms else word for word, forms in zip(alone, plurals, strict=True)]
        yield f" {' '.join(every)}{close}"


def _plurals(word: str, plural_in_es: bool) -> Iterator[str]:
    """The plain plurals of a word, the likelier first: missions, misiones, churches, countries, bureaux."""
    if len(word) < 3 or not word.isalpha():
        return
    if word.endswith(("ch", "sh")):
        yield f"{word}es"
    elif word[-1] == "y" and word[-2] in _CONSONANTS:
        yield f"{word[:-1]}ies"
    elif word.endswith(("eau", "eu")):
        yield f"{word}x"
        yield f"{word}s"
    elif not word.endswith(_NO_PLURAL):
        yield f"{word}s"
        if plural_in_es and word[-1] in "nrld":
            yield f"{word}es"


def _holds(check: _Check, place: tuple[int, int], text: Folded) -> bool:
    """Whether the capitals and the words after an open end are there."""
    start, end = place
    after = end - len(check.rest)
    if check.rest:
        following = text.words[after:end]
        if len(following) < len(check.rest) or not all(map(_same, check.rest, following)):
            return False
    wanted = [start + i for i in check.capitals] + [after + i for i, word in enumerate(check.rest) if word.capital]
    return all(text.text[slice(*text.spans[number])].isupper() for number in wanted)


def _same(wanted: TermWord, word: str) -> bool:
    return word.startswith(wanted.folded) if wanted.prefix else word == wanted.folded
