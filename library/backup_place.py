"""Where the settings put backups, opened; and the database of a generation, to look into.

Called by jobs, commands and web threads, each for one piece of work. Errors: `library.backup.errors`, and
`NotSetUp`.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from library.backup.errors import BackupError, KeyDamaged, TargetUnavailable
from library.backup.keys import BackupKey
from library.backup.opening import open_place
from library.backup.repository import Repository, open_repository
from library.database import Database, open_database
from library.migration import migrate
from settings import Settings

if TYPE_CHECKING:
    from library.s3_store import S3Place

SCRATCH = ".backup"  # below the storage
DATABASE_FILE = "kodo.db"
_OWNED = re.compile(r"[a-z]+-(\d+)-\w+", re.ASCII)  # purpose, process


class NotSetUp(BackupError):
    """The settings say that there are no backups."""


class AtFloor(BackupError):
    """The backups lie on the disk of the lectures, which has no more room than lectures need."""


def is_set_up(settings: Settings) -> bool:
    return settings.backup != "none"


@contextmanager
def opened_repository(
    settings: Settings, *, create: bool = False, expected: str | None = None
) -> Iterator[Repository]:
    """`create`: make one where there is none. `expected`: the id that it is to have."""
    if not is_set_up(settings):
        raise NotSetUp("KODO_BACKUP is none: there are no backups")
    target = _target(settings)
    if isinstance(target, Path) and create and expected is None:
        _make_folder(target)
    # Not made where nothing comes to lie in it: a restore may go into the storage itself, if that is empty.
    place = open_place(target, scratch=scratch(settings) if create else settings.storage / SCRATCH)
    try:
        repository = open_repository(place, key=_key(settings), create=create, expected=expected)
    except BaseException:
        place.close()
        raise
    with closing(repository):
        yield repository


def scratch(settings: Settings) -> Path:
    """A folder beside the media for what is on its way; made if need be."""
    folder = settings.storage / SCRATCH
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def scratch_folder(settings: Settings, purpose: str) -> Iterator[Path]:
    """A folder of one's own, gone afterwards; with it go those of processes that were killed."""
    root = scratch(settings)
    for left in root.glob("*-*-*"):
        if (match := _OWNED.fullmatch(left.name)) and not Path(f"/proc/{match[1]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-{os.getpid()}-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database_of(settings: Settings, repository: Repository, generation: str) -> Iterator[Database]:
    """The generation's database at this version's schema, in a folder of its own that goes afterwards."""
    with scratch_folder(settings, "look") as folder:
        repository.restore(generation, folder / "it", only=(DATABASE_FILE,))
        with closing(opened_at(folder / "it")) as database:
            yield database


def opened_at(folder: Path) -> Database:
    """The database in a restored folder, brought to this version's schema. Whoever opens it closes it."""
    url = f"sqlite:///{folder / DATABASE_FILE}"
    migrate(url)
    return open_database(url)


def target_title(settings: Settings) -> str:
    """For people; says nothing secret."""
    place = settings.backup
    if isinstance(place, str):
        return str(settings.backup_folder) if is_set_up(settings) else ""
    return f"s3://{place.bucket}/{place.prefix}".rstrip("/")


def is_on_the_same_disk(settings: Settings) -> bool:
    """Whether one broken disk would take the lectures and their backups. Asks no bucket."""
    if settings.backup != "disk":
        return False
    return on_one_disk(settings.backup_folder, settings.storage)


def on_one_disk(one: Path, other: Path) -> bool:
    """Of folders that need not be there yet."""
    return nearest(one).stat().st_dev == nearest(other).stat().st_dev


def nearest(folder: Path) -> Path:
    """The folder, or the one of its parents that is there."""
    return folder if folder.exists() or folder == folder.parent else nearest(folder.parent)


def _target(settings: Settings) -> Path | S3Place:
    place = settings.backup
    if isinstance(place, str):
        return settings.backup_folder
    # boto3 takes 51 MB and 0.6 s: only who uses it pays for it.
    from library.s3_store import S3Place

    return S3Place(
        place.bucket,
        place.prefix,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        path_style=settings.s3_path_style,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
    )


def _make_folder(folder: Path) -> None:
    """For the first backup; later a folder that is not there is a disk that is not mounted."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise TargetUnavailable(f"{folder} cannot be made: {error.strerror}") from error


def _key(settings: Settings) -> BackupKey | None:
    if settings.backup_key_file is None:
        return None
    try:
        return BackupKey.load(settings.backup_key_file)
    except OSError as error:
        raise KeyDamaged(f"{settings.backup_key_file}: {error.strerror}") from error
