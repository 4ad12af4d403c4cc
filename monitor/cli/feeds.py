"""`feeds`: how the sources are doing, and sources found, added, removed and exchanged."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from monitor.cli.columns import of_listing
from monitor.cli.context import AsJson, Number, of
from monitor.cli.output import details, emit, readable, say, table
from monitor.models import Read

if TYPE_CHECKING:
    from monitor.pipeline.discovery import Discovery, FoundFeed
    from monitor.pipeline.editing import ConfigFile
    from monitor.schema import FeedSection

app = typer.Typer(name="feeds", help="The sources: how they are; find, add, remove some.", no_args_is_help=True)
_NEXT = "the service reads it from its next poll on, `haiti-monitor poll` at once"
File = Annotated[Path, typer.Argument(help="An OPML file; - is standard input or output.")]


@app.command("list")
def list_all(context: typer.Context, as_json: AsJson = False) -> None:
    """The sources and how they are doing, those in trouble first. Example: haiti-monitor feeds list"""
    from monitor.feedstate import state
    from monitor.store import feeds as stored

    now = datetime.now(UTC)
    with of(context).look() as (settings, store):
        lately = stored.lately(store, now)
        rows = [row | {"state": state(row, now, lately.get(row["id"]))} for row in stored.list_all(store)]
    if as_json:
        emit(rows)
    else:
        table(rows, of_listing("feeds"), timezone=settings.timezone, empty="no feed was polled yet")


@app.command()
def show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """One source with its last polls. Example: haiti-monitor feeds show 2"""
    from monitor.feedstate import state
    from monitor.store import feeds as stored

    now = datetime.now(UTC)
    with of(context).look() as (settings, store):
        row = stored.show(store, number)
        if row is None:
            _refuse(f"there is no feed {number}; see `haiti-monitor feeds list`")
        told = state(row, now, stored.lately(store, now, number).get(number))
    row = {"id": row["id"], "name": row["name"], "state": told} | row
    if as_json:
        emit([row])
    else:
        details(row, timezone=settings.timezone)


# --------------------------------------------------------------------------- finding


@app.command()
def discover(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A web page, or the front page of a site.")],
    as_json: AsJson = False,
) -> None:
    """The feeds of a web page. Example: haiti-monitor feeds discover https://lenouvelliste.com"""
    from monitor.cli.progress import waiting
    from monitor.pipeline.discovery import MOST
    from monitor.pipeline.discovery import discover as look_for

    config, address = of(context).config(), _address(url)
    found = waiting("asking", lambda: look_for(config, address, datetime.now(UTC)))
    _print_feeds(found.feeds, config.settings.timezone, as_json=as_json)
    for address, why in found.silent:
        say(f"no feed: {address}: {why}")
    if found.unasked:
        say(f"only {MOST} addresses were asked; the page has {found.unasked} more that look like feeds")
    if not found.feeds:
        _refuse(_nothing(found))
    if found.problem:
        say(f"the page itself could not be had: {found.problem}")
    if any(not feed.configured for feed in found.feeds):
        say("next: haiti-monitor feeds add URL")


def _nothing(found: "Discovery") -> str:
    if found.problem:
        return f"no feed was found: {found.problem}"
    return (
        f"no feed was found: {found.url} names none, and there is none at the usual addresses of its site; "
        "look on the page for “RSS”, or try the page of a section"
    )


def _print_feeds(feeds: "Iterable[FoundFeed]", timezone: str, *, as_json: bool) -> None:
    if as_json:
        emit(asdict(feed) | {"newest": feed.newest and f"{feed.newest:%Y-%m-%dT%H:%M:%SZ}"} for feed in feeds)
        return
    for feed in feeds:
        print(f"{feed.url}\n    {', '.join(_facts(feed, timezone))}")


def _facts(feed: "FoundFeed", timezone: str) -> Iterable[str]:
    yield f"“{feed.title}”" if feed.title else "without a title"
    yield feed.format or "a feed"
    if feed.comments:
        yield "readers' comments"
    yield f"{feed.entries} {'entry' if feed.entries == 1 else 'entries'}"
    if feed.newest:
        yield f"the newest of {readable(f'{feed.newest:%Y-%m-%dT%H:%M:%SZ}', timezone)} {timezone}"
    if feed.warning:
        yield feed.warning
    yield f"configured already as `{feed.configured}`" if feed.configured else "new"


# --------------------------------------------------------------------------- adding and removing


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of a feed, or of a page that has one.")],
    name: Annotated[str, typer.Option(help="How it is called here; else the feed's own title.")] = "",
    language: Annotated[str, typer.Option(help="What it is written in: en, fr, ht …; else found from each text.")] = "",
    outlet: Annotated[str, typer.Option(help="The name under which it is shown and counted.")] = "",
    read: Annotated[Read | None, typer.Option(help="Whether its articles' pages are downloaded.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Add it without asking it.")] = False,
) -> None:
    """Adds a source to the configuration. Example: haiti-monitor feeds add https://juno7.ht/feed/ --language fr"""
    from monitor.pipeline.editing import add_feeds, open_config
    from monitor.sources import Wish, section, unique_name

    if language and not re.fullmatch("[a-z]{2,3}", language):
        message = f"{language!r} is not possible here; write the code of a language, such as en, fr or ht"
        raise typer.BadParameter(message, param_hint="--language")
    file, address = open_config(of(context).path), _address(url)
    _refuse_twice(file, address, name)
    if not offline:
        found = _the_feed_at(file, address)
        address, title = found.url, found.title
    else:
        title = ""
    named = name or unique_name(title, address, {feed.name for feed in file.config.feeds})
    feed = section(address, named, Wish(address, named, language, outlet, read or ""))
    add_feeds(file, [feed])
    say(f"added `{feed.name}` ({feed.url}) to {file.path}; {_NEXT}")


