"""Copies of one text are one story, whatever each outlet makes of it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import Article
from monitor.stories import Fingerprint, copies, fingerprint, headline, key, lines, rare_words, same_headline, sample
from tests.hanging import not_hanging

PARAGRAPHS = [
    "The council of the lagoon voted on Tuesday evening to give its security mission another year of work.",
    "Eleven members were in favour, two against, and the delegate of the northern islands stayed away altogether.",
    "“We would rather have gone home,” the commander said, “but nobody has offered to come in our place.”",
    "Some six hundred officers from four countries patrol the harbour, the market and the road to the airport.",
    "Their wages are three months late because the fund that pays them has run dry for the second time.",
    "A report on what the officers have achieved is expected before the rainy season begins in October.",
]
TEXT = "\n".join(PARAGRAPHS)
OTHER = "\n".join(
    [
        "Fishermen in the lagoon have begun to build walls of old tyres against a sea that rises year by year.",
        "Engineers from the university measured the tide for ten months and found that it had risen by a hand.",
        "“My father could walk to the reef,” said a fisherman of sixty, “and my son will have to swim there.”",
        "The ministry has promised stone, and the stone has been lying in the yard of the port since last spring.",
        "Until somebody brings a crane, the tyres remain, and children have painted fish on most of them by now.",
    ]
)


def same(word: str) -> float:
    """Every word says as much as the next."""
    return 1.0


def of(title: str = "", text: str = "", *, language: str = "en", summary: str = "") -> Fingerprint:
    article = Article(1, title, summary, text, "Lagoon Post", language)
    return fingerprint(article, lines(article).values())


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param("\n".join(PARAGRAPHS[:3]), id="cut"),
        pytest.param("\n".join(PARAGRAPHS[3:]), id="without its beginning"),
        pytest.param("\n".join(reversed(PARAGRAPHS)), id="in another order"),
        pytest.param(
            "\n".join(["The mission of the lagoon stays, and the money does not.", *PARAGRAPHS[1:]]), id="new lead"
        ),
        pytest.param(
            f"{TEXT}\nFollow us wherever you like, and write to the newsroom of the Cape.", id="with a footer"
        ),
        pytest.param(f"{OTHER}\n{TEXT}", id="within a longer text"),
        pytest.param(TEXT.upper(), id="in capitals"),
        pytest.param(TEXT.replace("council", "Council").replace(", ", " "), id="other commas"),
        pytest.param(
            "\n".join([*PARAGRAPHS[:2], "« Nous serions plutôt rentrés », a dit le chef.", *PARAGRAPHS[3:]]), id="quote"
        ),
    ],
)
def test_a_text_is_recognised_whatever_was_done_to_it(copy: str) -> None:
    assert copies(of("Mission stays", TEXT), of("A wholly different headline for it", copy), same) == "text"
    assert copies(of("A wholly different headline for it", copy), of("Mission stays", TEXT), same)


def test_a_summary_that_is_the_beginning_of_a_text_is_a_copy_of_it() -> None:
    summary = " ".join(PARAGRAPHS[:2])
    assert copies(of("Mission stays", TEXT), of("Lagoon votes", summary=summary, text=summary), same)


def test_two_texts_on_one_event_that_quote_the_same_man_are_two_stories() -> None:
    second = "\n".join([*OTHER.splitlines()[:4], PARAGRAPHS[2]])
    assert not copies(of("Mission stays", TEXT), of("Mission remains", second), same)


def test_long_texts_with_nothing_in_common_are_two_stories_even_under_one_headline() -> None:
    title = "What you have to know about the lagoon this morning"
    long = " ".join(f"word{number}" for number in range(100))
    assert not copies(of(title, TEXT), of(title, long), same)
    assert copies(of(title, TEXT), of(title), same) == "headline", "no text: the headline is all there is to judge by"


def test_like_headlines_above_different_summaries_are_two_stories_unless_they_are_nearly_the_same() -> None:
    one = of("Council gives lagoon mission another year of work", summary=PARAGRAPHS[3])
    near = of("Council gives the lagoon mission another year to work", summary=OTHER.splitlines()[0])
    alike = of("Lagoon mission gets another year from council", summary=OTHER.splitlines()[0])
    assert copies(one, near, same) == "headline"
    assert not copies(one, alike, same)
    assert copies(one, of("Lagoon mission gets another year from council"), same) == "headline"


def test_short_summaries_that_share_most_of_their_words_in_order_are_copies() -> None:
    one = of(
        "Harbour closed", summary="Ten officers of the lagoon mission closed the harbour on Tuesday, a clerk said."
    )
    other = of("No way in", summary="Ten officers of the lagoon mission closed the harbour Tuesday, said a clerk.")
    assert copies(one, other, same) == "text"
    phrase = of(
        "Mission meets", summary="Ten officers of the lagoon mission had their annual meeting at the fish market."
    )
    assert not copies(one, phrase, same)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Council gives lagoon mission another year", "Council gives lagoon mission another year", True),
        ("COUNCIL GIVES LAGOON MISSION ANOTHER YEAR", "Council gives Lagoon mission another year!", True),
        ("Council gives lagoon mission another year", "Council gives the mission another year in lagoon", True),
        ("Council gives lagoon mission another year", "Council gives the lagoon mission one more year", True),
        ("Council gives lagoon mission", "Council gives lagoon mission another year after vote", True),
        (
            "Council gives the anti gang force of the lagoon a year",
            "Council gives the antigang force of the lagoon a year",
            True,
        ),
        (
            "SG wants harbour masters to report on lagoon wages",
            "Secretary-General wants harbour masters to report on wages of lagoon",
            True,
        ),
        ("Norland gives 8 million crowns to lagoon mission", "Norland gives lagoon mission 8m crowns", True),
        ("Norland gives 8 million crowns to lagoon mission", "Norland gives lagoon mission 9m crowns", False),
        ("Troops land in lagoon harbour", "Norland troops reach lagoon harbour", False),
        ("Council gives lagoon mission another year", "Mission of the lagoon short of wages as fund runs dry", False),
        ("Some 230 officers land in the lagoon harbour", "Some 400 officers land in the lagoon harbour", False),
        ("Some 230 officers land in the lagoon harbour", "Officers land in the lagoon harbour", False),
        ("Lagoon in brief", "Lagoon in brief", False),
        ("Lagoon news", "Lagoon news of Monday morning", False),
        ("", "", False),
    ],
)
def test_headlines_are_one_but_for_a_few_words_and_never_with_other_numbers(
    one: str, other: str, expected: bool
) -> None:
    assert same_headline(headline(one), headline(other), same) is expected
    assert same_headline(headline(other), headline(one), same) is expected


def test_common_words_make_no_story_and_rare_ones_do() -> None:
    archive = {"counc": 900, "missi": 990, "lagoo": 990, "offic": 700, "kille": 300, "polic": 900}

    def weigh(word: str) -> float:
        return math.log(1001 / (archive.get(word, 0) + 0.5))

    one, other = (
        headline("Lagoon mission: police officer killed near market"),
        headline("Lagoon mission police officer killed by lightning"),
    )
    assert not same_headline(one, other, weigh)
    one, other = (
        headline("Typhoon topples lighthouse of lagoon mission"),
        headline("Lighthouse toppled: typhoon hits police of lagoon mission"),
    )
    assert same_headline(one, other, weigh)


def test_one_headline_in_two_languages_is_not_one_text() -> None:
    title = "Christofides Otunge Ramdin Guterres Rubio"
    assert not copies(of(title, language="en"), of(f"{title} 2", language="fr"), same)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["lagoon", "mission", "council", "harbour", "market", "typhoon", "wages"]), max_size=9),
    st.lists(st.sampled_from(["lagoon", "mission", "council", "harbour", "market", "typhoon", "wages"]), max_size=9),
    st.dictionaries(st.sampled_from(["lagoo", "missi", "counc", "harbo"]), st.floats(0.0, 9.0)),
)
def test_what_is_similar_shares_one_of_the_rare_words_it_is_looked_up_by(
    one: list[str], other: list[str], weights: dict[str, float]
) -> None:
    left, right = headline(" ".join(one)), headline(" ".join(other))

    def weigh(word: str) -> float:
        return weights.get(word, 1.0)

    if (
        left.words != right.words
        and min(len(left.telling), len(right.telling)) >= 4
        and same_headline(left, right, weigh)
    ):
        shared = left.telling & right.telling
        cut = left.words[: len(right.words)] == right.words or right.words[: len(left.words)] == left.words
        assert cut or shared & set(rare_words(left, weigh))


def test_copies_are_looked_up_by_the_same_runs_of_words() -> None:
    long = "\n".join(
        f"Paragraph {number} of the report tells how the {number} boats came home." for number in range(80)
    )
    runs, moved = (
        sample(long.splitlines()),
        sample(["Another beginning was written for it.", *reversed(long.splitlines())]),
    )
    assert len(runs) < 80 * 9 / 4
    assert len(set(runs) & set(moved)) > 60
    assert set(sample(long.splitlines()[:3])) <= set(runs), "the beginning is kept whole"


def test_a_story_is_decided_anew_only_where_the_article_says_something_else() -> None:
    article = Article(1, "Mission stays", text=TEXT)
    assert key(article) == key(Article(2, "Mission stays", text=TEXT, outlet="Other"))
    assert key(article) != key(Article(1, "Mission stays", text=TEXT + "."))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_articles_can_be_compared(one: str, other: str) -> None:
    left, right = of(one, other), of(other, one)
    assert copies(left, right, same) == copies(right, left, same)


def test_a_hostile_megabyte_takes_no_longer_than_its_length() -> None:
    with not_hanging():
        of("a " * 50_000, "a " * 125_000 + "\n" * 750_000)
