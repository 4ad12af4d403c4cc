"""The service as people start it: a real server, scheduled runs, alerts on the terminal, and a clean end.

One service serves all these tests, as its start takes seconds. The last test ends it.
"""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID, uuid4

import pytest

AUTOMATION = Path(__file__).parents[1] / "deploy" / "automation.yaml"
START_SECONDS = 240.0
RUN_SECONDS = 90.0
END_SECONDS = 10.0
PROGRAM = Path(sys.executable).with_name("haiti-monitor")
TITLE = "Harbour mission gets a new commander"
CONFIG = """
database: data/monitor.db
schedule: {{poll: 12 s, deliver: 6 h}}
service: {{port: {port}, health_port: {health}}}
fetch: {{allow_addresses: ["127.0.0.1/32"], rarest: 12 s}}
reading: {{default: always}}
changes: {{leadership: {{}}}}
concepts: {{mission: {{en: [Harbour mission]}}, leader: {{en: [commander]}}}}
rules: [{{id: new-commander, change: leadership, stage: decided, when: mission near/20 leader}}]
feeds: [{{name: Harbour Wire, url: "{feed}", language: en}}]
"""
PLANNING = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "4"}
"""When a schedule has changed, the server plans its runs at its next look: else once a minute."""
FEED = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Harbour Wire</title><link>https://wire.example/</link><description>News</description>
{items}
</channel></rss>"""
ITEM = "<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{date}</pubDate></item>"
PAGE = "<html><head><title>{title}</title></head><body><article>{text}</article></body></html>"


class Feeds(ThreadingHTTPServer):
    """A feed and its pages on the loopback. Once `stuck` is set the feed has two pages more, one without an end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Feed)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.more: list[str] = []
        self.stuck = threading.Event()
        self.asked_for_stuck_page = threading.Event()
        self.over = threading.Event()

    def feed(self) -> str:
        """The feed as it is now."""
        titles = [*self.more, TITLE, "The harbour has new cranes", "The harbour is closed"]
        titles = titles[: len(self.more) + (3 if self.stuck.is_set() else 1)]
        date = format_datetime(datetime.now(UTC))
        items = (ITEM.format(title=title, link=f"{self.url}/{n}", date=date)
                 for n, title in enumerate(titles, start=-len(self.more)))  # fmt: skip
        return FEED.format(items="".join(items))


