"""A mail as people see it: on a phone, by day and by night."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.messages import compose, digest
from monitor.models import AlertFacts, Evidence
from tests.browser import Screen, needs_browser, shown

LONG = "https://example.org/" + "a-very-long-address-without-a-break-" * 8
SENTENCE = "The council named Norland as the new lead of the force, <script>document.title='taken'</script> it said."
FACTS = AlertFacts(
    kind="stage",
    development=3,
    change="leadership",
    stage="decided",
    severity="high",
    title="Council names a new lead",
    actors=("Norland", "Sudland"),
    first_seen=datetime(2026, 5, 1, 9, tzinfo=UTC),
    evidence=(
        Evidence("Wire", "Council names a new lead for the force", LONG, SENTENCE, "handover", language="en"),
        Evidence("Le Môle", "Le conseil choisit", "https://example.net/b", "Le conseil a choisi.", "handover"),
    ),
    outlets=2,
    stories=2,
    also=("funding proposed",),
    follows="proposed on 20 May 2025, 14 outlets",
)
CONTRAST = """
() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const leaves = [...document.querySelectorAll('body *')].filter(n => [...n.childNodes].some(
    c => c.nodeType === 3 && c.textContent.trim()));
  return Math.min(...leaves.map(n => {
    const [a, b] = [light(parse(getComputedStyle(n).color)), light(behind(n))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
}
"""

pytestmark = needs_browser


def check_readable(screen: Screen) -> None:
    assert screen.value("() => document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
    sizes = screen.value("() => [...document.querySelectorAll('p, blockquote')].map(n => getComputedStyle(n).fontSize)")
    assert min(float(size.removesuffix("px")) for size in sizes) >= 14
    assert screen.value(CONTRAST) >= 4.5, "WCAG 2.2, 1.4.3"


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_an_alert_is_readable_on_a_phone_and_loads_nothing(dark: bool) -> None:
    with shown(compose(FACTS).html, dark=dark) as screen:
        check_readable(screen)
        background = screen.value("() => getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(20, 22, 26)" if dark else "rgb(243, 244, 246)")
        text = screen.value("() => document.body.innerText")
        for part in (
            "Council names a new lead for the force",
            "New stage in leadership: decided.",
            "Norland, Sudland",
            "2 outlets in 2 independent stories",
            "Follows: proposed on 20 May 2025, 14 outlets",
            "Also: funding proposed",
            "rule handover",
        ):
            assert part in text
        assert (screen.asked, screen.complaints) == ([], [])


def test_markup_from_the_web_is_text_and_does_nothing() -> None:
    with shown(compose(FACTS).html) as screen:
        assert "<script>document.title='taken'</script>" in screen.value("() => document.body.innerText")
        assert screen.value("() => document.title") != "taken"
        assert screen.value("() => document.querySelectorAll('script').length") == 0
        links = screen.value("() => [...document.links].map(link => link.protocol)")
        assert set(links) == {"https:"}


def test_a_digest_is_readable_too() -> None:
    second = replace(FACTS, change="funding", evidence=FACTS.evidence[1:])
    page = digest([compose(FACTS), compose(second)], title="2 alerts: Leadership, Funding")
    with shown(page.html) as screen:
        check_readable(screen)
        assert screen.value("() => document.querySelectorAll('.card').length") == 2
