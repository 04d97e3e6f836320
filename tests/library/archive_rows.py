"""Rows that tests of the archive begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from library.database import Database, new_id
from library.models import LectureSession
from people.models import Organization, Role, Room, User

BEGAN = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def make_room(
    database: Database, slug: str = "hall", *, access: str = "open", lecturer: str = "山田"
) -> Room:
    """A room with an organization and an owner of its own."""
    with database.session() as transaction:
        organization = Organization(name=slug, slug=slug)
        transaction.add(organization)
        transaction.flush()
        owner = User(
            organization_id=organization.id,
            user_id=f"owner-of-{slug}",
            display_name=lecturer,
            password_hash="x",
            role=Role.LECTURER,
        )
        transaction.add(owner)
        transaction.flush()
        room = Room(
            organization_id=organization.id, owner_id=owner.id, slug=slug, title="Hall", access=access
        )
        transaction.add(room)
    return room


def make_recording(database: Database, room: Room, title: str = "講義", *, day: int = 0) -> str:
    """An ended lecture of `room`, `day` days after BEGAN → its id."""
    began = BEGAN + timedelta(days=day)
    row = LectureSession(
        id=new_id(),
        room_id=room.id,
        organization_id=room.organization_id,
        title=title,
        phase="ended",
        started_at=began,
        ended_at=began + timedelta(hours=1),
        bytes=1,
    )
    with database.session() as transaction:
        transaction.add(row)
    return row.id
