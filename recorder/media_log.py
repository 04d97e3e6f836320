"""The media log of one live session: takes of parts, appended to files, never rewritten.

Owned by the session's Program on the recorder's loop; only `sync()` leaves it, for an fdatasync in a thread.
A disk that is full or broken never raises here: the next take goes to the spill (`wants_new_take`), and what
no file takes is lost and told (`recording`). Ends by `close()`; a killed process's log by recovery.py.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable
from pathlib import Path

from recorder import cmaf
from recorder.disk_space import DiskSpace, is_full
from recorder.durable_file import make_private_folder
from recorder.media import PartContent, PartRecord, RecordingState, VideoParameters
from recorder.recovery import RecoveredSession, recover_session
from recorder.take_index import HEADER_BYTES, RECORD_BYTES
from recorder.take_writer import TakeWriter
from settings import Settings

__all__ = ["LogClosed", "MediaLog", "RecoveredSession", "recover_session"]

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_MAX_UNSYNCED_TAKES = 4

PartListener = Callable[[int, PartRecord], None]


class LogClosed(RuntimeError):
    """The log or its take is closed: nothing can be appended."""


class MediaLog:
    """`on_part(take, record)` is called when a part can be read. `space`: the process's; default: an own."""

    def __init__(
        self,
        settings: Settings,
        session_id: str,
        *,
        on_part: PartListener,
        space: DiskSpace | None = None,
        recovered: RecoveredSession | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        start = recovered or RecoveredSession.nothing(session_id)
        self.session_id = session_id
        self.bytes_written = start.bytes_written
        self.last_part_at: float | None = None
        self.end_pts = start.end_pts
        self._on_part = on_part
        self._space = space or _own_space(settings)
        self._owns_space = space is None
        self._clock, self._wall_clock = clock, wall_clock
        self._take = start.last_take
        self._segment, self._part = start.next_segment - 1, 0
        self._writer: TakeWriter | None = None
        self._losing = False
        self._patient_until = 0.0
        self._unsynced: list[TakeWriter] = []
        self._syncing = False
        self._closed = False

    @property
    def recording(self) -> RecordingState:
        """How the recording fares, for the API."""
        spill = self._space.spill
        if self._losing or spill.is_losing(self.session_id):
            return RecordingState.LOSING
        return RecordingState.SPILLING if spill.holds(self.session_id) else RecordingState.OK

    @property
    def wants_new_take(self) -> bool:
        """Whether the next IDR should begin a take: the disk is full, has room again, or takes broke off."""
        if self._closed or self._clock() < self._patient_until:
            return False
        if self._writer is None:
            return self._losing
        if self._is_spilled(self._writer):
            return not self._space.spilling or self._writer.size >= self._space.spill.take_limit
        return self._space.spilling

    def check_space(self) -> None:
        """Look at the free disk; called about twice a second."""
        self._space.check()

    def begin_take(self, video: VideoParameters, *, slate: bool) -> int:
        """Close the take and begin the next; returns its number (numbers may skip). Its first part must be
        independent. Raises cmaf.BadInit, LogClosed; never OSError: then the take's parts are lost.
        """
        if self._closed:
            raise LogClosed(self.session_id)
        init = cmaf.init_segment(video, slate=slate)
        self.close_take()
        self._losing = True
        for root in self._roots_for_take():
            self._take += 1
            if (writer := self._create(root, init, slate=slate)) is not None:
                self._begun(writer)
                break
        self._patient_until = self._clock() + _RETRY_SECONDS if self._must_be_patient() else 0.0
        return self._take

    def append(self, content: PartContent) -> PartRecord | None:
        """Write one part; None if it is lost, and then all up to the next take is lost.

        Raises cmaf.BadContent (also for a take whose first part is not independent), LogClosed.
        """
        writer = self._writer
        if writer is None:
            if self._losing and not self._closed:
                return None
            raise LogClosed(self.session_id)
        segment, part = self._numbers(writer, content)
        data = cmaf.part_bytes(writer.parts + 1, content, segment, part)
        record = cmaf.part_record(data, writer.size)
        assert record is not None, "cmaf reads what it wrote"
        if not self._write(writer, data, record):
            return None
        self._segment, self._part = segment, part
        self.end_pts = max(self.end_pts, record.pts + record.duration)
        self.bytes_written += len(data)
        self.last_part_at = self._wall_clock()
        self._on_part(writer.number, record)
        return record

    async def sync(self) -> None:
        """Make what is written last over a power cut: fdatasync in a thread. Called each second.

        An error counts as a failed disk: the next take goes to the spill.
        """
        if self._syncing:
            return
        self._syncing = True
        try:
            await self._sync_all()
        finally:
            self._syncing = False

    def close_take(self) -> None:
        """End the take; idempotent. Its last second lasts with the next `sync()`."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if writer.parts:
            self._seal(writer)
        if self._is_spilled(writer):
            writer.close()
            self._space.spill.take_closed(self.session_id, writer.folder, empty=writer.parts == 0)
        elif writer.parts == 0:
            self.bytes_written -= writer.size
            writer.close()
        else:
            self._unsynced.append(writer)
            while len(self._unsynced) > _MAX_UNSYNCED_TAKES:
                self._unsynced.pop(0).close()

    def close(self) -> None:
        """Close the log; idempotent. What `sync()` did not see yet is synced here, which blocks."""
        self.close_take()
        self._closed = True
        for writer in self._unsynced:
            if (job := self._sync_job(writer)) is not None:
                try:
                    job()
                except OSError as error:
                    _log.error("session %s: not synced at its close: %s", self.session_id, error)
            writer.close()
        self._unsynced.clear()
        if self._owns_space:
            self._space.close()

    def _roots_for_take(self) -> tuple[Path, ...]:
        disk, spill = self._space.disk_root, self._space.spill.root
        if not self._space.spilling:
            return (disk, spill)
        # A disk that is low but has not failed is still better than nothing.
        return (spill,) if self._space.has_failed else (spill, disk)

    def _create(self, root: Path, init: bytes, *, slate: bool) -> TakeWriter | None:
        spilled = root == self._space.spill.root
        size = len(init) + HEADER_BYTES + RECORD_BYTES  # with the end mark
        if spilled and not self._space.spill.reserve(self.session_id, size):
            return None
        while True:
            try:
                return TakeWriter(root, self.session_id, self._take, init, slate=slate)
            except OSError as error:
                if spilled and is_full(error) and self._space.spill.give_up_oldest():
                    continue
                _log.error("session %s: no take under %s: %s", self.session_id, root, error)
                if spilled:
                    self._space.spill.take_closed(self.session_id, root, empty=True)
                else:
                    self._space.failed(error)
                return None

    def _begun(self, writer: TakeWriter) -> None:
        self._writer = writer
        self._losing = False
        self.bytes_written += writer.size
        if not self._is_spilled(writer):
            self._space.spill.back_on_disk(self.session_id)

    def _must_be_patient(self) -> bool:
        """Where begin_take found nothing better, asking for an IDR at once would only cost bits."""
        return self._writer is None or (self._space.spilling and not self._is_spilled(self._writer))

    def _numbers(self, writer: TakeWriter, content: PartContent) -> tuple[int, int]:
        if writer.parts == 0 and not content.independent:
            raise cmaf.BadContent("a take begins with an independent part")
        if writer.parts == 0 or content.starts_segment:
            return self._segment + 1, 0
        return self._segment, self._part + 1

    def _write(self, writer: TakeWriter, data: bytes, record: PartRecord) -> bool:
        while True:
            try:
                self._try_write(writer, data, record)
                return True
            except OSError as error:
                if not self._makes_room(writer, error):
                    self._give_up(writer, error)
                    return False

    def _try_write(self, writer: TakeWriter, data: bytes, record: PartRecord) -> None:
        if not self._is_spilled(writer):
            writer.append(data, record)
            return
        spill, size = self._space.spill, len(data) + RECORD_BYTES
        if not spill.reserve(self.session_id, size):
            raise OSError(errno.ENOSPC, "the spill holds as much as it may")
        try:
            writer.append(data, record)
        except OSError:
            spill.give_back(self.session_id, size)
            raise

    def _makes_room(self, writer: TakeWriter, error: OSError) -> bool:
        """Whether it is worth another try. Ends: there are so many takes to give up, and one ballast."""
        if self._is_spilled(writer):
            return is_full(error) and self._space.spill.give_up_oldest()
        self._space.failed(error)
        return is_full(error) and self._space.release_ballast()

    def _give_up(self, writer: TakeWriter, error: OSError) -> None:
        """The take ends with its last whole part; what follows is lost until the next one begins."""
        _log.error(
            "session %s: take %d breaks off, parts are lost: %s", self.session_id, writer.number, error
        )
        self.close_take()
        self._losing = True

    def _seal(self, writer: TakeWriter) -> None:
        try:
            writer.seal()
        except OSError as error:
            _log.warning("session %s: take %d has no end mark: %s", self.session_id, writer.number, error)

    async def _sync_all(self) -> None:
        closed, self._unsynced = self._unsynced, []
        writers = [*closed, self._writer] if self._writer is not None else closed
        try:
            for writer in writers:
                if (job := self._sync_job(writer)) is not None:
                    await self._run_sync(writer, job)
        finally:
            for writer in closed:
                writer.close()

    async def _run_sync(self, writer: TakeWriter, job: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(job)
        except OSError as error:
            _log.error("session %s: fdatasync failed: %s", self.session_id, error)
            writer.sync_failed()
            if not self._is_spilled(writer):
                self._space.failed(error)

    def _sync_job(self, writer: TakeWriter) -> Callable[[], None] | None:
        try:
            return writer.sync_job()
        except OSError as error:  # no descriptor left to duplicate: the next second may have one
            _log.error("session %s: not synced: %s", self.session_id, error)
            return None

    def _is_spilled(self, writer: TakeWriter) -> bool:
        return writer.root == self._space.spill.root


def _own_space(settings: Settings) -> DiskSpace:
    make_private_folder(settings.storage)
    return DiskSpace(settings)
