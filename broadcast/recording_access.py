"""Of which recordings something was ever said, as a web process knows it without its database.

`RecordingBook` is filled by the access book's thread, which reads on from the last change it knows; a change
is known within a second or two in every process, and at once in the one that made it. For a process that has
never seen the database, what was said of a recording also lies beside its media (`save`, `load`). Decision
0016.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select

from library.database import Database
from library.keeping import Kept
from library.models import LectureSession, Visibility
from recorder.durable_file import replace_file

log = logging.getLogger(__name__)

FILE_NAME = "recording-access.json"
EDITORS = "edit_"  # before a session's id in the subject of a token
OWNER = "own_"  # the same, of one that is held


@dataclass(frozen=True, slots=True)
class RecordingAccess:
    """Times are unix seconds. `epoch`: of the change that made it so; tokens signed before it are void."""

    visibility: str
    publish_at: float | None
    expires_at: float | None
    deleted: bool
    epoch: int
    kept: str = Kept.PUBLISHED
    held_until: float | None = None

    @property
    def as_the_room(self) -> bool:
        """Nothing was said: whoever may watch the room may watch it."""
        said = self.publish_at is not None or self.expires_at is not None or self.deleted
        return self.visibility == Visibility.ROOM and self.kept == Kept.PUBLISHED and not said

    def is_its_time(self, now: float) -> bool:
        published = self.publish_at is None or self.publish_at <= now
        return published and (self.expires_at is None or now < self.expires_at)


# Of one that cannot be read: its editors alone, until the database is here.
UNKNOWN = RecordingAccess(Visibility.PRIVATE.value, None, None, deleted=False, epoch=0)

# Who knows of changes up to a number gets the newest number, and what has changed since.
Loader = Callable[[int], tuple[int, Mapping[str, RecordingAccess]]]


class RecordingBook:
    """Only `refresh` touches the database, one caller at a time; the event loop asks the rest."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._newest = 0
        self._said: dict[str, RecordingAccess] = {}
        self.loaded = False

    def of(self, session_id: str) -> RecordingAccess | None:
        """None: nothing was ever said. What is as its room again is here, too: addresses that its editors had
        before stay void.
        """
        return self._said.get(session_id)

    def refresh(self) -> None:
        """Raises what the loader raises."""
        newest, changed = self._loader(self._newest)
        if newest < self._newest:  # an older database was put back
            newest, changed = self._loader(0)
            self._said = {}
        self._said.update(changed)
        self._newest, self.loaded = newest, True


def changes_in(database: Database) -> Loader:
    """Every change of who may watch what, from the database."""
    query = select(
        LectureSession.id,
        LectureSession.visibility,
        LectureSession.publish_at,
        LectureSession.expires_at,
        LectureSession.deleted_at,
        LectureSession.access_epoch,
        LectureSession.kept,
        LectureSession.held_until,
    )

    def load(known: int) -> tuple[int, Mapping[str, RecordingAccess]]:
        with database.reading() as transaction:
            newest = transaction.scalar(select(func.max(LectureSession.access_epoch))) or 0
            changed = query.where(LectureSession.access_epoch > known)
            rows = transaction.execute(changed).all() if newest > known else ()
        return newest, {row.id: access_of_row(row) for row in rows}

    return load


def access_of_row(row: LectureSession | Row[*tuple[Any, ...]]) -> RecordingAccess:
    """`row`: a session, or these columns of one."""
    return RecordingAccess(
        visibility=row.visibility,
        publish_at=_unix(row.publish_at),
        expires_at=_unix(row.expires_at),
        deleted=row.deleted_at is not None,
        epoch=row.access_epoch,
        kept=row.kept,
        held_until=_unix(row.held_until),
    )


def _unix(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None


def save(roots: Sequence[Path], row: LectureSession) -> None:
    """Beside the session's media. A failure is told and passed over: the database knows it."""
    for root in roots:
        folder = root / row.id
        if not folder.is_dir():
            continue
        try:
            replace_file(folder / FILE_NAME, json.dumps(asdict(access_of_row(row))).encode())
        except OSError as error:
            log.warning("who may watch %s cannot be written beside it: %s", row.id, error)


def load(roots: Sequence[Path], session_id: str) -> RecordingAccess | None:
    """What lies beside the session's media, the newest of the roots; None: as its room."""
    found = [_read(root / session_id / FILE_NAME) for root in roots]
    return max((one for one in found if one is not None), key=lambda one: one.epoch, default=None)


def _read(path: Path) -> RecordingAccess | None:
    try:
        return _access_in(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read, only editors may watch: %s", path, error)
        return UNKNOWN


def _access_in(document: Any) -> RecordingAccess:
    """Raises ValueError, KeyError, TypeError for what is no such file."""
    return RecordingAccess(
        visibility=Visibility(document["visibility"]).value,
        publish_at=_time_in(document["publish_at"]),
        expires_at=_time_in(document["expires_at"]),
        deleted=bool(document["deleted"]),
        epoch=int(document["epoch"]),
        kept=Kept(document.get("kept", Kept.PUBLISHED)).value,
        held_until=_time_in(document.get("held_until")),
    )


def _time_in(value: Any) -> float | None:
    return float(value) if value is not None else None
