"""`situation`: for each kind of change what stands now, since when, decided by whom, and what is proposed beyond it."""

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.cli.output import readable, tinted, wrapped

_INDENT = 4
_PROPOSALS = 3


def print_situation(rows: Sequence[Mapping[str, Any]], timezone: str) -> None:
    """The rows of `store.developments.situation` for people."""
    for row in rows:
        print(tinted(wrapped(_heading(row, timezone), indent=_INDENT), bold=True))
        if row["stage"]:
            _print_sentence(row)
        for proposal in row["proposed"][:_PROPOSALS]:
            print(wrapped(f"  proposed since {_since(proposal, timezone)}{_by(proposal)}", indent=_INDENT))
            _print_sentence(proposal)
        more = len(row["proposed"]) - _PROPOSALS
        if more > 0:
            print(f"  and {more} earlier {'proposal' if more == 1 else 'proposals'}")
        print()


def _heading(row: Mapping[str, Any], timezone: str) -> str:
    if not row["stage"]:
        return f"{row['change']}: nothing is decided"
    return f"{row['change']}: {row['stage']} since {_since(row, timezone)}{_by(row)}"


def _since(row: Mapping[str, Any], timezone: str) -> str:
    return f"{readable(row['since'], timezone)} {timezone}"


def _by(row: Mapping[str, Any]) -> str:
    return f", {row['decided_by']}" if row["decided_by"] else ""


def _print_sentence(row: Mapping[str, Any]) -> None:
    outlets = f"{row['outlets']} {'outlet' if row['outlets'] == 1 else 'outlets'}"
    text = f"“{row['sentence']}” ({outlets}, development {row['development']})"
    print(wrapped(" " * _INDENT + text, indent=_INDENT))
