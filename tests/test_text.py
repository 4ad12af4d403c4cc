"""Words keep their places, sentences their borders, and no text takes longer than its length."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text import (
    detect_language,
    fold,
    paragraphs,
    printable,
    sentences,
    squeeze,
    title_key,
    words,
)
from tests.hanging import not_hanging

MEGABYTE = 1_000_000
PROSE = st.text(alphabet=st.sampled_from("aZé ïŁß.!?…\"'”»)\n\t-’U0٣\u0301\u00ad\u200b\x85漢𝐇"), max_size=80)
ANY_TEXT = PROSE | st.text(max_size=80)


# --------------------------------------------------------------------------- folding and words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("HAÏTI", "haiti", id="capitals and accents"),
        pytest.param("Hai\u0308ti", "haiti", id="accent written apart"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("ΛΌΓΟΣ", "λογοσ", id="final sigma"),
        pytest.param("İstanbul", "istanbul", id="dotted capital i"),
        pytest.param("ﬁn", "fin", id="ligature"),
        pytest.param("𝐇𝐚𝐢𝐭𝐢", "haiti", id="mathematical letters, as in social media"),
        pytest.param("ℌaiti", "haiti", id="capital that only shows when taken apart"),
        pytest.param("Ha\u00adi\u200dti", "haiti", id="soft hyphen and joiner"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_case_and_accents_fold_away(text: str, folded: str) -> None:
    assert fold(text) == folded


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_what_is_folded_stays_as_it_is_when_folded_again(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_every_word_points_at_its_place_in_the_text(text: str) -> None:
    end = 0
    for word in words(text):
        assert end <= word.start < word.end <= len(text)
        assert fold(text[word.start : word.end].replace(".", "")) == word.folded
        end = word.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Kenya-led", ["kenya", "led"], id="hyphen parts"),
        pytest.param("l'OEA l’ONU", ["l", "oea", "l", "onu"], id="apostrophes part"),
        pytest.param("the U.N. force", ["the", "un", "force"], id="acronym with dots"),
        pytest.param("O.N.U.", ["onu"], id="acronym alone"),
        pytest.param("resolution_2793", ["resolution", "2793"], id="underscore parts"),
        pytest.param("Hai\u0308ti", ["haiti"], id="accents written apart belong to the word"),
        pytest.param("... — !", [], id="no word"),
    ],
)
def test_words_are_parted_as_a_reader_parts_them(text: str, expected: list[str]) -> None:
    assert [word.folded for word in words(text)] == expected


def test_a_word_knows_whether_it_stands_in_capitals() -> None:
    assert [(word.folded, word.capital) for word in words("MSS Mss U.N. é É")] == [
        ("mss", True),
        ("mss", False),
        ("un", True),
        ("e", False),
        ("e", True),
    ]


def test_headlines_that_differ_in_case_accents_and_punctuation_have_one_key() -> None:
    assert title_key("« Haïti : l'ONU vote »") == title_key("HAITI - L’ONU VOTE") == "haiti l onu vote"


# --------------------------------------------------------------------------- cleaning


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param(" a \n\t b ", "a b", id="white space"),
        pytest.param("a\x00b\u200bc\u202ed", "abcd", id="control, zero width and direction"),
        pytest.param("a\x0cb\x85c\x1cd", "a b c d", id="controls that part words"),
        pytest.param("\ufeffa", "a", id="byte order mark"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_squeezing_gives_one_clean_line(text: str, clean: str) -> None:
    assert squeeze(text) == clean


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_squeezed_text_stays_as_it_is(text: str) -> None:
    assert squeeze(squeeze(text)) == squeeze(text)


def test_paragraphs_stand_one_a_line_without_empty_ones() -> None:
    assert paragraphs(" one  two \r\n\n \u2028three\n") == "one two\nthree"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=50))
def test_printable_text_can_be_stored_and_keeps_every_word(text: str) -> None:
    clean = printable(text)
    clean.encode("utf-8")
    assert "\x00" not in clean
    assert len(clean) <= len(text)


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert printable("a\ud800b") == "a?b"


# --------------------------------------------------------------------------- sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"], id="every ending"),
        pytest.param("Dr. Lee met Gen. Paz. They spoke.", ["Dr. Lee met Gen. Paz.", "They spoke."], id="titles"),
        pytest.param("The U.N. Council voted. It passed.", ["The U.N. Council voted.", "It passed."], id="acronym"),
        pytest.param("J. Paz left. Good.", ["J. Paz left.", "Good."], id="initial"),
        pytest.param("See no. 5 here. End.", ["See no. 5 here.", "End."], id="number sign"),
        pytest.param("He said no. Then left.", ["He said no.", "Then left."], id="no as a word"),
        pytest.param("«Yes.» She left.", ["«Yes.»", "She left."], id="closing quotation mark"),
        pytest.param("It grew 3.5 times. Yes.", ["It grew 3.5 times.", "Yes."], id="decimal point"),
        pytest.param("Wait... what? Go.", ["Wait... what?", "Go."], id="small letter follows"),
        pytest.param("A line\nanother line", ["A line", "another line"], id="a line is a sentence"),
        pytest.param(" \n \n", [], id="white space only"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_sentences_never_overlap_and_cover_all_that_is_no_white_space(text: str) -> None:
    bounds = sentences(text)
    assert all(start < end for start, end in bounds)
    assert all(one[1] <= other[0] for one, other in pairwise(bounds))
    assert "".join("".join(text[start:end] for start, end in bounds).split()) == "".join(text.split())
    assert all(not text[start].isspace() and not text[end - 1].isspace() for start, end in bounds)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_every_word_lies_within_one_sentence(text: str) -> None:
    bounds = sentences(text)
    for word in words(text):
        assert sum(start <= word.start < word.end <= end for start, end in bounds) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("." * MEGABYTE, id="full stops"),
        pytest.param("." + '"' * MEGABYTE, id="closing quotation marks"),
        pytest.param(".'" * (MEGABYTE // 2), id="stops and closings in turn"),
        pytest.param("a." * (MEGABYTE // 2), id="acronym without end"),
        pytest.param("a" + "\u0301" * MEGABYTE, id="a word of accents"),
        pytest.param(" " * MEGABYTE, id="spaces"),
        pytest.param("\n" * MEGABYTE, id="lines"),
    ],
)
@pytest.mark.parametrize(
    "helper",
    [
        pytest.param(lambda text: list(words(text)), id="words"),
        pytest.param(sentences, id="sentences"),
        pytest.param(squeeze, id="squeeze"),
        pytest.param(printable, id="printable"),
    ],
)
def test_a_hostile_megabyte_takes_no_longer_than_its_length(
    helper: Callable[[str], Iterable[object]], hostile: str
) -> None:
    with not_hanging():
        helper(hostile)


# --------------------------------------------------------------------------- language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("The Security Council has extended the mandate of the mission by a year.", "en", id="English"),
        pytest.param("Le Conseil de sécurité a prolongé d'un an le mandat de la mission.", "fr", id="French"),
        pytest.param("El Consejo de Seguridad ha prorrogado un año el mandato de la misión.", "es", id="Spanish"),
        pytest.param("Prezidan an di gouvènman an pral voye plis polisye nan peyi a demen.", "ht", id="Creole"),
        pytest.param("Haiti", None, id="too short to tell"),
        pytest.param("1234567890 1234567890 1234567890", None, id="numbers only"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_language_is_told_where_the_text_shows_it(text: str, language: str | None) -> None:
    assert detect_language(text, ["en", "fr", "es", "ht"]) == language


@pytest.mark.parametrize("languages", [[], ["xx"], ["xx", "zz"]])
def test_no_language_is_told_where_none_of_those_asked_for_is_known(languages: list[str]) -> None:
    assert detect_language("The Security Council has extended the mandate.", languages) is None
