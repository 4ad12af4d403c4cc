"""The shape of config.yaml: what may stand there, with its defaults. The JSON Schema for editors comes from here."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from monitor import units
from monitor.glance import DATABASE, TIMEZONE
from monitor.guard import parse_allowed
from monitor.models import Read
from monitor.rules.spec import STAGES
from monitor.urls import web_link


def _duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else units.duration(str(value))


def _positive(value: timedelta | str) -> timedelta | str:
    if isinstance(value, timedelta) and value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


def _keeping(value: Any) -> timedelta | None:
    if value is None or (isinstance(value, str) and value.replace(" ", "") == "forever"):
        return None
    try:
        length = _duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or forever") from error
    if length < _SHORTEST_KEEPING:
        raise ValueError(f"must be {_SHORTEST_KEEPING.days} days or more: the monitor looks back so far; or forever")
    return length


def _short(value: timedelta) -> timedelta:
    if value > timedelta(seconds=30):
        raise ValueError("must be 30 s or less, or a poll would take for ever")
    return value


def _size(value: Any) -> int:
    return value if type(value) is int else units.size(str(value))


def _schedule(value: Any) -> timedelta | str:
    """A length of time, or a cron line."""
    try:
        return _duration(value)
    except ValueError as error:
        if len(str(value).split()) < 4:
            raise ValueError(f"{error}, or a cron line such as '0 7 * * *'") from error
    return _cron(str(value))


def _cron(value: str) -> str:
    """A cron line: five parts that come true at some time."""
    from croniter import CroniterBadDateError, croniter  # only where a cron line is used

    if len(value.split()) != 5 or not croniter.is_valid(value):
        raise ValueError(f"{value!r} is no cron line; write for example '0 7 * * *' (minute hour day month weekday)")
    try:
        croniter(value, datetime(2024, 1, 1, tzinfo=UTC)).get_next()
    except CroniterBadDateError as error:
        raise ValueError(f"{value!r} never comes: there is no such day; write for example '0 7 1 * *'") from error
    return value


def _quiet_hours(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)\s*", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no span of hours; write for example 22:00-06:00")
    hours = [int(part) for part in match.groups()]
    if hours[0] > 23 or hours[2] > 23 or max(hours[1], hours[3]) > 59 or hours[:2] == hours[2:]:
        raise ValueError(f"{value!r} is no span of hours; write for example 22:00-06:00")
    return time(hours[0], hours[1]), time(hours[2], hours[3])


def _limit(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d{1,9})\s+per\s+(.+)", value) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1:
        raise ValueError(f"{value!r} is no limit; write for example 10 per hour")
    length = units.duration(match[2] if match[2][0].isdigit() else f"1 {match[2]}")
    return int(match[1]), _positive(length)


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, such as America
        raise ValueError(f"{value!r} is no time zone; write for example UTC or America/Port-au-Prince") from error
    return value


def _web_address(value: str) -> str:
    if web_link(value) is None:
        raise ValueError(f"{value!r} is no web address; it begins with https:// or http://")
    return value


def _network(value: str) -> str:
    parse_allowed(value)
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_or_more(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _stage_name(value: str) -> str:
    if value not in STAGES:
        raise ValueError(f"`{value}` is no stage; there are {', '.join(STAGES)}")
    return value


_SHORTEST_KEEPING = timedelta(days=60)
_TEXT: Any = {"type": "string"}
_ID = "^[a-z0-9][a-z0-9-]*$"
_LANGUAGE = "^[a-z]{2,3}$"
_CHANGE_NAME = r"^[^\W\d_][\w -]*$"
_CONCEPT_NAME = r"^[^\W\d][\w-]*$"
_SCHEDULER = r"^(tcp|tls|ucx|ws|wss)://[^\s/]+:\d+$"
SHAPES = {
    _ID: "small letters, digits and hyphens, for example court-decision",
    _LANGUAGE: "the code of a language, such as en, fr or ht",
    _CHANGE_NAME: "letters, digits, spaces, hyphens and underscores, a letter first",
    _CONCEPT_NAME: "letters, digits, hyphens and underscores, no digit first",
    _SCHEDULER: "the address of a Dask scheduler, such as tcp://10.0.0.5:8786",
}
"""What a pattern of the configuration means, in words."""
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    WithJsonSchema({**_TEXT, "examples": ["10 minutes", "48 h"]}),
]
Keeping = Annotated[
    timedelta | None, BeforeValidator(_keeping), WithJsonSchema({**_TEXT, "examples": ["730 days", "forever"]})
]
Pause = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_short),
    WithJsonSchema({**_TEXT, "examples": ["1 s", "0 s"]}),
]
Size = Annotated[
    int, BeforeValidator(_size), Field(gt=0), WithJsonSchema({"type": ["string", "integer"], "examples": ["10 MB"]})
]
Schedule = Annotated[
    timedelta | str,
    BeforeValidator(_schedule),
    AfterValidator(_positive),
    WithJsonSchema({**_TEXT, "examples": ["10 minutes", "0 7 * * *"]}),
]
TimeZone = Annotated[str, AfterValidator(_timezone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Network = Annotated[str, AfterValidator(_network)]
OneOrMore = Annotated[tuple[str, ...], BeforeValidator(_listed), WithJsonSchema(_one_or_more(_TEXT))]
Stage = Annotated[str, AfterValidator(_stage_name), WithJsonSchema({**_TEXT, "enum": list(STAGES)})]
Stages = Annotated[
    tuple[Stage, ...], BeforeValidator(_listed), WithJsonSchema(_one_or_more({**_TEXT, "enum": list(STAGES)}))
]
CronLine = Annotated[str, AfterValidator(_cron)]
QuietHours = Annotated[
    tuple[time, time], BeforeValidator(_quiet_hours), WithJsonSchema({**_TEXT, "examples": ["22:00-06:00"]})
]
Limit = Annotated[
    tuple[int, timedelta], BeforeValidator(_limit), WithJsonSchema({**_TEXT, "examples": ["10 per hour"]})
]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_CHANGE_NAME)]
Severity = Literal["high", "normal", "low"]
Severities = Annotated[
    tuple[Severity, ...],
    BeforeValidator(_listed),
    WithJsonSchema(_one_or_more({**_TEXT, "enum": list(get_args(Severity))})),
]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScheduleSection(Section):
    """How often the service does what: a length of time or a cron line."""

    poll: Schedule = timedelta(minutes=10)
    deliver: Schedule = timedelta(minutes=5)
    maintain: Schedule = "30 3 * * *"


class ServiceSection(Section):
    """The embedded Prefect server and its pages; what is asked by programs."""

    host: str = "127.0.0.1"
    port: int = Field(4200, ge=1, le=65535, strict=True)
    health_host: str = "127.0.0.1"
    health_port: int | None = Field(
        4202, ge=1, le=65535, strict=True, description="of /health and /metrics; null for neither"
    )


class FetchSection(Section):
    """How feeds and pages are requested."""

    timeout: Duration = timedelta(seconds=20)
    max_bytes: Size = 10_000_000
    per_host: int = Field(2, ge=1, le=100, strict=True)
    concurrency: int = Field(500, ge=1, le=1000, strict=True)
    rarest: Duration = Field(
        timedelta(hours=1), description="how long a feed may be left alone that brings little, or asks to be"
    )
    page_pause: Pause = Field(timedelta(seconds=1), description="between the beginnings of two pages of one host")
    contact: str = Field("", description="who runs this monitor (an address or a page), told to the servers it asks")
    allow_addresses: tuple[Network, ...] = Field(
        (), description="networks, optionally with :port, besides the public internet"
    )


class ReadingSection(Section):
    """Which entries' pages are downloaded."""

    default: Read = Read.RELEVANT
    relevant: str | None = Field(None, description="an expression over title and summary")


