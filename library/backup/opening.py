"""Finds the place that a setting names. boto3 (51 MB) is loaded only for a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from library.backup.disk_place import DiskPlace
from library.backup.place import Place

if TYPE_CHECKING:
    from library.s3_store import S3Place


def open_place(target: Path | S3Place, *, scratch: Path) -> Place:
    """A folder (made if need be, and in it `kodo-backup/`, where all of ours is), or a bucket's prefix.

    `scratch`: a folder of this machine for what is on its way to a bucket.
    """
    if isinstance(target, Path):
        return DiskPlace(target)
    from library.backup.s3_place import BucketPlace

    return BucketPlace(target, scratch)
