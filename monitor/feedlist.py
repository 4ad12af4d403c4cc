"""The list of feeds in the text of config.yaml: feeds in, feeds out, and every other character stays as it is.

The text is edited where YAML says that things stand, never written anew, so comments, order and line ends survive. It
may be in any style that people write: one feed a line, a group of lines each, brackets, or JSON.
"""

import json
import re
from collections.abc import Sequence

from monitor.errors import ConfigError
from monitor.schema import FeedSection
from monitor.yamltext import Document, Place

_PLAIN = re.compile(r"[^\W\d_](?:[\w .-]*\w)?")
_OTHERWISE_READ = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_UNWRITABLE = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BREAK = re.compile(r"\r\n|\n|\r")
_GAP = re.compile(r"(?:\s|#[^\r\n]*)*")
"""White space and comments."""
_Edit = tuple[int, int, str]
"""Start and end of what goes, and what comes instead."""


def with_feeds(document: Document, feeds: Sequence[FeedSection]) -> str:
    """The text with feeds after those that are there, in the style of the last one."""
    place = document.place(("feeds",))
    if place is None:
        edits = _new_section(document, feeds)
    elif not place.flow:
        edits = _below_the_last(document, place, feeds)
    elif document.data["feeds"]:
        edits = _into_brackets(document, place, feeds)
    else:
        edits = _into_nothing(document, place, feeds)
    return _edited(document.source, edits)


def without_feed(document: Document, index: int) -> str:
    """The text without the feed at this place of the list, and without a comment on its own line."""
    place = document.place(("feeds",))
    if place is None:
        raise _unable(document)
    if place.flow:
        return _edited(document.source, _out_of_brackets(document, index))
    return _edited(document.source, _out_of_lines(document, place, index))


def line_of(feed: FeedSection) -> str:
    """A feed as a line of the list."""
    return f"- {_in_braces(feed)}"


# --------------------------------------------------------------------------- in


def _below_the_last(document: Document, place: Place, feeds: Sequence[FeedSection]) -> list[_Edit]:
    last = _item(document, len(document.data["feeds"]) - 1)
    indent, newline = " " * place.column, _newline(document.source)
    lines = [line_of(feed) for feed in feeds]
    if last.kind == "group" and not last.flow:
        dash = "-".ljust(max(last.column - place.column, 2))
        between = newline + indent + " " * len(dash)
        lines = [dash + between.join(f"{key}: {_word(value)}" for key, value in _values(feed)) for feed in feeds]
    at = _line_end(document.source, last.end)
    return [(at, at, "".join(f"{newline}{indent}{line}" for line in lines))]


def _into_nothing(document: Document, place: Place, feeds: Sequence[FeedSection]) -> list[_Edit]:
    """`feeds: []` becomes a line for each feed, unless the brackets hold a comment or the whole file is in brackets."""
    source, root = document.source, document.place()
    if root is None or root.flow or not re.fullmatch(r"\[\s*\]", source[place.start : place.end]):
        inside = place.end - 1
        return [(inside, inside, ", ".join(_in_braces(feed, json_only=bool(root and root.flow)) for feed in feeds))]
    before = len(source[: place.start].rstrip())
    at = _line_end(source, place.end)
    return [(before, place.end, ""), (at, at, _block(source, root.column + 2, feeds))]


def _into_brackets(document: Document, place: Place, feeds: Sequence[FeedSection]) -> list[_Edit]:
    source, root = document.source, document.place()
    last = _item(document, len(document.data["feeds"]) - 1)
    texts = [_in_braces(feed, json_only=bool(root and root.flow)) for feed in feeds]
    begin = _line_start(source, last.start)
    own_line = not source[begin : last.start].strip()
    if not own_line and len(feeds) == 1:
        return [(last.end, last.end, f", {texts[0]}")]
    indent = source[begin : last.start] if own_line else " " * ((root.column if root else 0) + 2)
    lines = f",{_newline(source)}{indent}".join(texts)
    end, comma = _line_end(source, last.end), _comma_after(source, last.end)
    if not own_line or place.end - 1 <= end or (comma or 0) > end:
        return [(last.end, last.end, f",{_newline(source)}{indent}{lines}")]
    # Below a comment that stands after the last one; a comma after the last one is the style of this list.
    mark = [] if comma else [(last.end, last.end, ",")]
    return [*mark, (end, end, f"{_newline(source)}{indent}{lines}{',' if comma else ''}")]


