"""What the documents and the files for deployment say is so."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from monitor.store import open_store
from monitor.web.metrics import exposition
from monitor.web.vitals import facts
from tests.world import World, serving

ROOT = Path(__file__).parents[1]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {f"{path.stem}::{one.name}" for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def test_every_test_that_answers_a_threat_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+::test_\w+)`", text))
    known = set().union(*(names_in(path) for path in (ROOT / "tests").glob("test_*.py")))
    threats = [line for line in text.splitlines() if line.startswith("|") and not line.startswith(("| threat", "|---"))]
    assert len(threats) > 20
    assert [line for line in threats if "`test_" not in line] == []
    assert sorted(named - known) == []


def test_every_figure_is_described(tmp_path: Path) -> None:
    with serving() as web:
        world = World(tmp_path, web)
        world.watch("one")
        world.poll()
        settings: Any = type("Settings", (), {"database_path": tmp_path / "monitor.db", "channels": ()})
        with open_store(settings.database_path) as store:
            found = facts(store, settings, datetime.now(UTC)) | {"last_good_poll": "2025-09-30T12:00:00Z"}
    families = text_string_to_metric_families(exposition(found, datetime.now(UTC)).decode())
    assert {one.name for one in families} == set(re.findall(r"haiti_monitor_\w+", OPERATIONS))


def test_every_event_is_described_where_people_and_where_programmers_look() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("flows/*.py"), *ROOT.glob("monitor/**/*.py")]
    )
    said = set(re.findall(r'(?:say|record|logged|_record_development|AnewError)\(\s*"([a-z]+\.[a-z_]+)"', source))
    assert len(said) > 10
    described = set(
        re.findall(r"`([a-z]+\.[a-z_]+)`", OPERATIONS.partition("## What it says")[2].partition("## Prefect")[0])
    )
    module = (ROOT / "monitor" / "eventlog.py").read_text(encoding="utf-8").split('"""')[1]
    assert (described, set(re.findall(r"\b[a-z]+\.[a-z_]+\b", module.partition(":\n\n")[2]))) == (said, said)


def test_the_container_is_made_of_files_that_are_there_and_runs_as_nobody() -> None:
    lines = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"pyproject.toml", "README.md", "LICENSE", "config.yaml", "config.schema.json"} <= set(copied)
    users = [line for line in lines if line.startswith("USER")]
    assert users == ["USER 65534:65534"]
    assert lines.index("USER 65534:65534") < lines.index('CMD ["run"]')
    assert "VOLUME /data" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
