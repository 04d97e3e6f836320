"""Recordings and scheduled lectures that are only rows: enough for lists of them, without hours of media."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from library.catalogue_words import words_of
from library.database import Database, open_database, utc_now
from library.models import LectureSession, ScheduledLecture
from people.models import Room, User
from tests.installation import Installation


def database_of(installation: Installation) -> Database:
    """To be closed by who asked for it."""
    return open_database(f"sqlite:///{installation.storage / 'kodo.db'}")


def add_recordings(installation: Installation, slug: str, titles: Iterable[str]) -> None:
    """Ended lectures of a room, a day apart, the first title the newest."""
    database = database_of(installation)
    try:
        with database.session() as transaction:
            room = transaction.scalars(select(Room).where(Room.slug == slug)).one()
            owner = transaction.get_one(User, room.owner_id)
            for day, title in enumerate(titles, start=1):
                started_at = utc_now() - timedelta(days=day, minutes=13 * day)
                length = timedelta(minutes=45 + 7 * day % 60, seconds=11 * day % 60)
                session = LectureSession(
                    id=str(uuid.uuid4()),
                    room_id=room.id,
                    organization_id=room.organization_id,
                    title=title,
                    phase="ended",
                    started_at=started_at,
                    ended_at=started_at + length,
                    seconds=length.total_seconds(),
                    lecturer=owner.display_name,
                    words=words_of(title, owner.display_name, None, ()),
                    bytes=1_000_000,
                )
                transaction.add(session)
    finally:
        database.close()


def add_scheduled(
    installation: Installation, slug: str, title: str, starts_at: datetime, description: str = ""
) -> None:
    """A lecture that is to be held in a room, an hour and a half long."""
    database = database_of(installation)
    try:
        with database.session() as transaction:
            room = transaction.scalars(select(Room).where(Room.slug == slug)).one()
            plan = ScheduledLecture(
                room_id=room.id, title=title, description=description, starts_at=starts_at, minutes=90
            )
            transaction.add(plan)
    finally:
        database.close()
