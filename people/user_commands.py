"""What `app.py user list`, `role`, `deactivate`, `activate`, `invite`, `reset-link` and `import` do.

Each is one transaction and raises typed errors whose text is what the person should read. Whoever is
deactivated publishes nothing new from then on; a lecture under way is ended by `session end`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from library.database import Database, utc_now
from people import people_csv, standing
from people.accounts import UnfitEmail, default_organization, user_of
from people.directory import state_of
from people.models import Role, User
from people.people_csv import Judged, UnreadableFile
from people.standing import By, LastAdmin


class LinesWrong(ValueError):
    """Nothing was made: the text names the lines."""


class Deactivated(ValueError):
    """No link opens a deactivated account."""


ERRORS = (LinesWrong, Deactivated, UnreadableFile, UnfitEmail, LastAdmin)


@dataclass(frozen=True, slots=True)
class UserLine:
    """One line of `user list`. Times are ISO 8601; `state`: active, invited, inactive."""

    user_id: str
    name: str
    role: str
    state: str
    email: str | None
    last_sign_in_at: str | None


def list_users(database: Database) -> list[UserLine]:
    """All accounts, by ID."""
    with database.reading() as transaction:
        return [
            UserLine(
                user_id=user.user_id,
                name=user.display_name,
                role=user.role,
                state=state_of(user).value,
                email=user.email,
                last_sign_in_at=user.last_sign_in_at.isoformat() if user.last_sign_in_at else None,
            )
            for user in transaction.scalars(select(User).order_by(User.user_id))
        ]


def invite(
    database: Database, public_url: str, user_id: str, role: Role, *, name: str = "", email: str = ""
) -> str:
    """Add an account → the link that sets its password. Nothing is mailed."""
    with database.session() as transaction:
        organization = default_organization(transaction)
        _, link = standing.invite(
            transaction,
            _by(),
            organization,
            user_id=user_id,
            role=role,
            display_name=name,
            email=email,
        )
    return public_url + link.path


def change_role(database: Database, user_id: str, role: Role) -> None:
    with database.session() as transaction:
        standing.change_role(transaction, _by(), user_of(transaction, user_id), role)


def set_active(database: Database, user_id: str, *, active: bool) -> None:
    with database.session() as transaction:
        act = standing.activate if active else standing.deactivate
        act(transaction, _by(), user_of(transaction, user_id))


def reset_link(database: Database, public_url: str, user_id: str) -> str:
    """A link that sets the password, once. Those before are void."""
    with database.session() as transaction:
        user = user_of(transaction, user_id)
        if not user.active:
            raise Deactivated(f"{user.user_id} is deactivated: app.py user activate {user.user_id}")
        return public_url + standing.new_link(transaction, _by(), user).path


def import_users(database: Database, file: Path, *, dry_run: bool) -> Judged:
    """Accounts from a CSV file, all or none. Raises OSError, UnreadableFile, LinesWrong."""
    rows = people_csv.read(file.read_bytes())
    with database.session() as transaction:
        organization = default_organization(transaction)
        work = people_csv.judge if dry_run else people_csv.take_in
        judged = work(transaction, _by(), organization, rows)
    if judged.wrong:
        lines = "\n".join(f"line {one.line} ({one.user_id}): {one.wrong}" for one in judged.wrong)
        raise LinesWrong(f"nothing was made\n{lines}")
    return judged


def _by() -> By:
    return By(None, "", utc_now())
