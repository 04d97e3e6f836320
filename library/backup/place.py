"""Where a repository lies: a folder or a bucket. Names are ours (`objects/ab/ab12…`), relative to it.

`DiskPlace` and `S3Place` keep the protocol; the same tests run on both. Content is first **staged**: written
to a file of this machine (on a disk: beside the repository), and then **committed** under its name, whole or
not at all, to outlive a power cut once `commit` returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from library.backup.lease import Lease


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the repository. `at`: when it was put there, unix seconds by the target's clock."""

    name: str
    bytes: int
    at: float


@dataclass(frozen=True, slots=True)
class Staged:
    """A file on its way: `path` is to become `name`."""

    path: Path
    name: str


class Place(Protocol):
    """All methods raise TargetUnavailable, TargetFull, TargetRefused."""

    @property
    def title(self) -> str:
        """For people: the folder, or `s3://bucket/prefix`. No secrets."""

    @property
    def staging(self) -> Path:
        """A folder for files on their way; it is there once the lease is taken."""

    def commit(self, files: Sequence[Staged]) -> None:
        """Put them under their names, in the place of what is there; the staged files are gone then."""

    def write(self, name: str, data: bytes) -> None:
        """Put a small file there, whole or not at all, in the place of what is there."""

    def read(self, name: str) -> bytes:
        """A small file. Raises FileNotFoundError."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file in blocks. Raises FileNotFoundError; DamagedInPlace where the target itself
        says that it cannot give it back.
        """

    def stored(self, folder: str) -> Iterator[Stored]:
        """All files below `objects` or `generations`, in no order, whoever put them there."""

    def delete(self, names: Sequence[str]) -> None:
        """Idempotent."""

    def lease(self, purpose: str) -> AbstractContextManager[Lease]:
        """The one lease of the repository. What a killed owner had staged is swept. Raises RepositoryBusy."""

    def free_bytes(self) -> int | None:
        """None: nobody can say."""

    def same_disk(self, folder: Path) -> bool:
        """Whether it lies on the same file system as `folder`: one broken disk would take both."""

    def close(self) -> None:
        """Idempotent."""


class DamagedInPlace(Exception):
    """The target says that it cannot give back what it holds (EIO, a store's own checksum)."""
