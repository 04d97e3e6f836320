"""Following one take's index file as it grows, is mended, moved or given up.

Owned by media_log_reader.SessionReader, under its lock. Holds a descriptor only while the take is open; a
look at a take that did not grow is one fstat. Ends by `close()`, or when the take is sealed.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from recorder import cmaf
from recorder.log_folders import INDEX_FILE, MEDIA_FILE
from recorder.take_index import HEADER_BYTES, RECORD_BYTES, parse_header, whole_records
from recorder.take_view import TakeView

_log = logging.getLogger(__name__)


class FollowedTake:
    """`view` is None until init and header are there."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number = number
        self.folder = folder
        self.view: TakeView | None = None
        self.missed = False  # by the last refresh: its files were not where the listing had them
        self._fd: int | None = None
        self._records_read = 0  # parts and marks
        self._complained = False

    @property
    def visible(self) -> bool:
        """A take without parts does not exist for anybody."""
        return self.view is not None and len(self.view.records) > 0

    def refresh(self) -> bool:
        """Read what is new; whether there was anything. A take that is not readable yet is tried again."""
        self.missed = False
        if self.view is not None and self.view.sealed:
            return False
        try:
            return self._refresh()
        except FileNotFoundError:
            self.close()
            self.missed = True
            return False  # moved, removed or not made yet: the folder's listing tells
        except (OSError, cmaf.BadInit) as error:
            if not self._complained:
                self._complained = True
                _log.warning("%s cannot be read now: %s", self.folder, error)
            self.close()
            return False

    def look_again(self, folder: Path) -> bool:
        """The session's folder changed: the take may have moved, or its media been given up after its end."""
        if folder != self.folder:
            self.close()
            self.folder = folder
        if self.view is None or not self.view.sealed or self.view.lost:
            return False
        try:
            size = (folder / INDEX_FILE).stat().st_size
            if size < HEADER_BYTES + (self._records_read + 1) * RECORD_BYTES:
                return False
            self._open()
            return self._read_on(size)
        except FileNotFoundError:
            return False
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the index; idempotent."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _refresh(self) -> bool:
        if self._fd is None:
            self._open()
        stat = os.fstat(self._descriptor)
        if stat.st_nlink == 0:  # mended by recovery, which renames a new index over the old
            self._open()
            stat = os.fstat(self._descriptor)
            self.view, self._records_read = None, 0
        if self.view is None and not self._begin():
            return False
        changed = self._read_on(stat.st_size)
        if self.view is not None and self.view.sealed:
            self.close()
        return changed

    @property
    def _descriptor(self) -> int:
        assert self._fd is not None, "opened by the caller"
        return self._fd

    def _open(self) -> None:
        self.close()
        self._fd = os.open(self.folder / INDEX_FILE, os.O_RDONLY)

    def _begin(self) -> bool:
        if parse_header(os.pread(self._descriptor, HEADER_BYTES, 0)) is None:
            return False
        fd = os.open(self.folder / MEDIA_FILE, os.O_RDONLY)
        try:
            init = cmaf.read_init(fd)
        finally:
            os.close(fd)
        video, slate = cmaf.parse_init(init)
        self.view = TakeView(self.number, video, init, slate=slate)
        return True

    def _read_on(self, size: int) -> bool:
        start = HEADER_BYTES + self._records_read * RECORD_BYTES
        if size < start + RECORD_BYTES or self.view is None:
            return False
        data = os.pread(self._descriptor, size - start, start)
        count = whole_records(data)
        self.view.extend(data[: count * RECORD_BYTES])
        self._records_read += count
        return count > 0
