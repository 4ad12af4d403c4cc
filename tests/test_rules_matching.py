"""Where an expression holds, and what a rule set says of an article: change, stage, actors and the sentence."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.folding import Folded
from monitor.models import Article, Entry, Signal
from monitor.rules.compile import compile_rules
from monitor.rules.evaluate import Span, evaluate, prepare
from monitor.rules.examples import as_article, run_examples
from monitor.rules.grammar import parse
from monitor.rules.lexicon import Lexicon, term_words
from monitor.rules.nodes import SEARCHED, Node, leaves, needed
from monitor.rules.ruleset import RuleSet, version_of
from monitor.rules.spec import Concept, Example, Rule, RulesSpec
from tests.hanging import not_hanging

TERMS = [
    ("a", "any", "alpha"),
    ("b", "any", "beta"),
    ("c", "any", "gamma delta"),
    ("c", "any", "gamma"),
    ("f", "fr", "alpha"),
]


def holds(expression: str, title: str = "", summary: str = "", text: str = "", **more: Any) -> list[Span] | None:
    tree = parse(expression)
    literals = [(leaf.group, "any", leaf.group) for leaf in leaves(tree) if leaf.group.startswith('"')]
    return evaluate(tree, prepare(Article(1, title, summary, text, **more), Lexicon([*TERMS, *literals])))


# --------------------------------------------------------------------------- terms


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        pytest.param("Haïti", "HAITI votes", True, id="case and accents do not count"),
        pytest.param("Gang Suppression Force", "the gang-suppression force", True, id="a hyphen parts words"),
        pytest.param("Gang Suppression Force", "Gang\nSuppression  Force", True, id="white space does not count"),
        pytest.param("Gang Suppression Force", "Gang Force Suppression", False, id="the order counts"),
        pytest.param("force", "enforce forceful", False, id="whole words"),
        pytest.param("force", "the forces", True, id="a plain plural"),
        pytest.param("plan", "two planes", False, id="no Spanish plural of an English word"),
        pytest.param("#m", "$366m for the force", True, id="a number with its unit"),
        pytest.param("#m", "366 m, 4km, 5mm, me", False, id="another unit, or none"),
        pytest.param("#Mio", "12mio", True, id="a unit in capitals"),
        pytest.param("country", "two countries", True, id="an English plural in -ies"),
        pytest.param("bureau", "les bureaux", True, id="a French plural in -x"),
        pytest.param("force multinationale", "des forces multinationales", True, id="a plural of all words"),
        pytest.param("member of parliament", "members of parliament", True, id="a plural of the first word"),
        pytest.param("forces", "force", False, id="a plural asked for is no singular"),
        pytest.param("MSS", "MSSS", False, id="an acronym has no plural"),
        pytest.param("Kenya mission", "Kenya's mission", True, id="a possessive"),
        pytest.param("Kenya's mission", "Kenya mission", True, id="a possessive asked for"),
        pytest.param("Haiti", "l’avenir d'Haïti", True, id="an elision"),
        pytest.param("OAS", "OAS TO LEAD HAITI FORCE", True, id="an acronym in a headline in capitals"),
        pytest.param("force", "OAS TO LEAD HAITI FORCE", True, id="a word in a headline in capitals"),
        pytest.param("wor* end", "the words end here", True, id="an open end within, at the end of a sentence"),
        pytest.param("wor* end", "words", False, id="an open end within needs what follows"),
        pytest.param("Straße", "STRASSE", True, id="sharp s"),
        pytest.param("cœur", "coeur", True, id="a ligature"),
        pytest.param("Łódź", "Lodz", True, id="Polish letters"),
        pytest.param("kenyan*", "the Kenyans left", True, id="an open end"),
        pytest.param("kenyan*", "kenyan", True, id="an open end may be empty"),
        pytest.param("kenyan*", "Kenya", False, id="an open end needs its beginning"),
        pytest.param("kenyan* police", "Kenyans police", True, id="an open end within"),
        pytest.param("MSS", "the MSS mission", True, id="capitals"),
        pytest.param("MSS", "the mss mission", False, id="capitals only"),
        pytest.param("UN", "the U.N. voted", True, id="an acronym with dots"),
        pytest.param("UN", "il en prend un", False, id="an article is no acronym"),
        pytest.param("A", "a word", True, id="one capital is no acronym"),
        pytest.param("UN Council", "UN council", True, id="capitals count word by word"),
        pytest.param("O'Neill", "O’Neill", True, id="apostrophes are alike"),
    ],
)
def test_a_term_is_found_as_the_configuration_promises(term: str, text: str, found: bool) -> None:
    hits = Lexicon([("g", "any", term)]).find(Folded(text), "en")
    assert bool(hits.get("g")) is found


def test_a_plural_in_es_is_one_in_languages_that_have_it() -> None:
    lexicon = Lexicon([("g", "any", "misión")])
    assert [bool(lexicon.find(Folded("las misiones"), code).get("g")) for code in ("es", "pt", None, "en")] == [
        True, True, True, False,
    ]  # fmt: skip


def test_a_unit_counts_in_the_languages_of_its_lists_and_has_its_place() -> None:
    lexicon = Lexicon([("g", "en", "#bn"), ("h", "any", "#bn")])
    assert lexicon.find(Folded("It costs 2bn, not 3bn."), "en") == {"g": [(2, 3), (4, 5)], "h": [(2, 3), (4, 5)]}
    assert "g" not in lexicon.find(Folded("Cela coûte 2bn."), "fr")


@pytest.mark.parametrize("term", ["", "!!", "*", "_", "—"])
def test_a_term_without_a_word_is_refused(term: str) -> None:
    with pytest.raises(RuleError, match="has no word to look for"):
        term_words(term)


@pytest.mark.parametrize(("language", "found"), [("fr", True), (None, True), ("en", False)])
def test_a_list_counts_in_its_own_language_and_where_the_language_is_unknown(language: str | None, found: bool) -> None:
    assert bool(holds("f", "alpha", language=language)) is found


def test_overlapping_terms_are_all_found_and_each_place_once() -> None:
    lexicon = Lexicon([("g", "any", "one two"), ("g", "any", "two three"), ("g", "any", "two"), ("g", "en", "two")])
    hits = lexicon.find(Folded("one two three"), "en")["g"]
    assert sorted(hits) == [(0, 2), (1, 2), (1, 3)]
    assert lexicon.longest == 2


def test_no_terms_find_nothing() -> None:
    assert Lexicon([]).find(Folded("alpha"), "en") == {}


# --------------------------------------------------------------------------- operators


@pytest.mark.parametrize(
    ("expression", "title", "expected"),
    [
        pytest.param("a and b", "alpha beta", True, id="and"),
        pytest.param("a and b", "alpha", False, id="and, one missing"),
        pytest.param("a or b", "beta", True, id="or"),
        pytest.param("a or b", "none", False, id="or, both missing"),
        pytest.param("not a", "beta", True, id="not"),
        pytest.param("not a", "alpha", False, id="not, there"),
        pytest.param("a near/1 b", "alpha beta", True, id="near, side by side"),
        pytest.param("a near/1 b", "beta alpha", True, id="near in either order"),
        pytest.param("a near/2 b", "alpha x beta", True, id="near, two words away"),
        pytest.param("a near/1 b", "alpha x beta", False, id="near, too far"),
        pytest.param("a before/1 b", "alpha beta", True, id="before"),
        pytest.param("a before/9 b", "beta alpha", False, id="before, the other way round"),
        pytest.param("c near/1 b", "gamma delta beta", True, id="the distance counts from the phrase's end"),
        pytest.param("(a and b) near/3 c", "alpha x gamma x beta", True, id="all of several around one"),
        pytest.param("(a and b) near/1 c", "alpha x gamma beta", False, id="one of several too far"),
        pytest.param("c near/2 (not b)", "gamma x x x beta", True, id="near nothing of that"),
        pytest.param("c near/2 (not b)", "gamma beta", False, id="near something of that"),
        pytest.param("(not b) near/2 c", "gamma x x x beta", True, id="near nothing of that, turned round"),
        pytest.param("a before/2 (not b)", "beta alpha x", True, id="nothing of that behind it"),
        pytest.param("a near/3 b near/2 c", "alpha x beta gamma", True, id="a chain"),
        pytest.param("sentence(a and b)", "Alpha here. Beta there.", False, id="in two sentences"),
        pytest.param("sentence(a and b)", "Here. Alpha and beta.", True, id="in one sentence"),
        pytest.param("sentence(a and not b)", "Alpha here. Beta there.", True, id="a sentence without"),
        pytest.param("sentence(a near/3 b)", "Alpha. Beta.", False, id="near within a sentence"),
        pytest.param("a and sentence(not b)", "Alpha here. Nothing there.", True, id="a sentence without, anywhere"),
        pytest.param("a and sentence(not a)", "Alpha here.", False, id="no sentence without"),
        pytest.param('"alpha beta"', "Alpha-Beta", True, id="words"),
        pytest.param("alph*", "alphabet", True, id="beginning"),
    ],
)
def test_an_operator_holds_as_it_is_described(expression: str, title: str, expected: bool) -> None:
    assert (holds(expression, title) is not None) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("title:a", True),
        ("title:b", False),
        ("summary:b", True),
        ("text:c", True),
        ("outlet:a", False),
        ('outlet:"Post"', True),
        ('"Post"', False),
        ("title:(a and b)", False),
        ("title:(not a)", False),
        ("not title:b", True),
        ("sentence(summary:b)", True),
        ("sentence(title:a and summary:b)", False),
        ("language:en", True),
        ("language:fr", False),
        ("a and b and c", True),
    ],
)
def test_a_field_is_looked_at_where_it_is_named_and_the_outlet_only_then(expression: str, expected: bool) -> None:
    found = holds(expression, "Alpha", "Beta", "Gamma", outlet="Post", language="en")
    assert (found is not None) is expected


def test_what_holds_says_where() -> None:
    assert holds("a near/3 b", "x alpha x beta", "alpha beta") == [Span(0, 1, 4), Span(1, 0, 2)]
    assert holds("not a", "beta") == holds("language:en", "beta", language="en") == []
    assert holds('outlet:"Post"', "x", outlet="Post") == []


def test_a_text_that_only_repeats_the_summary_is_looked_at_once() -> None:
    assert holds("a", "", "Alpha", "Alpha") == [Span(1, 0, 1)]


@pytest.mark.parametrize("article", [Article(1, ""), Article(1, "…", "\n", "!!")])
def test_an_article_without_words_is_no_problem(article: Article) -> None:
    document = prepare(article, Lexicon(TERMS))
    for expression in ("a", "sentence(a)", "a near/5 b", "title:a", "outlet:a"):
        assert evaluate(parse(expression), document) is None
    assert evaluate(parse("not a"), document) == []


# --------------------------------------------------------------------------- properties

TEXTS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "x", ".", "\n", "Y"]), max_size=14).map(" ".join)
ATOMS = st.sampled_from(["a", "b", "c", "f", '"x"', "language:fr"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"(({t[0]}) {t[1]} ({t[2]}))"),
        inner.map(lambda part: f"(not ({part}))"),
        inner.map(lambda part: f"sentence({part})"),
        st.tuples(ATOMS.filter(lambda a: a != "language:fr"), st.sampled_from(["near/2", "before/3"]), inner).map(
            lambda t: f"({t[0]} {t[1]} ({t[2]}))"
        ),
    ),
    max_leaves=8,
)
ARTICLES = st.builds(
    Article,
    st.just(1),
    TEXTS,
    TEXTS,
    TEXTS,
    st.sampled_from(["", "alpha"]),
    st.sampled_from([None, "en", "fr"]),
)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, ARTICLES)
def test_not_is_the_complement(expression: str, article: Article) -> None:
    document = prepare(article, Lexicon([*TERMS, ('"x"', "any", "x")]))
    plain, negated, twice = (evaluate(parse(text), document) for text in (
        expression, f"not ({expression})", f"not not ({expression})"))  # fmt: skip
    assert (plain is None) is (negated is not None)
    assert (plain is None) is (twice is None)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS, ARTICLES)
def test_not_either_is_neither(one: str, other: str, article: Article) -> None:
    document = prepare(article, Lexicon([*TERMS, ('"x"', "any", "x")]))
    neither = evaluate(parse(f"not ({one} or {other})"), document)
    both_not = evaluate(parse(f"(not {one}) and (not {other})"), document)
    assert neither == both_not


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, ARTICLES)
def test_every_place_lies_within_its_field(expression: str, article: Article) -> None:
    document = prepare(article, Lexicon([*TERMS, ('"x"', "any", "x")]))
    for span in evaluate(parse(expression), document) or ():
        assert 0 <= span.start < span.end <= document.fields[SEARCHED[span.field]].length


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS | EXPRESSIONS.map("outlet:({})".format), ARTICLES)
def test_what_holds_has_a_term_of_every_group_that_it_needs(expression: str, article: Article) -> None:
    document = prepare(article, Lexicon([*TERMS, ('"x"', "any", "x")]))
    present = {group for field in document.fields.values() for group, hits in field.hits.items() if hits}
    tree = parse(expression)
    if evaluate(tree, document) is not None:
        assert all(groups & present for groups in needed(tree))


@pytest.mark.parametrize(
    ("expression", "groups"),
    [
        ("a", [{"a"}]),
        ("a and b", [{"a"}, {"b"}]),
        ("a or b", [{"a", "b"}]),
        ("(a and b) or c", [{"a", "c"}]),
        ("a or not b", []),
        ("not a", []),
        ("a near/3 (not b)", [{"a"}]),
        ("sentence(title:a and language:en)", [{"a"}]),
    ],
)
def test_an_expression_says_what_it_cannot_do_without(expression: str, groups: list[set[str]]) -> None:
    assert needed(parse(expression)) == groups


# --------------------------------------------------------------------------- signals

SPEC = RulesSpec(
    rules=(
        Rule("handover", "leadership", "mission near/15 takeover", severity="high"),
        Rule("court", "rules", "sentence(court and mission)", stage="blocked"),
    ),
    concepts={
        "mission": Concept({"en": ("Lagoon Mission", "LM"), "fr": ("Mission de la Lagune",)}),
        "takeover": Concept({"any": ("take over", "takes over", "reprend")}),
        "court": Concept({"en": ("court",)}),
        "offer": Concept({"en": ("offers",)}),
        "choice": Concept({"en": ("agrees",)}),
        "fact": Concept({"any": ("takes over", "reprend")}),
        "denial": Concept({"en": ("denies", "not")}),
    },
    actors={"Norland": Concept({"any": ("Norland", "Norlander*")}), "Sudland": Concept({"any": ("Sudland",)})},
    stages={"proposed": "offer", "decided": "choice", "effective": "fact"},
    negation="denial",
    relevant='mission or outlet:"Lagoon Post"',
)


def compiled(spec: RulesSpec = SPEC) -> RuleSet:
    rules, problems = compile_rules(spec)
    assert rules is not None, problems
    return rules


RULES = compiled()


def signals(title: str = "", summary: str = "", text: str = "", language: str | None = "en") -> list[Signal]:
    return RULES.signals(Article(1, title, summary, text, "Post", language))


def test_a_signal_says_what_changes_how_far_it_is_who_does_it_and_where_it_stands() -> None:
    summary = "It rained. Norland offers to take over the Lagoon Mission. Then it stopped."
    assert signals("Weather of the day", summary) == [
        Signal(
            rule="handover",
            change="leadership",
            stage="proposed",
            actors=("Norland",),
            sentence="Norland offers to take over the Lagoon Mission.",
            field="summary",
            start=11,
            end=58,
            severity="high",
            words=("offers", "take over", "Lagoon Mission"),
        )
    ]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Norland takes over the Lagoon Mission, says a man of the LM", ("takes over", "Lagoon Mission", "LM")),
        ("Court stops the LM", ("Court", "LM")),
        ("Norland denies that it takes over the LM", ("takes over", "LM")),
        ("La Mission de la Lagune : le Norland la reprend", ("Mission de la Lagune", "reprend")),
    ],
)
def test_a_signal_names_the_words_that_decided_as_they_stand(title: str, words: tuple[str, ...]) -> None:
    (found,) = signals(title, language="fr" if title.startswith("La ") else "en")
    assert found.words == words
    assert all(word in found.sentence for word in words)


def test_words_that_touch_are_one_piece() -> None:
    (found,) = signals("Norland takes over Lagoon Mission")
    assert found.words == ("takes over Lagoon Mission",)


@pytest.mark.parametrize(
    ("title", "text", "nearly"),
    [
        ("Lagoon Mission " + "and so on " * 10 + "takes over", "", ["handover"]),
        ("The court is closed. The LM is not.", "", []),
        ("The court", "The Lagoon Mission", []),
        ("Rain", "", []),
        ("Court stops the LM", "The LM " + "and so on " * 10 + "takes over", []),
    ],
    ids=["too far", "in two sentences", "in two fields", "none of its words", "another rule held"],
)
def test_a_rule_that_nearly_held_is_named_where_none_did(title: str, text: str, nearly: list[str]) -> None:
    assert RULES.match(Article(1, title, "", text, "Post", "en")).nearly == nearly


def test_nothing_is_said_of_what_no_rule_finds() -> None:
    assert signals("Rain over the capital", "It rained.", "It rained.") == []
    assert signals() == []


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        pytest.param("Norland offers to take over the Lagoon Mission", "proposed", id="an offer"),
        pytest.param("Norland agrees to take over the Lagoon Mission", "decided", id="a choice"),
        pytest.param("Norland takes over the Lagoon Mission", "effective", id="a fact"),
        pytest.param("To take over the Lagoon Mission costs money", "proposed", id="no cue at all"),
        pytest.param("Norland denies that it takes over the Lagoon Mission", "blocked", id="a denial before the cue"),
        pytest.param("Not a word was said while Norland takes over the Lagoon Mission", "effective", id="a far denial"),
        pytest.param("Court agrees on the Lagoon Mission", "blocked", id="the rule's own stage"),
    ],
)
def test_the_stage_is_that_of_the_nearest_cue_unless_it_is_denied(title: str, stage: str) -> None:
    assert [signal.stage for signal in signals(title)] == [stage]


def test_the_stage_and_actors_come_from_the_headline_where_the_sentence_has_none() -> None:
    (signal,) = signals("Norland agrees with Sudland", "The plan is to take over the Lagoon Mission.")
    assert (signal.field, signal.stage, signal.actors) == ("summary", "decided", ("Norland", "Sudland"))


def test_actors_stand_in_the_order_of_the_sentence_each_once() -> None:
    (signal,) = signals("Sudland and Norlanders of Norland take over the Lagoon Mission from Sudland")
    assert signal.actors == ("Sudland", "Norland")


def test_the_evidence_is_in_the_headline_where_it_holds_there() -> None:
    text = "Norland takes over the Lagoon Mission."
    (signal,) = signals(text, text + " x", text)
    assert signal.field == "title"


def test_the_evidence_is_the_sentence_that_was_asked_for_not_what_shows_the_subject() -> None:
    rule = Rule("handover", "leadership", 'sentence(mission near/9 takeover and not court) and title:"lagoon"')
    rules = compiled(replace(SPEC, rules=(rule,)))
    summary = "Norland offers to take over the Lagoon Mission."
    (found,) = rules.signals(Article(1, "Court sits in the lagoon", summary, "", "Post", "en"))
    assert (found.sentence, found.field, found.stage) == (summary, "summary", "proposed")


def test_actors_are_those_of_the_evidence_and_of_the_headline_above_a_summary() -> None:
    summary = "Its neighbour Sudland takes over the Lagoon Mission."
    assert [one.actors for one in signals("Norland leaves", summary)] == [("Sudland", "Norland")]
    text = "Rain fell. Sudland takes over the Lagoon Mission."
    assert [one.actors for one in signals("Norland leaves", "Rain.", text)] == [("Sudland",)]
    assert [one.actors for one in signals("Norland leaves", "Rain.", "It takes over the Lagoon Mission.")] == [
        ("Norland",)
    ]


def test_a_stage_that_no_word_tells_is_a_guess() -> None:
    told, untold = signals("Norland offers to take over the Lagoon Mission"), signals("Take over the Lagoon Mission!")
    assert [(one.stage, one.guessed) for one in (*told, *untold)] == [("proposed", False), ("proposed", True)]


def test_evidence_over_two_sentences_is_both_of_them() -> None:
    (signal,) = signals("", "First. The Lagoon Mission waits. Norland will take over now. Last.")
    assert signal.sentence == "The Lagoon Mission waits. Norland will take over now."


def test_word_lists_of_another_language_do_not_count() -> None:
    assert signals("Norland reprend la Mission de la Lagune", language="en") == []
    assert [s.stage for s in signals("Norland reprend la Mission de la Lagune", language="fr")] == ["effective"]


WORDS = ("Norland", "Sudland", "takes over", "the Lagoon Mission", "court", "offers", "denies")
PIECES = st.sampled_from([*WORDS, ".", "\n", "…", "é\u0301", "😀", "U.N.", "\u00a0", "”", "x"])
PROSE = st.lists(PIECES, max_size=18).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(PROSE, PROSE, PROSE, st.sampled_from([None, "en", "fr"]))
def test_evidence_always_points_at_the_words_it_quotes(
    title: str, summary: str, text: str, language: str | None
) -> None:
    article = Article(1, title, summary, text, "Post", language)
    found = RULES.signals(article)
    assert len({signal.rule for signal in found}) == len(found)
    for signal in found:
        assert getattr(article, signal.field)[signal.start : signal.end] == signal.sentence != ""
        assert set(signal.actors) <= {"Norland", "Sudland"}


# --------------------------------------------------------------------------- relevance, version, examples


@pytest.mark.parametrize(
    ("entry", "relevant"),
    [
        (Entry("Lagoon Mission", language="en"), True),
        (Entry("News", summary="About the Lagoon Mission"), True),
        (Entry("News", content="About the Lagoon Mission"), True),
        (Entry("News", outlet="Lagoon Post"), True),
        (Entry("News"), False),
    ],
)
def test_a_page_is_worth_reading_where_the_expression_holds(entry: Entry, relevant: bool) -> None:
    assert RULES.relevant(entry) is relevant


def test_without_an_expression_every_page_is_worth_reading() -> None:
    assert compiled(replace(SPEC, relevant=None)).relevant(Entry("News"))


def changed_rule(**changes: Any) -> RulesSpec:
    return replace(SPEC, rules=(replace(SPEC.rules[0], **changes), SPEC.rules[1]))


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        pytest.param(replace(SPEC), True, id="the same rules"),
        pytest.param(changed_rule(title="New title"), True, id="another title"),
        pytest.param(changed_rule(match=(Example("x"),), ignore=(Example("y"),)), True, id="other examples"),
        pytest.param(changed_rule(when="mission near/16 takeover"), False, id="another expression"),
        pytest.param(changed_rule(severity="low"), False, id="another severity"),
        pytest.param(replace(SPEC, negation=None), False, id="no negation"),
        pytest.param(
            replace(SPEC, concepts={**SPEC.concepts, "court": Concept({"en": ("judge",)})}), False, id="a word"
        ),
        pytest.param(replace(SPEC, actors={}), False, id="no actors"),
    ],
)
def test_the_version_changes_with_what_decides_and_with_nothing_else(spec: RulesSpec, same: bool) -> None:
    assert (version_of(spec) == RULES.version) is same


def test_without_negation_nothing_is_turned_round() -> None:
    rules = compiled(replace(SPEC, negation=None))
    (signal,) = rules.signals(Article(1, "Norland denies that it takes over the Lagoon Mission", language="en"))
    assert signal.stage == "effective"


OFFER = "Norland offers to take over the Lagoon Mission"


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        pytest.param({"match": (Example(OFFER),)}, None, id="a match"),
        pytest.param({"match": (Example(OFFER, stage="proposed"),)}, None, id="a match at its stage"),
        pytest.param({"ignore": (Example("Rain over the capital"),)}, None, id="nothing to find"),
        pytest.param(
            {"match": (Example("Rain over the capital"),)},
            "must match, but does not: neither `mission` nor `takeover` is there",
            id="no match",
        ),
        pytest.param(
            {"ignore": (Example(OFFER),)},
            'must be ignored, but matches: "take over the Lagoon Mission" in the title',
            id="found all the same",
        ),
        pytest.param(
            {"match": (Example(OFFER, stage="decided"),)},
            'must be decided, but is proposed: "offers" (offer)',
            id="other stage",
        ),
    ],
)
def test_an_example_that_fails_says_what_the_rule_did_instead(examples: dict[str, Any], message: str | None) -> None:
    failures = run_examples(compiled(changed_rule(**examples)))
    assert [failure.message for failure in failures] == ([message] if message else [])
    if failures:
        assert failures[0].path == ("rules", 0, "examples", next(iter(examples)), 0)


def test_an_example_is_in_the_language_that_it_names_or_shows() -> None:
    assert as_article(Example("Short", language="ht"), RULES).language == "ht"
    shown = as_article(Example("Le Conseil de sécurité a prolongé d'un an le mandat de la mission."), RULES)
    assert shown.language == "fr"


# --------------------------------------------------------------------------- long texts


@pytest.mark.parametrize("piece", ["Court and Lagoon Mission. ", "Norland takes over the Lagoon Mission "])
def test_a_text_full_of_hits_takes_no_longer_than_its_length(piece: str) -> None:
    with not_hanging():
        RULES.signals(Article(1, "Lagoon Mission", text=piece * (400_000 // len(piece)), language="en"))


def test_an_expression_at_its_deepest_is_evaluated() -> None:
    deep: Node = parse("not " * 98 + "a")
    assert evaluate(deep, prepare(Article(1, "alpha"), Lexicon(TERMS))) == []
