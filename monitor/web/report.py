"""The report: one HTML file that needs nothing else, to mail to somebody who has no time."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitor.store import Row, Store, developments, looking
from monitor.web.passages import marked
from monitor.web.views import timeline_of
from monitor.web.words import Words

HERE = Path(__file__).parent
_PROPOSALS = 3
_LINKS = 6
_TOLD = 200
_DEVELOPMENTS = 300
"""More of them nobody reads; the latest stand in the report, and it says how many do not."""


def report(store: Store, words: Words, since: datetime) -> str:
    """What stands now, and what changed since a moment: timeline, evidence, coverage, and who was told."""
    shown = timeline_of(looking.stages(store, since=since, limit=_DEVELOPMENTS), words)
    known = looking.count_since(store, since)
    numbers = list(dict.fromkeys(row["development"] for row in shown["rows"] if not row["dismissed_at"]))
    alerts = looking.told(store, since)
    standing = {row["change"]: row for row in developments.situation(store)}
    order = [*(name for name in words.labels if name in standing), *sorted(set(standing).difference(words.labels))]
    engine = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    engine.filters.update(words.filters())
    return engine.get_template(
        "report.html"
    ).render(
        **shown,
        style=Markup((HERE / "static" / "site.css").read_text(encoding="utf-8")),  # noqa: S704  our own file
        since=since,
        now=words.now,
        timezone=words.timezone,
        situation=[standing[name] for name in order],
        proposals=_PROPOSALS,
        developments=[_development(store, number) for number in numbers],
        total=known,
        earlier=known - len(numbers),
        coverage=looking.coverage(store, numbers),
        alerts=alerts[:_TOLD],
        more_alerts=max(0, len(alerts) - _TOLD),
        most_links=_LINKS,
    )


def _development(store: Store, number: int) -> Row:
    found = looking.development(store, number) or {}
    for story in found["stories"]:
        article = story["first"]
        for sentence in article["sentences"]:
            sentence["parts"] = marked(sentence["sentence"], sentence["words"])
    found["parts"] = next(
        (
            (sentence["parts"], story["first"]["language"])
            for story in found["stories"]
            for sentence in story["first"]["sentences"]
            if sentence["sentence"] == found["sentence"]
        ),
        ([(found["sentence"], False)], None),
    )
    found["outlets"] = len({one["outlet"] for story in found["stories"] for one in (story["first"], *story["copies"])})
    return found
