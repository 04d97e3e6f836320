"""The pictures of a session: ordered per version of its edit list, noted in its row, the older removed.

Called within the caller's transaction by adoption, and by the worker; idempotent. Older pictures stay to be
had until newer ones are there. `recorder.pictures` makes them; they lie in `<session>/v<version>/`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from library import jobs
from library.database import Database
from library.models import Job, LectureSession
from library.recordings import SessionMissing

KIND = "pictures"
LANE = "pictures"
_VERSION = re.compile(r"v([0-9]+)(?:\.partial)?")


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


def folder_of(pictures_folder: Path, session_id: str, version: int) -> Path:
    """Where the pictures of a version lie."""
    return pictures_folder / session_id / f"v{version}"


def pictures_are_there(database: Database, session_id: str, result: Mapping[str, Any]) -> int:
    """Note what `result` tells of (`version`, `poster`) unless there are newer pictures → the version to be
    had now. Raises SessionMissing, DatabaseUnavailable.
    """
    version = int(result["version"])
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None:
            raise SessionMissing(session_id)
        if row.pictures_version is None or row.pictures_version <= version:
            row.pictures_version, row.poster = version, result.get("poster")
        return row.pictures_version


def remove_older(pictures_folder: Path, session_id: str, version: int) -> None:
    """Remove the pictures of versions before `version`, and what attempts at them left. Raises OSError."""
    for path in list((pictures_folder / session_id).iterdir()):
        match = _VERSION.fullmatch(path.name)
        if match is not None and int(match[1]) < version:
            shutil.rmtree(path, ignore_errors=True)
