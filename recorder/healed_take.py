"""A healed take on its way to its place: encoded, cut at its IDRs, written beside the log, put there whole.

Called in a job's own process. Times: 90 kHz ticks of the session's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from recorder.cmaf_init import init_segment
from recorder.healed_pictures import Picture, PictureEncoder, steady
from recorder.media import AudioSample, VideoParameters
from recorder.segment_writer import Coded, SegmentWriter


class TakeMaker:
    """`work`: a folder of its own on the session's disk. `size`: width and height, even. `sps_id`: of its
    parameter sets.
    """

    def __init__(
        self,
        work: Path,
        session_id: str,
        number: int,
        size: tuple[int, int],
        disk_floor_bytes: int,
        *,
        sps_id: int = 0,
    ) -> None:
        self._work = work
        self._session_id = session_id
        self._number = number
        self._encoder = PictureEncoder(*size, sps_id=sps_id)
        self._floor = disk_floor_bytes
        self._writer: SegmentWriter | None = None

    @property
    def parameters(self) -> VideoParameters | None:
        """None until a picture came out."""
        return self._encoder.parameters

    @property
    def init(self) -> bytes:
        """What goes before its parts, once a picture came out."""
        assert self._encoder.parameters is not None, "a picture came out of the encoder"
        return init_segment(self._encoder.parameters, slate=False)

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
                sound = self._opened().write(group, sound, coded[1], last=False)
                tell(coded[1])
                group = []
            group.append(coded)
        if group:
            self._opened().write(group, sound, end, last=True)
        return self._writer.segments if self._writer is not None else 0

    def put(self, destination: Path) -> None:
        """Make it last, and give it its name. Raises OSError."""
        assert self._writer is not None, "make() comes first"
        self._writer.put(destination)

    def close(self) -> None:
        """Let go of the files; idempotent."""
        if self._writer is not None:
            self._writer.close()

    def _opened(self) -> SegmentWriter:
        if self._writer is None:
            assert self._encoder.parameters is not None, "a picture came out of the encoder"
            self._writer = SegmentWriter(
                self._work,
                self._session_id,
                self._number,
                self._encoder.parameters,
                disk_floor_bytes=self._floor,
            )
        return self._writer
