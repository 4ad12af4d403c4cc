"""The server of the pages: where it listens, and that it ends in order."""

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn

from monitor.errors import MonitorError, UsageError
from monitor.glance import Glance
from monitor.web.guarding import is_loopback
from monitor.web.site import opened


class _Server(uvicorn.Server):
    """A server that says when it answers; from then on a signal ends it in order."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve(
    settings: Glance,
    now: Callable[[], datetime],
    *,
    host: str,
    port: int,
    password: str | None,
    ready: Callable[[str], None],
) -> None:
    """Serves until SIGINT or SIGTERM; calls `ready` with the address once it answers. Port 0 is any that is free.

    Raises MonitorError where the address cannot be had, UsageError where others could look without a password.
    """
    if not is_loopback(host) and not password:
        raise UsageError(
            f"others could look at the database under {host}: set a password in HAITI_MONITOR_PASSWORD, "
            "or leave out --host, which serves this machine only"
        )
    bound = _bind(host, port)
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{bound.getsockname()[1]}/"
    with bound, opened(settings, now, password) as datasette:
        config = uvicorn.Config(datasette.app(), log_level="warning", lifespan="on")
        asyncio.run(_Server(config, lambda: ready(address)).serve(sockets=[bound]))


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(64)
    except (socket.gaierror, UnicodeError) as error:
        raise MonitorError(f"{host} cannot be found: {getattr(error, 'strerror', None) or error}") from error
    except OSError as error:
        hint = "; name another with --port" if port else ""
        raise MonitorError(f"{host} port {port} cannot be used: {error.strerror}{hint}") from error
    return bound
