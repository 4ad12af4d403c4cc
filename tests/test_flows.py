"""The flows' decisions, and their tasks called as plain functions; `test_service.py` sees them run."""

import asyncio
import errno
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.states import Completed, exception_to_crashed_state

import monitor.config
from flows import secrets, served, server, service, tasks
from flows.deliver import deliver
from flows.deployments import Planned
from flows.maintain import maintain
from flows.poll import ROWS, poll, rows, summarise
from flows.served import failing_in_words
from flows.server import ServiceError
from monitor import pipeline
from monitor.config import Config
from monitor.errors import StoreError
from monitor.models import FeedReport, Message
from monitor.pipeline import GroupReport
from monitor.pipeline.feeds import is_cut_off
from monitor.schema import ServiceSection
from monitor.store import Store, alerts, open_store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MESSAGE = Message(subject="A subject", text="A text", html="<p>A text</p>")


def report(name: str, *, new: int = 0, error: str | None = None) -> FeedReport:
    return FeedReport(name, "failed" if error else "new", 20, new, 0.126, error)


def config_of(folder: Path, text: str = "") -> Config:
    path = folder / "config.yaml"
    path.write_text(f"fetch: {{allow_addresses: [127.0.0.1/32], timeout: 2 s}}\n{text}", encoding="utf-8")
    return monitor.config.load(path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "monitor.db") as opened:
        yield opened


def closed_ports(count: int) -> list[int]:
    """Ports on which nobody listens."""
    found = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in found]
    for one in found:
        one.close()
    return ports


# --------------------------------------------------------------------------- a network that is away


def asked(host: str, *, answered: bool = False) -> FeedReport:
    return FeedReport("A", "failed", 0, 0, 0.1, "no answer", f"https://{host}/feed", answered)


@pytest.mark.parametrize(
    ("reports", "cut_off"),
    [
        pytest.param([asked(f"h{n}.example") for n in range(3)], True, id="three hosts and no answer"),
        pytest.param([asked(f"h{n}.example") for n in range(2)], False, id="two hosts may well be down"),
        pytest.param([asked("h.example") for n in range(50)], False, id="one host is down with all its feeds"),
        pytest.param(
            [*(asked(f"h{n}.example") for n in range(9)), asked("h9.example", answered=True)], False, id="one answers"
        ),
        pytest.param([], False, id="nothing was asked"),
    ],
)
def test_only_silence_of_several_hosts_is_taken_for_a_lost_network(reports: list[FeedReport], cut_off: bool) -> None:
    assert is_cut_off(reports) is cut_off


@pytest.fixture
def cut_off(tmp_path: Path) -> Config:
    """Three feeds on ports where nobody listens."""
    urls = "".join(f"\n  - {{name: feed {n}, url: 'http://127.0.0.1:{n}/'}}" for n in closed_ports(3))
    return config_of(tmp_path, f"feeds:{urls}\n")


@pytest.mark.parametrize("run_count", ["1", "2"])
def test_a_poll_without_any_answer_raises_so_that_prefect_tries_again(
    cut_off: Config, store: Store, monkeypatch: pytest.MonkeyPatch, run_count: str
) -> None:
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", run_count)
    due = tasks.due_feeds.fn(cut_off, store, NOON)

    with pytest.raises(tasks.CutOffError, match="None of 3 feeds could be reached"):
        tasks.poll_feeds.fn(cut_off, store, due, lambda: NOON)


def test_on_the_last_try_the_failures_stand_and_the_next_poll_asks_again(
    cut_off: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tasks.poll_feeds.retries == 2
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "3")

    due = tasks.due_feeds.fn(cut_off, store, NOON)
    reports = tasks.poll_feeds.fn(cut_off, store, due, lambda: NOON)

    assert [one.feed for one in reports] == [one.name for one in due]
    assert [one.status for one in reports] == ["failed"] * 3
    assert all(one.error for one in reports)
    assert [one.failures for one in tasks.due_feeds.fn(cut_off, store, NOON + timedelta(seconds=1))] == [1, 1, 1]


# --------------------------------------------------------------------------- what people see of a poll


def test_a_polls_table_has_failures_first_and_then_what_brought_most() -> None:
    table = rows([report("quiet"), report("busy", new=7), report("down", error="no answer in 20 s")])

    assert [row["feed"] for row in table] == ["down", "busy", "quiet"]
    assert table[0] == {
        "feed": "down",
        "result": "failed",
        "new entries": 0,
        "seconds": 0.13,
        "error": "no answer in 20 s",
    }


def test_a_polls_table_stays_small_with_a_thousand_feeds() -> None:
    table = rows([report(f"feed {number}", new=number) for number in range(1000)])

    assert len(table) == ROWS
    assert table[0]["new entries"] == 999


def test_a_poll_is_summed_up_in_a_line() -> None:
    line = summarise([report("a", new=3), report("b", error="down")], GroupReport())

    assert line == "2 feeds asked, 1 failed, 3 new articles, 0 new developments, 0 moved"


