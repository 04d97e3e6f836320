"""The job `heal`: the gaps of a recording are filled with what its studio kept."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from broadcast.adoption import adopt_session
from library import copies
from library.database import Database
from library.models import Job
from operation import move_jobs
from operation.job_output import tell_progress, tell_result, wait_for_disk
from recorder import edit_list_files
from recorder.healing import CopyFile, heal
from recorder.media_log_reader import NotInLog
from recorder.normalise import NoDisk
from settings import Settings

NICENESS = 10  # beside lectures that are live

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    """Copies that are of no use are no failed job: what is to be told of them is its message."""
    os.nice(NICENESS)
    files = [CopyFile(Path(one["path"]), float(one["began_at"])) for one in job.payload["copies"]]
    try:
        with move_jobs.brought_home(settings, job.subject, move_jobs.TAKES):
            made = heal(
                settings.session_roots,
                job.subject,
                files,
                disk_floor_bytes=settings.disk_floor_bytes,
                progress=tell_progress,
            )
    except NoDisk as error:
        wait_for_disk(str(error))
        return 0
    except NotInLog as error:
        log.error("nothing to heal: %s", error)
        return 1
    tell_result({**asdict(made), "version": made.version or _made_before(settings, job)})
    return 0


def _made_before(settings: Settings, job: Job) -> int | None:
    """The version that an attempt before this one made, and was killed before it could say so."""
    newest = edit_list_files.newest(settings.session_roots, job.subject)
    return newest if newest > int(job.payload.get("edit_version", newest)) else None


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """Rows and viewers follow the files."""
    copies.note_result(database, job.id, result)
    adopt_session(settings, database, job.subject)
