"""`haiti-monitor service`: lets systemd keep the service of this user running."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.context import AsJson, of
from monitor.cli.output import details, emit, say
from monitor.errors import MonitorError, UsageError

app = typer.Typer(name="service", help="The service kept running by systemd, for this user.", no_args_is_help=True)
Name = Annotated[str, typer.Option(help="Of the unit, where several configurations are served.")]
NAME = "haiti-monitor"


@app.command("install")
def install(
    context: typer.Context,
    name: Name = NAME,
    no_start: Annotated[bool, typer.Option("--no-start", help="Only write the unit.")] = False,
) -> None:
    """Writes a unit for this configuration and starts it. Example: haiti-monitor service install"""
    from monitor.systemd import secrets_of, unit

    path = of(context).path.resolve()
    config = of(context).config()
    target = _target(name)
    try:
        # The unit names it, and one that names what is not there does not start.
        config.database_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = unit(name, Path(sys.executable).absolute(), path, config.database_path)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"{error.filename} cannot be written: {error.strerror}") from error
    say(f"wrote {target}; secrets of channels belong as NAME=value into {secrets_of(path)} (chmod 600)")
    if no_start:
        say(f"start it with: systemctl --user daemon-reload && systemctl --user enable --now {name}")
        return
    for words in (["daemon-reload"], ["enable", name], ["restart", name]):
        _systemctl(*words)
    say(f"{name} runs; what it says: journalctl --user -u {name} -f")
    say("to keep it running while you are not logged in: loginctl enable-linger")


@app.command("uninstall")
def uninstall(name: Name = NAME) -> None:
    """Stops it and removes its unit; data stay. Example: haiti-monitor service uninstall"""
    target = _target(name)
    if not target.exists():
        raise MonitorError(f"there is no {target}; nothing is removed")
    try:
        _systemctl("disable", "--now", name)
    except MonitorError as error:
        say(f"haiti-monitor: {error}")
    target.unlink()
    say(f"removed {target}; data and configuration stay")
    if _reached():
        _systemctl("daemon-reload")


@app.command("status")
def status(name: Name = NAME, as_json: AsJson = False) -> None:
    """Whether there is a unit, and how it does. Example: haiti-monitor service status"""
    target = _target(name)
    reached = _reached()
    row = {
        "unit": str(target),
        "installed": "yes" if target.exists() else "no: haiti-monitor service install",
        "enabled": _asked("is-enabled", name) if reached else None,
        "active": _asked("is-active", name) if reached else None,
        "systemd": "reached" if reached else "not reached: this user has no systemd here",
    }
    if as_json:
        emit([row])
    else:
        details(row, timezone="UTC")


def _target(name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,80}", name):
        raise UsageError(f"{name!r} is no name for a unit; take letters, digits and hyphens")
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "systemd" / "user" / f"{name}.service"


def _reached() -> bool:
    """Whether a systemd serves this user: in a container there is none."""
    return bool(_asked("show-environment"))


def _asked(*words: str) -> str:
    """What `systemctl --user` prints, nothing where there is none."""
    program = shutil.which("systemctl")
    if program is None:
        return ""
    return subprocess.run(
        [program, "--user", *words], capture_output=True, text=True, check=False, timeout=60
    ).stdout.strip()


def _systemctl(*words: str) -> None:
    """Raises MonitorError with systemd's words, and what to do without it."""
    program = shutil.which("systemctl")
    if program is None or not _reached():
        raise MonitorError(
            "this user has no systemd here (a container, or no login session): "
            "let what starts other programs here start `haiti-monitor run`, or log in as the user, not through su"
        )
    done = subprocess.run([program, "--user", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MonitorError(f"systemctl --user {' '.join(words)} failed: {done.stderr.strip()}")
