"""A healed take on its way to its place: encoded, cut at its IDRs, written beside the log, put there whole.

Called in a job's own process. Its files are a take's (`take_writer.py`); each segment is one part, for nobody
plays it live. Times: 90 kHz ticks of the session's clock.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from recorder import cmaf
from recorder.durable_file import sync_folder
from recorder.healed_pictures import Coded, Picture, PictureEncoder, steady
from recorder.media import AudioSample, PartContent, VideoSample
from recorder.normalise import NoDisk
from recorder.part_cutter import to_samples
from recorder.take_writer import TakeWriter


class TakeMaker:
    """`work`: a folder of its own on the session's disk. `size`: width and height, even."""

    def __init__(
        self, work: Path, session_id: str, number: int, size: tuple[int, int], disk_floor_bytes: int
    ) -> None:
        self._work = work
        self._session_id = session_id
        self._number = number
        self._encoder = PictureEncoder(*size)
        self._floor = disk_floor_bytes
        self._writer: TakeWriter | None = None

    def make(
        self,
        pictures: Iterable[Picture],
        sound: list[AudioSample],
        start: int,
        end: int,
        tell: Callable[[int], None],
    ) -> int:
        """Encode and write what is shown from `start` to `end` → how many segments; 0 without a picture.

        `tell`: how far it is. Raises NoDisk, OSError.
        """
        group: list[Coded] = []
        for coded in self._encoder.encode(steady(pictures, start, end)):
            if coded[2] and group:
                sound = self._write(group, sound, coded[1], last=False)
                tell(coded[1])
                group = []
            group.append(coded)
        if group:
            self._write(group, sound, end, last=True)
        return self._writer.parts if self._writer is not None else 0

    def put(self, destination: Path) -> None:
        """Make it last, and give it its name. Raises OSError."""
        writer = self._writer
        assert writer is not None, "make() comes first"
        writer.seal()
        if (sync := writer.sync_job()) is not None:
            sync()
        writer.close()
        os.rename(writer.folder, destination)
        sync_folder(destination.parent)

    def close(self) -> None:
        """Let go of the files; idempotent."""
        if self._writer is not None:
            self._writer.close()

    def _write(
        self, group: list[Coded], sound: list[AudioSample], end: int, *, last: bool
    ) -> list[AudioSample]:
        """One segment → the sound that is left for the next ones."""
        writer = self._writer = self._writer or self._begin()
        if shutil.disk_usage(self._work).free < self._floor:
            raise NoDisk("the disk came to its floor while a recording was healed")
        ends = [*(pts for _, pts, _ in group[1:]), end]
        video = tuple(
            VideoSample(data, pts, stop - pts, independent)
            for (data, pts, independent), stop in zip(group, ends, strict=True)
        )
        count = len(sound) if last else sum(one.pts < to_samples(end) for one in sound)
        pts = video[0].pts
        content = PartContent(
            video, tuple(sound[:count]), pts, end - pts, independent=True, starts_segment=True
        )
        data = cmaf.part_bytes(writer.parts + 1, content, writer.parts, 0)
        record = cmaf.part_record(data, writer.size)
        assert record is not None, "cmaf reads what it wrote"
        writer.append(data, record)
        return sound[count:]

    def _begin(self) -> TakeWriter:
        assert self._encoder.parameters is not None, "a picture came out of the encoder"
        init = cmaf.init_segment(self._encoder.parameters, slate=False)
        return TakeWriter(self._work, self._session_id, self._number, init, slate=False)
