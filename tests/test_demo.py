"""The demonstration and the README: what a newcomer types does what is promised."""

import json
import re
import shlex
import sqlite3
import subprocess
import sys
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from monitor import config
from monitor.cli import demonstration
from monitor.demo.server import load_news
from monitor.errors import MonitorError
from monitor.notify import check_url
from monitor.rules.examples import run_examples

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that `haiti-monitor demo` left, and what it printed."""
    folder = tmp_path_factory.mktemp("newcomer")
    done = program("demo", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "demo", done.stdout + done.stderr


@pytest.fixture(scope="module")
def database(shown: tuple[Path, str]) -> sqlite3.Connection:
    return sqlite3.connect(shown[0] / "monitor.db")


def test_every_article_of_the_scripted_year_is_stored_once(database: sqlite3.Connection) -> None:
    stored = Counter(row[0].rpartition("/")[2] for row in database.execute("select url from articles"))
    news = {item.url.rpartition("/")[2] for item in load_news()}
    assert set(stored) == news
    assert set(stored.values()) == {1}


def test_pages_were_read_and_not_only_summaries(database: sqlite3.Connection) -> None:
    sources = dict(database.execute("select text_source, count(*) from articles group by 1"))
    assert sources["page"] > 80


def test_every_true_development_is_told(database: sqlite3.Connection) -> None:
    """By its label in the scripted news: some article of it stands behind an alert of the same kind of change."""
    articles = {url.rpartition("/")[2]: number for number, url in database.execute("select id, url from articles")}
    told = set(
        database.execute(
            """
            select da.article, d.change from alerts l join developments d on d.id = l.development
            join development_articles da on da.development = d.id where l.state = 'sent'
            """
        )
    )
    lead_stories = {}
    for item in load_news():
        if item.change and item.trap is None:
            lead_stories.setdefault((item.published.strftime("%Y-%m"), item.change[0]), []).append(item)
    missed = [
        (month, change)
        for (month, (change, _)), items in lead_stories.items()
        if len(items) >= 4 and not any((articles[item.url.rpartition("/")[2]], change) in told for item in items)
    ]
    assert missed == []


def test_copies_of_one_wire_text_are_one_story(database: sqlite3.Connection) -> None:
    articles, stories = database.execute(
        "select sum(articles), sum(stories) from (select distinct development, articles, stories from timeline)"
    ).fetchone()
    assert stories < articles * 0.75


def test_each_alert_is_one_mail_with_html_and_plain_text(shown: tuple[Path, str], database: sqlite3.Connection) -> None:
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in shown[0].glob("mail/*.eml")]
    (sent,) = database.execute("select count(*) from alerts where state = 'sent'").fetchone()
    assert len(mails) == sent > 10
    assert {part.get_content_type() for mail in mails for part in mail.iter_parts()} == {"text/plain", "text/html"}
    assert len({mail["X-Haiti-Monitor-Key"] for mail in mails}) == len(mails)


def test_it_prints_the_timeline_and_where_to_look(shown: tuple[Path, str]) -> None:
    assert "2025-05-20" in shown[1]
    assert "Where to look" in shown[1]
    assert str(Path("demo/config.yaml")) in shown[1]


def test_it_runs_again_over_its_own_folder_but_never_over_another(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MonitorError, match=r"thesis\.txt"):
        demonstration.show(tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


# --------------------------------------------------------------------------- the README


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("line", [line for block in blocks("console") for line in block.splitlines()])
def test_commands_of_the_readme_run(line: str, shown: tuple[Path, str]) -> None:
    arguments = shlex.split(line.removeprefix("$ haiti-monitor "))
    done = program("--config", "config.yaml", *arguments, cwd=shown[0])
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).strip()


def test_the_configuration_of_the_readme_loads_and_its_examples_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sample,) = blocks("yaml")
    path = tmp_path / "config.yaml"
    path.write_text(sample, encoding="utf-8")
    monkeypatch.setenv("DESK_MAIL", "mailtos://user:password@mail.example.org?to=desk@example.org")
    loaded = config.load(path)
    assert run_examples(loaded.rules) == []
    assert loaded.rules.spec.rules[0].match
    check_url(loaded.channel_urls()["desk-mail"])


def test_the_readme_names_every_command(shown: tuple[Path, str]) -> None:
    commands = program("--help", cwd=shown[0]).stdout.partition("Commands:")[2]
    names = re.findall(r"^  ([a-z]+)  ", commands, re.MULTILINE)
    assert len(names) > 15
    assert [name for name in names if f"`{name}" not in README] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r'grep -m1 -E "(.*)" README', script)
    assert pattern
    found = [line for line in README.splitlines() if re.search(pattern[1], line)]
    assert found[0] in "".join(blocks("sh"))


def test_json_of_the_demonstration_is_one_object_per_line(shown: tuple[Path, str]) -> None:
    for command in ("developments list", "articles list", "stories list", "feeds list", "alerts list", "status"):
        done = program("--config", "config.yaml", *command.split(), "--json", cwd=shown[0])
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert rows, command
        assert all(isinstance(row, dict) for row in rows)
