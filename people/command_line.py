"""What `app.py user`, `room`, `token` and `organization` do; `app.py` parses, prints, and turns errors into
exit codes.

Every function is one transaction and raises typed errors whose text is what the person should read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from library.database import Database
from people import accounts, api_tokens, audit, rooms, stream_keys
from people.audit import Detail
from people.models import ApiToken, Organization, Role, Room, User
from people.passwords import UnfitPassword
from settings import Settings


class OrganizationNotFound(LookupError):
    """No organization is called so."""


class OwnerMayNotHost(ValueError):
    """A room's owner must be a lecturer, an admin or an operator."""


# What to answer with exit code 1 and the error's text.
COMMAND_ERRORS = (
    OrganizationNotFound,
    OwnerMayNotHost,
    accounts.UnfitUserId,
    accounts.UserIdTaken,
    accounts.UserNotFound,
    UnfitPassword,
    rooms.UnfitSlug,
    rooms.SlugTaken,
    rooms.UnfitTitle,
    rooms.RoomNotFound,
    stream_keys.TooManyStreamKeys,
    api_tokens.TooManyApiTokens,
    api_tokens.ApiTokenNotFound,
)


@dataclass(frozen=True, slots=True)
class RoomLine:
    """One line of `room list`. `owner`: user ID, or None."""

    slug: str
    title: str
    access: str
    owner: str | None
    room_url: str


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One line of `token list`. Times are ISO 8601; `user`: user ID."""

    id: str
    user: str
    label: str
    created_at: str
    last_used_at: str | None


@dataclass(frozen=True, slots=True)
class OrganizationLine:
    """One line of `organization list`. `recording`: a `library.keeping.RecordingRule`."""

    slug: str
    name: str
    recording: str


def add_user(database: Database, user_id: str, role: Role, password: str, *, name: str | None = None) -> User:
    """Add an account to the installation's organization, which is made if there is none."""
    with database.session() as session:
        organization = accounts.default_organization(session)
        user = accounts.create_user(
            session,
            user_id=user_id,
            password=password,
            role=role,
            organization=organization,
            display_name=name or "",
        )
        note_command(session, "user.added", organization.id, user.id, role=role.value)
        return user


def add_room(database: Database, slug: str, owner: str, *, title: str | None = None) -> Room:
    """Add a room that `owner` (a user ID) holds lectures in."""
    with database.session() as session:
        user = accounts.user_of(session, owner)
        if not accounts.hosts(user):
            raise OwnerMayNotHost(f"{user.user_id} is a {user.role}, who may not hold lectures")
        room = rooms.create_room(session, slug=slug, title=title or slug, owner=user)
        note_command(session, "room.created", room.organization_id, room.id, room=slug)
        return room


def list_rooms(database: Database, settings: Settings) -> list[RoomLine]:
    """All rooms that lectures are held in, by address."""
    query = select(Room, User.user_id).outerjoin(User, User.id == Room.owner_id)
    query = query.where(Room.uploads.is_(False), Room.deleted_at.is_(None)).order_by(Room.slug)
    with database.reading() as session:
        return [
            RoomLine(room.slug, room.title, room.access, owner, room_url(settings, room.slug))
            for room, owner in session.execute(query)
        ]


def new_key(database: Database, slug: str, settings: Settings) -> dict[str, str]:
    """One more stream key of the room: `whip_url`, `stream_key` (never seen again), `room_url`."""
    with database.session() as session:
        room = rooms.room_of(session, slug)
        key, token = stream_keys.create_stream_key(session, room, "command line")
        note_command(session, "stream_key.made", room.organization_id, key.id, room=slug)
    return {
        "whip_url": f"{settings.public_url}/whip/{slug}",
        "stream_key": token,
        "room_url": room_url(settings, slug),
    }


def room_url(settings: Settings, slug: str) -> str:
    return f"{settings.public_url}/rooms/{slug}"


def add_token(database: Database, user_id: str, label: str) -> str:
    """One more API token of a person: its text, which is never seen again."""
    with database.session() as session:
        user = accounts.user_of(session, user_id)
        token, text = api_tokens.add_api_token(session, user, label)
        note_command(session, "api_token.made", user.organization_id, user.id, token=token.id)
    return text


def list_tokens(database: Database) -> list[TokenLine]:
    """All API tokens, by person."""
    query = select(ApiToken, User.user_id).join(User, User.id == ApiToken.user_id)
    with database.reading() as session:
        found = session.execute(query.order_by(User.user_id, ApiToken.created_at, ApiToken.id)).all()
    return [
        TokenLine(
            id=token.id,
            user=user_id,
            label=token.label,
            created_at=token.created_at.isoformat(),
            last_used_at=token.last_used_at.isoformat() if token.last_used_at is not None else None,
        )
        for token, user_id in found
    ]


def remove_token(database: Database, token_id: str) -> None:
    """Programs that have it are strangers from now on."""
    with database.session() as session:
        owner = session.scalar(select(User).join(ApiToken).where(ApiToken.id == token_id))
        api_tokens.remove_api_token(session, token_id)
        organization_id = owner.organization_id if owner is not None else None
        note_command(session, "api_token.removed", organization_id, owner.id if owner else "", token=token_id)


def note_command(
    session: Session, action: str, organization_id: str | None, subject: str = "", **details: Detail
) -> None:
    """What the command line has done, in the audit log: who has it is not known to it."""
    audit.note(
        session,
        action=action,
        actor=None,
        organization_id=organization_id,
        subject=subject,
        details={"by": "command line", **details},
    )


def list_organizations(database: Database) -> list[OrganizationLine]:
    """All organizations, the oldest first."""
    query = select(Organization).order_by(Organization.created_at, Organization.id)
    with database.reading() as session:
        return [OrganizationLine(one.slug, one.name, one.recording) for one in session.scalars(query)]


def organization_of(session: Session, slug: str) -> Organization:
    """Raises OrganizationNotFound."""
    found = session.scalar(select(Organization).where(Organization.slug == slug))
    if found is None:
        raise OrganizationNotFound(f"there is no organization {slug}")
    return found
