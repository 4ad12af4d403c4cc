"""Commands about the rules: test them, try, explain and score them, and see what a change of them would do."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import AsJson, Since, of
from monitor.cli.output import emit, say

if TYPE_CHECKING:
    from monitor.items import Item
    from monitor.models import Article, Signal
    from monitor.rules.ruleset import RuleSet

app = typer.Typer(name="rules", help="The rules that find changes: test, try, explain, score.", no_args_is_help=True)
ItemsFile = Annotated[Path, typer.Argument(help="Items, one JSON object a line; - reads standard input.")]


@app.command()
def test(context: typer.Context) -> None:
    """Runs the examples of every rule. Example: haiti-monitor rules test"""
    from monitor.cli.progress import Bars
    from monitor.rules.examples import run_examples

    config = of(context).config(rules=True)
    rules = config.rules.spec.rules
    count = sum(len(rule.match) + len(rule.ignore) for rule in rules)
    with Bars() as bars:
        bars.begin("examples", count)
        failures = run_examples(config.rules, bars.advance)
    for failure in failures:
        text = " · ".join(filter(None, (failure.example.title, failure.example.summary, failure.example.text)))
        say(str(config.example_problem(f"rule `{failure.rule}`: {failure.message}\n    {text}", failure.path)))
    print(f"{count - len(failures)} of {count} examples of {len(rules)} rules hold")
    if failures:
        raise typer.Exit(1)


@app.command("try")
def try_(context: typer.Context, file: ItemsFile = Path("-")) -> None:
    """Shows the signals of items, a JSON line each. Example: haiti-monitor rules try items.jsonl"""
    from monitor.cli.progress import Bars, lines_in
    from monitor.cli.replaying import lines_of
    from monitor.items import read_items

    rules = of(context).config(rules=True).rules
    with Bars(wanted=not sys.stdout.isatty()) as bars:  # on a terminal the lines themselves show how far it is
        for item in read_items(bars.each(lines_of(file), "items", lines_in(file)), str(file)):
            emit([{"id": item.id, "signals": [_signal(signal) for signal in rules.signals(_article(item, rules))]}])
    sys.stdout.flush()


@app.command()
def explain(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A headline; - reads standard input.")],
    summary: Annotated[str, typer.Option(help="The summary below it.")] = "",
    body: Annotated[str, typer.Option("--text", help="The article's text.")] = "",
    outlet: Annotated[str, typer.Option(help="Who published it.")] = "",
    language: Annotated[str | None, typer.Option(help="Such as en or fr; else found from the text.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every rule in full.")] = False,
    as_json: AsJson = False,
) -> None:
    """Shows which clauses of each rule held, and what was missing.

    Example: haiti-monitor rules explain "Kenya hands over command of the Haiti force"
    """
    from monitor.cli import explaining
    from monitor.items import Item

    rules = of(context).config(rules=True).rules
    if rule is not None:
        explaining.require_rule(rules, rule)
    title, body = explaining.read_text(text, body)
    article = _article(Item("", title, summary, body, source=outlet, language=language), rules)
    explaining.show(rules, article, only=rule, everything=everything, as_json=as_json)


@app.command()
def score(
    context: typer.Context,
    file: ItemsFile,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also every item that came out wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Precision, recall and F1 of the rules on labelled items. Example: haiti-monitor rules score labelled.jsonl -v

    A label is "change": [{"change": "mandate", "stage": "decided"}], or [] where nothing changes.
    """
    from monitor.cli import scoring
    from monitor.cli.progress import Bars, lines_in
    from monitor.cli.replaying import lines_of
    from monitor.errors import MonitorError
    from monitor.items import read_labelled

    rules = of(context).config(rules=True).rules
    changes = frozenset(rule.change for rule in rules.spec.rules)

    def results() -> Iterator["scoring.Result"]:
        with Bars(wanted=not (verbose and sys.stdout.isatty())) as bars:
            for item, labels in read_labelled(bars.each(lines_of(file), "items", lines_in(file)), str(file)):
                article = _article(item, rules)
                yield item, labels, article.language, rules.signals(article)

    try:
        scoring.show(results(), changes=changes, verbose=verbose, as_json=as_json)
    except MonitorError as error:  # only what reads the file raises it: a file that cannot be scored is wrong use
        say(f"haiti-monitor: {error}")
        raise typer.Exit(2) from error
    sys.stdout.flush()


@app.command()
def backtest(context: typer.Context, since: Since = None, as_json: AsJson = False) -> None:
    """What today's rules would tell, against what was told.

    Nothing is written and nobody is told. Example: haiti-monitor rules backtest --since 30d
    """
    from monitor.cli import backtesting
    from monitor.cli.progress import Bars
    from monitor.pipeline.backtest import backtest as run
    from monitor.store import open_store

    config = of(context).config(rules=True)
    with open_store(config.database_path, create=False) as store, Bars() as bars:
        report = run(config, store, since=of(context).since(since), progress=bars)
    backtesting.show(report, timezone=config.settings.timezone, as_json=as_json)


def _article(item: "Item", rules: "RuleSet") -> "Article":
    from monitor.models import Article
    from monitor.text import detect_language

    language = item.language or detect_language(f"{item.title} {item.summary}", rules.languages)
    return Article(0, item.title, item.summary, item.text, item.source, language)


def _signal(signal: "Signal") -> dict[str, Any]:
    return {
        "rule": signal.rule,
        "change": signal.change,
        "stage": signal.stage,
        "actors": list(signal.actors),
        "evidence": signal.sentence,
        "start": signal.start,
        "end": signal.end,
        **({"roles": dict(_roles(signal.roles))} if signal.roles else {}),
    }


def _roles(roles: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """{"takes over": ["OAS"], "hands over": ["Kenya"]}"""
    for role in dict.fromkeys(role for role, _ in roles):
        yield role, [actor for other, actor in roles if other == role]
