"""A room and its owner, for the tests of what belongs to rooms."""

from __future__ import annotations

import pytest

from library.database import Database
from people.models import Organization, Role, Room, User
from tests.s3_server import disk_store, object_store, s3_place, s3_server, s3_store  # noqa: F401


@pytest.fixture
def room(database: Database) -> Room:
    with database.session() as session:
        organization = Organization(name="o", slug="o")
        session.add(organization)
        session.flush()
        owner = User(
            organization_id=organization.id,
            user_id="u",
            display_name="U",
            password_hash="x",
            role=Role.LECTURER,
        )
        session.add(owner)
        session.flush()
        room = Room(organization_id=organization.id, owner_id=owner.id, slug="hall", title="Hall")
        session.add(room)
    return room
