"""The pictures of a session: ordered per version of its edit list, noted in its row, the older removed.

Called within the caller's transaction by adoption, and by the worker; idempotent. Older pictures stay to be
had until newer ones are there. `recorder.pictures` makes them; they lie in `<session>/v<version>/`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from library import jobs
from library.database import Database, new_id
from library.models import Job, LectureSession
from library.recordings import SessionMissing

KIND = "pictures"
POSTER_KIND = "poster"
LANE = "pictures"
_VERSION = re.compile(r"v([0-9]+)(?:\.partial)?")


@dataclass(frozen=True, slots=True)
class ChosenPoster:
    """`at`: the moment that somebody has chosen; `version`: of the pictures that are there now."""

    version: int | None
    at: float | None


def order_pictures(session: Session, session_id: str, version: int) -> Job:
    """Have the pictures of a version made; idempotent. Orders of older versions that wait are cancelled."""
    job = jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{session_id}:{version}",
        subject=session_id,
        payload={"version": version},
        lane=LANE,
    )
    jobs.cancel_others(session, job)
    return job


def choose_poster(session: Session, row: LectureSession, at: float | None) -> Job:
    """Have the picture at second `at` of the session's clock made the poster; None: the one that is fit best.

    Pictures that are made later are made with it, too.
    """
    row.poster_at = at
    kind = POSTER_KIND if at is not None and row.pictures_version is not None else KIND
    job = jobs.enqueue(
        session,
        kind=kind,
        key=f"{kind}:{row.id}:{new_id()}",
        subject=row.id,
        payload={"version": row.edit_version},
        lane=LANE,
    )
    jobs.cancel_others(session, job)
    return job


def chosen_poster(database: Database, session_id: str) -> ChosenPoster:
    """As it is now. Raises DatabaseUnavailable."""
    with database.reading() as transaction:
        row = transaction.get(LectureSession, session_id)
    return ChosenPoster(row.pictures_version, row.poster_at) if row is not None else ChosenPoster(None, None)


def poster_is_there(database: Database, session_id: str, result: Mapping[str, Any]) -> None:
    """Note a poster that was made anew (`version`, `poster`), unless it lies with older pictures; nothing was
    to be made where `result` tells of none. Raises DatabaseUnavailable.
    """
    if "poster" not in result:
        return
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is not None and row.pictures_version == result["version"]:
            row.poster = str(result["poster"])


def folder_of(pictures_folder: Path, session_id: str, version: int) -> Path:
    """Where the pictures of a version lie."""
    return pictures_folder / session_id / f"v{version}"


def pictures_are_there(database: Database, session_id: str, result: Mapping[str, Any]) -> int:
    """Note what `result` tells of (`version`, `poster`) unless there are newer pictures, or these show what
    has become private meanwhile → the oldest version that may be had now. Raises SessionMissing,
    DatabaseUnavailable.
    """
    version = int(result["version"])
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None:
            raise SessionMissing(session_id)
        if version < row.withheld_before:
            return row.withheld_before
        if row.pictures_version is None or row.pictures_version <= version:
            row.pictures_version, row.poster = version, result.get("poster")
        return row.pictures_version


def remove_older(pictures_folder: Path, session_id: str, version: int) -> None:
    """Remove the pictures of versions before `version`, and what attempts at them left. Raises OSError."""
    folder = pictures_folder / session_id
    for path in list(folder.iterdir()) if folder.is_dir() else ():
        match = _VERSION.fullmatch(path.name)
        if match is not None and int(match[1]) < version:
            shutil.rmtree(path, ignore_errors=True)
