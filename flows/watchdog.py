"""What the service tells the systemd that started it: that it is ready, that it lives, that it stops.

Elsewhere nothing is told, as there is no NOTIFY_SOCKET.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping

_PINGS = 3
"""In the time after which systemd takes a silent service for dead."""


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Sends a state such as `READY=1`. That nobody hears it stops nothing."""
    address = environment.get("NOTIFY_SOCKET")
    if not address:
        return
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
        teller.setblocking(False)  # whoever does not read must not hold up the loop that tells
        teller.sendto(state.encode(), name)


def pause(pid: int, environment: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between two signs of life, or None where this process is not watched."""
    length, watched = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID") or str(pid)
    if not length.isdecimal() or not int(length) or watched != str(pid):
        return None
    return int(length) / 1e6 / _PINGS


async def keep_telling(is_well: Callable[[], bool], pause: float) -> None:
    """Gives signs of life while `is_well`, from the loop whose life it is: one that hangs gives none."""
    while True:
        if await asyncio.to_thread(is_well):
            notify("WATCHDOG=1")
        await asyncio.sleep(pause)
