"""How fast rules are matched: articles a second, beside the bare automaton and a plain `re` alternation.

    python benchmarks/rules.py [--articles 2000] [--terms 50,500,5000] [--json]

The articles have 600 words each, drawn from an invented vocabulary with the frequencies of natural language (Zipf), in
an English-like spelling (ASCII) and a French-like one (accents, elisions, typographic signs). The terms are one to
three words long; one in six of the longer ones is taken from an article, so that some are found. They are spread over
25 concepts, which ten rules combine in the shapes of real ones. As in a real watch every rule also wants a word of its
subject: one article of ten is about it.

rules      what a user pays: RuleSet.signals of an article, folding, word bounds and expressions included
about      the same, of the articles about the subject alone
none       the same, of articles in which no term occurs at all
automaton  the bare floor: pyahocorasick over the text folded beforehand, patterns found only counted
re         one alternation of all terms with \\b, over the text folded beforehand

CPU time of one process, the best of the repetitions; all engines take turns within each.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Sequence

import ahocorasick

from monitor.folding import Folded
from monitor.models import Article
from monitor.rules.compile import compile_rules
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Concept, Rule, RulesSpec

WORDS = 600
CONCEPTS = 25
SUBJECT = "zutopia"
STARTS = {"en": "b ch d f g h l m n p r s sh st t th tr v w", "fr": "b ch d f g l m n p qu r s t tr v gr pl ç"}
VOWELS = {"en": "a e i o u ea oo", "fr": "a e é è i o u ou eu"}
OPENINGS = {"en": ("",) * 19 + ("the ",), "fr": ("",) * 17 + ("l’", "d’", "qu'")}
MARKS = {"en": (".", ",", ";", "."), "fr": (".", ",", " ;", " …", " »")}


def vocabulary(language: str, rng: random.Random) -> list[str]:
    """20,000 invented words, the frequent ones first."""
    syllables = [start + vowel for start in STARTS[language].split() for vowel in VOWELS[language].split()]
    words: dict[str, None] = {}
    while len(words) < 20_000:
        words.setdefault("".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3, 3, 4)))))
    ordered = list(words)
    rng.shuffle(ordered)
    return ordered


def articles(language: str, words: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Texts of 600 words each, with capitals, punctuation and sentences."""
    weights = [1 / (rank + 5) for rank in range(len(words))]
    return [
        " ".join(_written(word, language, rng) for word in rng.choices(words, weights, k=WORDS)) for _ in range(count)
    ]


def _written(word: str, language: str, rng: random.Random) -> str:
    if rng.random() < 0.12:
        word = word.capitalize()
    word = rng.choice(OPENINGS[language]) + word
    return word + rng.choice(MARKS[language]) if rng.random() < 0.12 else word


def terms(count: int, words: Sequence[str], texts: Sequence[str], rng: random.Random) -> list[str]:
    """Terms of one to three words; single words are rare ones."""
    found: set[str] = set()
    while len(found) < count:
        length = rng.choice((1, 1, 2, 2, 3))
        if length > 1 and rng.random() < 1 / 6:
            text = Folded(rng.choice(texts)).words
            start = rng.randrange(len(text) - length)
            found.add(" ".join(text[start : start + length]))
        else:
            common = 2500 if length == 1 else 0
            found.add(" ".join(words[common + int(rng.random() ** 2 * 12_000)] for _ in range(length)))
    return sorted(found)


def rule_set(language: str, chosen: Sequence[str]) -> RuleSet:
    """Ten rules over 25 concepts, all about one subject."""
    concepts = {f"c{n}": Concept({language: tuple(chosen[n::CONCEPTS])}) for n in range(CONCEPTS)}
    concepts["subject"] = Concept({"any": (SUBJECT,)})
    shapes = [
        "sentence(c{0} near/8 c{1} and not c{2}) and (c{3} or c{4}) and not title:c{5}",
        "sentence((c{0} or c{1}) before/6 c{2} and not not c{3} and not (c{4} near/3 c{5}))",
        "(c{0} near/15 (c{1} and c{2})) and not c{3} and title:(c{4} or c{5})",
        "sentence(c{0} and c{1}) and (title:c{2} or summary:c{3} or text:c{4}) and not c{5}",
        "c{0} near/12 (c{1} or c{2} or c{3}) and not sentence(c{4} and c{5})",
    ]
    rules = tuple(
        Rule(f"r{n}", "change", f"{shapes[n % 5].format(*((n * 3 + k * 4) % CONCEPTS for k in range(6)))} and subject")
        for n in range(10)
    )
    compiled, problems = compile_rules(RulesSpec(rules, concepts))
    if compiled is None:
        raise SystemExit(str(problems))
    compiled.prepare(Article(0, "", "", "x", "", language))
    return compiled


