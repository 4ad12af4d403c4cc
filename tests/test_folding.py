"""A folded text is one line of words, the same whichever way it was folded; every word knows where it comes from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import folding
from monitor.folding import Folded, fold

LETTERS = "aZé ïŁß.!?…\"'”»)\n\t-’U0٣\u0301\u00ad\u200b\x85漢𝐇œŒ½µƒsS™\ud800\x00\u200f\u202e_"
TEXTS = st.text(alphabet=st.sampled_from(LETTERS), max_size=60) | st.text(max_size=60)


def slowly(text: str) -> str:
    """The reference: every character looked up by itself."""
    return "".join(folding._CHARS[ord(char)] for char in text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("Kenya-led mission, in Haïti", " kenya led mission in haiti ", id="accents, hyphen, comma"),
        pytest.param("l’OEA à Port-au-Prince…", " l oea a port au prince ", id="typographic signs"),
        pytest.param("Kenya's mission; the Kenyans’ exit", " kenya mission the kenyans exit ", id="possessives"),
        pytest.param("U.N.-led, U.S. and e.g. A. Smith", " un led us and eg a smith ", id="acronyms with dots"),
        pytest.param("Main-d'œuvre, Straße", " main d oeuvre strasse ", id="letters that become two"),
        pytest.param("Rada Bezpieczeństwa zatwierdziła", " rada bezpieczenstwa zatwierdzila ", id="Polish"),
        pytest.param("Hai\u0308ti gou\u00advernman", " haiti gouvernman ", id="marks apart and soft hyphens"),
        pytest.param("a\x00b\u200fc\ud800d", " a bc d ", id="a NUL, a direction mark, half a character"),
        pytest.param("", "  ", id="nothing"),
        pytest.param("… — !", "  ", id="no word"),
    ],
)
def test_a_text_becomes_one_line_of_words(text: str, line: str) -> None:
    assert Folded(text).line == line


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_fast_ways_fold_like_the_slow_one(text: str) -> None:
    assert folding._flat(text)[0] == slowly(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_word_points_at_the_text_that_it_comes_from(text: str) -> None:
    folded = Folded(text)
    assert len(folded.words) == len(folded.spans)
    end = 0
    for word, (start, stop) in zip(folded.words, folded.spans, strict=True):
        assert end <= start < stop <= len(text)
        assert fold(text[start:stop]) == word
        end = stop


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_stretches_between_blanks_are_ranges_of_words(texts: list[str]) -> None:
    text = "\n".join(texts)
    bounds = []
    start = 0
    for one in texts:
        bounds.append((start, start + len(one)))
        start += len(one) + 1
    folded = Folded(text)
    expected = [[i for i, (a, _) in enumerate(folded.spans) if low <= a < high] for low, high in bounds]
    assert [list(range(first, last)) for first, last in folded.ranges(bounds)] == expected


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_folded_text_folds_to_itself(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_case_does_not_count_in_western_letters(text: str) -> None:
    western = text.encode("ascii", "ignore").decode()
    assert Folded(western.upper()).line == Folded(western.lower()).line


@given(TEXTS | st.text(alphabet="aS'. -s", max_size=20))
def test_the_words_of_a_text_are_the_same_with_their_places_or_without(text: str) -> None:
    assert fold(text) == Folded(text).line.strip()
