"""The house keeps its order: imports go down only, every library has one home, and nobody pays for what others need."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# From the ground up. A module may import what stands in lower layers, and its neighbours within its own room.
LAYERS: dict[str, tuple[str, ...]] = {
    "ground": ("monitor.models", "monitor.errors"),
    "pure": (
        "monitor.addresses",
        "monitor.certificates",
        "monitor.aggregators",
        "monitor.config",
        "monitor.delivery",
        "monitor.developments",
        "monitor.dismissals",
        "monitor.discover",
        "monitor.exports",
        "monitor.extract",
        "monitor.failures",
        "monitor.feedlist",
        "monitor.feedstate",
        "monitor.folding",
        "monitor.formats",
        "monitor.glance",
        "monitor.guard",
        "monitor.identity",
        "monitor.items",
        "monitor.jsonfeed",
        "monitor.messages",
        "monitor.mistakes",
        "monitor.opml",
        "monitor.parse",
        "monitor.proxies",
        "monitor.quickfeed",
        "monitor.quickvalues",
        "monitor.robots",
        "monitor.rules",
        "monitor.schema",
        "monitor.shipped",
        "monitor.sources",
        "monitor.sitemap",
        "monitor.stories",
        "monitor.systemd",
        "monitor.text",
        "monitor.timing",
        "monitor.units",
        "monitor.urls",
        "monitor.vigilance",
        "monitor.web.atom",
        "monitor.web.guarding",
        "monitor.web.metadata",
        "monitor.web.passages",
        "monitor.web.plots",
        "monitor.web.words",
        "monitor.yamltext",
    ),
    "edge": (
        "monitor.alive",
        "monitor.eventlog",
        "monitor.fetch",
        "monitor.reading",
        "monitor.store",
        "monitor.notify",
        "monitor.worker_pool",
        "monitor.demo",
    ),
    "pipeline": ("monitor.pipeline", "monitor.web"),
    "top": ("monitor.cli", "monitor.__main__", "flows"),
}
ORDER = list(LAYERS)

# Each library's one home; `aiohttp.web` serves the demonstration's news and is another thing than the client.
HOMES = {
    "ahocorasick_rs": {"monitor.rules.lexicon"},
    "aiohttp": {"monitor.fetch", "monitor.failures"},
    "aiohttp.web": {"monitor.demo.server"},
    "aiosmtpd": {"monitor.demo.mailbox"},
    "anyio": {"monitor.demo"},
    "apprise": {"monitor.notify"},
    "brotli": {"monitor.guard"},
    "croniter": {"monitor.schema", "monitor.delivery", "flows.anew"},
    "datasette": {"monitor.web.site", "monitor.web.tables"},
    "feedparser": {"monitor.parse", "monitor.quickfeed"},
    "jinja2": {"monitor.web.report"},
    "lark": {"monitor.rules.grammar"},
    "lxml": {"monitor.extract", "monitor.discover"},
    "markupsafe": {"monitor.web"},
    "newspaper": {"monitor.extract"},
    "pebble": {"monitor.worker_pool"},
    "prometheus_client": {"monitor.web.metrics"},
    "protego": {"monitor.robots"},
    "py3langid": {"monitor.text"},
    "pydantic": {"monitor.schema", "monitor.config", "monitor.dismissals", "monitor.mistakes"},
    "readability": {"monitor.extract"},
    "rich": {"monitor.cli.progress"},
    "sqlite_utils": {"monitor.store"},
    "trafilatura": {"monitor.extract"},
    "typer": {"monitor.cli"},
    "uvicorn": {"monitor.web.serving", "flows.server"},
    "uvloop": {"monitor.pipeline.streaming"},
    "yaml": {"monitor.yamltext", "monitor.cli.demonstration"},
    "yarl": {"monitor.fetch", "monitor.addresses", "monitor.failures"},
    "prefect": {"flows"},
}


class Import(NamedTuple):
    """One import: who, what, and on which line."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def modules() -> dict[str, Path]:
    found = {}
    for path in [*ROOT.glob("monitor/**/*.py"), *ROOT.glob("flows/**/*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(module: str, path: Path) -> Iterator[Import]:
    """Every import wherever it stands: at the top, in a function, or for the type checker only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield Import(
                    module, whole if whole in MODULES or whole == "aiohttp.web" else node.module or "", node.lineno
                )


IMPORTS = [one for module, path in MODULES.items() for one in imports_of(module, path)]


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> tuple[str, str] | None:
    """Layer and room of a module; the bare packages have none."""
    return next(((layer, room) for layer in ORDER for room in LAYERS[layer] if within(module, room)), None)


def test_the_walk_sees_the_imports() -> None:
    """Otherwise all that follows would hold for nothing."""
    assert len(MODULES) > 50
    assert len(IMPORTS) > 300
    assert any(one.module == "monitor.notify" and within(one.target, "apprise") for one in IMPORTS)


def test_every_module_has_its_layer() -> None:
    assert [module for module in MODULES if room_of(module) is None and module != "monitor"] == []
    assert [room for rooms in LAYERS.values() for room in rooms if room not in MODULES] == []


def test_imports_go_down_only() -> None:
    wrong = []
    for one in IMPORTS:
        here, there = room_of(one.module), room_of(one.target)
        if here and there and ORDER.index(there[0]) > ORDER.index(here[0]):
            wrong.append(str(one))
    assert wrong == []


def test_the_edges_never_import_one_another() -> None:
    edges = [(one, room_of(one.module), room_of(one.target)) for one in IMPORTS]
    assert [
        str(one)
        for one, here, there in edges
        if here and there and here[0] == there[0] == "edge" and here[1] != there[1]
    ] == []


def test_the_ground_stands_on_nothing() -> None:
    ground = [one for one in IMPORTS if (room := room_of(one.module)) and room[0] == "ground"]
    assert [str(one) for one in ground if one.target.partition(".")[0] not in sys.stdlib_module_names] == []


def test_only_commands_know_the_flows() -> None:
    users = [one for one in IMPORTS if within(one.module, "monitor") and within(one.target, "flows")]
    assert users
    assert [str(one) for one in users if not within(one.module, "monitor.cli")] == []


def test_the_library_never_imports_prefect() -> None:
    assert [str(one) for one in IMPORTS if within(one.module, "monitor") and within(one.target, "prefect")] == []


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_at_home_in_one_place(library: str) -> None:
    users = [
        one
        for one in IMPORTS
        if within(one.target, library) and not (library == "aiohttp" and within(one.target, "aiohttp.web"))
    ]
    assert users, f"nobody imports {library}: take it out of the list"
    assert [str(one) for one in users if not any(within(one.module, home) for home in HOMES[library])] == []


def test_every_foreign_library_is_in_the_list() -> None:
    own = {"monitor", "flows", *sys.stdlib_module_names}
    foreign = {one.target.partition(".")[0] for one in IMPORTS if within(one.module, "monitor")} - own
    assert foreign <= {library.partition(".")[0] for library in HOMES}


@pytest.mark.parametrize(
    ("statement", "unloaded"),
    [
        pytest.param("import monitor", ["prefect", "newspaper", "aiohttp", "apprise", "pydantic"], id="the library"),
        pytest.param(
            "import monitor.cli", ["prefect", "newspaper", "aiohttp", "apprise", "trafilatura"], id="the commands"
        ),
        pytest.param(
            "import monitor.pipeline", ["prefect", "newspaper", "aiohttp", "apprise", "trafilatura"], id="the pipeline"
        ),
        pytest.param("import monitor.reading", ["pydantic", "asyncio", "sqlite3", "pebble"], id="processes that read"),
        pytest.param("import monitor.store.migrations", ["numpy", "pandas"], id="the database"),
    ],
)
def test_importing_does_not_load_what_only_some_commands_need(statement: str, unloaded: list[str]) -> None:
    code = f"{statement}; import sys; print(sorted(set(sys.modules) & {set(unloaded)}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HELP = """
import contextlib, io, json, sys
from monitor.cli import program

def show(command, path, helps):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        command(["--help"], prog_name=path, standalone_mode=False)
    helps[path] = said.getvalue()
    for name, one in getattr(command, "commands", {}).items():
        show(one, f"{path} {name}", helps)
    return helps

print(json.dumps([show(program(), "haiti-monitor", {}), sorted(sys.modules)]))
"""


def test_every_command_helps_with_an_example_and_loads_nothing_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True)
    helps, loaded = json.loads(done.stdout)
    commands = {path: text for path, text in helps.items() if "COMMAND [ARGS]" not in text}
    assert len(commands) > 30
    assert [path for path, text in commands.items() if f"\n  Example:\n    {path}" not in text] == []
    assert [path for path, text in helps.items() if "..." in text.partition("Commands:")[2]] == [], "cut sentences"
    assert {"prefect", "newspaper", "pydantic", "sqlite_utils", "datasette", "jinja2", "rich", "aiohttp"}.isdisjoint(
        loaded
    )
