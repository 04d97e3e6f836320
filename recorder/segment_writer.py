"""A take that is written after the fact: segments of coded pictures and their sound, put into place whole.

Called in a job's own process, for healed takes and imported files. Its files are a take's (`take_writer.py`);
each segment is one part, for nobody plays it live. Times: 90 kHz ticks of the session's clock.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from recorder import cmaf
from recorder.durable_file import sync_folder
from recorder.media import AudioSample, PartContent, VideoParameters, VideoSample
from recorder.normalise import NoDisk
from recorder.part_cutter import to_samples
from recorder.take_writer import TakeWriter

# AVCC, pts, independent
Coded = tuple[bytes, int, bool]


class SegmentWriter:
    """`work`: a folder of its own on the sessions' disk. `first_segment`: the number of the take's first."""

    def __init__(
        self,
        work: Path,
        session_id: str,
        number: int,
        video: VideoParameters,
        *,
        disk_floor_bytes: int,
        first_segment: int = 0,
    ) -> None:
        self._work = work
        self._floor = disk_floor_bytes
        self._first_segment = first_segment
        init = cmaf.init_segment(video, slate=False)
        self._writer = TakeWriter(work, session_id, number, init, slate=False)

    @property
    def segments(self) -> int:
        """How many were written."""
        return self._writer.parts

    @property
    def bytes(self) -> int:
        return self._writer.size

    @property
    def folder(self) -> Path:
        """Where the take grows."""
        return self._writer.folder

    def write(
        self, group: Sequence[Coded], sound: list[AudioSample], end: int, *, last: bool
    ) -> list[AudioSample]:
        """One segment: `group`, which begins with an IDR, is shown until `end` → the sound that is left for
        the next ones; `last`: none is. Raises NoDisk, OSError.
        """
        writer = self._writer
        if shutil.disk_usage(self._work).free < self._floor:
            raise NoDisk("the disk came to its floor while a recording was written")
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
        data = cmaf.part_bytes(writer.parts + 1, content, self._first_segment + writer.parts, 0)
        record = cmaf.part_record(data, writer.size)
        assert record is not None, "cmaf reads what it wrote"
        writer.append(data, record)
        return sound[count:]

    def seal(self) -> None:
        """No segment follows: all of it lasts. Raises OSError."""
        self._writer.seal()
        if (sync := self._writer.sync_job()) is not None:
            sync()
        self._writer.close()

    def put(self, destination: Path) -> None:
        """Make it last, and give it its name. Raises OSError."""
        self.seal()
        os.rename(self._writer.folder, destination)
        sync_folder(destination.parent)

    def close(self) -> None:
        """Let go of the files; idempotent."""
        self._writer.close()
