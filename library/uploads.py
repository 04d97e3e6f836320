"""Uploads into the library: from a file that comes to the recording that it is, and away again.

Called within the caller's transaction from web threads and the command line, and by the job `import`. The
recording's row is there from the beginning, so that it has an address and says how it stands; it is listed
once it has media. Where the bytes lie is the caller's (`library.upload_file`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session

from library import catalogue, jobs, search_index
from library.database import Database, exclusive, new_id
from library.models import Job, JobState, LectureSession, Tag, Upload, UploadState, Visibility

KIND = "import"
LANE = "import"
MAX_UPLOADING = 10  # of one person
MAX_LISTED = 50
MAX_FILENAME = 300
GIVEN_UP = "given_up"
SCANNING = "scanning"  # what the job says while the file is checked for viruses
_ON_ITS_WAY = tuple(state for state in UploadState if state != UploadState.READY)


class TooManyUploads(Exception):
    """The person has MAX_UPLOADING that are not complete."""


class UnderWay(Exception):
    """Another file is on its way to take the place of the recording's media."""


class StillBusy(Exception):
    """Nothing to try again: it has not ended."""


@dataclass(frozen=True, slots=True)
class NewRecording:
    """What is said of a recording that an upload becomes. Words come cleaned."""

    room_id: str
    organization_id: str
    title: str
    lecturer: str = ""
    language: str | None = None
    visibility: str = Visibility.PRIVATE.value


@dataclass(frozen=True, slots=True)
class Standing:
    """`state`: `uploading`, `waiting`, `checking`, `preparing`, `ready`, `failed` or `quarantined`.

    `reason`: why it failed, a word; of `quarantined`: what was found; of `waiting`: a JobWait, None if it
    waits for its turn. `progress`: 0 to 1.
    """

    state: str
    reason: str | None = None
    progress: float | None = None


def begin(
    session: Session, wanted: NewRecording, *, owner_id: str | None, filename: str, size: int, now: datetime
) -> Upload:
    """A file that is going to come, and the recording that it becomes. Raises TooManyUploads."""
    _check_count(session, owner_id)
    recording = LectureSession(
        id=new_id(),
        room_id=wanted.room_id,
        organization_id=wanted.organization_id,
        title=wanted.title,
        lecturer=wanted.lecturer,
        phase="ended",
        started_at=now,
        ended_at=now,
    )
    session.add(recording)
    session.flush()
    catalogue.change(session, recording, {"language": wanted.language, "visibility": wanted.visibility})
    upload = _upload(recording, owner_id, filename, size, now)
    session.add(upload)
    session.flush()
    return upload


def begin_replacement(
    session: Session,
    recording: LectureSession,
    *,
    owner_id: str | None,
    filename: str,
    size: int,
    now: datetime,
) -> Upload:
    """A file that is going to take the place of the recording's media. Raises TooManyUploads, UnderWay."""
    _check_count(session, owner_id)
    exclusive(session, f"replacement:{recording.id}")
    others = select(Upload.id).where(Upload.session_id == recording.id, Upload.state != UploadState.READY)
    if session.scalar(others.limit(1)) is not None:
        raise UnderWay(recording.id)
    upload = _upload(recording, owner_id, filename, size, now)
    session.add(upload)
    session.flush()
    return upload


def prepare(session: Session, upload: Upload, source: Path) -> None:
    """All of it is at `source`: order the job. Idempotent."""
    upload.state, upload.reason = UploadState.PREPARING, None
    jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{upload.id}",
        subject=upload.session_id,
        payload={"upload": upload.id, "source": str(source)},
        lane=LANE,
    )


def is_imported(database: Database, upload_id: str, result: Mapping[str, Any]) -> UploadState | None:
    """Note what the job made of it: media, or `refused` with a word, or `infected` with a name. Idempotent.

    None if nobody wants it any more.
    """
    with database.session() as session:
        upload = session.get(Upload, upload_id)
        if upload is None:
            return None
        if upload.state == UploadState.READY:
            return UploadState.READY  # an attempt that came later finds its file gone
        state, reason = UploadState.READY, None
        if "infected" in result:
            state, reason = UploadState.QUARANTINED, str(result["infected"])[:200]
        elif "refused" in result:
            state, reason = UploadState.FAILED, str(result["refused"])[:200]
        upload.state, upload.reason = state, reason
        return state


def retry(upload: Upload, job: Job | None) -> str:
    """It failed and is tried once more → the job's id, for `Jobs.retry` once this is committed.

    Raises StillBusy.
    """
    if job is None or standing_of(upload, job).state != UploadState.FAILED:
        raise StillBusy(upload.id)
    upload.state, upload.reason = UploadState.PREPARING, None
    return job.id


