"""Cuts the samples of one take into parts and segments, as they come.

Pure, one per take, on the event loop. A part is cut *eagerly*: when the next picture, expected one interval
after this one, would overrun PART-TARGET, the part is ready with the picture that just came. What playlists
are told (`PartContent.duration`) runs from told end to told end: at most the target, at least 85 % of it but
at a segment's end (RFC 8216bis 4.4.3.7), and sums up to the media's own time. Ends by `finish()`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from recorder.audio import silence_between
from recorder.media import AAC_FRAME_SAMPLES, VIDEO_CLOCK_RATE, AudioSample, PartContent, VideoSample

SHORTEST_PART = 0.85
SEGMENT_TICKS = 2 * VIDEO_CLOCK_RATE
KEY_FRAME_DUE_TICKS = SEGMENT_TICKS - VIDEO_CLOCK_RATE // 10
SHORTEST_SEGMENT_TICKS = SEGMENT_TICKS * 3 // 4
LONGEST_SEGMENT_TICKS = VIDEO_CLOCK_RATE * 58 // 10  # EXT-X-TARGETDURATION is 6
SHORTEST_LAST_PART_TICKS = VIDEO_CLOCK_RATE // 100
LONGEST_LAG_TICKS = VIDEO_CLOCK_RATE
MAX_WAITING_SOUND = 500
_FIRST_INTERVAL = VIDEO_CLOCK_RATE // 30


@dataclass(frozen=True, slots=True)
class _Picture:
    data: bytes
    pts: int
    independent: bool
    filled: bool


def to_samples(pts: int) -> int:
    """The first 48 kHz sample at or after a 90 kHz time."""
    return -(-pts * 8 // 15)


class PartCutter:
    """`part_ticks`: PART-TARGET in 90 kHz ticks; `start_pts`: the pts of the take's first picture, an IDR."""

    def __init__(self, part_ticks: int, start_pts: int) -> None:
        self.splits_without_key_frame = 0
        self.dropped_sound = 0
        self._target = part_ticks
        self._shortest = -int(-part_ticks * SHORTEST_PART // 1)
        self._told_end = start_pts
        self._segment_start = start_pts
        self._starts_segment = True
        self._pictures: list[_Picture] = []
        self._last_pts = start_pts - 1
        self._decode_end = start_pts
        self._interval = _FIRST_INTERVAL
        self._sound: deque[AudioSample] = deque()
        self._sound_end = to_samples(start_pts)
        self._end: int | None = None

    @property
    def has_pictures(self) -> bool:
        """Whether pictures wait for their part."""
        return bool(self._pictures)

    @property
    def interval(self) -> int:
        """Ticks between the last two pictures: what the next one is expected after."""
        return self._interval

    @property
    def last_pts(self) -> int:
        return self._last_pts

    @property
    def lags(self) -> bool:
        """Whether told time has fallen so far behind the media's that a new take should begin it anew.

        No part is told longer than the target, so it falls behind where pictures come slower and nothing can
        be filled. It catches up by itself when they come faster again; each take costs a discontinuity.
        """
        return self._decode_end - self._told_end > LONGEST_LAG_TICKS

    def key_frame_due(self, pts: int) -> bool:
        """Whether a segment has been open so long at `pts` that the next one should begin."""
        return pts - self._segment_start >= KEY_FRAME_DUE_TICKS

    def add_picture(
        self, data: bytes, pts: int, independent: bool, *, filled: bool = False
    ) -> list[PartContent]:
        """Take a sample (AVCC) with a pts beyond the last one's; returns the parts that are now ready.

        `filled`: it stands in for what the source did not send. Raises ValueError for a pts that does not
        increase.
        """
        if pts <= self._last_pts:
            raise ValueError(f"pts {pts} after {self._last_pts}")
        ready: list[PartContent] = []
        if self._pictures:
            self._interval = min(pts - self._last_pts, self._target)
        if independent and pts - self._segment_start >= SHORTEST_SEGMENT_TICKS:
            if self._pictures:
                ready.append(self._cut(pts, last_of_segment=True))
            self._open_segment()
        elif self._pictures and pts >= self._told_end + self._target:
            ready.append(self._cut(pts))
        self._pictures.append(_Picture(data, pts, independent, filled))
        self._last_pts = pts
        if self._is_full(pts + self._interval):
            ready.append(self._cut(pts + self._interval))
        return ready

    def _is_full(self, end_pts: int) -> bool:
        """Whether a part that ended at `end_pts` were long enough, and one picture more too many."""
        length = end_pts - self._told_end
        return length >= self._shortest and length + self._interval > self._target

    def add_sound(self, samples: list[AudioSample]) -> list[AudioSample]:
        """Take AAC frames; returns those at or after the end that `finish` set: the next take's.

        A frame that lies before the one before it, or before the take, is dropped.
        """
        beyond: list[AudioSample] = []
        for sample in samples:
            if self._end is not None and sample.pts >= to_samples(self._end):
                beyond.append(sample)
            elif sample.pts >= self._sound_end:
                self._sound.append(sample)
                self._sound_end = sample.pts + AAC_FRAME_SAMPLES
            else:
                self.dropped_sound += 1
        while len(self._sound) > MAX_WAITING_SOUND:
            self._sound.popleft()
            self.dropped_sound += 1
        return beyond

    def finish(self, end_pts: int) -> list[AudioSample]:
        """The take ends at `end_pts`: no more pictures. Late sound is still taken, for `last_part`.

        Returns the sound that lies at or after the end: the next take's.
        """
        self._end = max(end_pts, self._last_pts + 1)
        end = to_samples(self._end)
        beyond = [sample for sample in self._sound if sample.pts >= end]
        if beyond:
            self._sound = deque(sample for sample in self._sound if sample.pts < end)
            self._sound_end = beyond[0].pts
        return beyond

    @property
    def sound_complete(self) -> bool:
        """After `finish`: whether sound has come up to the end.

        The frame that crosses it must be here too: the next take begins behind it. One frame's hole between
        two takes makes Chromium 156 drop every picture up to the next key frame (Media Source Extensions,
        "coded frame processing": a discontinuity in one track asks for a random access point in both).
        """
        return self._end is not None and self._sound_end >= to_samples(self._end)

    def last_part(self) -> PartContent | None:
        """After `finish`: what is left, with silence for missing sound; None if nothing is.

        Sound that is left without a picture is a part of sound alone, also if it is all silence: a hole
        before the next take must not be (`sound_complete`).
        """
        assert self._end is not None, "finish() comes first"
        self.add_sound(silence_between(self._sound_end, to_samples(self._end)))
        if not self._pictures and not self._sound:
            return None
        return self._cut(self._end, last_of_segment=True)

    def _cut(self, end_pts: int, *, last_of_segment: bool = False) -> PartContent:
        """A part of all waiting pictures, that ends at `end_pts`, real or guessed."""
        pictures, self._pictures = self._pictures, []
        video = self._samples(pictures, end_pts) if pictures else ()
        audio = self._sound_until(end_pts)
        start, starts_segment = self._told_end, self._starts_segment
        shortest = SHORTEST_LAST_PART_TICKS if last_of_segment else self._shortest
        self._told_end = max(start + shortest, min(end_pts, start + self._target))
        self._starts_segment = False
        self._split_long_segment()
        return PartContent(
            video=video,
            audio=audio,
            pts=video[0].pts if video else start,
            duration=self._told_end - start,
            independent=bool(video) and video[0].independent,
            starts_segment=starts_segment,
            filled=all(one.filled for one in pictures) and all(one.filled for one in audio),
        )

    def _samples(self, pictures: list[_Picture], end_pts: int) -> tuple[VideoSample, ...]:
        """The part's pictures, the first decoded where the part before was told to end, though shown later.

        That end was a guess. Where a decode time lies more than two durations behind the one before, players
        drop every picture up to the next key frame (Media Source Extensions, "coded frame processing").
        """
        first = min(self._decode_end, pictures[0].pts)
        times = [first, *(picture.pts for picture in pictures[1:]), end_pts]
        self._decode_end = end_pts
        return tuple(
            VideoSample(p.data, p.pts, end - begin, p.independent, p.pts - begin)
            for p, begin, end in zip(pictures, times, times[1:], strict=False)
        )

    def _sound_until(self, end_pts: int) -> tuple[AudioSample, ...]:
        end = to_samples(end_pts)
        taken: list[AudioSample] = []
        while self._sound and self._sound[0].pts < end:
            taken.append(self._sound.popleft())
        return tuple(taken)

    def _split_long_segment(self) -> None:
        """A source with long GOPs: one more part would bring the segment over TARGETDURATION."""
        if self._told_end + self._target - self._segment_start > LONGEST_SEGMENT_TICKS:
            self.splits_without_key_frame += 1
            self._open_segment()

    def _open_segment(self) -> None:
        self._segment_start = self._told_end
        self._starts_segment = True
