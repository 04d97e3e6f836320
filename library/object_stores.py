"""Opens the store that the settings name, and the stores that rows of the catalogue name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

from library import disk_store
from library.object_store import ObjectStore
from settings import Settings

ATTEMPTS, REQUEST_SECONDS = 3, 30.0


def open_store(
    settings: Settings, *, attempts: int = ATTEMPTS, timeout_seconds: float = REQUEST_SECONDS
) -> ObjectStore:
    """The store of KODO_OBJECTS. Connects on first use. Whoever opens it closes it.

    `attempts`, `timeout_seconds`: of one request to a bucket.
    """
    place = settings.objects
    if place is None:
        return disk_store.DiskStore(settings.storage)
    # boto3 takes 51 MB and 0.6 s: only who uses it pays for it.
    from library.s3_store import S3Place, S3Store

    return S3Store(
        S3Place(
            place.bucket,
            place.prefix,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            path_style=settings.s3_path_style,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
        ),
        settings.storage / ".objects" / "uploads",
        attempts=attempts,
        timeout_seconds=timeout_seconds,
    )


@contextmanager
def open_stores(settings: Settings) -> Iterator[Mapping[str, ObjectStore]]:
    """By name: the disk, where recordings begin, and the store of KODO_OBJECTS if that is another."""
    with ExitStack() as opened:
        stores: tuple[ObjectStore, ...] = (disk_store.DiskStore(settings.storage), open_store(settings))
        yield {store.name: opened.enter_context(closing(store)) for store in stores}
