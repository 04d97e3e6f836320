"""A repository in a bucket, below the prefix that the admin named, through `library.s3_store`.

What is on its way is written in the scratch folder, sent (large files in parts, which are gone on with), and
counts once the store itself has told length and SHA-256. Blocking.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from library.backup.disk_place import translated
from library.backup.errors import TargetFull, TargetRefused, TargetUnavailable
from library.backup.lease import Lease
from library.backup.place import DamagedInPlace, Staged, Stored
from library.backup.s3_lease import bucket_lease
from library.object_store import (
    InvalidKey,
    NoSuchObject,
    ObjectDamaged,
    ObjectStoreError,
    OtherContent,
    SourceChanged,
    StoreFull,
    StoreRefused,
)
from library.s3_store import S3Place, S3Store

_SMALL_BYTES = 1 << 20  # files up to it are sent side by side
_SIDE_BY_SIDE = 8


class BucketPlace:
    """`scratch`: of this machine; as much room as the largest file takes is needed there."""

    def __init__(self, place: S3Place, scratch: Path) -> None:
        self._staging = scratch / "outgoing"
        self._store = S3Store(place, scratch / "uploads")

    @property
    def title(self) -> str:
        return self._store.name

    @property
    def staging(self) -> Path:
        return self._staging

    def commit(self, files: Sequence[Staged]) -> None:
        """See Place."""
        with _translated(self.title):
            small = [one for one in files if one.path.stat().st_size <= _SMALL_BYTES]
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
                for _ in threads.map(self._send_small, small):
                    pass
            for one in files:
                if one.path.exists():
                    self._store.put(one.name, one.path, anew=True)
                    one.path.unlink()

    def write(self, name: str, data: bytes) -> None:
        """See Place."""
        with _translated(self.title):
            self._store.put_small(name, data)

    def read(self, name: str) -> bytes:
        """See Place."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """See Place."""
        try:
            with _translated(self.title):
                yield from self._store.chunks(name)
        except NoSuchObject:
            raise FileNotFoundError(name) from None
        except ObjectDamaged as error:
            raise DamagedInPlace(name) from error

    def stored(self, folder: str) -> Iterator[Stored]:
        """See Place."""
        with _translated(self.title):
            for one, at in self._store.list_with_times(f"{folder}/"):
                yield Stored(one.key, one.bytes, at.timestamp())

    def delete(self, names: Sequence[str]) -> None:
        """See Place."""
        with _translated(self.title), ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
            for _ in threads.map(self._store.delete, names):
                pass

    @contextmanager
    def lease(self, purpose: str) -> Iterator[Lease]:
        """See Place."""
        with bucket_lease(self, purpose) as lease:
            with translated(self.title):
                shutil.rmtree(self._staging, ignore_errors=True)
                self._staging.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield lease

    def free_bytes(self) -> int | None:
        """See Place: a bucket has no end."""
        return None

    def same_disk(self, folder: Path) -> bool:  # noqa: ARG002
        """See Place."""
        return False

    def close(self) -> None:
        """See Place."""
        self._store.close()

    def _send_small(self, one: Staged) -> None:
        self._store.put_small(one.name, one.path.read_bytes())
        one.path.unlink()


@contextmanager
def _translated(title: str) -> Iterator[None]:
    """The store's words in ours; NoSuchObject and ObjectDamaged pass."""
    try:
        with translated(title):
            yield
    except (NoSuchObject, ObjectDamaged):
        raise
    except StoreFull as error:
        raise TargetFull(str(error)) from error
    except (StoreRefused, InvalidKey) as error:
        raise TargetRefused(str(error)) from error
    except (ObjectStoreError, SourceChanged, OtherContent) as error:
        raise TargetUnavailable(str(error)) from error
