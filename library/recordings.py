"""What jobs made of a session, in its row. Called by the worker; idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from library.database import Database
from library.models import LectureSession


class SessionMissing(LookupError):
    """The session's row is not there (yet): adoption makes it, so the job is worth another attempt."""


def mp4_is_there(database: Database, session_id: str, result: Mapping[str, Any]) -> None:
    """Note the MP4 that `result` tells of (`path`, `bytes`). Raises SessionMissing, DatabaseUnavailable."""
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None:
            raise SessionMissing(session_id)
        row.mp4_path = str(result["path"])
        row.mp4_bytes = int(result["bytes"])