def test_what_a_person_can_mend_is_the_message_of_the_failed_run() -> None:
    def full(config: str) -> State[None]:
        raise StoreError(f"the disk of {config} is full")

    state = failing_in_words(full)("config.yaml")

    assert state.is_failed()
    assert state.message == "the disk of config.yaml is full"


def test_a_bug_is_not_taken_for_a_failure_in_words() -> None:
    def broken(config: str) -> State[None]:
        raise ZeroDivisionError(config)

    with pytest.raises(ZeroDivisionError):
        failing_in_words(broken)("config.yaml")


def test_a_night_is_an_event_with_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of(tmp_path)

    state = maintain.fn(str(config.path))

    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["level"], event["message"]) == ("maintain.done", "info", f"maintain: {state.message}")
    assert [event[name] for name in ("polls", "articles", "stories", "alerts", "feeds_to_read", "freed")] == [0] * 6
    assert Path(event["copy"]).parent == config.database_path.parent / "backups"
    assert event["troubles"] == 0


def test_a_night_without_its_copy_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of(tmp_path, "database: monitor.db\nbackup: {folder: config.yaml}")

    state = maintain.fn(str(config.path))

    event = json.loads(capsys.readouterr().err)
    assert (state.is_failed(), event["level"], event["troubles"], event["copy"]) == (True, "warning", 1, None)


@pytest.mark.parametrize("flow", [poll, deliver, maintain], ids=lambda flow: flow.name)
def test_a_flow_takes_the_path_of_the_configuration_and_is_found_by_its_module(flow: object) -> None:
    assert list(flow.parameters.properties) == ["config"]  # type: ignore[attr-defined]
    assert flow.__module__ == f"flows.{flow.name}"  # type: ignore[attr-defined]


def test_a_run_with_nothing_to_mend_keeps_its_state() -> None:
    done: State[None] = Completed(message="done")

    assert failing_in_words(lambda _: done)("config.yaml") is done


# --------------------------------------------------------------------------- the end of a run


