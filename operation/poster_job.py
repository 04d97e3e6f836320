"""The job `poster`: the picture that a lecturer has chosen, made the poster of pictures that are there."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import asdict
from typing import Any

from library import pictures
from library.database import Database
from library.models import Job
from operation.far_reader import far_reader_of_jobs
from operation.job_output import tell_result
from operation.pictures_job import chosen_poster
from recorder.media_log_reader import NotInLog
from recorder.poster import NoPicture, make_poster
from settings import Settings

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    """Where nothing is chosen any more, or there are no pictures yet, another job makes the poster."""
    chosen = chosen_poster(settings, job)
    if chosen.at is None or chosen.version is None:
        tell_result({})
        return 0
    folder = pictures.folder_of(settings.pictures_folder, job.subject, chosen.version)
    try:
        with closing(far_reader_of_jobs(settings)) as far:
            made = make_poster(
                settings.session_roots, job.subject, folder, chosen.at, version=chosen.version, far=far
            )
    except (NotInLog, NoPicture, FileNotFoundError) as error:
        log.error("no poster: %s", error)
        return 1
    tell_result(asdict(made))
    return 0


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    pictures.poster_is_there(database, job.subject, result)
