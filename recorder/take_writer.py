"""The two open files of the take that is being written: `program.mp4` and `program.index`.

Owned by MediaLog, on the recorder's loop. A part is one write to the media file, then one to the index, at
fixed offsets, so that a failed write can be repeated or cut off. Ends by `close()`; `seal()` before it.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from recorder.durable_file import make_private_folder, sync_folder
from recorder.log_folders import INDEX_FILE, MEDIA_FILE, take_name
from recorder.media import PartRecord
from recorder.take_index import HEADER_BYTES, RECORD_BYTES, IndexHeader, Mark, pack_mark, pack_record

_log = logging.getLogger(__name__)


class TakeWriter:
    """Creates the take's folder and files; raises OSError and leaves nothing behind if it cannot."""

    def __init__(self, root: Path, session_id: str, number: int, init: bytes, *, slate: bool) -> None:
        self.root = root
        self.number = number
        self.folder = root / session_id / take_name(number)
        self.size = len(init)
        self.parts = 0
        self._dirty = True
        self._named = False  # whether the folders' entries are on the disk
        self._fds = ExitStack()
        make_private_folder(self.folder.parent)
        self.folder.mkdir(mode=0o700)
        try:
            self._media = self._create(MEDIA_FILE)
            self._index = self._create(INDEX_FILE)
            _write(self._media, init, 0)
            _write(self._index, IndexHeader(number, slate, len(init)).pack(), 0)
        except OSError:
            self._fds.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def append(self, data: bytes, record: PartRecord) -> None:
        """Write one part. Raises OSError, and the files then end with the last whole part."""
        try:
            _write(self._media, data, self.size)
            _write(self._index, pack_record(record), self._index_end)
        except OSError:
            self._cut()
            raise
        self.size += len(data)
        self.parts += 1
        self._dirty = True

    def seal(self) -> None:
        """Mark the take as closed. Raises OSError: a take without the mark is closed by the next one."""
        _write(self._index, pack_mark(Mark.END), self._index_end)
        self._dirty = True

    def sync_job(self) -> Callable[[], None] | None:
        """What makes all that is written now last, to be called in a thread; None if nothing is new.

        It works on duplicates of the descriptors, so that the take may be closed meanwhile.
        """
        if not self._dirty:
            return None
        fds = [os.dup(self._media)]
        try:
            fds.append(os.dup(self._index))
        except OSError:
            os.close(fds[0])
            raise
        folders = () if self._named else (self.folder, self.folder.parent, self.root)
        self._dirty, self._named = False, True
        return lambda: _sync(fds, folders)

    def sync_failed(self) -> None:
        """What was handed out by `sync_job` did not last: the next one does it again."""
        self._dirty, self._named = True, False

    def close(self) -> None:
        """Close both files; idempotent. A take without parts is removed."""
        self._fds.close()
        if self.parts == 0:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _index_end(self) -> int:
        return HEADER_BYTES + self.parts * RECORD_BYTES

    def _create(self, name: str) -> int:
        fd = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        self._fds.callback(os.close, fd)
        return fd

    def _cut(self) -> None:
        """Readers go by the index, so a tail that cannot be cut off harms nobody; recovery cuts it."""
        try:
            os.ftruncate(self._media, self.size)
            os.ftruncate(self._index, self._index_end)
        except OSError as error:
            _log.warning("%s: a torn tail stays until recovery: %s", self.folder, error)


def _write(fd: int, data: bytes, offset: int) -> None:
    """All of `data` at `offset`; a short write (a disk about to be full) is continued. Raises OSError."""
    written = os.pwrite(fd, data, offset)
    while written < len(data):
        written += os.pwrite(fd, memoryview(data)[written:], offset + written)


def _sync(fds: list[int], folders: tuple[Path, ...]) -> None:
    with ExitStack() as stack:
        for fd in fds:
            stack.callback(os.close, fd)
        for fd in fds:
            os.fdatasync(fd)
        for folder in folders:
            sync_folder(folder)
