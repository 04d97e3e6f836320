"""The job `mp4`: the MP4 of one version of a recording's edit list."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from library import recordings
from library.database import Database
from library.models import Job
from operation import move_jobs, object_jobs
from operation.job_output import tell_progress, tell_result, wait_for_disk
from recorder import far_media
from recorder.export import ExportFailed, NotEnoughSpace, export_mp4
from settings import Settings

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    folder = settings.recordings_folder
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    version = int(job.payload.get("version", 1))
    path = recordings.mp4_path(folder, job.subject, version)
    if far_media.away(path) is None:
        object_jobs.forget(settings, path)
    try:
        with move_jobs.brought_home(settings, job.subject, move_jobs.TAKES):
            made = export_mp4(
                settings.session_roots,
                job.subject,
                path,
                tell_progress,
                version=version,
                keep_free_bytes=settings.disk_floor_bytes,
            )
    except NotEnoughSpace as error:
        wait_for_disk(str(error))
        return 0
    except ExportFailed as error:
        log.error("%s", error)
        return 1
    object_jobs.forget(settings, path)  # one that was moved is to be had until there is another
    far_media.unmark([path])
    tell_result({**asdict(made), "path": str(made.path), "version": version})
    return 0


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """The row first, then the older MP4 is not needed any more."""
    version = recordings.mp4_is_there(database, job.subject, result)
    recordings.remove_older(settings.recordings_folder, job.subject, version)
