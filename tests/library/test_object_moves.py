"""Which recordings leave the disk: the rule, and what the catalogue says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import jobs, object_catalogue, object_copies, object_moves, object_scan
from library.database import Database, utc_now
from library.disk_store import DiskStore
from library.jobs import Jobs
from library.models import Job, JobState, JobWait, LectureSession, MediaObject
from library.object_care import ObjectCare
from library.object_moves import IN_USE, Candidate, Whereabouts, to_move
from library.object_store import Damage, OtherContent, StoredObject
from tests.library.test_object_scan import FILES, SESSION, files_of, lecture, storage  # noqa: F401

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)

candidates = st.lists(
    st.builds(
        Candidate,
        session_id=st.uuids().map(str),
        bytes=st.integers(0, 1000),
        used_at=st.timedeltas(-DAY, 100 * DAY).map(lambda ago: NOW - ago),
        busy=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda one: one.session_id,
)
keeps = st.none() | st.timedeltas(timedelta(0), 100 * DAY)


class Bucket(DiskStore):
    """A folder that goes as another store."""

    name = "s3://bucket"  # type: ignore[assignment]


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "bucket")


@given(candidates, keeps, st.integers(0, 20_000))
def test_nothing_in_use_or_at_work_moves(
    known: list[Candidate], keep: timedelta | None, missing: int
) -> None:
    for one in to_move(known, NOW, keep, missing):
        assert not one.busy and NOW - one.used_at >= IN_USE and one.bytes


@given(candidates, keeps)
def test_with_room_age_alone_counts(known: list[Candidate], keep: timedelta | None) -> None:
    moved = {one.session_id for one in to_move(known, NOW, keep, 0)}
    for one in known:
        old = keep is not None and NOW - one.used_at >= max(keep, IN_USE)
        assert (one.session_id in moved) == (old and not one.busy and one.bytes > 0)


@given(candidates, keeps, st.integers(1, 20_000))
def test_a_full_disk_is_relieved_as_far_as_it_can_be_and_no_further(
    known: list[Candidate], keep: timedelta | None, missing: int
) -> None:
    moved = to_move(known, NOW, keep, missing)
    fit = [one for one in known if not one.busy and NOW - one.used_at >= IN_USE]
    assert sum(one.bytes for one in moved) >= min(missing, sum(one.bytes for one in fit))
    assert [one.used_at for one in moved] == sorted(one.used_at for one in moved)
    young = [one for one in moved if keep is None or NOW - one.used_at < keep]
    if young:  # without the last of them it would not have been enough
        before = moved[: moved.index(young[-1])]
        assert sum(one.bytes for one in before) < missing


@given(candidates)
def test_without_a_policy_nothing_moves(known: list[Candidate]) -> None:
    assert to_move(known, NOW, None, 0) == []


def copied(database: Database, storage: Path, bucket: Bucket) -> None:
    object_scan.take_up(database, storage, files_of(storage), now=utc_now())
    object_copies.copy_all(database, storage, bucket)


def movable(database: Database, bucket: Bucket) -> list[object_moves.Movable]:
    with database.reading() as session:
        return object_moves.movable(session, bucket.name, utc_now())


def rows(database: Database, store: str) -> list[MediaObject]:
    with database.reading() as session:
        query = session.query(MediaObject).where(MediaObject.store == store)
        return list(query.order_by(MediaObject.key))


def give_up(database: Database, row: MediaObject) -> None:
    with database.session() as session:
        told = StoredObject(row.key, row.bytes, row.sha256)
        object_catalogue.note_moved(session, "disk", told, kind=row.kind, session_id=row.session_id)


def whereabouts(database: Database) -> Whereabouts:
    with database.reading() as session:
        return object_moves.whereabouts(session, [SESSION])[SESSION]


def test_only_what_is_copied_whole_may_move(
    database: Database, lecture: str, storage: Path, bucket: Bucket
) -> None:
    object_scan.take_up(database, storage, files_of(storage), now=utc_now())
    assert movable(database, bucket) == []
    object_copies.copy_all(database, storage, bucket)
    (one,) = movable(database, bucket)
    assert (one.session_id, one.busy, len(one.files)) == (SESSION, False, FILES)
    assert whereabouts(database) == Whereabouts(FILES, FILES, 0, 0)
    copy = rows(database, bucket.name)[2]
    with database.session() as session:
        assert object_catalogue.note_check(session, copy, Damage.CONTENT, utc_now())
    assert movable(database, bucket) == []
    assert whereabouts(database) == Whereabouts(FILES, FILES - 1, 0, 0)  # the disk still has it


def test_who_has_a_job_is_at_work(database: Database, lecture: str, storage: Path, bucket: Bucket) -> None:
    copied(database, storage, bucket)
    with database.session() as session:
        job = jobs.enqueue(session, kind="mp4", key="k", subject=SESSION, payload={}, lane="export")
    assert [one.busy for one in movable(database, bucket)] == [True]
    with database.session() as session:
        session.get_one(Job, job.id).waits_for = JobWait.MODEL
    assert [one.busy for one in movable(database, bucket)] == [False]
    with database.session() as session:
        session.get_one(Job, job.id).waits_for = JobWait.DISK
    assert [one.busy for one in movable(database, bucket)] == [True]
    Jobs(database).cancel(job.id)
    assert [one.busy for one in movable(database, bucket)] == [False]


def test_what_was_moved_is_neither_read_nor_copied_nor_called_damaged(
    database: Database, lecture: str, storage: Path, bucket: Bucket
) -> None:
    copied(database, storage, bucket)
    row = rows(database, "disk")[0]
    give_up(database, row)
    (storage / row.key).write_bytes(b"its first segment")
    stores = {"disk": DiskStore(storage), bucket.name: bucket}
    scanned = object_scan.take_up_and_scan(database, stores, storage, files_of(storage), before=utc_now())
    assert (scanned.checked, scanned.mended, scanned.damaged) == (2 * FILES - 1, [], [])
    assert object_copies.copy_all(database, storage, bucket).copied == 0
    assert bucket.head(row.key).sha256 == row.sha256
    assert whereabouts(database) == Whereabouts(FILES, FILES, 1, 0)
    with database.session() as session:  # who looked before it was moved says nothing of it
        assert not object_catalogue.note_check(session, row, Damage.LENGTH, utc_now())


def test_a_copy_of_what_was_moved_that_is_damaged_is_named(
    database: Database, lecture: str, storage: Path, bucket: Bucket
) -> None:
    copied(database, storage, bucket)
    row = rows(database, "disk")[0]
    give_up(database, row)
    (tmp := bucket._root / row.key).write_bytes(b"x" * row.bytes)
    assert tmp.exists()
    stores = {"disk": DiskStore(storage), bucket.name: bucket}
    scanned = object_scan.scan(database, stores, storage, before=utc_now())
    assert [(one.key, one.store) for one in scanned.damaged] == [(row.key, bucket.name)]
    assert whereabouts(database) == Whereabouts(FILES, FILES - 1, 1, 1)


def test_a_cut_file_is_never_copied_over_the_whole_one(
    database: Database, lecture: str, storage: Path, bucket: Bucket
) -> None:
    copied(database, storage, bucket)
    row = rows(database, "disk")[0]
    (storage / row.key).write_bytes(b"its first segment")
    with pytest.raises(OtherContent):
        bucket.put(row.key, storage / row.key, sha256=row.sha256)
    assert bucket.head(row.key).bytes == row.bytes


def test_a_lost_database_learns_from_what_lies_there(
    database: Database, lecture: str, storage: Path, bucket: Bucket
) -> None:
    copied(database, storage, bucket)
    row = rows(database, "disk")[0]
    whole = StoredObject(row.key, row.bytes, row.sha256)
    with database.session() as session:
        session.query(MediaObject).delete()
    (storage / row.key).write_bytes(b"its first segment")
    taken = object_scan.take_up(
        database,
        storage,
        files_of(storage),
        now=utc_now(),
        moved=lambda key: whole if key == row.key else None,
    )
    assert taken == FILES - 1
    object_copies.copy_all(database, storage, bucket)
    assert bucket.head(row.key) == whole
    assert whereabouts(database) == Whereabouts(FILES, FILES, 1, 0)


def test_a_full_disk_orders_a_move_each_hour(database: Database, lecture: str) -> None:
    now, low = [NOW], [False]
    care = ObjectCare(database, copies=True, disk_is_low=lambda: low[0], clock=lambda: now[0])

    def moves() -> int:
        with database.reading() as session:
            return len([job for job in session.query(Job) if job.kind == object_moves.KIND])

    care.step()
    assert moves() == 0
    low[0] = True
    care.step()
    care.step()
    assert moves() == 1
    now[0] += timedelta(hours=1)
    care.step()
    assert moves() == 2


def test_coming_home_is_ordered_once_at_a_time(database: Database, lecture: str) -> None:
    with database.session() as session:
        first = object_moves.order_home(session, SESSION, NOW)
        assert object_moves.order_home(session, SESSION, NOW + DAY).id == first.id
        assert object_moves.at_work(session) == set()  # it may come home and be moved again
        first.state = JobState.DONE
        session.flush()
        assert object_moves.order_home(session, SESSION, NOW + DAY).id != first.id
        assert session.get(LectureSession, SESSION) is not None
