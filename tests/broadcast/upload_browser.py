"""A lecturer's browser that uploads, by Flask alone or through the front's bridge."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from broadcast.flask_bridge import FlaskBridge
from tests.broadcast.web_stage import WebStage, csrf_token

TUS = {"Tus-Resumable": "1.0.0"}
FILM = os.urandom(200_000)
MEDIA = "/api/v1/rooms/hall/media"
PIECE = {"Content-Type": "application/offset+octet-stream"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """The lecturer's, by Flask alone or through the front's bridge."""

    def __init__(self, stage: WebStage, *, front: bool) -> None:
        self.stage, self.front = stage, front
        self.client = stage.client(stage.lecturer)
        self.token = csrf_token(self.client)
        self.left = False

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
        given = {"X-CSRFToken": self.token, **(headers or {})}
        path = path.removeprefix("http://localhost:8000").removeprefix("http://localhost")
        if self.front:
            return asyncio.run(self._by_front(method, path, given, [body]))
        if method == "PATCH" and "Content-Length" in given:
            del given["Content-Length"]
        answer = self.client.open(path, method=method, headers=given, data=body)
        return Reply(answer.status_code, dict(answer.headers), answer.data)

    async def _by_front(
        self, method: str, path: str, headers: dict[str, str], chunks: Iterable[bytes], then: str = "end"
    ) -> Reply:
        """`then`: what follows the last chunk, `end`, `silence`, or the client `leaves`."""
        waiting = list(chunks)
        given = {name: value for name, value in headers.items() if value}
        cookie = "; ".join(f"{c.key}={c.value}" for c in self.client._cookies.values())
        total = str(sum(len(chunk) for chunk in waiting))
        known = {"Host": "localhost", "Cookie": cookie, "Content-Length": total, **given}
        if headers.get("Content-Length") == "":
            del known["Content-Length"]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not waiting:
                if then == "leaves":
                    return {"type": "http.disconnect"}
                await asyncio.Event().wait()
            return {
                "type": "http.request",
                "body": waiting.pop(0),
                "more_body": bool(waiting) or then != "end",
            }

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1",
            "scheme": "http", "headers": [(k.lower().encode(), v.encode()) for k, v in known.items()],
        }  # fmt: skip
        bridge = FlaskBridge(self.stage.app, threads=2)
        try:
            await bridge(scope, receive, send)
        finally:
            bridge.close()
        if not sent:
            return Reply(0, {}, b"")
        found = {name.decode().title(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))

    def begin(self, size: int = len(FILM), name: str = "講義 1.mp4", **headers: str) -> Reply:
        metadata = f"filename {base64.b64encode(name.encode()).decode()},filetype dmlkZW8="
        told = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata, **headers}
        return self.send("POST", MEDIA, told)

    def upload(self, url: str, offset: int, body: bytes, **headers: str) -> Reply:
        told = {
            **TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            **headers,
        }
        return self.send("PATCH", url, told, body)

    def head(self, url: str) -> Reply:
        return self.send("HEAD", url, TUS)

    def list(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.send("GET", MEDIA).json["media"]
        return found
