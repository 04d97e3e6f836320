"""What viewers of a replay see: ordered spans of segments over a session's takes.

Pure values. Version 1 leaves out the slates (and spilled takes whose media were given up); later versions,
stored by `edit_list_files.py`, cut, hide private spans and heal gaps. The log itself is never edited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

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
    """`version` is part of the replay's address: a version's spans never change."""

    version: int
    spans: tuple[Span, ...]


def without_slates(takes: Iterable[TakeSummary]) -> EditList:
    """Version 1: every take in order but the slates and the lost. Without any picture: no spans."""
    spans = (
        Span(take.number, take.first_segment, take.last_segment)
        for take in takes
        if not take.slate and not take.lost
    )
    return EditList(version=1, spans=tuple(spans))
