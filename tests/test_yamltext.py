"""Everything in a YAML file has its place, and plain words mean what they say."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.yamltext import load

# PyYAML writes U+0085 as it stands, where every YAML 1.1 reader, its own included, takes it for a line break.
WRITABLE = st.text(st.characters(exclude_characters="\x85", exclude_categories=["Cs"]), max_size=8)


def problems(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as raised:
        load(text, "c.yaml")
    assert all(problem.file == "c.yaml" for problem in raised.value.problems)
    return [(problem.line, problem.column, problem.message) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("no", "no", id="the code of Norwegian"),
        pytest.param("on", "on", id="on"),
        pytest.param("22:00", "22:00", id="a time of day"),
        pytest.param("2025-09-30", "2025-09-30", id="a day"),
        pytest.param("0o17", "0o17", id="octal"),
        pytest.param("1_000", "1_000", id="underscore"),
        pytest.param("1e3", "1e3", id="no point, no number"),
        pytest.param("true", True, id="true"),
        pytest.param("FALSE", False, id="false"),
        pytest.param("-12", -12, id="whole number"),
        pytest.param("1.5", 1.5, id="number"),
        pytest.param(".5e1", 5.0, id="number in powers of ten"),
        pytest.param("~", None, id="tilde"),
        pytest.param("null", None, id="null"),
        pytest.param('"12"', "12", id="quoted number"),
        pytest.param("'true'", "true", id="quoted word"),
        pytest.param("!!str 12", "12", id="tagged as words"),
    ],
)
def test_plain_words_mean_what_they_say(text: str, value: Any) -> None:
    assert load(f"key: {text}", "c.yaml").data == {"key": value}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null"])
def test_a_file_without_content_is_nothing(text: str) -> None:
    assert load(text, "c.yaml").data is None


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | WRITABLE,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_yaml_writes_is_read_back(value: Any) -> None:
    assert load(yaml.safe_dump(value, allow_unicode=True), "c.yaml").data == value


def test_an_alias_stands_for_what_it_names() -> None:
    assert load("a: &x [1]\nb: *x\n", "c.yaml").data == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' stands here a second time; keep one", id="key twice"),
        pytest.param("x: {a: 1, a: 2}", 1, 11, "the key 'a' stands here a second time", id="key twice in one line"),
        pytest.param("a: b: c", 1, 5, "mapping values are not allowed in this context; check", id="two colons"),
        pytest.param("a: [1\nb: 2", 2, 2, "while parsing a flow sequence, did not find", id="bracket left open"),
        pytest.param("a:\n\tb: 1", 2, 1, "found character that cannot start any token", id="tab"),
        pytest.param("a: 'b", 1, 6, "found unexpected end of stream", id="quote left open"),
        pytest.param("a: 1\n---\nb: 2", 2, 1, "expected a single document in the stream", id="two documents"),
        pytest.param("a: *x", 1, 4, "found undefined alias", id="alias of nothing"),
        pytest.param("é: 1\nb: \x07", 2, 4, "the character U+0007 is not allowed here", id="control character"),
        pytest.param("? [a]\n: 1", 1, 3, "a key is a word here, not a list or a group", id="list as a key"),
        pytest.param("a: !!int b", 1, 4, "this is no number", id="word tagged as a number"),
        pytest.param("a: " + "9" * 5000, 1, 4, "this is no number", id="number without end"),
        pytest.param("a: &x [*x]", 1, 1, "lists stand too deep within lists", id="list within itself"),
        pytest.param("a: " + "[" * 990 + "]" * 990, 1, 1, "lists stand too deep within lists", id="list within lists"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_place(text: str, line: int, column: int, message: str) -> None:
    ((at_line, at_column, told),) = problems(text)
    assert message in told
    assert "\n" not in told
    assert (at_line, at_column) == (line, column)


def test_every_key_that_stands_twice_is_told() -> None:
    assert [place[:2] for place in problems("a: 1\na: 2\nb: {c: 1, c: 2}\n")] == [(2, 1), (3, 11)]


# --------------------------------------------------------------------------- places

FILE = """\
plain: mission near/5 misson
folded: >-
  mission near/5
  (actor and misson)
literal: |
  one
  two misson
quoted: "mission  near \\"x\\" misson"
single: 'it''s misson'
accents: é😀 misson
list:
  - a
  - {b: misson}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("plain",), (1, 23)),
        (("folded",), (4, 14)),
        (("literal",), (7, 7)),
        (("quoted",), (8, 30)),
        (("single",), (9, 16)),
        (("accents",), (10, 13)),
        (("list", 1, "b"), (13, 9)),
    ],
)
def test_a_place_within_a_value_is_found_whatever_its_style(
    path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    document = load(FILE, "c.yaml")
    value = document.data
    for step in path:
        value = value[step]
    problem = document.problem("x", path, at=value.index("misson"))
    assert (problem.line, problem.column) == place


def test_a_problem_points_at_the_key_where_the_key_is_meant() -> None:
    document = load(FILE, "c.yaml")
    assert str(document.problem("x", ("folded",), key=True)) == "c.yaml:2:1: x"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param(("list", 7), "c.yaml:12:3: x", id="no such item: its list"),
        pytest.param(("plain", "deeper"), "c.yaml:1:8: x", id="below a text: the text"),
        pytest.param(("nowhere",), "c.yaml:1:1: x", id="no such key: the file"),
        pytest.param((), "c.yaml:1:1: x", id="the whole file"),
    ],
)
def test_a_path_that_ends_too_early_points_at_the_last_thing_on_it(path: tuple[str | int, ...], told: str) -> None:
    assert str(load(FILE, "c.yaml").problem("x", path)) == told


def test_a_problem_in_an_empty_file_points_at_its_beginning() -> None:
    assert str(load("", "c.yaml").problem("x", ("a",))) == "c.yaml:1:1: x"


@settings(max_examples=60, deadline=None)
@given(st.text("ab :'\"\\\n#", max_size=30), st.integers(0, 29), st.sampled_from(["|", ">", "'", '"']))
def test_a_place_never_lies_outside_the_file(value: str, at: int, style: str) -> None:
    text = yaml.safe_dump({"key": value}, default_style=style, width=10)
    problem = load(text, "c.yaml").problem("x", ("key",), at=at)
    lines = text.split("\n")
    assert 1 <= problem.line <= len(lines)
    assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
