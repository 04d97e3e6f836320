"""Rows about people: organizations, accounts, rooms, stream keys, and what guards the doors.

Read and written through `library.database` in web, worker and command line. Rows that left their
transaction stay readable; `people.doors` judges them as plain values.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from library.database import Base, new_id, utc_now
from library.keeping import RecordingRule

ID_LENGTH = 36


class Role(StrEnum):
    """Ascending: who may watch, hold lectures, run an organization, run the installation."""

    VIEWER = "viewer"
    LECTURER = "lecturer"
    ADMIN = "admin"
    OPERATOR = "operator"


class RoomAccess(StrEnum):
    """`open`: anyone with the link. `members`: signed in, same organization. `password`: who knows it.
    `invited`: who is on the room's list, from any organization.
    """

    OPEN = "open"
    MEMBERS = "members"
    PASSWORD = "password"  # noqa: S105
    INVITED = "invited"


class Organization(Base):
    """A tenant: its people and rooms. `recording`: whether its lectures are kept (`library.keeping`).

    `doors_version` rises with each change of its entry rules.
    """

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("recording IN ('always', 'choice', 'off')", name="recording"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    recording: Mapped[str] = mapped_column(
        String(16), default=RecordingRule.ALWAYS, server_default=RecordingRule.ALWAYS.value
    )
    doors_version: Mapped[int] = mapped_column(default=0, server_default="0")


class User(Base):
    """An account. `user_id` is folded (see `accounts.fold_user_id`) and unique in the installation.

    A raised `session_epoch` ends every browser's sign-in at once. `password_hash` is empty until an
    invitation is accepted. `email`: in small letters; not unique, for some share one or have two accounts.
    `language`: of the pages at the last sign-in, and of mail. `email_unchecked`: the account's owner typed
    the address, and nobody has looked whether it is theirs: it opens nothing.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'lecturer', 'admin', 'operator')", name="role"),
        Index("ix_users_organization_id_user_id", "organization_id", "user_id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    user_id: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(default=None)
    email: Mapped[str | None] = mapped_column(String(254), index=True, default=None)
    email_unchecked: Mapped[bool] = mapped_column(default=False, server_default=false())
    language: Mapped[str | None] = mapped_column(String(8), default=None)


class Room(Base):
    """A permanent place. A raised `access_epoch` makes all its media addresses void.

    `guarded`: its organization has entry rules, so that even an open room's media are read by a token only.

    `uploads`: no lecture is held in it, it only stands for what its owner (None: the installation) has
    uploaded to the library, and is shown nowhere (decision 0017).
    `publishes`: what its lecturer wants of a lecture's recording, where the organization leaves the choice.
    `deleted_at`: since when it is in the trash, with all that was recorded in it. `removed_at`: when it was
    emptied for good; then this row is all that is left, for the rows of its lectures to refer to.
    """

    __tablename__ = "rooms"
    __table_args__ = (
        CheckConstraint("access IN ('open', 'members', 'password', 'invited')", name="access"),
        Index("ix_rooms_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True, default=None)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    access: Mapped[str] = mapped_column(String(16), default=RoomAccess.OPEN)
    password_hash: Mapped[str | None] = mapped_column(String(255), default=None)
    access_epoch: Mapped[int] = mapped_column(default=1)
    publishes: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    uploads: Mapped[bool] = mapped_column(default=False, server_default=false())
    guarded: Mapped[bool] = mapped_column(default=False, server_default=false())
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
    removed_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def is_public(self) -> bool:
        """Whether its media are read without any token."""
        return self.access == RoomAccess.OPEN and not self.guarded


class RoomInvitation(Base):
    """Who may watch a room that is for invited people: a folded user ID, or a mail address (of accounts of
    its organization).
    """

    __tablename__ = "room_invitations"

    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), primary_key=True)
    value: Mapped[str] = mapped_column(String(254), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class RoomLink(Base):
    """A link that opens a room to whoever has it. Its token is this row's id, signed."""

    __tablename__ = "room_links"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column()
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class EntryRule(Base):
    """A line of an organization's allow and deny lists (`people.entry_rules`); `value` in its one form."""

    __tablename__ = "entry_rules"
    __table_args__ = (
        CheckConstraint("effect IN ('allow', 'deny')", name="effect"),
        CheckConstraint("kind IN ('person', 'network', 'host')", name="kind"),
        UniqueConstraint("organization_id", "effect", "kind", "value", name="uq_entry_rules_line"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    effect: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(253))
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class StreamKey(Base):
    """A key that encoders publish with. Only its SHA-256 (hex) is kept."""

    __tablename__ = "stream_keys"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class ApiToken(Base):
    """What programs act for a person with. Only its SHA-256 (hex) is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInAttempt(Base):
    """A failed (or not yet judged) sign-in. `account_sha256`: people type passwords into the ID box.

    Or a wrong password of a room: `address` is then the room's door, `account_sha256` the browser.
    """

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_address_at", "address", "at"),
        Index("ix_sign_in_attempts_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    account_sha256: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column()


class SignIn(Base):
    """A browser that is signed in; its cookie names it. `last_used_at` is some minutes behind."""

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column()
    last_used_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300))


class LinkKind(StrEnum):
    """What an account's link is for."""

    INVITATION = "invitation"
    RESET = "reset"


class AccountLink(Base):
    """A link that sets an account's password, once; only the token's SHA-256 (hex) is kept."""

    __tablename__ = "account_links"
    __table_args__ = (CheckConstraint("kind IN ('invitation', 'reset')", name="kind"),)

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SetupLink(Base):
    """A link that makes the first admin; only the token's SHA-256 (hex) is kept."""

    __tablename__ = "setup_links"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column()


class AuditRow(Base):
    """One act that the installation keeps in mind (`people.audit`, decision 0026); never changed or deleted.

    Nothing refers to people or rooms as a foreign key: rows outlive them. `salt`, `address` and `details` may
    be erased, no other column: the chain goes over `personal_sha256`, which stays.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_organization_id_number", "organization_id", "number"),
        Index("ix_audit_actor_id_number", "actor_id", "number"),
        Index("ix_audit_action_number", "action", "number"),
        Index("ix_audit_at", "at"),
    )

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column()
    actor_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), default=None)
    organization_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), default=None)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str | None] = mapped_column(String(64), default=None)
    details: Mapped[str | None] = mapped_column(Text, default=None)
    salt: Mapped[str | None] = mapped_column(String(32), default=None)
    personal_sha256: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class IntrusionSign(Base):
    """How often, in one stretch of five minutes, something happened that an intruder does.

    `kind`: a `people.intrusion_signs.Sign`; `subject`: an opaque id of what was tried, or empty.
    """

    __tablename__ = "intrusion_signs"

    began_at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
