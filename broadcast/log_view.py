"""A session's media log as playlists tell it: what the reader knows becomes segments, each once.

Owned by one `live_window.LiveWindow`, which calls `update()` under its lock after the reader has read on.
Old segments lose their list of parts, so that three hours cost about a megabyte.
"""

from __future__ import annotations

from dataclasses import replace

from broadcast.playlist_view import (
    PARTS_SECONDS,
    TARGET_DURATION_SECONDS,
    Hint,
    Part,
    PlaylistView,
    Segment,
)
from broadcast.segment_rates import SegmentRates
from recorder.media import VIDEO_CLOCK_RATE, SessionPhase
from recorder.media_log_reader import SegmentSlot, SessionReader, TakeView

# A playlist lists parts for three target durations; segments are a good deal longer than a quarter second.
SEGMENTS_WITH_PARTS = PARTS_SECONDS * 4


class LogView:
    """Complete segments, the one being written and what comes next, of one session."""

    def __init__(self, reader: SessionReader, part_target_seconds: float) -> None:
        self.segments: list[Segment] = []
        self.rates = SegmentRates()
        self._reader = reader
        self._part_target_seconds = part_target_seconds
        self._growing: Segment | None = None
        self._take = 0
        self._slots_taken = 0
        self.current = self._view()

    def update(self) -> None:
        """Take in what the reader has read since the last call."""
        for take in self._reader.takes:
            if take.number < self._take or not take.segments:
                continue
            if take.number > self._take:
                self._take, self._slots_taken = take.number, 0
            self._take_in(take)
        self.current = self._view()

    def _take_in(self, take: TakeView) -> None:
        slots = take.segments
        while self._slots_taken < len(slots) and slots[self._slots_taken].complete:
            recent = len(slots) - self._slots_taken <= SEGMENTS_WITH_PARTS
            self._append(self._segment(take, slots[self._slots_taken], with_parts=recent))
            self._slots_taken += 1
        growing = slots[self._slots_taken] if self._slots_taken < len(slots) else None
        self._growing = None
        if growing is not None:
            self._growing = self._segment(take, growing, with_parts=True)

    def _append(self, segment: Segment) -> None:
        if not segment.gap:
            self.rates.add(segment.size, segment.duration)
        self.segments.append(segment)
        old = len(self.segments) - 1 - SEGMENTS_WITH_PARTS
        if old >= 0 and self.segments[old].parts:
            self.segments[old] = replace(self.segments[old], parts=())

    def _segment(self, take: TakeView, slot: SegmentSlot, *, with_parts: bool) -> Segment:
        self._fill_gap(slot)
        last = self.segments[-1] if self.segments else None
        parts: tuple[Part, ...] = ()
        if with_parts:
            parts = tuple(Part(p.duration, p.independent, gap=take.lost) for p in take.parts(slot))
        return Segment(
            slot.segment,
            take.number,
            slot.pts,
            slot.duration,
            slot.bytes,
            0 if last is None else last.discontinuity_sequence + (take.number != last.take),
            slot.part_count,
            parts,
            gap=take.lost,
        )

    def _fill_gap(self, following: SegmentSlot) -> None:
        """6.2.1: absent media is signalled by segments with EXT-X-GAP that add up to its duration."""
        if not self.segments:
            return
        last = self.segments[-1]
        missing = following.segment - last.number - 1
        absent = following.pts - last.pts - last.duration
        for index in range(missing):
            # No segment may be longer than the target duration; the next take's date mends the rest.
            each = min(max(absent // missing, 1), TARGET_DURATION_SECONDS * VIDEO_CLOCK_RATE)
            pts = last.pts + last.duration + index * each
            number = last.number + 1 + index
            self.segments.append(
                Segment(number, last.take, pts, each, 0, last.discontinuity_sequence, 0, gap=True)
            )

    def _view(self) -> PlaylistView:
        state = self._reader.state
        hint = None if state.phase is SessionPhase.ENDED else self._hint()
        return PlaylistView(self.segments, self._growing, hint, state.started_at, self._part_target_seconds)

    def _hint(self) -> Hint:
        if self._growing is not None:
            return Hint(self._growing.take, self._growing.number, self._growing.part_count, new_init=False)
        if not self.segments:
            return Hint(1, 0, 0, new_init=True)
        # The take is closed and the session goes on: a slate, a reconnect or another source comes next.
        last = self.segments[-1]
        return Hint(last.take + 1, last.number + 1, 0, new_init=True)
