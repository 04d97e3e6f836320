"""The job `media`: an upload or a recording becomes a film that can be played into a lecture."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from library import films
from library.database import Database
from library.models import Job
from library.upload_file import upload_path
from operation import move_jobs
from operation.job_output import tell_progress, tell_result, wait_for_disk
from recorder import far_media
from recorder.media_facts import MediaRefused
from recorder.normalise import NoDisk, normalise
from settings import Settings

NICENESS = 10  # beside lectures that are live

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    """What is no film is no failed job: trying again would not make it one."""
    os.nice(NICENESS)
    settings.media_folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    destination, source = settings.media_folder / f"{job.subject}.mkv", Path(job.payload["source"])
    if destination.exists() and not source.exists() and far_media.away(source) is None:
        # An attempt that was killed before it could say so has done it all: the film stays as it is.
        tell_result({"refused": "gone"})
        return 0
    try:
        with _at_home(settings, source):
            made = normalise(
                source,
                destination,
                disk_floor_bytes=settings.disk_floor_bytes,
                progress=tell_progress,
            )
    except MediaRefused as refused:
        log.warning("film %s: %s", job.subject, refused)
        tell_result({"refused": refused.reason})
        return 0
    except NoDisk as error:
        wait_for_disk(str(error))
        return 0
    tell_result(asdict(made))
    return 0


def _at_home(settings: Settings, source: Path) -> AbstractContextManager[None]:
    """The MP4 of a recording may have been moved into the object store; an upload never was."""
    if source.parent != settings.recordings_folder:
        return nullcontext()
    return move_jobs.brought_home(settings, source.name.partition(".")[0], move_jobs.MP4)


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """The row first, then the upload is not needed any more."""
    kept = films.is_prepared(database, job.subject, result)
    upload_path(settings.uploads_folder, job.subject).unlink(missing_ok=True)
    if not kept:  # deleted meanwhile
        (settings.media_folder / f"{job.subject}.mkv").unlink(missing_ok=True)
