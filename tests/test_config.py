"""config.yaml: what is right is read, and every mistake is told in one line with its place and what to write."""

import json
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import Config, channel_wants, load
from monitor.errors import ConfigError
from monitor.mistakes import json_schema
from monitor.models import Read
from monitor.rules.examples import run_examples
from monitor.schema import ChannelSection

ROOT = Path(__file__).parents[1]


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def mistakes(folder: Path, content: str | bytes) -> list[str]:
    """What is said of a configuration, line by line, without the folder's name."""
    with pytest.raises(ConfigError) as raised:
        load(write(folder, content))
    return str(raised.value).replace(f"{folder}/", "").splitlines()


# --------------------------------------------------------------------------- what is right

WATCH = """\
database: data/watch.db
timezone: America/Port-au-Prince
schedule: {poll: 10 minutes, maintain: "30 3 * * *"}
fetch: {timeout: 20 s, max_bytes: 10 MB, per_host: 2, concurrency: 64, allow_addresses: [10.1.0.0/16]}
alerting: {horizon: 48 h}
reading: {relevant: mission, default: never}
feeds:
  - {name: Lagoon Post, url: "https://post.example/feed", language: en, outlet: Post, read: always}
changes:
  leadership: {label: Leadership, family: leadership}
  mandate: {}
actors:
  Norland: [Norland, Norlander*]
concepts:
  mission: {en: [Lagoon Mission, LM], fr: [Mission de la Lagune], includes: [force]}
  force: [Lagoon Force]
  takeover: [take over]
  sport: [football]
stages: {proposed: takeover}
rules:
  - id: leadership-handover
    change: leadership
    severity: high
    when: mission near/25 (actor and takeover) and not sport
    examples:
      match:
        - Norland to take over the Lagoon Mission
        - {title: x, summary: Norland will take over the LM, stage: proposed}
      ignore: [Norland football team to take over the Lagoon Mission pitch]
channels:
  - name: desk-mail
    url: ${MONITOR_DESK_MAIL}
    when: {change: [leadership, mandate], stage: [decided, effective], severity: high}
    digest: "0 7 * * *"
    quiet_hours: 22:00-06:00
    limit: 10 per hour
  - {name: room, url: "json://room.example/", when: {language: fr, stage: decided}, limit: 3 per 2 days}
"""


def test_a_whole_configuration_is_read_as_written(tmp_path: Path) -> None:
    config = load(write(tmp_path, WATCH))
    settings = config.settings
    assert config.database_path == tmp_path / "data" / "watch.db"
    assert (settings.schedule.poll, settings.schedule.maintain) == (timedelta(minutes=10), "30 3 * * *")
    assert (settings.fetch.timeout, settings.fetch.max_bytes) == (timedelta(seconds=20), 10_000_000)
    assert (settings.alerting.horizon, settings.alerting.window) == (timedelta(days=2), timedelta(days=10))
    assert (config.feeds[0].outlet, config.feeds[0].read, settings.reading.default) == ("Post", Read.ALWAYS, Read.NEVER)
    desk, room = settings.channels
    assert (desk.digest, desk.quiet_hours, desk.limit) == ("0 7 * * *", (time(22), time(6)), (10, timedelta(hours=1)))
    assert (room.when.language, room.when.stage, room.limit) == (("fr",), ("decided",), (3, timedelta(days=2)))
    assert config.rules.languages == ("en", "fr")
    assert run_examples(config.rules) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("feeds: []\n", id="next to nothing"),
        pytest.param("\ufefffeeds: []\n", id="byte order mark"),
        pytest.param("feeds: []\r\nchanges: {}\r\n", id="line ends of Windows"),
        pytest.param("fetch: {max_bytes: 5000}\n", id="a size in bytes"),
    ],
)
def test_little_is_enough(tmp_path: Path, content: str) -> None:
    assert load(write(tmp_path, content)).feeds == ()


def test_an_absolute_database_stays_where_it_is(tmp_path: Path) -> None:
    assert load(write(tmp_path, "database: /var/lib/watch.db\n")).database_path == Path("/var/lib/watch.db")


