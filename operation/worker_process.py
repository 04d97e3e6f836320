"""The worker process, and the process of one job.

`run` is `app.py worker`: it leases jobs and starts `app.py job run ID` for each. `run_job` is that
subprocess: it does one job's work, tells its progress as JSON lines, and its result in the last one.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from broadcast.adoption import adopt_session
from library import copies, films, recordings
from library.database import Database, open_database
from library.jobs import Jobs
from library.models import Job
from library.upload_file import upload_path
from library.worker import Worker
from recorder.export import ExportFailed, NotEnoughSpace, export_mp4
from recorder.healing import CopyFile, heal
from recorder.media_facts import MediaRefused
from recorder.media_log_reader import NotInLog
from recorder.normalise import NoDisk, normalise
from settings import Settings

log = logging.getLogger(__name__)

importlib.import_module("people.models")  # sessions refer to rooms: the mapper must know both

APP = Path(__file__).resolve().parent.parent / "app.py"
LANES = (recordings.LANE, films.LANE)
NICENESS = 10  # films are prepared and recordings healed beside lectures that are live
POSTPONE_SECONDS = 300  # a full disk is looked at again after this


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT → exit code."""
    database = open_database(settings.database_url)
    worker = Worker(
        database,
        dict.fromkeys(WORK, _command),
        {
            recordings.KIND: lambda job, result: _mp4_is_made(settings, database, job, result),
            films.KIND: lambda job, result: _film_is_prepared(settings, database, job, result),
            copies.KIND: lambda job, result: _recording_is_healed(settings, database, job, result),
        },
        lanes=LANES,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        worker.run()
    finally:
        database.close()
    return 0


def run_job(settings: Settings, job_id: str) -> int:
    """Do one job in this process → exit code."""
    database = open_database(settings.database_url)
    try:
        job = Jobs(database).get(job_id)
    finally:
        database.close()
    work = WORK.get(job.kind)
    if work is None:
        log.error("job %s: nobody here knows the kind %s", job_id, job.kind)
        return 1
    return work(settings, job)


def _export(settings: Settings, job: Job) -> int:
    folder = settings.recordings_folder
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    version = int(job.payload.get("version", 1))
    try:
        made = export_mp4(
            settings.session_roots,
            job.subject,
            recordings.mp4_path(folder, job.subject, version),
            _tell_progress,
            version=version,
            keep_free_bytes=settings.disk_floor_bytes,
        )
    except NotEnoughSpace as error:
        _tell({"postpone": POSTPONE_SECONDS, "message": str(error)})
        return 0
    except ExportFailed as error:
        log.error("%s", error)
        return 1
    _tell({"result": {**asdict(made), "path": str(made.path), "version": version}})
    return 0


def _mp4_is_made(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """In the worker: the row first, then the older MP4 is not needed any more."""
    version = recordings.mp4_is_there(database, job.subject, result)
    recordings.remove_older(settings.recordings_folder, job.subject, version)


def _prepare_film(settings: Settings, job: Job) -> int:
    """What is no film is no failed job: trying again would not make it one."""
    os.nice(NICENESS)
    settings.media_folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    destination = settings.media_folder / f"{job.subject}.mkv"
    try:
        made = normalise(
            Path(job.payload["source"]),
            destination,
            disk_floor_bytes=settings.disk_floor_bytes,
            progress=_tell_progress,
        )
    except MediaRefused as refused:
        log.warning("film %s: %s", job.subject, refused)
        _tell({"result": {"refused": refused.reason}})
        return 0
    except NoDisk as error:
        _tell({"postpone": POSTPONE_SECONDS, "message": str(error)})
        return 0
    _tell({"result": asdict(made)})
    return 0


def _film_is_prepared(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """In the worker: the row first, then the upload is not needed any more."""
    kept = films.is_prepared(database, job.subject, result)
    upload_path(settings.uploads_folder, job.subject).unlink(missing_ok=True)
    if not kept:  # deleted meanwhile
        (settings.media_folder / f"{job.subject}.mkv").unlink(missing_ok=True)


def _heal(settings: Settings, job: Job) -> int:
    """Copies that are of no use are no failed job: what is to be told of them is its message."""
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is half done is removed on the way out
    files = [CopyFile(Path(one["path"]), float(one["began_at"])) for one in job.payload["copies"]]
    try:
        made = heal(
            settings.session_roots,
            job.subject,
            files,
            disk_floor_bytes=settings.disk_floor_bytes,
            progress=_tell_progress,
        )
    except NoDisk as error:
        _tell({"postpone": POSTPONE_SECONDS, "message": str(error)})
        return 0
    except NotInLog as error:
        log.error("nothing to heal: %s", error)
        return 1
    _tell({"result": asdict(made)})
    return 0


def _recording_is_healed(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """In the worker: rows and viewers follow the files."""
    copies.note_result(database, job.id, result)
    adopt_session(settings, database, job.subject)


WORK: Mapping[str, Callable[[Settings, Job], int]] = {
    recordings.KIND: _export,
    films.KIND: _prepare_film,
    copies.KIND: _heal,
}


def _command(job: Job) -> list[str]:
    return [sys.executable, str(APP), "job", "run", job.id]


def _tell_progress(share: float, message: str) -> None:
    _tell({"progress": round(share, 3), "message": message})


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
