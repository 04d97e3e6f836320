"""The pictures of a healed take: of a copy, fitted into the take's size, as H.264 that begins anew each 2 s.

Called in a job's own process. Baseline as films are (`normalise.py`): no B-frames, an IDR at each segment. A
hole in the pictures repeats the last one. Times: 90 kHz ticks of the session's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.video.frame import PictureType, VideoFrame

from recorder.h264 import NalType, nal_type, split_annex_b, to_avcc
from recorder.media import VIDEO_CLOCK_RATE, VideoParameters
from recorder.normalise import MAX_KILOBITS
from recorder.part_cutter import SEGMENT_TICKS
from recorder.segment_writer import Coded

CLOSEST_TICKS = VIDEO_CLOCK_RATE // 120
LONGEST_STILL_TICKS = VIDEO_CLOCK_RATE // 2
THREADS = 2

Picture = tuple[int, VideoFrame]


def steady(pictures: Iterable[Picture], start: int, end: int) -> Iterator[Picture]:
    """The pictures from `start`, where the first is shown, to before `end`: none too close to the one before,
    a still one repeated.
    """
    shown: Picture | None = None
    for pts, frame in pictures:
        if pts >= end:
            break
        if shown is None:
            shown = start, frame
            yield shown
        elif pts - shown[0] >= CLOSEST_TICKS:
            yield from _repeated(shown, pts)
            shown = pts, frame
            yield shown
    if shown is not None:
        yield from _repeated(shown, end)


def _repeated(shown: Picture, until: int) -> Iterator[Picture]:
    first = shown[0] + LONGEST_STILL_TICKS
    return ((pts, shown[1]) for pts in range(first, until - LONGEST_STILL_TICKS // 2, LONGEST_STILL_TICKS))


class PictureEncoder:
    """`parameters` are known once a picture came out."""

    def __init__(self, width: int, height: int, *, sps_id: int = 0) -> None:
        self.parameters: VideoParameters | None = None
        self._size = width, height
        self._fitting: tuple[tuple[Any, ...], av.filter.Graph] | None = None
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.time_base, codec.framerate = Fraction(1, VIDEO_CLOCK_RATE), Fraction(30)
        codec.gop_size = 100_000  # the IDRs are asked for
        codec.thread_count = THREADS
        codec.options = {
            "profile": "baseline",
            "preset": "veryfast",
            "crf": "21",
            "maxrate": f"{MAX_KILOBITS}k",
            "bufsize": f"{2 * MAX_KILOBITS}k",
            "bf": "0",
            "sc_threshold": "0",
            "forced-idr": "1",
            "x264-params": f"sps-id={sps_id}",
        }
        self._codec = codec

    def encode(self, pictures: Iterable[Picture]) -> Iterator[Coded]:
        """In order; the first is an IDR. Called once."""
        due: int | None = None
        for pts, frame in pictures:
            fitted = self._fitted(frame)
            fitted.pts, fitted.time_base = pts, Fraction(1, VIDEO_CLOCK_RATE)
            begins = due is None or pts >= due
            fitted.pict_type = PictureType.I if begins else PictureType.NONE
            if begins:
                due = pts + SEGMENT_TICKS
            yield from map(self._coded, self._codec.encode(fitted))
        yield from map(self._coded, self._codec.encode(None))

    def _coded(self, packet: Any) -> Coded:
        nals = split_annex_b(bytes(packet))
        if self.parameters is None:
            sets = {nal_type(nal): nal for nal in nals}
            self.parameters = VideoParameters(sets[NalType.SPS], (sets[NalType.PPS],), *self._size)
        slices = [nal for nal in nals if nal_type(nal) in (NalType.IDR, NalType.SLICE)]
        return to_avcc(slices), packet.pts, nal_type(slices[0]) == NalType.IDR

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        """The whole picture, upright in the middle of the take's size; a frame of its own."""
        form = frame.width, frame.height, frame.format.name
        if self._fitting is None or self._fitting[0] != form:
            self._fitting = form, self._graph(frame)
        graph = self._fitting[1]
        frame.pts = None
        graph.vpush(frame)
        return graph.vpull()

    def _graph(self, frame: VideoFrame) -> av.filter.Graph:
        width, height = self._size
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=Fraction(1, VIDEO_CLOCK_RATE),
        )
        steps = [
            graph.add("scale", f"{width}:{height}:force_original_aspect_ratio=decrease"),
            graph.add("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2"),
            graph.add("setsar", "1"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(source, *steps).configure()
        return graph
