"""Commands that only look read little of the configuration, and never something else than the rest would."""

from pathlib import Path

import pytest

from monitor.config import load
from monitor.errors import ConfigError
from monitor.glance import KEYS, glance
from monitor.schema import Configuration


def write(folder: Path, content: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def test_it_knows_every_key_that_may_stand_at_the_top() -> None:
    assert set(Configuration.model_fields) == KEYS


@pytest.mark.parametrize(
    "content",
    [
        "feeds: []",
        "database: ../other/news.db\ntimezone: America/Port-au-Prince",
        "channels: [{name: desk, url: 'json://x'}, {name: press, url: 'json://y'}]",
        "feeds:\n- {name: a, url: 'http://a.example/'}\n# channels: none\nchannels:\n- name: desk\n  url: json://x\n",
        "feeds: [\n{name: a, url: 'http://a.example/'}]\ndatabase: a.db",
        "channels: [{name: desk, url: 'json://x\ndatabase: y'}]\ntimezone: Asia/Kathmandu",
        "---\ntimezone: Asia/Kathmandu\n",
        "\ufeffdatabase: a.db\r\ntimezone: UTC\r\n",
        "concepts:\n  a: &words [x]\nchanges:\n  b: {label: One}\n\n  c: {}\n",
    ],
)
def test_it_says_what_the_whole_configuration_says(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    seen, whole = glance(path), load(path, rules=False)
    assert seen.database_path == whole.database_path
    assert seen.timezone == whole.settings.timezone
    assert seen.channels == tuple(channel.name for channel in whole.settings.channels)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "polling: 1",
        "timezone: Haiti/Nowhere",
        "database: 7",
        "channels: {}",
        "channels:",
        "channels: [desk]",
        "channels: [{}]",
        "- a",
        "- timezone: UTC",
        "timezone: UTC\ntimezone: UTC",
        "channels: *a",
        "database: 'x",
    ],
)
def test_what_is_not_plainly_right_is_told_as_the_whole_configuration_tells_it(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ConfigError) as told:
        glance(path)
    with pytest.raises(ConfigError) as whole:
        load(path, rules=False)
    assert str(told.value) == str(whole.value)
