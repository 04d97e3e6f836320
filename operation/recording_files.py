"""Which files make up an ended recording, as keys of an object store, and removing all of them: what recorder
and library know.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from library import object_catalogue, recordings, uploads
from library.models import LectureSession
from library.upload_file import upload_path
from recorder import log_folders, session_state
from recorder.durable_file import sync_folder
from recorder.media import SessionPhase
from settings import Settings

_UNKNOWN = ".unknown-"  # the same, of a session that no row knows: its own remover's alone
_GOING = ".removed-"  # before a session's id: on its way out, and nobody's


def files_of(settings: Settings, lecture: LectureSession) -> Iterator[tuple[str, str]]:
    """Key (the path below the storage) and kind of each file that never changes again and is at home.

    What lies in the spill comes home first.
    """
    folder = settings.sessions_folder / lecture.id
    names = [log_folders.take_name(number) for number in log_folders.take_numbers(folder)]
    names += [log_folders.healed_name(number) for number in log_folders.healed_numbers(folder)]
    for name in names:
        for file, kind in (
            (log_folders.MEDIA_FILE, object_catalogue.TAKE),
            (log_folders.INDEX_FILE, object_catalogue.INDEX),
        ):
            if (folder / name / file).is_file():
                yield f"sessions/{lecture.id}/{name}/{file}", kind
    for version in log_folders.edit_versions(folder):
        name = f"{log_folders.EDITS_FOLDER}/{log_folders.edits_name(version)}"
        yield f"sessions/{lecture.id}/{name}", object_catalogue.EDITS
    mp4 = recordings.mp4_file(settings.recordings_folder, lecture)
    if mp4 is not None and mp4.parent == settings.recordings_folder:
        yield f"recordings/{mp4.name}", object_catalogue.MP4


def prefixes_of(session_id: str) -> tuple[str, str]:
    """What the keys of all its objects begin with, and no other's (an id has no dot)."""
    return f"sessions/{session_id}/", f"recordings/{session_id}."


def may_be_removed(settings: Settings, session_id: str) -> bool:
    """Whether its files say that it has ended, or are gone: never while it runs, whatever its row says."""
    state = session_state.load(settings.session_roots, session_id)
    return state is None or state.phase is SessionPhase.ENDED


def is_spilled(settings: Settings, session_id: str) -> bool:
    """Whether takes of it lie in the spill: the recorder is going to move them."""
    return bool(log_folders.take_numbers(settings.spill_sessions_folder / session_id))


def remove_files(settings: Settings, lecture: LectureSession, upload_ids: Iterable[str]) -> None:
    """Everything of it on this machine, and of its uploads; idempotent. Raises OSError.

    Each folder first gets a name that nobody reads: for all others it is gone at once.
    """
    sums = settings.storage / ".objects" / "sums"
    folders = (*settings.session_roots, settings.pictures_folder, sums / "sessions")
    for folder in folders:
        _remove_folder(folder, lecture.id)
    for folder in (settings.recordings_folder, sums / "recordings"):
        if folder.is_dir():
            recordings.remove_all(folder, lecture.id)
    mp4 = recordings.mp4_file(settings.recordings_folder, lecture)
    if mp4 is not None:
        mp4.unlink(missing_ok=True)
    for upload_id in upload_ids:
        upload_path(settings.uploads_folder, upload_id).unlink(missing_ok=True)
        uploads.quarantine_path(settings.quarantine_folder, upload_id).unlink(missing_ok=True)
        shutil.rmtree(uploads.import_folder(settings.sessions_folder, upload_id), ignore_errors=True)


def remove_unknown(settings: Settings, session_id: str) -> None:
    """A session that no row knows, and of which nothing else was made. Raises OSError."""
    for root in settings.session_roots:
        going = root / f"{_UNKNOWN}{session_id}"
        if (root / session_id).is_dir():
            os.rename(root / session_id, going)
        shutil.rmtree(going, ignore_errors=True)


def _remove_folder(root: Path, session_id: str) -> None:
    """With whatever attempts that were killed have left there, also of sessions that no row knows."""
    _empty(root)
    if (root / session_id).is_dir():
        os.rename(root / session_id, root / f"{_GOING}{session_id}")
        sync_folder(root)
        _empty(root)


def _empty(root: Path) -> None:
    for folder in root.glob(f"{_GOING}*"):
        shutil.rmtree(folder)
