"""A log of hours made in seconds: right timestamps, varying durations, the same samples again and again.

Written through the recorder's own MediaLog and session state, so it is a session like any other; it is left
unended, as a recorder that was stopped leaves one.
"""

from __future__ import annotations

import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from recorder import session_state
from recorder.media import (
    AAC_FRAME_SAMPLES,
    VIDEO_CLOCK_RATE,
    AudioSample,
    PartContent,
    RecordingState,
    SessionPhase,
    VideoSample,
)
from recorder.media_log import MediaLog
from recorder.session_opening import boot_id
from recorder.session_state import SessionState
from settings import Settings
from tests.recorder.media_maker import Media, make_media

PARTS_PER_SEGMENT = 6
PICTURES_PER_PART = 10
# Pictures that come a little early or late, as from a camera: parts and segments of unequal length.
JITTER_TICKS = 300


@dataclass(frozen=True, slots=True)
class LongLog:
    session_id: str
    bytes: int
    parts: int
    seconds_to_make: float


@dataclass(frozen=True, slots=True)
class Room:
    """Where the lecture was held."""

    id: str = "room-1"
    slug: str = "hall"
    organization_id: str = "organization-1"


def make_log(
    settings: Settings, *, seconds: float, takes: int, room: Room | None = None, media: Media | None = None
) -> LongLog:
    """Write a log that ends about now."""
    began = time.monotonic()
    session_id = str(uuid.uuid4())
    session_state.save(settings.sessions_folder, _state(session_id, room or Room(), seconds))
    log = MediaLog(settings, session_id, on_part=lambda _take, _record: None)
    samples = media or make_media(4.0, gop=60)
    parts, pts = 0, 0
    for _ in range(takes):
        log.begin_take(samples.parameters, slate=False)
        for content in itertools.takewhile(_until(pts, seconds / takes), _parts(samples, pts)):
            log.append(content)
            parts += 1
            end = content.pts + content.duration
        pts = end + VIDEO_CLOCK_RATE // 2  # the reconnect
    size = log.bytes_written
    log.close()
    return LongLog(session_id, size, parts, time.monotonic() - began)


def _until(start: int, seconds: float) -> Callable[[PartContent], bool]:
    return lambda content: content.pts - start < seconds * VIDEO_CLOCK_RATE


def _parts(media: Media, start: int) -> Iterator[PartContent]:
    """Parts without end from `start` on."""
    pictures = _pictures(media.video, start)
    sound = _Sound(media.audio, start)
    for number in itertools.count():
        video = tuple(itertools.islice(pictures, PICTURES_PER_PART))
        end = video[-1].pts + video[-1].duration
        starts = number % PARTS_PER_SEGMENT == 0
        yield PartContent(
            video, sound.until(end), video[0].pts, end - video[0].pts, video[0].independent, starts
        )


def _pictures(video: Sequence[VideoSample], start: int) -> Iterator[VideoSample]:
    unsteady = random.Random(1)
    pts = start
    for sample in itertools.cycle(video):
        ticks = sample.duration + unsteady.randint(-JITTER_TICKS, JITTER_TICKS)
        yield VideoSample(sample.data, pts, ticks, sample.independent)
        pts += ticks


class _Sound:
    def __init__(self, audio: Sequence[AudioSample], start: int) -> None:
        self._data = itertools.cycle(sample.data for sample in audio)
        self._pts = -(-start * 8 // 15)

    def until(self, end: int) -> tuple[AudioSample, ...]:
        found = []
        while self._pts * 15 < end * 8:
            found.append(AudioSample(next(self._data), self._pts))
            self._pts += AAC_FRAME_SAMPLES
        return tuple(found)


def _state(session_id: str, room: Room, seconds: float) -> SessionState:
    return SessionState(
        session_id=session_id,
        room_id=room.id,
        room_slug=room.slug,
        organization_id=room.organization_id,
        title="Three hours",
        access="open",
        phase=SessionPhase.LIVE,
        started_at=time.time() - seconds,
        ended_at=None,
        version=1,
        recorder_epoch="made",
        credentials=(),
        recording=RecordingState.OK,
        last_source=None,
        end_reason=None,
        started_monotonic=time.monotonic() - seconds,
        boot_id=boot_id(),
    )


def end_log(settings: Settings, session_id: str) -> None:
    """What *End* writes, for a log that no recorder takes up."""
    state = session_state.load(settings.session_roots, session_id)
    assert state is not None
    ended = replace(state, version=state.version + 1, phase=SessionPhase.ENDED, ended_at=time.time())
    session_state.save(settings.sessions_folder, ended)
