"""A scripted year of invented news through the whole path: HTTP, pages, rules, mail; offline and without an account."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from monitor import config as configuration
from monitor.cli.output import say, table
from monitor.cli.progress import Bars, waiting
from monitor.config import Config
from monitor.demo.mailbox import Mailbox
from monitor.demo.server import NewsItem, NewsServer, load_news
from monitor.errors import MonitorError
from monitor.pipeline import run_pass
from monitor.shipped import shipped_files
from monitor.store import Row, developments, open_store
from monitor.worker_pool import WorkerPool
from monitor.yamltext import load as load_yaml

STEP = timedelta(hours=36)
"""How much news gathers until the next poll of the scripted year; shorter than the alerting horizon."""
_COLUMNS = {
    "since": "since",
    "change": "change",
    "stage": "stage",
    "outlets": "outlets",
    "stories": "stories",
    "title": "headline",
}


def show(folder: Path) -> None:
    """Runs the demonstration and leaves configuration, database and mails in `folder`.

    Raises MonitorError where the folder holds something else.
    """
    _clear(folder)
    news = load_news()
    outlets = {item.source for item in news}
    say(f"A scripted year of invented news: {len(news)} articles of {len(outlets)} outlets, over real HTTP and SMTP.\n")
    with ExitStack() as running:
        mailbox = running.enter_context(Mailbox(folder / "mail"))
        server = running.enter_context(NewsServer(news))
        config = waiting("rules", lambda: _configure(folder, server, mailbox))
        store = running.enter_context(open_store(config.database_path))
        pool = running.enter_context(WorkerPool())
        with Bars() as bars:
            bars.begin("polls", len(list(steps(news))))
            for moment in steps(news):
                server.show_until(moment)
                run_pass(config, store, lambda now=moment: now, everything=True, pool=pool)  # type: ignore[misc]
                bars.advance()
        _print_outcome(folder, developments.timeline(store), mailbox, config)


def steps(news: Sequence[NewsItem]) -> Iterator[datetime]:
    """The moments of the scripted year at which feeds are polled: each soon after news came up."""
    gathered: list[datetime] = []
    for item in news:
        if gathered and item.published - gathered[0] > STEP:
            yield gathered[-1]
            gathered = []
        gathered.append(item.published)
    if gathered:
        yield gathered[-1]


def _clear(folder: Path) -> None:
    """An earlier demonstration gives way; anything else stays."""
    ours = {"config.yaml", "config.schema.json", "monitor.db", "monitor.db-wal", "monitor.db-shm", "mail"}
    strange = sorted(path.name for path in folder.iterdir() if path.name not in ours) if folder.exists() else []
    if strange:
        raise MonitorError(f"{folder} holds other things ({strange[0]}, …); name an empty folder with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*folder.glob("*.*"), *folder.glob("mail/*.eml")):
        path.unlink()


def _configure(folder: Path, server: NewsServer, mailbox: Mailbox) -> Config:
    """The shipped watch with the invented outlets as its feeds and the mailbox as its channel, written as a file."""
    files = dict(shipped_files())
    data: dict[str, Any] = load_yaml(files["config.yaml"], "config.yaml").data
    data["database"] = "monitor.db"
    data["self_watch"] = {"enabled": False}  # a year in a minute has silences and pauses of its own
    data["fetch"] = {"allow_addresses": [f"127.0.0.1:{urlsplit(server.base_url).port}"], "page_pause": "0 s"}
    data["feeds"] = [
        {"name": feed.name, "url": feed.url}
        | ({"language": feed.language, "outlet": feed.outlet} if feed.language else {"read": "never"})
        for feed in server.feeds()
    ]
    address = f"mailto://127.0.0.1:{mailbox.port}?from=monitor@example.org&to=desk@example.org"
    data["channels"] = [{"name": "desk-mail", "url": address}]
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120)
    path = folder / "config.yaml"
    path.write_text(f"# yaml-language-server: $schema=config.schema.json\n{text}", encoding="utf-8")
    (folder / "config.schema.json").write_text(files["config.schema.json"], encoding="utf-8")
    return configuration.load(path)


def _print_outcome(folder: Path, timeline: Sequence[Row], mailbox: Mailbox, config: Config) -> None:
    table(timeline, _COLUMNS, timezone=config.settings.timezone, empty="nothing was found")
    mails = mailbox.messages()
    say(f"{len(timeline)} changes in the timeline, {len(mails)} mails to desk@example.org. The last one:\n")
    if mails:
        body = mails[-1].get_body(("plain",))
        say(f"    Subject: {mails[-1]['Subject']}\n")
        say("\n".join(f"    {line}" for line in (body.get_content() if body else "").splitlines()))
    program = f"haiti-monitor --config {folder / 'config.yaml'}"
    say("\nWhere to look:")
    say(f"    {folder / 'mail'}/            the mails, as files that any mail program opens")
    for command, about in (
        ("developments list", "what changed, at which stage, told by how many"),
        ("developments show 1", "one change with its evidence, sentence by sentence"),
        ("alerts list", "what was sent to whom"),
        ('search "support office"', "full-text search"),
        ("situation", "what stands now"),
        ("inspect", "all of this as pages, until Ctrl-C"),
        ("report -o week.html --since 2025-01-01", "all of this as one file to mail"),
    ):
        say(f"    {program} {command:40} {about}")
