"""The compiled rules: an article in, its signals out, with the sentence as evidence."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from operator import itemgetter
from typing import Any

from monitor.models import Article, Entry, Match, Signal
from monitor.rules.deciding import deciding
from monitor.rules.evaluate import Document, FieldText, Span, Window, evaluate, evidence, nearly, prepare
from monitor.rules.lexicon import Lexicon
from monitor.rules.nodes import SEARCHED, Node, leaves, needed
from monitor.rules.spec import Rule, RulesSpec

ENGINE = 4
"""Goes up when the same rules would find something else, so that stored articles are matched again."""

_NO_CUE = 1000
"""Added to a distance in words where the evidence has no cue of its own: that of another rule is to be believed."""
_UNTOLD = 2 * _NO_CUE
"""The distance where the headline has none either."""
_SET = -1
"""A stage that the rule itself sets is nearer than any cue."""
_NEGATION_REACH = 4
"""How many words before a cue a negation may stand: "denies that it will withdraw"."""
_NEARLY = 3
"""How many rules that nearly held are told of an article."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The expressions of a rule set as trees."""

    rules: tuple[tuple[Rule, Node], ...]
    stages: tuple[tuple[str, Node], ...]
    actors: tuple[str, ...]
    negation: Node | None
    relevant: Node | None
    roles: tuple[tuple[str, Node], ...] = ()


class RuleSet:
    """The rules of a configuration, ready to use. `version` changes with anything that changes what they find."""

    def __init__(self, spec: RulesSpec, compiled: Compiled, lexicon: Lexicon, languages: Sequence[str]) -> None:
        self._compiled = compiled
        self._lexicon = lexicon
        self._needs = [needed(node) for _, node in compiled.rules]
        self._groups = {rule.id: frozenset(leaf.group for leaf in leaves(node)) for rule, node in compiled.rules}
        self.spec = spec
        self.languages = tuple(languages)
        self.trees = compiled.rules
        """Each rule with its expression."""
        self.version = version_of(spec)

    def prepare(self, article: Article) -> Document:
        """The article with the terms of these rules found in it."""
        return prepare(article, self._lexicon)

    def signals(self, article: Article) -> list[Signal]:
        """What the rules find, at most one signal a rule: its evidence is in the headline where it holds there."""
        return self.match(article).signals

    def match(self, article: Article) -> Match:
        """What the rules find and, where they find nothing, those that nearly held."""
        document = self.prepare(article)
        present = set().union(*(field.hits for field in document.fields.values()))
        tried = [
            (rule, node, evidence(node, document))
            for (rule, node), needs in zip(self._compiled.rules, self._needs, strict=True)
            if not any(groups.isdisjoint(present) for groups in needs)
        ]
        signals = _one_stage([self._signal(rule, spans, document) for rule, _, spans in tried if spans])
        missed = [] if signals else (rule.id for rule, node, spans in tried if spans is None and nearly(node, document))
        return Match(signals, list(islice(missed, _NEARLY)))

    def relevant(self, entry: Entry) -> bool:
        """Whether an entry's title and summary could matter, so that its page is worth reading."""
        if self._compiled.relevant is None:
            return True
        article = Article(0, entry.title, entry.summary, entry.content, entry.outlet or "", entry.language)
        return evaluate(self._compiled.relevant, self.prepare(article)) is not None

    def _signal(self, rule: Rule, spans: Sequence[Span], document: Document) -> tuple[Signal, int]:
        """The signal of a rule that held, and how far from its evidence the cue of its stage stands, in words."""
        span = min(spans)
        where = document.fields[SEARCHED[span.field]]
        first, last = where.sentences_of(span)
        window = Window(where.name, where.sentences[first][0], where.sentences[last][1])
        start, end = where.bounds[first][0], where.bounds[last][1]
        stage, gap, cue = (rule.stage, _SET, None) if rule.stage else self._stage(span, window, document)
        signal = Signal(
            rule=rule.id,
            change=rule.change,
            stage=stage,
            actors=self._actors(where, window, document),
            sentence=where.text[start:end],
            field=where.name,
            start=start,
            end=end,
            severity=rule.severity,
            roles=self._roles(where, window, document),
            words=deciding(self._groups[rule.id], [*spans, cue] if cue else spans, where, window),
        )
        return signal, gap

    def _stage(self, span: Span, sentence: Window, document: Document) -> tuple[str, int, Span | None]:
        """The nearest cue in the evidence, then in the headline; else `proposed`. Of those as near, the first and then
        the longest: "will not send" is no "will". With it, how far it is and where it stands.
        """
        title = document.fields["title"]
        far = 0
        for window, place in (
            (sentence, span),
            (Window("title", 0, title.length), Span(0, 0, title.length)),
        ):
            cues = [
                (_gap(cue, place), cue.start, cue.start - cue.end, stage, cue)
                for stage, node in self._compiled.stages
                for cue in evaluate(node, document, window) or ()
            ]
            if cues:
                gap, *_, stage, cue = min(cues, key=lambda found: found[:3])
                return "blocked" if self._negated(cue, document) else stage, far + gap, cue
            far = _NO_CUE
        return "proposed", _UNTOLD, None

    def _negated(self, cue: Span, document: Document) -> bool:
        if self._compiled.negation is None:
            return False
        before = Window(SEARCHED[cue.field], max(0, cue.start - _NEGATION_REACH), cue.start)
        return evaluate(self._compiled.negation, document, before) is not None

    def _roles(self, where: FieldText, window: Window, document: Document) -> tuple[tuple[str, str], ...]:
        """Who does what in the evidence: the actor stands at an end of a place where the role's expression holds."""
        named = sorted(
            (*hit, name)
            for name in self._compiled.actors
            for hit in where.hits.get(actor_group(name), ())
            if window.start <= hit[0] < window.end
        )
        found: dict[tuple[str, str], None] = {}
        for role, node in self._compiled.roles if named else ():
            spans = evaluate(node, document, window) or []
            nearest = [span for span in spans if not any(_within(other, span) for other in spans)]
            at_end = {i for i, (a, b, _) in enumerate(named) for span in nearest if a == span.start or b == span.end}
            for i, (first, last, name) in enumerate(named):
                # "the US, Canada": who is named right beside one has the same role.
                if any(first - named[j][1] == 0 or named[j][0] - last == 0 or i == j for j in at_end):
                    found.setdefault((role, name))
        return tuple(found)

    def _actors(self, where: FieldText, sentence: Window, document: Document) -> tuple[str, ...]:
        """The actors named in the evidence, in its order, then those of the headline above it where it stands in the
        summary or names none."""
        named = self._named(where, sentence.start, sentence.end)
        if where.name == "summary" or not named:
            title = document.fields["title"]
            named = dict.fromkeys([*named, *self._named(title, 0, title.length)])
        return tuple(named)

    def _named(self, where: FieldText, low: int, high: int) -> dict[str, None]:
        hits = sorted(
            (hit[0], name)
            for name in self._compiled.actors
            for hit in where.hits.get(actor_group(name), ())
            if low <= hit[0] < high
        )
        return dict.fromkeys(name for _, name in hits)


