"""The job `import`: an uploaded file becomes a recording of the library, with a log like any lecture's.

The file is checked for viruses where a scanner is set, and kept until its recording lies whole in its place.
An attempt that was killed leaves a folder that the next one removes, or a recording that it finds done.
"""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from broadcast import recording_access, session_rows
from broadcast.adoption import adopt_session
from library import uploads
from library.database import Database, open_database, utc_now
from library.models import Job, JobWait, LectureSession, Upload, UploadState
from library.transcription import orders
from library.virus_check import ScannerUnavailable, found_in
from operation import object_jobs
from operation.job_output import postpone, tell_progress, tell_result, wait_for_disk
from people.models import Room
from recorder import replacement, session_state
from recorder.durable_file import make_private_folder, sync_folder
from recorder.imported_take import Imported, MediaRefused, NoDisk, import_take
from recorder.media import RecordingState, SessionPhase
from recorder.replacement import Plan
from recorder.session_state import UPLOADED, CredentialRecord, SessionState
from settings import Settings

NICENESS = 10  # beside lectures that are live
SCANNER_SECONDS = 60  # a scanner that is away is looked for again after this
_SCANNING = 0.05  # share of the work
_FIRST = Plan(take=1, first_segment=0)
_FIRST_VERSION = 1  # of the state of a recording whose media were never replaced

log = logging.getLogger(__name__)


class UploadGone(LookupError):
    """Nobody wants it any more."""


def work(settings: Settings, job: Job) -> int:
    """What is no media is no failed job: trying again would not make it so."""
    os.nice(NICENESS)
    upload_id, source = str(job.payload["upload"]), Path(job.payload["source"])
    if _has_landed(settings, job.subject, upload_id):
        tell_result(_clean_up(settings, job.subject))
        return 0
    try:
        if settings.clamav is not None and (found := _infection(settings, upload_id, source)) is not None:
            tell_progress(0.0, f"in quarantine: {found}")
            tell_result({"infected": found})
            return 0
        tell_result(_import(settings, job.subject, upload_id, source))
    except ScannerUnavailable as error:
        postpone(SCANNER_SECONDS, str(error), JobWait.SCANNER)
    except NoDisk as error:
        wait_for_disk(str(error))
    except MediaRefused as refused:
        log.warning("upload %s: %s", upload_id, refused)
        tell_result({"refused": refused.reason})
    except FileNotFoundError:
        tell_result({"refused": "gone"})
    return 0


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """The rows first, then the file is not needed any more; one that failed is kept for another attempt."""
    upload_id, source = str(job.payload["upload"]), Path(job.payload["source"])
    if not result.keys() & {"refused", "infected"}:
        _adopt(settings, database, job.subject)
        if result.get("replaced"):
            _make_anew(database, job.subject, upload_id)
    state = uploads.is_imported(database, upload_id, result)
    if state in (None, UploadState.READY):  # or given up meanwhile
        source.unlink(missing_ok=True)


def _adopt(settings: Settings, database: Database, session_id: str) -> None:
    """Bring its row up, and order what is made of it; who may watch it is said beside its media, too."""
    with database.reading() as transaction:
        wanted = transaction.get(LectureSession, session_id) is not None
    if not wanted:  # given up while it was put into its place
        shutil.rmtree(settings.sessions_folder / session_id, ignore_errors=True)
        return
    adopt_session(settings, database, session_id)
    with database.session() as transaction:
        row = transaction.get_one(LectureSession, session_id)
        session_rows.describe(transaction, row)
        recording_access.save(settings.session_roots, row)


def _make_anew(database: Database, session_id: str, upload_id: str) -> None:
    """What adoption does not order anew. Idempotent; a person's transcript is still what is read."""
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is not None:
            row.poster_at = None
            orders.order_again(transaction, session_id, language=row.language, name=upload_id)


def _has_landed(settings: Settings, session_id: str, upload_id: str) -> bool:
    state = session_state.load((settings.sessions_folder,), session_id)
    return state is not None and state.last_source == UPLOADED + upload_id