async def crashed(error: BaseException) -> str:
    return f"Crash detected! {(await exception_to_crashed_state(error)).message}"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TerminationSignal(signal.SIGTERM), False),
        (KeyboardInterrupt(), True),
        (SystemExit(), True),
        (MemoryError(), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_of_what_ends_a_run_only_our_own_signal_is_not_told_as_a_crash(error: BaseException, told: bool) -> None:
    text = asyncio.run(crashed(error))

    assert served.is_told(logging.LogRecord("prefect.flow_runs", logging.ERROR, "", 0, text, None, None)) is told


# --------------------------------------------------------------------------- schedules


def test_a_restart_does_not_put_off_a_daily_run() -> None:
    first, second = (Planned(maintain, timedelta(days=1)).schedule for _ in range(2))

    assert first.anchor_date == second.anchor_date
    assert first.interval == timedelta(days=1)


def test_a_cron_line_counts_in_the_configured_time_zone() -> None:
    schedule = Planned(maintain, "30 3 * * *", "America/Port-au-Prince").schedule

    assert (schedule.cron, schedule.timezone) == ("30 3 * * *", "America/Port-au-Prince")


# --------------------------------------------------------------------------- secrets


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_TEST_SECRET", "json://127.0.0.1/")

    assert secrets.resolve("MONITOR_TEST_SECRET") == "json://127.0.0.1/"


@pytest.mark.parametrize("value", [None, ""], ids=["not set", "empty"])
def test_without_a_server_there_is_no_other_place_for_secrets(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    if value is not None:
        monkeypatch.setenv("MONITOR_TEST_SECRET", value)

    assert secrets.resolve("MONITOR_TEST_SECRET") is None


def test_looking_up_a_secret_in_the_environment_does_not_load_prefect() -> None:
    program = "import sys; from flows.secrets import resolve; resolve('HOME'); print('prefect' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


def test_secrets_of_channels_are_looked_up_only_when_there_is_something_to_send(store: Store, tmp_path: Path) -> None:
    config = config_of(tmp_path, "channels: [{name: desk, url: '${MONITOR_TEST_SECRET}'}]\n")
    now = datetime(2025, 9, 30, tzinfo=UTC)
    looked_up = []

    def look_up(name: str) -> str:
        looked_up.append(name)
        return f"json://127.0.0.1:{closed_ports(1)[0]}/"

    assert pipeline.send_alerts(config, store, lambda: now, secrets=look_up).failures == {}
    assert looked_up == []
    with store.transaction():
        alerts.queue(store, MESSAGE, channel="desk", kind="new", now=now, not_before=now)
    failures = pipeline.send_alerts(config, store, lambda: now, secrets=look_up).failures
    assert "connection refused" in failures["desk"]
    assert looked_up == ["MONITOR_TEST_SECRET"]


# --------------------------------------------------------------------------- the service's parts


def test_one_database_has_one_service(tmp_path: Path) -> None:
    with (
        service._only_one(tmp_path / "monitor.db"),
        pytest.raises(ServiceError, match=f"already runs on this database \\(process {os.getpid()}\\)"),
        service._only_one(tmp_path / "monitor.db"),
    ):
        pass


def test_the_lock_of_a_service_that_ended_is_free(tmp_path: Path) -> None:
    for _ in range(2):
        with service._only_one(tmp_path / "monitor.db"):
            assert (tmp_path / "prefect" / "service.lock").read_text() == str(os.getpid())


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]

        with pytest.raises(ServiceError, match=rf"127\.0\.0\.1:{port}.*{os.strerror(errno.EADDRINUSE)}.*another one"):
            server.start(tmp_path, "127.0.0.1", port)


def test_the_server_ends_with_the_service_that_started_it(tmp_path: Path) -> None:
    started = server.start(tmp_path, "127.0.0.1", closed_ports(1)[0])
    assert started.process.stdin is not None

    started.process.stdin.close()  # what the system does when the service is killed

    assert started.process.wait(30) == -signal.SIGKILL


def test_a_server_that_does_not_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    program = "print('begin', *range(20), 'no room for a server', sep='\\n'); raise SystemExit(3)"
    with log.open("wb") as output, subprocess.Popen([sys.executable, "-c", program], stdout=output) as process:
        started = server.Server(process, f"http://127.0.0.1:{closed_ports(1)[0]}", log)

        with pytest.raises(ServiceError, match=r"did not start.\s+The end of .*server\.log:\s[\s\S]*no room") as caught:
            server.wait_until_ready(started)

    assert "begin" not in str(caught.value)


def test_the_log_of_a_server_is_turned_over_while_it_writes_and_when_it_starts_again(tmp_path: Path) -> None:
    log, before = tmp_path / "server.log", tmp_path / "server.log.1"
    with log.open("ab", buffering=0) as writing:
        for words in (b"first ", b"second ", b"third "):
            writing.write(words * 2)
            server.turn_over(log, most=12)
    assert (log.read_bytes(), before.read_bytes()) == (b"third third ", b"first first second second ")

    started = server.start(tmp_path, "127.0.0.1", closed_ports(1)[0])
    server.stop(started, 30)

    assert before.read_bytes() == b"third third "


def test_a_server_of_ones_own_that_does_not_answer_is_named_with_what_to_do() -> None:
    api = f"http://127.0.0.1:{closed_ports(1)[0]}/api"

    with pytest.raises(ServiceError, match=f"No Prefect server answers at {api}.*Connection refused.*unset"):
        server.need_answer(api)


SERVICE = """
import multiprocessing, signal, subprocess, sys
from flows.following import follow_service
from flows.ending import end_runs

def run():
    follow_service()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"])
    signal.pause()

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=run).start()
    sys.stdin.readline()
    end_runs(0)
"""


@pytest.mark.parametrize(
    "end",
    [pytest.param(lambda p: p.stdin.close(), id="is stopped"), pytest.param(subprocess.Popen.kill, id="is killed")],
)
def test_a_stubborn_run_and_its_helper_end_when_the_service(
    end: Callable[["subprocess.Popen[str]"], None], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(SERVICE, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        end(process)

        ended, _, _ = select.select([process.stdout], [], [], 20)
        assert ended, "somebody who could write to the terminal is left"
        assert process.stdout.read() == ""


def test_a_server_of_ones_own_keeps_its_settings() -> None:
    assert set(service.environment(None)) == {"DO_NOT_TRACK", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"}


def test_the_embedded_server_keeps_its_state_beside_the_database_and_tells_nobody(tmp_path: Path) -> None:
    settings = service.environment(tmp_path)

    assert settings["PREFECT_HOME"] == str(tmp_path)
    assert (settings["DO_NOT_TRACK"], settings["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")


@pytest.mark.parametrize(
    ("host", "password", "told"),
    [("127.0.0.1", None, False), ("::1", None, False), ("0.0.0.0", None, True), ("0.0.0.0", "user:word", False)],
)
def test_a_server_that_others_reach_without_a_password_is_told(
    host: str, password: str | None, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    if password:
        monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", password)

    assert bool(service._exposure(ServiceSection(host=host))) is told


def test_a_taken_port_for_programs_is_told_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        config = config_of(tmp_path, f"service: {{health_port: {port}}}\n")

        with service._health(config.path, config):
            said = json.loads(capsys.readouterr().err)

    assert (said["event"], said["level"]) == ("health.unavailable", "warning")
    assert f"127.0.0.1 port {port} cannot be used" in said["message"]


def test_programs_may_be_answered_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of(tmp_path, "service: {health_port: null}\n")

    with service._health(config.path, config):
        assert capsys.readouterr().err == ""
