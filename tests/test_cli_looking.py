"""The command line as a place to look: on terminals of any width, in pipes, in a shell that completes, and stopped."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import alive
from tests.receivers import Webhook, webhook
from tests.terminal import on_a_terminal
from tests.test_cli import PROGRAM, Shell, item, program
from tests.world import DECIDED, EFFECTIVE, TERM, WEATHER, Answer, Clock, Web, World, serving

LISTS = [
    *(f"{noun} list" for noun in ("developments", "articles", "stories", "feeds", "alerts")),
    "search mission",
]
COLOUR = "\x1b["


def change(world: World, sql: str, *values: Any) -> None:
    """Writes into the database as nobody would."""
    with world.store() as store, store.transaction():
        store.write(sql, *values)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, web: Web) -> World:
    return World(tmp_path, web, Clock(datetime.now(UTC)))


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def told(world: World, hook: Webhook) -> World:
    """A world in a zone with a long name, after one poll that found two changes and told them."""
    world.watch(
        "one",
        "two",
        timezone="America/Port-au-Prince",
        channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk"}],
    )
    world.web.feed("/one.xml", item(DECIDED, 3), item(WEATHER))
    world.web.feed("/two.xml", item(DECIDED, 2, at="two"), item(TERM, at="two"))
    assert world.poll().sent.sent == 2
    return world


# --------------------------------------------------------------------------- terminals and pipes


@pytest.mark.parametrize("words", [*LISTS, "status", "developments show 1", "situation"])
def test_what_is_shown_fits_every_terminal(words: str, told: World) -> None:
    for width in (60, 80, 200):
        code, shown = on_a_terminal([*PROGRAM, *words.split()], told.folder, width=width)
        assert code == 0
        plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
        path = str(told.folder)  # a word, which nothing may break
        assert [line for line in plain.splitlines() if len(line) > width and path not in line] == []
        assert " ".join(plain.split()).count("Lagoon Mission") or words in ("feeds list", "status")


@pytest.mark.parametrize("words", LISTS)
def test_in_a_pipe_a_row_is_a_whole_line_without_colours_under_a_heading_that_names_the_zone(
    words: str, told: World
) -> None:
    rows = program(told.folder, *words.split(), "--json").rows
    shown = program(told.folder, *words.split())
    heading, rule, *lines = shown.out.splitlines()
    assert len(lines) == len(rows)
    assert "(America/Port-au-Prince)" in heading
    assert set(rule) == {"─"}
    assert COLOUR not in shown.out + shown.err
    for row, line in zip(rows, lines, strict=True):
        assert all(row[key] in line for key in ("title", "subject", "excerpt", "name") if key in row)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colours_gets_none(environment: dict[str, str], told: World) -> None:
    for words in ("articles list", "status", "situation"):
        assert COLOUR in on_a_terminal([*PROGRAM, *words.split()], told.folder)[1]
        assert COLOUR not in on_a_terminal([*PROGRAM, *words.split()], told.folder, **environment)[1]


def test_a_headline_does_not_command_the_terminal(told: World, shell: Shell) -> None:
    title = "'One' || char(27) || '[2J' || char(10) || 'Two' || char(155) || '31m' || char(8238)"
    change(told, f"update articles set title = {title}")  # noqa: S608
    out = shell("articles", "list").out
    assert "One [2J Two 31m" in out
    assert not {"\x1b", "\u202e"} & set(out + shell("articles", "show", "1").out)


def test_a_wait_has_a_bar_on_a_terminal_only(told: World) -> None:
    _, shown = on_a_terminal([*PROGRAM, "poll"], told.folder)
    assert "feeds" in shown
    assert "━" in shown
    _, dumb = on_a_terminal([*PROGRAM, "poll"], told.folder, TERM="dumb")
    assert "━" not in dumb
    assert program(told.folder, "poll").err == ""


def test_a_bar_leaves_the_data_where_it_belongs(told: World) -> None:
    lines = "\n".join(json.dumps({"id": title[0], "title": title}) for title in (DECIDED, WEATHER))
    (told.folder / "items.jsonl").write_text(lines)
    words = f"{PROGRAM[0]} rules try items.jsonl > found.jsonl && {PROGRAM[0]} export articles > articles.csv"
    code, shown = on_a_terminal(["sh", "-c", words], told.folder)
    assert code == 0
    assert "items" in shown
    assert "rows" in shown
    assert DECIDED not in shown
    assert len((told.folder / "found.jsonl").read_text().splitlines()) == 2
    assert len((told.folder / "articles.csv").read_text().splitlines()) == 5


# --------------------------------------------------------------------------- ages


def test_search_can_be_cut_by_age(told: World, shell: Shell) -> None:
    change(told, "update articles set first_seen = '2024-01-01T00:00:00Z' where title = ?", TERM)
    assert len(shell("search", "mission", "--json").rows) == 3
    assert [row["title"] for row in shell("search", "mission", "--since", "7d", "--json").rows] == [DECIDED, DECIDED]
    assert "no article so young holds: mandate" in shell("search", "mandate", "--since", "7d").err


@pytest.mark.parametrize(
    ("since", "found"), [("2025-09-30", 0), ("2025-09-29", 4), ("2025-09-30T00:00Z", 4), ("2025-09-30T04:01Z", 0)]
)
def test_a_day_begins_in_the_zone_of_the_user(since: str, found: int, told: World, shell: Shell) -> None:
    change(told, "update articles set first_seen = '2025-09-30T03:59:00Z'")  # a minute before midnight in Haiti
    assert len(shell("articles", "list", "--since", since, "--json").rows) == found


# --------------------------------------------------------------------------- status


def test_status_names_the_process_of_the_service(told: World, shell: Shell) -> None:
    assert "service       not running" in shell("status").out
    with alive.held(told.folder / "monitor.db", os.getpid()):
        assert f"service       running (process {os.getpid()})" in shell("status").out
        facts = shell("status", "--json").rows[0]
    assert (facts["service"], facts["service_process"]) == ("running", os.getpid())
    facts = shell("status", "--json").rows[0]
    assert (facts["service"], facts["service_process"]) == ("not running", None)


def test_status_says_what_is_new(told: World, shell: Shell) -> None:
    out = shell("status").out
    assert "developments  2, 2 in the last 24 h; latest " in out
    assert re.search(rf"^\+ [\d-]{{10}} [\d:]{{5}}  mandate decided  {TERM} \(\d\)$", out, re.MULTILINE)
    facts = shell("status", "--json").rows[0]
    assert facts["developments_day"] == 2
    assert [(row["change"], row["stage"], row["title"]) for row in facts["new"]] == [
        ("mandate", "decided", TERM),
        ("leadership", "decided", DECIDED),
    ]
    assert set(facts["new"][0]) == {"since", "change", "stage", "title", "development"}


def test_what_is_old_or_dismissed_is_not_new_until_it_moves_on(told: World, shell: Shell) -> None:
    old = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    change(told, "update development_stages set since = ?", old)
    assert shell("status", "--json").rows[0]["new"] == []
    told.web.feed("/one.xml", item(EFFECTIVE, 0.1))
    told.poll()
    (moved,) = shell("status", "--json").rows[0]["new"]
    assert (moved["stage"], moved["title"]) == ("effective", EFFECTIVE)
    shell("developments", "dismiss", str(moved["development"]), "--because", "a film")
    assert shell("status", "--json").rows[0]["new"] == []


def test_only_the_latest_of_much_news_are_shown_and_the_others_counted(told: World, shell: Shell) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for number in range(101, 107):
        change(
            told,
            "insert into developments (id, change, stage, title, sentence, actors, severity, first_seen, last_seen, "
            "created_at) values (?, 'mandate', 'decided', 'One more', '', '', 'low', ?, ?, ?)",
            *(number, now, now, now),
        )
        change(
            told,
            "insert into development_stages (development, stage, since, article) values (?, 'decided', ?, 1)",
            *(number, now),
        )
    out = shell("status").out
    assert out.count("\n+ ") == 5
    assert "    and 3 more: haiti-monitor developments list --since 1d" in out


def test_status_says_how_long_the_oldest_alert_waits_and_which_feeds_fail(told: World, shell: Shell) -> None:
    assert shell("status", "--json").rows[0]["alerts_waiting_since"] is None
    since = f"{datetime.now(UTC) - timedelta(hours=3, minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    change(told, "update alerts set state = 'queued', created_at = ? where id = 1", since)
    change(told, "update feeds set failures = 2 where name = 'two'")
    out = shell("status").out
    assert "1 sent, 1 waiting (the oldest for 3 h), 0 failed" in out
    assert "2, 1 failing (two), 0 not asked yet" in out
    facts = shell("status", "--json").rows[0]
    assert (facts["alerts_waiting_since"], facts["failing"]) == (since, ["two"])


def test_that_nothing_polls_is_a_trouble_only_when_it_is_long_ago_and_no_service_runs(
    told: World, shell: Shell
) -> None:
    def poll_was(minutes: int) -> None:
        moment = datetime.now(UTC) - timedelta(minutes=minutes)
        change(told, "update feeds set last_polled = ?", f"{moment:%Y-%m-%dT%H:%M:%SZ}")

    poll_was(50)
    assert shell("status", "--json").rows[0]["trouble"] == []
    poll_was(130)
    assert shell("status", "--json").rows[0]["trouble"] == [
        "nothing polls: no service runs, and the last poll was 2 h ago: haiti-monitor run"
    ]
    with alive.held(told.folder / "monitor.db", 1):
        assert shell("status", "--json").rows[0]["trouble"] == []


def test_status_reads_no_table_of_articles_from_end_to_end(told: World) -> None:
    from monitor.store.overview import overview

    with told.store() as store:
        asked: list[tuple[str, tuple[Any, ...]]] = []
        rows = store.rows

        def noted(sql: str, *values: Any) -> list[dict[str, Any]]:
            asked.append((sql, values))
            return rows(sql, *values)

        store.rows = noted  # type: ignore[method-assign]
        overview(store, datetime.now(UTC))
        store.rows = rows  # type: ignore[method-assign]
        plans = [row["detail"] for sql, values in asked for row in rows(f"explain query plan {sql}", *values)]
    assert [plan for plan in plans if plan.startswith("SCAN articles") and "INDEX" not in plan] == []
    assert [plan for plan in plans if re.match("SCAN (alerts|t)$", plan)] == []


# --------------------------------------------------------------------------- completion


def completed(folder: Path, *words: str) -> list[str]:
    """What bash is told when the last word is completed."""
    protocol = {
        "_HAITI_MONITOR_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["haiti-monitor", *words]),
        "COMP_CWORD": str(len(words)),
    }
    return program(folder, env={**os.environ, **protocol}).out.split()


def test_a_shell_completes_commands_options_and_channels(told: World) -> None:
    assert completed(told.folder, "dev") == ["developments"]
    assert completed(told.folder, "feeds", "re") == ["remove"]
    assert completed(told.folder, "status", "--js") == ["--json"]
    assert completed(told.folder, "alerts", "test", "d") == ["desk"]
    assert completed(told.folder, "alerts", "test", "x") == []
    (told.folder / "config.yaml").write_text("channels: [")
    assert completed(told.folder, "alerts", "test", "d") == []


def test_completion_installs_itself_for_the_shell(tmp_path: Path) -> None:
    script = f"'{PROGRAM[0]}' --install-completion; '{PROGRAM[0]}' --show-completion"
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert "bash completion installed in" in done.stdout
    assert "complete -o default -F _haiti_monitor_completion haiti-monitor" in done.stdout
    assert "_HAITI_MONITOR_COMPLETE=complete_bash" in next(tmp_path.rglob("haiti-monitor.sh")).read_text()


# --------------------------------------------------------------------------- Ctrl-C


def interrupted(running: "subprocess.Popen[str]") -> tuple[int, str]:
    """Ctrl-C as a terminal does it, to the program and all its children: the exit code, and what it said."""
    os.killpg(running.pid, signal.SIGINT)
    assert running.stderr is not None
    said = running.stderr.read()
    return running.wait(30), said


def started(folder: Path, *words: str, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*PROGRAM, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


@pytest.mark.parametrize("words", [["poll"], ["check", "--online"], ["feeds", "discover", "{url}/slow.xml"]])
def test_ctrl_c_while_others_are_waited_for_is_one_line(words: list[str], world: World) -> None:
    world.watch("slow", fetch={"timeout": "30 s", "allow_addresses": ["127.0.0.0/8"]})
    world.web.answers["/slow.xml"] = Answer(silent=True)
    with started(world.folder, *(word.format(url=world.web.url) for word in words)) as running:
        assert world.web.arrived.wait(30)
        code, said = interrupted(running)
    assert code == 130
    assert said.splitlines()[-1] == "stopped"
    assert "Traceback" not in said
    assert len(said.splitlines()) == (1 if words == ["poll"] or words[0] == "feeds" else 3)


def test_ctrl_c_ends_an_export_whose_reader_does_not_read(told: World) -> None:
    change(told, "update articles set text = ?", "word " * 100_000)
    with started(told.folder, "export", "articles") as running:
        assert running.stdout is not None
        assert running.stdout.read(1)  # it writes, and now the pipe is full
        assert interrupted(running) == (130, "stopped\n")


def test_ctrl_c_ends_a_replay(world: World) -> None:
    world.watch()
    with started(world.folder, "replay", "-", stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        for number in range(3000):  # more than a pipe holds: when they are written, the program reads
            running.stdin.write(json.dumps({"id": str(number), "title": f"{DECIDED} {number}"}) + "\n")
        running.stdin.flush()
        assert interrupted(running) == (130, "stopped\n")


# --------------------------------------------------------------------------- status for monitoring systems


def test_a_check_is_one_line_with_figures_and_ends_with_0_while_all_is_well(told: World, shell: Shell) -> None:
    checked = shell("status", "--check")
    assert checked.code == 0
    assert re.fullmatch(
        r"HAITI-MONITOR OK: last poll \d+ \w+ ago, 2 of 2 feeds answer "
        r"\| feeds_failing=0 alerts_queued=0 alerts_failed=0 last_good_poll_age=\d+s\n",
        checked.out,
    )


def test_a_check_ends_with_1_and_says_why_if_somebody_should_look(told: World, shell: Shell) -> None:
    change(told, "update alerts set state = 'failed' where id = 1")
    checked = shell("status", "--check")
    assert (checked.code, checked.out.partition(":")[0]) == (1, "HAITI-MONITOR WARNING")
    assert "1 alerts could not be sent" in checked.out
    assert shell("status").code == 0, "it could tell"
    as_json = shell("status", "--check", "--json")
    assert (as_json.code, as_json.rows[0]["alerts_failed"]) == (1, 1)


def test_a_check_that_finds_nobody_polling_is_critical_and_says_so_first(told: World, shell: Shell) -> None:
    change(told, "update feeds set last_polled = '2020-01-01T00:00:00Z'")
    change(told, "update alerts set state = 'failed' where id = 1")
    checked = shell("status", "--check")
    assert checked.code == 1
    assert checked.out.startswith("HAITI-MONITOR CRITICAL: nothing polls: ")
    assert len(checked.out.splitlines()) == 1


def test_a_feed_that_failed_just_now_alarms_no_monitoring_system(told: World, shell: Shell) -> None:
    change(told, "update feeds set failures = 1 where name = 'two'")
    assert shell("status", "--check").code == 0
    change(told, "update feeds set failures = 1")
    assert shell("status", "--check").code == 1, "all of them are another matter"
