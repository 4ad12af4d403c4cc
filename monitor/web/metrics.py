"""The figures of the monitor as Prometheus reads them. All are gauges: each is counted anew in the database."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitor.web.vitals import Level, age, troubles

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition(facts: dict[str, Any], now: datetime) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(facts, now))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, facts: dict[str, Any], now: datetime) -> None:
        self._facts, self._now = facts, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each figure with its help."""
        facts = self._facts
        unpolled, failing = facts["feeds_unpolled"], facts["feeds_failing"]
        states = {"failing": failing, "unpolled": unpolled, "working": facts["feeds"] - failing - unpolled}
        yield _by_state("feeds", "Feeds of the configuration by how they do.", states)
        yield _one("articles", "Articles that are stored.", facts["articles"])
        yield _one("pages_waiting", "Pages of articles that are still to be read.", facts["pages_waiting"])
        yield _one("developments", "Developments that were found.", facts["developments"])
        alerts = {state: facts[f"alerts_{state}"] for state in ("queued", "sent", "failed")}
        yield _by_state("alerts", "Alerts: those that wait, that were sent, that were given up.", alerts)
        waiting = age(facts["alerts_waiting_since"], self._now) or 0.0
        yield _one("alerts_oldest_queued_age_seconds", "How long the oldest alert waits; 0 if none does.", waiting)
        for name, about in (("last_poll", "feeds were asked"), ("last_good_poll", "a feed answered well")):
            seconds = age(facts[name], self._now)
            if seconds is not None:  # none at all is no age
                yield _one(f"{name}_age_seconds", f"Since {about} last.", seconds)
        yield _one("database_bytes", "Size of the database.", facts["database_bytes"])
        found = [trouble.level for trouble in troubles(facts, self._now)]
        levels = GaugeMetricFamily("haiti_monitor_troubles", "What is not well, by how much.", labels=["level"])
        for level in Level:
            levels.add_metric([level.name.lower()], found.count(level))
        yield levels


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"haiti_monitor_{name}", about, value=value)


def _by_state(name: str, about: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"haiti_monitor_{name}", about, labels=["state"])
    for state, value in values.items():
        family.add_metric([state], value)
    return family
