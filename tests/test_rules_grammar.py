"""Expressions are read as written, and a mistake is told with its column and what to write instead."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.rules.grammar import MAX_DEPTH, MAX_LENGTH, parse
from monitor.rules.nodes import And, InField, InSentence, Language, Near, Node, Not, Or, Terms, leaves, walk
from tests.hanging import not_hanging


def shape(node: Node) -> str:
    """The tree with every parenthesis, so that tests can be read."""
    match node:
        case Terms(group):
            return group
        case And(parts):
            return f"({' and '.join(map(shape, parts))})"
        case Or(parts):
            return f"({' or '.join(map(shape, parts))})"
        case Not(part):
            return f"(not {shape(part)})"
        case Near(left, right, distance, ordered):
            return f"({shape(left)} {'before' if ordered else 'near'}/{distance} {shape(right)})"
        case InSentence(part):
            return f"sentence({shape(part)})"
        case InField(name, part):
            return f"{name}:{shape(part)}"
        case Language(code):
            return f"language:{code}"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("mission", "mission", id="a concept"),
        pytest.param("a and b or c and d", "((a and b) or (c and d))", id="and binds before or"),
        pytest.param("not a and b", "((not a) and b)", id="not binds before and"),
        pytest.param("not a near/3 b", "(not (a near/3 b))", id="near binds before not"),
        pytest.param("a or b or c", "(a or b or c)", id="a chain is one"),
        pytest.param("a and (b or c)", "(a and (b or c))", id="parentheses"),
        pytest.param("((a))", "a", id="needless parentheses"),
        pytest.param("a near/3 b near/4 c", "((a near/3 b) near/4 c)", id="near from left to right"),
        pytest.param("a before/5 b", "(a before/5 b)", id="before"),
        pytest.param("(a and b) near/9 c", "(c near/9 (a and b))", id="all of several around one"),
        pytest.param("(not a) near/9 c", "(c near/9 (not a))", id="nothing of that around one"),
        pytest.param("(a and b) near/9 (not c)", "((a and b) near/9 (not c))", id="around what stands in the text"),
        pytest.param("(a and b) near/9 language:en", "((a and b) near/9 language:en)", id="around words"),
        pytest.param("sentence(a and b)", "sentence((a and b))", id="sentence"),
        pytest.param("sentence", "sentence", id="a concept called sentence"),
        pytest.param("title:a", "title:a", id="field"),
        pytest.param("OUTLET : (a or b)", "outlet:(a or b)", id="field in capitals with a space"),
        pytest.param("language:fr", "language:fr", id="language"),
        pytest.param('"Gang Suppression Force"', '"Gang Suppression Force"', id="words"),
        pytest.param('"a and (b"', '"a and (b"', id="words with signs"),
        pytest.param("kenyan*", '"kenyan*"', id="beginning of a word"),
        pytest.param("A AND NOT B", "(A and (not B))", id="operators in capitals"),
        pytest.param("order and android and notice", "(order and android and notice)", id="names that begin like one"),
        pytest.param("near_miss and before-noon", "(near_miss and before-noon)", id="names like a distance"),
        pytest.param("élection", "élection", id="a name with an accent"),
        pytest.param(" a\n\tand\r\n b ", "(a and b)", id="over several lines"),
    ],
)
def test_an_expression_is_read_as_written(text: str, tree: str) -> None:
    assert shape(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        pytest.param("", 0, "the expression is empty", id="nothing"),
        pytest.param(" \n", 0, "the expression is empty", id="white space"),
        pytest.param("a and", 5, "ends too early", id="end after and"),
        pytest.param("a and (b or ", 6, "this parenthesis is not closed", id="parenthesis left open"),
        pytest.param("a)", 1, "closes nothing", id="parenthesis too many"),
        pytest.param('a and "b', 6, "quotation mark is not closed", id="quotation mark left open"),
        pytest.param("a b", 2, "b follows without `and`, `or` or `near/N`", id="two names"),
        pytest.param('a "b"', 2, "follows without `and`", id="name and words"),
        pytest.param("a near b", 2, "near needs a distance in words, such as near/10", id="near without a distance"),
        pytest.param("a before b", 2, "before needs a distance", id="before without a distance"),
        pytest.param("a near/0 b", 2, "from 1 to 1000", id="no distance"),
        pytest.param("a near/1001 b", 2, "from 1 to 1000", id="too far"),
        pytest.param(f"a near/{'9' * 5000} b", 2, "from 1 to 1000", id="number without end"),
        pytest.param("and a", 0, "and is not expected here", id="begins with and"),
        pytest.param("a or or b", 5, "or is not expected here", id="or twice"),
        pytest.param("a & b", 2, "'&' has no meaning here", id="a sign"),
        pytest.param("()", 1, "is not expected here", id="nothing in parentheses"),
        pytest.param("a near/3 not b", 9, "not is not expected here", id="not after near"),
        pytest.param("titel:a", 5, "':' has no meaning here", id="a field that is none"),
        pytest.param("title:text:a", 0, "a field stands within a field", id="field in a field"),
        pytest.param(
            "(not a) before/3 b", 8, "on the left of `before` something must be named", id="before what is absent"
        ),
        pytest.param("outlet:a before/3 b", 9, "on the left of `before`", id="before an outlet"),
        pytest.param("language:en near/3 (not b)", 12, "on one side of `near`", id="near nothing"),
        pytest.param('""', 0, "between these quotation marks stands nothing", id="empty quotation"),
        pytest.param('a and "b\nc"', 6, "more than one line", id="quotation over two lines"),
        pytest.param("a near/5 (or(b))", 10, "or is not expected here", id="operator at a parenthesis"),
        pytest.param("a" * (MAX_LENGTH + 1), 0, "20,001 characters; 20,000 are allowed", id="too long"),
        pytest.param("(" * 101 + "a" + ")" * 101, 100, "more than 100 parentheses", id="too many parentheses"),
        pytest.param("not " * 4000 + "a", 0, "more than 100 operators", id="not without end"),
        pytest.param("a" + " near/1 b" * 500, 0, "more than 100 operators", id="near without end"),
    ],
)
def test_a_mistake_is_told_with_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(RuleError) as raised:
        parse(text)
    told = str(raised.value)
    assert message in told
    assert raised.value.column == column
    assert "\n" not in told


ATOMS = st.sampled_from(["a", "b", "c", '"x y"', "kenyan*", "language:fr"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda part: f"not ({part})"),
        inner.map(lambda part: f"sentence({part})"),
        st.tuples(st.sampled_from(["a", '"x"']), inner).map(lambda t: f"{t[0]} near/5 ({t[1]})"),
    ),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_an_expression_written_with_all_its_parentheses_is_read_as_the_same_tree(text: str) -> None:
    tree = parse(text)
    assert shape(parse(shape(tree))) == shape(tree)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from('ab ()":*/5é&\n'), max_size=30) | st.text(max_size=20))
def test_whatever_is_typed_is_a_tree_or_a_rule_error_within_the_text(text: str) -> None:
    column = 0
    try:
        column = max(leaf.column for leaf in leaves(parse(text)))
    except RuleError as error:
        column = error.column
    except ValueError:
        assert "language" in text  # a tree without a group
    assert 0 <= column <= len(text)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_every_named_group_points_at_its_place(text: str) -> None:
    for leaf in leaves(parse(text)):
        assert text[leaf.column :].startswith(leaf.group) or text[leaf.column :].startswith(leaf.group.strip('"'))


def test_leaves_stand_from_left_to_right_and_depth_counts_from_one() -> None:
    tree = parse("a and (b or not c) and sentence(title:d)")
    assert [leaf.group for leaf in leaves(tree)] == ["a", "b", "c", "d"]
    assert max(depth for _, depth in walk(tree)) == 4


def test_as_much_may_nest_as_is_said() -> None:
    deepest = parse("not " * (MAX_DEPTH - 1) + "a")
    assert max(depth for _, depth in walk(deepest)) == MAX_DEPTH


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(["a"] * 4000),
        " and ".join(["not a"] * 1800),
        '"' + "a" * 19_000,
        "(" * 19_000,
        "a" * 19_000,
        "a " * 9000,
    ],
    ids=["or", "and not", "quotation", "parentheses", "name", "names"],
)
def test_an_expression_of_full_length_is_read_or_refused_at_once(text: str) -> None:
    with not_hanging(), suppress(RuleError):
        parse(text)
