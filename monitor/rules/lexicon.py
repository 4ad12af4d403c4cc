"""Terms and where they stand: one pass over the words of a text finds every term of every group."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import RuleError
from monitor.text import Word, words

ANY = "any"
Hits = Mapping[str, Sequence[tuple[int, int]]]
"""Per group the places where one of its terms stands, as (first word, word after the last)."""


@dataclass(frozen=True, slots=True)
class TermWord:
    """One word of a term: folded, wanted in capitals or not, whole or only its beginning."""

    folded: str
    capital: bool
    prefix: bool

    def matches(self, word: Word) -> bool:
        """Whether a word of a text is this one."""
        same = word.folded.startswith(self.folded) if self.prefix else word.folded == self.folded
        return same and (word.capital or not self.capital)


@dataclass(frozen=True, slots=True)
class _Term:
    words: tuple[TermWord, ...]
    owners: frozenset[tuple[str, str]]  # (group, language)


def term_words(term: str) -> tuple[TermWord, ...]:
    """The words of a term as configured.

    A word all in capitals (two letters at least) is looked for in capitals only; `*` after a word leaves its end open.
    Raises RuleError for a term without a word.
    """
    found = []
    for word in words(term):
        prefix = term[word.end : word.end + 1] == "*"
        capital = word.capital and len(word.folded) > 1 and not prefix
        found.append(TermWord(word.folded, capital, prefix))
    if not found:
        raise RuleError(f"{term!r} has no word to look for")
    return tuple(found)


class Lexicon:
    """All terms of a rule set, ready to be found together."""

    def __init__(self, terms: Iterable[tuple[str, str, str]]) -> None:
        """`terms` are (group, language or `any`, term). Raises RuleError for a term without a word."""
        owners: defaultdict[tuple[TermWord, ...], set[tuple[str, str]]] = defaultdict(set)
        for group, language, term in terms:
            owners[term_words(term)].add((group, language))
        self._whole: defaultdict[str, list[_Term]] = defaultdict(list)
        self._beginnings: defaultdict[str, list[_Term]] = defaultdict(list)
        for key, groups in owners.items():
            index = self._beginnings if key[0].prefix else self._whole
            index[key[0].folded].append(_Term(key, frozenset(groups)))
        self.longest = max(map(len, owners), default=0)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})

    def find(self, text: Sequence[Word], language: str | None) -> Hits:
        """Where each group's terms stand, in order; lists of another language than the text's do not count."""
        hits: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, word in enumerate(text):
            for term in self._starting_with(word):
                end = index + len(term.words)
                if end > len(text) or not all(map(TermWord.matches, term.words, text[index:end])):
                    continue
                for group, code in term.owners:
                    if (language is None or code in (ANY, language)) and (index, end) not in hits[group][-1:]:
                        hits[group].append((index, end))
        return hits

    def _starting_with(self, word: Word) -> Iterable[_Term]:
        yield from self._whole.get(word.folded, ())
        for length in self._lengths:
            if length > len(word.folded):
                break
            yield from self._beginnings.get(word.folded[:length], ())
