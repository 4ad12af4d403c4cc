"""The compiled rules: an article in, its signals out, with the sentence as evidence."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from monitor.models import Article, Entry, Signal
from monitor.rules.evaluate import Document, FieldText, Span, Window, evaluate, prepare
from monitor.rules.lexicon import Lexicon
from monitor.rules.nodes import SEARCHED, Node, needed
from monitor.rules.spec import Rule, RulesSpec
from monitor.text import sentence_at

ENGINE = 1
"""Goes up when the same rules would find something else, so that stored articles are matched again."""

_NEGATION_REACH = 4
"""How many words before a cue a negation may stand: "denies that it will withdraw"."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The expressions of a rule set as trees."""

    rules: tuple[tuple[Rule, Node], ...]
    stages: tuple[tuple[str, Node], ...]
    actors: tuple[str, ...]
    negation: Node | None
    relevant: Node | None


class RuleSet:
    """The rules of a configuration, ready to use. `version` changes with anything that changes what they find."""

    def __init__(self, spec: RulesSpec, compiled: Compiled, lexicon: Lexicon, languages: Sequence[str]) -> None:
        self._compiled = compiled
        self._lexicon = lexicon
        self._needs = [needed(node) for _, node in compiled.rules]
        self.spec = spec
        self.languages = tuple(languages)
        self.version = version_of(spec)

    def prepare(self, article: Article) -> Document:
        """The article with the terms of these rules found in it."""
        return prepare(article, self._lexicon)

    def signals(self, article: Article) -> list[Signal]:
        """What the rules find, at most one signal a rule: its evidence is in the headline where it holds there."""
        document = self.prepare(article)
        present = set().union(*(field.hits for field in document.fields.values()))
        found = (
            (rule, evaluate(node, document))
            for (rule, node), needs in zip(self._compiled.rules, self._needs, strict=True)
            if not any(groups.isdisjoint(present) for groups in needs)
        )
        return [self._signal(rule, spans, document) for rule, spans in found if spans]

    def relevant(self, entry: Entry) -> bool:
        """Whether an entry's title and summary could matter, so that its page is worth reading."""
        if self._compiled.relevant is None:
            return True
        article = Article(0, entry.title, entry.summary, entry.content, entry.outlet or "", entry.language)
        return evaluate(self._compiled.relevant, self.prepare(article)) is not None

    def _signal(self, rule: Rule, spans: Sequence[Span], document: Document) -> Signal:
        span = min(spans)
        where = document.fields[SEARCHED[span.field]]
        start, end = _sentence_bounds(where, span)
        return Signal(
            rule=rule.id,
            change=rule.change,
            stage=rule.stage or self._stage(span, where, document),
            actors=self._actors(where, start, end, document),
            sentence=where.text[start:end],
            field=where.name,
            start=start,
            end=end,
            severity=rule.severity,
        )

    def _stage(self, span: Span, where: FieldText, document: Document) -> str:
        """The nearest cue in the evidence, the first of several as near; then in the headline; else `proposed`."""
        start, end = where.word_range(*_sentence_bounds(where, span))
        title = document.fields["title"]
        for window, place in (
            (Window(where.name, start, end), span),
            (Window("title", 0, len(title.words)), Span(0, 0, len(title.words))),
        ):
            cues = [
                (_gap(cue, place), cue.start, stage, cue)
                for stage, node in self._compiled.stages
                for cue in evaluate(node, document, window) or ()
            ]
            if cues:
                *_, stage, cue = min(cues, key=lambda found: found[:2])
                return "blocked" if self._negated(cue, document) else stage
        return "proposed"

    def _negated(self, cue: Span, document: Document) -> bool:
        if self._compiled.negation is None:
            return False
        before = Window(SEARCHED[cue.field], max(0, cue.start - _NEGATION_REACH), cue.start)
        return evaluate(self._compiled.negation, document, before) is not None

    def _actors(self, where: FieldText, start: int, end: int, document: Document) -> tuple[str, ...]:
        """The actors named in the evidence, in its order; where it names none, those of the headline."""
        first, last = where.word_range(start, end)
        for hits, low, high in ((where.hits, first, last), (document.fields["title"].hits, 0, 10_000)):
            named = sorted(
                (hit[0], name)
                for name in self._compiled.actors
                for hit in hits.get(actor_group(name), ())
                if low <= hit[0] < high
            )
            if named:
                return tuple(dict.fromkeys(name for _, name in named))
        return ()


def actor_group(name: str) -> str:
    """The term group of an actor: kept apart from the concepts, so that both may have the same name."""
    return f"actor:{name}"


def version_of(spec: RulesSpec) -> str:
    """A short fingerprint of what decides (examples and titles do not), stable between runs and machines."""
    deciding = replace(spec, rules=tuple(replace(rule, match=(), ignore=(), title="") for rule in spec.rules))
    content = json.dumps([ENGINE, asdict(deciding)], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _sentence_bounds(where: FieldText, span: Span) -> tuple[int, int]:
    """The offsets of the sentence, or of the neighbouring sentences, that a span stands in."""
    first = sentence_at(where.bounds, where.words[span.start].start)
    last = sentence_at(where.bounds, where.words[span.end - 1].start)
    return where.bounds[first][0], where.bounds[last][1]


def _gap(one: Span, other: Span) -> int:
    """How many words lie between two spans of a field; 0 where they touch or overlap."""
    return max(0, one.start - other.end, other.start - one.end)
