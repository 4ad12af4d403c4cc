"""The embedded Prefect server: one child process with the API, the scheduler and the UI.

It is a session of its own, so that Ctrl-C in the terminal reaches the service first, and it holds the reading end of
a pipe whose other end only the service has: however the service ends, the server ends too.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import MonitorError
from monitor.web.guarding import OnlyLocal, is_loopback

START_SECONDS = 180.0
"""A first start creates the server's database: 10 s on a fast machine, far more on a small one."""

LOG_BYTES = 5_000_000
"""The log and the one before it are each not much larger, however long the service runs."""


class ServiceError(MonitorError):
    """The service cannot start, or cannot go on."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, its addresses, and the file with what it says."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    @property
    def api(self) -> str:
        return f"{self.url}/api"


def start(home: Path, host: str, port: int) -> Server:
    """Starts a server with its state in `home`; it is not ready yet. Raises ServiceError where the port is taken."""
    _need_free_port(host, port)
    log = home / "server.log"
    turn_over(log, 0)
    with log.open("ab") as output:  # appending: what comes after the file was cut goes to its beginning
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.server", host, str(port)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(process, f"http://{_reachable(host)}:{port}", log)


def wait_until_ready(server: Server) -> None:
    """Waits for the server's health. Raises ServiceError where it ends or does not come up in time."""
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(server.api):
        if server.process.poll() is not None:
            raise ServiceError(f"The Prefect server did not start.\n{last_words(server)}")
        if time.monotonic() > deadline:
            raise ServiceError(f"The Prefect server is not ready after {START_SECONDS:.0f} s; see {server.log}")
        time.sleep(0.1)


def stop(server: Server, seconds: float) -> None:
    """Ends the server, after `seconds` by force."""
    server.process.terminate()
    try:
        server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


def turn_over(log: Path, most: int = LOG_BYTES) -> None:
    """Moves what stands in a log into the file `.1` beside it, in place of what stood there, if it is more than that.

    The server goes on writing to the log meanwhile: it is emptied, not renamed.
    """
    if log.exists() and log.stat().st_size > most:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def last_words(server: Server) -> str:
    """The end of the server's log, for an error message."""
    lines = server.log.read_text(errors="replace").splitlines()
    return "\n".join([f"The end of {server.log}:", *lines[-15:]])


def need_answer(api: str) -> None:
    """Raises ServiceError where nobody answers at the address of a server that is not ours."""
    try:
        urllib.request.urlopen(f"{api}/health", timeout=20).close()  # noqa: S310
    except urllib.error.HTTPError:
        return  # an answer, if only that one has to log in
    except OSError as error:
        raise ServiceError(
            f"No Prefect server answers at {api}, to which PREFECT_API_URL points: {error}. "
            "Start it, or unset PREFECT_API_URL: the service then starts one of its own."
        ) from error


def _need_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server does it: a port that still has old connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServiceError(
                f"The service cannot listen on {host}:{port}: {error.strerror}. "
                "Stop what uses that port, or set another one at service: port: in the configuration."
            ) from error


def _reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{name}]" if ":" in name else name


def is_healthy(api: str) -> bool:
    """Whether a server answers that it is well."""
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def _end_with_parent() -> None:
    """Blocks until the service is gone, and ends this process at once: the port must be free for the next service."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _main() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    host, port = sys.argv[1], int(sys.argv[2])
    # Prefect lets every page that is open in a browser here read its API, secrets included, and change it.
    guard = OnlyLocal if is_loopback(host) else (lambda application: application)
    # The UI keeps connections open, and the service waits only a few seconds for its server.
    application = guard(create_app(final=True))
    uvicorn.run(application, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    _main()
