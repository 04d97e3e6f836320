"""What a version of a session's replay shows, and the gaps that its newest one leaves.

Reads by a SessionReader; called from web threads and by the job that heals.
"""

from __future__ import annotations

from collections.abc import Iterator

from recorder.edit_list import EditList, Span
from recorder.gaps import Gap, Stretch, gaps_of
from recorder.healing_plan import ShownSegment
from recorder.media import SessionPhase
from recorder.media_log_reader import NotInLog, SessionReader, TakeView
from recorder.session_state import ABSENCE


def gaps_of_session(reader: SessionReader) -> list[Gap]:
    """What is missing now. Raises NotInLog for a session without a state."""
    state = reader.state
    broke_off = state.phase is SessionPhase.ENDED and state.end_reason == ABSENCE
    healed = healed_stretches(reader, reader.whole_list(reader.newest_edit()))
    return gaps_of(reader.takes, healed, broke_off=broke_off)


def healed_stretches(reader: SessionReader, edits: EditList) -> Iterator[Stretch]:
    """Where that version shows healed takes that can be read."""
    for span, take in readable_spans(reader, edits):
        for slot in take.segments:
            if span.healed and span.shows(slot.segment):
                yield Stretch(slot.pts, slot.pts + slot.duration)


def shown_segments(reader: SessionReader, edits: EditList) -> list[ShownSegment]:
    """What a version shows, in order, hidden or not; what cannot be read any more is left out."""
    found: list[ShownSegment] = []
    for span, take in readable_spans(reader, edits):
        ends = [*(slot.pts for slot in take.segments[1:]), take.end_pts]
        found += [
            ShownSegment(
                take.number, slot.segment, slot.pts, end, take.records[slot.first_record].independent
            )
            for slot, end in zip(take.segments, ends, strict=True)
            if span.shows(slot.segment)
        ]
    return found


def readable_spans(reader: SessionReader, edits: EditList) -> Iterator[tuple[Span, TakeView]]:
    """Spans whose media are there: where a healed take's are gone, what it healed is missing again."""
    for span in edits.spans:
        try:
            take = reader.take(span.take)
        except NotInLog:
            continue
        if not take.lost:
            yield span, take