def _infection(settings: Settings, upload_id: str, source: Path) -> str | None:
    """What was found in it: then it lies in quarantine. Raises ScannerUnavailable, FileNotFoundError."""
    assert settings.clamav is not None, "the caller has looked"
    kept = uploads.quarantine_path(settings.quarantine_folder, upload_id)
    was_kept = kept.exists()  # an attempt was killed before it could say so

    def tell(share: float) -> None:
        tell_progress(_SCANNING * share, uploads.SCANNING)

    tell(0.0)
    found = found_in(kept if was_kept else source, settings.clamav, tell)
    if found is not None and not was_kept:
        log.warning("upload %s: %s was found in it", upload_id, found)
        make_private_folder(settings.quarantine_folder)
        os.chmod(source, 0o400)
        os.rename(source, kept)
        sync_folder(settings.quarantine_folder)
    return (found or "unknown") if was_kept else found


def _import(settings: Settings, session_id: str, upload_id: str, source: Path) -> dict[str, Any]:
    """Make the recording, put it into its place → what is told of it."""
    work = uploads.import_folder(settings.sessions_folder, upload_id)
    begun = _SCANNING if settings.clamav is not None else 0.0

    def tell(share: float, message: str) -> None:
        tell_progress(begun + (1 - begun) * share, message)

    before = session_state.load((settings.sessions_folder,), session_id)
    shutil.rmtree(work / session_id, ignore_errors=True)
    make_private_folder(work)
    try:
        plan = replacement.planned(settings.session_roots, session_id, work) if before is not None else _FIRST
        made = import_take(
            source,
            work,
            session_id,
            plan.take,
            first_segment=plan.first_segment,
            disk_floor_bytes=settings.disk_floor_bytes,
            progress=tell,
        )
        if before is None:
            session_state.save(work, _state(settings, session_id, upload_id, made))
            os.rename(work / session_id, settings.sessions_folder / session_id)
            sync_folder(settings.sessions_folder)
        else:
            state = _replacing(settings, before, upload_id, made)
            replacement.put(settings.sessions_folder, work, plan, made.segments, state)
    except UploadGone:
        return {"refused": "gone"}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {**asdict(made), **_clean_up(settings, session_id)}


def _clean_up(settings: Settings, session_id: str) -> dict[str, Any]:
    """It has landed: media that it took the place of go. → What `done` has to know. Idempotent."""
    state = session_state.load((settings.sessions_folder,), session_id)
    if state is None or state.version <= _FIRST_VERSION:
        return {}
    for path in replacement.replaced_files(settings.sessions_folder, session_id):
        object_jobs.forget(settings, path)
    replacement.remove_replaced(settings.sessions_folder, session_id)
    return {"replaced": True}


def _replacing(settings: Settings, before: SessionState, upload_id: str, made: Imported) -> SessionState:
    """The recording as it was, with other media. Raises UploadGone."""
    _rows(settings, before.session_id, upload_id)
    return replace(
        before,
        version=before.version + 1,
        ended_at=before.started_at + made.seconds,
        last_source=UPLOADED + upload_id,
    )


def _state(settings: Settings, session_id: str, upload_id: str, made: Imported) -> SessionState:
    """As if a lecture had ended now. Raises UploadGone."""
    upload, row, room = _rows(settings, session_id, upload_id)
    ended_at = utc_now().timestamp()
    owner = upload.owner_id
    return SessionState(
        session_id=session_id,
        room_id=room.id,
        room_slug=room.slug,
        organization_id=row.organization_id,
        title=row.title,
        access=room.access,
        phase=SessionPhase.ENDED,
        started_at=ended_at - made.seconds,
        ended_at=ended_at,
        version=_FIRST_VERSION,
        recorder_epoch="",
        # Whose it is, should the database be lost.
        credentials=(CredentialRecord(f"studio:{owner}", "studio", None),) if owner is not None else (),
        recording=RecordingState.OK,
        last_source=UPLOADED + upload_id,
        end_reason=None,
    )


def _rows(settings: Settings, session_id: str, upload_id: str) -> tuple[Upload, LectureSession, Room]:
    database = open_database(settings.database_url)
    try:
        with database.reading() as transaction:
            upload = transaction.get(Upload, upload_id)
            row = transaction.get(LectureSession, session_id)
            room = transaction.get(Room, row.room_id) if row is not None else None
    finally:
        database.close()
    if upload is None or row is None or room is None:
        raise UploadGone(upload_id)
    return upload, row, room
