"""While the service runs its configuration changes: a wrong one is not taken and told, a right one is, at once."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import lastgood, tasks
from flows.served import opened
from monitor.errors import ConfigError
from tests.test_cli import Shell
from tests.world import NOW, WATCH, WEATHER, write_config

GOOD = {"feeds": [{"name": "one", "url": "https://one.example/feed"}]}
MORE = {"feeds": [*GOOD["feeds"], {"name": "two", "url": "https://two.example/feed"}]}
HANDOVER = WATCH["rules"][0]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The configuration with which a service has begun."""
    path = write_config(tmp_path, **GOOD)
    monkeypatch.setenv(lastgood.SERVED, "")  # so that it is set back at the end
    lastgood.begin(path, lastgood.current(path))
    yield path
    del os.environ[lastgood.SERVED]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def feeds(config: Path) -> list[str]:
    """The feeds that a run works with."""
    with opened(str(config)) as (loaded, _):
        return [feed.name for feed in loaded.feeds]


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The events of the log."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def watched(config: Path, minutes: int) -> list[str]:
    """What is told of troubles after a run."""
    with opened(str(config)) as (loaded, store):
        tasks.watch_itself.fn(loaded, store, NOW + timedelta(minutes=minutes))
        return [row["text"] for row in store.rows("select kind || ' ' || text as text from alerts order by id")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("feeds: [", id="no YAML"),
        pytest.param("", id="empty"),
        pytest.param("feds: []\n", id="an unknown key"),
        pytest.param(None, id="gone"),
    ],
)
def test_a_run_goes_on_with_the_last_good_configuration(text: str | None, config: Path) -> None:
    if text is None:
        config.unlink()
    else:
        config.write_text(text, encoding="utf-8")
    assert feeds(config) == ["one"]
    with opened(str(config)) as (loaded, store):
        assert (loaded.path, store.path) == (config, config.with_name("monitor.db"))


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        pytest.param({"rules": [HANDOVER | {"when": "mission near-15 takeover"}]}, "near-15", id="a rule's expression"),
        pytest.param(
            {"rules": [HANDOVER | {"examples": {"match": [WEATHER]}}]}, "must match, but does not", id="an example"
        ),
        pytest.param({"channels": [{"name": "desk", "url": "json://${NOT_SET}"}]}, "needs NOT_SET", id="a secret"),
        pytest.param({"channels": [{"name": "desk", "url": "jsn://desk"}]}, "desk", id="a channel's address"),
    ],
)
def test_what_a_service_would_not_start_with_is_not_taken(
    sections: dict[str, object], reason: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(config.parent, **MORE, **sections)
    assert feeds(config) == ["one"]
    assert reason in capsys.readouterr().err


def test_false_alarms_that_cannot_be_read_do_not_stop_a_run(config: Path) -> None:
    config.with_name("config.dismissed.yaml").write_text("not: a list\n", encoding="utf-8")
    assert feeds(config) == ["one"]


def test_it_is_said_once_for_each_change(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = []
    for text in ("feeds: [", "feeds: [", "feds: []\n", "feds: []\n"):
        config.write_text(text, encoding="utf-8")
        feeds(config)
        events.append(said(capsys))
    assert [[event["event"] for event in one] for one in events] == [["config.refused"], [], ["config.refused"], []]
    (refused,) = events[2]
    assert refused["message"].startswith(f"{config} has changed and is not taken: the service goes on with the last")
    assert "`feds` is not known here; did you mean `feeds`?" in refused["message"]
    assert (refused["level"], refused["path"], len(refused["problems"])) == ("error", str(config), 1)


def test_a_right_one_is_taken_without_a_restart(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("feeds: [", encoding="utf-8")
    feeds(config)
    write_config(config.parent, **MORE)
    capsys.readouterr()
    assert feeds(config) == ["one", "two"]
    assert [(event["event"], event["message"]) for event in said(capsys)] == [
        ("config.right", f"{config} is right again."),
        ("config.taken", f"{config} has changed and is taken."),
    ]
    config.write_text("feeds: [", encoding="utf-8")
    assert feeds(config) == ["one", "two"], "it is the last good one now"


def test_whether_a_service_would_start_is_known_without_a_run(config: Path) -> None:
    """One that runs on with the last good configuration does not start anew with a wrong one: it would end."""
    assert lastgood.would_start(config)
    config.write_text("feeds: [", encoding="utf-8")
    assert not lastgood.would_start(config)
    write_config(config.parent, **MORE)
    assert lastgood.would_start(config)


def test_a_wrong_one_is_an_alarm_and_a_right_one_the_all_clear(config: Path, shell: Shell) -> None:
    assert watched(config, 0) == []
    write_config(config.parent, **GOOD, rules=[HANDOVER | {"when": "mission near-15 takeover"}])
    (alarm,) = watched(config, 1)
    assert alarm.startswith("alarm Monitor: the service goes on with the last good configuration, as this one is wrong")
    assert watched(config, 2) == [alarm], "told once"
    assert "! the service goes on with the last good configuration" in shell("status").out
    write_config(config.parent, **GOOD)
    _, over = watched(config, 3)
    assert over.startswith("all-clear Monitor: over since")


def test_another_schedule_is_said_to_need_a_restart_where_the_server_does_not_take_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object) -> None:
        raise ConnectionError("all connection attempts failed")

    monkeypatch.setattr("flows.deployments.reschedule", away)
    write_config(config.parent, **GOOD, schedule={"poll": "5 min"})
    feeds(config)
    _, postponed = said(capsys)
    assert (postponed["event"], postponed["level"]) == ("config.postponed", "warning")
    assert "Its `schedule:` is taken when the service starts anew" in postponed["message"]
    assert "all connection attempts failed" in postponed["error"]


def test_the_database_of_a_service_stays_the_one_that_it_has_locked(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(config.parent, **GOOD, database="other.db")
    with opened(str(config)) as (_, store):
        assert store.path == config.with_name("monitor.db")
    assert "`database:` and `service:` is taken when the service starts anew" in capsys.readouterr().err


def test_what_is_kept_holds_no_secret_and_is_nobody_elses_to_read(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_WORD", "planted-word")
    write_config(config.parent, **GOOD, channels=[{"name": "desk", "url": "json://bot:${DESK_WORD}@desk.example/"}])
    feeds(config)
    kept = config.with_name("config.last-good.yaml")
    assert "${DESK_WORD}" in kept.read_text(encoding="utf-8")
    assert "planted-word" not in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_without_a_service_a_wrong_configuration_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(lastgood.SERVED, raising=False)
    path = tmp_path / "config.yaml"
    path.write_text("feeds: [", encoding="utf-8")
    with pytest.raises(ConfigError), opened(str(path)):
        pass
