"""The pictures of a recording: poster, storyboard, and how loud it is, in one pass over its key frames.

Runs as a job in a process of its own; the recording plays without it. All files of a version of the edit list
appear together or not at all: they are made in a folder beside, which the next attempt removes. Memory does
not grow with the length: one sheet, one poster and a thousand levels are held.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from av.video.frame import VideoFrame

from recorder import poster_choice, storyboard
from recorder.durable_file import make_private_folder, replace_file, sync_folder
from recorder.far_media import FarMedia
from recorder.key_frames import KeyFrame, key_frame_of, seconds_of, shown_parts, sound_of
from recorder.loudness import LoudnessMeter
from recorder.media_log_reader import SessionReader
from recorder.normalise import NoDisk
from recorder.poster import POSTER_SIZE, NoPicture, picture_at, write_poster
from recorder.slate import slate_parameters
from recorder.sound_levels import SoundLevels
from recorder.still_frames import KeyFrameDecoder, Scaler, within
from recorder.storyboard_sheets import Small, StoryboardSheets

__all__ = ["NoDisk", "Pictures", "PicturesFailed", "make_pictures"]

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]

STORYBOARD, LOUDNESS = "storyboard.vtt", "loudness.json"
_EDGE_LINES = 16


class PicturesFailed(RuntimeError):
    """None could be made; the message says of what and why."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """`poster`: names its content, None: none was fit; `pictures`: how many the storyboard has."""

    version: int
    seconds: float
    pictures: int
    poster: str | None


@dataclass(slots=True)
class _Best:
    """The best poster so far, as large as it is written."""

    score: float = 0.0
    frame: VideoFrame | None = field(default=None, repr=False)


def make_pictures(
    roots: Sequence[Path],
    session_id: str,
    folder: Path,
    progress: Progress,
    *,
    version: int = 1,
    poster_at: float | None = None,
    keep_free_bytes: int = 0,
    far: FarMedia | None = None,
) -> Pictures:
    """Make `folder` with the pictures of a version of the edit list, in place of what is there.

    `poster_at`: a moment that somebody has chosen for the poster, seconds of the session's clock.
    Raises PicturesFailed, NoDisk, NotInLog, OSError.
    """
    work = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    make_private_folder(work)
    try:
        if shutil.disk_usage(work).free <= keep_free_bytes:
            raise NoDisk("too little disk is free to make pictures")
        with closing(SessionReader(roots, session_id, far)) as reader:
            made = _Making(reader, version, poster_at, work, progress).make()
        _publish(work, folder)
        return made
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _publish(work: Path, folder: Path) -> None:
    sync_folder(work)
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    sync_folder(folder.parent)


class _Making:
    """One pass. `work`: where the files go."""

    def __init__(
        self,
        reader: SessionReader,
        version: int,
        poster_at: float | None,
        work: Path,
        progress: Progress,
    ) -> None:
        self._reader = reader
        self._edits = reader.edit_list(version)
        self._poster_at = poster_at
        self._work = work
        self._progress = progress
        self._seconds = seconds_of(reader, self._edits)
        self._step = storyboard.step_for(self._seconds)
        self._meter = LoudnessMeter(self._seconds)
        self._sheets = StoryboardSheets(self._write)
        self._decoder, self._small, self._large = KeyFrameDecoder(), Scaler(), Scaler()
        self._begins: list[float] = []
        self._best = _Best()
        self._undecodable = 0

    def make(self) -> Pictures:
        self._walk()
        self._sheets.close()
        if not self._begins and self._undecodable:
            raise PicturesFailed(f"none of {self._undecodable} key frames can be decoded")
        self._write(STORYBOARD, storyboard.webvtt(self._begins, self._seconds).encode())
        levels = self._meter.document(self._seconds)
        self._write(LOUDNESS, json.dumps(levels, separators=(",", ":")).encode())
        return Pictures(self._edits.version, round(self._seconds, 3), len(self._begins), self._poster())

    def _walk(self) -> None:
        """All sound, and the first key frame of each step."""
        levels = SoundLevels(self._meter)
        told, due = -1, 0
        for part in shown_parts(self._reader, self._edits):
            for sound in sound_of(part):
                levels.add(sound)
            percent = int(100 * part.at / self._seconds) if self._seconds else 0
            if percent > told:
                told = percent
                self._progress(min(1.0, percent / 100), "looking")
            slot = storyboard.slot_of(part.at, self._step)
            if slot >= due and (frame := key_frame_of(part)) is not None and self._take(frame):
                due = slot + 1
                self._begins.append(slot * self._step)

    def _take(self, frame: KeyFrame) -> bool:
        """Whether it could be decoded."""
        picture = self._decoder.decode(frame)
        if picture is None:
            self._undecodable += 1
            return False
        width, height, left, top = storyboard.fitted(picture.width, picture.height)
        small = Small.of(self._small.scaled(picture, width, height), left, top)
        self._sheets.add(small)
        if not frame.filled and frame.video != slate_parameters():
            self._consider(picture, small, frame.at / self._seconds)
        return True

    def _consider(self, picture: VideoFrame, small: Small, place: float) -> None:
        luma, *chroma = small.planes
        facts = poster_choice.facts_of(luma, b"".join(chroma), _lines(picture))
        score = poster_choice.score(facts, place)
        if score > self._best.score:
            size = within(picture.width, picture.height, *POSTER_SIZE)
            self._best = _Best(score, self._large.scaled(picture, *size))

    def _poster(self) -> str | None:
        frame = self._best.frame
        if self._poster_at is not None:
            try:
                frame = picture_at(self._reader, self._edits, self._poster_at)
            except NoPicture as error:
                log.warning("the poster is not the one that was chosen: %s", error)
        return write_poster(self._work, frame) if frame is not None else None

    def _write(self, name: str, data: bytes) -> None:
        replace_file(self._work / name, data)


def _lines(picture: VideoFrame) -> Iterator[bytes]:
    """Some lines of luma, from top to bottom."""
    plane = picture.planes[0]
    data, line = memoryview(plane), plane.line_size
    for number in range(_EDGE_LINES):
        at = (2 * number + 1) * plane.height // (2 * _EDGE_LINES) * line
        yield bytes(data[at : at + plane.width])