class _Feed(BaseHTTPRequestHandler):
    server: Feeds

    def do_GET(self) -> None:
        if self.path == "/feed":
            self._answer("application/rss+xml", self.server.feed())
            return
        if self.path == "/2":
            self.server.asked_for_stuck_page.set()
            self.server.over.wait()
        text = "<p>The harbour mission has a new commander since this morning, its office said.</p>" * 10
        self._answer("text/html", PAGE.format(title=TITLE, text=text))

    def _answer(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@dataclass
class Service:
    """A running service: its process, its pages, and what it printed."""

    process: subprocess.Popen[str]
    page: str
    health: str
    folder: Path
    mark: str
    feeds: Feeds
    systemd: socket.socket
    """Where it hears of the service; a socket as systemd's."""
    printed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    heard: "SimpleQueue[str | None]" = field(default_factory=SimpleQueue)

    def listen(self) -> None:
        """Reads what the service says until it ends."""
        for line in self.process.stderr or ():
            self.said.append(line)
            self.heard.put(line)
        self.heard.put(None)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it said of one kind, each line an object."""
        return [one for one in map(json.loads, self.said) if one["event"] == name]

    def api(self, path: str, query: dict[str, Any] | None = None) -> Any:
        """What the server's API answers; with a `query` it is posted."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.page}/api{path}",
            data=None if query is None else json.dumps(query).encode(),
            headers={"content-type": "application/json"},
        )
        return self.until(lambda: _answer(request))[0]

    def polls(self) -> list[dict[str, Any]]:
        """All polls that the server knows of, oldest first."""
        wanted = {"flows": {"name": {"any_": ["poll"]}}, "sort": "START_TIME_ASC"}
        return list(self.api("/flow_runs/filter", wanted))

    def completed_polls(self) -> list[dict[str, Any]]:
        """Those that the server knows as completed."""
        return [run for run in self.polls() if run["state_type"] == "COMPLETED"]

    def next_poll(self, seconds: float) -> str:
        """Waits for the line that the service says after a poll."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.heard.get(timeout=max(deadline - time.monotonic(), 0))
            except Empty:
                pytest.fail(f"no poll within {seconds:.0f} s; the service said:\n" + "".join(self.said))
            assert line is not None, "the service ended; it said:\n" + "".join(self.said)
            if " poll: " in line:
                return line

    def until(self, answer: Callable[[], Any]) -> Any:
        """Asks the server until it knows what it is about to learn."""
        deadline = time.monotonic() + 30
        while not (found := answer()):
            assert time.monotonic() < deadline, "the server never learned it"
        return found

    def processes(self) -> dict[int, str]:
        """The service and all that it started, wherever that hangs now: what has the mark in its environment."""
        return dict(_processes(self.mark))


def _answer(request: urllib.request.Request) -> tuple[Any] | None:
    """What the server answers, in a tuple as it may be nothing.

    None for 503: two wrote to the server's database at once and it asks for another try, as Prefect's clients do.
    """
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own server
            body = answer.read()
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return None
    return (json.loads(body) if body else None,)


def _processes(mark: str) -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and mark.encode() in (entry / "environ").read_bytes():
                yield int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it ended meanwhile
            continue


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


def environment(mark: str) -> dict[str, str]:
    """Ours, without Prefect's settings, and with a mark that every process of the service inherits."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    return kept | {"HAITI_MONITOR_TEST": mark}


def start(config: Path, mark: str, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [PROGRAM, "--config", config, "run"],
        cwd=config.parent,
        env=environment(mark) | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def feeds() -> Iterator[Feeds]:
    with Feeds() as feeds:
        threading.Thread(target=feeds.serve_forever, daemon=True).start()
        yield feeds
        feeds.over.set()
        feeds.shutdown()


@pytest.fixture(scope="module")
def service(feeds: Feeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    port, health, mark = free_port(), free_port(), uuid4().hex
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(port=port, health=health, feed=f"{feeds.url}/feed"), encoding="utf-8")
    settings = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "3000000", **PLANNING}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, start(config, mark, **settings) as process:
        systemd.bind(settings["NOTIFY_SOCKET"])
        systemd.settimeout(RUN_SECONDS)
        addresses = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{health}"
        service = Service(process, *addresses, folder, mark, feeds, systemd)
        threading.Thread(target=service.printed.extend, args=(process.stdout,), daemon=True).start()
        threading.Thread(target=service.listen, daemon=True).start()
        try:
            service.next_poll(START_SECONDS)
            yield service
        finally:
            process.terminate()
            process.wait(END_SECONDS)
            for pid in service.processes():
                os.kill(pid, signal.SIGKILL)


def test_one_poll_is_run_at_once_besides_the_scheduled_ones(service: Service) -> None:
    [first, *_] = service.until(service.completed_polls)

    assert len([run for run in service.polls() if not run["auto_scheduled"]]) == 1
    assert first["state"]["message"].startswith("1 feeds asked, 0 failed, 0 new articles, 1 new developments")


def test_scheduled_polls_run(service: Service) -> None:
    service.next_poll(RUN_SECONDS)

    [scheduled, *_] = service.until(lambda: [run for run in service.completed_polls() if run["auto_scheduled"]])

    assert scheduled["parameters"] == {"config": str(service.folder / "config.yaml")}


def test_an_alert_for_nobody_in_particular_is_printed_by_the_service(service: Service) -> None:
    assert any(TITLE in line for line in service.printed)


def test_people_are_told_where_the_page_is_what_is_scheduled_and_that_nobody_is_told(service: Service) -> None:
    [started], [untold] = service.events("service.started"), service.events("service.untold")

    assert f"Web interface: {service.page}\n" in started["message"]
    assert "poll every 12 s, deliver every 6 h, maintain by cron (30 3 * * *)" in started["message"]
    assert "names no channels" in untold["message"]


