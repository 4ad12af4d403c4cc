"""`rules explain` on the screen: the signals, then the rules that hold and those that come near."""

import difflib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import typer

from monitor.cli.output import emit, tinted, wrapped
from monitor.models import Article, Signal
from monitor.rules.clauses import Clause, quoted, shortened
from monitor.rules.explain import Explanation, explain, stage_reason
from monitor.rules.expression import show as as_text
from monitor.rules.nodes import InSentence
from monitor.rules.ruleset import RuleSet

_NEAR = 0.5
"""A rule comes near from this share of what only it asks for."""
_MOST = 3
"""So many that come near are shown in full; where none does, the nearest."""
_WIDTH = 52
"""Of an expression, in characters: what was found stands beside it."""
_SENTENCE = 240


def require_rule(rules: RuleSet, name: str) -> None:
    """Raises typer.BadParameter where there is no such rule."""
    known = [rule.id for rule in rules.spec.rules]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known) or 'none'}"
        raise typer.BadParameter(f"there is no rule `{name}`; {hint}", param_hint="--rule")


def show(rules: RuleSet, article: Article, *, only: str | None, everything: bool, as_json: bool) -> None:
    """Prints why each rule holds or not."""
    signals = [signal for signal in rules.signals(article) if only in (None, signal.rule)]
    reasons = {signal.rule: stage_reason(rules, signal, article) for signal in signals}
    explanations = [one for one in explain(rules, article) if only in (None, one.rule.id)]
    if as_json:
        told = {signal.rule: signal for signal in signals}
        emit(_row(one, told.get(one.rule.id), reasons) for one in explanations)
        return
    _print_signals(signals, reasons, article, only)
    held = [one for one in explanations if one.held]
    rest = sorted((one for one in explanations if not one.held), key=_nearest_first)
    near = rest if everything or only else [one for one in rest if one.nearness >= _NEAR][:_MOST]
    if not held and not near:
        near = [one for one in rest[:1] if one.nearness]
    for one in [*held, *near]:
        _print_rule(one)
    _print_others(rest[len(near) :])


def _nearest_first(one: Explanation) -> tuple[float, int]:
    return -one.nearness, sum(not clause.held for clause in one.clause.conditions())


def _print_others(others: Sequence[Explanation]) -> None:
    """The closing lines: rules that are only named."""
    farther = [one.rule.id for one in others if one.nearness]
    nothing = [one.rule.id for one in others if not one.nearness]
    if others:
        print()
    if farther:
        print(wrapped(f"farther away: {', '.join(farther)}", indent=4))
    if nothing:
        print(wrapped(f"nothing in common: {', '.join(nothing)}", indent=4))
    if others:
        print("--all shows them in full")


def _print_signals(signals: Sequence[Signal], reasons: dict[str, str], article: Article, only: str | None) -> None:
    if not signals:
        subject = f"no signal of the rule {only}" if only else "no signal"
        language = article.language or "unknown: the word lists of every language count"
        print(f"{tinted(subject, bold=True)}; language: {language}")
    for signal in signals:
        named = dict.fromkeys(actor for _, actor in signal.roles)
        parts = [f"{actor} {role}" for role, actor in signal.roles]
        parts += [actor for actor in signal.actors if actor not in named]
        print(f"{tinted(f'{signal.change} {signal.stage}', bold=True)}  rule {signal.rule}")
        print(wrapped(f'  evidence  "{signal.sentence}" ({signal.field}, {signal.start}-{signal.end})', indent=12))
        print(wrapped(f"  stage     {signal.stage}: {reasons[signal.rule]}", indent=12))
        print(wrapped(f"  actors    {', '.join(parts) or 'none is named'}", indent=12))


def _print_rule(one: Explanation) -> None:
    missing = sum(not clause.held for clause in one.clause.conditions())
    verdict = "holds" if one.held else f"does not hold: {missing} missing"
    title = f"  {one.rule.title}" if one.rule.title else ""
    print(f"\n{tinted(one.rule.id, bold=True)} {tinted(verdict, color='green' if one.held else 'red')}{title}")
    for sentence, conditions in _by_sentence(one.clause):
        if sentence:
            print(f"    {sentence}")
        quiet = [clause for clause in conditions if clause.held and not clause.found]
        for clause in conditions:
            if clause not in quiet:
                _print_condition(clause)
        if quiet:
            texts = ", ".join(as_text(clause.node, limit=_WIDTH) for clause in quiet)
            print(wrapped(f"  {tinted('+', color='green')} nothing against it: {texts}", indent=8))


def _by_sentence(clause: Clause) -> Iterator[tuple[str, list[Clause]]]:
    """The conditions within each `sentence(...)` by themselves, then the others."""
    parts = clause.parts if not isinstance(clause.node, InSentence) and list(clause.conditions()) != [clause] else ()
    outside: list[Clause] = []
    for part in parts or (clause,):
        if isinstance(part.node, InSentence):
            where = part.sentence
            which = "in the sentence" if part.held else "in the sentence that comes closest"
            title = (
                f'{which} ({where.field}): "{shortened(where.words, most=_SENTENCE)}"' if where else "in no sentence"
            )
            yield title, list(part.conditions())
        else:
            outside += part.conditions()
    if outside:
        yield ("in the article" if len(outside) < len(list(clause.conditions())) else ""), outside


def _print_condition(clause: Clause) -> None:
    mark = tinted("+", color="green") if clause.held else tinted("-", color="red")
    head = f"  {mark} {as_text(clause.node, limit=_WIDTH):{_WIDTH}}  "
    indent = _WIDTH + 6
    if clause.held:
        print(wrapped(head + quoted(clause.found), indent=indent))
        return
    own = f"`{as_text(clause.node)}`: "
    for number, reason in enumerate(clause.reasons):
        print(wrapped((head if number == 0 else " " * indent) + reason.removeprefix(own), indent=indent))


def _row(one: Explanation, signal: Signal | None, reasons: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rule": one.rule.id,
        "change": one.rule.change,
        "held": one.held,
        "nearness": round(one.nearness, 3),
        "deciding": one.deciding,
        "signal": None,
        "clause": _tree(one.clause),
    }
    if signal:
        row["signal"] = {
            **{key: getattr(signal, key) for key in ("stage", "actors", "sentence", "field", "start", "end")},
            "because": reasons[signal.rule],
        }
    return row


def _tree(clause: Clause) -> dict[str, Any]:
    """A clause with those within it. What nothing is said of is left out."""
    row: dict[str, Any] = {"clause": as_text(clause.node), "held": clause.held}
    if clause.found:
        row["found"] = [asdict(quote) for quote in clause.found]
    if clause.reasons:
        row["missing"] = list(clause.reasons)
    if clause.sentence:
        row["sentence"] = asdict(clause.sentence)
    if clause.parts:
        row["clauses"] = [_tree(part) for part in clause.parts]
    return row


def read_text(text: str, body: str) -> tuple[str, str]:
    """TEXT as a headline and a text: of standard input the first line is the headline.

    Raises typer.BadParameter where there is nothing.
    """
    if text == "-":
        head, _, rest = sys.stdin.read().strip().partition("\n")
        text, body = head, body or rest.strip()
    if not text.strip() and not body.strip():
        raise typer.BadParameter("there is no text to explain", param_hint="TEXT")
    return text.strip(), body
