"""The command line as people and programs use it: data on stdout, messages on stderr, exit codes, no tracebacks."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from monitor import cli
from monitor.mistakes import json_schema
from tests.receivers import Webhook, webhook
from tests.world import BLOCKED, DECIDED, EFFECTIVE, PROPOSED, TERM, WEATHER, Answer, Clock, Item, Web, World, serving

PROGRAM = [str(Path(sys.executable).with_name("haiti-monitor"))]


class Result(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


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


def item(title: str, hours: float = 1, at: str = "one") -> Item:
    """An item some hours old, with a page at an outlet."""
    path = f"/{at}/{title.lower().replace(' ', '-')}"
    return Item(title, path, published=datetime.now(UTC) - timedelta(hours=hours))


def program(folder: Path, *words: str, **options: Any) -> Result:
    """The installed program, run in a folder."""
    done = subprocess.run(
        [*PROGRAM, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False, **options
    )
    return Result(done.returncode, done.stdout, done.stderr)


class Shell:
    """The same commands in this process, which is quicker."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._folder, self._patch, self._capture = folder, patch, capture

    def __call__(self, *words: str) -> Result:
        """Runs one command, as the program would."""
        self._patch.chdir(self._folder)
        self._patch.setattr(sys, "argv", ["haiti-monitor", *words])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        out, err = self._capture.readouterr()
        return Result(code if isinstance(code, int) else 0, out, err)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def told(world: World, hook: Webhook) -> World:
    """A world after one poll: a development that was told, one that waits for its channel, and other news."""
    channels = [
        {"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk"},
        {
            "name": "daily",
            "url": f"json://127.0.0.1:{hook.port}/daily",
            "digest": "0 7 1 1 *",
            "when": {"change": "mandate"},
        },
    ]
    world.watch("one", "two", channels=channels)
    world.web.feed("/one.xml", item(DECIDED, 3), item(WEATHER))
    world.web.feed("/two.xml", item(DECIDED, 2, at="two"), item(TERM, at="two"))
    assert world.poll().sent.sent == 2
    return world


# --------------------------------------------------------------------------- the installed program


def test_a_poll_says_what_each_stage_did_and_where_it_failed(world: World) -> None:
    world.watch("one", "bad")
    world.web.feed("/one.xml", item(DECIDED), item(WEATHER))
    first = program(world.folder, "poll")
    assert first.code == 0
    assert "2 feeds: 0 unchanged, 1 failed, 2 new articles" in first.out
    assert "! bad: http://127.0.0.1" in first.out
    assert "answered 404 Not Found" in first.out
    assert "1 new developments" in first.out
    assert "ALERT  Decided" in first.err or DECIDED in first.err
    assert "no channel is configured" in first.err
    second = program(world.folder, "poll", "--json")
    assert second.code == 0
    assert second.rows == [
        {"feeds": 2, "failed": 1, "unchanged": 1, "new_articles": 0, "pages_read": 0, "pages_failed": 0, "matched": 0,
         "signals": 0, "developments": 0, "moved": 0, "silent": 0, "alerts_queued": 0, "alerts_sent": 0,
         "alerts_held": 0, "failures": {}}
    ]  # fmt: skip


def test_a_poll_in_which_every_feed_fails_ends_with_1(world: World) -> None:
    world.watch({"name": "one", "url": "http://127.0.0.1:1/feed"})
    result = program(world.folder, "poll")
    assert result.code == 1
    assert "! one: no connection to http://127.0.0.1:1" in result.out
    assert "Traceback" not in result.err


def test_a_database_is_looked_at_by_another_program(told: World) -> None:
    listed = program(told.folder, "developments", "list", "--json")
    assert [(row["change"], row["stage"], row["outlets"]) for row in listed.rows] == [
        ("mandate", "decided", 1),
        ("leadership", "decided", 2),
    ]
    assert listed.err == ""
    assert program(told.folder, "status").code == 0


