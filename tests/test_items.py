"""News items as JSON lines."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import MonitorError
from monitor.items import Item, day_or_moment, read_items


def read(*lines: str) -> list[Item]:
    return list(read_items(lines, "news.jsonl"))


def test_an_item_is_read_with_all_it_says() -> None:
    line = (
        '{"id": "a", "title": "T", "summary": "S", "text": "X", "url": "https://n.example/", "source": "N",'
        ' "language": "fr", "published": "2025-09-30T14:05:00+02:00", "change": []}'
    )
    moment = datetime(2025, 9, 30, 12, 5, tzinfo=UTC)
    assert read(line) == [Item("a", "T", "S", "X", "https://n.example/", "N", "fr", moment)]


def test_what_is_missing_or_null_is_empty_and_the_line_is_the_id() -> None:
    assert read('{"title": "T", "summary": null, "language": ""}') == [Item("1", "T")]


def test_empty_lines_are_skipped_and_counted() -> None:
    assert [item.id for item in read("", "{}", "  \n", "{}")] == ["2", "4"]


@pytest.mark.parametrize("title", [r"a\ud800b", r"a\udc80b"])
def test_a_lone_surrogate_becomes_one_character_that_can_be_stored(title: str) -> None:
    assert read(f'{{"title": "{title}", "id": "{title}"}}') == [Item("a?b", "a?b")]


def test_control_characters_stay_so_that_places_in_the_text_stay() -> None:
    assert read('{"text": "a\\u0000\\u200bb"}')[0].text == "a\0\u200bb"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("not json", "Expecting value", id="no JSON"),
        pytest.param("[1]", "write an object such as", id="a list"),
        pytest.param('"text"', "write an object such as", id="a text"),
        pytest.param("null", "write an object such as", id="null"),
        pytest.param('{"published": "soon"}', "soon", id="no day"),
        pytest.param('{"published": "2025-13"}', "month", id="no month"),
        pytest.param('{"published": "0001-01-01T00:00:00+14:00"}', "out of range", id="before the first day"),
        pytest.param("[" * 100_000, "recursion", id="lists within lists"),
    ],
)
def test_a_line_that_is_no_item_is_named(line: str, message: str) -> None:
    with pytest.raises(MonitorError, match=r"^news\.jsonl:2: this line is no news item: ") as raised:
        read("{}", line)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2025-09-30T14:05:00Z", datetime(2025, 9, 30, 14, 5, tzinfo=UTC)),
        ("2025-09-30T14:05:00", datetime(2025, 9, 30, 14, 5, tzinfo=UTC)),
        ("2025-09-30", datetime(2025, 9, 30, tzinfo=UTC)),
        ("2025-09", datetime(2025, 9, 16, tzinfo=UTC)),
        ("2025", datetime(2025, 7, 1, tzinfo=UTC)),
        (2025, datetime(2025, 7, 1, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_or_a_day_is_itself_and_of_a_month_or_a_year_the_middle_is_off_least(
    value: object, moment: datetime | None
) -> None:
    assert day_or_moment(value) == moment


@pytest.mark.parametrize("value", ["yesterday", "2025-02-30", "30/09/2025", True, 0, [2025]])
def test_anything_else_is_no_moment(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        day_or_moment(value)


def test_a_month_may_be_off_by_half_a_month() -> None:
    month, day = read('{"published": "2025-09"}', '{"published": "2025-09-30"}')
    assert (month.give, day.give) == (timedelta(days=15), timedelta(0))
