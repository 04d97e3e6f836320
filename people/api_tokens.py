"""API tokens: what programs act for a person with, as `Authorization: Bearer`. Shown once, kept as SHA-256.

Called from web threads and the command line. 256 random bits need no slow hash: nobody guesses them.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from library.database import Database
from people.accounts import one_line
from people.models import ApiToken, User
from people.stream_keys import note_use, token_sha256

PREFIX = "kodoapi_"
LABEL_LENGTH = 100
TOKENS_PER_USER = 100


class ApiTokenRefused(Exception):
    """Unknown, or of an account that is deactivated: which of them is not told."""


class ApiTokenNotFound(LookupError):
    """No token has this id."""


class TooManyApiTokens(ValueError):
    """The account has as many as it may."""


def add_api_token(session: Session, user: User, label: str) -> tuple[ApiToken, str]:
    """One more token of the account, with its text: the only time it is seen. Raises TooManyApiTokens."""
    if len(api_tokens_of(session, user)) >= TOKENS_PER_USER:
        raise TooManyApiTokens(f"an account has at most {TOKENS_PER_USER} tokens: remove some")
    text = PREFIX + secrets.token_urlsafe(32)
    line = one_line(label)[:LABEL_LENGTH] or "API"
    token = ApiToken(user_id=user.id, label=line, token_sha256=token_sha256(text))
    session.add(token)
    session.flush()
    return token, text


def api_tokens_of(session: Session, user: User) -> list[ApiToken]:
    """The account's tokens, oldest first."""
    query = select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.created_at, ApiToken.id)
    return list(session.scalars(query))


def remove_api_token(session: Session, token_id: str) -> None:
    """It opens nothing from now on. Raises ApiTokenNotFound."""
    removed = session.execute(delete(ApiToken).where(ApiToken.id == token_id).returning(ApiToken.id))
    if removed.first() is None:
        raise ApiTokenNotFound(f"there is no token {token_id}")


def authenticate(database: Database, text: str, now: datetime) -> User:
    """The active account that the token acts for. Raises ApiTokenRefused, DatabaseUnavailable."""
    digest = token_sha256(text)
    with database.reading() as session:
        token = session.scalar(select(ApiToken).where(ApiToken.token_sha256 == digest))
        user = session.get(User, token.user_id) if token is not None else None
    if token is None or user is None or not hmac.compare_digest(token.token_sha256, digest):
        raise ApiTokenRefused("unknown token")
    if not user.active:
        raise ApiTokenRefused("the account is deactivated")
    # A locked or read-only database is no reason to refuse what only reads.
    note_use(database, token, now, "API token")
    return user
