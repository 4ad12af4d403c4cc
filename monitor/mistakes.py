"""What is wrong with a configuration's shape, in words, and the JSON Schema by which editors find it too."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from monitor.errors import Problem
from monitor.schema import SHAPES, Configuration, Section
from monitor.units import in_words
from monitor.yamltext import Document

_MESSAGES = {
    "missing": "`{key}` is missing here",
    "literal_error": "{input} is not possible here; write {expected}",
    "enum": "{input} is not possible here; write {expected}",
    "string_type": "words are expected here, not {input}; put them in quotes",
    "int_parsing": "a whole number is expected here, not {input}",
    "int_type": "a whole number is expected here, not {input}",
    "int_from_float": "a whole number is expected here, not {input}",
    "greater_than": "{input} is too small here; write more than {gt}",
    "greater_than_equal": "{input} is too small here; write {ge} or more",
    "less_than_equal": "{input} is too large here; write {le} or less",
    "string_too_long": "this is too long; write {max_length} characters at most",
    "tuple_type": "a list is expected here: [a, b] or lines that begin with a dash",
    "dict_type": "a group of `key: value` lines is expected here",
    "model_type": "a group of `key: value` lines is expected here, not {input}",
    "model_attributes_type": "a group of `key: value` lines is expected here, not {input}",
    "string_too_short": "something must stand here",
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of config.yaml, for editors."""
    schema = Configuration.model_json_schema(mode="validation", schema_generator=_Schema)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "haiti-monitor configuration"}
    return head | {key: value for key, value in schema.items() if key != "title"}


class _Schema(GenerateJsonSchema):
    """Pydantic's schema with defaults as one would write them in the file."""

    def encode_default(self, dft: Any) -> Any:
        """A length of time in words; an absent section is an empty one."""
        if isinstance(dft, timedelta):
            return in_words(dft)
        return {} if isinstance(dft, Section) else super().encode_default(dft)


def shape_problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    for mistake in error.errors(include_url=False):
        path = path_in(document.data, mistake["loc"])
        kind = mistake["type"]
        named = kind == "extra_forbidden" or mistake["loc"][-1:] == ("[key]",)
        yield document.problem(_message(mistake, path), path, key=named)


def path_in(data: Any, loc: Iterable[str | int]) -> list[str | int]:
    """The steps of a location that are in the file: a plain list of terms, for one, stands there without `any`."""
    path: list[str | int] = []
    for step in loc:
        in_mapping = isinstance(data, dict) and step in data
        in_list = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if in_mapping or in_list:
            data = data[step]
            path.append(step)
    return path


def _message(mistake: Any, path: list[str | int]) -> str:
    key = str(next(reversed(mistake["loc"]), ""))
    if mistake["type"] == "extra_forbidden":
        return f"`{key}` is not known here; {_suggest(key, _allowed(path[:-1]))}"
    given = _brief(mistake["input"])
    context = mistake.get("ctx", {})
    if mistake["type"] == "string_pattern_mismatch":
        return f"{given} is not possible here; write {SHAPES[context['pattern']]}"
    template = _MESSAGES.get(mistake["type"])
    if template is None:
        return str(mistake["msg"]).removeprefix("Value error, ")
    return template.format(**{**context, "key": key, "input": given})


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _suggest(key: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    return f"did you mean `{close[0]}`?" if close else f"possible are: {', '.join(allowed) or '(none is defined)'}"


def _allowed(path: Iterable[str | int]) -> list[str]:
    """The keys that may stand under a path, from the schema."""
    schema = json_schema()
    node: dict[str, Any] = schema
    for step in path:
        node = node.get("items", {}) if isinstance(step, int) else _property(node, step)
        node = schema["$defs"].get(str(node.get("$ref", "")).rpartition("/")[2], node)
    return sorted(node.get("properties", {}))


def _property(node: dict[str, Any], name: str) -> dict[str, Any]:
    found = node.get("properties", {}).get(name) or node.get("additionalProperties") or {}
    return found if isinstance(found, dict) else {}


def contradictions(settings: Configuration) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What has the right shape and still cannot be meant."""
    changes = sorted(settings.changes)
    for index, rule in enumerate(settings.rules):
        if rule.change not in settings.changes:
            yield (
                ("rules", index, "change"),
                f"there is no change `{rule.change}` below `changes:`; {_suggest(rule.change, changes)}",
            )
    for index, channel in enumerate(settings.channels):
        for number, change in enumerate(channel.when.change):
            if change not in settings.changes:
                message = f"there is no change `{change}` below `changes:`; {_suggest(change, changes)}"
                yield ("channels", index, "when", "change", number), message
    if settings.runner.kind == "dask" and not settings.runner.address:
        yield ("runner", "kind"), "the address of its scheduler is missing: `runner: {kind: dask, address: tcp://…}`"
    for number, name in enumerate(settings.forums):
        if name not in settings.actors:
            message = f"there is no actor `{name}` below `actors:`; {_suggest(name, sorted(settings.actors))}"
            yield ("forums", number), message
    yield from _twice("feeds", "url", [feed.url for feed in settings.feeds])
    yield from _twice("feeds", "name", [feed.name for feed in settings.feeds])
    yield from _twice("channels", "name", [channel.name for channel in settings.channels])


def _twice(section: str, key: str, values: list[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for value, count in Counter(values).items():
        if count > 1:
            last = len(values) - 1 - values[::-1].index(value)
            yield (section, last, key), f"{value!r} stands here a second time; keep one"
