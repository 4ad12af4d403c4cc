"""Configured rules become a rule set, or a list of everything that is wrong with them."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.models import Article
from monitor.rules.compile import compile_rules
from monitor.rules.ruleset import actor_group
from monitor.rules.spec import Concept, Rule, RulesSpec, SpecProblem

GOOD = RulesSpec(
    rules=(Rule("r", "leadership", "mission and actor"),),
    concepts={
        "mission": Concept({"en": ("mission",)}, ("force",)),
        "force": Concept({"fr": ("force",), "any": ("GSF",)}),
    },
    actors={"Norland": Concept({"any": ("Norland",)})},
    stages={"decided": "mission"},
    negation="force",
    relevant="mission",
)


def problems(**changes: Any) -> list[SpecProblem]:
    rules, found = compile_rules(replace(GOOD, **changes))
    assert (rules is None) is bool(found)
    return found


def rule(when: str, number: int = 0) -> Rule:
    return Rule(f"r{number}", "leadership", when)


def test_rules_without_a_mistake_are_a_rule_set() -> None:
    rules, found = compile_rules(GOOD)
    assert found == []
    assert rules is not None
    assert rules.languages == ("en", "fr")
    assert rules.spec is GOOD


def test_no_rules_at_all_find_nothing() -> None:
    rules, found = compile_rules(RulesSpec(rules=()))
    assert (found, rules.signals(Article(1, "Norland")) if rules else None) == ([], [])


def test_a_concept_takes_over_the_terms_of_those_it_includes_and_of_those_they_include() -> None:
    concepts = {
        "a": Concept({"any": ("one",)}, ("b",)),
        "b": Concept({"any": ("two",)}, ("c",)),
        "c": Concept({"any": ("three",)}),
    }
    rules, _ = compile_rules(RulesSpec(rules=(rule("a"),), concepts=concepts))
    assert rules is not None
    for word, count in (("one", 1), ("two", 1), ("three", 1), ("four", 0)):
        assert len(rules.signals(Article(1, word))) == count


def test_actor_is_any_of_the_actors_and_an_actor_may_share_its_name_with_a_concept() -> None:
    actors = {"Norland": Concept({"any": ("Norland",)}), "mission": Concept({"any": ("envoy",)})}
    rules, _ = compile_rules(replace(GOOD, rules=(rule("actor"),), actors=actors))
    assert rules is not None
    assert [signal.actors for signal in rules.signals(Article(1, "The envoy of Norland"))] == [("mission", "Norland")]
    assert rules.signals(Article(1, "The mission", language="en")) == []
    assert actor_group("mission") != "mission"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            {"rules": (rule("mission and misson"),)},
            SpecProblem(
                ("rules", 0, "when"),
                'there is no concept `misson`; did you mean `mission`? (the word itself stands in quotes: "misson")',
                12,
            ),
            id="unknown concept",
        ),
        pytest.param(
            {"rules": (rule("mission and"),)},
            SpecProblem(
                ("rules", 0, "when"), "the expression ends too early: a concept or words in quotes are missing", 11
            ),
            id="bad expression",
        ),
        pytest.param(
            {"rules": (rule("not mission"),)},
            SpecProblem(("rules", 0, "when"), "this would hold by what is absent: name something that must be there"),
            id="rule that holds by absence",
        ),
        pytest.param(
            {"rules": (rule("mission or language:en"),)},
            SpecProblem(("rules", 0, "when"), "this would hold by what is absent: name something that must be there"),
            id="rule that holds for a language",
        ),
        pytest.param(
            {"rules": (rule('outlet:"Post"'),)},
            SpecProblem(("rules", 0, "when"), "this would hold by what is absent: name something that must be there"),
            id="rule that holds for an outlet",
        ),
        pytest.param(
            {"rules": (rule('mission and "…"'),)},
            SpecProblem(("rules", 0, "when"), "'\"…\"' has no word to look for", 12),
            id="quotation without a word",
        ),
        pytest.param(
            {"rules": (rule("mission"), rule("force"))},
            SpecProblem(("rules", 1, "id"), "there is a rule `r0` already; give this one another id"),
            id="rule twice",
        ),
        pytest.param(
            {"stages": {"maybe": "mission"}},
            SpecProblem(
                ("stages", "maybe"), "`maybe` is no stage; there are proposed, decided, effective, blocked", key=True
            ),
            id="unknown stage",
        ),
        pytest.param(
            {"stages": {"decided": "mission misson"}},
            SpecProblem(
                ("stages", "decided"),
                "misson follows without `and`, `or` or `near/N`; write words that belong together in double quotes",
                8,
            ),
            id="bad stage",
        ),
        pytest.param(
            {"negation": "force)"}, SpecProblem(("negation",), "this parenthesis closes nothing", 5), id="bad negation"
        ),
        pytest.param(
            {"relevant": "(mission"},
            SpecProblem(("reading", "relevant"), "this parenthesis is not closed", 0),
            id="bad relevance",
        ),
        pytest.param(
            {"concepts": {**GOOD.concepts, "actor": Concept({"any": ("x",)})}},
            SpecProblem(
                ("concepts", "actor"),
                "`actor` is the name for any of the actors below `actors:`; choose another",
                key=True,
            ),
            id="reserved name",
        ),
        pytest.param(
            {"concepts": {**GOOD.concepts, "x": Concept({"en": ("ok", "--")})}},
            SpecProblem(("concepts", "x", "en", 1), "'--' has no word to look for"),
            id="term without a word",
        ),
        pytest.param(
            {"actors": {"Norland": Concept({"any": ("…",)})}},
            SpecProblem(("actors", "Norland", "any", 0), "'…' has no word to look for"),
            id="actor without a word",
        ),
        pytest.param(
            {"actors": {"Norland": Concept({"any": ("Norland",)}, ("mission",))}},
            SpecProblem(
                ("actors", "Norland", "includes"),
                "an actor takes over no concept; list the words by which it is named",
                key=True,
            ),
            id="actor with a concept",
        ),
        pytest.param(
            {"concepts": {**GOOD.concepts, "x": Concept({}, ("forse",))}},
            SpecProblem(("concepts", "x", "includes", 0), "there is no concept `forse`; did you mean `force`?"),
            id="includes an unknown concept",
        ),
        pytest.param(
            {"concepts": {**GOOD.concepts, "x": Concept({}, ("x",))}},
            SpecProblem(("concepts", "x", "includes", 0), "the concept `x` includes itself through `x`"),
            id="includes itself",
        ),
    ],
)
def test_a_mistake_is_told_with_its_path_and_what_to_write(changes: dict[str, Any], problem: SpecProblem) -> None:
    assert problems(**changes) == [problem]


def test_a_concept_that_includes_one_that_includes_an_unknown_one_is_told_once() -> None:
    concepts = {**GOOD.concepts, "x": Concept({}, ("y",)), "y": Concept({}, ("zzz",))}
    (problem,) = problems(concepts=concepts)
    assert problem.path == ("concepts", "y", "includes", 0)


def test_concepts_that_include_each_other_are_both_told() -> None:
    concepts = {**GOOD.concepts, "x": Concept({}, ("y",)), "y": Concept({}, ("x",))}
    assert [problem.path[1] for problem in problems(concepts=concepts)] == ["x", "y"]


def test_actor_is_unknown_where_there_are_no_actors() -> None:
    (problem,) = problems(actors={})
    assert problem.message.startswith("there is no concept `actor`;")


def test_where_nothing_is_alike_all_names_are_told() -> None:
    (problem,) = problems(rules=(rule("qqqq"),))
    assert "write one of actor, force, mission" in problem.message
    (problem, *_) = problems(rules=(rule("qqqq"),), concepts={}, actors={}, stages={}, negation=None, relevant=None)
    assert "write one of (none is defined)" in problem.message


def test_every_mistake_is_told_at_once() -> None:
    found = problems(rules=(rule("misson"), rule("not mission", 1)), negation="(", stages={"maybe": "x y"})
    assert {problem.path[0] for problem in found} == {"rules", "negation", "stages"}
    assert len(found) == 5