def test_rules_are_compiled_only_when_asked_for(tmp_path: Path) -> None:
    config = load(write(tmp_path, "negation: nothing\n"), rules=False)
    with pytest.raises(ConfigError, match="there is no concept `nothing`"):
        _ = config.rules


# --------------------------------------------------------------------------- what ships


@pytest.fixture(scope="module")
def shipped() -> Config:
    return load(ROOT / "config.yaml")


def test_every_example_of_the_shipped_rules_holds(shipped: Config) -> None:
    assert shipped.rules.spec.rules
    assert all(rule.match and rule.ignore for rule in shipped.rules.spec.rules)
    assert [
        f"{failure.rule}: {failure.message} ({failure.example.title})" for failure in run_examples(shipped.rules)
    ] == []


def test_the_shipped_schema_is_that_of_the_program() -> None:
    expected = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    assert (ROOT / "config.schema.json").read_text(encoding="utf-8") == expected


def test_the_schema_is_a_schema_with_the_name_of_the_program() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["title"] == "haiti-monitor configuration"


@pytest.mark.parametrize("source", [pytest.param(None, id="shipped"), pytest.param(WATCH, id="every key")])
def test_what_the_program_reads_is_right_by_the_schema(source: str | None, shipped: Config) -> None:
    data = shipped.document.data if source is None else yaml.safe_load(source)
    jsonschema.validate(data, json_schema(), cls=jsonschema.Draft202012Validator)


def defaults(schema: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    sections = [schema, *schema["$defs"].values()]
    parts = [part for section in sections for part in section.get("properties", {}).values()]
    return [(part, part["default"]) for part in parts if "default" in part]


def test_every_default_of_the_schema_is_one_that_may_be_written() -> None:
    schema = json_schema()
    found = defaults(schema)
    assert len(found) > 20
    for part, default in found:
        rest = {key: value for key, value in part.items() if key != "default"} | {"$defs": schema["$defs"]}
        jsonschema.Draft202012Validator(rest).validate(default)
    assert schema["$defs"]["AlertingSection"]["properties"]["horizon"]["default"] == "2 days"


@pytest.mark.parametrize(
    "content",
    [
        "feed: []",
        "fetch: {timeout: 20}",
        "channels: [{name: a, url: b, when: {stage: sooner}}]",
        "concepts: {a: {eng1: [b]}}",
    ],
)
def test_what_the_program_refuses_is_wrong_by_the_schema_too(content: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(content), json_schema(), cls=jsonschema.Draft202012Validator)


# --------------------------------------------------------------------------- files that cannot be read


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(
            "", "config.yaml:1:1: nothing stands in this file; write one with `haiti-monitor init`", id="empty"
        ),
        pytest.param(
            "# x\n", "config.yaml:1:1: nothing stands in this file; write one with `haiti-monitor init`", id="comment"
        ),
        pytest.param(
            "# é\ndatabase: Ha".encode() + b"\xefti.db",
            "config.yaml:2:13: this byte is not UTF-8; save the file with the encoding UTF-8",
            id="another encoding",
        ),
        pytest.param(
            "feeds: []".encode("utf-16"),
            "config.yaml:1:1: this byte is not UTF-8; save the file with the encoding UTF-8",
            id="UTF-16",
        ),
        pytest.param(
            "words", "config.yaml:1:1: a group of `key: value` lines is expected here, not 'words'", id="only words"
        ),
        pytest.param("- a", "config.yaml:1:1: a group of `key: value` lines is expected here, not ['a']", id="a list"),
    ],
)
def test_a_file_that_is_no_configuration_says_so(tmp_path: Path, content: str | bytes, told: str) -> None:
    assert mistakes(tmp_path, content) == [told]


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none.yaml")
    hint = "there is no such file; write one with `haiti-monitor init`, or name another with --config"
    assert str(raised.value) == f"{tmp_path}/none.yaml: {hint}"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the file cannot be read: Is a directory"):
        load(tmp_path)


# --------------------------------------------------------------------------- mistakes

FEED = "feeds:\n  - {name: A, url: https://a.example/f}\n"
RULE = "changes: {leadership: {}}\nconcepts: {mission: [x], takeover: [y]}\nrules:\n  - id: a\n    change: leadership\n"


