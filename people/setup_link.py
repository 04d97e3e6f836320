"""The one-time link that makes the first admin of an installation.

The supervisor asks for a link at every start and prints it; none is given once there is an admin.
Only hashes are stored. Using any of the links voids all of them.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from library.database import Database, exclusive
from people import audit
from people.accounts import create_user, default_organization, has_admin
from people.models import Role, SetupLink, User
from people.rooms import check_title
from people.stream_keys import token_sha256

VALID_FOR = timedelta(days=7)


class SetupLinkRefused(Exception):
    """Unknown, used, or too old: a restart prints a new one as long as there is no admin."""


def issue_setup_link(database: Database, public_url: str, now: datetime) -> str | None:
    """A new absolute link, or None when there is an admin. Links of earlier starts stay valid a week."""
    with database.session() as session:
        exclusive(session, "setup")
        session.execute(delete(SetupLink).where(SetupLink.created_at <= now - VALID_FOR))
        if has_admin(session):
            return None
        token = secrets.token_urlsafe(32)
        session.add(SetupLink(token_sha256=token_sha256(token), created_at=now))
        by = {"by": "command line"}
        audit.note(session, action="setup_link.made", actor=None, organization_id=None, details=by, at=now)
    return f"{public_url}/setup/{token}"


def is_valid(database: Database, token: str, now: datetime) -> bool:
    with database.reading() as session:
        return _is_valid(session, token, now)


def redeem(
    database: Database,
    token: str,
    *,
    user_id: str,
    display_name: str,
    password: str,
    organization_name: str,
    now: datetime,
    address: str = "",
) -> User:
    """Make the installation's operator, and name their organization.

    Raises SetupLinkRefused, UnfitTitle (of the organization), UnfitUserId, UnfitPassword, UserIdTaken.
    """
    with database.session() as session:
        exclusive(session, "setup")
        if not _is_valid(session, token, now):
            raise SetupLinkRefused("this set-up link is no longer valid")
        name = check_title(organization_name)
        organization = default_organization(session)
        organization.name = name
        user = create_user(
            session,
            user_id=user_id,
            password=password,
            role=Role.OPERATOR,
            organization=organization,
            display_name=display_name,
        )
        session.execute(delete(SetupLink))
        audit.note(
            session,
            action="setup_link.used",
            actor=user,
            organization_id=organization.id,
            subject=user.id,
            address=address,
            at=now,
        )
    return user


def _is_valid(session: Session, token: str, now: datetime) -> bool:
    known = select(func.count()).where(
        SetupLink.token_sha256 == token_sha256(token), SetupLink.created_at > now - VALID_FOR
    )
    return bool(session.scalar(known)) and not has_admin(session)
