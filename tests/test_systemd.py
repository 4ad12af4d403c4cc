"""`haiti-monitor service`: the unit, judged by systemd itself, and what is asked of systemctl."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.systemd import unit

ANALYZE = shutil.which("systemd-analyze")
judged = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here (apt-get install systemd)")
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "{log}"
case "$*" in *show-environment*) {reached} ;; *is-active*) echo active ;; *is-enabled*) echo enabled ;; esac
"""


@dataclass(frozen=True)
class Home:
    """A user's home, with a systemctl that writes down what it is asked; a systemd of the user cannot be had here."""

    folder: Path
    log: Path

    @property
    def unit(self) -> Path:
        return self.folder / ".config" / "systemd" / "user" / "haiti-monitor.service"

    def __call__(self, *words: str, reached: bool = True) -> "subprocess.CompletedProcess[str]":
        tools = self.folder / "bin"
        tools.mkdir(exist_ok=True)
        program = tools / "systemctl"
        program.write_text(SYSTEMCTL.format(log=self.log, reached="echo HOME=x" if reached else "exit 1"))
        program.chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if name != "XDG_CONFIG_HOME"}
        return subprocess.run(
            [sys.executable, "-m", "monitor", "--config", str(self.folder / "config.yaml"), "service", *words],
            env={**environment, "HOME": str(self.folder), "PATH": f"{tools}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> list[str]:
        """What systemctl was asked to do."""
        words = self.log.read_text().splitlines() if self.log.exists() else []
        return [one.removeprefix("--user ") for one in words if not one.endswith("show-environment")]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "config.yaml").write_text("database: data/monitor.db\n", encoding="utf-8")
    return Home(tmp_path, tmp_path / "asked.txt")


def analyze(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    assert ANALYZE
    settings = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    return subprocess.run([ANALYZE, *words], env=settings, capture_output=True, text=True, check=False)


def write(folder: Path, *, place: str = "news") -> Path:
    """A unit for a configuration in a folder of that name."""
    config = folder / place / "config.yaml"
    config.parent.mkdir()
    target = folder / "haiti-monitor.service"
    target.write_text(unit("haiti-monitor", Path(sys.executable), config, config.parent / "data" / "monitor.db"))
    return target


@judged
@pytest.mark.parametrize("place", ["news", 'my news 100% "$HOME" \\ new'])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, place: str) -> None:
    done = analyze("verify", "--user", str(write(tmp_path, place=place)), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@judged
def test_systemd_finds_something_wrong_with_a_wrong_unit(tmp_path: Path) -> None:
    """Otherwise the test before would hold for nothing."""
    target = write(tmp_path)
    target.write_text(target.read_text().replace("UMask=", "UMasks="))
    assert "UMasks" in analyze("verify", "--user", str(target), folder=tmp_path).stderr


@judged
def test_systemd_calls_the_unit_well_locked(tmp_path: Path) -> None:
    done = analyze("security", "--offline=true", "--threshold=60", str(write(tmp_path)), folder=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_memory_is_bounded_and_a_run_that_wants_more_does_not_end_the_service(tmp_path: Path) -> None:
    lines = write(tmp_path).read_text().splitlines()
    assert {"MemoryHigh=1500M", "MemoryMax=2500M", "OOMPolicy=continue"} <= set(lines)


def test_odd_names_of_folders_stay_themselves(tmp_path: Path) -> None:
    text = write(tmp_path, place='a "b" 100% $c').read_text()
    assert f'--config "{tmp_path}/a \\"b\\" 100%% $$c/config.yaml" run' in text
    assert f'WorkingDirectory={tmp_path}/a "b" 100%% $c\n' in text
    assert f'"{tmp_path}/a \\"b\\" 100%% $c/data"' in text


def test_a_unit_is_written_enabled_and_started(home: Home) -> None:
    done = home("install")
    assert done.returncode == 0, done.stderr
    assert f'-m monitor --config "{home.folder}/config.yaml" run' in home.unit.read_text()
    assert home.asked() == ["daemon-reload", "enable haiti-monitor", "restart haiti-monitor"]
    assert (home.folder / "data").stat().st_mode & 0o777 == 0o700
    assert "journalctl --user -u haiti-monitor" in done.stderr
    assert "enable-linger" in done.stderr


def test_a_second_configuration_has_a_unit_of_its_own(home: Home) -> None:
    assert home("install", "--name", "other-watch", "--no-start").returncode == 0
    assert home.unit.with_name("other-watch.service").exists()
    assert not home.unit.exists()
    assert home.asked() == []


def test_without_a_systemd_the_unit_is_written_and_people_are_told_what_to_do(home: Home) -> None:
    done = home("install", reached=False)
    assert done.returncode == 1
    assert home.unit.exists()
    assert "this user has no systemd here" in done.stderr
    assert "`haiti-monitor run`" in done.stderr


def test_a_removed_unit_is_stopped_first(home: Home) -> None:
    home("install", "--no-start")
    assert home("uninstall").returncode == 0
    assert not home.unit.exists()
    assert home.asked() == ["disable --now haiti-monitor", "daemon-reload"]
    assert (home.folder / "config.yaml").exists()


def test_what_is_not_installed_cannot_be_removed(home: Home) -> None:
    done = home("uninstall")
    assert (done.returncode, "nothing is removed" in done.stderr) == (1, True)


def test_its_status_is_told_with_and_without_a_systemd(home: Home) -> None:
    assert re.search(r"^installed +no: haiti-monitor service install$", home("status").stdout, re.MULTILINE)
    home("install", "--no-start")
    told = home("status").stdout
    assert re.search(r"^installed +yes$", told, re.MULTILINE)
    assert re.search(r"^active +active$", told, re.MULTILINE)
    assert '"active": null' in home("status", "--json", reached=False).stdout


@pytest.mark.parametrize("name", ["../../evil", "a b", "", "-x"])
def test_a_name_that_is_none_for_a_unit_is_refused(home: Home, name: str) -> None:
    done = home("install", f"--name={name}")
    assert (done.returncode, "no name for a unit" in done.stderr) == (2, True)


def test_a_wrong_configuration_is_not_installed(home: Home) -> None:
    (home.folder / "config.yaml").write_text("feedz: []\n", encoding="utf-8")
    assert home("install").returncode == 2
    assert not home.unit.exists()