def bare_automaton(chosen: Sequence[str]) -> ahocorasick.Automaton:
    """The terms as they are, between blanks."""
    automaton = ahocorasick.Automaton()
    for number, term in enumerate(chosen):
        automaton.add_word(Folded(term).line, number)
    automaton.make_automaton()
    return automaton


def seconds(run: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def measure(language: str, count: int, number: int, repetitions: int) -> dict[str, object]:
    """One line of the table."""
    rng = random.Random(number)
    words = vocabulary(language, rng)
    texts = articles(language, words, count, rng)
    chosen = terms(number, words, texts, rng)
    texts = [f"{SUBJECT} {text}" if n % 10 == 0 else text for n, text in enumerate(texts)]
    items = [Article(n, text[:60], "", text, "Outlet", language) for n, text in enumerate(texts)]
    about = items[::10]
    empty = [Article(n, "", "", "zq zj xq " * (WORDS // 3), "Outlet", language) for n in range(count)]
    folded = [Folded(text).line for text in texts]
    build = seconds(lambda: rule_set(language, chosen))
    rules, automaton = rule_set(language, chosen), bare_automaton(chosen)
    alternation = re.compile(r"\b(?:" + "|".join(sorted(chosen, key=len, reverse=True)) + r")\b")
    few = folded if number <= 500 else folded[: max(1, count // 20)]
    best = dict.fromkeys(("rules", "about", "none", "automaton", "re"), 1e9)
    for _ in range(repetitions):
        for name, run, size in (
            ("rules", lambda: [rules.signals(item) for item in items], count),
            ("about", lambda: [rules.signals(item) for item in about], len(about)),
            ("automaton", lambda: [sum(1 for _ in automaton.iter(line)) for line in folded], count),
            ("re", lambda: [len(alternation.findall(line)) for line in few], len(few)),
            ("none", lambda: [rules.signals(item) for item in empty], count),
        ):
            best[name] = min(best[name], seconds(run) / size)
    found = sum(1 for line in folded for _ in automaton.iter(line)) / count
    return {
        "language": language,
        "terms": number,
        "hits_per_article": round(found, 1),
        "signals": sum(len(rules.signals(item)) for item in items),
        "build_s": round(build, 3),
        **{f"{name}_per_s": round(1 / best[name]) for name in best},
        "of_automaton": round(best["automaton"] / best["rules"], 3),
        "us_per_article": round(best["rules"] * 1e6),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--terms", default="50,500,5000")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    columns = {
        "language": "language",
        "terms": "terms",
        "hits_per_article": "hits each",
        "build_s": "build s",
        "rules_per_s": "rules/s",
        "about_per_s": "about/s",
        "none_per_s": "none/s",
        "automaton_per_s": "automaton/s",
        "re_per_s": "re/s",
        "of_automaton": "rules : automaton",
        "time_of_fewest_terms": "time : fewest terms",
    }
    head = "  ".join(columns.values())
    if not options.json:
        print(head)
    for language in STARTS:
        first = None
        for number in map(int, options.terms.split(",")):
            row = measure(language, options.articles, number, options.repetitions)
            first = first or row["us_per_article"]
            row["time_of_fewest_terms"] = round(row["us_per_article"] / first, 2)  # type: ignore[operator]
            if options.json:
                print(json.dumps(row))
                continue
            print("  ".join(f"{row[key]:>{len(heading)}}" for key, heading in columns.items()), flush=True)


if __name__ == "__main__":
    main()
