"""Times of the lecture's own clock as a player of the replay, or of the MP4, tells them.

Both leave out slates and what is hidden: the replay by whole segments, the MP4 exactly. In web threads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from library.transcript_formats import Cue, Word
from recorder.edit_list import EditList
from recorder.hidden_spans import intervals
from recorder.media import VIDEO_CLOCK_RATE
from recorder.media_log_reader import SessionReader
from recorder.session_gaps import readable_spans

Stretch = tuple[float, float]


class ShownClock:
    """`stretches`: from when to when the lecture is shown, in order. Pure."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self._stretches = list(stretches)
        self._starts = [start for start, _ in self._stretches]
        self._begins = list(accumulate((end - start for start, end in self._stretches), initial=0.0))

    def at(self, seconds: float) -> float:
        """A moment that is left out is the beginning of what follows it."""
        number = bisect_right(self._starts, seconds) - 1
        if number < 0:
            return 0.0
        start, end = self._stretches[number]
        return self._begins[number] + min(seconds, end) - start

    def cues(self, cues: Iterable[Cue]) -> tuple[Cue, ...]:
        """As they stand there; nothing of what is left out."""
        moved = (
            Cue(self.at(cue.start), self.at(cue.end), cue.text, tuple(map(self._word, cue.words)))
            for cue in cues
        )
        return tuple(cue for cue in moved if cue.end > cue.start)

    def _word(self, word: Word) -> Word:
        return Word(self.at(word.start), self.at(word.end), word.text)


def clock_of_replay(reader: SessionReader) -> ShownClock:
    """Of the newest version, as it is played."""
    found: list[Stretch] = []
    for span, take in readable_spans(reader, reader.edit_list(reader.newest_edit())):
        for slot in take.segments:
            if span.shows(slot.segment):
                start = slot.pts / VIDEO_CLOCK_RATE
                found.append((start, start + slot.duration / VIDEO_CLOCK_RATE))
    return ShownClock(found)


def clock_of_mp4(reader: SessionReader, version: int) -> ShownClock:
    """Of the version that an MP4 holds. Raises NotInLog."""
    edits = reader.whole_list(version)
    return ShownClock(_exact(reader, edits))


def _exact(reader: SessionReader, edits: EditList) -> Sequence[Stretch]:
    found: list[Stretch] = []
    for span, take in readable_spans(reader, edits):
        shown = [one for one in take.timed_segments() if span.shows(one.segment)]
        if shown:
            found += intervals(shown[0].start, shown[-1].end, edits.hidden)
    return found