@pytest.mark.parametrize(
    ("content", "place", "told"),
    [
        pytest.param("feed: []", "1:1", "`feed` is not known here; did you mean `feeds`?", id="unknown key"),
        pytest.param(
            "keep: {articles: 3 days}",
            "1:18",
            "must be 60 days or more: the monitor looks back so far; or forever",
            id="kept too short",
        ),
        pytest.param("backup: {keep: 0}", "1:16", "0 is too small here; write 1 or more", id="no copy at all"),
        pytest.param(
            "fetch: {allow_addresses: [here]}",
            "1:27",
            "'here' is no address or network with an optional port",
            id="a network that is none",
        ),
        pytest.param(
            "qqq: 1", "1:1", "`qqq` is not known here; possible are: actors, alerting, ", id="unknown, unlike any"
        ),
        pytest.param("fetch: {timeot: 3 s}", "1:9", "did you mean `timeout`?", id="unknown key in a section"),
        pytest.param(
            "feeds:\n  - {nme: A, name: A, url: https://a.example}", "2:6", "did you mean `name`?", id="in a list"
        ),
        pytest.param("feeds:\n  - {name: A}", "2:5", "`url` is missing here", id="missing key"),
        pytest.param(
            "feeds: []\nfeeds: []", "2:1", "the key 'feeds' stands here a second time; keep one", id="key twice"
        ),
        pytest.param("feeds: no", "1:8", "a list is expected here: [a, b] or lines that begin", id="word for a list"),
        pytest.param("feeds:", "1:7", "a list is expected here", id="nothing for a list"),
        pytest.param(
            "fetch: fast", "1:8", "a group of `key: value` lines is expected here, not 'fast'", id="no section"
        ),
        pytest.param("changes: [a]", "1:10", "a group of `key: value` lines is expected here", id="list for a group"),
        pytest.param(
            "database: 5", "1:11", "words are expected here, not 5; put them in quotes", id="number for words"
        ),
        pytest.param(
            "service: {port: http}", "1:17", "a whole number is expected here, not 'http'", id="words for a number"
        ),
        pytest.param("service: {port: 1.5}", "1:17", "a whole number is expected here, not 1.5", id="part of a number"),
        pytest.param(
            "service: {port: true}", "1:17", "a whole number is expected here, not True", id="yes for a number"
        ),
        pytest.param("service: {port: 99999}", "1:17", "99999 is too large here; write 65535 or less", id="too large"),
        pytest.param("fetch: {per_host: 0}", "1:19", "0 is too small here; write 1 or more", id="too small"),
        pytest.param("fetch: {max_bytes: 0}", "1:20", "0 is too small here; write more than 0", id="no size"),
        pytest.param("fetch: {max_bytes: much}", "1:20", "'much' is no size; write for example 500 kB", id="bad size"),
        pytest.param(
            "alerting: {horizon: 48 hoors}", "1:21", "'48 hoors' is no length of time; write for", id="bad unit"
        ),
        pytest.param("alerting: {horizon: 48}", "1:21", "'48' is no length of time; write for example", id="no unit"),
        pytest.param("alerting: {horizon: 0 h}", "1:21", "must be longer than nothing", id="no time"),
        pytest.param("alerting: {window: 9999999999 days}", "1:20", "36500 days is the most", id="too much time"),
        pytest.param("schedule: {poll: often}", "1:18", "or a cron line such as '0 7 * * *'", id="bad schedule"),
        pytest.param("schedule: {poll: 0 s}", "1:18", "must be longer than nothing", id="no pause"),
        pytest.param(
            "schedule: {poll: '0 99 * * *'}", "1:19", "is no cron line; write for example '0 7", id="bad cron"
        ),
        pytest.param("schedule: {poll: '0 7 * * * *'}", "1:19", "'0 7 * * * *' is no cron line", id="six parts"),
        pytest.param(
            "timezone: Mars/Base", "1:11", "is no time zone; write for example UTC or America/Po", id="bad zone"
        ),
        pytest.param(
            "timezone: America", "1:11", "is no time zone; write for example UTC or America/Po", id="part of a zone"
        ),
        pytest.param(f"timezone: {'a' * 999}", "1:11", "is no time zone", id="a long zone"),
        pytest.param("timezone: ''", "1:11", "'' is no time zone", id="no zone"),
        pytest.param(
            FEED + "  - {name: B, url: https://a.example/f}", "3:20", "stands here a second time", id="URL twice"
        ),
        pytest.param(
            FEED + "  - {name: A, url: https://b.example/f}", "3:12", "stands here a second time", id="name twice"
        ),
        pytest.param(
            "feeds: [{name: A, url: ftp://a}]", "1:24", "is no web address; it begins with https://", id="no web"
        ),
        pytest.param(
            "feeds: [{name: A, url: https://a, language: EN}]", "1:45", "code of a language, such as en", id="language"
        ),
        pytest.param(
            "feeds: [{name: A, url: https://a, read: maybe}]", "1:41", "'always', 'relevant' or 'never'", id="read"
        ),
        pytest.param("feeds: [{name: '', url: https://a}]", "1:16", "something must stand here", id="empty name"),
        pytest.param(
            "changes: {'1': {}}", "1:11", "'1' is not possible here; write letters, digits,", id="name of a change"
        ),
        pytest.param(
            f"changes: {{{'a' * 101}: {{}}}}", "1:11", "too long; write 100 characters at most", id="long name"
        ),
        pytest.param("concepts: {a: {en: b}}", "1:20", "a list is expected here", id="word for a list of terms"),
        pytest.param(
            "concepts: {a: b}", "1:15", "a list of terms is expected, or one list per language", id="word for terms"
        ),
        pytest.param(
            "concepts: {a: [b, 5]}", "1:19", "words are expected here, not 5; put them", id="number as a term"
        ),
        pytest.param(
            "concepts:\n  a: {en: [b, 5]}", "2:15", "words are expected here, not 5", id="number in a language"
        ),
        pytest.param(
            "concepts: {a: {english: [b]}}", "1:15", "`english` is no language; write a code", id="no language"
        ),
        pytest.param("concepts: {1a: [b]}", "1:12", "letters, digits, hyphens and underscores", id="name of a concept"),
        pytest.param("concepts:\n  a: [b, '!!']", "2:11", "'!!' has no word to look for", id="term without a word"),
        pytest.param("concepts:\n  a: {en: ['!!']}", "2:13", "'!!' has no word to look for", id="in its language"),
        pytest.param("concepts:\n  actor: [b]", "2:3", "is the name for any of the actors", id="reserved name"),
        pytest.param("concepts: {a: {includes: [b]}}", "1:27", "there is no concept `b`", id="includes nothing"),
        pytest.param(
            "actors: {A: {en: [b], includes: [c]}}", "1:23", "an actor takes over no concept", id="actor includes"
        ),
        pytest.param(
            "actors: {OAS: [OAS]}\nforums: [AOS]",
            "2:10",
            "there is no actor `AOS` below `actors:`; did you mean `OAS`?",
            id="forum",
        ),
        pytest.param(
            "stages:\n  maybe: '\"x\"'", "2:3", "`maybe` is no stage; there are proposed, decided", id="stage"
        ),
        pytest.param(
            "changes: {}\nrules: [{id: a, change: b, when: '\"x\"'}]", "2:25", "there is no change `b`", id="change"
        ),
        pytest.param(
            "changes: {leadership: {}}\nrules: [{id: a, change: leadersip, when: '\"x\"'}]",
            "2:25",
            "there is no change `leadersip` below `changes:`; did you mean `leadership`?",
            id="change, misspelt",
        ),
        pytest.param(
            RULE + "    when: mission\n    severity: hgh",
            "7:15",
            "'hgh' is not possible here; write 'high'",
            id="how bad",
        ),
        pytest.param(
            RULE + "    when: mission\n    stage: soon", "7:12", "`soon` is no stage; there are", id="rule's stage"
        ),
        pytest.param(
            RULE.replace("id: a", "id: A b") + "    when: mission", "4:9", "small letters, digits and hyphens", id="id"
        ),
        pytest.param(
            RULE + "    when: misson", "6:11", "did you mean `mission`? (the word itself", id="unknown concept"
        ),
        pytest.param(
            RULE + "    when: >-\n      mission near/5\n      (takeover and misson)",
            "8:21",
            "there is no concept `misson`",
            id="unknown concept in a folded block",
        ),
        pytest.param(
            RULE + "    when: |\n      mission near\n      takeover",
            "7:15",
            "near needs a distance",
            id="in a literal block",
        ),
        pytest.param(
            RULE + "    when: >-\n      mission\n      (takeover", "8:7", "parenthesis is not closed", id="open"
        ),
        pytest.param(RULE + '    when: "mission and \\"x y"', "6:25", "quotation mark is not closed", id="in quotes"),
        pytest.param(RULE + "    when: not mission", "6:11", "this would hold by what is absent", id="only absence"),
        pytest.param("reading: {relevant: nothing}", "1:21", "there is no concept `nothing`", id="relevance"),
        pytest.param("channels: [{name: A, url: b}]", "1:19", "small letters, digits and hyphens", id="channel's name"),
        pytest.param(
            "channels: [{name: a, url: ''}]", "1:27", "something must stand here", id="channel without address"
        ),
        pytest.param(
            "channels: [{name: a, url: b}, {name: a, url: c}]", "1:38", "a second time; keep one", id="channel twice"
        ),
        pytest.param("channels: [{name: a, url: b, digest: daily}]", "1:38", "'daily' is no cron line", id="digest"),
        pytest.param(
            "channels: [{name: a, url: b, digest: 1 day}]", "1:38", "'1 day' is no cron line", id="digest in days"
        ),
        pytest.param(
            "channels: [{name: a, url: b, digest: '0 0 30 2 *'}]", "1:39", "never comes: there is no such", id="30 Feb"
        ),
        pytest.param(
            "channels: [{name: a, url: b, quiet_hours: 25:00-06:00}]", "1:43", "write for example 22:00-06", id="25 h"
        ),
        pytest.param(
            "channels: [{name: a, url: b, quiet_hours: 06:00-06:00}]", "1:43", "is no span of hours", id="no span"
        ),
        pytest.param(
            "channels: [{name: a, url: b, quiet_hours: night}]", "1:43", "'night' is no span of hours", id="night"
        ),
        pytest.param(
            "channels: [{name: a, url: b, limit: 10 an hour}]", "1:37", "write for example 10 per hour", id="limit"
        ),
        pytest.param(
            "channels: [{name: a, url: b, limit: 0 per hour}]", "1:37", "write for example 10 per hour", id="no limit"
        ),
        pytest.param(
            "channels: [{name: a, url: b, limit: 3 per 0 s}]", "1:37", "must be longer than nothing", id="no span"
        ),
        pytest.param(
            "channels: [{name: a, url: b, limit: 3 per eon}]", "1:37", "'1 eon' is no length of time", id="limit, unit"
        ),
        pytest.param(
            "channels: [{name: a, url: b, when: {change: c}}]", "1:45", "there is no change `c` below", id="wants"
        ),
        pytest.param(
            "channels: [{name: a, url: b, when: {stage: soon}}]", "1:44", "`soon` is no stage", id="wants a stage"
        ),
        pytest.param(
            "channels: [{name: a, url: b, when: {severity: [high, lo]}}]", "1:54", "'high', 'normal' or", id="severe"
        ),
        pytest.param("a: b: c", "1:5", "check indentation, quotes and colons", id="no YAML"),
        pytest.param(
            "feeds:\r\n  - {nme: A, name: A, url: https://a}\r\n", "2:6", "did you mean `name`?", id="Windows"
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_what_to_write(
    tmp_path: Path, content: str, place: str, told: str
) -> None:
    (line,) = mistakes(tmp_path, content)
    assert line.startswith(f"config.yaml:{place}: ")
    assert told in line
    assert "Input should" not in line
    assert len(line) < 1300


def test_every_mistake_in_a_section_is_told_at_once(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "feeds:\n  - {}\n  - {name: A, url: x}\ntimezone: Mars\nfetch: {max_bytes: []}\n")
    assert [line.split(": ")[0] for line in told] == [
        "config.yaml:4:11",
        "config.yaml:5:20",
        "config.yaml:2:5",
        "config.yaml:2:5",
        "config.yaml:3:20",
    ]


def test_a_long_value_is_told_in_short(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, f"fetch: [{', '.join(['abc'] * 500)}]")
    assert len(line) < 140


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["feeds", "rules", "fetch", "concepts", "changes", "stages", "channels", "timezone", "service", "x"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["name", "url", "id", "when", "port", "poll", "en", "a"]), inner, max_size=3
                )
            ),
            max_leaves=6,
        ),
        max_size=3,
    )
)
def test_whatever_stands_in_the_file_is_a_configuration_or_a_config_error(tmp_path_factory: Any, data: Any) -> None:
    path = write(tmp_path_factory.getbasetemp(), yaml.safe_dump(data, allow_unicode=True))
    try:
        load(path)
    except ConfigError as error:
        lines = path.read_text(encoding="utf-8").split("\n")
        for problem in error.problems:
            inside = 1 <= problem.line <= len(lines) and problem.column >= 1
            assert (inside, "\n" in problem.message) == (True, False), problem


