"""Feeds go into the text of a configuration and out of it, and every other character stays as it is."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.feedlist import with_feeds, without_feed
from monitor.models import Read
from monitor.schema import FeedSection
from monitor.yamltext import load

HARBOUR = FeedSection(name="Harbour Post", url="https://harbour.example/feed?a=1&b=2", language="no")
TIDES = FeedSection(name='Tides: "high", #low', url="https://tides.example/rss", outlet="Tïdes", read=Read.NEVER)
LINE = '- {name: Harbour Post, url: "https://harbour.example/feed?a=1&b=2", language: "no"}'
BRACES = LINE[2:]


def added(text: str, *feeds: FeedSection) -> str:
    return with_feeds(load(text, "c.yaml"), feeds or [HARBOUR])


def names(text: str) -> list[str]:
    return [feed["name"] for feed in load(text, "c.yaml").data["feeds"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "a: 1\nfeeds:\n  # these\n  - {name: One}   # the first\n  # the end\n\n\n# next\nb: 2\n",
            f"a: 1\nfeeds:\n  # these\n  - {{name: One}}   # the first\n  {LINE}\n  # the end\n\n\n# next\nb: 2\n",
            id="a line each, with comments",
        ),
        pytest.param("feeds:\n- {name: One}\nb: 2\n", f"feeds:\n- {{name: One}}\n{LINE}\nb: 2\n", id="not indented"),
        pytest.param("feeds:\n- {name: One}", f"feeds:\n- {{name: One}}\n{LINE}", id="no line break at the end"),
        pytest.param(
            "feeds:\r\n  - {name: Ône}\r\nb: 2\r\n", f"feeds:\r\n  - {{name: Ône}}\r\n  {LINE}\r\nb: 2\r\n", id="CRLF"
        ),
        pytest.param(
            "feeds:\n  -   name: One\n      url: x  # here\n      # old\n\n# next\nb: 2\n",
            "feeds:\n  -   name: One\n      url: x  # here\n  -   name: Harbour Post\n"
            '      url: "https://harbour.example/feed?a=1&b=2"\n      language: "no"\n      # old\n\n# next\nb: 2\n',
            id="groups of lines",
        ),
        pytest.param(
            "feeds:\n  -\n    name: >-\n      One\n      more\n\nb: 2\n",
            "feeds:\n  -\n    name: >-\n      One\n      more\n  - name: Harbour Post\n"
            '    url: "https://harbour.example/feed?a=1&b=2"\n    language: "no"\n\nb: 2\n',
            id="a folded text at the end",
        ),
        pytest.param("feeds: []  # none yet\nb: 2\n", f"feeds:  # none yet\n  {LINE}\nb: 2\n", id="empty"),
        pytest.param("feeds:\n  [ ]\nb: 2\n", f"feeds:\n  {LINE}\nb: 2\n", id="empty on a line of its own"),
        pytest.param("feeds: [ # none\n]\n", f"feeds: [ # none\n{BRACES}]\n", id="empty with a comment inside"),
        pytest.param("b: 2\n", f"b: 2\nfeeds:\n  {LINE}\n", id="no such key"),
        pytest.param("b: 2", f"b: 2\nfeeds:\n  {LINE}", id="no such key and no line break at the end"),
        pytest.param("b:\n  - 1\n# end\n...\n", f"b:\n  - 1\n# end\nfeeds:\n  {LINE}\n...\n", id="a document's end"),
        pytest.param("feeds: [{name: One}]\n", f"feeds: [{{name: One}}, {BRACES}]\n", id="brackets"),
        pytest.param("feeds: [{name: One},]\n", f"feeds: [{{name: One}}, {BRACES},]\n", id="brackets and a comma"),
        pytest.param(
            "feeds: [\n  {name: One}  # a, b\n  # end\n]\n",
            f"feeds: [\n  {{name: One}},  # a, b\n  {BRACES}\n  # end\n]\n",
            id="brackets over lines",
        ),
        pytest.param(
            "feeds: [\n  {name: One},  # a\n]\n",
            f"feeds: [\n  {{name: One}},  # a\n  {BRACES},\n]\n",
            id="brackets over lines with a comma at the end",
        ),
        pytest.param(
            "feeds: [\n  {name: One},\n  {name: Two}]\n",
            f"feeds: [\n  {{name: One}},\n  {{name: Two}},\n  {BRACES}]\n",
            id="brackets that close behind the last",
        ),
        pytest.param(
            '{"feeds": [], "b": 2}',
            '{"feeds": [{"name": "Harbour Post", "url": "https://harbour.example/feed?a=1&b=2", "language": "no"}]'
            ', "b": 2}',
            id="JSON",
        ),
        pytest.param(
            '{"b": 2}',
            '{"feeds": [{"name": "Harbour Post", "url": "https://harbour.example/feed?a=1&b=2", "language": "no"}]'
            ', "b": 2}',
            id="JSON without the key",
        ),
    ],
)
def test_a_feed_goes_in_and_nothing_else_changes(before: str, after: str) -> None:
    assert added(before) == after
    assert names(after)[-1] == "Harbour Post"


def test_several_feeds_go_in_at_once_each_on_a_line_of_its_own() -> None:
    assert added("feeds: []\n", HARBOUR, TIDES).splitlines() == [
        "feeds:",
        f"  {LINE}",
        '  - {name: "Tides: \\"high\\", #low", url: "https://tides.example/rss", outlet: Tïdes, read: never}',
    ]
    assert names(added("feeds: [{name: One}]\nb: 2\n", HARBOUR, TIDES)) == ["One", HARBOUR.name, TIDES.name]
    assert len(added("feeds: [{name: One}]\nb: 2\n", HARBOUR, TIDES).splitlines()) == 4


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        pytest.param(
            "feeds:\n  # a\n  - {name: A}  # gone\n  # b\n  - {name: B}\nb: 2\n",
            0,
            "feeds:\n  # a\n  # b\n  - {name: B}\nb: 2\n",
            id="the first of lines",
        ),
        pytest.param(
            "feeds:\n- name: A\n- name: B\n  # in it\n  url: y\n# after\n- name: C\n",
            1,
            "feeds:\n- name: A\n# after\n- name: C\n",
            id="a group of lines",
        ),
        pytest.param("feeds:\n  - {name: A}\n  - {name: B}", 1, "feeds:\n  - {name: A}", id="the last of the file"),
        pytest.param("feeds:\r\n  - {name: A}\r\n  - {name: B}\r\n", 0, "feeds:\r\n  - {name: B}\r\n", id="CRLF"),
        pytest.param(
            "feeds:  # all\n  # one\n  - {name: A}\n\nb: 2\n",
            0,
            "feeds: []  # all\n  # one\n\nb: 2\n",
            id="the only one",
        ),
        pytest.param(
            "feeds:\n  -  # a - b\n    name: A\n  - {name: B}\n", 0, "feeds:\n  - {name: B}\n", id="a dash on a line"
        ),
        pytest.param("feeds: [{name: A}, {name: B}, {name: C}]\n", 1, "feeds: [{name: A}, {name: C}]\n", id="brackets"),
        pytest.param("feeds: [{name: A}, {name: B}]\n", 0, "feeds: [{name: B}]\n", id="the first in brackets"),
        pytest.param("feeds: [ {name: A}, {name: B} ]\n", 1, "feeds: [ {name: A} ]\n", id="the last in brackets"),
        pytest.param("feeds: [{name: A},]\n", 0, "feeds: []\n", id="the only one in brackets"),
        pytest.param(
            "feeds: [\n  {name: A},  # a\n  {name: B},  # b\n  {name: C}  # c\n]\n",
            1,
            "feeds: [\n  {name: A},  # a\n  {name: C}  # c\n]\n",
            id="brackets over lines",
        ),
        pytest.param(
            "feeds: [\n  {name: A},  # a\n  {name: B}  # b\n]\n",
            1,
            "feeds: [\n  {name: A}  # a\n]\n",
            id="the last in brackets over lines",
        ),
        pytest.param(
            "feeds: [\n  {name: A}\n  , {name: B}\n  , {name: C}\n]\n",
            1,
            "feeds: [\n  {name: A}\n  , \n  {name: C}\n]\n",
            id="lines that begin with commas",
        ),
        pytest.param(
            '{"feeds": [{"name": "A"}, {"name": "B"}], "b": 2}', 1, '{"feeds": [{"name": "A"}], "b": 2}', id="JSON"
        ),
    ],
)
def test_a_feed_goes_out_and_nothing_else_changes(before: str, index: int, after: str) -> None:
    assert without_feed(load(before, "c.yaml"), index) == after
    wanted = names(before)
    del wanted[index]
    assert names(after) == wanted


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
STYLES = {
    "lines": lambda feeds: (
        "feeds:\n" + "".join(f"  # {n}\n  - {{name: {n}}}  # {n}\n" for n in feeds) + "\n# end\nz: 1"
    ),
    "groups": lambda feeds: "feeds:\n" + "".join(f"- name: {n}\n  # {n}\n  url: x\n\n" for n in feeds) + "z: 1\n",
    "brackets": lambda feeds: f"z: 1\nfeeds: [{', '.join(f'{{name: {n}}}' for n in feeds)}]",
    "brackets over lines": lambda feeds: "feeds: [\n" + "".join(f"  {{name: {n}}}, # {n}\n" for n in feeds) + "]\nz: 1",
}


@settings(max_examples=200, deadline=None)
@given(
    style=st.sampled_from(sorted(STYLES)),
    there=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True),
    new=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3),
    crlf=st.booleans(),
    data=st.data(),
)
def test_what_went_in_can_go_out_and_leaves_the_text_as_it_was(
    style: str, there: list[str], new: list[tuple[str, str]], crlf: bool, data: Any
) -> None:
    before = STYLES[style](there)
    before = before.replace("\n", "\r\n") if crlf else before
    feeds = [FeedSection(name=name, url="https://tides.example/", outlet=outlet) for name, outlet in new]
    after = added(before, *feeds)
    assert names(after) == [*there, *(name for name, _ in new)]
    assert [feed.get("outlet") for feed in load(after, "c.yaml").data["feeds"][len(there) :]] == [o for _, o in new]
    for _ in new:
        after = without_feed(load(after, "c.yaml"), len(there))
    assert after == before
    gone = data.draw(st.integers(0, len(there) - 1))
    assert load(without_feed(load(before, "c.yaml"), gone), "c.yaml").data["z"] == 1