def test_what_it_says_to_programs_is_one_object_a_line_with_moment_level_and_event(service: Service) -> None:
    [development], [done, *_] = service.events("development.new"), service.events("poll.done")
    [asked] = service.events("feeds.asked")

    assert all({"time", "level", "event", "message"} <= set(json.loads(line)) for line in service.said)
    assert (development["change"], development["stage"], development["title"]) == ("leadership", "decided", TITLE)
    assert (asked["feeds"], asked["failed"], asked["new_articles"]) == (1, 0, 1)
    assert (done["developments"], done["alerts_sent"]) == (1, 1)
    assert [one["channel"] for one in service.events("alert.sent")] == ["console"]


def test_feeds_are_asked_before_the_server_is_there(service: Service) -> None:
    said = [json.loads(line)["event"] for line in service.said]

    assert said.index("feeds.asked") < said.index("service.started")


def test_programs_may_ask_how_it_is(service: Service) -> None:
    with urllib.request.urlopen(f"{service.health}/health", timeout=20) as answer:  # noqa: S310 - our own server
        health = json.load(answer)
    with urllib.request.urlopen(f"{service.health}/metrics", timeout=20) as answer:  # noqa: S310 - our own server
        figures = answer.read().decode()

    assert (health["status"], len(health["trouble"])) == ("warning", 1)  # nobody is told
    assert 'haiti_monitor_feeds{state="working"} 1.0' in figures


@pytest.mark.parametrize("headers", [{"host": "news.example"}, {"origin": "https://news.example"}])
def test_pages_of_other_hosts_may_ask_the_server_nothing(service: Service, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{service.page}/api/health", headers=headers)  # noqa: S310 - our own server

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)  # noqa: S310 - our own server

    assert refused.value.code == HTTPStatus.MISDIRECTED_REQUEST


def test_its_own_page_may(service: Service) -> None:
    request = urllib.request.Request(f"{service.page}/api/health", headers={"origin": service.page})  # noqa: S310

    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own server
        assert answer.status == HTTPStatus.OK


def test_what_it_stores_is_for_its_user_only(service: Service) -> None:
    data = service.folder / "data"
    found = {path.relative_to(data): path.stat().st_mode & 0o077 for path in [data, *data.rglob("*")] if path.exists()}

    assert {Path(name) for name in ("monitor.db", "prefect/prefect.db", "prefect/server.log")} <= set(found)
    assert [str(path) for path, others in found.items() if others] == []


