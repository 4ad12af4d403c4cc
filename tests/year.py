"""The scripted year of the demonstration in a database, with one hostile headline more, and the pages over it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from monitor import config as configuration
from monitor.cli.replaying import replay
from monitor.shipped import shipped_files
from monitor.store import articles, open_store

HOSTILE = (
    "Security Council renews the mandate of the Gang Suppression Force in Haiti "
    "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
)
_ITEM = {
    "id": "hostile",
    "url": "javascript:document.title='taken'",
    "source": "Evil <b>Wire</b>",
    "published": "2026-03-28T10:00:00Z",
    "language": "en",
    "title": HOSTILE,
    "summary": "",
}


def scripted_year(folder: Path) -> Path:
    """Replays the news into `monitor.db` beside the shipped configuration, whose path is the answer."""
    files = dict(shipped_files())
    text = re.sub(r"^database:.*$", "database: monitor.db", files["config.yaml"], flags=re.MULTILINE)
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "config.schema.json").write_text(files["config.schema.json"], encoding="utf-8")
    news = folder / "news.jsonl"
    scripted = (resources.files("monitor.demo") / "news.jsonl").read_text(encoding="utf-8")
    items = [json.loads(line) for line in scripted.splitlines()] + [_ITEM]
    for item in items[:-1]:
        item["url"] = f"https://news.example{item['url']}"
    news.write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    config = configuration.load(path)
    replay(config, news, config.database_path)
    with open_store(config.database_path) as store, store.transaction():
        articles.index(store)
    return path


@contextmanager
def pages(config: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """`haiti-monitor inspect` as a process of its own; answers its address without the last slash."""
    command = [sys.executable, "-m", "monitor", "--config", str(config), "inspect", "--port", "0", *options]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}, bufsize=1
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.match(r"(http://\S+)/ shows", line)
        assert found, line + process.stderr.read()
        yield found[1]
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stderr.close()
