"""One whole pass in a process of its own that kills itself (SIGKILL) at a named step of the path.

    python -m benchmarks.crashing CONFIG MOMENT [STEP] [--time N]

MOMENT is the time of the pass in ISO 8601, so that feeds and retries have their turn without waiting. It says `begun`
when the pass begins; without a STEP it goes on to the end. With `--time N` it is killed at the Nth time of the step.
The product knows nothing of this: its functions are wrapped here.
"""

import argparse
import functools
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

from monitor import config as configuration
from monitor.notify import Notifier
from monitor.pipeline import alerts, feeds, pages, run_pass, signals
from monitor.store import alerts as outbox
from monitor.store import articles, open_store


class Step(NamedTuple):
    """Where a process dies: before a function is called, or after it has returned."""

    when: Literal["before", "after"]
    home: Any
    function: str


STEPS = {
    "after the fetch": Step("before", feeds, "store_feeds"),
    "while the entries are written": Step("after", feeds, "_store_entries"),
    "after the entries are stored": Step("after", feeds, "store_feeds"),
    "after the page": Step("before", pages, "store_pages"),
    "after the page is stored": Step("after", pages, "store_pages"),
    "while matches are written": Step("after", articles, "matched"),
    "after the match": Step("after", signals, "store_matches"),
    "while alerts are queued": Step("after", signals, "queue_alerts"),
    "between queue and send": Step("before", alerts, "send_alerts"),
    "after an alert is claimed": Step("before", Notifier, "send"),
    "after the send, before it is recorded": Step("after", Notifier, "send"),
    "while the send is recorded": Step("after", outbox, "sent"),
    "before the search's index": Step("before", feeds, "index_articles"),
}


def die_at(step: Step, time: int) -> None:
    """Makes this process die at the given time of a step."""
    times = count(1)
    really: Callable[..., Any] = getattr(step.home, step.function)

    def perhaps_die() -> None:
        if next(times) == time:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(really)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if step.when == "before":
            perhaps_die()
        answer = really(*arguments, **named)
        if step.when == "after":
            perhaps_die()
        return answer

    setattr(step.home, step.function, wrapped)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("moment", type=datetime.fromisoformat)
    parser.add_argument("step", nargs="?", choices=STEPS)
    parser.add_argument("--time", type=int, default=1)
    options = parser.parse_args()
    if options.step:
        die_at(STEPS[options.step], options.time)
    config = configuration.load(options.config)
    print("begun", flush=True)
    with open_store(config.database_path) as store:
        report = run_pass(config, store, lambda: options.moment, show=print)
    print(f"{len(report.feeds)} feeds asked, {report.sent.sent} alerts sent", file=sys.stderr)


if __name__ == "__main__":
    main()
