"""Unfinished uploads go when nothing has come for a while: their rows and their files.

One thread in each web process (`open`, `close`), which looks once a minute. Files without a row (the
database was replaced, a process died between the two) go by the same age.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from broadcast.session_rows import utc
from library import copies, films, uploads
from library.database import Base, Database
from library.models import Film, SafetyCopy, Upload
from library.regular_look import RegularLook
from library.upload_file import last_written, upload_path
from settings import Settings

log = logging.getLogger(__name__)


FAILED_KEPT = timedelta(days=7)  # the file of one that failed, for another try


class UploadExpiry(RegularLook):
    """`wall`: unix seconds, as files are dated by."""

    def __init__(
        self, settings: Settings, database: Database, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._folder = settings.uploads_folder
        self._sessions_folder = settings.sessions_folder
        self._seconds = settings.upload_seconds
        super().__init__("upload-expiry", log, "looking for expired uploads failed, and goes on")
        self._database = database
        self._wall = wall

    def step(self) -> None:
        """Remove what has expired now. Raises DatabaseUnavailable, OSError."""
        oldest = self._wall() - self._seconds
        with self._database.session() as transaction:
            for film in films.uploading(transaction):
                if self._touched(film) < oldest:
                    log.info("the upload %s was never completed and goes", film.id)
                    transaction.delete(film)
                    upload_path(self._folder, film.id).unlink(missing_ok=True)
            for upload in uploads.uploading(transaction):
                if self._touched(upload) < oldest:
                    log.info("the upload %s was never completed and goes", upload.id)
                    uploads.remove(transaction, upload)
                    upload_path(self._folder, upload.id).unlink(missing_ok=True)
            for upload in uploads.failed_before(transaction, utc(self._wall()) - FAILED_KEPT):
                upload_path(self._folder, upload.id).unlink(missing_ok=True)
            for copy in copies.uploading(transaction):
                if self._touched(copy) < oldest:
                    log.info("the copy %s was never completed and goes", copy.id)
                    copies.remove(transaction, copy, self._sessions_folder)
        self._remove_orphans(self._folder.glob("*.part"), (Film, Upload), oldest)
        self._remove_orphans(self._sessions_folder.glob(f"*/{copies.FOLDER}/*.part"), (SafetyCopy,), oldest)

    def _touched(self, upload: Film | Upload | SafetyCopy) -> float:
        if isinstance(upload, SafetyCopy):
            path = copies.growing_path(self._sessions_folder, upload)
        else:
            path = upload_path(self._folder, upload.id)
        return max(upload.created_at.timestamp(), last_written(path) or 0.0)

    def _remove_orphans(self, paths: Iterable[Path], kinds: Sequence[type[Base]], oldest: float) -> None:
        """A file that is being prepared has a row, too."""
        old = [path for path in paths if (last_written(path) or oldest) < oldest]
        if not old:
            return
        with self._database.reading() as transaction:
            orphans = [
                path for path in old if all(transaction.get(kind, path.stem) is None for kind in kinds)
            ]
        for path in orphans:
            log.info("%s belongs to no upload and goes", path.name)
            path.unlink(missing_ok=True)