class AlertingSection(Section):
    """When news is worth an alert."""

    horizon: Duration = timedelta(hours=48)
    window: Duration = timedelta(days=10)
    update_at: int | None = Field(
        None, ge=2, strict=True, description="tell once more when so many independent stories report a development"
    )


class SelfWatchSection(Section):
    """When the monitor is in trouble itself and says so."""

    enabled: bool = True
    feed_failing: Duration = Field(timedelta(hours=6), description="how long a feed may fail")
    silence: bool = Field(True, description="whether a feed that is silent against its own rhythm is told")
    channel_failing: Duration = Field(timedelta(hours=1), description="how long a channel may take no alerts")
    no_poll: Duration = Field(timedelta(hours=2), description="how long no feed may be polled")
    heartbeat: WebAddress | None = Field(None, description="an address that is asked after each good poll")


class KeepSection(Section):
    """How long what is stored is kept. What a development stands on is kept for ever."""

    articles: Keeping = Field(timedelta(days=730), description="of which no development tells")
    polls: Keeping = Field(timedelta(days=90), description="how each poll of each feed went")
    alerts: Keeping = Field("forever", validate_default=True, description="what was sent")


class BackupSection(Section):
    """Copies of the database, for the day on which it is lost."""

    folder: str = Field("backups", min_length=1, description="relative to the database")
    keep: int = Field(7, ge=1, le=1000, strict=True, description="how many copies; the oldest is deleted for a new one")
    nightly: bool = Field(True, description="whether `maintain` makes one; `haiti-monitor backup` always does")


class FeedSection(Section):
    """One source."""

    name: str = Field(min_length=1)
    url: WebAddress
    language: str | None = Field(None, pattern=_LANGUAGE)
    outlet: str | None = None
    read: Read | None = None


