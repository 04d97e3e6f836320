"""The job `pictures`: poster, storyboard and loudness of a version of a recording."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from dataclasses import asdict
from typing import Any

from library import pictures
from library.database import Database, open_database
from library.models import Job
from operation.far_reader import far_reader_of_jobs
from operation.job_output import tell_progress, tell_result, wait_for_disk
from recorder.media_log_reader import NotInLog
from recorder.pictures import NoDisk, PicturesFailed, make_pictures
from settings import Settings

NICENESS = 10  # beside lectures that are live

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    os.nice(NICENESS)
    version = int(job.payload["version"])
    try:
        with closing(far_reader_of_jobs(settings)) as far:
            made = make_pictures(
                settings.session_roots,
                job.subject,
                pictures.folder_of(settings.pictures_folder, job.subject, version),
                tell_progress,
                version=version,
                poster_at=chosen_poster(settings, job).at,
                keep_free_bytes=settings.disk_floor_bytes,
                far=far,
            )
    except NoDisk as error:
        wait_for_disk(str(error))
        return 0
    except (NotInLog, PicturesFailed) as error:
        log.error("no pictures: %s", error)
        return 1
    tell_result(asdict(made))
    return 0


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """The row first, then the older pictures are not needed any more."""
    version = pictures.pictures_are_there(database, job.subject, result)
    pictures.remove_older(settings.pictures_folder, job.subject, version)


def chosen_poster(settings: Settings, job: Job) -> pictures.ChosenPoster:
    """What the lecturer has chosen by now."""
    database = open_database(settings.database_url)
    try:
        return pictures.chosen_poster(database, job.subject)
    finally:
        database.close()