def test_ctrl_c_in_the_middle_of_a_poll_ends_it_without_a_traceback(world: World) -> None:
    world.watch("one", "slow", fetch={"timeout": "30 s", "allow_addresses": ["127.0.0.0/8"]})
    world.web.answers["/slow.xml"] = Answer(silent=True)
    running = subprocess.Popen(
        [*PROGRAM, "poll"],
        cwd=world.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert world.web.arrived.wait(20)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does it: to the program and all its children
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in out + err
    world.web.feed("/one.xml", item(DECIDED))
    world.web.feed("/slow.xml", item(TERM))
    assert [feed.new for feed in world.poll().feeds] == [1, 1]


@pytest.mark.parametrize("words", [["articles", "list", "--json", "-n", "3000"], ["rules", "try", "items.jsonl"]])
def test_a_reader_that_goes_away_is_no_error_to_speak_of(words: list[str], world: World) -> None:
    world.watch("one")
    lines = (json.dumps({"id": str(n), "title": f"Item number {n}", "language": "en"}) for n in range(3000))
    (world.folder / "items.jsonl").write_text("\n".join(lines))
    with world.store() as store, store.transaction():
        for number in range(3000):
            store.write(
                """
                insert into articles (outlet, title, title_key, first_seen, read_state)
                values ('One', ?, 'x', 'x', 'x')
                """,
                f"Article number {number} with a headline that fills the pipe",
            )
    running = subprocess.Popen(
        [*PROGRAM, *words], cwd=world.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline().startswith("{")
    running.stdout.close()
    assert running.stderr.read() == ""
    running.stderr.close()
    assert running.wait(20) == 1


def test_items_come_from_standard_input_and_their_signals_go_to_standard_output(world: World) -> None:
    world.watch()
    lines = "\n".join(json.dumps({"id": title[0], "title": title, "language": "en"}) for title in (DECIDED, WEATHER))
    result = program(world.folder, "rules", "try", "-", input=lines + "\n\n")
    assert (result.code, result.err) == (0, "")
    assert result.rows == [
        {"id": "N", "signals": [
            {"rule": "handover", "change": "leadership", "stage": "decided", "actors": ["Norland"],
             "evidence": DECIDED, "start": 0, "end": len(DECIDED)}]},
        {"id": "R", "signals": []},
    ]  # fmt: skip


def test_standard_input_that_is_no_text_is_an_error_in_words(world: World) -> None:
    world.watch()
    done = subprocess.run(
        [*PROGRAM, "rules", "try"], cwd=world.folder, input=b'{"title": "\xff"}', capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"- cannot be read: 'utf-8' codec can't decode" in done.stderr


def test_the_module_runs_as_the_program_does() -> None:
    done = subprocess.run([sys.executable, "-m", "monitor", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "haiti-monitor")


# --------------------------------------------------------------------------- wrong use, wrong configuration


def test_the_version_needs_no_command(shell: Shell) -> None:
    assert shell("--version").out.startswith("haiti-monitor 0.")


@pytest.mark.parametrize("words", [[], ["developments"], ["rules"]])
def test_without_a_command_there_is_help(words: list[str], shell: Shell) -> None:
    result = shell(*words)
    assert "Usage:" in result.out + result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["nonsense"], "No such command 'nonsense'", id="command"),
        pytest.param(["poll", "--nonsense"], "No such option", id="option"),
        pytest.param(["articles", "list", "--since", "wrong"], "'wrong' is neither a length of time", id="since"),
        pytest.param(["articles", "list", "--since", "99999999999 weeks"], "is neither a", id="longer than all time"),
        pytest.param(["articles", "list", "--since", "0001-01-01T00:00+14:00"], "is neither a", id="before all time"),
        pytest.param(["articles", "list", "-n", "0"], "Invalid value for '--limit'", id="limit"),
        pytest.param(
            ["articles", "list", "-n", "9" * 20], "Invalid value for '--limit'", id="limit beyond the database"
        ),
        pytest.param(["articles", "show", "9" * 20], "Invalid value for 'ID'", id="number beyond the database"),
        pytest.param(["articles", "show", "x"], "Invalid value for 'ID'", id="number"),
        pytest.param(["alerts", "test", "nobody"], "there is no channel `nobody`", id="channel"),
        pytest.param(["developments", "dismiss", "1"], "--because", id="reason"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(
    words: list[str], message: str, told: World, shell: Shell
) -> None:
    result = shell(*words)
    assert result.code == 2
    assert message in " ".join(result.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("feeds: [{name: One, url: ftp://x}]", "config.yaml:1:26: 'ftp://x' is no web address", id="url"),
        pytest.param("feed: []", "config.yaml:1:1: `feed` is not known here; did you mean `feeds`?", id="key"),
        pytest.param("feeds: [", "config.yaml:", id="yaml"),
        pytest.param("timezone: Mars", "is no time zone", id="zone"),
        pytest.param("rules: [{id: a, change: x, when: y}]", "there is no change `x`", id="change"),
        pytest.param("changes: {x: {}}\nrules: [{id: a, change: x, when: 'y and'}]", "config.yaml:2:", id="rule"),
    ],
)
@pytest.mark.parametrize("command", ["poll", "check"])
def test_a_wrong_configuration_ends_with_2_and_names_the_place(
    text: str, message: str, command: str, tmp_path: Path, shell: Shell
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    result = shell(command)
    assert result.code == 2
    assert message in result.err
    assert result.out == ""


def test_no_configuration_ends_with_2_and_says_how_to_get_one(shell: Shell) -> None:
    result = shell("poll")
    assert result.code == 2
    assert "there is no such file; write one with `haiti-monitor init`, or name another with --config" in result.err


def test_the_configuration_may_be_named_by_an_option_or_by_the_environment(
    told: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: Any
) -> None:
    elsewhere = Shell(tmp_path_factory.mktemp("elsewhere"), monkeypatch, capsys)
    path = str(told.folder / "config.yaml")
    assert elsewhere("--config", path, "status").code == 0
    assert elsewhere("status").code == 2
    monkeypatch.setenv("HAITI_MONITOR_CONFIG", path)
    assert elsewhere("status").code == 0


def test_a_channel_without_its_secret_is_told_before_anything_is_done(world: World, shell: Shell) -> None:
    world.watch("one", channels=[{"name": "desk", "url": "${NOT_SET_ANYWHERE}"}])
    for command in ("poll", "check"):
        result = shell(command)
        assert result.code == 2
        assert "the channel `desk` needs NOT_SET_ANYWHERE, which is not set" in result.err
    assert world.web.asked == []
    assert not (world.folder / "monitor.db").exists()


@pytest.mark.parametrize(
    "words",
    [["status"], ["situation"], ["search", "x"], *([noun, "list"] for noun in
     ("developments", "articles", "stories", "feeds", "alerts")), ["alerts", "resend", "1"]],
)  # fmt: skip
def test_without_a_database_looking_ends_with_1_and_says_what_makes_one(
    words: list[str], world: World, shell: Shell
) -> None:
    world.watch()
    result = shell(*words)
    assert (result.code, result.out) == (1, "")
    assert "there is no database at" in result.err
    assert "`haiti-monitor poll`" in result.err


def test_what_is_no_database_ends_with_1_and_a_sentence(world: World, shell: Shell) -> None:
    world.watch()
    (world.folder / "monitor.db").write_text("no database " * 100)
    result = shell("status")
    assert result.code == 1
    assert "it is no SQLite database; name another file under `database:`" in result.err


# --------------------------------------------------------------------------- looking

NOUNS = ["developments", "articles", "stories", "feeds", "alerts"]


@pytest.mark.parametrize(
    ("noun", "fields"),
    [
        ("developments", {"development", "first_seen", "change", "stage", "title", "actors", "outlets", "alerts"}),
        ("articles", {"id", "news_at", "outlet", "language", "title", "text_source", "read_state", "story", "url"}),
        ("stories", {"id", "first_seen", "title", "articles", "outlets"}),
        ("feeds", {"id", "name", "status", "failures", "last_success", "next_due", "error", "url", "articles"}),
        ("alerts", {"alert", "created_at", "channel", "kind", "stage", "state", "subject", "development"}),
    ],
)
def test_every_noun_is_listed_and_shown_for_people_and_for_programs(
    noun: str, fields: set[str], told: World, shell: Shell
) -> None:
    rows = shell(noun, "list", "--json").rows
    assert rows
    assert all(fields <= row.keys() for row in rows)
    people = shell(noun, "list")
    assert people.code == 0
    assert len(people.out.splitlines()) >= len(rows) + 2
    key = "id" if "id" in rows[0] else noun.removesuffix("s")
    (shown,) = shell(noun, "show", str(rows[0][key]), "--json").rows
    assert shown
    detailed = shell(noun, "show", str(rows[0][key]))
    assert (detailed.code, detailed.err) == (0, "")
    assert len(detailed.out.splitlines()) > 3


@pytest.mark.parametrize(
    ("noun", "one"), list(zip(NOUNS, ["development", "article", "story", "feed", "alert"], strict=True))
)
def test_what_is_not_there_ends_with_1_and_says_where_to_look(noun: str, one: str, told: World, shell: Shell) -> None:
    result = shell(noun, "show", "999")
    assert (result.code, result.out) == (1, "")
    assert result.err == f"there is no {one} 999; see `haiti-monitor {noun} list`\n"


def test_a_development_is_shown_with_its_evidence_and_its_alerts(told: World, shell: Shell) -> None:
    shown = shell("developments", "show", "1", "--json").rows[0]
    assert [(row["outlet"], row["sentence"]) for row in shown["evidence"]] == [("One", DECIDED), ("Two", DECIDED)]
    assert [(row["channel"], row["state"]) for row in shown["alerts"]] == [("desk", "sent")]
    assert [row["stage"] for row in shown["stages"]] == ["decided"]
    text = shell("developments", "show", "1").out
    assert "leadership" in text
    assert DECIDED in text


def test_an_alert_is_shown_to_people_as_its_text_and_to_programs_with_its_page(told: World, shell: Shell) -> None:
    people = shell("alerts", "show", "1").out
    assert DECIDED in people
    assert "<html" not in people
    assert "<html" in shell("alerts", "show", "1", "--json").rows[0]["html"]


def test_lists_can_be_cut_by_number_age_and_outlet(told: World, shell: Shell) -> None:
    assert len(shell("articles", "list", "--json").rows) == 4
    assert len(shell("articles", "list", "--json", "--limit", "3").rows) == 3
    assert len(shell("articles", "list", "--json", "--outlet", "One").rows) == 2
    assert len(shell("articles", "list", "--json", "--since", "1h").rows) == 4
    assert shell("articles", "list", "--json", "--since", "2999-01-01").rows == []
    assert len(shell("articles", "list", "--json", "--since", "2020-01-01").rows) == 4


def test_an_empty_list_says_so_to_people_and_nothing_to_programs(world: World, shell: Shell) -> None:
    world.watch()
    world.poll()
    for words in (["developments", "list"], ["alerts", "list"], ["situation"], ["search", "harbour"]):
        people, programs = shell(*words), shell(*words, "--json")
        assert (people.code, people.out, programs.code, programs.out) == (0, "", 0, "")
        assert people.err


def test_alerts_can_be_asked_for_by_their_state(told: World, shell: Shell) -> None:
    assert [row["channel"] for row in shell("alerts", "list", "--queued", "--json").rows] == ["daily"]
    assert shell("alerts", "list", "--failed", "--json").rows == []


def test_moments_are_shown_in_the_configured_zone_which_the_heading_names(told: World, shell: Shell) -> None:
    text = (told.folder / "config.yaml").read_text()
    (told.folder / "config.yaml").write_text(f"timezone: Asia/Kathmandu\n{text}")
    told.execute("update articles set news_at = '2025-09-30T12:00:00Z'")
    out = shell("articles", "list").out
    assert "news of (Asia/Kathmandu)" in out
    assert "2025-09-30 17:45" in out


def test_markup_in_a_headline_is_shown_as_it_is(told: World, shell: Shell) -> None:
    told.execute("update articles set title = '[bold red]Harbour[/] :smile: \\[x]'")
    assert "[bold red]Harbour[/] :smile: \\[x]" in shell("articles", "list").out


@pytest.mark.parametrize(
    ("query", "found"), [("agrees", 2), ("norl*", 2), ('"longer mandate"', 1), ("", 0), ('"', 0), ("AND", 0)]
)
def test_search_finds_words_and_survives_every_query(query: str, found: int, told: World, shell: Shell) -> None:
    result = shell("search", query, "--json")
    assert (result.code, len(result.rows)) == (0, found)


def test_the_situation_is_what_stands_now(told: World, shell: Shell) -> None:
    shown = shell("situation").out
    assert re.search(r"^leadership: decided since [\d-]{10} [\d:]{5} UTC, Norland$", shown, re.MULTILINE)
    assert re.search(rf"^    “{DECIDED}” \(2 outlets, development \d\)$", shown, re.MULTILINE)
    rows = shell("situation", "--json").rows
    assert [(row["change"], row["stage"]) for row in rows] == [("leadership", "decided"), ("mandate", "decided")]


def test_status_says_whether_all_is_well_and_what_is_not(told: World, shell: Shell) -> None:
    well = shell("status")
    assert (well.code, well.out.splitlines()[-1]) == (0, "all is well")
    told.execute("update alerts set state = 'failed'")
    told.web.fail("/one.xml", 500)
    told.poll()
    troubled = shell("status").out
    assert "! 3 alerts could not be sent: haiti-monitor alerts list --failed" in troubled
    assert "! 1 of 2 feeds fail: haiti-monitor feeds list" in troubled
    facts = shell("status", "--json").rows[0]
    assert (facts["feeds"], facts["feeds_failing"], facts["alerts_failed"], len(facts["trouble"])) == (2, 1, 3, 2)


def test_status_says_what_was_never_done_and_which_channel_is_tried_again(told: World, shell: Shell) -> None:
    told.execute("update alerts set state = 'queued', last_error = 'refused' where channel = 'desk'")
    told.execute("update feeds set last_polled = null")
    out = shell("status").out
    assert "last poll     never" in out
    assert "! channels that fail and are tried again: desk" in out
    assert "! no poll has happened yet: haiti-monitor run" in out
    told.watch("one")
    assert "! nobody is told: no channel is configured" in shell("status").out


# --------------------------------------------------------------------------- acting


def test_a_dismissed_development_is_told_no_more(told: World, shell: Shell) -> None:
    done = shell("developments", "dismiss", "1", "--because", "a look back")
    assert done.code == 0
    assert "is an `ignore` example of `" in done.err
    told.web.feed("/one.xml", item(EFFECTIVE, 0.1))
    assert told.poll().grouped.alerts == 0
    assert shell("developments", "dismiss", "99", "--because", "x").code == 1


def test_a_dismissal_is_a_test_that_fails_until_the_rule_is_mended(told: World, shell: Shell) -> None:
    assert "3 of 3 examples of 2 rules hold" in shell("rules", "test").out
    number = next(row["development"] for row in shell("situation", "--json").rows if row["change"] == "leadership")
    shell("developments", "dismiss", str(number), "--because", 'of "a film"')
    shell("developments", "dismiss", str(number), "--because", "again")
    file = told.folder / "config.dismissed.yaml"
    assert file.read_text("utf-8").splitlines()[2:] == [
        f'- {{rule: "handover", title: "{DECIDED}", outlet: "One", language: "en", because: "of \\"a film\\""}}'
    ]
    failed = shell("rules", "test")
    assert (failed.code, failed.out) == (1, "3 of 4 examples of 2 rules hold\n")
    assert "config.dismissed.yaml:3:30: " in failed.err
    assert "rule `handover`: must be ignored, but matches" in failed.err
    checked = shell("check")
    assert checked.code == 0, "a false alarm must not keep the service from starting"
    assert "a rule still takes for news, which stops nothing: 1; see" in checked.err
    file.write_text("- {rule: handovers, title: x}\n")
    assert "there is no rule `handovers` any more" in shell("rules", "test").err
    file.write_text("- {rule: handover, titel: x}\n")
    assert "config.dismissed.yaml:1:" in shell("rules", "test").err


def test_a_false_alarm_in_the_text_is_a_test_that_fails_too(world: World, shell: Shell) -> None:
    world.watch("one")
    text = f"<p>The bridge was closed for a day. {DECIDED}. Boats carried the people across.</p>"
    world.web.feed("/one.xml", replace(item("Rain in the hills"), summary="A bridge was closed.", content=text))
    world.poll()
    shell("developments", "dismiss", "1", "--because", "a look back")
    entry = (world.folder / "config.dismissed.yaml").read_text("utf-8").splitlines()[2]
    assert f'summary: "A bridge was closed.", text: "{DECIDED}.", outlet: "One"' in entry
    failed = shell("rules", "test")
    assert failed.code == 1
    assert "rule `handover`: must be ignored, but matches" in failed.err


def test_an_alert_can_be_sent_again(told: World, hook: Webhook, shell: Shell) -> None:
    before = hook.calls.qsize()
    result = shell("alerts", "resend", "1")
    assert (result.code, result.out) == (0, "")
    assert "alert 1 is queued" in result.err
    assert shell("poll", "--json").rows[0]["alerts_sent"] == 1
    assert hook.calls.qsize() == before + 1
    assert shell("alerts", "resend", "99").code == 1


def test_a_channel_can_be_tested(told: World, hook: Webhook, shell: Shell) -> None:
    while not hook.calls.empty():
        hook.get()
    assert shell("alerts", "test", "desk").code == 0
    assert hook.get().body["title"] == "haiti-monitor: test message"
    hook.status = 500
    failed = shell("alerts", "test", "desk")
    assert failed.code == 1
    assert failed.err.startswith("haiti-monitor: channel 'desk'")


def test_a_channel_that_does_not_take_its_alerts_ends_the_poll_with_1(
    world: World, hook: Webhook, shell: Shell
) -> None:
    hook.status = 500
    world.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/secret-path"}])
    world.web.feed("/one.xml", item(DECIDED))
    result = shell("poll")
    assert result.code == 1
    assert "! channel 'desk': " in result.out
    assert "secret-path" not in result.out + result.err


def test_due_leaves_feeds_alone_whose_turn_has_not_come(told: World, shell: Shell) -> None:
    assert shell("poll", "--due", "--json").rows[0]["feeds"] == 0
    assert shell("poll", "--json").rows[0]["feeds"] == 2


# --------------------------------------------------------------------------- the configuration


def test_init_writes_a_configuration_that_is_right_and_overwrites_none(tmp_path: Path, shell: Shell) -> None:
    assert shell("init").code == 0
    written = (tmp_path / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text("feeds: []")
    assert "stays as it is" in shell("init").err
    assert (tmp_path / "config.yaml").read_text() == "feeds: []"
    shell("init", "--force")
    assert (tmp_path / "config.yaml").read_text() == written
    assert "feeds" in json.loads((tmp_path / "config.schema.json").read_text())["properties"]


def test_init_says_what_it_cannot_write(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "config.yaml").mkdir()
    result = shell("init", "--force")
    assert (result.code, result.err) == (1, "haiti-monitor: config.yaml cannot be written: Is a directory\n")


def test_check_counts_what_it_found_right(world: World, shell: Shell) -> None:
    world.watch("one")
    result = shell("check")
    assert result.code == 0
    assert "config.yaml is right: 1 feeds, 2 rules, 0 channels; all 3 examples of the rules hold" in result.err
    assert world.web.asked == []


def test_check_prints_the_schema_without_a_configuration(shell: Shell) -> None:
    assert json.loads(shell("check", "--schema").out) == json_schema()


def test_an_example_that_does_not_hold_is_told_with_its_place(world: World, shell: Shell) -> None:
    rule = {"id": "handover", "change": "leadership", "when": "mission", "examples": {"ignore": [BLOCKED]}}
    world.watch(rules=[rule])
    result = shell("check")
    assert result.code == 2
    assert 'rule `handover`: must be ignored, but matches: "Lagoon Mission" in the title' in result.err
    assert result.err.startswith("config.yaml:")


def test_check_refuses_a_channel_that_nothing_could_send_to(world: World, shell: Shell) -> None:
    world.watch(channels=[{"name": "desk", "url": "telegramm://x"}])
    result = shell("check")
    assert result.code == 2
    assert "the channel `desk`: no service is named 'telegramm://'" in result.err


def test_check_online_asks_each_feed_and_stores_nothing(world: World, shell: Shell) -> None:
    world.watch("one", "bad")
    world.web.feed("/one.xml", item(DECIDED))
    result = shell("check", "--online")
    assert result.code == 1
    assert result.out.splitlines()[0].startswith("one  1 entries in ")
    assert result.out.splitlines()[1].startswith("bad  failed: ")
    assert "1 of 2 feeds answer" in result.err
    assert not (world.folder / "monitor.db").exists()


def test_rules_test_runs_the_examples(world: World, shell: Shell) -> None:
    world.watch()
    assert shell("rules", "test") == (0, "3 of 3 examples of 2 rules hold\n", "")
    world.watch(rules=[{"id": "a", "change": "mandate", "when": "mission", "examples": {"match": [WEATHER]}}])
    result = shell("rules", "test")
    assert (result.code, result.out) == (1, "0 of 1 examples of 1 rules hold\n")
    assert "rule `a`: must match, but does not" in result.err
    assert WEATHER in result.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "items.jsonl:2: this line is no news item"),
        ("[]", "items.jsonl:2: this line is no news item"),
        ('{"title": "x", "published": "soon"}', "items.jsonl:2: this line is no news item"),
    ],
)
@pytest.mark.parametrize("command", [["rules", "try"], ["replay"]])
def test_a_line_that_is_no_item_is_named(
    line: str, message: str, command: list[str], world: World, shell: Shell
) -> None:
    world.watch()
    (world.folder / "items.jsonl").write_text(f'{{"title": "x"}}\n{line}\n')
    result = shell(*command, "items.jsonl")
    assert result.code == 1
    assert message in result.err


@pytest.mark.parametrize("command", [["rules", "try"], ["replay"]])
def test_a_file_that_cannot_be_read_is_named(command: list[str], world: World, shell: Shell) -> None:
    world.watch()
    result = shell(*command, "nowhere.jsonl")
    assert (result.code, result.out) == (1, "")
    assert "nowhere.jsonl cannot be read" in result.err


# --------------------------------------------------------------------------- replay

YEAR = [
    {"id": "a", "source": "One", "published": "2024-03-01T10:00:00Z", "title": PROPOSED, "url": "http://one.example/a"},
    {"id": "b", "source": "Two", "published": "2024-03-01T12:00:00Z", "title": PROPOSED, "url": "http://two.example/b"},
    {"id": "c", "source": "One", "published": "2024-03-04", "title": DECIDED, "url": "http://one.example/c"},
    {"id": "d", "source": "Two", "published": "2024-06-01", "title": WEATHER},
    {"id": "e", "source": "Two", "published": "2024-09", "title": TERM},
    {"id": "f", "source": "Two", "published": None, "title": BLOCKED.replace("Norland", "Sudland")},
]


def _write_year(world: World) -> None:
    world.watch(channels=[{"name": "late", "url": "json://127.0.0.1:1/", "digest": "0 7 * * *"}])
    (world.folder / "year.jsonl").write_text("\n".join(map(json.dumps, reversed(YEAR))))


def test_a_replay_runs_on_the_clock_of_its_items_and_tells_nobody(world: World, shell: Shell) -> None:
    _write_year(world)
    result = shell("replay", "year.jsonl", "--json")
    assert (result.code, result.err) == (0, "")
    told = [
        (row["change"], row["stage"], row["articles"], [(a["kind"], a["at"][:10], a["article"]) for a in row["alerts"]])
        for row in result.rows
        if row["alerts"]
    ]
    assert told == [
        ("leadership", "decided", ["a", "b", "c"], [("new", "2024-03-01", "a"), ("stage", "2024-03-04", "c")]),
        ("mandate", "decided", ["e"], [("new", "2024-09-16", "e")]),
    ]
    assert [row["articles"] for row in result.rows if not row["alerts"]] == [["f"]]  # its age is unknown
    assert not (world.folder / "monitor.db").exists()


def test_a_replay_for_people_says_the_same(world: World, shell: Shell) -> None:
    _write_year(world)
    out = shell("replay", "year.jsonl").out
    assert f"2024-03-01  leadership/decided  {DECIDED}" in out
    assert "3 articles; new 2024-03-01, stage 2024-03-04" in out
    assert "not told" in out


def test_a_replay_keeps_its_result_in_a_new_database_only(world: World, shell: Shell) -> None:
    _write_year(world)
    assert shell("replay", "year.jsonl", "--json", "--database", "kept.db").code == 0
    again = shell("replay", "year.jsonl", "--database", "kept.db")
    assert again.code == 1
    assert "kept.db is there already; a replay needs a new database" in again.err
