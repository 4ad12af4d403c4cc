"""Edge: what the service says, one event after the other: in words on a terminal, else one JSON object a line.

An event has a short name that stays the same (`poll.done`), so that programs need not understand the words:

    service.starting  service.started  service.stopping  service.stopped  service.failed
    service.untold    no channel is configured         service.exposed   others reach pages without a password
    health.started    health.unavailable
    clock.set_back    service.stalled                  the service starts anew
    disk.full         disk.free
    config.taken      config.refused   config.right
    config.postponed  config.rescheduled               what it says in `schedule:`, `database:`, `service:`
    feeds.asked       feeds.unasked  before the Prefect server is there
    elsewhere.unreachable            elsewhere.failed  Dask workers did not do it
    poll.done         feed.failed      development.new    development.moved
    deliver.done      alert.sent       alert.failed       heartbeat.failed
    maintain.done

What Prefect logs comes out the same way, named `prefect.…` as its logger, or as `extra` says (`logged`).
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

Level = Literal["info", "warning", "error"]


def say(event: str, text: str, *, level: Level = "info", **fields: Any) -> None:
    """An event for everybody."""
    _write(text if sys.stderr.isatty() else line(datetime.now(UTC), level, event, text, fields))


def record(event: str, text: str, *, level: Level = "info", **fields: Any) -> None:
    """An event for programs only: on a terminal nobody could follow all of them."""
    if not sys.stderr.isatty():
        _write(line(datetime.now(UTC), level, event, text, fields))


def logged(event: str, **fields: Any) -> dict[str, Any]:
    """What a log record is given as `extra` to be an event with a name of its own."""
    return {"event": event, "fields": fields}


def line(moment: datetime, level: str, event: str, text: str, fields: dict[str, Any]) -> str:
    """An event as one line of JSON."""
    time = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {"time": time, "level": level, "event": event, "message": text}
    ordered = known | fields | known  # these four are first, and no field takes the place of one
    return json.dumps(ordered, default=str)  # in ASCII: a headline neither breaks a line nor steers a terminal


def prefect_settings() -> dict[str, str]:
    """What makes Prefect log the same way; where there is a terminal it logs as it likes."""
    if sys.stderr.isatty():
        return {}
    return {
        "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": f"{__name__}.{Lines.__name__}",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
        "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": f"{__name__}.{AsJson.__name__}",
    }


class AsJson(logging.Formatter):
    """Records of any logger as events that are named as the logger."""

    def __init__(self, *_: object) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """One line, a traceback within it."""
        fields = dict(getattr(record, "fields", {}))
        fields |= {key: found for key in ("flow_run_name", "task_run_name") if (found := getattr(record, key, None))}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        moment = datetime.fromtimestamp(record.created, UTC)
        event = getattr(record, "event", record.name)
        return line(moment, record.levelname.lower(), event, record.getMessage(), fields)


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines as they are: Prefect's own handler colours and replaces what stands in them."""

    def __init__(self, stream: TextIO | None = None, styles: object = None) -> None:
        del styles
        super().__init__(stream)


def _write(text: str) -> None:
    sys.stderr.write(f"{text}\n")  # in one piece: runs of the service write to the same place
    sys.stderr.flush()
