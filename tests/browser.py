"""A real browser for tests: Debian's chromium, driven by Playwright. Without it these tests are skipped."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(
    PROGRAM is None, reason="no chromium on this machine; install it with: apt-get install chromium"
)
_PHONE = {"width": 375, "height": 720}
_QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@dataclass
class Screen:
    """A page as a person sees it, and everything that it asked a server for or complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def value(self, script: str) -> Any:
        """What a script answers in the page."""
        return self.page.evaluate(script)


@contextmanager
def opened(*, dark: bool = False, viewport: dict[str, int] | None = None) -> Iterator[Screen]:
    """An empty page on a phone (or another `viewport`), in a light or dark scheme."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        root = os.geteuid() == 0  # chromium's sandbox does not run as root
        browser = driver.chromium.launch(executable_path=PROGRAM, args=_QUIET, chromium_sandbox=not root)
        try:
            page = browser.new_page(viewport=viewport or _PHONE, color_scheme="dark" if dark else "light")
            screen = Screen(page)
            page.on("request", lambda request: screen.asked.append(request.url))
            page.on("console", lambda line: screen.complaints.append(line.text))
            page.on("pageerror", lambda error: screen.complaints.append(str(error)))
            yield screen
        finally:
            browser.close()


@contextmanager
def shown(html: str, *, dark: bool = False, viewport: dict[str, int] | None = None) -> Iterator[Screen]:
    """Shows a document."""
    with opened(dark=dark, viewport=viewport) as screen:
        screen.page.set_content(html, wait_until="load")
        yield screen


def screenshot(screen: Screen, path: Path) -> None:
    """A picture of the whole page."""
    screen.page.screenshot(path=str(path), full_page=True)
