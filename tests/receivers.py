"""Real receivers on the loopback for tests: an SMTP server and a JSON webhook. Each queues what it got."""

import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# --------------------------------------------------------------------------- mail


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the server accepted it."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    def part(self, subtype: str) -> str:
        """The text of the part `plain` or `html`, its lines ended as Python ends them."""
        body = self.message.get_body(preferencelist=(subtype,))
        assert body is not None, f"the mail has no {subtype} part"
        return "\n".join(str(body.get_content()).splitlines())


@dataclass
class MailServer:
    """A running SMTP server: `mails` holds what it accepted, oldest first."""

    port: int
    mails: SimpleQueue[Mail] = field(default_factory=SimpleQueue)

    def get(self) -> Mail:
        """The next mail; raises queue.Empty after 5 s without one."""
        return self.mails.get(timeout=5)


class _Inbox:
    """What aiosmtpd calls for each recipient and mail."""

    def __init__(self, mails: SimpleQueue[Mail], answers: dict[str, str]) -> None:
        self._mails = mails
        self._answers = answers

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks the hook up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self._answers.get(address, self._answers.get("*", "250 OK"))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._mails.put(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        return "250 OK"


class _Controller(Controller):
    """aiosmtpd's controller on a socket that is bound already, so that the port is certainly free."""

    def __init__(self, listener: socket.socket, handler: _Inbox, **parameters: Any) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=listener.getsockname()[1], **parameters)
        self._listener = listener

    def _create_server(self) -> Awaitable[Any]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


@contextmanager
def mail_server(
    *,
    tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    answers: dict[str, str] | None = None,
    port: int = 0,
) -> Iterator[MailServer]:
    """An SMTP server on 127.0.0.1, on a free port or a known one.

    With `tls` it demands STARTTLS, with `login` a user and password (which needs `tls`). `answers` maps a
    recipient, or `*` for any, to the reply to RCPT, for instance `550 no such mailbox`.
    """

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == login, handled=False)

    mails: SimpleQueue[Mail] = SimpleQueue()
    parameters: dict[str, Any] = {"tls_context": tls, "require_starttls": tls is not None}
    if login:
        parameters |= {"authenticator": authenticate, "auth_required": True}
    listener = socket.create_server(("127.0.0.1", port))
    controller = _Controller(listener, _Inbox(mails, answers or {}), **parameters)
    controller.start()
    try:
        yield MailServer(controller.port, mails)
    finally:
        controller.stop()


@lru_cache(maxsize=1)
def _certificate() -> tuple[bytes, bytes]:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM, made for this run only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def server_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a TLS server needs, and the certificate that a client must trust, as a file in `folder`."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate_pem, key_pem = _certificate()
    certificate.write_bytes(certificate_pem)
    key.write_bytes(key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


# --------------------------------------------------------------------------- webhook


@dataclass(frozen=True, slots=True)
class Call:
    """One request that the webhook got. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Webhook:
    """A running webhook: `calls` holds the requests; `status` is what it answers, and can be changed."""

    port: int
    status: int = 200
    calls: SimpleQueue[Call] = field(default_factory=SimpleQueue)

    def get(self) -> Call:
        """The next request; raises queue.Empty after 5 s without one."""
        return self.calls.get(timeout=5)


@contextmanager
def webhook(status: int = 200) -> Iterator[Webhook]:
    """An HTTP server on 127.0.0.1 that takes JSON by POST and answers `status`, an error with the path in its body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.calls.put(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = b"" if hook.status < 400 else f"Cannot POST {self.path}".encode()
            self.send_response(hook.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is overridden
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Webhook(server.server_port, status)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --------------------------------------------------------------------------- nobody


def dead_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@dataclass
class ChatRoom:
    """An IRC server with one listener in `#news`: `lines()` is what was said there, up to `QUIT` of who said it."""

    port: int
    stream: BinaryIO

    def lines(self) -> list[str]:
        """What was said since the last call, and every other command that the server passed on as (command) text."""
        said = []
        while b" QUIT " not in (line := self.stream.readline()):
            _, command, *rest = line.decode().rstrip("\r\n").split(" ", 2)
            if command == "PRIVMSG":
                said.append(rest[0].partition(" :")[2])
        return said


@contextmanager
def chat_room() -> Iterator[ChatRoom]:
    """An IRC server on a free port of 127.0.0.1."""
    from irc.server import IRCClient, IRCServer

    server = IRCServer(("127.0.0.1", 0), IRCClient)
    port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as listener:
        listener.sendall(b"NICK reader\r\nUSER reader 0 * :reader\r\nJOIN #news\r\n")
        stream = listener.makefile("rb")
        while b" 366 " not in stream.readline():
            pass
        yield ChatRoom(port, stream)
        listener.sendall(b"QUIT\r\n")
    server.shutdown()
    thread.join()
    server.server_close()
