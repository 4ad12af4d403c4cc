"""Tables as they are laid out: within the width of a terminal, and nothing of a value is lost."""

from dataclasses import replace

import pytest

from monitor.cli.tables import Column, broken, cells_of, lines

ADDRESS = f"https://news.example/2025/09/30/{'x' * 60}"
TITLES = [
    "Norland agrees to take over the Lagoon Mission from Sudland, whose term ends in the autumn",
    "Mission de la Lagune : 海地 多国安全支援团 的 指挥 移交",
    f"An address {ADDRESS}",
]
COLUMNS = [
    Column("id", ["1", "22", "333"], right=True),
    Column("first seen (America/Port-au-Prince)", ["2025-09-30 08:00"] * 3),
    Column("change", ["leadership", "mandate", "composition"]),
    Column("headline", TITLES, text=True),
    Column("outlets", ["1", "12", "3"], right=True),
    Column("alerts", ["1", "2", "3"], right=True),
    Column("error", ["", "", ""], text=True),
]


def table(width: int | None) -> list[str]:
    return [line for line, _ in lines(COLUMNS, width)]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 133, 200, 300])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width: int) -> None:
    shown = table(width)
    assert max(cells_of(line) for line in shown if "://" not in line) <= width
    assert any(ADDRESS in line for line in shown), "an address that is broken could not be followed"
    letters = "".join("".join(shown).split())
    for column in COLUMNS[:3]:
        assert all(all(word in letters for word in cell.split()) for cell in column.cells)
    assert all(word in " ".join(shown).replace("│", " ") for word in TITLES[0].split())


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_a_text_always_has_room_for_some_words(width: int) -> None:
    assert any("Norland agrees to take" in line for line in table(width))


def test_a_heading_that_is_too_wide_is_broken_at_spaces_and_within_the_zone() -> None:
    columns = [replace(column, cells=column.cells[:2]) for column in COLUMNS]  # without the long address
    head = [line for line, is_heading in lines(columns, 90) if is_heading]
    assert [line[4:20].strip() for line in head] == ["first seen", "(America/", "Port-au-Prince)"]


def test_a_text_without_room_stands_below_its_row() -> None:
    shown = table(60)
    row = next(number for number, line in enumerate(shown) if line.startswith("  1  2025-09-30 08:00"))
    assert shown[row + 1] == "    Norland agrees to take over the Lagoon Mission from"
    assert shown[row + 2] == "    Sudland, whose term ends in the autumn"


def test_without_a_terminal_each_row_is_one_whole_line_and_every_column_is_there() -> None:
    shown = table(None)
    assert len(shown) == 2 + len(TITLES)
    assert "first seen (America/Port-au-Prince)" in shown[0]
    assert shown[0].endswith("error")
    assert all(title in line for title, line in zip(TITLES, shown[2:], strict=True))


def test_on_a_terminal_a_column_without_a_value_is_left_out() -> None:
    assert "error" not in "".join(table(200))


def test_a_wide_character_takes_two_cells_and_an_accent_that_joins_none() -> None:
    assert (cells_of("海地"), cells_of("Haïti"), cells_of("Hai\u0308ti"), cells_of("a\u200db")) == (4, 5, 5, 2)
    assert broken("海地多国安全", 5) == ["海地", "多国", "安全"]