def _new_section(document: Document, feeds: Sequence[FeedSection]) -> list[_Edit]:
    source, root = document.source, document.place()
    if root is None or root.kind != "group":
        raise _unable(document)
    if root.flow:
        at = source.index("{", root.start) + 1
        more = ", " if document.data else ""
        return [(at, at, f'"feeds": [{", ".join(_in_braces(feed, json_only=True) for feed in feeds)}]{more}')]
    newline = _newline(source)
    end_mark = re.search(r"^\.\.\.", source[root.end :], re.MULTILINE)
    at = root.end + end_mark.start() if end_mark else len(source)
    open_line = not source[:at].endswith(("\n", "\r"))
    text = f"{' ' * root.column}feeds:{_block(source, root.column + 2, feeds)}"
    return [(at, at, f"{newline}{text}" if open_line else f"{text}{newline}")]


def _block(source: str, column: int, feeds: Sequence[FeedSection]) -> str:
    return "".join(f"{_newline(source)}{' ' * column}{line_of(feed)}" for feed in feeds)


# --------------------------------------------------------------------------- out


def _out_of_lines(document: Document, place: Place, index: int) -> list[_Edit]:
    source, item = document.source, _item(document, index)
    after = _item(document, index - 1).end if index else _line_start(source, place.start)
    dash = re.compile(r"^ *-", re.MULTILINE).search(source, after, item.start + 1)
    name = document.place(("feeds",), key=True)
    if dash is None or name is None:
        raise _unable(document)
    edits = [_whole_lines(source, dash.start(), item.end)]
    if len(document.data["feeds"]) == 1:
        colon = source.index(":", name.end) + 1
        edits.append((colon, colon, " []"))
    return edits


def _out_of_brackets(document: Document, index: int) -> list[_Edit]:
    """An item goes with the comma after it, the last one with the comma before it."""
    source, item = document.source, _item(document, index)
    comma = _comma_after(source, item.end)
    if comma is None and index:
        comma = _comma_after(source, _item(document, index - 1).end)
    begin, end = _line_start(source, item.start), _line_end(source, item.end)
    own = comma is not None and begin <= comma < end
    beside = source[begin : item.start] + source[item.end : end]
    alone = re.fullmatch(r"\s*,?" if own else r"\s*", beside.partition("#")[0].rstrip()) is not None
    if comma is not None and not alone and comma < item.start and not source[comma + 1 : item.start].strip():
        return [_cut(source, comma, item.end)]
    edits = [] if comma is None or (alone and own) else [_cut(source, comma, comma + 1)]
    return [*edits, _whole_lines(source, begin, item.end) if alone else _cut(source, item.start, item.end)]


def _cut(source: str, start: int, end: int) -> _Edit:
    blanks = re.compile(r"[ \t]+(?=[^\s\]#])").match(source, end)
    return start, blanks.end() if blanks else end, ""


def _whole_lines(source: str, start: int, end: int) -> _Edit:
    """From the beginning of a line to the end of the line where something ends, with one line break."""
    end = _line_end(source, end)
    after = _BREAK.match(source, end)
    if after:
        return start, after.end(), ""
    before = re.search(r"(?:\r\n|\n|\r)\Z", source[:start])  # the file ends without a line break, and shall again
    return before.start() if before else start, end, ""


# --------------------------------------------------------------------------- how things are written


def _values(feed: FeedSection) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in feed.model_dump(mode="json", exclude_none=True).items()]


def _in_braces(feed: FeedSection, *, json_only: bool = False) -> str:
    if json_only:
        return json.dumps(dict(_values(feed)))
    return "{" + ", ".join(f"{key}: {_word(value)}" for key, value in _values(feed)) + "}"


def _word(text: str) -> str:
    """A text as it stands in YAML: bare where every reader takes it for what it is, else as in JSON."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _OTHERWISE_READ:
        return text
    return _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _newline(source: str) -> str:
    found = _BREAK.search(source)
    return found[0] if found else "\n"


def _line_start(source: str, index: int) -> int:
    return max(source.rfind("\n", 0, index), source.rfind("\r", 0, index)) + 1


def _line_end(source: str, index: int) -> int:
    found = _BREAK.search(source, index)
    return found.start() if found else len(source)


def _comma_after(source: str, index: int) -> int | None:
    """Where the comma after an item of brackets stands, if there is one."""
    gap = _GAP.match(source, index)
    at = gap.end() if gap else index
    return at if source[at : at + 1] == "," else None


def _item(document: Document, index: int) -> Place:
    found = document.place(("feeds", index))
    if found is None:
        raise _unable(document)
    return found


def _unable(document: Document) -> ConfigError:
    message = "the list of feeds is written in a way that cannot be edited from here; edit it in the file"
    return ConfigError([document.problem(message, ("feeds",))])


def _edited(source: str, edits: list[_Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return source
