"""Tables for people: as wide as the terminal, and in a pipe one whole line a row.

Where a terminal is too narrow, headings are broken first, then long texts within their column; where even that leaves
them no room they stand below the rest of their row, and columns that still do not fit go on in the next line.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_GAP = "  "
_ADDRESS = "://"
_INDENT = 4
"""Of what stands below its row."""
_ROOM = 24
"""A text is not squeezed into fewer cells than this; it stands below its row instead."""


@dataclass(frozen=True, slots=True)
class Column:
    """What stands below each other; a `text` may be broken into lines."""

    heading: str
    cells: Sequence[str]
    right: bool = False
    text: bool = False

    @property
    def widest(self) -> int:
        """The cells of the widest value."""
        return max(map(cells_of, self.cells), default=0)

    @property
    def natural(self) -> int:
        """The cells that it takes in one line."""
        return max(cells_of(self.heading), self.widest)

    @property
    def least(self) -> int:
        """The cells that it needs at least, beside others."""
        heading = max(cells_of(piece.rstrip()) for piece in _pieces(self.heading))
        return max(heading, _ROOM if self.is_long else self.widest, *map(_address_cells, self.cells))

    @property
    def is_long(self) -> bool:
        """Whether it is a text that could do with less than its widest line."""
        return self.text and self.widest > _ROOM


def lines(columns: Sequence[Column], width: int | None) -> Iterator[tuple[str, bool]]:
    """The lines of a table that is `width` cells wide (None: as wide as it gets), each with whether it is a heading."""
    if width is not None:
        columns = [column for column in columns if any(column.cells)]
    layout = _layout(columns, width)
    table_width = max(_breadth(row) + _INDENT * (number > 0) for number, row in enumerate(layout))
    for line in _row(layout, [column.heading for column in columns], columns, heading=True):
        yield line, True
    yield "─" * min(table_width, width or table_width), False
    for values in zip(*(column.cells for column in columns), strict=True):
        for line in _row(layout, values, columns):
            yield line, False


# A layout: for each line of a row, the columns in it (by number) with their widths.
_Layout = Sequence[Sequence[tuple[int, int]]]


def _layout(columns: Sequence[Column], width: int | None) -> _Layout:
    naturals = [(number, column.natural) for number, column in enumerate(columns)]
    if width is None or _breadth(naturals) <= width:
        return [naturals]
    leasts = [(number, column.least) for number, column in enumerate(columns)]
    if _breadth(leasts) <= width:
        return [_widened(leasts, columns, width)]
    return _stacked(leasts, columns, width)


def _widened(leasts: Sequence[tuple[int, int]], columns: Sequence[Column], width: int) -> Sequence[tuple[int, int]]:
    """Gives what is left of the width to the columns that can use it, texts first, cell by cell to the narrowest."""
    widths = dict(leasts)
    left = width - _breadth(leasts)
    for kind in (True, False):
        while left and (
            growing := [n for n in widths if columns[n].is_long is kind and widths[n] < columns[n].natural]
        ):
            widths[min(growing, key=lambda n: widths[n])] += 1
            left -= 1
    return list(widths.items())


def _stacked(leasts: Sequence[tuple[int, int]], columns: Sequence[Column], width: int) -> _Layout:
    """The short columns in as many lines as they need, each text below them; all but the first line are indented."""
    layout: list[list[tuple[int, int]]] = [[]]
    for number, least in leasts:
        if columns[number].is_long:
            continue
        if layout[-1] and _breadth([*layout[-1], (number, least)]) + _INDENT * (len(layout) > 1) > width:
            layout.append([])
        layout[-1].append((number, least))
    room = max(width - _INDENT, 1)
    return layout + [[(number, room)] for number, _ in leasts if columns[number].is_long]


def _breadth(row: Sequence[tuple[int, int]]) -> int:
    return sum(width for _, width in row) + len(_GAP) * (len(row) - 1)


def _row(layout: _Layout, values: Sequence[str], columns: Sequence[Column], *, heading: bool = False) -> Iterator[str]:
    """The lines of one row; a line without anything in it is left out."""
    for place, row in enumerate(layout):
        cells = [(_broken_heading(values[n], w) if heading else broken(values[n], w), n, w) for n, w in row]
        for number in range(max(len(cell) for cell, _, _ in cells)):
            parts = (_padded(cell[number] if number < len(cell) else "", w, columns[n].right) for cell, n, w in cells)
            line = _GAP.join(parts).rstrip()
            if line:
                yield " " * _INDENT * (place > 0) + line


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cells_of(text))
    return space + text if right else text + space


def _broken_heading(heading: str, width: int) -> list[str]:
    if cells_of(heading) <= width:
        return [heading]
    return list(_filled(_pieces(heading), width))


def _pieces(heading: str) -> list[str]:
    """Where a heading may be broken: at spaces, and within the name of a zone: `(America/`, `Port-au-Prince)`."""
    return [piece for word in heading.split(" ") for piece in f"{word} ".replace("/", "/\n").split("\n")]


def broken(text: str, width: int) -> list[str]:
    """A text in lines of at most so many cells, broken at spaces, and within a wider word that is no address."""
    if cells_of(text) <= width:
        return [text]
    pieces = [piece for word in text.split() for piece in _chopped(f"{word} ", width)]
    return list(_filled(pieces, width))


def _address_cells(text: str) -> int:
    """The cells of the widest address in a text: broken in two it could not be followed."""
    return max((cells_of(word) for word in text.split() if _ADDRESS in word), default=0) if _ADDRESS in text else 0


def _chopped(word: str, width: int) -> Iterator[str]:
    if _ADDRESS in word:
        yield word
        return
    part = ""
    for character in word:
        if cells_of((part + character).rstrip()) > width:
            yield part
            part = ""
        part += character
    yield part


def _filled(pieces: Sequence[str], width: int) -> Iterator[str]:
    line = ""
    for piece in pieces:
        if line and cells_of((line + piece).rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    yield line.rstrip()


def cells_of(text: str) -> int:
    """How many cells of a terminal a text takes: two for a wide character, none for one that joins another."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
