"""The pages as people see them: in a real browser, by day and by night, wide and on a phone, with axe-core's check."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Screen, needs_browser, opened

pytestmark = needs_browser
WIDE = {"width": 1200, "height": 900}
OURS = ["/", "/timeline", "/volume?since=all", "/feeds", "/search?q=force", "/developments/1"]
DATASETTES = ["/monitor", "/monitor/articles", "/monitor/developments/1", "/monitor/reported_first"]


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility checker axe-core, from the npm registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [npm, "pack", "axe-core@4", "--silent"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        pytest.skip(f"axe-core cannot be fetched: {done.stderr[-200:]}")
    with tarfile.open(folder / done.stdout.split()[-1]) as packed:
        script = packed.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def faults(screen: Screen, axe: str) -> list[str]:
    """What axe-core finds that is serious or critical, with where."""
    # Straight into the page: its policy lets no script in.
    found: dict[str, Any] = screen.value(f"async () => {{ {axe}; return await axe.run(document) }}")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("dark", "viewport"), [(False, WIDE), (True, None)], ids=["wide and light", "phone and dark"])
def test_every_page_of_ours_is_accessible_quiet_and_asks_nobody_else(
    site: str, axe: str, dark: bool, viewport: dict[str, int] | None
) -> None:
    with opened(dark=dark, viewport=viewport) as screen:
        for path in OURS:
            screen.page.goto(site + path)
            assert faults(screen, axe) == [], path
            assert screen.value("() => document.documentElement.scrollWidth <= window.innerWidth"), path
        assert screen.complaints == []
        assert [url for url in screen.asked if not url.startswith(site)] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_datasettes_pages_are_accessible_quiet_and_ask_nobody_else(site: str, axe: str, dark: bool) -> None:
    with opened(dark=dark, viewport=WIDE) as screen:
        for path in DATASETTES:
            screen.page.goto(site + path)
            assert faults(screen, axe) == [], path
        assert screen.complaints == []
        assert [url for url in screen.asked if not url.startswith(site)] == []


def test_search_is_found_by_keyboard_and_finds(site: str) -> None:
    with opened(viewport=WIDE) as screen:
        screen.page.goto(site + "/")
        screen.page.keyboard.press("Tab")
        assert screen.value("() => document.activeElement.textContent") == "To the content"
        while screen.value("() => document.activeElement.textContent") != "Search":
            screen.page.keyboard.press("Tab")
        screen.page.keyboard.press("Enter")
        screen.page.wait_for_url("**/search")
        screen.page.get_by_label("Words in headline, summary or text").fill("commander")
        screen.page.keyboard.press("Enter")
        screen.page.wait_for_url("**/search?q=commander")
        assert screen.page.locator("ol.found > li").count() > 0
        assert screen.page.locator("ol.found mark").first.inner_text().lower().startswith("commander")


def test_the_plot_has_as_many_marks_as_developments_and_each_leads_to_its_page(site: str) -> None:
    with opened(viewport=WIDE) as screen:
        screen.page.goto(site + "/monitor/developments.json?_shape=array&_size=max")
        count = len(screen.value("() => JSON.parse(document.body.innerText)"))
        screen.page.goto(site + "/timeline")
        marks = screen.page.locator("svg.timeline a.mark")
        assert marks.count() == count
        boxes = [marks.nth(i).bounding_box() for i in range(count)]
        assert all(box and box["width"] >= 8 and box["height"] >= 8 for box in boxes)
        label = marks.last.get_attribute("aria-label") or ""
        marks.last.focus()
        screen.page.keyboard.press("Enter")
        screen.page.wait_for_url("**/developments/*")
        assert screen.page.locator("h1").inner_text() in label


def test_a_script_in_a_headline_stays_text(site: str) -> None:
    with opened(viewport=WIDE) as screen:
        for path in (*OURS, *DATASETTES):
            screen.page.goto(site + path)
            assert "taken" not in screen.page.title() or "<script>" in screen.page.title(), path
        screen.page.goto(site + "/search?q=renews")
        assert "<script>document.title" in screen.page.locator("main").inner_text()


def test_the_report_is_readable_offline_from_a_file(scripted_year: Path, tmp_path: Path, axe: str) -> None:
    file = tmp_path / "week.html"
    command = [sys.executable, "-m", "monitor", "--config", str(scripted_year), "report", "-o", str(file)]
    subprocess.run([*command, "--since", "2025-01-01"], check=True, capture_output=True, timeout=60)
    for viewport in (WIDE, None):
        with opened(viewport=viewport) as screen:
            screen.page.goto(file.as_uri())
            assert faults(screen, axe) == []
            assert screen.complaints == []
            assert screen.asked == [file.as_uri()]
            assert screen.value("() => document.documentElement.scrollWidth <= window.innerWidth")
