"""Writes a real session log for tests, part by part, with the recorder's own code."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

from recorder import session_state
from recorder.media import (
    AAC_FRAME_SAMPLES,
    AudioSample,
    PartContent,
    RecordingState,
    SessionPhase,
    VideoParameters,
    VideoSample,
)
from recorder.media_log import MediaLog
from recorder.session_state import SessionState
from tests.recorder.media_maker import make_media, make_settings

ROOM = "room-1"
PART_TICKS = 30_000
STARTED_AT = 1_795_000_000.25


class SessionWriter:
    """One live session. Parts of a third of a second, six to a segment unless told otherwise."""

    def __init__(self, folder: Path, *, room_id: str = ROOM, access: str = "open") -> None:
        self.settings = make_settings(folder)
        self.session_id = str(uuid.uuid4())
        self.state = _state(self.session_id, room_id, access)
        self.pts = 0
        self.take = 0
        self.in_segment = 0
        self.log = MediaLog(self.settings, self.session_id, on_part=lambda take, record: None)
        self.save()

    def save(self) -> None:
        session_state.save(self.settings.sessions_folder, self.state)

    def begin_take(self, *, slate: bool = False, parameters: VideoParameters | None = None) -> int:
        self.take = self.log.begin_take(parameters or make_media(0.5).parameters, slate=slate)
        self.in_segment = 0
        return self.take

    def part(
        self, *, starts: bool | None = None, ticks: int = PART_TICKS, size: int = 200, pictures: int = 10
    ) -> None:
        """Append one part; `starts`: it opens a segment (default: each sixth does)."""
        opens = self.in_segment % 6 == 0 if starts is None else starts
        self.in_segment = 1 if opens else self.in_segment + 1
        each = ticks // pictures
        video = tuple(
            VideoSample(bytes([n]) * (size // pictures), self.pts + n * each, each, opens and n == 0)
            for n in range(pictures)
        )
        first = -(-self.pts * 8 // 15 // AAC_FRAME_SAMPLES)
        audio = (AudioSample(b"\0" * 20, first * AAC_FRAME_SAMPLES),)
        self.log.append(PartContent(video, audio, self.pts, ticks, opens, opens))
        self.pts += ticks

    def parts(self, count: int) -> None:
        for _ in range(count):
            self.part()

    def close_take(self) -> None:
        self.log.close_take()

    def end(self) -> None:
        """The lecture is over."""
        self.log.close()
        self.change(phase=SessionPhase.ENDED, ended_at=STARTED_AT + self.pts / 90_000)

    def change(self, **fields: object) -> None:
        self.state = replace(self.state, version=self.state.version + 1, **fields)  # type: ignore[arg-type]
        self.save()


def _state(session_id: str, room_id: str, access: str) -> SessionState:
    return SessionState(
        session_id=session_id,
        room_id=room_id,
        room_slug="hall",
        organization_id="org-1",
        title="Lecture",
        access=access,
        phase=SessionPhase.LIVE,
        started_at=STARTED_AT,
        ended_at=None,
        version=1,
        recorder_epoch="epoch-1",
        credentials=(),
        recording=RecordingState.OK,
        last_source=None,
        end_reason=None,
        started_monotonic=0.0,
        boot_id="boot",
    )
