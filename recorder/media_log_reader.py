"""Reading a session's media log while it is written, and its edit lists: web, export, adoption, jobs.

A SessionReader may be called from several threads (its lock is held for a read from the page cache). It
holds one descriptor per open take and a few of media files; `close()` closes them all. What it shows only
grows: a take once shown stays in its place, also when it moves from the spill to the disk or is lost.
Healed takes are no part of the log: `takes` has none, but whoever knows a number from an edit list gets it.
Media that were moved into an object store (`far_media.py`) are read from there, without the lock.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import insort
from collections import OrderedDict
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

from recorder import edit_list_files, far_media, session_state
from recorder.edit_list import EditList, TimedSegment, as_played, without_slates
from recorder.far_media import FarMedia, FarPlace, MediaUnavailable
from recorder.followed_take import FollowedTake
from recorder.hidden_spans import HiddenSpan
from recorder.log_folders import MEDIA_FILE, healed_name, is_healed, is_session_id, take_name, take_numbers
from recorder.media import SessionPhase
from recorder.session_state import SessionState
from recorder.take_view import PackedRecords, SegmentSlot, TakeView

__all__ = ["NotInLog", "PackedRecords", "SegmentSlot", "SessionReader", "TakeView"]

_MAX_MEDIA_DESCRIPTORS = 4
# A folder's time stamp ticks in steps of up to 10 ms: a younger one may hide a second change.
_SETTLED_NS = 100_000_000
_by_number = attrgetter("number")


class NotInLog(LookupError):
    """No such session, take, segment, part or version of the edit list; or its media are lost."""


class SessionReader:
    """`roots`: where takes may lie, the disk first. Raises NotInLog if there is no such session.

    `far`: reads what was moved elsewhere; without it such media raise MediaUnavailable.
    """

    def __init__(self, roots: Sequence[Path], session_id: str, far: FarMedia | None = None) -> None:
        if not is_session_id(session_id):
            raise NotInLog(f"session {session_id!r}")
        self.session_id = session_id
        self.takes: list[TakeView] = []
        self._roots = tuple(roots)
        self._folders = tuple(root / session_id for root in roots)
        self._lock = threading.RLock()
        self._state: SessionState | None = None
        self._stamps: tuple[int, ...] = ()
        self._followed: dict[int, FollowedTake] = {}
        self._healed: dict[int, FollowedTake] = {}
        self._open: list[FollowedTake] = []
        self._media: OrderedDict[int, int] = OrderedDict()
        self._far = far
        self._places: dict[int, FarPlace] = {}
        self._closed = False
        if not any(folder.is_dir() for folder in self._folders):
            raise NotInLog(f"session {session_id}")
        self.refresh()

    @property
    def state(self) -> SessionState:
        """As of the last `refresh()`. Raises NotInLog if `session.json` is missing or unreadable."""
        if self._state is None:
            raise NotInLog(f"state of session {self.session_id}")
        return self._state

    def refresh(self) -> bool:
        """Take in what was written since; whether there was anything. Two stats and an fstat if not."""
        with self._lock:
            if self._closed:
                return False
            changed = self._list_takes() if self._folders_changed() else False
            changed |= self._read_on()
            if any(take.missed for take in self._open):  # it moved to the disk between listing and opening
                changed |= self._list_takes()
                changed |= self._read_on()
            if changed:
                self._arrange()
            return changed

    def _read_on(self) -> bool:
        changed = False
        for take in tuple(self._open):
            changed |= take.refresh()
        return changed

    def take(self, number: int) -> TakeView:
        """Raises NotInLog."""
        view = self._find(number).view
        assert view is not None, "a take that is found has parts"
        return view

    def media_path(self, take: int) -> Path:
        """The take's `program.mp4` where it lies now. Raises NotInLog."""
        with self._lock:
            return self._find(take).folder / MEDIA_FILE

    def edit_list(self, version: int) -> EditList:
        """What a replay of that version plays, of the log as it is now: whole segments. Raises NotInLog."""
        return self.played(self.whole_list(version))

    def played(self, edits: EditList) -> EditList:
        """A version, or one that is to be made, as it is played: whole segments, without what it hides."""
        return as_played(edits, self._timed_segments)

    def whole_list(self, version: int) -> EditList:
        """The version as it was made, with what it hides. Raises NotInLog."""
        if version == 1:
            return without_slates(self.takes, self._held_off_the_record())
        edits = edit_list_files.load(self._roots, self.session_id, version)
        if edits is None:
            raise NotInLog(f"version {version} of the edit list")
        return edits

    def newest_edit(self) -> int:
        """The newest version of the edit list; 1 until something was edited."""
        return edit_list_files.newest(self._roots, self.session_id)

    def edits_stamps(self) -> tuple[int, ...]:
        """Other than before where a version of the edit list was saved."""
        return edit_list_files.stamps(self._roots, self.session_id)

    def hidden_now(self) -> tuple[HiddenSpan, ...]:
        """What the newest version hides; while the lecture runs, what is held off the record."""
        ended = self._state is not None and self._state.phase is SessionPhase.ENDED
        newest = self.newest_edit() if ended else 1
        edits = edit_list_files.load(self._roots, self.session_id, newest) if newest > 1 else None
        return edits.hidden if edits is not None else self._held_off_the_record()

    def _held_off_the_record(self) -> tuple[HiddenSpan, ...]:
        return self._state.hidden if self._state is not None else ()

    def _timed_segments(self, take: int) -> list[TimedSegment]:
        try:
            return self.take(take).timed_segments()
        except NotInLog:
            return []

    def init_bytes(self, take: int) -> bytes:
        """Raises NotInLog."""
        return self.take(take).init

    def part_bytes(self, take: int, segment: int, part: int) -> bytes:
        """One part: one pread. Raises NotInLog; of media elsewhere MediaUnavailable, MediaDamaged."""
        view = self.take(take)
        slot = self._slot(view, segment)
        if not 0 <= part < slot.part_count:
            raise NotInLog(f"part {segment}.{part} of take {take}")
        record = view.records[slot.first_record + part]
        return self._read(view, record.offset, record.length)

    def segment_bytes(self, take: int, segment: int) -> bytes:
        """A complete segment: one pread. Raises NotInLog, also while the segment still grows; of media
        elsewhere MediaUnavailable, MediaDamaged.
        """
        view = self.take(take)
        slot = self._slot(view, segment)
        if not slot.complete:
            raise NotInLog(f"segment {segment} of take {take} is not complete")
        return self._read(view, slot.offset, slot.bytes)

    def read_media(self, take: int, offset: int, length: int) -> bytes:
        """Bytes of a take's `program.mp4`. Raises NotInLog, MediaUnavailable, MediaDamaged."""
        return self._read(self.take(take), offset, length)

    def is_far(self, take: int, segment: int) -> bool:
        """Whether a segment's media are elsewhere now, so that reading them may take seconds: two looks at
        the disk.
        """
        try:
            view = self.take(take)
            slot = self._slot(view, segment)
            with self._lock:
                return not self._reaches(take, slot.offset + slot.bytes) and self._place(take) is not None
        except (NotInLog, OSError):
            return False

    def close(self) -> None:
        """Close every descriptor; idempotent. What was read stays to be had, media do not."""
        with self._lock:
            self._closed = True
            for take in self._followed.values():
                take.close()
            while self._media:
                os.close(self._media.popitem()[1])

    def _find(self, number: int) -> FollowedTake:
        if is_healed(number):
            return self._find_healed(number)
        followed = self._followed.get(number)
        if followed is None or not followed.visible:
            raise NotInLog(f"take {number}")
        return followed

    def _find_healed(self, number: int) -> FollowedTake:
        """Read when it is first asked for: it was put there whole, and never changes."""
        with self._lock:
            known = self._healed.get(number)
            if known is not None:
                return known
            for folder in self._folders:
                found = FollowedTake(number, folder / healed_name(number))
                found.refresh()
                found.close()
                if found.view is not None and found.view.sealed and found.visible:
                    found.view.close()
                    self._healed[number] = found
                    return found
            raise NotInLog(f"healed take {number}")

    def _slot(self, view: TakeView, segment: int) -> SegmentSlot:
        slot = view.slot(segment)
        if slot is None or view.lost:
            raise NotInLog(f"segment {segment} of take {view.number}")
        return slot

    def _read(self, view: TakeView, offset: int, length: int) -> bytes:
        with self._lock:
            if self._reaches(view.number, offset + length):
                data = os.pread(self._descriptor(view.number), length, offset)
                if len(data) == length:
                    return data
            place = self._place(view.number)
        if place is None or offset + length > place.length:
            raise NotInLog(f"take {view.number} ends before byte {offset + length}")
        if self._far is None:
            raise MediaUnavailable(f"take {view.number} is in {place.store}, which is not read here")
        return self._far.read(place, offset, length)

    def _reaches(self, number: int, end: int) -> bool:
        """Whether the media file on the disk is so long; it may be another than the one that was opened."""
        if os.fstat(self._descriptor(number)).st_size >= end:
            return True
        os.close(self._media.pop(number))
        return os.fstat(self._descriptor(number)).st_size >= end

    def _place(self, number: int) -> FarPlace | None:
        """Where the media are, if not on the disk. What a take was when it was moved it always is."""
        place = self._places.get(number) or far_media.load(self._find(number).folder / MEDIA_FILE)
        if place is not None:
            self._places[number] = place
        return place

    def _descriptor(self, number: int) -> int:
        """The media file's descriptor: the few used last stay open."""
        if self._closed:
            raise NotInLog(f"session {self.session_id} is closed")
        fd = self._media.get(number)
        if fd is None:
            fd = self._media[number] = self._open_media(number)
            if len(self._media) > _MAX_MEDIA_DESCRIPTORS:
                os.close(self._media.popitem(last=False)[1])
        else:
            self._media.move_to_end(number)
        return fd

    def _open_media(self, number: int) -> int:
        # The spill first, the disk last: a take that moves is on the disk before it leaves the spill.
        elsewhere = () if is_healed(number) else reversed(self._folders)
        for folder in (self._find(number).folder, *(root / take_name(number) for root in elsewhere)):
            try:
                return os.open(folder / MEDIA_FILE, os.O_RDONLY)
            except FileNotFoundError:
                continue
        raise NotInLog(f"take {number} is gone")

    def _folders_changed(self) -> bool:
        stamps, settled = [], True
        now = time.time_ns()
        for folder in self._folders:
            try:
                stamp = os.stat(folder).st_mtime_ns
            except FileNotFoundError:
                stamp = 0
            settled = settled and abs(now - stamp) > _SETTLED_NS
            stamps.append(stamp)
        changed = tuple(stamps) != self._stamps
        self._stamps = tuple(stamps) if settled else ()
        return changed

    def _list_takes(self) -> bool:
        found: dict[int, Path] = {}
        for folder in reversed(self._folders):  # the disk last, for the same reason, and it wins
            found.update((number, folder / take_name(number)) for number in take_numbers(folder))
        state = session_state.load(self._roots, self.session_id)
        changed = state != self._state
        self._state = state or self._state
        for number in sorted(found):
            changed |= self._look_at(number, found[number])
        for number in self._followed.keys() - found.keys():
            changed |= self._vanished(self._followed[number])
        self._open = [take for take in self._followed.values() if take.view is None or not take.view.sealed]
        return changed

    def _look_at(self, number: int, folder: Path) -> bool:
        known = self._followed.get(number)
        if known is None:
            self._followed[number] = FollowedTake(number, folder)
            return False  # becomes a change with its first part
        if known.folder != folder and (fd := self._media.pop(number, None)) is not None:
            os.close(fd)  # or the memory of a take that left the spill would stay in use
        return known.look_again(folder)

    def _vanished(self, take: FollowedTake) -> bool:
        take.close()
        if take.view is None or not take.visible:
            del self._followed[take.number]
            return False
        if take.view.lost:
            return False
        take.view.give_up()
        take.view.sealed = True
        return True

    def _arrange(self) -> None:
        """Show takes with parts, in order; close what is followed by another take or by the session's end."""
        for take in self._followed.values():
            if take.view is not None and take.visible:
                self._show(take.view)
        ended = self._state is not None and self._state.phase is SessionPhase.ENDED
        for view in self.takes if ended else self.takes[:-1]:
            view.close()
        for view in self.takes[-1:]:
            if view.sealed:
                view.close()
        self._open = [take for take in self._followed.values() if take.view is None or not take.view.sealed]

    def _show(self, view: TakeView) -> None:
        for at, shown in enumerate(self.takes):
            if shown.number == view.number:
                self.takes[at] = view  # the same, or read anew after its index was mended
                return
        insort(self.takes, view, key=_by_number)
