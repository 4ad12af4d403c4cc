"""The only reader of config.yaml and of the environment.

A mistake is never ignored: each is told with its line and column and with what to write instead.
"""

import difflib
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from monitor import dismissals
from monitor.errors import ConfigError, Problem
from monitor.rules.spec import Concept, Example, Rule, RulesSpec
from monitor.schema import (
    SHAPES,
    ChannelSection,
    Configuration,
    DismissalSection,
    ExampleSection,
    FeedSection,
    RuleSection,
    Section,
    WordLists,
)
from monitor.units import in_words
from monitor.yamltext import Document, read
from monitor.yamltext import load as load_yaml

if TYPE_CHECKING:
    from monitor.rules.examples import Failure
    from monitor.rules.ruleset import RuleSet

Secrets = Callable[[str], str | None]
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")
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


@dataclass(frozen=True)
class Config:
    """A configuration that was read and found right in its shape; `rules` are compiled when first asked for."""

    path: Path
    settings: Configuration
    document: Document
    dismissed: tuple[DismissalSection, ...] = ()
    dismissed_document: Document | None = None

    @property
    def database_path(self) -> Path:
        """Where the store is; a relative path counts from the configuration file."""
        return (self.path.parent / self.settings.database).resolve()

    @property
    def feeds(self) -> tuple[FeedSection, ...]:
        """The sources."""
        return self.settings.feeds

    @cached_property
    def rules(self) -> "RuleSet":
        """The compiled rules. Raises ConfigError with every mistake in them."""
        from monitor.rules.compile import compile_rules  # the parser of expressions: only for commands that match

        rules, mistakes = compile_rules(self.rules_spec)
        if rules is None:
            places = [_path_in(self.document.data, mistake.path) for mistake in mistakes]
            pairs = zip(mistakes, places, strict=True)
            raise ConfigError([self.document.problem(m.message, place, at=m.at, key=m.key) for m, place in pairs])
        return rules

    def is_dismissed(self, path: tuple[str | int, ...]) -> bool:
        """Whether an example of a rule is a dismissed false alarm, and none of the configuration's own."""
        _, index, _, kind, number = path
        return kind == "ignore" and int(number) >= len(self.settings.rules[int(index)].examples.ignore)

    def example_problem(self, message: str, path: tuple[str | int, ...]) -> Problem:
        """A problem with an example of a rule, in the configuration or among the dismissed false alarms."""
        if not self.is_dismissed(path) or self.dismissed_document is None:
            return self.document.problem(message, path)
        rule = self.settings.rules[int(path[1])]
        of_rule = [place for place, entry in enumerate(self.dismissed) if entry.rule == rule.id]
        place = of_rule[int(path[-1]) - len(rule.examples.ignore)]
        return self.dismissed_document.problem(message, (place, "title"))

    def broken_examples(self, failures: "Iterable[Failure]") -> list[Problem]:
        """What is wrong with the rules by their examples, but for dismissed false alarms: those stop nothing."""
        return [
            self.example_problem(f"rule `{one.rule}`: {one.message}: {one.example.title or one.example.text}", one.path)
            for one in failures
            if not self.is_dismissed(one.path)
        ]

    @cached_property
    def rules_version(self) -> str:
        """The version that the compiled rules have, without compiling them."""
        from monitor.rules.ruleset import version_of

        return version_of(self.rules_spec)

    @cached_property
    def rules_spec(self) -> RulesSpec:
        """What the rules are compiled from."""
        return _rules_spec(self.settings, self.dismissed)

    @cached_property
    def weak_rules(self) -> frozenset[str]:
        """The rules whose change is only named where the same headline tells another."""
        return frozenset(rule.id for rule in self.settings.rules if rule.weak)

    def channel_urls(self, secrets: Secrets = os.environ.get) -> dict[str, str]:
        """The Apprise URL of each channel, `${NAME}` filled in. Raises ConfigError for a name without a value."""
        problems: list[Problem] = []
        urls = {}
        for index, channel in enumerate(self.settings.channels):
            values = {name: secrets(name) for name in _SECRET.findall(channel.url)}
            for name in (name for name, value in values.items() if not value):
                message = f"the channel `{channel.name}` needs {name}, which is not set; set it with: export {name}='…'"
                at = channel.url.index("${" + name)
                problems.append(self.document.problem(message, ("channels", index, "url"), at=at))
            urls[channel.name] = _SECRET.sub(lambda found, known=values: known[found[1]] or "", channel.url)  # type: ignore[misc]
        if problems:
            raise ConfigError(problems)
        return urls


