"""What admins do to accounts: invite, roles, deactivate, links. Who may do it to whom is pure.

Called from web threads and the command line, within the caller's transaction, on rows of that transaction;
each act is in the audit log. Rooms and recordings of whoever is deactivated stay as they are. What takes
something away also ends the media addresses that the person holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.database import exclusive
from people import account_links, audit, media_addresses, sign_ins
from people.account_links import Link
from people.accounts import NAME_LENGTH, administers, check_email, create_invited, hosts, one_line
from people.audit import Detail
from people.models import Organization, Role, Room, StreamKey, User

STUDIO = "studio:"  # before a user's id in a credential

_RANKS = {role: rank for rank, role in enumerate(Role)}
_ADMINS = (Role.ADMIN, Role.OPERATOR)


class AboveYou(Exception):
    """Nobody gives a role above their own."""


class LastAdmin(Exception):
    """Nobody would be left who administers the organization, or the installation."""


class Oneself(Exception):
    """Nobody locks themselves out."""


class NotInvited(Exception):
    """The account has been used: it can be deactivated, not removed."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, from where and when. `person` None: the command line, which may do everything."""

    person: User | None
    address: str
    now: datetime

    def note(self, transaction: Session, action: str, user: User, details: Mapping[str, Detail] = {}) -> None:
        """Into the audit log, about the account `user`."""
        by = {"by": "command line"} if self.person is None else {}
        audit.note(
            transaction,
            action=action,
            actor=self.person,
            organization_id=user.organization_id,
            subject=user.id,
            details={**by, **details},
            address=self.address,
            at=self.now,
        )

    def note_many(
        self, transaction: Session, action: str, organization_id: str, details: Mapping[str, Detail]
    ) -> None:
        """About many accounts at once."""
        by = {"by": "command line"} if self.person is None else {}
        audit.note(
            transaction,
            action=action,
            actor=self.person,
            organization_id=organization_id,
            subject=organization_id,
            details={**by, **details},
            address=self.address,
            at=self.now,
        )


def may_look_after(actor: User, person: User) -> bool:
    """Pure: operators everybody, admins their organization but its operators: a reset link is a way in."""
    if not administers(actor):
        return False
    if actor.role == Role.OPERATOR:
        return True
    return actor.organization_id == person.organization_id and person.role != Role.OPERATOR


def may_invite_again(actor: User, person: User) -> bool:
    """Pure: whose fresh link is in the file of all who are invited to the own organization."""
    return may_look_after(actor, person) and actor.organization_id == person.organization_id


def reach_of(actor: User) -> ColumnElement[bool] | None:
    """The same as a condition on `User`, but that admins see operators of their organization; None: all."""
    return None if actor.role == Role.OPERATOR else User.organization_id == actor.organization_id


def may_give(actor: User | None, role: Role) -> bool:
    """Pure."""
    return actor is None or _RANKS[role] <= _RANKS[Role(actor.role)]


def roles_to_give(actor: User) -> list[Role]:
    """Ascending."""
    return [role for role in Role if may_give(actor, role)]


def invite(
    transaction: Session,
    by: By,
    organization: Organization,
    *,
    user_id: str,
    role: Role,
    display_name: str = "",
    email: str | None = None,
    language: str | None = None,
) -> tuple[User, Link]:
    """An account without a password, and the link that sets one.

    Raises AboveYou, UnfitUserId, UserIdTaken, UnfitEmail.
    """
    if not may_give(by.person, role):
        raise AboveYou(f"only who is {role} makes others so")
    user = create_invited(
        transaction,
        user_id=user_id,
        role=role,
        organization=organization,
        display_name=display_name,
        email=email,
        language=language,
    )
    by.note(transaction, "user.invited", user, {"user": user.user_id, "role": role.value})
    return user, account_links.issue(transaction, user, by.now)


def new_link(transaction: Session, by: By, user: User) -> Link:
    """A fresh link that sets the password; those before are void."""
    link = account_links.issue(transaction, user, by.now)
    by.note(transaction, f"user.{link.kind.value}_link", user, {"user": user.user_id})
    return link


