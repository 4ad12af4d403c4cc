"""`rules explain` on the screen: the signals, then the rules that held and those that came near."""

import difflib
import sys
from collections.abc import Sequence

import typer

from monitor.cli.output import emit
from monitor.models import Article, Signal
from monitor.rules.explain import Clause, Explanation, explain
from monitor.rules.ruleset import RuleSet

_NEAR = 3
"""How many rules that did not hold are shown."""


def require_rule(rules: RuleSet, name: str) -> None:
    """Raises typer.BadParameter where there is no such rule."""
    known = [rule.id for rule in rules.spec.rules]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}"
        raise typer.BadParameter(f"there is no rule `{name}`; {hint}", param_hint="--rule")


def show(rules: RuleSet, article: Article, *, only: str | None, everything: bool, as_json: bool) -> None:
    """Prints why each rule holds or not."""
    signals = rules.signals(article)
    explanations = [one for one in explain(rules, article) if only in (None, one.rule.id)]
    if as_json:
        emit(map(_row, explanations))
        return
    _print_signals([signal for signal in signals if only in (None, signal.rule)], article)
    held = [one for one in explanations if one.held]
    rest = sorted((one for one in explanations if not one.held), key=lambda one: one.share, reverse=True)
    shown = rest if everything or only else rest[:_NEAR]
    for one in [*held, *shown]:
        _print_rule(one, everything or only is not None)
    if len(shown) < len(rest):
        print(f"\nfarther away: {', '.join(one.rule.id for one in rest[len(shown) :])} (--all shows them)")


def _print_signals(signals: Sequence[Signal], article: Article) -> None:
    if not signals:
        print(f"no signal (read as language: {article.language or 'unknown'})")
    for signal in signals:
        who = ", ".join(f"{actor} {role}" for role, actor in signal.roles) or ", ".join(signal.actors)
        print(f"{_bold(f'{signal.change} · {signal.stage}')}{' · ' + who if who else ''}    rule {signal.rule}")
        print(f"    “{signal.sentence}” ({signal.field} {signal.start}-{signal.end})")


def _print_rule(one: Explanation, everything: bool) -> None:
    missing = [clause for clause in one.clauses if not clause.held]
    verdict = "holds" if one.held else f"does not hold: {len(missing)} of {len(one.clauses)} clauses missing"
    print(f"\n{_bold(one.rule.id)} {verdict}")
    quiet = [clause for clause in one.clauses if clause.held and not clause.found]
    for clause in [*missing, *(c for c in one.clauses if c.held and c.found), *(quiet if everything else ())]:
        print(f"    {'+' if clause.held else '-'} {clause.text}{_why(clause)}")
    if quiet and not everything:
        print(f"    + {len(quiet)} {'clause' if len(quiet) == 1 else 'clauses'} that nothing stands against")


def _why(clause: Clause) -> str:
    if clause.held:
        return f"\n        {', '.join(clause.found)}" if clause.found else ""
    return f"\n        {clause.missing}"


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else text


def _row(one: Explanation) -> dict[str, object]:
    return {
        "rule": one.rule.id,
        "change": one.rule.change,
        "held": one.held,
        "clauses": [
            {"clause": c.text, "held": c.held, "found": list(c.found), "missing": c.missing or None}
            for c in one.clauses
        ],
    }
