"""Commands that do something: write the configuration, poll, serve, check, replay, show a demonstration."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.context import AsJson, of
from monitor.cli.output import emit, say, wrapped

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pipeline import PassReport


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    for command in (init, run, poll, check, demo, replay):
        app.command()(command)


def init(
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Writes the shipped config.yaml and its schema here. Example: haiti-monitor init"""
    from monitor.errors import MonitorError
    from monitor.shipped import shipped_files

    for name, content in shipped_files():
        target = Path(name)
        if target.exists() and not force:
            say(f"{target} is there already and stays as it is; --force overwrites it")
            continue
        try:
            target.write_text(content, encoding="utf-8")
        except OSError as error:
            raise MonitorError(f"{target} cannot be written: {error.strerror}") from error
        say(f"wrote {target}")
    say("next: haiti-monitor check, then haiti-monitor run")


def run(context: typer.Context) -> None:
    """Runs the service until it is stopped. Example: haiti-monitor run"""
    from flows.service import run as serve

    raise typer.Exit(serve(of(context).path))


def poll(
    context: typer.Context,
    as_json: AsJson = False,
    due: Annotated[bool, typer.Option("--due", help="Only feeds whose turn has come.")] = False,
) -> None:
    """One whole pass now: feeds in, alerts out. Example: haiti-monitor poll"""
    from flows.secrets import resolve
    from monitor.cli.progress import Bars
    from monitor.pipeline import check_channels, need_right_rules, run_pass
    from monitor.store import open_store

    config = of(context).config()
    check_channels(config, resolve)
    with open_store(config.database_path) as store, Bars() as bars:
        need_right_rules(config, store)
        report = run_pass(
            config, store, lambda: datetime.now(UTC), everything=not due, progress=bars, secrets=resolve, show=say_alert
        )
    if as_json:
        emit([_as_row(report)])
    else:
        _print_report(report, config)
    if report.sent.failures or (report.feeds and all(feed.error for feed in report.feeds)):
        raise typer.Exit(1)


def say_alert(text: str) -> None:
    """An alert that nobody else is told."""
    say(f"\nALERT  {text}")


def check(
    context: typer.Context,
    online: Annotated[bool, typer.Option("--online", help="Also ask each feed.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of config.yaml and stop.")] = False,
) -> None:
    """Checks the configuration, rules, examples and channels. Example: haiti-monitor check --online"""
    import json

    from flows.secrets import resolve
    from monitor.mistakes import json_schema
    from monitor.pipeline import check_channels

    if schema:
        print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return
    config = of(context).config(rules=True)
    _refuse_broken_rules(config)
    check_channels(config, resolve)
    counts = f"{len(config.feeds)} feeds, {len(config.settings.rules)} rules, {len(config.settings.channels)} channels"
    say(f"{config.path} is right: {counts}; all {_examples(config)} examples of the rules hold")
    if not config.settings.channels:
        say("no channel is configured: alerts would be printed and stored, and nobody told")
    if online and not _feeds_answer(config):
        raise typer.Exit(1)


def _examples(config: "Config") -> int:
    return sum(len(rule.examples.match) + len(rule.examples.ignore) for rule in config.settings.rules)


def _refuse_broken_rules(config: "Config") -> None:
    from monitor.cli.progress import Bars
    from monitor.errors import ConfigError
    from monitor.rules.examples import run_examples

    with Bars() as bars:
        bars.begin("examples", _examples(config))
        found = run_examples(config.rules, bars.advance)
    problems = config.broken_examples(found)
    if len(found) > len(problems):
        still = "dismissed false alarms that a rule still takes for news, which stops nothing"
        say(f"{still}: {len(found) - len(problems)}; see `haiti-monitor rules test`")
    if problems:
        raise ConfigError(problems)


