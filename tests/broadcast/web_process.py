"""The web process as it is, but for its server and sockets: started on a stage's storage, asked, stopped."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from broadcast.asgi import Message
from broadcast.front import Front
from library.database import open_database
from operation.web_process import build_front
from tests.broadcast.web_stage import WebStage


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def ask_web_process(stage: WebStage, *paths: str) -> dict[str, Reply]:
    """Start a web process, GET each path of it, and stop it."""

    async def ask() -> dict[str, Reply]:
        database = open_database(stage.settings.database_url)
        front = build_front(stage.settings, database)
        await front.open()
        try:
            return {path: await _get(front, path) for path in paths}
        finally:
            await front.close()
            database.close()

    return asyncio.run(ask())


async def _get(front: Front, path: str) -> Reply:
    sent: list[Message] = []
    received = False

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        nonlocal received
        if received:
            await asyncio.Event().wait()  # as a server does while the client listens
        received = True
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000")],
        "scheme": "http",
        "http_version": "1.1",
        "server": ("localhost", 8000),
        "client": ("127.0.0.1", 50_000),
        "root_path": "",
    }
    await front(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))
