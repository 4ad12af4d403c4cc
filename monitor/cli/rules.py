"""Commands about the rules: test them, try them on texts."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.context import of
from monitor.cli.output import emit, say

app = typer.Typer(name="rules", help="The rules that find changes: test and try them.", no_args_is_help=True)


@app.command()
def test(context: typer.Context) -> None:
    """Runs the examples of every rule. Example: haiti-monitor rules test"""
    from monitor.rules.examples import run_examples

    config = of(context).config(rules=True)
    failures = run_examples(config.rules)
    for failure in failures:
        text = " · ".join(filter(None, (failure.example.title, failure.example.summary, failure.example.text)))
        say(str(config.document.problem(f"rule `{failure.rule}`: {failure.message}\n    {text}", failure.path)))
    rules = config.rules.spec.rules
    count = sum(len(rule.match) + len(rule.ignore) for rule in rules)
    print(f"{count - len(failures)} of {count} examples of {len(rules)} rules hold")
    if failures:
        raise typer.Exit(1)


@app.command("try")
def try_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Items, one JSON object a line; - reads standard input.")] = Path("-"),
) -> None:
    """Shows the signals of items, a JSON line each. Example: haiti-monitor rules try items.jsonl"""
    from monitor.cli.replaying import lines_of
    from monitor.items import read_items
    from monitor.models import Article
    from monitor.text import detect_language

    rules = of(context).config(rules=True).rules
    for item in read_items(lines_of(file), str(file)):
        language = item.language or detect_language(f"{item.title} {item.summary}", rules.languages)
        article = Article(0, item.title, item.summary, item.text, item.source, language)
        found = [
            {
                "rule": signal.rule,
                "change": signal.change,
                "stage": signal.stage,
                "actors": list(signal.actors),
                "evidence": signal.sentence,
                "start": signal.start,
                "end": signal.end,
                **({"roles": _roles(signal.roles)} if signal.roles else {}),
            }
            for signal in rules.signals(article)
        ]
        emit([{"id": item.id, "signals": found}])
    sys.stdout.flush()


def _roles(roles: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """{"takes over": ["OAS"], "hands over": ["Kenya"]}"""
    found: dict[str, list[str]] = {}
    for role, actor in roles:
        found.setdefault(role, []).append(actor)
    return found
