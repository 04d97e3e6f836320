"""The spill: a bounded folder on a memory file system where takes go while the disk is full.

One per recorder process, shared by its media logs. It counts bytes, gives up the oldest closed take when the
bound is reached, and hands closed takes to the mover (disk_space.py). Called on the recorder's loop and by
the mover's thread; `_lock` guards the list. A take given up keeps its init and index: its parts are a gap.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from recorder.log_folders import INDEX_FILE, MEDIA_FILE, session_ids, take_name, take_numbers
from recorder.take_index import HEADER_BYTES, RECORD_BYTES, Mark, pack_mark, parse_header, parts_and_marks

_log = logging.getLogger(__name__)

_TAKES_IN_BOUND = 8
# Of its file system, which may be small (a container's /dev/shm has 64 MB) and is not ours alone.
_SHARE_OF_FILE_SYSTEM = 3 / 4


@dataclass(slots=True)
class SpilledTake:
    """A closed take in the spill. `moving`: the mover has it, nobody else may touch it."""

    session_id: str
    folder: Path
    bytes: int
    lost: bool
    moving: bool = False


class Spill:
    """`root`: the spill's sessions folder. `limit`: most bytes that it may hold."""

    def __init__(self, root: Path, limit: int) -> None:
        self.root = root
        self.limit = limit
        self.used_bytes = 0
        self._lock = threading.Lock()
        self._closed: list[SpilledTake] = []
        self._writers: dict[str, int] = {}
        self._losing: set[str] = set()

    def fit(self, file_system_bytes: int) -> None:
        """Hold no more than a share of a file system of that size; 0 says it has no bound of its own."""
        share = int(file_system_bytes * _SHARE_OF_FILE_SYSTEM)
        if 0 < share < self.limit:
            _log.warning("the spill may hold %d MB: %s is small", share >> 20, self.root.parent)
            self.limit = share

    @property
    def take_limit(self) -> int:
        """From this size on a spilled take should be followed by the next, so that little is given up."""
        return self.limit // (_TAKES_IN_BOUND * max(1, len(self._writers)))

    def holds(self, session_id: str) -> bool:
        """Whether the session has media here that are not on the disk yet."""
        with self._lock:
            return session_id in self._writers or any(t.session_id == session_id for t in self._closed)

    def is_losing(self, session_id: str) -> bool:
        """Whether media of the session were given up since it last wrote on the disk."""
        return session_id in self._losing

    def reserve(self, session_id: str, size: int) -> bool:
        """Count `size` bytes about to be written, giving up the oldest takes for them. False: no room."""
        if size > self.limit:
            return False
        while self.used_bytes + size > self.limit:
            if not self.give_up_oldest():
                return False
        with self._lock:
            self.used_bytes += size
            self._writers[session_id] = self._writers.get(session_id, 0) + size
        return True

    def give_back(self, session_id: str, size: int) -> None:
        """Bytes of `reserve` that were not written after all."""
        with self._lock:
            self.used_bytes -= size
            self._writers[session_id] -= size

    def take_closed(self, session_id: str, folder: Path, *, empty: bool) -> None:
        """The session's open take here is closed: from now on it may be moved or given up."""
        with self._lock:
            size = self._writers.pop(session_id, 0)
            if empty:
                self.used_bytes -= size
            else:
                self._closed.append(SpilledTake(session_id, folder, size, lost=False))

    def back_on_disk(self, session_id: str) -> None:
        """The session writes on the disk again."""
        self._losing.discard(session_id)

    def give_up_oldest(self) -> bool:
        """Drop the media of the oldest closed take, whose segments become a gap; False if there is none.

        Never raises OSError: a take that cannot be dropped (its files are gone) is passed over for good.
        """
        with self._lock:
            while (victim := self._oldest()) is not None:
                victim.lost = True
                self._losing.add(victim.session_id)
                try:
                    kept = _drop_media(victim.folder)
                except OSError as error:
                    _log.error("media of %s could not be given up: %s", victim.folder, error)
                    continue
                self.used_bytes -= victim.bytes - kept
                victim.bytes = kept
                _log.error("the spill is full: media of %s are given up", victim.folder)
                return True
            return False

    def _oldest(self) -> SpilledTake | None:
        return next((take for take in self._closed if not (take.lost or take.moving)), None)

    def next_to_move(self, room: int) -> SpilledTake | None:
        """The oldest closed take, claimed for the mover, if it fits into `room` bytes."""
        with self._lock:
            oldest = self._closed[0] if self._closed else None
            if oldest is None or oldest.bytes > room:
                return None
            oldest.moving = True
            return oldest

    def moved(self, take: SpilledTake, *, done: bool) -> None:
        """The mover is through with `take`; `done`: it is on the disk and no longer here."""
        with self._lock:
            take.moving = False
            if done:
                self._closed.remove(take)
                self.used_bytes -= take.bytes

    def adopt(self) -> None:
        """Take up what an earlier recorder left here. Called once, after recovery, before any media log."""
        with self._lock:
            for session_id in session_ids((self.root,)):
                for number in take_numbers(self.root / session_id):
                    take = _found(session_id, self.root / session_id / take_name(number))
                    self._closed.append(take)
                    self.used_bytes += take.bytes

    def has_leftovers(self) -> bool:
        """Whether the mover may have something to do."""
        return bool(self._closed) or bool(self.idle_sessions())

    def idle_sessions(self) -> list[str]:
        """Sessions with a folder but without takes here: their folders can be cleared."""
        with self._lock:
            busy = {take.session_id for take in self._closed} | self._writers.keys()
        return [session_id for session_id in session_ids((self.root,)) if session_id not in busy]


def _found(session_id: str, folder: Path) -> SpilledTake:
    sizes = {
        name: (folder / name).stat().st_size for name in (MEDIA_FILE, INDEX_FILE) if (folder / name).exists()
    }
    index = (folder / INDEX_FILE).read_bytes() if INDEX_FILE in sizes else b""
    return SpilledTake(
        session_id, folder, sum(sizes.values()), Mark.LOST in parts_and_marks(index[HEADER_BYTES:])[1]
    )


def _drop_media(folder: Path) -> int:
    """Cut the media file back to its init, mark the index, return the bytes that stay. Raises OSError.

    The mark may need a block: on a full file system there is one only when the media are cut. The folder
    above is touched, so that readers, who watch only that, look again.
    """
    index = (folder / INDEX_FILE).read_bytes()
    header = parse_header(index)
    init_length = header.init_length if header else 0
    whole = HEADER_BYTES + (len(index) - HEADER_BYTES) // RECORD_BYTES * RECORD_BYTES
    os.truncate(folder / MEDIA_FILE, init_length)
    with open(folder / INDEX_FILE, "r+b", buffering=0) as file:
        os.pwrite(file.fileno(), pack_mark(Mark.LOST), whole)
    os.utime(folder.parent)
    return init_length + whole + RECORD_BYTES