def _address(url: str) -> str:
    from monitor.sources import address

    try:
        return address(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from error


def _refuse_twice(file: "ConfigFile", url: str, name: str) -> None:
    from monitor.sources import find_url

    there = find_url(file.config.feeds, url)
    if there is not None:
        _refuse(f"{url} is in {file.path} already, as `{there.name}`; nothing was changed")
    if any(feed.name == name for feed in file.config.feeds):
        _refuse(f"there is a feed named `{name}` in {file.path} already; choose another --name")


def _refuse(message: str) -> NoReturn:
    say(message)
    raise typer.Exit(1)


def _the_feed_at(file: "ConfigFile", url: str) -> "FoundFeed":
    """The feed at an address or on its page. Says why and ends where there is none, or not just one."""
    from monitor.cli.progress import waiting
    from monitor.pipeline.discovery import discover as look_for

    found = waiting("asking", lambda: look_for(file.config, url, datetime.now(UTC), persistent=False))
    if found.problem:
        _refuse(f"nothing was added: {found.problem}\n--offline adds an address without asking it")
    if found.only is None:
        _print_feeds(found.feeds, file.config.settings.timezone, as_json=False)
        _refuse(
            f"nothing was added: {url} has several feeds; add one by its address" if found.feeds else _nothing(found)
        )
    feed = found.only
    if feed.configured:
        _refuse(f"{feed.url} is in {file.path} already, as `{feed.configured}`; nothing was changed")
    if feed.how != "itself":
        say(f"{url} is a web page; its feed is {feed.url}")
    elif feed.url != url:
        say(f"{url} has moved for good to {feed.url}")
    if feed.warning:
        say(f"it can be read, but {feed.warning}")
    return feed


@app.command()
def remove(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="NAME|URL|ID", help="Its name, its address or its number.")],
) -> None:
    """Takes a source out of the configuration; its articles stay. Example: haiti-monitor feeds remove "Juno7" """
    from monitor.pipeline.editing import open_config, remove_feed
    from monitor.sources import find

    file = open_config(of(context).path)
    feed = find(file.config.feeds, what) or _numbered(context, file, what)
    if feed is None:
        import difflib

        close = difflib.get_close_matches(what, [known.name for known in file.config.feeds], n=1)
        hint = f"did you mean `{close[0]}`?" if close else "see `haiti-monitor feeds list`"
        _refuse(f"there is no feed {what!r} in {file.path}; {hint}")
    remove_feed(file, feed)
    say(f"removed `{feed.name}` ({feed.url}) from {file.path}; it is asked no more, its articles stay")


def _numbered(context: typer.Context, file: "ConfigFile", what: str) -> "FeedSection | None":
    """The configured feed with a number of `feeds list`."""
    from monitor.errors import StoreError
    from monitor.store import feeds as stored

    if not re.fullmatch(r"[0-9]{1,9}", what):
        return None
    try:
        with of(context).look() as (_, store):
            row = stored.show(store, int(what))
    except StoreError:  # no poll was made yet: no feed has a number
        return None
    return next((feed for feed in file.config.feeds if row and feed.url == row["url"]), None)


# --------------------------------------------------------------------------- exchanging


@app.command("export")
def export_opml(context: typer.Context, file: File = Path("-")) -> None:
    """The sources as OPML, for other readers. Example: haiti-monitor feeds export feeds.opml"""
    from monitor.errors import MonitorError
    from monitor.opml import write_opml

    feeds = of(context).config().feeds
    text = write_opml(feeds, datetime.now(UTC))
    if str(file) == "-":
        print(text, end="")
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"{file} cannot be written: {error.strerror}") from error
    say(f"wrote {len(feeds)} feeds to {file}")


@app.command("import")
def import_opml(context: typer.Context, file: File, as_json: AsJson = False) -> None:
    """Adds what is new in an OPML file, without asking it. Example: haiti-monitor feeds import my.opml"""
    from monitor.opml import read_opml
    from monitor.pipeline.editing import add_feeds, open_config
    from monitor.sources import plan

    config = open_config(of(context).path)
    planned = plan(read_opml(_content(file)), config.config.feeds)
    if planned.added:
        add_feeds(config, planned.added)
    rows: list[dict[str, Any]] = [
        *({"result": "added", "url": feed.url, "name": feed.name} for feed in planned.added),
        *({"result": "present", "url": url, "name": feed.name} for url, feed in planned.present),
        *({"result": "refused", "url": url, "why": why} for url, why in planned.refused),
    ]
    if as_json:
        emit(rows)
    else:
        for row in rows:
            print(f"{row['result']:8} {row.get('name') or row['why']}" + (f"  {row['url']}" if "name" in row else ""))
    added, present, refused = len(planned.added), len(planned.present), len(planned.refused)
    say(f"{added} added to {config.path}, {present} were there already, {refused} refused")
    if added:
        say("`haiti-monitor check --online` asks each of them")
    if refused or not rows:
        raise typer.Exit(1)


def _content(file: Path) -> bytes:
    import sys

    from monitor.errors import MonitorError

    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise MonitorError(f"{file} cannot be read: {error.strerror}") from error
