"""A real terminal of a given width, in which a program runs."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path


def on_a_terminal(words: Sequence[str], folder: Path, *, width: int = 80, **environment: str) -> tuple[int, str]:
    """Runs a program on a terminal: its exit code, and all that it showed there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    with subprocess.Popen(
        words, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=_environment(environment)
    ) as running:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
        return running.wait(60), shown.decode().replace("\r\n", "\n")


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    return {**kept, "TERM": "xterm-256color", **given}


def _read(ours: int) -> bytes:
    try:
        return os.read(ours, 65536)
    except OSError:  # how Linux says that nobody has the other end any more
        return b""
