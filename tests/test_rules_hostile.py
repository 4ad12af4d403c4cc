"""No text and no rule is too odd: it is matched, in time that grows with its length, or refused in words.

A long text that took quadratic time would keep these tests busy for hours.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.folding import Folded
from monitor.models import Article
from monitor.rules.compile import compile_rules
from monitor.rules.grammar import parse
from monitor.rules.lexicon import Lexicon
from monitor.rules.ruleset import RuleSet
from monitor.rules.spec import Concept, Rule, RulesSpec

LONG = 250_000
CONCEPTS = {
    "mission": Concept({"any": ("Lagoon Mission", "LM", "lagoon*")}),
    "takeover": Concept({"any": ("take over", "takes over")}),
    "fact": Concept({"any": ("takes over",)}),
    "sport": Concept({"any": ("football",)}),
}
SPEC = RulesSpec(
    rules=(
        Rule("near", "leadership", "mission near/8 takeover and not title:sport"),
        Rule("sentence", "mandate", "sentence(mission and (takeover before/9 mission) and not sport)"),
    ),
    concepts=CONCEPTS,
    actors={"Norland": Concept({"any": ("Norland",)})},
    stages={"effective": "fact"},
    negation="sport",
    roles={"takes over": "actor before/6 takeover"},
)
TRUE = "Norland takes over the Lagoon Mission"


def compiled(spec: RulesSpec = SPEC) -> RuleSet:
    rules, problems = compile_rules(spec)
    assert rules is not None, problems
    return rules


RULES = compiled()


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("x", id="no spaces at all"),
        pytest.param("\x00", id="NULs"),
        pytest.param(".", id="full stops"),
        pytest.param("\u200f", id="right-to-left marks"),
        pytest.param("\u0301", id="combining marks"),
        pytest.param("\ud800", id="halves of characters"),
        pytest.param("ż ", id="letters beyond Western Europe"),
        pytest.param("LM ", id="an acronym that is looked for"),
        pytest.param("U.N.", id="acronyms with dots"),
        pytest.param("takes over ", id="one side of a rule"),
        pytest.param("lagoon takes over ", id="all of a rule"),
        pytest.param("The Lagoon Mission. It takes over! ", id="all of a rule in other sentences"),
        pytest.param("\n", id="empty lines"),
    ],
)
def test_much_of_anything_before_the_news_does_not_hide_it(piece: str) -> None:
    text = f"{piece * (LONG // len(piece))}\n{TRUE}."
    found = {signal.rule for signal in RULES.signals(Article(1, "", "", text, "Post", "en"))}
    assert found == {"near", "sentence"}


@pytest.mark.parametrize("text", ["\ud800" * 9, "\x00Lagoon", "", " ", "\u202e", "ﷺ" * 9, "a" * LONG])
def test_odd_texts_signal_nothing_and_break_nothing(text: str) -> None:
    assert RULES.signals(Article(1, text, text, text, text, None)) == []


def test_marks_and_directions_within_words_hide_nothing() -> None:
    hidden = "Nor\u200fland ta\u00adkes o\u200dver the La\u0301goon Mi\u0308ssion"
    assert {signal.rule for signal in RULES.signals(Article(1, hidden, "", "", "", None))} == {"near", "sentence"}


# --------------------------------------------------------------------------- rules


def test_many_alternatives_belong_into_a_concept_and_there_they_may_be_many() -> None:
    words = [f"word{number}" for number in range(10_000)]
    with pytest.raises(RuleError, match="move terms into a concept"):
        parse(" or ".join(f'"{word}"' for word in words))
    many = Concept({"any": tuple(words)})
    rules = compiled(RulesSpec((Rule("many", "leadership", "many"),), {"many": many}))
    assert [s.sentence for s in rules.signals(Article(1, "Rain on word9999", "", "", "", None))] == ["Rain on word9999"]


@pytest.mark.parametrize("opened", ["(", "not (", "sentence(", "a or ("])
def test_two_hundred_parentheses_are_refused_with_their_column(opened: str) -> None:
    with pytest.raises(RuleError) as error:
        parse(opened * 200 + "a" + ")" * 200)
    assert "more than 100" in str(error.value)
    assert error.value.column is not None


def test_a_concept_that_names_itself_is_refused_by_its_name() -> None:
    loop = {"one": Concept({"any": ("a",)}, ("two",)), "two": Concept({"any": ("b",)}, ("one",))}
    rules, problems = compile_rules(RulesSpec((Rule("r", "leadership", "one"),), loop))
    assert rules is None
    assert any("the concept `one` includes itself through `two`" in problem.message for problem in problems)


# --------------------------------------------------------------------------- properties

WORDS = st.lists(
    st.sampled_from(
        ["lagoon", "Mission", "LM", "takes", "over", "take", "football", "Norland", "Norland's", "x.", "é!"]
    ),
    max_size=25,
).map(" ".join)
ARTICLES: st.SearchStrategy[Article] = st.builds(
    Article, st.just(1), WORDS, WORDS, WORDS, st.just("Post"), st.sampled_from([None, "en"])
)


@settings(max_examples=150, deadline=None)
@given(ARTICLES)
def test_evidence_always_points_at_the_quoted_words(article: Article) -> None:
    for signal in RULES.signals(article):
        text = getattr(article, signal.field)
        assert text[signal.start : signal.end] == signal.sentence
        assert signal.sentence.strip() == signal.sentence != ""


@settings(max_examples=60, deadline=None)
@given(st.permutations(list(CONCEPTS)), st.randoms(use_true_random=False), ARTICLES)
def test_the_order_of_concepts_and_of_their_terms_changes_nothing(
    order: list[str], rng: object, article: Article
) -> None:
    shuffled = {}
    for name in order:
        terms = list(CONCEPTS[name].terms["any"])
        rng.shuffle(terms)
        shuffled[name] = Concept({"any": tuple(terms)})
    other = compiled(
        RulesSpec(SPEC.rules, shuffled, SPEC.actors, SPEC.stages, roles=SPEC.roles, negation=SPEC.negation)
    )
    assert other.signals(article) == RULES.signals(article)


def terms_in(text: str) -> Iterator[tuple[int, int]]:
    yield from (
        Lexicon([("g", "any", term) for term in CONCEPTS["mission"].terms["any"]]).find(Folded(text), None).get("g", ())
    )


@settings(max_examples=100, deadline=None)
@given(WORDS, WORDS)
def test_what_is_found_in_a_text_is_found_in_a_longer_one(text: str, more: str) -> None:
    assert set(terms_in(text)) <= set(terms_in(f"{text} . {more}"))
