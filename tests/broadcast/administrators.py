"""Those who administer, for tests: of the stage's organization, of another one, of all of them."""

from __future__ import annotations

import pytest

from people.command_line import add_user
from people.models import Organization, Role, User
from people.passwords import hash_password
from tests.broadcast.web_stage import PASSWORD, WebStage


@pytest.fixture
def operator(stage: WebStage) -> User:
    return add_user(stage.database, "operator", Role.OPERATOR, PASSWORD)


@pytest.fixture
def admin(stage: WebStage) -> User:
    return add_user(stage.database, "admin", Role.ADMIN, PASSWORD)


@pytest.fixture
def foreigner(stage: WebStage) -> User:
    """The admin of another organization."""
    with stage.database.session() as session:
        elsewhere = Organization(name="elsewhere", slug="elsewhere")
        session.add(elsewhere)
        session.flush()
        person = User(
            organization_id=elsewhere.id,
            user_id="foreigner",
            display_name="F",
            password_hash=hash_password(PASSWORD),
            role=Role.ADMIN,
        )
        session.add(person)
    return person
