"""Why a rule holds or not: each clause, what was found where, and what is missing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import Article
from monitor.rules.clauses import Clause, quoted
from monitor.rules.compile import compile_rules
from monitor.rules.evaluate import evaluate
from monitor.rules.examples import run_examples
from monitor.rules.explain import Explanation, explain, explain_rule, stage_reason
from monitor.rules.expression import show
from monitor.rules.grammar import parse
from monitor.rules.nodes import InSentence
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Concept, Example, Rule, RulesSpec
from tests.hanging import not_hanging

CONCEPTS = {
    "mission": Concept({"any": ("Lagoon Mission",)}),
    "takeover": Concept({"any": ("take over", "takes over")}),
    "council": Concept({"any": ("council",)}),
    "sport": Concept({"any": ("football",)}),
    "offer": Concept({"any": ("offers", "wants")}),
    "choice": Concept({"any": ("agrees", "agree")}),
    "denial": Concept({"any": ("denies",)}),
}


def compiled(spec: RulesSpec) -> RuleSet:
    rules, problems = compile_rules(spec)
    assert rules is not None, problems
    return rules


def rules(when: str, *, match: tuple[str, ...] = (), ignore: tuple[str, ...] = (), **patterns: str) -> RuleSet:
    examples = {"match": tuple(map(Example, match)), "ignore": tuple(map(Example, ignore))}
    return compiled(RulesSpec((Rule("handover", "leadership", when, **examples),), CONCEPTS, patterns=patterns))


def explained(when: str, title: str, summary: str = "", text: str = "", **patterns: str) -> Explanation:
    return explain_rule(rules(when, **patterns), 0, Article(0, title, summary, text, "Post", "en"))


def outcome(one: Explanation) -> dict[str, str]:
    """Each condition with what it found, or else with what is missing."""
    return {show(c.node): quoted(c.found) if c.held else "; ".join(c.reasons) for c in one.clause.conditions()}


# --------------------------------------------------------------------------- what was found


def test_every_clause_that_held_quotes_what_it_found_and_where() -> None:
    one = explained("sentence(mission near/9 takeover) and not sport", "Norland takes over the Lagoon Mission")
    assert one.held
    assert outcome(one) == {
        "mission near/9 takeover": '"takes over the Lagoon Mission" in the title',
        "not sport": "",
    }
    assert one.deciding == '"takes over the Lagoon Mission" in the title'


def test_words_are_quoted_as_they_stand_in_their_field() -> None:
    (quote,) = explained("mission", "Rain", "All about the  LAGOON-mission.").clause.found
    assert (quote.field, quote.start, quote.end, quote.words) == ("summary", 15, 29, "LAGOON-mission")


def test_a_word_within_a_longer_passage_is_not_quoted_again() -> None:
    one = explained("mission near/4 takeover and mission", "Norland takes over the Lagoon Mission")
    assert quoted(one.clause.found) == '"takes over the Lagoon Mission" in the title'


def test_an_outlet_counts_and_is_quoted_where_it_must_not_be() -> None:
    assert explained('outlet:"Post" and mission', "Lagoon Mission").held
    one = explained('mission and not outlet:"Post"', "Lagoon Mission")
    assert one.deciding == '`not outlet:"Post"`: "Post" in the outlet'


# --------------------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("when", "title", "missing"),
    [
        pytest.param("mission and takeover", "The Lagoon Mission", "`takeover` is missing", id="a concept"),
        pytest.param('mission and "no fly"', "The Lagoon Mission", '"no fly" is missing', id="a phrase"),
        pytest.param(
            "mission and (takeover or council)", "Lagoon Mission", "none of `takeover`, `council` is there", id="or"
        ),
        pytest.param(
            "mission and (takeover or (council near/2 sport))",
            "Lagoon Mission, football",
            '`council` is missing beside "football"',
            id="the alternative that comes closest",
        ),
        pytest.param(
            "mission and not title:sport",
            "Football, Lagoon Mission",
            '`not title:sport`: sport found "Football" in the title',
            id="a guard says which concept it found",
        ),
        pytest.param(
            "mission and not (sport near/2 council)",
            "Football council, Lagoon Mission",
            '`not (sport near/2 council)`: sport near/2 council found "Football council" in the title',
            id="a guard on several words",
        ),
        pytest.param(
            "mission and not (not sport)", "Lagoon Mission", "`sport` is missing", id="required, but no evidence"
        ),
        pytest.param(
            "mission near/2 takeover",
            "The Lagoon Mission",
            '`takeover` is missing beside "Lagoon Mission"',
            id="the right side of near",
        ),
        pytest.param(
            "mission near/2 takeover", "They take over", '`mission` is missing beside "take over"', id="the left side"
        ),
        pytest.param(
            "mission near/2 takeover", "Rain", "neither `mission` nor `takeover` is there", id="both sides of near"
        ),
        pytest.param(
            "mission near/5 takeover",
            "They take over, so they said today, the Lagoon Mission",
            '"Lagoon Mission" and "take over" stand 6 words apart, 5 are allowed',
            id="one word too far",
        ),
        pytest.param(
            "mission near/3 (takeover and council)",
            "The council so they said today takes over the Lagoon Mission",
            '"Lagoon Mission" and "council" stand 8 words apart, 3 are allowed',
            id="one of two things too far",
        ),
        pytest.param(
            "mission before/5 takeover",
            "They take over the Lagoon Mission",
            '"take over" stands before "Lagoon Mission", and has to follow it',
            id="the wrong order",
        ),
        pytest.param(
            "mission and language:fr", "Lagoon Mission", "the language is en, not fr", id="another language"
        ),
        pytest.param(
            "mission and summary:council", "Council: Lagoon Mission", "`council` is missing in the summary", id="field"
        ),
    ],
)  # fmt: skip
def test_what_did_not_hold_says_what_is_missing(when: str, title: str, missing: str) -> None:
    one = explained(when, title)
    assert not one.held
    assert one.deciding == missing


@pytest.mark.parametrize("distance", [5, 6, 7])
def test_the_distance_told_is_the_one_that_would_be_enough(distance: int) -> None:
    title = "They take over, so they said today, the Lagoon Mission"
    assert explained(f"mission near/{distance} takeover", title).held is (distance >= 6)


def test_words_of_two_fields_are_not_near_one_another() -> None:
    one = explained("mission near/5 takeover", "Norland takes over", "The Lagoon Mission goes on.")
    assert one.deciding == '`takeover` is missing in the summary, where "Lagoon Mission" stands'


def test_many_reasons_are_counted_and_the_first_told() -> None:
    one = explained("mission and takeover and council and sport and offer", "Rain")
    assert one.deciding == "`mission` is missing; `takeover` is missing; `council` is missing; and 2 more"


# --------------------------------------------------------------------------- sentences


def sentence_of(one: Explanation) -> Clause:
    return one.clause if isinstance(one.clause.node, InSentence) else one.clause.parts[0]


def test_the_sentence_that_comes_closest_is_explained() -> None:
    one = explained(
        "sentence(mission and takeover and council) and not sport",
        "Rain",
        "The council met. Norland takes over the Lagoon Mission. It rained.",
    )
    assert outcome(one) == {
        "mission": '"Lagoon Mission" in the summary',
        "takeover": '"takes over" in the summary',
        "council": "`council` is missing in this sentence",
        "not sport": "",
    }
    quote = sentence_of(one).sentence
    assert quote is not None
    assert quote.words == "Norland takes over the Lagoon Mission"


def test_a_sentence_in_which_only_guards_hold_comes_less_close_than_one_with_the_words() -> None:
    one = explained(
        "sentence(mission and takeover and not sport and not council)",
        "Rain",
        "It rained all day. Football council: Norland is to take over. It rained again.",
    )
    quote = sentence_of(one).sentence
    assert quote is not None
    assert quote.words.startswith("Football council")


def test_of_sentences_that_hold_the_first_is_shown() -> None:
    one = explained("sentence(mission)", "Rain", "Sun. The Lagoon Mission waits.", "Lagoon Mission goes on.")
    quote = sentence_of(one).sentence
    assert quote is not None
    assert (quote.field, quote.words) == ("summary", "The Lagoon Mission waits")


def test_an_article_without_a_word_can_be_explained() -> None:
    one = explained("sentence(mission and takeover)", "", "", "")
    assert (one.held, sentence_of(one).sentence) == (False, None)
    assert one.deciding == "`mission` is missing; `takeover` is missing"


# --------------------------------------------------------------------------- patterns, and which rules come near


def test_a_pattern_that_held_is_one_clause_and_one_that_failed_shows_its_parts() -> None:
    when, serious = "mission and serious", "takeover and not sport"
    assert list(outcome(explained(when, "Take over the Lagoon Mission", serious=serious))) == ["mission", "serious"]
    failed = explained(when, "Football: take over the Lagoon Mission", serious=serious)
    assert outcome(failed)["not sport"] == '`not sport`: sport found "Football" in the title'


def test_rules_come_near_by_their_own_words_and_not_by_those_that_all_rules_ask_for() -> None:
    about = "mission and not sport"
    several = RulesSpec(
        (
            Rule("handover", "leadership", f"takeover near/9 council and {about}"),
            Rule("choice", "mandate", f"choice and {about}"),
            Rule("offer", "mandate", f"offer and not council and {about}"),
        ),
        CONCEPTS,
    )
    near = {
        one.rule.id: one.nearness
        for one in explain(compiled(several), Article(1, "Council offers help to the Lagoon Mission", language="en"))
    }
    assert near == {"handover": pytest.approx(0.45), "choice": 0, "offer": 1}


def test_a_rule_explained_by_itself_says_the_same_as_among_all() -> None:
    found = rules("mission near/2 takeover")
    article = Article(1, "The Lagoon Mission", language="en")
    assert explain(found, article)[0].clause == explain_rule(found, 0, article).clause


PARTS = st.sampled_from(["mission", "takeover", "council", "sport", '"the rain"', "title:mission", "language:en"])
EXPRESSIONS = st.recursive(
    PARTS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not {}".format, inner),
        st.builds("sentence({})".format, inner),
        st.builds("mission near/3 ({})".format, inner),
        st.builds("takeover before/4 ({})".format, inner),
    ),
    max_leaves=8,
)
WORDS = ["Lagoon Mission", "take over", "council", "football", "the rain", "fell", ". Then", "and", "they"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS, title=TEXTS, summary=TEXTS)
def test_every_expression_is_explained_as_it_is_evaluated_and_never_without_a_reason(
    expression: str, title: str, summary: str
) -> None:
    found = rules(f"mission and ({expression})")
    article = Article(1, title, summary, language="en")
    one = explain_rule(found, 0, article)
    assert one.held is (evaluate(found.trees[0][1], found.prepare(article)) is not None)
    assert one.held is not bool(one.clause.reasons)
    for condition in one.clause.conditions():
        assert condition.held is not bool(condition.reasons)


def test_a_long_article_is_explained_at_once() -> None:
    text = "The council met in the rain and wants Norland to agree. " * 3000
    with not_hanging():
        explained("sentence(mission near/5 (takeover and council) and not sport)", "Lagoon Mission", "", text)


# --------------------------------------------------------------------------- an expression as text


@pytest.mark.parametrize(
    "expression",
    [
        "a and (b or not c) and not (d and e)",
        '(a or "b c") near/4 (d before/2 "e*")',
        "sentence(title:(a or b) and text:c) and language:fr",
        "not not (a and b)",
        "a near/3 b",
        "title:(a near/3 b) or (c near/2 d)",
    ],
)
def test_a_shown_expression_reads_as_it_was_written(expression: str) -> None:
    assert show(parse(expression)) == expression


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS, limit=st.integers(12, 90))
def test_a_shown_expression_means_the_same_and_keeps_within_its_limit(expression: str, limit: int) -> None:
    tree = parse(expression)
    assert show(parse(show(tree))) == show(tree)
    assert len(show(tree, limit=limit)) <= limit


def test_of_a_long_expression_the_first_parts_stay_whole() -> None:
    tree = parse("(a near/8 b) or (cc near/8 (dddddddd or eeeeeeee)) or ffffffffffff")
    assert show(tree, limit=40) == "(a near/8 b) or (cc near/8 …) or …"


# --------------------------------------------------------------------------- the stage of a signal

STAGES = {"proposed": "offer", "decided": "choice", "blocked": '"refuses"'}


@pytest.mark.parametrize(
    ("title", "summary", "reason"),
    [
        pytest.param(
            "Norland wants to take over the Lagoon Mission", "", '"wants" (offer)', id="a word of the evidence"
        ),
        pytest.param(
            "Sudland offers help, Norland agrees to take over the Lagoon Mission", "", '"agrees" (choice)', id="nearest"
        ),
        pytest.param(
            "Norland denies it will agree to take over the Lagoon Mission",
            "",
            '"denies" turns "agree" (choice) round',
            id="turned round",
        ),
        pytest.param("Norland agrees", "To take over the Lagoon Mission.", '"agrees" (choice)', id="the headline"),
        pytest.param("Norland refuses to take over the Lagoon Mission", "", '"refuses"', id="words without a concept"),
        pytest.param(
            "Norland to take over the Lagoon Mission",
            "",
            "neither the sentence nor the headline has words that tell another",
            id="nothing",
        ),
    ],
)
def test_the_words_that_decided_a_stage_are_named(title: str, summary: str, reason: str) -> None:
    rule = Rule("handover", "leadership", "sentence(mission near/9 takeover)")
    found = compiled(RulesSpec((rule,), CONCEPTS, stages=STAGES, negation="denial"))
    article = Article(1, title, summary, language="en")
    (signal,) = found.signals(article)
    assert stage_reason(found, signal, article) == reason


def test_a_stage_that_the_rule_sets_has_no_words() -> None:
    rule = Rule("handover", "leadership", "mission", stage="decided")
    found = compiled(RulesSpec((rule,), CONCEPTS, stages=STAGES))
    article = Article(1, "Lagoon Mission", language="en")
    assert stage_reason(found, found.signals(article)[0], article) == "the rule sets it"


# --------------------------------------------------------------------------- failing examples


@pytest.mark.parametrize(
    ("match", "ignore", "message"),
    [
        pytest.param(
            ("Lagoon Mission opens a library",), (), "must match, but does not: `takeover` is missing", id="missing"
        ),
        pytest.param(
            (),
            ("Norland takes over the Lagoon Mission",),
            'must be ignored, but matches: "takes over", "Lagoon Mission" in the title',
            id="too much",
        ),
    ],
)
def test_a_failing_example_names_the_clause_that_decided(
    match: tuple[str, ...], ignore: tuple[str, ...], message: str
) -> None:
    (failure,) = run_examples(rules("sentence(mission and takeover)", match=match, ignore=ignore))
    assert (failure.rule, failure.message) == ("handover", message)


def test_an_example_of_another_stage_names_the_words_that_decided_it() -> None:
    example = Example("Norland wants to take over the Lagoon Mission", stage="decided")
    rule = Rule("handover", "leadership", "mission near/9 takeover", match=(example,))
    (failure,) = run_examples(compiled(RulesSpec((rule,), CONCEPTS, stages=STAGES)))
    assert failure.message == 'must be decided, but is proposed: "wants" (offer)'
    right = replace(rule, match=(replace(example, stage="proposed"),))
    assert run_examples(compiled(RulesSpec((right,), CONCEPTS, stages=STAGES))) == []