def _one_stage(found: Sequence[tuple[Signal, int]]) -> list[Signal]:
    """Signals of one change in one sentence tell one stage: that whose cue stands nearest to what was found."""
    nearest: dict[tuple[str, str, int], tuple[int, str]] = {}
    for signal, gap in found:
        key = (signal.change, signal.field, signal.start)
        nearest[key] = min(nearest.get(key, (gap, signal.stage)), (gap, signal.stage), key=itemgetter(0))
    return [
        replace(signal, stage=stage, guessed=gap >= _UNTOLD)
        for signal, _ in found
        for gap, stage in [nearest[signal.change, signal.field, signal.start]]
    ]


def actor_group(name: str) -> str:
    """The term group of an actor: kept apart from the concepts, so that both may have the same name."""
    return f"actor:{name}"


def version_of(spec: RulesSpec) -> str:
    """A short fingerprint of what decides (examples and titles do not), stable between runs and machines."""
    deciding = replace(spec, rules=tuple(replace(rule, match=(), ignore=(), title="") for rule in spec.rules))
    content = json.dumps([ENGINE, deciding], sort_keys=True, ensure_ascii=True, default=_as_mapping)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _as_mapping(record: Any) -> dict[str, Any]:
    """The fields of a record; `asdict` would copy every term of every list."""
    return {one.name: getattr(record, one.name) for one in fields(record)}


def _within(one: Span, other: Span) -> bool:
    """Whether a span lies inside another that is longer."""
    return one != other and other.start <= one.start and one.end <= other.end


def _gap(one: Span, other: Span) -> int:
    """How many words lie between two spans of a field; 0 where they touch or overlap."""
    return max(0, one.start - other.end, other.start - one.end)
