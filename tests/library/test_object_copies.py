"""Copies in a bucket: made once, held against the catalogue, used to mend the disk and mended from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from library import object_catalogue, object_copies, object_scan
from library.database import Database, utc_now
from library.disk_store import DiskStore
from library.models import Job, LectureSession, MediaObject
from library.object_care import ObjectCare
from library.object_copies import Copied
from library.object_store import NoSuchObject, ObjectStore
from tests.library.test_object_scan import (  # noqa: F401
    FILES,
    SESSION,
    check,
    files_of,
    flip_bit,
    lecture,
    objects,
    storage,
)
from tests.s3_server import S3Server


@pytest.fixture
def stores(disk_store: DiskStore, s3_store: ObjectStore) -> Mapping[str, ObjectStore]:
    return {store.name: store for store in (disk_store, s3_store)}


@pytest.fixture
def taken_up(database: Database, lecture: str, storage: Path) -> Path:
    """The storage; its 20 files are in the catalogue."""
    check(database, storage)
    return storage


def scan(database: Database, stores: Mapping[str, ObjectStore], storage: Path) -> object_scan.Scanned:
    return object_scan.take_up_and_scan(database, stores, storage, files_of(storage), before=utc_now())


def test_each_file_is_copied_once(database: Database, s3_store: ObjectStore, taken_up: Path) -> None:
    seen: list[float] = []
    total = sum(10_000 + n for n in range(FILES))
    done = object_copies.copy_all(
        database, taken_up, s3_store, progress=lambda part, whole: seen.append(part / whole)
    )
    assert done == Copied(FILES, total, 0, [])
    assert seen == sorted(seen) and seen[-1] == 1
    assert {one.key for one in s3_store.list_objects()} == {one.key for one in objects(database)}
    assert object_copies.copy_all(database, taken_up, s3_store) == Copied(0, 0, 0, [])


def test_copying_that_was_killed_goes_on(database: Database, s3_store: ObjectStore, taken_up: Path) -> None:
    def die_at_half(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        object_copies.copy_all(database, taken_up, s3_store, progress=die_at_half)
    rest = object_copies.copy_all(database, taken_up, s3_store).copied
    assert 0 < rest <= FILES // 2 + 1
    assert len(list(s3_store.list_objects())) == FILES


def test_a_file_that_is_damaged_already_is_not_copied(
    database: Database, s3_store: ObjectStore, taken_up: Path
) -> None:
    key = objects(database)[3].key
    flip_bit(taken_up / key, 5)
    done = object_copies.copy_all(database, taken_up, s3_store)
    assert (done.copied, done.damaged) == (FILES - 1, [key])
    with pytest.raises(NoSuchObject):
        s3_store.head(key)
    with database.reading() as session:
        assert [one.key for one in object_catalogue.damaged(session)] == [key]


def test_the_disk_is_mended_from_the_bucket(
    database: Database, stores: Mapping[str, ObjectStore], s3_store: ObjectStore, taken_up: Path
) -> None:
    object_copies.copy_all(database, taken_up, s3_store)
    first, second, third = [one.key for one in objects(database) if one.store == "disk"][:3]
    before = {key: (taken_up / key).read_bytes() for key in (first, second, third)}
    flip_bit(taken_up / first, 100)
    (taken_up / second).unlink()
    os.truncate(taken_up / third, 5)
    found = scan(database, stores, taken_up)
    assert {(one.key, one.reason) for one in found.mended} == {
        (first, "content"),
        (second, "missing"),
        (third, "length"),
    }
    assert found.damaged == []
    assert {key: (taken_up / key).read_bytes() for key in before} == before
    again = scan(database, stores, taken_up)
    assert (again.checked, again.mended, again.damaged) == (2 * FILES, [], [])
    assert list((taken_up / ".objects" / "mending").iterdir()) == []


def test_the_bucket_is_mended_from_the_disk(
    s3_server: S3Server,
    database: Database,
    stores: Mapping[str, ObjectStore],
    s3_store: ObjectStore,
    taken_up: Path,
) -> None:
    before = set(s3_server.files.rglob("*.data"))
    object_copies.copy_all(database, taken_up, s3_store)
    flip_bit(sorted(set(s3_server.files.rglob("*.data")) - before)[0], 777)
    found = scan(database, stores, taken_up)
    assert [(one.store, one.reason) for one in found.mended] == [(s3_store.name, "content")]
    assert scan(database, stores, taken_up).mended == []


def test_where_both_are_damaged_both_are_named(
    s3_server: S3Server,
    database: Database,
    stores: Mapping[str, ObjectStore],
    s3_store: ObjectStore,
    taken_up: Path,
) -> None:
    before = set(s3_server.files.rglob("*.data"))
    object_copies.copy_all(database, taken_up, s3_store)
    for path in set(s3_server.files.rglob("*.data")) - before:
        flip_bit(path, 777)
    key = objects(database)[0].key
    flip_bit(taken_up / key, 100)
    found = scan(database, stores, taken_up)
    assert {(one.key, one.store) for one in found.damaged} == {(key, "disk"), (key, s3_store.name)}
    assert len(found.mended) == FILES - 1


def test_copies_of_what_is_deleted_and_of_replaced_mp4s_go(
    database: Database, s3_store: ObjectStore, taken_up: Path
) -> None:
    (taken_up / "recordings").mkdir()
    for name in (f"{SESSION}.mp4", f"{SESSION}.2.mp4"):
        path = taken_up / "recordings" / name
        path.write_bytes(os.urandom(100))
        with database.session() as session:
            session.get_one(LectureSession, SESSION).mp4_path = str(path)
        check(database, taken_up)
        done = object_copies.copy_all(database, taken_up, s3_store)
    assert done.removed == 1
    assert [one.key for one in s3_store.list_objects("recordings/")] == [f"recordings/{SESSION}.2.mp4"]
    (taken_up / objects(database)[0].key).unlink()  # damage, not deletion: its copy stays
    assert object_copies.copy_all(database, taken_up, s3_store).removed == 0
    with database.session() as session:
        session.execute(delete(LectureSession).where(LectureSession.id == SESSION))
    assert object_copies.copy_all(database, taken_up, s3_store).removed == FILES + 1
    assert list(s3_store.list_objects()) == []


def test_a_database_that_was_lost_removes_nothing_from_the_bucket(
    database: Database, s3_store: ObjectStore, taken_up: Path
) -> None:
    object_copies.copy_all(database, taken_up, s3_store)
    with database.session() as session:
        session.execute(delete(MediaObject))
    assert object_copies.copy_all(database, taken_up, s3_store).removed == 0
    assert len(list(s3_store.list_objects())) == FILES
    check(database, taken_up)
    assert object_copies.copy_all(database, taken_up, s3_store).copied == FILES


def copyings(database: Database) -> list[str]:
    with database.reading() as session:
        return [job.key for job in session.query(Job).where(Job.kind == object_copies.KIND)]


def test_copies_are_ordered_ten_minutes_after_each_end(
    database: Database,
    lecture: str,
) -> None:
    now = [utc_now() - timedelta(minutes=55)]  # it ended an hour ago
    care = ObjectCare(database, copies=True, clock=lambda: now[0])
    care.step()
    assert copyings(database) == []
    now[0] += timedelta(minutes=6)
    care.step()
    care.step()
    assert len(copyings(database)) == 1
    with database.session() as session:
        session.get_one(LectureSession, SESSION).ended_at = utc_now()
    now[0] = utc_now()
    care.step()
    assert len(copyings(database)) == 1
    now[0] += timedelta(minutes=11)
    care.step()
    assert len(copyings(database)) == 2


def test_without_a_bucket_nothing_is_copied(database: Database, lecture: str) -> None:
    care = ObjectCare(database, copies=False)
    care.step()
    assert copyings(database) == []
    care.open()
    care.open()
    care.close()
    care.close()
