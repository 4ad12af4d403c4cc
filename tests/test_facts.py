"""The shipped watch, over news of the dated facts in several languages with copies and traps, tells those facts again.

The news was written for this test; dates, names and figures are those of the real events.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor import config as configuration
from monitor.cli.replaying import replay
from monitor.store import developments, open_store

ROOT = Path(__file__).parents[1]
NEWS = Path(__file__).parent / "samples" / "facts" / "news.jsonl"
FACTS = [
    ("2023-07-29", "leadership", "proposed", "Kenya offers to lead"),
    ("2023-10-02", "mandate", "decided", "authorises Kenya-led security mission"),
    ("2024-01-26", "rules", "blocked", "High Court rules police deployment to Haiti unconstitutional"),
    ("2024-03-12", "composition", "blocked", "Kenya suspends deployment"),
    ("2024-06-24", "leadership", "decided", "Godfrey Otunge commander"),
    ("2024-06-25", "composition", "effective", "First 400 Kenyan police officers arrive"),
    ("2024-09-30", "mandate", "decided", "extends Haiti mission"),
    ("2025-02-25", "funding", "proposed", "Guterres proposes UN logistical support"),
    ("2025-05-20", "leadership", "proposed", "OAS should lead"),
    ("2025-06-27", "mandate", "decided", "OAS General Assembly adopts"),
    ("2025-08-28", "mandate", "proposed", "US and Panama propose Gang Suppression Force"),
    ("2025-09-30", "mandate", "decided", "approves Gang Suppression Force"),
    ("2025-10-02", "leadership", "effective", "Kenya's lead role in Haiti ends"),
    ("2025-12-02", "leadership", "decided", "Jack Christofides named special representative"),
    ("2025-12-08", "composition", "effective", "230 police officers arrives"),
    ("2026-02-17", "composition", "effective", "Kenya begins to withdraw its police"),
    ("2026-03-21", "composition", "decided", "Chad to send 800"),
    ("2026-04-14", "composition", "effective", "First new contingents"),
]
ALSO_TRUE = 2
"""Told besides, and rightly: the force authorised in 2023 has a lead, and the court stops the sending of officers."""
TRAPS = [
    "Ohio", "reshuffles", "transitional council", "patrol the market", "Somalia", "look back", "Gold Cup",
]  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    database = tmp_path_factory.mktemp("facts") / "facts.db"
    rows = replay(configuration.load(ROOT / "config.yaml"), NEWS, database)
    with open_store(database) as store:
        yield {
            "rows": rows,
            "timeline": [row for row in developments.timeline(store) if row["told_at"]],
            "situation": {row["change"]: row for row in developments.situation(store)},
            "titles": store.rows("select a.title from development_articles d join articles a on a.id = d.article"),
            "course": lambda title: developments.course(
                store, store.rows("select id from developments where title like ?", f"%{title}%")[0]["id"]
            ),
        }


@pytest.mark.parametrize("fact", FACTS, ids=[f"{day} {what}" for day, _, _, what in FACTS])
def test_each_fact_is_told_on_its_day_at_its_stage_once(fact: tuple[str, str, str, str], told: dict[str, Any]) -> None:
    day, change, stage, what = fact
    found = [
        row for row in told["timeline"] if (row["change"], row["stage"], row["since"][:10]) == (change, stage, day)
    ]
    assert len(found) == 1
    assert what in found[0]["title"]
    assert found[0]["sentence"]
    assert found[0]["outlets"] > 1


def test_facts_and_their_order_are_what_the_timeline_tells(told: dict[str, Any]) -> None:
    rows = [(row["since"][:10], row["change"], row["stage"]) for row in told["timeline"]]
    assert [row for row in rows if row in {fact[:3] for fact in FACTS}] == [fact[:3] for fact in FACTS]


def test_no_trap_belongs_to_a_development(told: dict[str, Any]) -> None:
    titles = [row["title"] for row in told["titles"]]
    assert [trap for trap in TRAPS if any(trap in title for title in titles)] == []


def test_one_event_is_one_alert(told: dict[str, Any]) -> None:
    alerts = [alert for row in told["rows"] for alert in row["alerts"]]
    assert len(alerts) <= 1.2 * (len(FACTS) + ALSO_TRUE)
    stages = Counter((row["development"], alert["kind"]) for row in told["rows"] for alert in row["alerts"])
    assert set(stages.values()) == {1}


def test_the_situation_is_what_stands_at_the_end(told: dict[str, Any]) -> None:
    stands = {change: (row["stage"], (row["since"] or "")[:10]) for change, row in told["situation"].items()}
    assert stands == {
        "leadership": ("decided", "2025-12-02"),
        "mandate": ("decided", "2025-09-30"),
        "composition": ("effective", "2026-04-14"),
        "funding": (None, ""),
        "rules": ("blocked", "2024-01-26"),
    }
    assert "Christofides" in told["situation"]["leadership"]["sentence"]
    assert "Kenya" in told["situation"]["rules"]["decided_by"]
    assert "Guterres" in told["situation"]["funding"]["proposed"][-1]["sentence"]


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("Security Council authorises", ("proposed", "2023-07-29")),
        ("approves Gang Suppression Force", ("proposed", "2025-08-28")),
        ("First new contingents", ("decided", "2026-03-21")),
    ],
)
def test_a_fact_knows_what_it_followed(later: str, earlier: tuple[str, str], told: dict[str, Any]) -> None:
    course = [(row["stage"], row["since"][:10]) for row in told["course"](later)]
    assert course[-2] == earlier