def get(session: Session, upload_id: str) -> tuple[Upload, LectureSession, Job | None] | None:
    """The upload with its recording and its job."""
    upload = session.get(Upload, upload_id) if upload_id.isprintable() else None
    if upload is None:
        return None
    return upload, session.get_one(LectureSession, upload.session_id), _job_of(session, upload)


def under_way(
    session: Session, edited: ColumnElement[bool]
) -> Sequence[tuple[Upload, LectureSession, Job | None]]:
    """Of the recordings that `edited` chooses, uploads that are not in the library yet; the newest first."""
    its_recording = exists().where(
        LectureSession.id == Upload.session_id, LectureSession.deleted_at.is_(None), edited
    )  # no join: SQLite would begin it with the recordings, of which there are many more
    query = select(Upload).where(Upload.state.in_(_ON_ITS_WAY), its_recording)
    query = query.order_by(Upload.created_at.desc(), Upload.id.desc()).limit(MAX_LISTED)
    found = session.scalars(query).all()
    of_them = select(LectureSession).where(LectureSession.id.in_({upload.session_id for upload in found}))
    recordings = {recording.id: recording for recording in session.scalars(of_them)}
    known = _jobs(session, [upload.id for upload in found])
    return [(upload, recordings[upload.session_id], known.get(upload.id)) for upload in found]


def standings(session: Session, session_ids: Iterable[str]) -> Mapping[str, Standing]:
    """How the uploads of these recordings stand, of those that have one that is not ready."""
    query = select(Upload).where(Upload.session_id.in_(list(session_ids)), Upload.state.in_(_ON_ITS_WAY))
    found = session.scalars(query.order_by(Upload.created_at)).all()
    known = _jobs(session, [upload.id for upload in found])
    return {upload.session_id: standing_of(upload, known.get(upload.id)) for upload in found}


def standing_of(upload: Upload, job: Job | None) -> Standing:
    """Pure: what to tell of it. A job may have been given up."""
    if upload.state != UploadState.PREPARING:
        return Standing(upload.state, upload.reason)
    if job is None or job.state in (JobState.FAILED, JobState.CANCELLED):
        return Standing(UploadState.FAILED, GIVEN_UP)
    if job.state == JobState.WAITING:
        return Standing("waiting", job.waits_for)
    if job.message == SCANNING:
        return Standing("checking", None, job.progress)
    return Standing(UploadState.PREPARING, None, job.progress)


def remove(session: Session, upload: Upload) -> str | None:
    """Forget it, and its recording if that has no media → the id of a job to cancel, once this is committed.

    Its file is the caller's.
    """
    job = _job_of(session, upload)
    session.delete(upload)
    session.flush()
    recording = session.get_one(LectureSession, upload.session_id)
    if not recording.bytes and recording.state_version == 0:
        search_index.remove(session, recording.id)
        session.execute(delete(Tag).where(Tag.session_id == recording.id))
        session.delete(recording)
    return job.id if job is not None else None


def uploading(session: Session) -> Sequence[Upload]:
    """Those that are not complete."""
    return session.scalars(select(Upload).where(Upload.state == UploadState.UPLOADING)).all()


def failed_before(session: Session, moment: datetime) -> Sequence[Upload]:
    """Those that failed and were begun before then: their files have been kept for long enough."""
    query = select(Upload).where(Upload.state == UploadState.FAILED, Upload.created_at < moment)
    return session.scalars(query).all()


def quarantine_path(folder: Path, upload_id: str) -> Path:
    """Where a file lies in which something was found. Nothing reads it there."""
    return folder / f"{upload_id}.infected"


def import_folder(sessions_folder: Path, upload_id: str) -> Path:
    """Where its recording grows: on the disk of sessions, under a name that no session has."""
    return sessions_folder / f".import-{upload_id}"


def _upload(
    recording: LectureSession, owner_id: str | None, filename: str, size: int, now: datetime
) -> Upload:
    return Upload(
        session_id=recording.id,
        owner_id=owner_id,
        filename=filename[:MAX_FILENAME],
        bytes=size,
        created_at=now,
    )


def _check_count(session: Session, owner_id: str | None) -> None:
    exclusive(session, f"uploads:{owner_id}")
    mine = Upload.owner_id == owner_id if owner_id is not None else Upload.owner_id.is_(None)
    count = select(func.count()).select_from(Upload).where(mine, Upload.state == UploadState.UPLOADING)
    if owner_id is not None and (session.scalar(count) or 0) >= MAX_UPLOADING:
        raise TooManyUploads(owner_id)


def _job_of(session: Session, upload: Upload) -> Job | None:
    return _jobs(session, [upload.id]).get(upload.id)


def _jobs(session: Session, upload_ids: Sequence[str]) -> dict[str, Job]:
    """The jobs of uploads, by the uploads' ids."""
    keys = {f"{KIND}:{upload_id}": upload_id for upload_id in upload_ids}
    return {keys[job.key]: job for job in session.scalars(select(Job).where(Job.key.in_(list(keys))))}
