"""The errors of haiti-monitor, one tree.

    MonitorError                what went wrong, for people: what, where, what to do
    ├── ConfigError             the configuration is wrong (exit code 2)
    │   └── RuleError           one rule's expression is wrong
    ├── UsageError              something was asked for that cannot be had so (exit code 2)
    ├── ParseError              bytes that are no feed
    ├── ExtractError            a page without a text
    ├── WorkError               a worker process that was stopped, or died
    ├── StoreError              the database cannot be used
    └── NotifyError             a message that did not get through

A feed or a page that cannot be fetched is no exception but a value (`models.FetchFailure`): it is ordinary, and
must never stop the others.
"""

from dataclasses import dataclass


class MonitorError(Exception):
    """Something a person can understand and mend."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file, with its place (line and column count from 1)."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


class ConfigError(MonitorError):
    """The configuration cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class RuleError(MonitorError):
    """A rule's expression is wrong at `column` (counted from 0 in the expression)."""

    def __init__(self, message: str, column: int = 0) -> None:
        self.column = column
        super().__init__(message)


class UsageError(MonitorError):
    """Something was asked for in a way that is not possible."""


class ParseError(MonitorError):
    """The bytes are no feed."""


class ExtractError(MonitorError):
    """The page has no text that could be taken from it."""


class WorkError(MonitorError):
    """A piece of work took too long and was stopped, or its process died."""


class StoreError(MonitorError):
    """The database cannot be opened, read or written."""


class NotifyError(MonitorError):
    """A message did not get through to its channel, or only to some of its recipients: `delivered` names those."""

    def __init__(self, message: str, delivered: frozenset[str] = frozenset()) -> None:
        self.delivered = delivered
        super().__init__(message)
