"""What the service tells the systemd that started it, heard on a socket as systemd's."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import watchdog


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(tmp_path / "notify"))
        ears.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield ears


def test_a_state_arrives(systemd: socket.socket) -> None:
    watchdog.notify("READY=1")
    assert systemd.recv(100) == b"READY=1"


def test_a_state_arrives_at_an_abstract_address_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind("")  # the kernel chooses one
        ears.settimeout(20)
        watchdog.notify("READY=1", {"NOTIFY_SOCKET": f"@{ears.getsockname()[1:].decode()}"})
        assert ears.recv(100) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_where_nobody_listens_nothing_happens(environment: dict[str, str]) -> None:
    watchdog.notify("READY=1", environment)


@pytest.mark.parametrize(
    ("environment", "pause"),
    [
        ({"WATCHDOG_USEC": "300000000", "WATCHDOG_PID": "7"}, 100),
        ({"WATCHDOG_USEC": "300000000"}, 100),
        ({"WATCHDOG_USEC": "300000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_signs_of_life_come_three_times_in_the_time_that_systemd_waits(
    environment: dict[str, str], pause: float | None
) -> None:
    assert watchdog.pause(7, environment) == pause


def test_signs_of_life_are_given_while_all_is_well_and_no_longer(systemd: socket.socket) -> None:
    answers = [False, False, True, True]

    def is_well() -> bool:
        if not answers:
            raise EOFError
        return answers.pop()

    with pytest.raises(EOFError):
        asyncio.run(watchdog.keep_telling(is_well, 0))

    watchdog.notify("STOPPING=1")
    assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1"]
