"""One recording comes back out of a generation into the running installation: its files, then its rows.

Called by the job `restore`, in its own process. Whatever it is killed in, the next attempt begins anew; until
the rows say that it is there, it is there for nobody. A lecture that was live in the generation has ended.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from broadcast import erasure, recording_access, session_rows
from library import pictures, recordings, returned_rows, transcripts
from library.backup.errors import NoRoom
from library.backup.repository import Repository, recording_prefixes
from library.backup.values import Progress, no_progress
from library.backup_place import database_of, scratch_folder
from library.database import Database, utc_now
from library.keeping import Kept
from library.models import LectureSession
from library.returned_rows import Rows
from library.transcription import orders
from people.models import Room, User
from recorder import session_state
from recorder.durable_file import sync_folder
from recorder.log_folders import is_session_id
from recorder.media import SessionPhase
from recorder.recovery import recover_session
from settings import Settings

_GOING = ".removed-"  # as `operation.recording_files` calls what is on its way out


class StillLive(Exception):
    """The lecture runs: its recording cannot be exchanged."""


class FilesMissing(LookupError):
    """The generation has no files of the recording."""


def bring_back(
    settings: Settings,
    database: Database,
    repository: Repository,
    generation: str,
    session_id: str,
    progress: Progress = no_progress,
) -> str:
    """→ its title. Raises StillLive, FilesMissing, RowsMissing, RoomGone, RoomInTrash, BackupError."""
    with database_of(settings, repository, generation) as then:
        return bring_back_from(settings, database, repository, generation, then, session_id, progress)


def bring_back_from(
    settings: Settings,
    database: Database,
    repository: Repository,
    generation: str,
    then: Database,
    session_id: str,
    progress: Progress = no_progress,
    *,
    with_room: bool = False,
) -> str:
    """The same with the generation's database, opened. `with_room`: as `returned_rows.put_back` takes it."""
    if not is_session_id(session_id):
        raise FilesMissing(session_id)
    with database.reading() as session:
        row = session.get(LectureSession, session_id)
    if row is not None and row.phase != "ended":
        raise StillLive(session_id)
    with then.reading() as source:
        rows = returned_rows.read(source, session_id)
        owner = _owner(source, str(rows.session["room_id"]))
    _check_room(settings, rows)
    with scratch_folder(settings, "return") as folder:
        repository.restore(generation, folder / "it", only=recording_prefixes(session_id), progress=progress)
        storage = folder / "it"
        if not (storage / "sessions" / session_id).is_dir():
            raise FilesMissing(session_id)
        rows = _ended(storage, rows)
        _put_files(settings, storage, session_id)
    with database.session() as session:
        hold = timedelta(days=settings.safety_days)
        back = returned_rows.put_back(session, rows, utc_now(), hold, with_room=with_room)
        _forget_who_was_erased(session, back, owner)
        _finish(settings, session, back)
    recording_access.save(settings.session_roots, back)
    return back.title


def _owner(then: Session, room_id: str) -> User | None:
    room = then.get(Room, room_id)
    return then.get(User, room.owner_id) if room is not None and room.owner_id is not None else None


def _forget_who_was_erased(session: Session, back: LectureSession, owner: User | None) -> None:
    """Whoever was erased meanwhile (decision 0028) comes back with no recording of theirs."""
    now = session.get(User, owner.id) if owner is not None else None
    if (
        owner is not None
        and now is not None
        and erasure.is_erased(now)
        and back.lecturer == owner.display_name
    ):
        back.lecturer = now.display_name


def _check_room(settings: Settings, rows: Rows) -> None:
    need = int(rows.session["bytes"]) + int(rows.session["mp4_bytes"] or 0)
    free = shutil.disk_usage(settings.storage).free - settings.disk_floor_bytes
    if need > free:
        raise NoRoom(f"the recording needs {need} bytes, and {max(0, free)} are free beside lectures' own")


def _ended(storage: Path, rows: Rows) -> Rows:
    """Nobody goes on with a lecture that was live then."""
    session_id = rows.session["id"]
    root = storage / "sessions"
    state = session_state.load((root,), session_id)
    if state is None or (state.phase is SessionPhase.ENDED and rows.session["phase"] == "ended"):
        return rows
    recovered = recover_session((root,), session_id)
    ended_at = state.ended_at or min(time.time(), state.started_at + recovered.end_pts / 90_000)
    over = replace(
        state, phase=SessionPhase.ENDED, ended_at=ended_at, version=state.version + 1, end_reason="restored"
    )
    session_state.save(root, over)
    return rows  # adoption takes the rest of the row from the state, which is newer


def _put_files(settings: Settings, storage: Path, session_id: str) -> None:
    """In the place of what is there of it. Raises OSError."""
    settings.recordings_folder.mkdir(exist_ok=True)
    recordings.remove_all(settings.recordings_folder, session_id)
    for file in sorted((storage / "recordings").glob("*")):
        os.replace(file, settings.recordings_folder / file.name)
    for root, restored in (
        (settings.pictures_folder, storage / "pictures" / session_id),
        (settings.sessions_folder, storage / "sessions" / session_id),
    ):
        root.mkdir(exist_ok=True)
        _exchange(root, restored, session_id)


def _exchange(root: Path, restored: Path, session_id: str) -> None:
    going = root / f"{_GOING}{session_id}"
    shutil.rmtree(going, ignore_errors=True)
    if (root / session_id).is_dir():
        os.rename(root / session_id, going)
    if restored.is_dir():
        os.rename(restored, root / session_id)
    sync_folder(root)
    shutil.rmtree(going, ignore_errors=True)


def _finish(settings: Settings, session: Session, row: LectureSession) -> None:
    """Where its MP4 is now; and what is made of a recording is made where the generation had none."""
    session_rows.describe(session, row)
    file = recordings.mp4_path(settings.recordings_folder, row.id, row.mp4_version)
    if not file.is_file():
        row.mp4_path = row.mp4_bytes = None
    else:
        row.mp4_path = str(file)
    if row.kept != Kept.PUBLISHED or row.phase != "ended":
        return
    if row.mp4_path is None:
        recordings.order_mp4(session, row.id, row.edit_version)
    if not pictures.folder_of(settings.pictures_folder, row.id, row.pictures_version or 1).is_dir():
        pictures.order_pictures(session, row.id, row.edit_version)
    if transcripts.current(session, row.id) is None:
        orders.order(session, row.id, ended=True)
