"""Safety copies of lectures: from an upload to the job that heals a recording's gaps with them.

Called from web threads within the caller's transaction, and by the worker. The bytes lie beside the session:
they grow in `copies/<copy>.part`, which becomes `copies/<copy>.media` when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library import jobs
from library.database import Database, exclusive, new_id
from library.models import CopyState, Job, JobState, LectureSession, SafetyCopy
from library.upload_file import upload_path

KIND = "heal"
LANE = "media"
MAX_COPIES = 500
FOLDER = "copies"


class TooManyCopies(Exception):
    """The session has MAX_COPIES, or as many bytes as all of them may have."""


class UnknownCopy(LookupError):
    """The session has no such copy, or not all of it yet."""


def growing_path(sessions_folder: Path, copy: SafetyCopy) -> Path:
    return upload_path(sessions_folder / copy.session_id / FOLDER, copy.id)


def whole_path(sessions_folder: Path, copy: SafetyCopy) -> Path:
    return sessions_folder / copy.session_id / FOLDER / f"{copy.id}.media"


def add(session: Session, session_id: str, *, began_at: float, size: int, max_bytes: int) -> SafetyCopy:
    """A copy that is going to be uploaded. Raises TooManyCopies."""
    exclusive(session, f"copies:{session_id}")
    counted = select(func.count(), func.coalesce(func.sum(SafetyCopy.bytes), 0))
    count, total = session.execute(counted.where(SafetyCopy.session_id == session_id)).one()
    if count >= MAX_COPIES or int(total) + size > max_bytes:
        raise TooManyCopies(session_id)
    copy = SafetyCopy(session_id=session_id, began_at=began_at, bytes=size)
    session.add(copy)
    session.flush()
    return copy


def of_session(session: Session, session_id: str, copy_id: str) -> SafetyCopy | None:
    copy = session.get(SafetyCopy, copy_id)
    return copy if copy is not None and copy.session_id == session_id else None


def has_come(session: Session, copy: SafetyCopy, sessions_folder: Path) -> None:
    """All of it is here. Idempotent, also where a process died between the two steps."""
    growing = growing_path(sessions_folder, copy)
    if growing.exists():
        os.rename(growing, whole_path(sessions_folder, copy))
    copy.state = CopyState.WHOLE
    session.add(copy)


def remove(session: Session, copy: SafetyCopy, sessions_folder: Path) -> None:
    """Forget it and its bytes."""
    session.delete(copy)
    growing_path(sessions_folder, copy).unlink(missing_ok=True)
    whole_path(sessions_folder, copy).unlink(missing_ok=True)


def uploading(session: Session) -> Sequence[SafetyCopy]:
    """Uploads that are not complete, of all sessions."""
    return session.scalars(select(SafetyCopy).where(SafetyCopy.state == CopyState.UPLOADING)).all()


def order_healing(session: Session, session_id: str, copy_ids: Iterable[str], sessions_folder: Path) -> Job:
    """The job that heals with these copies; the one under way, if there is one. Raises UnknownCopy."""
    exclusive(session, f"{KIND}:{session_id}")
    known = jobs.newest_of(session, KIND, session_id)
    if known is not None and known.state in (JobState.WAITING, JobState.RUNNING):
        return known
    row = session.get(LectureSession, session_id)
    found = [_whole(session, session_id, copy_id) for copy_id in dict.fromkeys(copy_ids)]
    told = [{"path": str(whole_path(sessions_folder, one)), "began_at": one.began_at} for one in found]
    return jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{session_id}:{new_id()}",
        subject=session_id,
        payload={"copies": told, "edit_version": row.edit_version if row is not None else 1},
        lane=LANE,
    )


def note_result(database: Database, job_id: str, result: Mapping[str, Any]) -> None:
    """Leave in the job's message what its studio should be told: `healed`, or why nothing was, a word."""
    refused = result.get("refused") or ["no_match"]
    word = "healed" if result.get("version") is not None else str(refused[0])
    with database.session() as session:
        job = session.get(Job, job_id)
        if job is not None:
            job.message = word


def _whole(session: Session, session_id: str, copy_id: str) -> SafetyCopy:
    copy = of_session(session, session_id, copy_id)
    if copy is None or copy.state != CopyState.WHOLE:
        raise UnknownCopy(copy_id)
    return copy
