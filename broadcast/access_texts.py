"""The `<access>` in media addresses of rooms and recordings, for who may watch: caches share what it opens.

Called by web threads, with rows that left their transaction.
"""

from __future__ import annotations

import time

from broadcast.access import OPEN, sign
from broadcast.recording_access import EDITORS, OWNER, access_of_row
from library.keeping import Kept
from library.models import LectureSession, Visibility
from people.models import Room


def room_access_text(secret: bytes, room: Room) -> str:
    """The same text for everyone who may watch."""
    if room.is_public:
        return OPEN
    return sign(secret, room.id, room.access_epoch, time.time())


def editors_access_text(secret: bytes, room: Room, row: LectureSession) -> str:
    """Opens all of a recording, what is private in it, too, for who may edit it."""
    whose = OWNER if row.kept == Kept.HELD else EDITORS
    return sign(secret, whose + row.id, editors_epoch(room, row), time.time())


def editors_epoch(room: Room, row: LectureSession) -> int:
    """Higher after each change of either: both only rise. Who may edit follows from the room, so that its end
    of addresses is theirs, too.
    """
    return room.access_epoch + row.access_epoch


def recording_access_text(secret: bytes, room: Room, row: LectureSession) -> str:
    """The `<access>` with which somebody who may watch it reads a recording: one text for all of a kind."""
    known, now = access_of_row(row), time.time()
    held = known.kept == Kept.HELD
    if held or known.visibility == Visibility.PRIVATE or not known.is_its_time(now):
        return editors_access_text(secret, room, row)
    is_open = known.visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    if is_open and not room.guarded:
        return OPEN
    if is_open or known.visibility == Visibility.ORGANIZATION:
        return sign(secret, row.id, row.access_epoch, now)
    return room_access_text(secret, room)
