"""The words of the playback command: what the chair wants of a film.

Values only. `command_server.py` reads them from JSON, `program_sources.py` carries them out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from recorder.log_folders import is_session_id
from recorder.publish_request import MAX_TEXT, CommandRefused


class PlaybackAction(StrEnum):
    PLAY = "play"  # from the beginning, or from `position`; takes the place of another film
    PAUSE = "pause"
    RESUME = "resume"
    SEEK = "seek"
    STOP = "stop"  # back to the camera
    VOICE = "voice"  # only `voice_over`
    CAMERA = "camera"  # a network camera, at `url`


@dataclass(frozen=True, slots=True)
class PlaybackRequest:
    """`position`: media seconds. `voice_over`: whether the camera's microphone is heard, None as it was."""

    request_id: str
    action: PlaybackAction
    media_id: str
    title: str
    position: float | None
    voice_over: bool | None
    url: str = field(default="", repr=False)  # it may hold a password

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> PlaybackRequest:
        """Raises CommandRefused(400) for a body that is not one."""
        try:
            request = cls(
                request_id=str(body["request_id"])[:MAX_TEXT],
                action=PlaybackAction(body["action"]),
                media_id=str(body.get("media_id") or ""),
                title=str(body.get("title") or "")[:MAX_TEXT],
                position=None if body.get("position") is None else float(body["position"]),
                voice_over=None if body.get("voice_over") is None else body["voice_over"] is True,
                url=str(body.get("url") or ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CommandRefused(400, "Malformed command", f"missing or wrong: {error}") from error
        if request.position is not None and not math.isfinite(request.position):
            raise CommandRefused(400, "Malformed command", "a position is a number of seconds")
        if request.action is PlaybackAction.PLAY and not is_session_id(request.media_id):
            raise CommandRefused(400, "Malformed command", "what is to be played has no fit id")
        if request.action is PlaybackAction.SEEK and request.position is None:
            raise CommandRefused(400, "Malformed command", "where to seek to is missing")
        return request