def change_role(transaction: Session, by: By, user: User, role: Role) -> None:
    """Takes effect with the person's next request. Raises AboveYou, LastAdmin."""
    if role == user.role:
        return
    if not may_give(by.person, role):
        raise AboveYou(f"only who is {role} makes others so")
    _must_leave_an_admin(transaction, user, role)
    if _RANKS[role] < _RANKS[Role(user.role)]:
        media_addresses.end_of_person(transaction, user)
    before, user.role = user.role, role.value
    by.note(transaction, "user.role", user, {"user": user.user_id, "before": before, "role": role.value})


def deactivate(transaction: Session, by: By, user: User) -> None:
    """Out at once, from every browser and with every key. Raises LastAdmin, Oneself."""
    if not user.active:
        return
    if by.person is not None and by.person.id == user.id:
        raise Oneself("nobody deactivates their own account")
    _must_leave_an_admin(transaction, user, None)
    media_addresses.end_of_person(transaction, user)
    user.active = False
    account_links.void(transaction, user.id)
    sign_ins.end_all(transaction, user)
    by.note(transaction, "user.deactivated", user, {"user": user.user_id})


def activate(transaction: Session, by: By, user: User) -> None:
    """With the password, the rooms and the keys of before; links and sign-ins stay ended."""
    if user.active:
        return
    user.active = True
    by.note(transaction, "user.activated", user, {"user": user.user_id})


def remove_invited(transaction: Session, by: By, user: User) -> None:
    """The account was never used: it goes. Raises NotInvited."""
    if user.password_hash:
        raise NotInvited("the account has a password")
    account_links.void(transaction, user.id)
    sign_ins.end_all(transaction, user)
    by.note(transaction, "user.invitation_removed", user, {"user": user.user_id})
    try:
        with transaction.begin_nested():
            transaction.delete(user)
            transaction.flush()
    except IntegrityError as error:  # a room was given to it
        raise NotInvited("something belongs to the account") from error


def describe(
    transaction: Session, by: By, user: User, *, display_name: str | None = None, email: str | None = None
) -> None:
    """Change name or mail address; None leaves as it is, an empty address is none. Raises UnfitEmail."""
    if (
        display_name is not None
        and (line := one_line(display_name)[:NAME_LENGTH])
        and line != user.display_name
    ):
        user.display_name = line
        by.note(transaction, "user.name", user)
    if email is None or (checked := check_email(email)) == user.email:
        return
    user.email = checked
    # Nobody comes in by another's invitation for having typed their address.
    user.email_unchecked = by.person is not None and by.person.id == user.id
    # What was mailed to the address before opens nothing.
    account_links.void(transaction, user.id)
    by.note(transaction, "user.email", user)


def sign_out(transaction: Session, by: By, user: User) -> int:
    """Everywhere → from how many browsers."""
    count = sign_ins.end_all(transaction, user)
    by.note(transaction, "sign_in.ended", user, {"browsers": count})
    return count


def credentials_of(transaction: Session, user: User) -> list[str]:
    """As the recorder knows what somebody publishes with: their studio, and the keys of their rooms."""
    keys = select(StreamKey.id).join(Room, Room.id == StreamKey.room_id)
    keys = keys.where(Room.owner_id == user.id, StreamKey.revoked_at.is_(None))
    return [f"{STUDIO}{user.id}", *transaction.scalars(keys)]


def may_publish(user: User) -> bool:
    """Pure: whether what `credentials_of` names is good."""
    return hosts(user)


def _must_leave_an_admin(transaction: Session, user: User, role: Role | None) -> None:
    """`role`: what the person becomes; None: deactivated."""
    if not user.active or user.role not in _ADMINS or not user.password_hash:
        return
    exclusive(transaction, "admins")
    can_sign_in = User.active.is_(True), User.password_hash != "", User.id != user.id
    if user.role == Role.OPERATOR and role is not Role.OPERATOR:
        _must_be_some(transaction, User.role == Role.OPERATOR, *can_sign_in)
    if role not in _ADMINS:
        here = User.organization_id == user.organization_id
        _must_be_some(transaction, here, User.role.in_(_ADMINS), *can_sign_in)


def _must_be_some(transaction: Session, *conditions: ColumnElement[bool]) -> None:
    if not transaction.scalar(select(func.count()).select_from(User).where(*conditions)):
        raise LastAdmin("nobody else administers it: make somebody an admin first")
