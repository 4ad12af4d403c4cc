"""Who does what in a sentence, one stage for one sentence, and patterns that rules share."""

import pytest

from monitor.models import Article, Signal
from monitor.rules.compile import compile_rules
from monitor.rules.patterns import MAX_PARTS
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Concept, Rule, RulesSpec, SpecProblem

CONCEPTS = {
    "mission": Concept({"any": ("Lagoon Mission",)}),
    "takeover": Concept({"any": ("take over", "takes over", "to lead")}),
    "handover": Concept({"any": ("hands over",)}),
    "from": Concept({"any": ("from",)}),
    "offer": Concept({"any": ("offers", "wants")}),
    "choice": Concept({"any": ("agrees", "will")}),
    "refusal": Concept({"any": ("will not", "refuses")}),
    "sport": Concept({"any": ("football",)}),
}
ACTORS = {name: Concept({"any": (name,)}) for name in ("Norland", "Sudland", "Westland")}


def spec(*rules: Rule, **parts: dict[str, str]) -> RulesSpec:
    return RulesSpec(
        rules=rules or (Rule("handover", "leadership", "sentence(mission and (takeover or handover))"),),
        concepts=CONCEPTS,
        actors=ACTORS,
        stages={"proposed": "offer", "decided": "choice", "blocked": "refusal"},
        **parts,
    )


def compiled(of: RulesSpec) -> RuleSet:
    rules, problems = compile_rules(of)
    assert rules is not None, problems
    return rules


def signals(of: RulesSpec, title: str, summary: str = "") -> list[Signal]:
    return compiled(of).signals(Article(1, title, summary, "", "Post", "en"))


def problems(of: RulesSpec) -> list[SpecProblem]:
    rules, found = compile_rules(of)
    assert (rules is None) is bool(found)
    return found


# --------------------------------------------------------------------------- roles

ROLES = {
    "takes over": "actor before/4 takeover",
    "hands over": "(actor before/4 handover) or (takeover before/6 (from before/1 actor))",
}


@pytest.mark.parametrize(
    ("title", "roles"),
    [
        pytest.param("Norland takes over the Lagoon Mission", {("takes over", "Norland")}, id="one who comes"),
        pytest.param(
            "Westland wants Norland to take over the Lagoon Mission from Sudland",
            {("takes over", "Norland"), ("hands over", "Sudland")},
            id="the nearest comes, another goes, and a third only wants it",
        ),
        pytest.param(
            "Norland, Sudland to lead the Lagoon Mission",
            {("takes over", "Norland"), ("takes over", "Sudland")},
            id="two side by side",
        ),
        pytest.param("Someone takes over the Lagoon Mission", set(), id="nobody known"),
    ],
)
def test_roles_say_who_comes_and_who_goes(title: str, roles: set[tuple[str, str]]) -> None:
    (signal,) = signals(spec(roles=ROLES), title)
    assert set(signal.roles) == roles


def test_actors_outside_the_evidence_have_no_role() -> None:
    (signal,) = signals(spec(roles=ROLES), "Sudland votes", "Norland takes over the Lagoon Mission. Westland waits.")
    assert signal.roles == (("takes over", "Norland"),)


def test_a_mistake_in_a_role_is_told_with_its_place() -> None:
    assert problems(spec(roles={"takes over": "actor before/4 takover"})) == [
        SpecProblem(
            ("roles", "takes over"),
            'there is no concept `takover`; did you mean `takeover`? (the word itself stands in quotes: "takover")',
            15,
        )
    ]


# --------------------------------------------------------------------------- one sentence, one stage


def test_rules_of_one_change_tell_one_stage_of_a_sentence() -> None:
    rules = (
        Rule("near", "leadership", "sentence(takeover near/3 mission)"),
        Rule("far", "leadership", "sentence(from near/9 mission)"),
        Rule("other", "mandate", "sentence(from near/9 mission)"),
    )
    title = "Norland wants to take over the Lagoon Mission in spring from Sudland which agrees"
    stages = {signal.rule: signal.stage for signal in signals(spec(*rules), title)}
    assert stages == {"near": "proposed", "far": "proposed", "other": "decided"}


def test_a_rule_without_a_cue_of_its_own_believes_the_one_that_has_one() -> None:
    rules = (
        Rule("cue", "leadership", "sentence(takeover and mission)", stage="effective"),
        Rule("none", "leadership", "sentence(mission)"),
    )
    assert {s.stage for s in signals(spec(*rules), "Norland takes over the Lagoon Mission")} == {"effective"}


def test_the_longer_of_two_cues_at_one_place_counts() -> None:
    (signal,) = signals(spec(), "Norland will not take over the Lagoon Mission")
    assert signal.stage == "blocked"


# --------------------------------------------------------------------------- patterns


def test_a_pattern_stands_for_its_expression_and_may_name_those_before_it() -> None:
    shared = {"serious": "not title:sport", "handing": "(takeover or handover) and serious"}
    of = spec(Rule("r", "leadership", "sentence(mission and (takeover or handover)) and handing"), patterns=shared)
    assert [s.rule for s in signals(of, "Norland takes over the Lagoon Mission")] == ["r"]
    assert signals(of, "Football: Norland takes over the Lagoon Mission") == []


@pytest.mark.parametrize(
    ("patterns", "path", "message"),
    [
        pytest.param({"a": "a and mission"}, ("patterns", "a"), "there is no concept `a`", id="names itself"),
        pytest.param({"a": "b", "b": "mission"}, ("patterns", "a"), "there is no concept `b`", id="names a later one"),
        pytest.param({"mission": "sport"}, ("patterns", "mission"), "there is a concept `mission` already", id="taken"),
        pytest.param({"a": "mission and"}, ("patterns", "a"), "the expression ends too early", id="no expression"),
    ],
)
def test_a_mistake_in_a_pattern_is_told_with_its_place(
    patterns: dict[str, str], path: tuple[str, str], message: str
) -> None:
    first = problems(spec(patterns=patterns))[0]
    assert first.path == path
    assert first.message.startswith(message)


def test_near_does_not_count_from_a_pattern_that_holds_by_absence() -> None:
    of = spec(Rule("r", "leadership", "quiet before/4 mission"), patterns={"quiet": "not sport"})
    (problem,) = problems(of)
    assert problem.path == ("rules", 0, "when")
    assert "must be named that stands in the text" in problem.message


def test_patterns_that_multiply_are_refused_at_once() -> None:
    patterns = {"p0": "mission or takeover"}
    for number in range(1, 40):
        patterns[f"p{number}"] = f"p{number - 1} and p{number - 1}"
    found = problems(spec(patterns=patterns))
    assert any(f"more than {MAX_PARTS:,} parts" in problem.message for problem in found)


def test_a_changed_pattern_or_role_is_another_version_of_the_rules() -> None:
    versions = {
        compiled(spec()).version,
        compiled(spec(patterns={"p": "mission"})).version,
        compiled(spec(patterns={"p": "sport"})).version,
        compiled(spec(roles=ROLES)).version,
    }
    assert len(versions) == 4
