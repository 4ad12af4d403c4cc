"""What the service says: in words to people, one JSON object a line to programs."""

import json
import logging
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from monitor import eventlog

SPEAKER = """
from monitor.eventlog import record, say
say("poll.done", "12:00 UTC poll: all asked", feeds=3)
record("feed.failed", "Feed a: no answer", level="warning", feed="a")
"""


def heard(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_programs_get_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    eventlog.say("poll.done", "12:00 UTC poll: all asked", feeds=3)
    eventlog.record("feed.failed", "Feed a: no answer", level="warning", feed="a")
    done, failed = heard(capsys)
    assert (done["event"], done["level"], done["message"], done["feeds"]) == (
        *("poll.done", "info", "12:00 UTC poll: all asked"),
        3,
    )
    assert (failed["event"], failed["level"], failed["feed"]) == ("feed.failed", "warning", "a")


def test_people_read_the_words_alone_and_not_what_is_for_programs() -> None:
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", SPEAKER], stderr=theirs, check=True)
    os.close(theirs)
    assert os.read(ours, 1000).decode() == "12:00 UTC poll: all asked\r\n"
    os.close(ours)


def test_a_line_stays_one_whatever_stands_in_it() -> None:
    text = eventlog.line(
        datetime(2026, 3, 2, 12, tzinfo=UTC), "info", "x", "two\nlines \u2028\x1b[2J", {"title": "a\nb"}
    )
    assert len(text.splitlines()) == 1
    assert json.loads(text)["message"] == "two\nlines \u2028\x1b[2J"
    assert json.loads(text)["time"] == "2026-03-02T12:00:00.000Z"


def test_a_line_begins_with_what_every_event_has_and_the_moment_is_first() -> None:
    fields = {"feeds": 3, "level": "loud", "message": "others", "pid": 7}
    text = eventlog.line(datetime(2026, 3, 2, tzinfo=UTC), "info", "poll.done", "words", fields)
    assert list(json.loads(text).items()) == [
        ("time", "2026-03-02T00:00:00.000Z"),
        ("level", "info"),
        ("event", "poll.done"),
        ("message", "words"),
        ("feeds", 3),
        ("pid", 7),
    ]


def test_no_field_takes_the_place_of_what_every_event_has() -> None:
    text = eventlog.line(datetime(2026, 3, 2, tzinfo=UTC), "info", "x", "words", {"event": "y", "time": "never"})
    assert (json.loads(text)["event"], json.loads(text)["time"][:4]) == ("x", "2026")


def test_records_of_loggers_are_events_too_with_their_traceback_inside(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("test_eventlog")
    handler = eventlog.Lines(sys.stderr, styles={"log.info_level": "cyan"})
    handler.setFormatter(eventlog.AsJson("default"))
    logger.addHandler(handler)
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        logger.exception("It failed :boom:", extra={"flow_run_name": "quick-fox"})
    logger.warning("Channel desk: refused", extra=eventlog.logged("alert.failed", channel="desk"))
    failed, refused = heard(capsys)
    assert (failed["event"], failed["level"], failed["message"]) == ("test_eventlog", "error", "It failed :boom:")
    assert failed["flow_run_name"] == "quick-fox"
    assert str(failed["exception"]).endswith("ZeroDivisionError: by zero")
    assert (refused["event"], refused["channel"]) == ("alert.failed", "desk")


def test_prefect_can_load_what_its_settings_name() -> None:
    """In a process of its own, as Prefect sets logging up once."""
    program = (
        "from prefect.logging import configuration, get_logger; configuration.setup_logging();"
        "get_logger('runner').warning('a [b] :boom: %s', 'c')"
    )
    settings = {**os.environ, **eventlog.prefect_settings(), "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"}
    done = subprocess.run([sys.executable, "-c", program], env=settings, capture_output=True, text=True, check=True)
    said = json.loads(done.stderr)
    assert (said["event"], said["level"], said["message"]) == ("prefect.runner", "warning", "a [b] :boom: c")
