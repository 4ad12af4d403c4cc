"""A mailbox on this machine: a real SMTP server that keeps every mail as a file."""

import email
import email.policy
from asyncio import get_running_loop
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session
from anyio.from_thread import start_blocking_portal


class Mailbox:
    """Takes mail for anybody on 127.0.0.1 while its `with` block runs, in a thread of its own.

    Each mail becomes a file in `folder` (`0001.eml`, `0002.eml`, …) before its sender is told that it was taken, so
    nobody has to wait for it. Port 0 takes any free one; `port` is the real one inside the block. Raises OSError
    where the port is taken or the folder cannot be made.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opening:
            portal = opening.enter_context(start_blocking_portal())
            self.port = opening.enter_context(portal.wrap_async_context_manager(self._listening()))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def messages(self) -> list[EmailMessage]:
        """Every mail in the folder, oldest first."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in _files(self.folder)
        ]

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[int]:
        keeper = _Keeper(self.folder)
        # A name is given because aiosmtpd would look one up, which takes seconds where there is no resolver.
        server = await get_running_loop().create_server(
            lambda: SMTP(keeper, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", self.port
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


class _Keeper:
    """What aiosmtpd calls with a mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks the hook up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        last = max((int(path.stem) for path in _files(self._folder)), default=0)
        path = self._folder / f"{last + 1:04d}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(envelope.original_content or b"")
        unfinished.replace(path)  # so that a reader never sees half a mail
        return "250 OK"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.eml"))
