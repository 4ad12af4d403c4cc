"""The service: the embedded server, the schedules, the first poll at once, and a clean end.

    main thread     waits for the first reason to stop: a signal, the server's end, the runner's end
    runner thread   waits for the server, registers the deployments, starts each run as a process of its own
    server child    API, scheduler, UI

Flow runs are children that end with this process, however it ends (see `following`).
"""

import asyncio
import contextlib
import importlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import monitor.config
from flows import anew, ending, lastgood, watchdog
from flows import server as servers
from flows.anew import AnewError
from flows.beginning import Beginning
from flows.secrets import resolve
from flows.server import Server, ServiceError
from monitor import alive, eventlog
from monitor.config import Config
from monitor.errors import MonitorError
from monitor.eventlog import record, say
from monitor.pipeline import check_channels
from monitor.pipeline.watching import longest_wait
from monitor.schema import ServiceSection
from monitor.units import in_words
from monitor.web import endpoint
from monitor.web.guarding import is_loopback

if TYPE_CHECKING:
    from prefect.runner import Runner

_OURS_ALONE = 0o077
"""The umask: what the service and all that it starts create is for its user only."""
QUERY_SECONDS = 4.0
"""How often the runner asks for due runs: what a run may start late, against the cost of asking."""


@dataclass(slots=True)
class Parts:
    """What runs, and the first reason to stop: None for a signal, else what went wrong."""

    server: Server | None = None
    beginning: Beginning | None = None
    runner: "Runner | None" = None
    reasons: "SimpleQueue[Exception | None]" = field(default_factory=SimpleQueue)
    signs_of_life: "asyncio.Task[None] | None" = None


def run(config_path: Path) -> int:
    """Runs the service until SIGINT or SIGTERM, and answers 0. Where its polls do not come any more it starts anew,
    and does not come back.

    Raises ConfigError for a wrong configuration, and ServiceError where the service cannot start or go on.
    """
    os.umask(_OURS_ALONE)
    before = dict(os.environ)
    path = config_path.resolve()
    config = monitor.config.load(path, rules=False)  # which are hundreds of MB to whoever looks at them
    reason = _serve_until(path, config)
    if isinstance(reason, AnewError):
        anew.start_anew(before)
    if reason is not None:
        record("service.failed", str(reason), level="error")
        raise reason
    say("service.stopped", "Stopped.")
    return 0


def _serve_until(path: Path, config: Config) -> Exception | None:
    """Serves until there is a reason to stop, and answers it: None for a signal, else what went wrong."""
    parts = Parts()
    with _only_one(config.database_path), _signals_as_reasons(parts), _health(path, config):
        _start_server(parts, config)
        parts.beginning = Beginning(path)  # while the server starts
        runner = threading.Thread(target=_serve, args=(parts, path, config), daemon=True)
        runner.start()
        reason = parts.reasons.get()
        if isinstance(reason, AnewError):
            say(reason.event, str(reason), level="warning", **reason.fields)
        else:
            watchdog.notify("STOPPING=1")
            if reason is None:
                say("service.stopping", "Stopping …")
        ending.stop(parts.server, parts.runner, runner)
        while isinstance(reason, AnewError) and not parts.reasons.empty():
            if parts.reasons.get() is None:  # a signal, meanwhile
                reason = None
    return reason


def _start_server(parts: Parts, config: Config) -> None:
    """Starts the embedded server, unless there is one elsewhere, and sets what Prefect reads when it is imported."""
    home = alive.home_of(config.database_path)
    embedded = "PREFECT_API_URL" not in os.environ
    os.environ.update(environment(home if embedded else None) | eventlog.prefect_settings())
    if not embedded:
        return
    if not (home / "prefect.db").exists():
        config.channel_urls()  # a server that never ran holds no Secret block: said before the long first start
    say("service.starting", "Starting the Prefect server. The first start takes longer, half a minute or so.")
    parts.server = servers.start(home, config.settings.service.host, config.settings.service.port)
    os.environ["PREFECT_API_URL"] = parts.server.api
    threading.Thread(target=_watch_server, args=(parts,), daemon=True).start()
    if exposure := _exposure(config.settings.service):
        say("service.exposed", exposure, level="warning")


def _exposure(service: ServiceSection) -> str | None:
    if is_loopback(service.host) or os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        return None
    return (
        f"Whoever reaches {service.host} port {service.port} may change everything there and read its secrets: "
        "set PREFECT_SERVER_API_AUTH_STRING and PREFECT_API_AUTH_STRING to user:password, or leave out service: host."
    )


@contextmanager
def _health(path: Path, config: Config) -> Iterator[None]:
    """Answers programs for as long as it lasts. Where it cannot, that is said, and the news goes on."""
    service = config.settings.service
    if service.health_port is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            where = endpoint.listening(
                path,
                lambda: datetime.now(UTC),
                longest_wait(config),
                host=service.health_host,
                port=service.health_port,
            )
            address = stack.enter_context(where)
        except MonitorError as error:
            text = f"Nobody can ask for /health and /metrics: {error}. Name another service: health_port, or null."
            say("health.unavailable", text, level="warning")
        else:
            record("health.started", f"{address}/health and {address}/metrics answer", address=address)
        yield


