"""Edge: processes that read feeds beside the one that asks and stores, since one processor is not enough for all three.

Each is this module as a program, with nothing loaded that reading does not need, at the other end of a socket. Work and
answers are pickles with their length before them. A process ends with its socket, so that none outlives the service.
"""

import gc
import logging
import os
import pickle
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.errors import ParseError
from monitor.identity import candidates
from monitor.models import FeedState, ParsedFeed, Response
from monitor.parse import parse_quickly

FEW_COLLECTIONS = 50_000
"""New objects between two searches for garbage: reading makes very many, none of them in a circle."""

Job = tuple[FeedState, Response, datetime]
Brought = ParsedFeed | ParseError | None
_log = logging.getLogger(__name__)
_LENGTH = struct.Struct("!Q")


def read_quickly(jobs: Sequence[Job]) -> list[Brought]:
    """What feeds say, with the candidates that they bring; None for one that only feedparser can read."""
    return [_read_one(*job) for job in jobs]


def _read_one(feed: FeedState, answer: Response, now: datetime) -> Brought:
    try:
        parsed = parse_quickly(answer.body, url=answer.url, now=now, headers=answer.headers, seen=feed.seen)
        # The candidates hold the entries: sent twice between processes, these would cost as much as reading them.
        return parsed and replace(parsed, entries=(), candidates=tuple(candidates(feed, parsed)))
    except ParseError as error:
        return error
    except Exception:  # noqa: BLE001  whatever is odd about one feed must not cost the others theirs; feedparser is asked
        _log.exception("the feed %s could not be read quickly", feed.name)
        return None


class ReaderProcess:
    """A process that reads feeds. It takes work from the first moment, and answers once it is up."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=theirs.fileno(),
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # it never hears Ctrl-C, which a terminal sends to all
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def read(self, jobs: Sequence[Job]) -> list[Brought]:
        """`read_quickly` there; blocks. Raises OSError or EOFError where the process has ended."""
        _send(self._socket, jobs)
        found: list[Brought] = _received(self._socket)
        return found

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._socket.close()


def serve(connection: socket.socket) -> None:
    """Reads feeds for the other end until that is closed."""
    with suppress(EOFError, OSError):
        while True:
            _send(connection, read_quickly(_received(connection)))


def _send(connection: socket.socket, what: Any) -> None:
    content = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    connection.sendall(_LENGTH.pack(len(content)))
    connection.sendall(content)


def _received(connection: socket.socket) -> Any:
    (length,) = _LENGTH.unpack(_whole(connection, _LENGTH.size))
    return pickle.loads(_whole(connection, length))  # noqa: S301  from a process of ours


def _whole(connection: socket.socket, length: int) -> bytes:
    # The kernel gathers it: piece by piece each would wait for the interpreter's lock.
    content = connection.recv(length, socket.MSG_WAITALL)
    if len(content) < length:
        raise EOFError
    return content


if __name__ == "__main__":
    gc.set_threshold(FEW_COLLECTIONS)
    serve(socket.socket(fileno=0))
