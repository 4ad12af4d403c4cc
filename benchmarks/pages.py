"""How many pages a second are asked for and read, by one worker process and by two, on a feed farm.

    python -m benchmarks.pages FARM_FOLDER [--pages 400] [--seed 1] [--envs FOLDER]

The pages have a thousand words among 120 teasers, and each is asked for once. The same once more where a tenth of them
is broken in eight ways, some of which never end.
"""

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.farming import Farm, farm
from monitor.config import Config, load
from monitor.models import PageRequest
from monitor.pipeline import ask_pages
from monitor.pipeline.manners import Hosts
from monitor.worker_pool import WorkerPool

CONFIG = """\
fetch: {{timeout: 8 s, page_pause: 0 s, allow_addresses: ["127.0.0.0/8:{port}"]}}
feeds: [{{name: one, url: "http://127.0.0.1:{port}/f/0.xml"}}]
changes: {{leadership: {{label: Leadership}}}}
concepts: {{mission: {{en: [mission]}}}}
rules: [{{id: named, change: leadership, when: mission}}]
"""


def settings(port: int) -> Config:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(CONFIG.format(port=port), encoding="utf-8")
        return load(path)


def read(config: Config, urls: list[str], workers: int) -> tuple[float, int]:
    """Seconds until all pages that answer are read, with the workers started before, and how many those are."""
    now = datetime.now(UTC)
    requests = [PageRequest(number, url) for number, url in enumerate(urls)]
    with WorkerPool(workers) as pool:
        for _ in ask_pages(config.settings.fetch, requests[:workers], now, Hosts(), pool):
            pass  # the workers have started and loaded what reads pages
        began, last, done = time.perf_counter(), 0.0, 0
        for portion in ask_pages(config.settings.fetch, requests, now, Hosts(), pool):
            if any(outcome.page for outcome in portion):
                last = time.perf_counter() - began
            done += sum(outcome.page is not None for outcome in portion)
    return last, done


def addresses(world: Farm, pages: int) -> list[str]:
    return [one["url"] for one in world.get("/truth")["articles"]][:pages]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("farm", type=Path, help="the folder of feedfarm.py")
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "farm-envs")
    options = parser.parse_args()
    world = {"feeds": options.pages // 20 + 1, "entries": 20, "latency": 0.05, "seed": options.seed, "hang": 60}
    taken = {}
    for broken in (0.0, 0.1):
        with farm(options.farm.resolve(), options.envs, broken_articles=broken, **world) as running:
            urls = addresses(running, options.pages)
            config = settings(running.port)
            for workers in (1, 2):
                seconds, done = read(config, urls, workers)
                taken[broken, workers] = rate = done / seconds
                print(f"{broken:4.0%} broken, {workers} at work: {done} pages in {seconds:.1f} s, {rate:.1f}/s")
    print(f"two read {taken[0.0, 2] / taken[0.0, 1]:.2f} times as many as one")
    print(f"where a tenth of the pages is broken, {taken[0.1, 2] / taken[0.0, 2]:.2f} times as many of the others")


if __name__ == "__main__":
    main()