def test_systemd_hears_that_it_is_ready_and_then_that_it_lives(service: Service) -> None:
    assert [service.systemd.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_an_automation_is_made_of_the_example(service: Service, tmp_path: Path) -> None:
    settings = {"PREFECT_API_URL": f"{service.page}/api", "PREFECT_HOME": str(tmp_path), "DO_NOT_TRACK": "1"}
    program = [sys.executable, "-m", "prefect", "automation", "create", "--from-file", str(AUTOMATION)]

    subprocess.run(program, env=environment("") | settings, check=True, capture_output=True, timeout=120)

    [made] = service.api("/automations/filter", {})
    assert (made["enabled"], made["trigger"]["expect"]) == (True, ["haiti-monitor.development.new"])


def test_the_web_interface_answers(service: Service) -> None:
    with urllib.request.urlopen(f"{service.page}/", timeout=20) as answer:  # noqa: S310 - our own server
        page = answer.read().decode()

    assert answer.headers.get_content_type() == "text/html"
    assert "<title>Prefect" in page


def test_a_poll_leaves_a_table(service: Service) -> None:
    wanted = {"artifacts": {"key": {"any_": ["poll"]}}, "sort": "CREATED_DESC"}
    [table, *_] = service.until(lambda: service.api("/artifacts/filter", wanted))

    [row] = json.loads(table["data"])
    assert (row["feed"], row["result"], row["new entries"], row["error"]) == ("Harbour Wire", "new", 0, "")


def test_a_new_development_is_an_event(service: Service) -> None:
    wanted = {"filter": {"event": {"name": ["haiti-monitor.development.new"]}}}

    [event, *more] = service.until(lambda: service.api("/events/filter", wanted)["events"])

    assert more == []
    assert event["resource"]["prefect.resource.id"] == "haiti-monitor.development.1"
    assert event["payload"] == {"change": "leadership", "stage": "decided", "title": TITLE}


def test_no_flow_ever_runs_twice_at_the_same_time(service: Service) -> None:
    deployments = service.api("/deployments/filter", {})

    assert sorted(one["entrypoint"] for one in deployments) == [
        "flows.deliver.deliver",
        "flows.maintain.maintain",
        "flows.poll.poll",
    ]
    assert {one["global_concurrency_limit"]["limit"] for one in deployments} == {1}
    assert {one["concurrency_options"]["collision_strategy"] for one in deployments} == {"CANCEL_NEW"}


def test_state_is_kept_beside_the_database(service: Service) -> None:
    assert (service.folder / "data" / "monitor.db").exists()
    assert (service.folder / "data" / "prefect" / "prefect.db").exists()


def test_a_second_service_on_the_same_database_is_refused(service: Service) -> None:
    with start(service.folder / "config.yaml", "second") as second:
        _, said = second.communicate(timeout=60)

    assert second.returncode == 1
    assert said == (
        f"haiti-monitor: A service already runs on this database (process {service.process.pid}). "
        "Stop it first, or use another database.\n"
    )


def test_secrets_come_from_blocks_of_the_server(service: Service, tmp_path: Path) -> None:
    program = (
        "from prefect.blocks.system import Secret; Secret(value='json://desk').save('desk-hook');"
        "from flows.secrets import resolve; print(resolve('DESK_HOOK'), resolve('DESK_MAIL'))"
    )
    settings = {"PREFECT_API_URL": f"{service.page}/api", "PREFECT_HOME": str(tmp_path), "DO_NOT_TRACK": "1"}

    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment("") | settings, capture_output=True, text=True, check=True
    )

    assert answer.stdout == "json://desk None\n"


