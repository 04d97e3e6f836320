"""What comes before everything else, at each start: `app.py migrate` and `app.py setup-link`.

The supervisor runs both while all other processes start, on the same cores, so this loads little: a backup's
and an erasure's code only when there is something to do for it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from library import erasure_list
from library.database import DatabaseUnavailable, open_database, parse_url, sqlite_path
from library.migration import MigrationFailed, is_behind, migrate
from library.secret_key import SecretKeyError, installation_secret
from settings import Settings


class DatabaseMissing(Exception):
    """The installation has been used and its database is gone: an empty one would hide that."""


class NoBackupBefore(Exception):
    """The database stays as it is, for no backup could be made of it first."""


ERRORS = (DatabaseMissing, DatabaseUnavailable, MigrationFailed, NoBackupBefore, SecretKeyError)


def prepare(settings: Settings, *, backup: bool = True) -> None:
    """Make or upgrade database and secret key; before it changes, the database is backed up.

    Raises one of ERRORS, and DatabaseUrlError.
    """
    _refuse_to_hide_a_loss(settings)
    if backup and is_behind(settings.database_url):
        from operation.backup_commands import before_migration

        before_migration(settings)
    migrate(settings.database_url)
    installation_secret(settings.storage)
    _erase_again(settings)


def _erase_again(settings: Settings) -> None:
    """A database that was restored from before an erasure knows the person again."""
    if not erasure_list.load(settings.storage):
        return
    from broadcast import erasure

    with closing(open_database(settings.database_url)) as database:
        erasure.repeat(settings, database)


def _refuse_to_hide_a_loss(settings: Settings) -> None:
    url = parse_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and (settings.storage / "secret.key").exists():
        path = sqlite_path(url)
        if not path.exists():
            raise DatabaseMissing(
                f"{path} is missing: restore it, or begin anew with `app.py migrate --new-database`"
            )


def _migrate(settings: Settings, parsed: argparse.Namespace) -> None:
    if parsed.new_database:
        migrate(settings.database_url)
    prepare(settings, backup=not parsed.without_backup)


def _setup_link(settings: Settings, _: argparse.Namespace) -> None:
    from people import setup_link

    prepare(settings)
    with closing(open_database(settings.database_url)) as database:
        link = setup_link.issue_setup_link(database, settings.public_url, datetime.now(UTC))
    if link:
        print(f"Make the first admin here (works once): {link}", flush=True)


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "migrate": _migrate,
    "setup-link": _setup_link,
}
