"""Why a rule holds or not: each clause, what was found where, and what is missing."""

import pytest

from monitor.models import Article
from monitor.rules.compile import compile_rules
from monitor.rules.examples import run_examples
from monitor.rules.explain import Explanation, explain, show
from monitor.rules.grammar import parse
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Concept, Example, Rule, RulesSpec

CONCEPTS = {
    "mission": Concept({"any": ("Lagoon Mission",)}),
    "takeover": Concept({"any": ("take over", "takes over")}),
    "council": Concept({"any": ("council",)}),
    "sport": Concept({"any": ("football",)}),
}


def rules(when: str, *, match: tuple[str, ...] = (), ignore: tuple[str, ...] = (), **patterns: str) -> RuleSet:
    rule = Rule(
        "handover",
        "leadership",
        when,
        match=tuple(map(Example, match)),
        ignore=tuple(map(Example, ignore)),
    )
    found, problems = compile_rules(RulesSpec((rule,), CONCEPTS, patterns=patterns))
    assert found is not None, problems
    return found


def explained(when: str, title: str, summary: str = "", language: str = "en", **patterns: str) -> Explanation:
    (one,) = explain(rules(when, **patterns), Article(0, title, summary, "", "Post", language))
    return one


def clauses(one: Explanation) -> dict[str, str | tuple[str, ...]]:
    """Each clause with what was found, or else what is missing."""
    return {clause.text: clause.found if clause.held else clause.missing for clause in one.clauses}


def test_every_clause_that_held_quotes_what_it_found_and_where() -> None:
    one = explained("sentence(mission near/9 takeover) and not sport", "Norland takes over the Lagoon Mission")
    assert one.held
    assert clauses(one) == {
        "mission near/9 takeover": ("“takes over the Lagoon Mission” in the title",),
        "not sport": (),
    }
    assert one.deciding == "`mission near/9 takeover` found “takes over the Lagoon Mission” in the title"


@pytest.mark.parametrize(
    ("when", "title", "missing"),
    [
        pytest.param("mission and takeover", "The Lagoon Mission", "no `takeover`", id="a concept"),
        pytest.param('mission and "no fly"', "The Lagoon Mission", 'no "no fly"', id="a phrase"),
        pytest.param("mission and (takeover or council)", "Lagoon Mission", "none of takeover, council", id="or"),
        pytest.param("mission and not sport", "Football, Lagoon Mission", "found “Football” in the title", id="not"),
        pytest.param("mission near/2 takeover", "The Lagoon Mission", "no `takeover`", id="one side of near"),
        pytest.param(
            "mission near/2 takeover",
            "They take over, so they said today, the Lagoon Mission",
            "mission and takeover stand 5 words apart, 2 are allowed",
            id="too far apart",
        ),
        pytest.param(
            "mission before/5 takeover",
            "They take over the Lagoon Mission",
            "takeover does not follow mission",
            id="the wrong order",
        ),
        pytest.param("mission and language:fr", "Lagoon Mission", "the language is en, not fr", id="a language"),
        pytest.param("mission and summary:council", "Council: Lagoon Mission", "no `council`", id="another field"),
        pytest.param("mission and not not takeover", "Lagoon Mission", "no `takeover`", id="required, no evidence"),
    ],
)  # fmt: skip
def test_what_did_not_hold_says_what_is_missing(when: str, title: str, missing: str) -> None:
    one = explained(when, title)
    assert not one.held
    assert [clause.missing.split(" in this")[0] for clause in one.clauses if not clause.held] == [missing]


def test_the_sentence_that_comes_closest_is_explained() -> None:
    one = explained(
        "sentence(mission and takeover and council)",
        "Rain",
        "The council met. Norland takes over the Lagoon Mission. It rained.",
    )
    assert clauses(one) == {
        "mission": ("“Lagoon Mission” in the summary",),
        "takeover": ("“takes over” in the summary",),
        "council": "no `council` in this sentence of the summary",
    }


def test_a_pattern_that_held_is_one_clause_and_one_that_failed_shows_its_parts() -> None:
    when = "mission and serious"
    serious = "takeover and not sport"
    assert [c.text for c in explained(when, "Take over the Lagoon Mission", serious=serious).clauses] == [
        "mission",
        "serious",
    ]
    failed = explained(when, "Football: take over the Lagoon Mission", serious=serious)
    assert clauses(failed)["not sport"] == "found “Football” in the title"


@pytest.mark.parametrize(
    "expression",
    [
        "a and (b or not c) and not (d and e)",
        '(a or "b c") near/4 (d before/2 e*)'.replace("e*", '"e*"'),
        "sentence(title:(a or b) and text:c) and language:fr",
        "not not (a and b)",
    ],
)
def test_a_shown_expression_reads_back_as_itself(expression: str) -> None:
    assert show(parse(expression), limit=1000) == expression


def test_a_long_expression_is_cut() -> None:
    assert len(show(parse(" or ".join(f"concept_{n}" for n in range(50))))) == 90


@pytest.mark.parametrize(
    ("match", "ignore", "message"),
    [
        pytest.param(
            ("Lagoon Mission opens a library",), (), "must match, but does not: `takeover`: no `takeover`", id="missing"
        ),
        pytest.param(
            (),
            ("Norland takes over the Lagoon Mission",),
            "must be ignored, but matches: `mission` found “Lagoon Mission” in the title; "
            "`takeover` found “takes over” in the title",
            id="too much",
        ),
    ],
)
def test_a_failing_example_names_the_clause_that_decided(
    match: tuple[str, ...], ignore: tuple[str, ...], message: str
) -> None:
    (failure,) = run_examples(rules("sentence(mission and takeover)", match=match, ignore=ignore))
    assert (failure.rule, failure.message) == ("handover", message)
