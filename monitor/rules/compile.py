"""From the configured rules to a RuleSet, or to the list of everything that is wrong with them."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from monitor.errors import RuleError
from monitor.folding import fold
from monitor.rules.grammar import parse
from monitor.rules.lexicon import Lexicon, no_word, term_words
from monitor.rules.nodes import Node, finds_something, leaves
from monitor.rules.patterns import insert
from monitor.rules.ruleset import Compiled, RuleSet, actor_group
from monitor.rules.spec import ACTOR, STAGES, Concept, RulesSpec, SpecProblem

Path = tuple[str | int, ...]


def compile_rules(spec: RulesSpec) -> tuple[RuleSet | None, list[SpecProblem]]:
    """The rule set, or None with every problem that stands in its way."""
    problems = [*_concept_problems(spec), *_rule_problems(spec)]
    trees: dict[Path, Node] = {}
    patterns: dict[str, Node] = {}
    for path, text in _expressions(spec):
        try:
            plain = parse(text)
            problems += _unknown_names(path, plain, spec, patterns)
            trees[path] = insert(plain, patterns)
            if path[0] == "patterns":
                patterns[str(path[1])] = trees[path]
            if path[0] == "rules" and not finds_something(trees[path]):
                problems.append(
                    SpecProblem(path, "this would hold by what is absent: name something that must be there")
                )
        except RuleError as error:
            problems.append(SpecProblem(path, str(error), error.column))
    if problems:
        return None, problems
    compiled = Compiled(
        rules=tuple((rule, trees["rules", index, "when"]) for index, rule in enumerate(spec.rules)),
        stages=tuple((stage, trees["stages", stage]) for stage in spec.stages),
        actors=tuple(spec.actors),
        negation=trees.get(("negation",)),
        relevant=trees.get(("reading", "relevant")),
        roles=tuple((role, trees["roles", role]) for role in spec.roles),
    )
    return RuleSet(spec, compiled, Lexicon(_terms(spec, trees.values())), _languages(spec)), []


def _expressions(spec: RulesSpec) -> Iterator[tuple[Path, str]]:
    """Every expression, in the order in which one may name another."""
    for name, expression in spec.patterns.items():
        yield ("patterns", name), expression
    for index, rule in enumerate(spec.rules):
        yield ("rules", index, "when"), rule.when
    for stage, expression in spec.stages.items():
        yield ("stages", stage), expression
    for role, expression in spec.roles.items():
        yield ("roles", role), expression
    if spec.negation:
        yield ("negation",), spec.negation
    if spec.relevant:
        yield ("reading", "relevant"), spec.relevant


def _terms(spec: RulesSpec, trees: Iterable[Node]) -> Iterator[tuple[str, str, str]]:
    """Every (group, language, term): concepts with what they include, actors one by one and together, literals."""
    for name in spec.concepts:
        for included in _closure(name, spec.concepts):
            for language, terms in spec.concepts[included].terms.items():
                yield from ((name, language, term) for term in terms)
    for name, actor in spec.actors.items():
        for language, terms in actor.terms.items():
            for term in terms:
                yield actor_group(name), language, term
                yield ACTOR, language, term
    for tree in trees:
        yield from ((leaf.group, "any", leaf.group) for leaf in leaves(tree) if leaf.group.startswith('"'))


def _closure(name: str, concepts: Mapping[str, Concept]) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in seen and current in concepts:
            seen.add(current)
            todo += concepts[current].includes
    return seen


def _languages(spec: RulesSpec) -> list[str]:
    """The languages for which there are word lists."""
    lists = [*spec.concepts.values(), *spec.actors.values()]
    return sorted({language for concept in lists for language in concept.terms} - {"any"})


def _concept_problems(spec: RulesSpec) -> Iterator[SpecProblem]:
    for name, concept in spec.concepts.items():
        if name == ACTOR:
            yield SpecProblem(
                ("concepts", name),
                f"`{ACTOR}` is the name for any of the actors below `actors:`; choose another",
                key=True,
            )
        for index, included in enumerate(concept.includes):
            if included not in spec.concepts:
                hint = _suggestion(included, spec)
                yield SpecProblem(("concepts", name, "includes", index), f"there is no concept `{included}`; {hint}")
            elif name in _closure(included, spec.concepts):
                yield SpecProblem(
                    ("concepts", name, "includes", index), f"the concept `{name}` includes itself through `{included}`"
                )
        yield from _term_problems(("concepts", name), concept)
    for name, actor in spec.actors.items():
        if actor.includes:
            message = "an actor takes over no concept; list the words by which it is named"
            yield SpecProblem(("actors", name, "includes"), message, key=True)
        yield from _term_problems(("actors", name), actor)


def _term_problems(path: Path, concept: Concept) -> Iterator[SpecProblem]:
    for language, terms in concept.terms.items():
        for index, term in enumerate(terms):
            if not fold(term):  # quicker than `term_words`, of tens of thousands
                yield SpecProblem((*path, language, index), str(no_word(term)))


def _rule_problems(spec: RulesSpec) -> Iterator[SpecProblem]:
    seen: set[str] = set()
    for index, rule in enumerate(spec.rules):
        if rule.id in seen:
            yield SpecProblem(("rules", index, "id"), f"there is a rule `{rule.id}` already; give this one another id")
        seen.add(rule.id)
    for name in spec.patterns:
        if name in spec.concepts or name == ACTOR:
            yield SpecProblem(("patterns", name), f"there is a concept `{name}` already; choose another", key=True)
    for stage in spec.stages:
        if stage not in STAGES:
            yield SpecProblem(("stages", stage), f"`{stage}` is no stage; there are {', '.join(STAGES)}", key=True)


def _unknown_names(path: Path, tree: Node, spec: RulesSpec, patterns: Mapping[str, Node]) -> Iterator[SpecProblem]:
    for leaf in leaves(tree):
        name = leaf.group
        if name.startswith('"'):
            try:
                term_words(name)
            except RuleError as error:
                yield SpecProblem(path, str(error), leaf.column)
        elif name not in spec.concepts and name not in patterns and not (name == ACTOR and spec.actors):
            message = (
                f'there is no concept `{name}`; {_suggestion(name, spec)} (the word itself stands in quotes: "{name}")'
            )
            yield SpecProblem(path, message, leaf.column)


def _suggestion(name: str, spec: RulesSpec) -> str:
    known = sorted({*spec.concepts, *spec.patterns, *([ACTOR] if spec.actors else [])})
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"write one of {', '.join(known) or '(none is defined)'}"
