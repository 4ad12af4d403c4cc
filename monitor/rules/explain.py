"""Why a rule holds in an article or does not, what decided, and which words decided the stage of a signal."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter

from monitor.models import Article, Signal
from monitor.rules.clauses import Clause, clause_of, quoted, shortened
from monitor.rules.evaluate import Document, Span, Window, evaluate
from monitor.rules.expression import show
from monitor.rules.grammar import parse
from monitor.rules.nodes import SEARCHED, Node, Not, leaves
from monitor.rules.patterns import insert
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Rule, RulesSpec

_REASONS = 3
_REACH = 4
"""How many words before a cue a negation turns it round, as in `ruleset`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule, and how its expression came out in an article.

    `nearness` goes from 0 to 1 by the clauses that give evidence and that this rule does not share with most others:
    0 where nothing of them is there, however much the article is about the subject of all rules.
    """

    rule: Rule
    clause: Clause
    nearness: float

    @property
    def held(self) -> bool:
        """Whether the rule's expression holds."""
        return self.clause.held

    @property
    def deciding(self) -> str:
        """What decided, in a line: what is missing, or the words that made the rule hold."""
        if self.held:
            return quoted(self.clause.found) or "all of it holds, and nothing of it can be quoted"
        reasons = self.clause.reasons
        more = len(reasons) - _REASONS
        return "; ".join(reasons[:_REASONS]) + (f"; and {more} more" if more > 0 else "")


def explain(rules: RuleSet, article: Article) -> list[Explanation]:
    """Each rule with its clauses, in the order of the configuration."""
    document = rules.prepare(article)
    clauses = [clause_of(node, document) for _, node in rules.trees]
    asked = Counter(text for clause in clauses for text in {show(one.node) for one in clause.conditions()})
    common = {text for text, count in asked.items() if count > max(1, len(clauses) / 2)}
    pairs = zip(rules.trees, clauses, strict=True)
    return [Explanation(rule, clause, _own_nearness(clause, common)) for (rule, _), clause in pairs]


def explain_rule(rules: RuleSet, index: int, article: Article) -> Explanation:
    """The rule with that place in the configuration."""
    rule, node = rules.trees[index]
    clause = clause_of(node, rules.prepare(article))
    return Explanation(rule, clause, _own_nearness(clause, set()))


def _own_nearness(clause: Clause, common: set[str]) -> float:
    conditions = [one for one in clause.conditions() if not isinstance(one.node, Not)]
    evidence = [one for one in conditions if not one.aside]
    for chosen in ([one for one in evidence if show(one.node) not in common], evidence, conditions):
        found = [one.nearness for one in chosen if one.nearness is not None]
        if found:
            return sum(found) / len(found)
    return float(clause.held)


# --------------------------------------------------------------------------- the stage of a signal


@dataclass(frozen=True, slots=True)
class _Cue:
    """Words that tell a stage, with the negation that turns them round."""

    span: Span
    node: Node
    negation: Span | None


def stage_reason(rules: RuleSet, signal: Signal, article: Article) -> str:
    """Why a signal has its stage, in words: `"hands over" (cue_effective)`."""
    rule, node = next((rule, node) for rule, node in rules.trees if rule.id == signal.rule)
    if rule.stage:
        return "the rule sets it"
    document = rules.prepare(article)
    trees = _stage_trees(rules.spec)
    evidence = _window(signal, document)
    title = Window("title", 0, document.fields["title"].length)
    spans = [span for span in evaluate(node, document) or () if _inside(span, evidence)]
    for window, place in ((evidence, min(spans, default=None)), (title, None)):
        telling = [cue for stage, cue in _cues(rules.spec, trees, window, document) if stage == signal.stage]
        if telling:
            return _in_words(min(telling, key=lambda cue: _order(cue.span, place)), document)
    return "neither the sentence nor the headline has words that tell another"


def _stage_trees(spec: RulesSpec) -> dict[str, Node]:
    """The expressions of the stages, and under the empty name that of the negation."""
    patterns: dict[str, Node] = {}
    for name, expression in spec.patterns.items():
        patterns[name] = insert(parse(expression), patterns)
    trees = {stage: insert(parse(expression), patterns) for stage, expression in spec.stages.items()}
    return trees | ({"": insert(parse(spec.negation), patterns)} if spec.negation else {})


def _cues(spec: RulesSpec, trees: Mapping[str, Node], window: Window, document: Document) -> Iterator[tuple[str, _Cue]]:
    """Everything in a window that tells a stage, with the stage it tells."""
    for stage in spec.stages:
        for span in evaluate(trees[stage], document, window) or ():
            before = Window(window.field, max(0, span.start - _REACH), span.start)
            negated = evaluate(trees[""], document, before) if spec.negation else None
            cue = _Cue(span, trees[stage], min(negated, default=None) if negated else None)
            yield ("blocked" if negated is not None else stage), cue


def _window(signal: Signal, document: Document) -> Window:
    spans = document.fields[signal.field].spans
    first = bisect_left(spans, signal.start, key=itemgetter(0))
    return Window(signal.field, first, bisect_left(spans, signal.end, key=itemgetter(0)))


def _inside(span: Span, window: Window) -> bool:
    return SEARCHED[span.field] == window.field and window.start <= span.start < window.end


def _order(cue: Span, place: Span | None) -> tuple[int, int, int]:
    """The nearest to the place first, then the first, then the longest: so it is decided."""
    gap = max(0, cue.start - place.end, place.start - cue.end) if place else 0
    return gap, cue.start, -cue.end


def _in_words(cue: _Cue, document: Document) -> str:
    text = document.fields[SEARCHED[cue.span.field]]

    def quote(span: Span) -> str:
        return f'"{shortened(text.text[text.spans[span.start][0] : text.spans[span.end - 1][1]])}"'

    here = Window(text.name, cue.span.start, cue.span.end)
    name = next((leaf.group for leaf in leaves(cue.node) if cue.span in (evaluate(leaf, document, here) or ())), None)
    words = quote(cue.span) + (f" ({name})" if name and not name.startswith('"') else "")
    return f"{quote(cue.negation)} turns {words} round" if cue.negation else words
