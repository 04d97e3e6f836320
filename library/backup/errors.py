"""What a repository cannot do, as types; each message names the object, file or place."""

from __future__ import annotations


class BackupError(Exception):
    """Something about a backup that did not go as asked."""


class TargetUnavailable(BackupError):
    """The target cannot be written to or read now: gone, unmounted, too slow, no connection."""


class TargetFull(TargetUnavailable):
    """No space is left in the target."""


class TargetRefused(BackupError):
    """The target says no until somebody changes rights or settings: read-only, wrong keys, no bucket."""


class NoRepository(BackupError):
    """Nothing of ours is in the target, and it was not to be made."""


class OtherRepository(BackupError):
    """The target holds another repository than the expected one: an unmounted disk, a swapped one."""


class RepositoryDamaged(BackupError):
    """The file that says what the repository is cannot be understood."""


class NewerFormat(BackupError):
    """Written by a later version of Kodo than this one."""


class NewerSchema(BackupError):
    """The generation's database has a schema that this version does not know."""


class KeyNeeded(BackupError):
    """The repository is encrypted and no key was given."""


class WrongKey(BackupError):
    """The key is not the one that the repository was made with, or it is not encrypted at all."""


class KeyDamaged(BackupError):
    """The key file is no key."""


class RepositoryBusy(BackupError):
    """Another backup or collection has the lease; `owner` says who."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"another backup or collection is running: {owner}")
        self.owner = owner


class LeaseLost(TargetUnavailable):
    """The lease could not be kept up, or somebody took it: what was begun is not completed."""


class NoSuchGeneration(BackupError):
    """No generation has this name."""


class GenerationIncomplete(BackupError):
    """The generation's head or list of files is damaged or missing; `generation` names it."""

    def __init__(self, generation: str, problem: str) -> None:
        super().__init__(f"generation {generation}: {problem}")
        self.generation = generation


class ObjectMissing(BackupError):
    """An object that a generation consists of is not there; `name` names it."""

    def __init__(self, name: str, path: str = "") -> None:
        super().__init__(f"object {name} is missing{_needed_for(path)}")
        self.name = name


class ObjectDamaged(BackupError):
    """An object is not what its name says; `name` names it."""

    def __init__(self, name: str, path: str = "") -> None:
        super().__init__(f"object {name} is damaged{_needed_for(path)}")
        self.name = name


class FolderNotEmpty(BackupError):
    """A restore goes into an empty folder or one that is not there yet, and into nothing else."""


class DatabaseNotEmpty(FolderNotEmpty):
    """The database that is restored to has rows."""


class OtherDatabase(BackupError):
    """A SQLite generation does not go into PostgreSQL."""


class FolderUnusable(BackupError):
    """What is restored to cannot be written."""


class NoRoom(FolderUnusable):
    """What is restored to is full."""


class SourceUnavailable(BackupError):
    """Something that is to be backed up cannot be read now: the database, a file, far media."""


class Cancelled(BackupError):
    """The caller asked to stop; nothing was changed but objects that a later run takes up."""


def _needed_for(path: str) -> str:
    return f" (needed for {path})" if path else ""
