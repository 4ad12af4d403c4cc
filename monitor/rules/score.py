"""How good rules are on labelled items: precision, recall and F1, with every wrong item.

precision = right / all that was found, recall = right / all that should be found, F1 = their harmonic mean
(van Rijsbergen, Information Retrieval, 1979). "Any change" asks only whether an item was alarmed; the figures per
change count each pair of item and change (micro average).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.items import Labels
from monitor.models import Signal
from monitor.rules.nodes import SEARCHED


@dataclass(slots=True)
class Tally:
    """Right, wrongly found, missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, wanted: bool, found: bool) -> None:
        """One more decision."""
        self.right += wanted and found
        self.wrong += found and not wanted
        self.missed += wanted and not found

    @property
    def precision(self) -> float | None:
        """None where nothing was found."""
        return _share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float | None:
        """None where there was nothing to find."""
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float | None:
        """None where there was nothing to find and nothing was found."""
        return _share(2 * self.right, 2 * self.right + self.wrong + self.missed)


@dataclass(slots=True)
class Score:
    """Everything that is counted over some items."""

    items: int = 0
    any_change: Tally = field(default_factory=Tally)
    micro: Tally = field(default_factory=Tally)
    changes: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    languages: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    classes: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    counts: Counter[str] = field(default_factory=Counter)
    """How many items there are of each class."""
    stages_right: int = 0
    stages: int = 0
    """The changes found that are there: those whose stage can be right."""

    def add(self, label: Labels, language: str | None, signals: Sequence[Signal]) -> bool:
        """Counts an item and says whether all about it was right."""
        found = stages_told(signals)
        self.items += 1
        self.counts[label.kind] += 1
        for tally in (self.any_change, self.languages[language or "unknown"], self.classes[label.kind]):
            tally.count(bool(label.changes), bool(found))
        for change in {*label.changes, *found}:
            for tally in (self.micro, self.changes[change]):
                tally.count(change in label.changes, change in found)
        both = label.changes.keys() & found.keys()
        right = sum(found[change] == label.changes[change] for change in both)
        self.stages += len(both)
        self.stages_right += right
        return label.changes.keys() == found.keys() and right == len(both)

    @property
    def stage_accuracy(self) -> float | None:
        """The share of the changes found whose stage is right; None where none was found."""
        return _share(self.stages_right, self.stages)

    @property
    def quiet(self) -> int:
        """How many items have no change; `any_change.wrong` of them were alarmed."""
        return self.items - self.any_change.right - self.any_change.missed


def stages_told(signals: Iterable[Signal]) -> dict[str, str]:
    """The stage that would be told of each change: that of the signal nearest to the headline."""
    ordered = sorted(signals, key=lambda s: (SEARCHED.index(s.field), s.start))
    return {signal.change: signal.stage for signal in reversed(ordered)}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
