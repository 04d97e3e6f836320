"""Free space of the storage: when takes go to the spill, when back, and the thread that moves them home.

One per recorder process, shared by its media logs; all but `_settle` runs on the recorder's loop. The ballast
is a file of real blocks that is deleted at the first ENOSPC, so that a take can run on to its next IDR.
`open()` at the recorder's start (after recovery), `check()` twice a second, `close()` joins the thread.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path

from recorder import session_state
from recorder.durable_file import make_private_folder, replace_file
from recorder.spill import Spill, SpilledTake
from recorder.take_mover import Stopped, clear_session_folder, move_take
from settings import Settings

_log = logging.getLogger(__name__)

LOW_WATER_BYTES = 64 << 20
BALLAST_BYTES = 16 << 20
RETRY_SECONDS = 5.0
SETTLE_SECONDS = 1.0
CHECK_SECONDS = 0.25
_FULL = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: OSError) -> bool:
    """Whether room, not the device, is what is missing."""
    return error.errno in _FULL


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary process may still write there. Raises OSError."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def total_bytes(folder: Path) -> int:
    """Size of the file system. Raises OSError."""
    stat = os.statvfs(folder)
    return stat.f_blocks * stat.f_frsize


def _file_system_bytes(folder: Path) -> int:
    """Size of the file system that the folder is, or will be made, on; 0 if it cannot be asked."""
    for place in (folder, *folder.parents):
        try:
            return total_bytes(place)
        except FileNotFoundError:
            continue
        except OSError:
            break
    return 0


class DiskSpace:
    """`spilling`: new takes go to the spill. `mover`: runs the moving; default: a thread of its own."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[Path], int] = free_bytes,
        mover: Executor | None = None,
    ) -> None:
        self.disk_root = settings.sessions_folder
        self.spill = Spill(settings.spill_sessions_folder, settings.spill_bytes)
        self.spilling = False
        self._storage = settings.storage
        self._ballast = settings.storage / "ballast"
        self._clock = clock
        self._free_bytes = free_bytes
        self._low_water = LOW_WATER_BYTES
        self._ballast_bytes = BALLAST_BYTES
        self._failed = False
        self._retry_at = 0.0
        self._next_check = 0.0
        self._mover = mover
        self._own_mover: ThreadPoolExecutor | None = None
        self._moving: Future[None] | None = None
        self._stopping = False

    def open(self) -> None:
        """Make the ballast and take up what lies in the spill. Blocking; raises OSError without storage."""
        make_private_folder(self._storage)
        # A small file system (a test's, a memory card's) must not count as full from the start.
        size = total_bytes(self._storage)
        self._low_water = min(LOW_WATER_BYTES, size // 16)
        self._ballast_bytes = min(BALLAST_BYTES, size // 64)
        self.spill.fit(_file_system_bytes(self.spill.root))
        self.spill.adopt()
        try:
            self._fill_ballast()
        except OSError as error:
            _log.warning("no ballast could be made in %s: %s", self._storage, error)
        self.check()

    @property
    def has_failed(self) -> bool:
        """The disk refused a write and has not been tried again: nothing should be begun there."""
        return self._failed

    def failed(self, error: OSError) -> None:
        """The disk refused a write: the next takes go to the spill until a probe succeeds."""
        if not self.spilling:
            _log.error("the disk refuses writes (%s): recording goes on in %s", error, self.spill.root)
        self.spilling = self._failed = True
        self._retry_at = self._clock() + RETRY_SECONDS

    def release_ballast(self) -> bool:
        """Delete the ballast; False if it is gone already, so that a retry is in vain."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        _log.warning("the disk is full: the ballast is released")
        return True

    def check(self) -> None:
        """Look at the free space; begin moving when there is something to move. Cheap, never raises."""
        now = self._clock()
        if now < self._next_check or self._stopping:
            return
        self._next_check = now + CHECK_SECONDS
        free = self._free()
        self._decide(free)
        if self._has_work(free, now) and self._mover_is_free():
            self._moving = self._executor().submit(self._settle)
            self._retry_at = now + SETTLE_SECONDS

    def close(self) -> None:
        """Stop moving (what is half moved stays in the spill) and join the thread; idempotent."""
        self._stopping = True
        if self._moving is not None:
            wait([self._moving])
            self._mover_is_free()
        if self._own_mover is not None:
            self._own_mover.shutdown()
            self._own_mover = None

    def _executor(self) -> Executor:
        if self._mover is not None:
            return self._mover
        if self._own_mover is None:
            self._own_mover = ThreadPoolExecutor(1, thread_name_prefix="spill-mover")
        return self._own_mover

    @property
    def _comfortable(self) -> int:
        """More than the low water, so that a disk at the edge does not swing to and fro."""
        return self._low_water * 3 // 2

    def _free(self) -> int:
        try:
            return self._free_bytes(self._storage)
        except OSError as error:
            self.failed(error)
            return 0

    def _decide(self, free: int) -> None:
        if not self.spilling and free < self._low_water:
            _log.error("only %d MB of disk are free: recording goes on in %s", free >> 20, self.spill.root)
            self.spilling = True
        elif self.spilling and not self._failed and free > self._comfortable + self.spill.used_bytes:
            _log.warning("the disk has room again: recording goes on there")
            self.spilling = False

    def _has_work(self, free: int, now: float) -> bool:
        if self._failed:
            return now >= self._retry_at
        if free <= self._comfortable:
            return False
        if now < self._retry_at:
            return False
        wants_ballast = not self._ballast.exists() and free > self._comfortable + self._ballast_bytes
        return wants_ballast or self.spill.has_leftovers()

    def _mover_is_free(self) -> bool:
        if self._moving is None:
            return True
        if not self._moving.done():
            return False
        if (error := self._moving.exception()) is not None:
            _log.error("the spill's mover failed", exc_info=error)
        self._moving = None
        return True

    # In the mover's thread

    def _settle(self) -> None:
        try:
            if self._failed:
                self._probe()
            # First the ballast: over a quota, only allocating it tells whether there is room.
            self._fill_ballast()
            self._failed = False
            while (take := self.spill.next_to_move(self._room_for_moving())) is not None:
                self._bring_home(take)
            self._clear_idle_sessions()
        except Stopped:
            _log.info("moving is interrupted; the rest stays in the spill")
        except OSError as error:
            _log.warning("the disk does not take what was spilled yet: %s", error)
            self._retry_at = self._clock() + RETRY_SECONDS

    def _probe(self) -> None:
        """Write and sync a little. Raises OSError if the disk still refuses."""
        make_private_folder(self.disk_root)
        probe = self.disk_root / ".probe"
        replace_file(probe, bytes(1 << 16))
        probe.unlink()

    def _room_for_moving(self) -> int:
        return self._free_bytes(self._storage) - self._comfortable

    def _bring_home(self, take: SpilledTake) -> None:
        done = False
        try:
            move_take(
                take.folder, self.disk_root / take.session_id / take.folder.name, lambda: self._stopping
            )
            done = True
            _log.warning("%s is on the disk now", take.folder.name)
        finally:
            self.spill.moved(take, done=done)

    def _clear_idle_sessions(self) -> None:
        for session_id in self.spill.idle_sessions():
            session_state.bring_home(self.disk_root, self.spill.root, session_id)
            clear_session_folder(self.spill.root / session_id)

    def _fill_ballast(self) -> None:
        if (
            self._ballast.exists()
            or self._free_bytes(self._storage) < self._comfortable + self._ballast_bytes
        ):
            return
        fd = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(fd, 0, self._ballast_bytes)
        except OSError:
            self._ballast.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
