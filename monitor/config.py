"""The only reader of config.yaml and of the environment.

A mistake is never ignored: each is told with its line and column and with what to write instead.
"""

import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from monitor import dismissals
from monitor.errors import ConfigError, Problem
from monitor.mistakes import contradictions, path_in, shape_problems
from monitor.rules.spec import Concept, Example, Rule, RulesSpec
from monitor.schema import (
    ChannelSection,
    Configuration,
    DismissalSection,
    ExampleSection,
    FeedSection,
    RuleSection,
    WordLists,
)
from monitor.yamltext import Document, read
from monitor.yamltext import load as load_yaml

if TYPE_CHECKING:
    from monitor.rules.examples import Failure
    from monitor.rules.ruleset import RuleSet

Secrets = Callable[[str], str | None]
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")


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
            places = [path_in(self.document.data, mistake.path) for mistake in mistakes]
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
        raise ConfigError(list(shape_problems(document, error))) from error
    problems = [document.problem(message, where) for where, message in contradictions(settings)]
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
