"""The words of the recorder's commands: a request to publish, and the errors it can meet.

Values only. `server.py` reads them from JSON, `live_rooms.py` decides, `server.py` answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recorder.session_state import CredentialRecord

MAX_TEXT = 500


class CommandRefused(Exception):
    """A command that was understood and not carried out; `status` is an HTTP status."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What the recorder keeps of a room, so that it needs no database while the room is live."""

    id: str | None
    slug: str
    organization_id: str
    title: str
    access: str


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """`verified`: the web process checked the credential against the database.

    `bearer_sha256`: hex of the bearer that the publication's resource asks for from then on.
    `takeover`: replace a living publication of somebody else. A studio that reconnects by itself names the
    session it goes on with (`session_id`) and its last publication (`replaces`). `address`: the publisher's,
    as the web process saw it.
    """

    request_id: str
    room: RoomFacts
    credential: CredentialRecord
    verified: bool
    takeover: bool
    sdp: str
    bearer_sha256: str
    session_id: str | None = None
    replaces: str | None = None
    address: str = ""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> PublishRequest:
        """Raises CommandRefused(400) for a body that is not one."""
        try:
            credential = body["credential"]
            return cls(
                request_id=_text(body, "request_id"),
                room=RoomFacts(
                    id=body.get("room_id"),
                    slug=_text(body, "room_slug"),
                    organization_id=str(body.get("organization_id") or ""),
                    title=str(body.get("title") or "")[:MAX_TEXT],
                    access=str(body.get("access") or "members"),
                ),
                credential=CredentialRecord(
                    id=_text(credential, "id"),
                    kind="studio" if credential["kind"] == "studio" else "stream_key",
                    token_sha256=credential.get("token_sha256"),
                ),
                verified=body.get("verified") is True,
                takeover=body.get("takeover") is True,
                sdp=str(body["sdp"]),
                bearer_sha256=_text(body, "bearer_sha256"),
                session_id=_optional_text(body, "session_id"),
                replaces=_optional_text(body, "replaces"),
                address=str(body.get("address") or "")[:MAX_TEXT],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise CommandRefused(400, "Malformed command", f"missing or wrong: {error}") from error


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    return _text(body, name) if body.get(name) is not None else None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise KeyError(name)
    return value
