"""The shipped rules on the labelled headlines beside the benchmarks: as good as the README says."""

from pathlib import Path

from monitor import config
from monitor.items import read_labelled
from monitor.models import Article
from monitor.rules.score import Score

ROOT = Path(__file__).parents[1]


def test_the_shipped_rules_are_as_good_as_the_readme_says() -> None:
    rules = config.load(ROOT / "config.yaml", rules=True).rules
    score = Score()
    path = ROOT / "benchmarks" / "headlines.jsonl"
    with path.open(encoding="utf-8") as lines:
        for item, labels in read_labelled(lines, path.name):
            article = Article(0, item.title, item.summary, item.text, item.source, item.language)
            score.add(labels, item.language, rules.signals(article))
    assert score.items == 220
    assert score.any_change.wrong == 0
    assert score.any_change.f1 is not None
    assert score.any_change.f1 > 0.94
    assert score.micro.f1 is not None
    assert score.micro.f1 > 0.89
    assert score.stage_accuracy is not None
    assert score.stage_accuracy > 0.91