def environment(home: Path | None) -> dict[str, str]:
    """Prefect's settings for the runner and its runs, and with a `home` for the embedded server."""
    settings = {
        # The UI has every line; the terminal is for alerts and for what goes wrong.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }
    if home is None:
        return settings
    return settings | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # Runs are planned five minutes ahead instead of an hour: those are what has to be dropped after a downtime.
        "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT5M",
        # It writes to many runs in parallel, for which SQLite has only locks; the runner finds late runs anyway.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        # Its database would grow for ever.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 24 * 3600),
    }


def _serve(parts: Parts, path: Path, config: Config) -> None:
    try:
        importlib.import_module("prefect.runner")  # while they are under way: it takes seconds
        if parts.beginning:
            parts.beginning.wait()
        if parts.server:
            servers.wait_until_ready(parts.server)
        else:
            servers.need_answer(os.environ["PREFECT_API_URL"])
        check_channels(config, resolve)
        lastgood.begin(path, config)
        if not config.settings.channels:
            text = f"Alerts are printed here and nobody else is told: {config.path} names no channels."
            say("service.untold", text, level="warning")
        asyncio.run(_run_runner(parts, path, config))
        parts.reasons.put(ServiceError("Prefect's runner ended by itself."))
    except Exception as error:  # noqa: BLE001 - handed to the main thread, which raises it
        parts.reasons.put(error)


async def _run_runner(parts: Parts, path: Path, config: Config) -> None:
    # Here, because Prefect reads its settings from the environment when it is imported.
    from prefect.runner import Runner

    from flows.deliver import deliver
    from flows.deployments import NAME, Planned, prepare
    from flows.maintain import maintain
    from flows.poll import poll

    when, zone = config.settings.schedule, config.settings.timezone
    planned = [
        Planned(poll, when.poll, zone),
        Planned(deliver, when.deliver, zone),
        Planned(maintain, when.maintain, zone),
    ]
    runner = Runner(name=NAME, query_seconds=QUERY_SECONDS, pause_on_shutdown=False)
    await prepare(runner, planned, str(path))
    parts.runner = runner
    say("service.started", _about_schedules(config), page=_page(), pid=os.getpid(), config=str(path))
    watchdog.notify("READY=1")
    anew.watch(parts.reasons.put, config, lambda: _may_start(parts, path))
    if seconds := watchdog.pause(os.getpid()):
        parts.signs_of_life = asyncio.create_task(watchdog.keep_telling(lambda: _server_is_well(parts), seconds))
    await runner.start()


def _may_start(parts: Parts, path: Path) -> bool:
    """Whether a start would succeed: the configuration in the file is right, and a server elsewhere answers."""
    return lastgood.would_start(path) and (parts.server is not None or servers.is_healthy(f"{_page()}/api"))


def _server_is_well(parts: Parts) -> bool:
    """Whether the embedded server answers; of another one systemd need not know."""
    return parts.server is None or servers.is_healthy(parts.server.api)


def _about_schedules(config: Config) -> str:
    when = config.settings.schedule
    return (
        f"Web interface: {_page()}\n"
        f"Scheduled: poll {_when(when.poll)}, deliver {_when(when.deliver)}, maintain {_when(when.maintain)}.\n"
        "The first flow starts now. Ctrl-C stops the service."
    )


def _page() -> str:
    return os.environ["PREFECT_API_URL"].removesuffix("/api")


def _when(value: timedelta | str) -> str:
    return f"by cron ({value})" if isinstance(value, str) else f"every {in_words(value)}"


def _watch_server(parts: Parts) -> None:
    if parts.server:
        while (code := _ended(parts.server)) is None:
            with contextlib.suppress(OSError):  # a full disk: the database says so
                servers.turn_over(parts.server.log)
        message = f"The Prefect server ended by itself (exit code {code}).\n{servers.last_words(parts.server)}"
        parts.reasons.put(ServiceError(message))


def _ended(server: Server) -> int | None:
    """The exit code of the server, if it ends within a minute."""
    try:
        return server.process.wait(60)
    except subprocess.TimeoutExpired:
        return None


@contextmanager
def _only_one(database: Path) -> Iterator[None]:
    """Says for as long as it lasts: this database has a service. Raises ServiceError where it has another one."""
    with contextlib.ExitStack() as holding:
        try:
            other = holding.enter_context(alive.held(database, os.getpid()))
        except OSError as error:
            where = f"{alive.home_of(database)}, where the service keeps its state,"
            raise ServiceError(
                f"{where} may not be written ({error.strerror}); check the folder's permissions"
            ) from error
        if other is not None:
            raise ServiceError(
                f"A service already runs on this database (process {other}). Stop it first, or use another database."
            )
        yield


@contextmanager
def _signals_as_reasons(parts: Parts) -> Iterator[None]:
    """Makes SIGINT and SIGTERM a reason to stop, and nothing else: the end is already under way at the second one."""
    before = {
        number: signal.signal(number, lambda *_: parts.reasons.put(None)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
