"""Amounts are read as people write them, and nothing else is."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.units import duration, in_bytes, in_words, size


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("20 s", timedelta(seconds=20)),
        ("90sec", timedelta(seconds=90)),
        ("10 minutes", timedelta(minutes=10)),
        ("1 minute", timedelta(minutes=1)),
        ("5 MIN", timedelta(minutes=5)),
        ("1.5 h", timedelta(minutes=90)),
        ("48h", timedelta(days=2)),
        (" 7 days ", timedelta(days=7)),
        ("2 weeks", timedelta(days=14)),
        ("0 s", timedelta(0)),
    ],
)
def test_a_length_of_time_is_read_as_written(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize(
    "text",
    ["", "10", "s", "ten s", "-5 s", "500 ms", "2 hs", "3 months", "1,5 h", "1 h 30 min", "1e3 s", "9" * 400 + " s"],
)
def test_what_is_no_length_of_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 20 s, 10 minutes, 48 h or 7 days"):
        duration(text)


@pytest.mark.parametrize("text", ["36501 days", "999999999999 weeks"])
def test_a_length_that_no_clock_can_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="36500 days is the most"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"), [("10 MB", 10_000_000), ("500kB", 500_000), ("1.5 gb", 1_500_000_000), ("7 b", 7)]
)
def test_a_size_is_read_in_bytes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "10", "10 MiB", "ten MB", "-1 MB", "9" * 400 + " MB"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 500 kB or 10 MB"):
        size(text)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=400), "0 s"),
        (timedelta(seconds=20), "20 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=3, seconds=1), "3 days 1 s"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(length: timedelta, words: str) -> None:
    assert in_words(length) == words


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["s", "min", "h", "days"]), st.integers(1, 23))
def test_what_is_said_in_one_unit_is_read_back_as_it_was(unit: str, count: int) -> None:
    length = duration(f"{count} {unit}")
    assert duration(in_words(length)) == length


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (1_200_000_000, "1.2 GB")],
)
def test_bytes_are_told_in_their_largest_unit(amount: int, words: str) -> None:
    assert in_bytes(amount) == words