def _feeds_answer(config: "Config") -> bool:
    """Asks each feed once and says which answer; nothing is stored."""
    from monitor.cli.progress import Bars
    from monitor.models import FeedState
    from monitor.pipeline import fetch_feeds

    feeds = [FeedState(i, feed.name, feed.url, feed.outlet or "") for i, feed in enumerate(config.feeds)]
    with Bars() as bars:
        bars.begin("feeds", len(feeds))
        outcomes = fetch_feeds(config, feeds, datetime.now(UTC), lambda _: bars.advance())
    width = max((len(feed.name) for feed in feeds), default=0)
    for outcome in outcomes:
        entries = outcome.parsed.count if outcome.parsed else 0
        result = f"failed: {outcome.error}" if outcome.error else f"{entries} entries in {outcome.seconds:.1f} s"
        print(wrapped(f"{outcome.feed.name:{width}}  {result}", indent=width + 2))
    failed = sum(outcome.error is not None for outcome in outcomes)
    say(f"{len(outcomes) - failed} of {len(outcomes)} feeds answer")
    return failed == 0


def demo(
    folder: Annotated[Path, typer.Option(help="Where the database and the mails are written.")] = Path("demo"),
) -> None:
    """Shows all of it on a scripted year of news, offline. Example: haiti-monitor demo"""
    from monitor.cli.demonstration import show

    show(folder)


def replay(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Dated items, one JSON object a line; - reads standard input.")],
    as_json: AsJson = False,
    database: Annotated[Path | None, typer.Option(help="Keep the result in this new database.")] = None,
) -> None:
    """Lets dated items go the whole path on their clock. Example: haiti-monitor replay year.jsonl"""
    from monitor.cli.progress import Bars
    from monitor.cli.replaying import replay as replayed

    config = of(context).config(rules=True)
    with Bars() as bars:
        rows = replayed(config, file, database, bars)
    if as_json:
        emit(rows)
        return
    for row in rows:
        alerts = ", ".join(f"{alert['kind']} {alert['at'][:10]}" for alert in row["alerts"]) or "not told"
        print(wrapped(f"{row['first_seen'][:10]}  {row['change']}/{row['stage']}  {row['title']}", indent=12))
        print(wrapped(f"            {len(row['articles'])} articles; {alerts}", indent=12))


def _as_row(report: "PassReport") -> dict[str, object]:
    return {
        "feeds": len(report.feeds),
        "failed": sum(feed.error is not None for feed in report.feeds),
        "unchanged": sum(feed.status == "unchanged" for feed in report.feeds),
        "new_articles": sum(feed.new for feed in report.feeds),
        "pages_read": report.pages_read,
        "pages_failed": report.pages_failed,
        "matched": report.matched.articles,
        "signals": report.matched.signals,
        "developments": len(report.grouped.new),
        "moved": len(report.grouped.moved),
        "silent": report.grouped.silent,
        "alerts_queued": report.grouped.alerts,
        "alerts_sent": report.sent.sent,
        "alerts_held": report.sent.held,
        "failures": report.sent.failures,
    }


def _print_report(report: "PassReport", config: "Config") -> None:
    row = _as_row(report)
    horizon = config.settings.alerting.horizon
    from monitor.units import in_words

    silent = f" ({row['silent']} older than {in_words(horizon)}: stored, not alerted)" if row["silent"] else ""
    lines = {
        "poll": f"{row['feeds']} feeds: {row['unchanged']} unchanged, {row['failed']} failed, "
        f"{row['new_articles']} new articles",
        "read": f"{row['pages_read']} pages read, {row['pages_failed']} could not be had",
        "match": f"{row['matched']} articles looked at, {row['signals']} new signals",
        "group": f"{row['developments']} new developments, {row['moved']} moved on{silent}",
        "send": f"{row['alerts_sent']} alerts sent, {row['alerts_held']} held for later",
    }
    for stage, text in lines.items():
        print(f"{stage:6} {text}")
    for feed in report.feeds:
        if feed.error:
            print(wrapped(f"! {feed.feed}: {feed.error}", indent=2))
    if report.heartbeat_error:
        say(f"! {report.heartbeat_error}")
    for error in report.sent.failures.values():
        print(wrapped(f"! {error}", indent=2))
    if not config.settings.channels:
        print("! no channel is configured: alerts are printed and stored, nobody is told", file=sys.stderr)