def load(path: Path, *, rules: bool = True, text: str | None = None) -> Config:
    """Reads a configuration. Raises ConfigError with all that is wrong; without `rules` they are not compiled yet.

    With `text` it is read from there, as it would be if that stood in the file.
    """
    document = load_yaml(read(path) if text is None else text, str(path))
    if document.data is None:
        raise ConfigError(
            [Problem("nothing stands in this file; write one with `haiti-monitor init`", str(path), 1, 1)]
        )
    try:
        settings = Configuration.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError(list(_shape_problems(document, error))) from error
    problems = [document.problem(message, where) for where, message in _contradictions(settings)]
    if problems:
        raise ConfigError(problems)
    dismissed, dismissed_document = dismissals.read(dismissals.path_of(path))
    gone = [index for index, entry in enumerate(dismissed) if entry.rule not in {rule.id for rule in settings.rules}]
    if gone and dismissed_document:
        message = "there is no rule `{}` any more; name the one that has its work now, or delete this entry"
        raise ConfigError(
            [dismissed_document.problem(message.format(dismissed[index].rule), (index, "rule")) for index in gone]
        )
    config = Config(path, settings, document, dismissed, dismissed_document)
    if rules:
        _ = config.rules
    return config


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


# --------------------------------------------------------------------------- what is wrong, in words


def _shape_problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    for mistake in error.errors(include_url=False):
        path = _path_in(document.data, mistake["loc"])
        kind = mistake["type"]
        named = kind == "extra_forbidden" or mistake["loc"][-1:] == ("[key]",)
        yield document.problem(_message(mistake, path), path, key=named)


def _path_in(data: Any, loc: Iterable[str | int]) -> list[str | int]:
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


def _contradictions(settings: Configuration) -> Iterator[tuple[tuple[str | int, ...], str]]:
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


# --------------------------------------------------------------------------- the rules' part


def _rules_spec(settings: Configuration, dismissed: Iterable[DismissalSection] = ()) -> RulesSpec:
    false_alarms = list(dismissed)
    return RulesSpec(
        rules=tuple(_rule(rule, [one for one in false_alarms if one.rule == rule.id]) for rule in settings.rules),
        concepts={name: _concept(value) for name, value in settings.concepts.items()},
        actors={name: _concept(value) for name, value in settings.actors.items()},
        stages=dict(settings.stages),
        patterns=dict(settings.patterns),
        roles=dict(settings.roles),
        negation=settings.negation,
        relevant=settings.reading.relevant,
    )


def _rule(rule: RuleSection, dismissed: Iterable[DismissalSection] = ()) -> Rule:
    return Rule(
        id=rule.id,
        change=rule.change,
        when=rule.when,
        severity=rule.severity,
        title=rule.title,
        stage=rule.stage,
        match=tuple(map(_example, rule.examples.match)),
        ignore=(
            *map(_example, rule.examples.ignore),
            *(Example(**one.model_dump(exclude={"rule", "because"})) for one in dismissed),
        ),
    )


def _example(example: ExampleSection) -> Example:
    return Example(**example.model_dump())


def _concept(value: WordLists) -> Concept:
    return Concept({k: v for k, v in value.items() if k != "includes"}, value.get("includes", ()))


def channel_wants(
    channel: ChannelSection, *, change: str, stage: str, severity: str, languages: Collection[str | None]
) -> bool:
    """Whether a channel's filter lets a development through; what the filter leaves out is wanted."""
    when = channel.when
    return all(
        not wanted or any(value in wanted for value in values)
        for wanted, values in (
            (when.change, (change,)),
            (when.stage, (stage,)),
            (when.severity, (severity,)),
            (when.language, languages),
        )
    )
