"""What a rule set is made from: the rules' part of the configuration, as plain records."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STAGES = ("proposed", "decided", "effective", "blocked")
ACTOR = "actor"
"""The reserved concept: any of the configured actors."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A named word list: terms per language (or `any`), and the concepts whose terms it takes over."""

    terms: Mapping[str, tuple[str, ...]]
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A text that a rule must match, or must ignore; `stage` is expected of a match where it is given."""

    title: str
    summary: str = ""
    text: str = ""
    outlet: str = ""
    language: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the change it tells, the expression that finds it, and examples as its tests."""

    id: str
    change: str
    when: str
    severity: str = "normal"
    title: str = ""
    stage: str | None = None
    match: tuple[Example, ...] = ()
    ignore: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesSpec:
    """Everything that decides what a text signals."""

    rules: tuple[Rule, ...]
    concepts: Mapping[str, Concept] = field(default_factory=dict)
    actors: Mapping[str, Concept] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Named expressions; each may name those before it."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """What an actor does in a sentence ("takes over"), with an expression at an end of which the actor stands."""
    negation: str | None = None
    relevant: str | None = None


@dataclass(frozen=True, slots=True)
class SpecProblem:
    """A mistake in the rules: where (a path in the configuration, an index into that text) and what to write.

    With `key` it is the name at the end of the path that is wrong, not what stands under it.
    """

    path: tuple[str | int, ...]
    message: str
    at: int = 0
    key: bool = False
