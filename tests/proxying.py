"""A forward proxy for tests, as small as one can be: plain requests in absolute form, and tunnels by CONNECT.

It knows every name: whatever is asked for, it connects to the server that the test names. So a test's names need not
exist, and the program cannot reach them but through it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class ForwardProxy:
    """A running proxy: its port, what it refuses with (status line), and the first line and headers of each request."""

    port: int = 0
    refuses: str | None = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def proxying(target: int, refuses: str | None = None) -> AsyncIterator[ForwardProxy]:
    """A proxy that leads to this port of 127.0.0.1."""
    proxy = ForwardProxy(refuses=refuses)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}
            proxy.requests.append((first, headers))
            if proxy.refuses:
                writer.write(f"HTTP/1.1 {proxy.refuses}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return
            below, above = await asyncio.open_connection("127.0.0.1", target)
            if first.startswith("CONNECT "):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                method, url, version = first.split(" ")
                path = "/" + url.split("/", 3)[3]
                kept = [line for line in lines if line and not line.lower().startswith("proxy-")]
                above.write("\r\n".join([f"{method} {path} {version}", *kept, "", ""]).encode("latin-1"))
            await asyncio.gather(_pass_on(reader, above), _pass_on(below, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    finally:
        sink.close()
