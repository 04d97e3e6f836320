"""Accounts: user IDs in any script, making users, signing in.

Called from web threads and the command line. What is unfit, taken or refused is a typed error whose
text is English for the command line; pages say it in the reader's language by its class and reason.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.database import Database, exclusive
from people import audit, passwords
from people.mail import is_address
from people.models import Organization, Role, User
from people.throttle import Throttle

USER_ID_LENGTH = 64
NAME_LENGTH = 200
_HOSTING_ROLES = (Role.LECTURER, Role.ADMIN, Role.OPERATOR)
_ADMINISTERING_ROLES = (Role.ADMIN, Role.OPERATOR)


class UnfitUserId(ValueError):
    """Empty, too long, or with characters that nobody can see or type."""


class UserIdTaken(ValueError):
    """Another account has this user ID already."""


class UnfitEmail(ValueError):
    """No mail address."""


class UserNotFound(LookupError):
    """No account has this user ID."""


class SignInRefused(Exception):
    """Wrong ID, wrong password or a deactivated account: which of them is not told.

    `account`: the id of the account that was meant, where there is one.
    """

    def __init__(self, account: str = "") -> None:
        super().__init__("the user ID or the password is wrong")
        self.account = account


def fold_user_id(raw: str) -> str:
    """The form in which IDs are compared: NFKC, case folded, trimmed. Raises UnfitUserId."""
    if len(raw) > 4 * USER_ID_LENGTH:
        raise UnfitUserId(f"a user ID has at most {USER_ID_LENGTH} characters")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).casefold()).strip()
    if not 1 <= len(folded) <= USER_ID_LENGTH:
        raise UnfitUserId(f"a user ID has 1 to {USER_ID_LENGTH} characters")
    if any(unicodedata.category(character)[0] in "CZ" for character in folded):
        raise UnfitUserId("a user ID has no spaces and no control characters")
    return folded


def create_user(
    session: Session,
    *,
    user_id: str,
    password: str,
    role: Role,
    organization: Organization,
    display_name: str = "",
) -> User:
    """Add an account. Raises UnfitUserId, UnfitPassword, UserIdTaken."""
    passwords.check_fitness(password, user_id=fold_user_id(user_id))
    user = create_invited(
        session, user_id=user_id, role=role, organization=organization, display_name=display_name
    )
    user.password_hash = passwords.hash_password(password)
    session.flush()
    return user


def create_invited(
    session: Session,
    *,
    user_id: str,
    role: Role,
    organization: Organization,
    display_name: str = "",
    email: str | None = None,
    language: str | None = None,
) -> User:
    """Add an account that has no password yet, so that nobody signs in to it.

    Raises UnfitUserId, UserIdTaken, UnfitEmail.
    """
    folded, checked = fold_user_id(user_id), check_email(email or "")
    exclusive(session, f"user:{folded}")
    if find_user(session, folded) is not None:
        raise UserIdTaken(f"there is a user {folded} already")
    user = User(
        organization_id=organization.id,
        user_id=folded,
        display_name=one_line(display_name)[:NAME_LENGTH] or one_line(user_id)[:NAME_LENGTH],
        password_hash="",
        role=role,
        email=checked,
        language=language,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:  # a file of people had it just now
        raise UserIdTaken(f"there is a user {folded} already") from error
    return user


def check_email(text: str) -> str | None:
    """In small letters, by which nobody tells mailboxes apart; None for an empty one. Raises UnfitEmail."""
    address = text.strip(" ").lower()
    if not address:
        return None
    if not is_address(address):
        raise UnfitEmail("this is no mail address")
    return address


def find_user(session: Session, folded_user_id: str) -> User | None:
    return session.scalar(select(User).where(User.user_id == folded_user_id))


def user_of(session: Session, user_id: str) -> User:
    """The account with this ID, however it is typed. Raises UnfitUserId, UserNotFound."""
    user = find_user(session, fold_user_id(user_id))
    if user is None:
        raise UserNotFound(f"there is no user {user_id}")
    return user


def default_organization(session: Session, name: str = "") -> Organization:
    """The installation's first organization, made if there is none."""
    exclusive(session, "organizations")
    known = session.scalar(select(Organization).order_by(Organization.created_at, Organization.id).limit(1))
    if known is not None:
        return known
    organization = Organization(name=one_line(name)[:NAME_LENGTH] or "Kodo", slug="default")
    session.add(organization)
    session.flush()
    return organization


def has_admin(session: Session) -> bool:
    """Whether somebody could administer this installation."""
    looks_after_it = User.role.in_(_ADMINISTERING_ROLES), User.password_hash != ""
    return bool(session.scalar(select(func.count()).where(*looks_after_it)))


def hosts(user: User) -> bool:
    """Whether this role may hold lectures at all."""
    return user.active and user.role in _HOSTING_ROLES


def administers(user: User) -> bool:
    """Whether this role looks after an organization, or all of them."""
    return user.active and user.role in _ADMINISTERING_ROLES


def operates(user: User) -> bool:
    """Whether this role runs the installation."""
    return user.active and user.role == Role.OPERATOR


def sign_in(
    database: Database,
    throttle: Throttle,
    *,
    user_id: str,
    password: str,
    address: str,
    now: datetime,
    place: str = "",
    language: str | None = None,
) -> User:
    """Check a user ID and password typed at `address`. `place`: what is counted instead of the address, in a
    browser that is known (`people.known_browser`); `language`: of the page.

    Takes equally long for unknown users. Raises SignInRefused, Throttled, TooBusy, DatabaseUnavailable.
    """
    try:
        folded = fold_user_id(user_id)
    except UnfitUserId:
        folded = ""
    throttle.begin(folded, place or address)
    with database.reading() as session:
        user = find_user(session, folded) if folded else None
    # Outside any transaction: the hash takes tens of milliseconds, and SQLite has one writer.
    right = passwords.matches(user.password_hash if user else None, password)
    if user is None or not right or not user.active:
        _note_refusal(database, user, right=right, address=address, now=now)
        raise SignInRefused(user.id if user is not None else "")
    renewed = passwords.hash_password(password) if passwords.is_outdated(user.password_hash) else None
    with database.session() as session:
        exclusive(session, f"account:{user.id}")
        stored = session.get(User, user.id)
        # While the hash was made, which may wait for others, the password may have been set anew, or its
        # owner signed out everywhere: what was right then opens nothing now.
        if stored is None or not stored.active or stored.session_epoch != user.session_epoch:
            raise SignInRefused(user.id)
        stored.last_sign_in_at = now
        stored.language = language or stored.language
        audit.note(
            session,
            action="sign_in.accepted",
            actor=stored,
            organization_id=stored.organization_id,
            subject=stored.id,
            address=address,
            at=now,
        )
        if renewed is not None:
            stored.password_hash = renewed
    throttle.succeeded(folded, place or address)
    return stored


def _note_refusal(database: Database, user: User | None, *, right: bool, address: str, now: datetime) -> None:
    """Not what was typed: people type passwords into the box of IDs."""
    reason = "unknown" if user is None else "deactivated" if right else "password"
    with database.session() as session:
        audit.note(
            session,
            action="sign_in.refused",
            actor=None,
            organization_id=user.organization_id if user is not None else None,
            subject=user.id if user is not None else "",
            details={"reason": reason},
            address=address,
            at=now,
        )


def one_line(text: str) -> str:
    """Pure: without control characters (PostgreSQL refuses NUL) and doubled spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
