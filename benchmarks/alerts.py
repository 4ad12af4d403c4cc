"""How many alerts a year of news costs, against the developments that are in it.

    python benchmarks/alerts.py [ITEMS.jsonl] [--config config.yaml] [-v] [--json]

Without a file the scripted year of the demonstration is replayed. The items are labelled: `"change": [{"change",
"stage"}]` says what each tells, `"event"` of which event (else items that tell the same within five days are one).
A development is an event with one of its changes and stages.

alerts    how many were told, and how many there are for each development
told      the part of the developments of which a report is in a development that was told
twice     alerts that told a development at a stage that was told before
false     alerts of a report that is labelled with no such change
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from monitor import config as configuration
from monitor.cli.replaying import replay

_SAME = timedelta(days=5)
Key = tuple[str, str, str]
"""An event, its change and its stage."""


def developments(items: Iterable[Mapping[str, Any]]) -> dict[str, set[Key]]:
    """By item, the true developments that it tells."""
    latest: dict[tuple[str, str], tuple[datetime | None, str]] = {}
    found: dict[str, set[Key]] = {}
    for item in sorted(items, key=lambda item: str(item["published"])):
        at = _moment(item["published"])
        for label in item.get("change", ()):
            pair = (label["change"], label["stage"])
            event = item.get("event") or _event(latest.get(pair), at, item["id"])
            latest[pair] = (at, event)
            found.setdefault(item["id"], set()).add((event, *pair))
    return found


def _event(last: tuple[datetime | None, str] | None, at: datetime | None, item: str) -> str:
    same = last is not None and last[0] is not None and at is not None and at - last[0] <= _SAME
    return last[1] if last is not None and same else item


def _moment(published: str | None) -> datetime | None:
    if not published:
        return None
    return datetime.fromisoformat(f"{published}-01-01"[:10] if len(published) < 10 else published[:10])


def measure(items: list[dict[str, Any]], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a replay."""
    true = developments(items)
    alerts = [(row, alert) for row in rows for alert in row["alerts"]]
    times: Counter[Key] = Counter()
    false = []
    for row, alert in alerts:
        of_change = {key for key in true.get(alert["article"], ()) if key[1] == row["change"]}
        times.update(of_change)
        if not of_change:
            false.append(f"{alert['at'][:10]} {row['change']} {row['stage']}: {alert['article']}")
    known = {key for keys in true.values() for key in keys}
    reached = set(_reached(rows, true))
    return {
        "items": len(items),
        "developments": len(known),
        "alerts": len(alerts),
        "alerts per development": round(len(alerts) / len(known), 2),
        "told": round(len(reached) / len(known), 3),
        "twice": sum(count - 1 for count in times.values()),
        "false": false,
        "missed": sorted(map(" ".join, known - reached)),
    }


def _reached(rows: Iterable[dict[str, Any]], true: Mapping[str, set[Key]]) -> Iterator[Key]:
    for row in rows:
        if row["alerts"]:
            for article in row["articles"]:
                yield from (key for key in true.get(article, ()) if key[1] == row["change"])


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).parents[1] / "config.yaml")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    config = configuration.load(options.config)
    with as_file(options.file or files("monitor.demo") / "news.jsonl") as file:
        items = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        found = measure(items, replay(config, file, None))
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        print(f"{name:24} {len(value) if isinstance(value, list) else value}")
        for line in value if isinstance(value, list) and options.verbose else ():
            print(f"    {line}")


if __name__ == "__main__":
    main()
