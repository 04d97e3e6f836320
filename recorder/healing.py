"""Healing: the gaps of an ended session's recording, filled from the safety copies that its studio kept.

Runs as a job in a process of its own, one at a time for a session. The log is never touched: what is missing
is encoded into healed takes beside it, and the next version of the edit list shows them in its place. Each
take appears whole or not at all; what an attempt that was killed left behind is removed by the next one.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import av

from recorder import edit_list_files
from recorder.copy_alignment import Shift
from recorder.copy_media import open_copy, open_segments, sound_span
from recorder.durable_file import make_private_folder
from recorder.edit_list import EditList, Span
from recorder.gaps import Stretch
from recorder.healed_pictures import Picture
from recorder.healed_sound import Pcm, encode_run
from recorder.healed_take import TakeMaker
from recorder.healing_plan import Mend, ShownSegment, mended, mends_of
from recorder.log_folders import HEALED, edit_versions, healed_name, healed_numbers
from recorder.media import AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE, SessionPhase
from recorder.media_facts import MediaRefused, fitted
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.normalise import NoDisk
from recorder.part_cutter import to_samples
from recorder.placed_copy import Link, Placed, chained, links, moved, shift_beside
from recorder.session_gaps import gaps_of_session, shown_segments

__all__ = ["CopyFile", "Healed", "NoDisk", "heal"]

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]

WORK_FOLDER = ".healing"
BESIDE_SECONDS = 10.0  # of log and copy are compared on each side of a gap
MEETING_TICKS = VIDEO_CLOCK_RATE // 4  # where a take ends is told, and may differ so much
SEAM_SAMPLES = AUDIO_SAMPLE_RATE * 3 // 2  # the log's sound lies so far behind its pictures at most
_start_of = attrgetter("start")


@dataclass(frozen=True, slots=True)
class CopyFile:
    """`began_at`: unix seconds of its first sample, guessed."""

    path: Path
    began_at: float


@dataclass(frozen=True, slots=True)
class Healed:
    """`version`: of the edit list that was made, None if there was nothing to heal with these copies.

    `seconds`: of the lecture that were missing and are there now. `refused`: why copies were of no use, words
    of `media_facts` or `gone`.
    """

    version: int | None
    seconds: float
    refused: tuple[str, ...]


def heal(
    roots: Sequence[Path],
    session_id: str,
    copies: Sequence[CopyFile],
    *,
    disk_floor_bytes: int,
    progress: Progress,
) -> Healed:
    """Make healed takes and the version that shows them, below `roots[0]`.

    Again with nothing left to heal makes nothing. Raises NoDisk, NotInLog, OSError.
    """
    reader = SessionReader(roots, session_id)
    try:
        if reader.state.phase is not SessionPhase.ENDED:
            raise NotInLog(f"session {session_id} has not ended")
        return _Healer(reader, roots, disk_floor_bytes, progress).heal(copies)
    finally:
        reader.close()
        shutil.rmtree(roots[0] / session_id / WORK_FOLDER, ignore_errors=True)


class _Healer:
    """One attempt."""

    def __init__(
        self, reader: SessionReader, roots: Sequence[Path], disk_floor_bytes: int, progress: Progress
    ) -> None:
        self._reader = reader
        self._roots = roots
        self._folder = roots[0] / reader.session_id
        self._floor = disk_floor_bytes
        self._progress = progress
        self._shown = shown_segments(reader, reader.whole_list(reader.newest_edit()))

    def heal(self, copies: Sequence[CopyFile]) -> Healed:
        self._remove_leftovers()
        self._progress(0.0, "reading")
        placed, refused = self._open(copies)
        covered = [Stretch(_ticks(one.start), _ticks(one.end)) for one in placed]
        mends = mends_of(self._shown, gaps_of_session(self._reader), covered)
        takes = self._make_all(mends, placed)
        if not takes:
            return Healed(None, 0.0, refused)
        version = self._save(mended(self._shown, takes))
        gained = sum(mend.gap.end - mend.gap.start for mend in takes)
        return Healed(version, round(gained / VIDEO_CLOCK_RATE, 3), refused)

    def _open(self, copies: Sequence[CopyFile]) -> tuple[list[Placed], tuple[str, ...]]:
        """Where the studio's clock says they belong; what cannot be read is left out."""
        started_at = self._reader.state.started_at
        placed, refused = [], []
        for copy in copies:
            try:
                placed.append(Placed(open_copy(copy.path), copy.began_at - started_at))
            except (MediaRefused, FileNotFoundError) as error:
                reason = error.reason if isinstance(error, MediaRefused) else "gone"
                log.warning("copy %s is of no use (%s): %s", copy.path.name, reason, error)
                refused.append(reason)
        return sorted(placed, key=_start_of), tuple(refused)

    def _make_all(self, mends: Sequence[Mend], copies: Sequence[Placed]) -> dict[Mend, Span]:
        """Mends of which nothing could be decoded are left out."""
        total = sum(mend.end - mend.start for mend in mends)
        done = 0
        made: dict[Mend, Span] = {}
        for mend in mends:

            def tell(pts: int, before: int = done - mend.start) -> None:
                self._progress((before + pts) / total, "encoding")

            try:
                segments, number = self._make(mend, copies, tell)
            except av.FFmpegError as error:
                log.warning("%s cannot be healed: %s", mend, error)
                segments, number = 0, 0
            if segments:
                made[mend] = Span(number, 0, segments - 1)
            done += mend.end - mend.start
        return made

    def _make(self, mend: Mend, copies: Sequence[Placed], tell: Callable[[int], None]) -> tuple[int, int]:
        """The healed take of one mend → its segments, and its number."""
        used = self._aligned(mend, links(copies, mend.start / VIDEO_CLOCK_RATE, mend.end / VIDEO_CLOCK_RATE))
        first, last = self._sound_seams(mend)
        sound = encode_run(_sound(used, first, last), first, last)
        number = max(healed_numbers(self._folder), default=HEALED) + 1
        work = self._folder / WORK_FOLDER
        make_private_folder(work)
        maker = TakeMaker(work, self._reader.session_id, number, self._size(mend, used), self._floor)
        try:
            segments = maker.make(_pictures(used), sound, mend.start, mend.end, tell)
            if segments:
                maker.put(self._folder / healed_name(number))
        finally:
            maker.close()
        return segments, number

    def _aligned(self, mend: Mend, used: Sequence[Link]) -> list[Link]:
        """The copies moved to where the log before and behind the gap says that they belong."""
        chain = chained(used)
        before = self._shift(chain[0].copy, mend.gap.start, before=True)
        after = self._shift(chain[-1].copy, mend.gap.end, before=False)
        log.info("%s: %d copies, %s before, %s behind", mend, len(used), before, after)
        return moved(chain, before, after)

    def _shift(self, copy: Placed, border: int, *, before: bool) -> Shift | None:
        """What the log beside a gap says of a copy's place."""
        wide = round(BESIDE_SECONDS * VIDEO_CLOCK_RATE)
        if before:
            found = [one for one in self._shown if border - wide < one.end and one.start < border]
        else:
            found = [one for one in self._shown if border < one.end and one.start < border + wide]
        if not found:
            return None
        take = found[-1 if before else 0].take
        reader = self._reader
        segments = [reader.segment_bytes(take, one.segment) for one in found if one.take == take]
        try:
            beside = Placed(open_segments(reader.init_bytes(take), segments), 0.0)
        except MediaRefused as error:
            log.warning("take %d cannot be compared: %s", take, error)
            return None
        at = border / VIDEO_CLOCK_RATE
        first, last = (at - BESIDE_SECONDS, at) if before else (at, at + BESIDE_SECONDS)
        start, end = max(beside.start, copy.start, first), min(beside.end, copy.end, last)
        return shift_beside(beside, start, end, copy)

    def _sound_seams(self, mend: Mend) -> tuple[int, int]:
        """First sample of the healed sound, and the one behind its last: where the log's ends and goes on."""
        first, last = to_samples(mend.start), to_samples(mend.end)
        meets_before = [one for one in self._shown if abs(one.end - mend.start) < MEETING_TICKS]
        meets_after = [one for one in self._shown if one.start == mend.end]
        before, after = self._sound_of(meets_before[-1:]), self._sound_of(meets_after)
        if before is not None and abs(before[1] - first) < SEAM_SAMPLES:
            first = before[1]
        if after is not None and abs(after[0] - last) < SEAM_SAMPLES:
            last = after[0]
        return first, max(last, first)

    def _sound_of(self, found: Sequence[ShownSegment]) -> tuple[int, int] | None:
        reader = self._reader
        for one in found:
            return sound_span(reader.init_bytes(one.take), reader.segment_bytes(one.take, one.segment))
        return None

    def _size(self, mend: Mend, used: Sequence[Link]) -> tuple[int, int]:
        """Of the take beside it, so that players go on at the same size."""
        beside = [one for one in self._shown if one.start < mend.start][-1:] or self._shown[:1]
        if beside:
            video = self._reader.take(beside[0].take).video
            return fitted(video.width, video.height)
        _, frame = next(used[0].copy.medium.pictures(0.0, float("inf")))
        return fitted(frame.width, frame.height)

    def _save(self, spans: tuple[Span, ...]) -> int:
        """What was hidden while copies were encoded stays hidden."""
        reader = self._reader

        def healed(newest: EditList | None, version: int) -> EditList:
            return EditList(version, spans, (newest or reader.whole_list(1)).hidden)

        return edit_list_files.save_next(self._roots, reader.session_id, healed).version

    def _remove_leftovers(self) -> None:
        """Healed takes that no version shows: an attempt was killed before it could save one."""
        shutil.rmtree(self._folder / WORK_FOLDER, ignore_errors=True)
        session_id = self._reader.session_id
        versions = {version for root in self._roots for version in edit_versions(root / session_id)}
        lists = [edit_list_files.load(self._roots, session_id, version) for version in versions]
        if None in lists:
            return  # nobody knows what that version shows
        shown = {span.take for edits in lists if edits is not None for span in edits.spans}
        for number in set(healed_numbers(self._folder)) - shown:
            log.info("session %s: the healed take %d is shown by no version and goes", session_id, number)
            shutil.rmtree(self._folder / healed_name(number))


def _pictures(used: Iterable[Link]) -> Iterator[Picture]:
    """Of one copy after the other; a picture that two of them have comes once."""
    for number, link in enumerate(used):
        for at, frame in link.pictures():
            if number == 0 or at >= link.start:
                yield _ticks(at), frame


def _sound(used: Sequence[Link], first: int, last: int) -> Iterator[Pcm]:
    """48 kHz samples `first` to `last`, and a moment before that the encoder hears."""
    starts = [first / AUDIO_SAMPLE_RATE - 0.1, *(link.start for link in used[1:])]
    ends = [*starts[1:], last / AUDIO_SAMPLE_RATE]
    for link, start, end in zip(used, starts, ends, strict=True):
        yield from link.sound(start, end)


def _ticks(seconds: float) -> int:
    return round(seconds * VIDEO_CLOCK_RATE)
