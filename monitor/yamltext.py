"""YAML with the place of everything in it, so that an error can name line and column.

The core schema of YAML 1.2, in which `no` is a word (and the code of Norwegian) and 22:00 is no number. Composed by
libyaml: the file is read at the start of every command.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from monitor.errors import ConfigError, Problem

Steps = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the source: its first character and the one after its last, comments after it left out.

    A place is in `flow` style where its brackets say what belongs to it, else its indentation does.
    """

    start: int
    end: int
    column: int
    kind: Literal["list", "group", "word"]
    flow: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file read twice: `data` to use, `root` to point at."""

    file: str
    source: str
    data: Any
    root: Node | None

    def problem(self, message: str, path: Steps = (), *, at: int = 0, key: bool = False) -> Problem:
        """A problem at the value (or with `key` the key) under a path.

        `at` is an index into that value where it is a text: the column then points inside it.
        """
        node, found = self._find(path, key=key)
        if node is None:
            return Problem(message, self.file, 1, 1)
        if isinstance(node, ScalarNode) and found and not key:
            offset = _source_index(self.source, node, at)
            return Problem(message, self.file, *_line_and_column(self.source, offset))
        return _problem_at(node, message, self.file)

    def place(self, path: Steps = (), *, key: bool = False) -> Place | None:
        """Where the value (or with `key` the key) under a path stands; None where nothing does."""
        node, found = self._find(path, key=key)
        if node is None or not found:
            return None
        kind: Literal["list", "group", "word"] = "word"
        if not isinstance(node, ScalarNode):
            kind = "list" if isinstance(node, SequenceNode) else "group"
        flow = isinstance(node, SequenceNode | MappingNode) and bool(node.flow_style)
        return Place(node.start_mark.index, _end(self.source, node), node.start_mark.column, kind, flow)

    def _find(self, path: Steps, *, key: bool) -> tuple[Node | None, bool]:
        """The node under a path, or the deepest one on the way to it, and whether all of the path was there."""
        node = self.root
        for depth, step in enumerate(path):
            pair = _child(node, step)
            if pair is None:
                return node, False
            node = pair[0] if key and depth == len(path) - 1 else pair[1]
        return node, True


def read(path: Path) -> str:
    """The text of a file, line ends made one. Raises ConfigError where it is not there or not UTF-8."""
    return decode(content_of(path), path).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def content_of(path: Path) -> bytes:
    """What is in a file. Raises ConfigError where it is not there or cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        hint = "write one with `haiti-monitor init`, or name another with --config"
        raise ConfigError([Problem(f"there is no such file; {hint}", str(path))]) from error
    except OSError as error:
        raise ConfigError([Problem(f"the file cannot be read: {error.strerror}", str(path))]) from error


def decode(content: bytes, path: Path) -> str:
    """A file's bytes as text, every character of it. Raises ConfigError with the place of what is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig").rpartition("\n")
        line, column = content.count(b"\n", 0, error.start) + 1, len(before[2]) + 1
        message = "this byte is not UTF-8; save the file with the encoding UTF-8"
        raise ConfigError([Problem(message, str(path), line, column)]) from error


def load(text: str, file: str) -> Document:
    """Reads YAML. Raises ConfigError with the place where the text is no YAML or names a key twice."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = ", ".join(filter(None, (error.context, error.problem)))
        hint = "check indentation, quotes and colons here and in the line before"
        raise ConfigError([Problem(f"{problem}; {hint}", file, line, column)]) from error
    except yaml.reader.ReaderError as error:
        place = _line_and_column(text, text.find(chr(error.character)))
        message = f"the character U+{error.character:04X} is not allowed here; take it out"
        raise ConfigError([Problem(message, file, *place)]) from error
    problems: list[Problem] = []
    try:
        data = _value(root, file, problems) if root is not None else None
    except RecursionError as error:
        raise ConfigError([Problem("lists stand too deep within lists here; take some out", file, 1, 1)]) from error
    if problems:
        raise ConfigError(problems)
    return Document(file, text, data, root)


class _Loader(yaml.CSafeLoader):
    """libyaml's loader with the plain words of YAML 1.2 only."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (as its base has it)


for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", "[-+]?[0-9]+", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("null", "null|Null|NULL|~|", [*"nN~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def _value(node: Node, file: str, problems: list[Problem]) -> Any:
    """The plain data of a node; a key that stands twice in one mapping is a problem, not a silent loss."""
    if isinstance(node, SequenceNode):
        return [_value(child, file, problems) for child in node.value]
    if isinstance(node, MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                problems.append(_problem_at(key, "a key is a word here, not a list or a group", file))
            elif key.value in mapping:
                message = f"the key {key.value!r} stands here a second time; keep one of the two"
                problems.append(_problem_at(key, message, file))
            mapping[str(key.value)] = _value(value, file, problems)
        return mapping
    try:
        return _scalar(str(node.value), node.tag.rpartition(":")[2])
    except ValueError:
        problems.append(_problem_at(node, "this is no number; put words in quotes", file))
        return None


def _scalar(text: str, kind: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    return int(text) if kind == "int" else float(text) if kind == "float" else text


def _end(source: str, node: Node) -> int:
    """Where a node's own text ends: libyaml takes what is below a block, up to the next word, as part of it."""
    if isinstance(node, ScalarNode):
        if node.style not in ("|", ">"):
            return int(node.end_mark.index)
        return node.start_mark.index + len(source[node.start_mark.index : node.end_mark.index].rstrip())
    if not isinstance(node, SequenceNode | MappingNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    if isinstance(last, Node):
        return _end(source, last)
    key, value = last
    empty = isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index
    return _end(source, key if empty else value)


def _problem_at(node: Node, message: str, file: str) -> Problem:
    return Problem(message, file, node.start_mark.line + 1, node.start_mark.column + 1)


def _child(node: Node | None, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        return next(((k, v) for k, v in node.value if str(k.value) == str(step)), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _source_index(source: str, node: ScalarNode, at: int) -> int:
    """Where the value's character `at` stands in the source, whatever the style: quoted, folded, over several lines.

    Value and source have the same characters in the same order but for white space, quotes and escapes.
    """
    position, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        position = source.find("\n", position) + 1
    wanted = [char for char in str(node.value)[: at + 1] if not char.isspace()]
    last = node.start_mark.index
    for char in wanted:
        found = source.find(char, position, end)
        if found < 0:
            break
        last, position = found, found + 1
    return last


def _line_and_column(source: str, index: int) -> tuple[int, int]:
    return source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index)
