"""A take as a reader knows it: packed records and its segments, growing as the index grows.

Values and pure functions, owned by media_log_reader.SessionReader, which feeds it under its lock; others
only read. Records stay the 64 bytes that lie in the index: three hours are 2 MB.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import overload

from recorder.edit_list import TimedSegment
from recorder.media import VIDEO_CLOCK_RATE, PartRecord, VideoParameters
from recorder.take_index import RECORD_BYTES, Mark, iterate, mark_of, record_at

_by_number = attrgetter("segment")


class PackedRecords(Sequence[PartRecord]):
    """Records of a take's parts, in order. Of a take whose media were given up, every `length` is 0."""

    __slots__ = ("_data", "_lost")

    def __init__(self) -> None:
        self._data = bytearray()
        self._lost = False

    def __len__(self) -> int:
        return len(self._data) // RECORD_BYTES

    @overload
    def __getitem__(self, number: int) -> PartRecord: ...
    @overload
    def __getitem__(self, number: slice) -> list[PartRecord]: ...
    def __getitem__(self, number: int | slice) -> PartRecord | list[PartRecord]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(number)
        record = record_at(self._data, number)
        return replace(record, length=0) if self._lost else record

    def between(self, first: int, end: int) -> Iterator[PartRecord]:
        """Records `first` … `end - 1`, faster than one by one."""
        found = iterate(self._data, first, min(end, len(self)))
        return (replace(record, length=0) for record in found) if self._lost else found

    def extend(self, packed: bytes) -> None:
        self._data += packed

    def give_up(self) -> None:
        self._lost = True


@dataclass(slots=True)
class SegmentSlot:
    """One segment. `pts`, `duration`: 90 kHz ticks; `offset`, `bytes` in `program.mp4`.

    Its parts are records `first_record` … `first_record + part_count - 1` of the take. `complete`: no part
    will follow, so that its bytes never change.
    """

    segment: int
    first_record: int
    part_count: int
    pts: int
    duration: int
    offset: int
    bytes: int
    complete: bool


class TakeView:
    """One take. `init`: its init segment. `closed`: no part follows. `lost`: its media are gone (a gap)."""

    def __init__(self, number: int, video: VideoParameters, init: bytes, *, slate: bool) -> None:
        self.number = number
        self.slate = slate
        self.video = video
        self.init = init
        self.closed = False
        self.sealed = False
        self.lost = False
        self.records = PackedRecords()
        self.segments: list[SegmentSlot] = []

    @property
    def init_length(self) -> int:
        return len(self.init)

    @property
    def first_segment(self) -> int:
        """Raises IndexError for a take without parts, which no reader shows."""
        return self.segments[0].segment

    @property
    def last_segment(self) -> int:
        return self.segments[-1].segment

    @property
    def end_pts(self) -> int:
        """Where the last part ends, 90 kHz ticks."""
        last = self.segments[-1]
        return last.pts + last.duration

    def timed_segments(self) -> list[TimedSegment]:
        """When each segment is shown: to where the next one of the take begins."""
        ends = [*(slot.pts for slot in self.segments[1:]), self.end_pts]
        return [
            TimedSegment(
                slot.segment,
                slot.pts / VIDEO_CLOCK_RATE,
                max(end, slot.pts + slot.duration) / VIDEO_CLOCK_RATE,
                self.records[slot.first_record].independent,
            )
            for slot, end in zip(self.segments, ends, strict=True)
        ]

    def slot(self, segment: int) -> SegmentSlot | None:
        """The segment of that media sequence number, if it is in this take."""
        at = bisect_left(self.segments, segment, key=_by_number)
        found = self.segments[at] if at < len(self.segments) else None
        return found if found is not None and found.segment == segment else None

    def parts(self, slot: SegmentSlot) -> Iterator[PartRecord]:
        """Records of a segment's parts so far."""
        return self.records.between(slot.first_record, slot.first_record + slot.part_count)

    def extend(self, packed: bytes) -> None:
        """Take in whole records as they follow in the index; an end mark seals the take."""
        count = len(packed) // RECORD_BYTES
        parts = next((n for n in range(count) if mark_of(packed, n) is not Mark.PART), count)
        first = len(self.records)
        self.records.extend(packed[: parts * RECORD_BYTES])
        for number, record in enumerate(iterate(packed, 0, parts), first):
            self._place(number, record)
        for number in range(parts, count):
            self.mark(mark_of(packed, number))

    def mark(self, mark: Mark) -> None:
        self.sealed = True
        if mark is Mark.LOST:
            self.give_up()

    def give_up(self) -> None:
        self.lost = True
        self.records.give_up()
        self.close()

    def close(self) -> None:
        """No part follows: the last segment is complete."""
        self.closed = True
        if self.segments:
            self.segments[-1].complete = True

    def _place(self, number: int, record: PartRecord) -> None:
        last = self.segments[-1] if self.segments else None
        if last is not None and last.segment == record.segment:
            last.part_count += 1
            last.duration += record.duration
            last.bytes += record.length
            return
        if last is not None:
            last.complete = True
        r = record
        self.segments.append(SegmentSlot(r.segment, number, 1, r.pts, r.duration, r.offset, r.length, False))
