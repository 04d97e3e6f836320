"""What goes in and out of a repository: what is backed up, generations, results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

FORMAT = 1

Progress = Callable[[int, int], None]  # bytes done, bytes in all (which may grow)
IsCancelled = Callable[[], bool]


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class FarContent:
    """Content that is not on the disk: its length and SHA-256 are known, `chunks` fetches it.

    `chunks` raises OSError.
    """

    length: int
    sha256: str
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the installation. `path`: below the storage, as it is restored (`sessions/…/program.mp4`).

    `length`: only so many bytes from its start (of a log that grows); None: all. `far`: in place of the file.
    """

    path: str
    file: Path
    length: int | None = None
    far: FarContent | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a run backs up. `files`: called once the database's snapshot is taken, so that every file that the
    snapshot knows is in it; ascending by `path.split("/")`. `scratch`: a folder on the same machine for the
    snapshot on its way. `settings`: effective ones as they would be written, without secrets.
    """

    database_url: str = field(repr=False)
    files: Callable[[], Iterator[SourceFile]]
    scratch: Path
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete backup. `id`: its name, `000042-20261126T031500Z`; `sequence` orders, for clocks go back.

    `objects`: distinct ones it consists of; `bytes`: of all its files; `bytes_new`: what it added to the
    target. `verified`: each object that was new was read back and hashed, and nothing has been found damaged
    since. `schema`: revision of its database; `database`: `sqlite` or `postgresql`, where it came from.
    `unread`: files that could not be read when it was made.
    """

    id: str
    sequence: int
    at: datetime
    reason: str
    files: int
    objects: int
    bytes: int
    bytes_new: int
    verified: bool
    schema: str
    database: str
    unread: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run made. `rewritten`: names of objects that were damaged or missing and were written again.
    `unread`: files of the installation that could not be read; the generation has them as they last were, if
    an older one did.
    """

    generation: Generation
    objects: int
    bytes_new: int
    verified: bool
    rewritten: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. Names: `objects/ab/ab12…`, `generations/….json`, below the repository.

    `generations`: ids of those that need something of it.
    """

    checked: int
    bytes: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    generations: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.damaged and not self.missing


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore wrote. `left_out`: paths whose objects are damaged or gone, where that was allowed;
    `damaged`: names of objects, of each such path the first that was met.
    """

    files: int
    bytes: int
    left_out: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed. `reasons`: for each generation that is kept or went. `blocked`: generations
    of which nobody can say what they need, for their head or list is lost or damaged: until their turn to go
    has come no object goes.
    """

    generations: tuple[str, ...]
    objects: int
    bytes: int
    reasons: Mapping[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
