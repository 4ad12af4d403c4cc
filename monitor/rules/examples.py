"""The examples beside the rules are their tests: each `match` must give the rule's signal, each `ignore` none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.models import Article
from monitor.rules.explain import explain_rule, stage_reason
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Example, Rule
from monitor.text import detect_language


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not hold, and what the rule did instead; `path` leads to it in the configuration."""

    rule: str
    example: Example
    message: str
    path: tuple[str | int, ...]


def run_examples(rules: RuleSet, done: Callable[[int], None] = lambda _: None) -> list[Failure]:
    """Runs every example of every rule; the answer lists those that fail. `done` hears of so many more that ran."""
    failures: list[Failure] = []
    for index, rule in enumerate(rules.spec.rules):
        failures += _of_rule(index, rule, rules)
        done(len(rule.match) + len(rule.ignore))
    return failures


def as_article(example: Example, rules: RuleSet) -> Article:
    """An example as an article; its language is found from its words where it names none."""
    text = " ".join(filter(None, (example.title, example.summary, example.text)))
    language = example.language or detect_language(text, rules.languages)
    return Article(0, example.title, example.summary, example.text, example.outlet, language)


def _of_rule(index: int, rule: Rule, rules: RuleSet) -> Iterator[Failure]:
    for kind, examples in (("match", rule.match), ("ignore", rule.ignore)):
        for number, example in enumerate(examples):
            article = as_article(example, rules)
            signals = [s for s in rules.signals(article) if s.rule == rule.id]
            path = ("rules", index, "examples", kind, number)
            if kind == "ignore" and signals:
                yield Failure(rule.id, example, f"must be ignored, but matches: {_why(index, article, rules)}", path)
            elif kind == "match" and not signals:
                yield Failure(rule.id, example, f"must match, but does not: {_why(index, article, rules)}", path)
            elif kind == "match" and example.stage and signals[0].stage != example.stage:
                reason = stage_reason(rules, signals[0], article)
                message = f"must be {example.stage}, but is {signals[0].stage}: {reason}"
                yield Failure(rule.id, example, message, path)


def _why(index: int, article: Article, rules: RuleSet) -> str:
    """The clause that decided."""
    return explain_rule(rules, index, article).deciding
