"""Copies of one wire text are one story."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.stories import copies, paragraphs, telling_title

LEAD = "The council voted on Tuesday to give the lagoon mission another year of work."


def test_a_paragraph_has_one_fingerprint_whatever_its_case_accents_and_punctuation() -> None:
    one = paragraphs("Le Conseil a voté mardi pour prolonger d'un an la mission.")
    other = paragraphs("LE CONSEIL A VOTE MARDI, POUR PROLONGER D’UN AN LA MISSION")
    assert one == other
    assert list(one.values()) == [12]


def test_another_word_is_another_fingerprint() -> None:
    assert paragraphs(LEAD).keys().isdisjoint(paragraphs(LEAD.replace("year", "month")))


@pytest.mark.parametrize("text", ["", "\n\n", "Read more here", "Seven words are not enough for this"])
def test_short_paragraphs_say_nothing(text: str) -> None:
    assert paragraphs(text) == {}


def test_a_paragraph_that_repeats_counts_once() -> None:
    assert len(paragraphs(f"{LEAD}\n{LEAD}\n")) == 1


@pytest.mark.parametrize(
    ("shared", "one", "other", "same"),
    [
        pytest.param(100, 100, 100, True, id="all"),
        pytest.param(50, 100, 400, True, id="half of the shorter"),
        pytest.param(49, 100, 400, False, id="less than half of the shorter"),
        pytest.param(29, 29, 29, False, id="too few words to tell"),
        pytest.param(30, 30, 500, True, id="just enough words"),
        pytest.param(0, 0, 0, False, id="no text"),
    ],
)
def test_copies_share_half_of_the_shorter_text(shared: int, one: int, other: int, same: bool) -> None:
    assert copies(shared, one, other) is same
    assert copies(shared, other, one) is same


@pytest.mark.parametrize(
    ("key", "telling"),
    [("", False), ("council votes on mission mandate", False), ("council votes on lagoon mission mandate", True)],
)
def test_a_headline_tells_a_story_from_six_words_on(key: str, telling: bool) -> None:
    assert telling_title(key) is telling


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_fingerprints_are_made_of_any_text(text: str) -> None:
    assert all(len(mark) == 16 and count >= 8 for mark, count in paragraphs(text).items())


def test_a_hostile_megabyte_takes_no_longer_than_its_length() -> None:
    begun = time.process_time()
    paragraphs("a " * 125_000 + "\n" * 750_000)
    assert time.process_time() - begun < 10
