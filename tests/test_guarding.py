"""Who is answered by a server on the loopback that asks for no password."""

import asyncio
from typing import Any

import pytest

from monitor.web.guarding import OnlyLocal


def asked(kind: str, **headers: str) -> list[dict[str, Any]]:
    """What an application behind the guard sends; it says only that it was asked."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "answered"})

    async def ask() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await OnlyLocal(application)({"type": kind, "headers": encoded}, receive, send)
        return sent

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:4200"},
        {"host": "localhost:4200", "origin": "http://127.0.0.1:4200"},
        {"host": "[::1]:4200", "origin": "http://[::1]:4200"},
    ],
)
def test_programs_and_pages_of_this_machine_are_answered(kind: str, headers: dict[str, str]) -> None:
    assert asked(kind, **headers) == [{"type": "answered"}]


FOREIGN = [
    {"host": "news.example"},
    {"host": "127.0.0.1.news.example:4200"},
    {"host": "127.0.0.1:4200", "origin": "https://news.example"},
    {"host": "127.0.0.1:4200", "origin": "null"},
    {"host": "127.0.0.1:4200", "origin": "http://127.0.0.1:4200@news.example"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_from_elsewhere_get_no_answer_whatever_name_they_use(headers: dict[str, str]) -> None:
    assert asked("http", **headers)[0]["status"] == 421


@pytest.mark.parametrize("headers", FOREIGN)
def test_nor_do_they_get_a_socket(headers: dict[str, str]) -> None:
    assert asked("websocket", **headers) == [{"type": "websocket.close", "code": 1008}]


def test_the_server_may_start_and_stop() -> None:
    assert asked("lifespan") == [{"type": "answered"}]
