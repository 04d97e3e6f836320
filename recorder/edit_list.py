"""What viewers of a replay see: ordered spans of segments over a session's takes, less what is hidden.

Pure values. Version 1 leaves out the slates (and spilled takes whose media were given up) and what its
lecturer held off the record; later versions, stored by `edit_list_files.py`, hide other spans and heal gaps.
The log itself is never edited. `spans` and `hidden` stand apart, so that healing keeps what is hidden and an
edit what is healed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from recorder.hidden_spans import HiddenSpan, is_left_out
from recorder.log_folders import is_healed


class TakeSummary(Protocol):
    """What an edit list must know of a take; `TakeView` is one."""

    @property
    def number(self) -> int: ...
    @property
    def slate(self) -> bool: ...
    @property
    def lost(self) -> bool: ...
    @property
    def first_segment(self) -> int: ...
    @property
    def last_segment(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Segments `first_segment` … `last_segment` (media sequence numbers, both included) of one take."""

    take: int
    first_segment: int
    last_segment: int

    def __post_init__(self) -> None:
        if self.last_segment < self.first_segment:
            raise ValueError(f"take {self.take}: a span from {self.first_segment} to {self.last_segment}")

    @property
    def healed(self) -> bool:
        """Whether it shows a safety copy and not what came over the line."""
        return is_healed(self.take)

    def shows(self, segment: int) -> bool:
        """Whether that segment of its take is in it."""
        return self.first_segment <= segment <= self.last_segment


@dataclass(frozen=True, slots=True)
class EditList:
    """`version` is part of the replay's address: a version's spans never change.

    `hidden`: what of `spans` is not shown. `author`: the id of who hid it; None: the recorder, or healing.
    """

    version: int
    spans: tuple[Span, ...]
    hidden: tuple[HiddenSpan, ...] = ()
    author: str | None = None


class TimedSegment(NamedTuple):
    """A segment of a take, with pictures from `start` to `end`, seconds of the session's clock.

    `independent`: it begins with a key frame, as all but those of a long GOP do.
    """

    segment: int
    start: float
    end: float
    independent: bool = True


def without_slates(takes: Iterable[TakeSummary], hidden: tuple[HiddenSpan, ...] = ()) -> EditList:
    """Version 1: every take in order but the slates and the lost. Without any picture: no spans."""
    spans = (
        Span(take.number, take.first_segment, take.last_segment)
        for take in takes
        if not take.slate and not take.lost
    )
    return EditList(version=1, spans=tuple(spans), hidden=hidden)


def as_played(edits: EditList, segments_of: Callable[[int], Sequence[TimedSegment]]) -> EditList:
    """The same version with nothing hidden any more: its spans are whole segments that are played.

    `segments_of`: a take's segments; none where its media are gone.
    """
    if not edits.hidden:
        return edits
    played: list[Span] = []
    for span in edits.spans:
        wanting = False  # a key frame, behind what is left out
        for one in segments_of(span.take):
            if not span.shows(one.segment):
                continue
            if is_left_out(one.start, one.end, edits.hidden):
                wanting = True
            elif one.independent or not wanting:
                _extend(played, Span(span.take, one.segment, one.segment))
                wanting = False
    return replace(edits, spans=tuple(played), hidden=())


def _extend(spans: list[Span], one: Span) -> None:
    last = spans[-1] if spans else None
    if last is not None and last.take == one.take and last.last_segment + 1 == one.first_segment:
        spans[-1] = replace(last, last_segment=one.last_segment)
    else:
        spans.append(one)
