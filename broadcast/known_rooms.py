"""What a web process knew last of every room's access: for the one that starts while the database is away.

Written by the access book's thread whenever a room's access changes, whole or not at all (temp → fsync →
rename). Several web processes write the same file: each writes what it read of the database.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sqlalchemy import case, select

from library.database import Database
from people.models import Room
from recorder.durable_file import replace_file

log = logging.getLogger(__name__)

AccessMode = Literal["open", "members", "password", "invited", "deleted"]

FILE_NAME = "room-access.json"
FORM = 1  # of the file; another one is not read


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """How a room is watched now; `deleted`: not at all, nor is what was recorded in it, whatever was said of
    that. A raised `epoch` revokes every token signed before it.

    `guarded`: its organization has entry rules, so that nothing of it is read without a token.
    """

    mode: AccessMode
    epoch: int
    guarded: bool = False


def rooms_in(database: Database) -> dict[str, RoomAccess]:
    """Every room by its id, from the database."""
    with database.reading() as transaction:
        mode = case((Room.deleted_at.is_not(None), "deleted"), else_=Room.access)
        rows = transaction.execute(select(Room.id, mode, Room.access_epoch, Room.guarded)).all()
    return {
        room_id: RoomAccess(cast("AccessMode", mode), epoch, guarded)
        for room_id, mode, epoch, guarded in rows
    }


class KnownRooms:
    """The file in `storage`. Never raises for what a disk does: without it a start knows less."""

    def __init__(self, storage: Path) -> None:
        self._path = storage / FILE_NAME
        self._written: dict[str, RoomAccess] | None = None
        self._failing = False

    def read(self) -> dict[str, RoomAccess] | None:
        """Every room as it was known last; None if nothing can be read."""
        try:
            return _rooms_of(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return None

    def keep(self, rooms: Mapping[str, RoomAccess]) -> None:
        """Write the file if these differ from what was written last; a failure is mended by the next call."""
        if rooms == self._written:
            return
        try:
            replace_file(self._path, json.dumps(_document(rooms), separators=(",", ":")).encode())
        except OSError as error:
            if not self._failing:
                log.warning(
                    "%s cannot be written, a restart without the database would miss it: %s",
                    self._path,
                    error,
                )
            self._failing = True
            return
        self._written, self._failing = dict(rooms), False


def _document(rooms: Mapping[str, RoomAccess]) -> dict[str, Any]:
    return {"form": FORM, "rooms": {room: list(astuple(known)) for room, known in rooms.items()}}


def _rooms_of(document: Any) -> dict[str, RoomAccess]:
    """Raises ValueError, KeyError, TypeError, AttributeError for what is no such file."""
    if document["form"] != FORM:
        raise ValueError(f"form {document['form']!r}")
    found = {room: RoomAccess(*known) for room, known in document["rooms"].items()}
    for known in found.values():
        if (
            known.mode not in get_args(AccessMode)
            or not isinstance(known.epoch, int)
            or type(known.guarded) is not bool
        ):
            raise ValueError(f"{known}")
    return found
