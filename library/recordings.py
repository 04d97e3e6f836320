"""The MP4 of a session: ordered per version of its edit list, noted in the session's row, the older removed.

Called within the caller's transaction by adoption, and by the worker; idempotent. An older MP4 stays to be
had until a newer one is there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from library import films, jobs
from library.database import Database
from library.models import Film, Job, JobState, LectureSession

KIND = "mp4"
LANE = "export"


class SessionMissing(LookupError):
    """The session's row is not there (yet): adoption makes it, so the job is worth another attempt."""


def order_mp4(session: Session, session_id: str, version: int) -> Job:
    """Have the MP4 of a version made; idempotent. Orders of older versions that wait are cancelled."""
    key = f"{KIND}:{session_id}" if version == 1 else f"{KIND}:{session_id}:{version}"
    job = jobs.enqueue(
        session, kind=KIND, key=key, subject=session_id, payload={"version": version}, lane=LANE
    )
    jobs.cancel_others(session, job)
    return job


def being_made(session: Session, session_ids: Iterable[str]) -> set[str]:
    """Those of these sessions that have an MP4 on order."""
    states = (JobState.WAITING, JobState.RUNNING)
    query = select(Job.subject).where(Job.kind == KIND, Job.state.in_(states))
    return set(session.scalars(query.where(Job.subject.in_(list(session_ids)))))


def mp4_file(folder: Path, row: LectureSession) -> Path | None:
    """Where its MP4 is; None: there is none. An installation may have moved since the row was written: then
    it lies in `folder`, under the same name.
    """
    if row.mp4_path is None:
        return None
    told = Path(row.mp4_path)
    return told if told.parent == folder or told.exists() else folder / told.name


def mp4_path(folder: Path, session_id: str, version: int) -> Path:
    """Where the MP4 of a version lies. (A session's id has no dot.)"""
    return folder / (f"{session_id}.mp4" if version == 1 else f"{session_id}.{version}.mp4")


def mp4_is_there(database: Database, session_id: str, result: Mapping[str, Any]) -> int:
    """Note the MP4 that `result` tells of (`path`, `bytes`, `version`) unless there is a newer one, or it
    shows what has become private meanwhile → the oldest version that may be had now. Raises SessionMissing,
    DatabaseUnavailable.
    """
    version = int(result.get("version", 1))
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None:
            raise SessionMissing(session_id)
        if version < row.withheld_before:
            return row.withheld_before
        if row.mp4_path is None or row.mp4_version <= version:
            row.mp4_path, row.mp4_bytes = str(result["path"]), int(result["bytes"])
            row.mp4_version = version
            _read_instead(transaction, session_id, str(result["path"]))
        return row.mp4_version


def remove_older(folder: Path, session_id: str, version: int) -> None:
    """Remove the MP4s of versions before `version`, what attempts at them left, and the markers of those that
    were moved. Raises OSError.
    """
    _remove(folder, session_id, lambda found: found < version)


def remove_all(folder: Path, session_id: str) -> None:
    """Remove the MP4s of all versions, and what attempts at them left. Raises OSError."""
    _remove(folder, session_id, lambda _: True)


def _remove(folder: Path, session_id: str, chosen: Callable[[int], bool]) -> None:
    name = re.compile(rf"{re.escape(session_id)}(?:\.([0-9]+))?\.mp4(\.partial|\.far)?")
    for path in list(folder.iterdir()) if folder.is_dir() else ():
        match = name.fullmatch(path.name)
        if match is None or not chosen(int(match[1] or 1)):
            continue
        if match[2] == ".partial":
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _read_instead(session: Session, session_id: str, path: str) -> None:
    """Films that are still to be made of the recording are made of the newer MP4: the older one goes."""
    query = select(Job).join(Film, Film.id == Job.subject).where(Film.session_id == session_id)
    states = (JobState.WAITING, JobState.RUNNING)
    for job in session.scalars(query.where(Job.kind == films.KIND, Job.state.in_(states))):
        job.payload = {**job.payload, "source": path}
