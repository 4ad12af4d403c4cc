"""Commands that look: what was found, told and stored."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from monitor.cli.columns import of_listing
from monitor.cli.context import AsJson, Limit, Number, Since, channel_names, of
from monitor.cli.output import Row, details, emit, say, table

_MANY = {"development": "developments", "article": "articles", "story": "stories", "alert": "alerts"}


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    for group in (developments, articles, stories, alerts):
        app.add_typer(group)
    app.command()(search)
    app.command()(situation)
    app.command()(status)


def _group(name: str, about: str) -> typer.Typer:
    return typer.Typer(name=name, help=about, no_args_is_help=True)


developments = _group("developments", "Events: what changed, at which stage, told by whom.")
articles = _group("articles", "Stored articles.")
stories = _group("stories", "Articles that are copies of one another.")
alerts = _group("alerts", "What was told, to whom, and what waits.")


def _show_list(
    context: typer.Context, name: str, query: Callable[[Any], Sequence[Row]], as_json: bool, empty: str
) -> None:
    with of(context).look() as (settings, store):
        rows = query(store)
        if as_json:
            emit(rows)
        else:
            table(rows, of_listing(name), timezone=settings.timezone, empty=empty)


def _show_one(
    context: typer.Context, what: str, number: int, query: Callable[[Any, int], Any], as_json: bool, *long: str
) -> None:
    with of(context).look() as (settings, store):
        row = query(store, number)
        if row is None:
            say(f"there is no {what} {number}; see `haiti-monitor {_MANY[what]} list`")
            raise typer.Exit(1)
        if as_json:
            emit([row])
        else:
            details(row, timezone=settings.timezone, long=long)


@developments.command("list")
def developments_list(context: typer.Context, as_json: AsJson = False, limit: Limit = 50, since: Since = None) -> None:
    """Developments, the latest first. Example: haiti-monitor developments list --since 30d"""
    from monitor.store import developments as stored

    after = of(context).since(since)
    _show_list(
        context,
        "developments",
        lambda store: stored.list_recent(store, limit=limit, since=after),
        as_json,
        "no development yet: no article matched a rule",
    )


@developments.command("show")
def developments_show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """One development with its evidence and alerts. Example: haiti-monitor developments show 3"""
    from monitor.store import developments as stored

    _show_one(context, "development", number, stored.show, as_json)


@developments.command("dismiss")
def developments_dismiss(
    context: typer.Context,
    number: Number,
    because: Annotated[str, typer.Option(help="Why it is no news.")],
) -> None:
    """Silences a development. Example: haiti-monitor developments dismiss 3 --because "a look back at 2023" """
    from monitor import dismissals
    from monitor.schema import DismissalSection
    from monitor.store import alerts as outbox
    from monitor.store import developments as stored

    path = dismissals.path_of(of(context).path)
    with of(context).look() as (_, store):
        alarms = [DismissalSection(**row, because=because) for row in stored.headlines(store, number)]
        dismissals.add(path, alarms)
        with store.transaction():
            found = stored.dismiss(store, number, because, datetime.now(UTC))
            outbox.drop(store, number, datetime.now(UTC))
        if not found:
            say(f"there is no development {number}; see `haiti-monitor developments list`")
            raise typer.Exit(1)
        say(f"development {number} is dismissed: nothing more will be told about it")
        if alarms:
            rules = ", ".join(f"`{rule}`" for rule in dict.fromkeys(alarm.rule for alarm in alarms))
            say(f"its headline is an `ignore` example of {rules} now, in {path}; see `haiti-monitor rules test`")


@articles.command("list")
def articles_list(
    context: typer.Context,
    as_json: AsJson = False,
    limit: Limit = 50,
    since: Since = None,
    outlet: Annotated[str | None, typer.Option(help="Only of this outlet.")] = None,
) -> None:
    """Articles, the latest first. Example: haiti-monitor articles list --outlet "Le Nouvelliste" """
    from monitor.store import articles as stored

    after = of(context).since(since)
    _show_list(
        context,
        "articles",
        lambda store: stored.list_recent(store, limit=limit, since=after, outlet=outlet),
        as_json,
        "no article is stored yet; `haiti-monitor poll` fetches some",
    )


@articles.command("show")
def articles_show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """One article with its text and what was found in it. Example: haiti-monitor articles show 17"""
    from monitor.store import articles as stored

    _show_one(context, "article", number, stored.show, as_json, "summary", "text")


@stories.command("list")
def stories_list(context: typer.Context, as_json: AsJson = False, limit: Limit = 50, since: Since = None) -> None:
    """Stories, the latest first. Example: haiti-monitor stories list --limit 10"""
    from monitor.store import stories as stored

    after = of(context).since(since)
    _show_list(
        context,
        "stories",
        lambda store: stored.list_recent(store, limit=limit, since=after),
        as_json,
        "no story yet: no article was looked at",
    )


@stories.command("show")
def stories_show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """One story with all its copies. Example: haiti-monitor stories show 5"""
    from monitor.store import stories as stored

    _show_one(context, "story", number, stored.show, as_json)


@alerts.command("list")
def alerts_list(
    context: typer.Context,
    as_json: AsJson = False,
    limit: Limit = 50,
    since: Since = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that were given up.")] = False,
    queued: Annotated[bool, typer.Option("--queued", help="Only those that wait.")] = False,
) -> None:
    """Alerts, the latest first. Example: haiti-monitor alerts list --failed"""
    from monitor.store import alerts as stored

    after = of(context).since(since)
    state = "failed" if failed else "queued" if queued else None
    _show_list(
        context,
        "alerts",
        lambda store: stored.list_recent(store, limit=limit, since=after, state=state),
        as_json,
        "no such alert" if state else "no alert yet",
    )


@alerts.command("show")
def alerts_show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """One alert as it was told. Example: haiti-monitor alerts show 4"""
    from monitor.store import alerts as stored

    def query(store: Any, number: int) -> dict[str, Any] | None:
        row = stored.show(store, number)
        return row if row is None or as_json else {key: row[key] for key in row if key != "html"}

    _show_one(context, "alert", number, query, as_json, "text")


@alerts.command("resend")
def alerts_resend(context: typer.Context, number: Number) -> None:
    """Queues an alert once more. Example: haiti-monitor alerts resend 4"""
    from monitor.store import alerts as stored

    with of(context).look() as (_, store):
        with store.transaction():
            found = stored.resend(store, number, datetime.now(UTC))
        if not found:
            say(f"there is no alert {number}; see `haiti-monitor alerts list`")
            raise typer.Exit(1)
        say(f"alert {number} is queued; the service sends it within minutes, `haiti-monitor poll` at once")


@alerts.command("test")
def alerts_test(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="Its name in the configuration.", autocompletion=channel_names)],
) -> None:
    """Sends a test message to a channel. Example: haiti-monitor alerts test desk-mail"""
    from flows.secrets import resolve
    from monitor.cli.progress import waiting
    from monitor.models import Message
    from monitor.notify import Notifier

    config = of(context).config()
    names = [known.name for known in config.settings.channels]
    if channel not in names:
        say(f"there is no channel `{channel}` in {config.path}; there is: {', '.join(names) or 'none'}")
        raise typer.Exit(2)
    text = "This is a test of haiti-monitor. Alerts on this channel will look like this one."
    message = Message("haiti-monitor: test message", text, f"<p>{text}</p>")
    key = f"test-{datetime.now(UTC):%Y%m%d%H%M%S}@haiti-monitor"
    waiting("sending", lambda: Notifier(config.channel_urls(resolve)).send(channel, message, key))
    say(f"sent; look whether it arrived on `{channel}`")


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Words, a "phrase", word*, or an FTS5 expression with AND, OR, NOT.')],
    as_json: AsJson = False,
    limit: Limit = 20,
    since: Since = None,
) -> None:
    """Full-text search over all articles. Example: haiti-monitor search "Gang Suppression Force" --since 30d"""
    from monitor.store import articles as stored

    after = of(context).since(since)
    _show_list(
        context,
        "search",
        lambda store: stored.search(store, query, limit=limit, since=after),
        as_json,
        f"no article holds: {query}" if after is None else f"no article so young holds: {query}",
    )


def situation(context: typer.Context, as_json: AsJson = False) -> None:
    """What stands now, and what is proposed beyond it. Example: haiti-monitor situation"""
    from monitor.cli.standing import print_situation
    from monitor.store import developments as stored

    with of(context).look() as (settings, store):
        rows = stored.situation(store)
        if as_json:
            emit(rows)
        elif rows:
            print_situation(rows, settings.timezone)
        else:
            say("no development yet: no article matched a rule")


def status(
    context: typer.Context,
    as_json: AsJson = False,
    check: Annotated[bool, typer.Option("--check", help="One line; exit code 1 if somebody should look.")] = False,
) -> None:
    """Whether all is well, and what is new. Example: haiti-monitor status

    It ends with 0 as long as it can tell; --check is for monitoring systems.
    """
    from monitor.cli import morning

    now = datetime.now(UTC)
    with of(context).look() as (settings, store):
        facts = morning.facts(store, settings, now)
    well, line = morning.check(facts, now)
    if as_json:
        emit([facts])
    elif check:
        print(line)
    else:
        morning.show(facts, settings.timezone, now)
    if check and not well:
        raise typer.Exit(1)