def test_a_secret_is_nowhere_to_be_found_after_a_channel_failed(service: Service, tmp_path: Path) -> None:
    """Neither in the database nor in the server's, in what is printed or in what its pages show."""
    secret = f"planted{uuid4().hex}"
    program = f"from prefect.blocks.system import Secret; Secret(value='{secret}').save('planted-word')"
    settings = {"PREFECT_API_URL": f"{service.page}/api", "PREFECT_HOME": str(tmp_path), "DO_NOT_TRACK": "1"}
    subprocess.run([sys.executable, "-c", program], env=environment("") | settings, check=True)
    config = service.folder / "config.yaml"
    before = config.read_text(encoding="utf-8")
    try:
        channel = {"name": "dead", "url": f"json://bot:${{PLANTED_WORD}}@127.0.0.1:{free_port()}/"}
        config.write_text(f"{before}channels: [{json.dumps(channel)}]\n", encoding="utf-8")
        service.feeds.more.append(f"{TITLE} after a month without one")
        service.until(lambda: "dead" in "".join(service.said))
        service.until(lambda: _failures(service.folder / "data" / "monitor.db"))
    finally:
        config.write_text(before, encoding="utf-8")
    runs = service.api("/task_runs/filter", {"limit": 200}) + service.api("/flow_runs/filter", {"limit": 200})
    logs = service.api("/logs/filter", {"limit": 200})
    assert secret not in json.dumps([runs, logs])
    assert secret not in "".join([*service.said, *service.printed])
    held = [path for path in service.folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert held == []


def _failures(database: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select last_error from alerts where last_error is not null").fetchall()


def test_a_wrong_configuration_is_not_taken_and_a_right_one_is_without_a_restart(service: Service) -> None:
    config = service.folder / "config.yaml"
    before = config.read_text(encoding="utf-8")

    config.write_text(before.replace("near/20", "near-20"), encoding="utf-8")
    service.until(lambda: "goes on with the last good configuration" in "".join(service.said))
    polls_go_on(service)

    config.write_text(before.replace("deliver: 6 h", "deliver: 5 h"), encoding="utf-8")
    service.until(lambda: "Its `schedule:` is taken within a minute." in "".join(service.said))
    deployments = service.api("/deployments/filter", {})
    [deliver] = [one for one in deployments if one["entrypoint"] == "flows.deliver.deliver"]
    assert [one["schedule"]["interval"] for one in deliver["schedules"]] == [5 * 3600]
    assert "".join(service.said).count("is not taken") == 1, "it is said once, whatever the number of runs"
    polls_go_on(service)


def polls_go_on(service: Service) -> None:
    """Waits for a poll that began after now: the first may have been under way."""
    while not service.heard.empty():
        service.heard.get_nowait()
    for _ in range(2):
        service.next_poll(RUN_SECONDS)


def test_what_a_killed_service_left_behind_blocks_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = service.api("/flows/", {"name": "abandoned"})["id"]
    deployment = service.api(
        "/deployments/",
        {
            "flow_id": flow,
            "name": "abandoned",
            "concurrency_limit": 1,
            "concurrency_options": {"collision_strategy": "CANCEL_NEW"},
        },
    )["id"]
    killed, missed = (_ordered_run(service, deployment) for _ in range(2))
    for state in ("PENDING", "RUNNING"):
        service.api(f"/flow_runs/{killed}/set_state", {"state": {"type": state}})
    assert _slots(service, deployment) == 1

    assert _clear_leftovers(service, deployment, monkeypatch) == {UUID(deployment)}

    assert service.api(f"/flow_runs/{killed}")["state_type"] == "CRASHED"
    left = {"deployments": {"id": {"any_": [deployment]}}}
    assert [run["id"] for run in service.api("/flow_runs/filter", left)] == [killed]
    assert missed != killed
    assert _slots(service, deployment) == 0


def _ordered_run(service: Service, deployment: str) -> str:
    """A run that was due an hour ago."""
    due = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due}}
    return str(service.api(f"/deployments/{deployment}/create_flow_run", {"state": state})["id"])


def _slots(service: Service, deployment: str) -> int:
    return int(service.api(f"/deployments/{deployment}")["global_concurrency_limit"]["active_slots"])


def _clear_leftovers(service: Service, deployment: str, monkeypatch: pytest.MonkeyPatch) -> set[UUID]:
    from prefect import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.deployments import clear_leftovers

    async def clear() -> set[UUID]:
        async with get_client() as client:
            return await clear_leftovers(client, [UUID(deployment)], datetime.now(UTC))

    monkeypatch.setenv("DO_NOT_TRACK", "1")
    with temporary_settings({PREFECT_API_URL: f"{service.page}/api"}):
        return asyncio.run(clear())


def test_sigterm_ends_everything_in_time_even_while_pages_are_read(service: Service) -> None:
    service.feeds.stuck.set()
    assert service.feeds.asked_for_stuck_page.wait(RUN_SECONDS)
    deadline = time.monotonic() + END_SECONDS
    while len(service.processes()) < len(("service", "server", "poll", "reader", "reader")):
        assert time.monotonic() < deadline, f"only these run: {service.processes()}"
    _heard(service.systemd)
    deadline = time.monotonic() + END_SECONDS

    service.process.send_signal(signal.SIGTERM)

    assert service.process.wait(END_SECONDS) == 0
    assert b"STOPPING=1" in _heard(service.systemd)
    while service.heard.get(timeout=END_SECONDS) is not None:
        continue
    assert [line for line in service.said if "Crash" in line] == [], "a run that we end is none that crashed"
    while service.processes():
        assert time.monotonic() < deadline, f"left behind: {service.processes()}"


def _heard(ears: socket.socket) -> list[bytes]:
    """What was told and not heard yet."""
    ears.setblocking(False)
    told = []
    while True:
        try:
            told.append(ears.recv(100))
        except BlockingIOError:
            return told
