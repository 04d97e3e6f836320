"""Commands to the recorder: HTTP over its Unix socket, acknowledged, with deadlines.

Called in web threads and by the command line. A connection lives for one command: they are rare.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

PUBLISH_SECONDS = 10.0
COMMAND_SECONDS = 5.0


class RecorderUnavailable(Exception):
    """The recorder does not answer; it may be starting again."""


class RecorderRefused(Exception):
    """The recorder understood and refused; `status` is an HTTP status."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail


class RecorderClient:
    """Speaks to `socket_path`."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def publish(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Raises RecorderRefused, RecorderUnavailable, as all of these do."""
        return self._command("POST", "/publish", request, PUBLISH_SECONDS)

    def add_candidates(
        self, publication: str, bearer_sha256: str, if_match: str, fragment: str
    ) -> dict[str, Any]:
        body = {"bearer_sha256": bearer_sha256, "if_match": if_match, "fragment": fragment}
        return self._command("PATCH", f"/publications/{quote(publication, safe='')}", body)

    def end_publication(self, publication: str, bearer_sha256: str) -> dict[str, Any]:
        body = {"bearer_sha256": bearer_sha256}
        return self._command("DELETE", f"/publications/{quote(publication, safe='')}", body)

    def end_session(self, room: str, by: str) -> dict[str, Any]:
        """`room`: id or slug."""
        return self._command("POST", f"/rooms/{quote(room, safe='')}/end", {"by": by})

    def control_playback(self, room: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """`room`: id or slug. A film on a sleeping disk takes its time to be opened."""
        return self._command("POST", f"/rooms/{quote(room, safe='')}/playback", request, PUBLISH_SECONDS)

    def hold_off_record(self, room: str, begins: bool) -> dict[str, Any]:
        """`room`: id or slug. What is said from now on is not for its recording, or is again."""
        return self._command(
            "POST", f"/rooms/{quote(room, safe='')}/off-record", {"off_record": begins}, PUBLISH_SECONDS
        )

    def revoke(self, credential_id: str) -> dict[str, Any]:
        return self._command("POST", "/credentials/revoke", {"id": credential_id})

    def status(self) -> dict[str, Any]:
        return self._command("GET", "/status", None)

    def _command(
        self, method: str, path: str, body: Mapping[str, Any] | None, seconds: float = COMMAND_SECONDS
    ) -> dict[str, Any]:
        connection = _UnixConnection(self._socket_path, seconds)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return _answer(response.status, json.loads(response.read()))
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no JSON
            raise RecorderUnavailable(f"{method} {path}: {error}") from error
        finally:
            connection.close()


def _answer(status: int, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ValueError("the answer is no object")
    if status < 400:
        return body
    if status == 500:
        raise RecorderUnavailable(str(body.get("detail")))
    raise RecorderRefused(status, str(body.get("title")), str(body.get("detail")))


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("recorder", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