class ChangeSection(Section):
    """One kind of change."""

    label: str = ""
    family: Literal["leadership", "policy"] = "policy"
    description: str = ""


class ExampleSection(Section):
    """A text that a rule must match or ignore."""

    model_config = ConfigDict(json_schema_extra={"type": ["object", "string"]})

    title: str = ""
    summary: str = ""
    text: str = ""
    outlet: str = ""
    language: str | None = None
    stage: Stage | None = None

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        return {"title": value} if isinstance(value, str) else value


class DismissalSection(Section):
    """A false alarm that somebody dismissed."""

    rule: str = Field(pattern=_ID)
    title: str = ""
    summary: str = ""
    text: str = ""
    outlet: str = ""
    language: str | None = None
    because: str = ""


class ExamplesSection(Section):
    """A rule's tests."""

    match: tuple[ExampleSection, ...] = ()
    ignore: tuple[ExampleSection, ...] = ()


class RuleSection(Section):
    """One rule."""

    id: str = Field(pattern=_ID)
    change: str
    when: str
    severity: Severity = "normal"
    title: str = ""
    stage: Stage | None = None
    weak: bool = Field(False, description="beside another change in the headline it is only named with that")
    examples: ExamplesSection = ExamplesSection()


class ChannelFilter(Section):
    """What a channel wants to hear of; what is left out is wanted."""

    change: OneOrMore = ()
    stage: Stages = ()
    severity: Severities = ()
    language: OneOrMore = ()
    confirmation: int = Field(1, ge=1, strict=True, description="how many independent stories must report it")
    operational: bool = Field(True, description="whether it hears of troubles of the monitor itself")


class ChannelSection(Section):
    """Where alerts go."""

    name: str = Field(pattern=_ID)
    url: str = Field(min_length=1, repr=False, description="an Apprise URL; ${NAME} is filled in from the environment")
    when: ChannelFilter = ChannelFilter()
    digest: CronLine | None = Field(None, description="gather alerts and send them together at these times")
    quiet_hours: QuietHours | None = Field(None, description="hold alerts from one time of day to another")
    limit: Limit | None = Field(None, description="how many messages at most; what is over is sent together afterwards")


_LANGUAGE_KEY = re.compile("[a-z]{2,3}|any|includes")


def _word_lists(value: Any) -> Any:
    """Terms per language; a plain list counts in any."""
    if isinstance(value, list | tuple):
        return {"any": value}
    if isinstance(value, dict):
        for key in value:
            if not _LANGUAGE_KEY.fullmatch(str(key)):
                raise ValueError(f"`{key}` is no language; write a code such as en, fr or ht, or `any`, or `includes`")
        return value
    raise ValueError("a list of terms is expected, or one list per language: {en: [...], fr: [...]}")


_TERMS: Any = {"type": "array", "items": _TEXT}
WordLists = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(_word_lists),
    WithJsonSchema(
        {
            "anyOf": [
                _TERMS,
                {
                    "type": "object",
                    "propertyNames": {"pattern": f"^({_LANGUAGE_KEY.pattern})$"},
                    "additionalProperties": _TERMS,
                },
            ]
        }
    ),
]


class RunnerSection(Section):
    """Where the service asks, reads and matches: on its machine, or on Dask workers."""

    kind: Literal["local", "dask"] = "local"
    address: str | None = Field(
        None, pattern=_SCHEDULER, description="of the Dask scheduler, such as tcp://10.0.0.5:8786"
    )


class Configuration(Section):
    """The whole file."""

    database: str = DATABASE
    timezone: TimeZone = TIMEZONE
    schedule: ScheduleSection = ScheduleSection()
    service: ServiceSection = ServiceSection()
    fetch: FetchSection = FetchSection()
    reading: ReadingSection = ReadingSection()
    alerting: AlertingSection = AlertingSection()
    self_watch: SelfWatchSection = SelfWatchSection()
    runner: RunnerSection = RunnerSection()
    keep: KeepSection = KeepSection()
    backup: BackupSection = BackupSection()
    feeds: tuple[FeedSection, ...] = ()
    changes: dict[Name, ChangeSection] = {}
    stages: dict[str, str] = {}
    negation: str | None = None
    actors: dict[str, WordLists] = {}
    forums: tuple[str, ...] = Field((), description="those of the actors in which others decide, such as a council")
    roles: dict[str, str] = {}
    concepts: dict[Annotated[str, Field(pattern=_CONCEPT_NAME)], WordLists] = {}
    patterns: dict[Annotated[str, Field(pattern=_CONCEPT_NAME)], str] = {}
    rules: tuple[RuleSection, ...] = ()
    channels: tuple[ChannelSection, ...] = ()