# --------------------------------------------------------------------------- secrets and filters

SECRETS = """\
channels:
  - {name: plain, url: "json://a.example/"}
  - {name: two, url: "mailto://${USER_NAME}:${PASS}@TOKEN.example"}
  - name: one
    url: slack://TOKEN/${TOKEN}
"""


def test_secrets_are_filled_in_from_the_environment(tmp_path: Path) -> None:
    values = {"USER_NAME": "ann", "PASS": r"s\1${X}", "TOKEN": "t"}
    assert load(write(tmp_path, SECRETS)).channel_urls(values.get) == {
        "plain": "json://a.example/",
        "two": r"mailto://ann:s\1${X}@TOKEN.example",
        "one": "slack://TOKEN/t",
    }


def test_every_secret_that_is_not_set_is_told_with_its_place(tmp_path: Path) -> None:
    config = load(write(tmp_path, SECRETS))
    with pytest.raises(ConfigError) as raised:
        config.channel_urls({"USER_NAME": "ann", "PASS": ""}.get)
    first, second = raised.value.problems
    assert (first.line, first.column) == (3, 45)
    assert first.message == "the channel `two` needs PASS, which is not set; set it with: export PASS='…'"
    assert (second.line, second.column) == (5, 24)


def test_no_secret_shows_where_a_channel_is_printed(tmp_path: Path) -> None:
    config = load(write(tmp_path, "channels: [{name: a, url: 'json://user:s3cret@a.example'}]"))
    assert "s3cret" not in repr(config.settings)


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ({}, True),
        ({"change": "mandate"}, True),
        ({"change": ["leadership", "mandate"], "stage": "decided", "severity": ["high"], "language": "fr"}, True),
        ({"change": "leadership"}, False),
        ({"stage": ["proposed", "blocked"]}, False),
        ({"severity": "low"}, False),
        ({"language": ["en", "es"]}, False),
    ],
)
def test_a_channel_hears_of_what_it_wants_and_of_all_that_it_does_not_mention(
    when: dict[str, Any], wanted: bool
) -> None:
    channel = ChannelSection.model_validate({"name": "a", "url": "b", "when": when})
    assert channel_wants(channel, change="mandate", stage="decided", severity="high", languages=["fr"]) is wanted


def test_a_channel_for_one_language_does_not_hear_of_what_has_none() -> None:
    channel = ChannelSection.model_validate({"name": "a", "url": "b", "when": {"language": "fr"}})
    assert not channel_wants(channel, change="mandate", stage="decided", severity="high", languages=[None])


def test_everything_listens_on_this_machine_only_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("feeds: []\n", encoding="utf-8")
    service = load(path).settings.service
    assert (service.host, service.health_host) == ("127.0.0.1", "127.0.0.1")
    shipped = load(Path(__file__).parents[1] / "config.yaml", rules=False).settings.service
    assert (shipped.host, shipped.health_host) == ("127.0.0.1", "127.0.0.1")
