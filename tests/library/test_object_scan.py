"""The integrity scan: what is new is taken up, what is damaged is named, what was read is not read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from library import object_catalogue, object_scan, recordings
from library.database import Database, utc_now
from library.disk_store import DiskStore
from library.jobs import Jobs
from library.models import Job, LectureSession, MediaObject, ObjectState
from library.object_scan import Scanned
from library.object_store import AccessRefused, ObjectStore, StoredObject, StoreUnavailable, facts_of
from people.models import Organization, Room

SESSION = "0198-abc"
FILES = 6
ENDED = timedelta(hours=1)


@pytest.fixture
def lecture(database: Database) -> str:
    """A session that has ended."""
    with database.session() as session:
        organization = Organization(name="o", slug="o")
        session.add(organization)
        session.flush()
        room = Room(organization_id=organization.id, owner_id=None, slug="hall", title="Hall")
        session.add(room)
        session.flush()
        session.add(a_lecture(SESSION, room))
        session.add(a_lecture("0199-live", room, live=True))
    return SESSION


def a_lecture(name: str, room: Room, *, live: bool = False) -> LectureSession:
    return LectureSession(
        id=name,
        room_id=room.id,
        organization_id=room.organization_id,
        title="L",
        phase="live" if live else "ended",
        started_at=utc_now() - 2 * ENDED,
        ended_at=None if live else utc_now() - ENDED,
    )


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """FILES files of the recording, under their keys."""
    for number in range(FILES):
        path = tmp_path / "storage" / f"sessions/{SESSION}/take-{number:04d}/program.mp4"
        path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(10_000 + number))
    return tmp_path / "storage"


def files_of(storage: Path) -> object_scan.Files:
    """All files below a session's folder, and its MP4."""

    def files(lecture: LectureSession) -> Iterator[tuple[str, str]]:
        for path in (storage / "sessions" / lecture.id).rglob("*.*"):
            yield path.relative_to(storage).as_posix(), object_catalogue.TAKE
        if lecture.mp4_path is not None:
            yield Path(lecture.mp4_path).relative_to(storage).as_posix(), object_catalogue.MP4

    return files


def check(database: Database, storage: Path, *, before: timedelta = timedelta(0)) -> Scanned:
    store = DiskStore(storage)
    return object_scan.take_up_and_scan(
        database, {store.name: store}, storage, files_of(storage), before=utc_now() - before
    )


def objects(database: Database) -> list[MediaObject]:
    with database.reading() as session:
        return list(session.query(MediaObject).order_by(MediaObject.key))


def flip_bit(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_what_is_new_is_taken_up_once(database: Database, lecture: str, storage: Path) -> None:
    (storage / "sessions/0199-live/take-0001").mkdir(parents=True)
    (storage / "sessions/0199-live/take-0001/program.mp4").write_bytes(b"grows")
    first = check(database, storage)
    assert (first.taken_up, first.checked, first.damaged) == (FILES, 0, [])
    assert check(database, storage, before=timedelta(days=30)) == Scanned()
    again = check(database, storage)
    assert (again.taken_up, again.checked, again.bytes) == (0, FILES, sum(10_000 + n for n in range(FILES)))
    told = objects(database)[3]
    content = (storage / told.key).read_bytes()
    assert (told.sha256, told.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (told.session_id, told.kind, told.store) == (SESSION, "take", "disk")


def test_each_flipped_bit_is_named_and_what_is_mended_is_whole_again(
    database: Database, lecture: str, storage: Path
) -> None:
    check(database, storage)
    before = {one.key: (storage / one.key).read_bytes() for one in objects(database)}
    for number, key in enumerate(before):
        flip_bit(storage / key, number * 500)
    found = check(database, storage)
    assert {(one.key, one.reason) for one in found.damaged} == {(key, "content") for key in before}
    assert {one.session for one in found.damaged} == {SESSION}
    with database.reading() as session:
        assert [one.key for one in object_catalogue.damaged(session)] == sorted(before)
    for key, content in before.items():
        (storage / key).write_bytes(content)
    assert check(database, storage).damaged == []
    assert {one.state for one in objects(database)} == {ObjectState.WHOLE}


def test_what_is_gone_and_what_is_short_is_named_as_such(
    database: Database, lecture: str, storage: Path
) -> None:
    check(database, storage)
    first, second = (one.key for one in objects(database)[:2])
    (storage / first).unlink()
    os.truncate(storage / second, 9_999)
    assert [(one.key, one.reason) for one in check(database, storage).damaged] == [
        (first, "missing"),
        (second, "length"),
    ]


def test_a_replaced_mp4_is_no_damage(database: Database, lecture: str, storage: Path) -> None:
    (storage / "recordings").mkdir()
    for name in (f"{SESSION}.mp4", f"{SESSION}.2.mp4"):
        path = storage / "recordings" / name
        path.write_bytes(os.urandom(5000))
        with database.session() as session:
            session.get_one(LectureSession, SESSION).mp4_path = str(path)
        assert check(database, storage).damaged == []
    keys = {one.key for one in objects(database) if one.kind == "mp4"}
    assert keys == {f"recordings/{SESSION}.2.mp4"}
    path.write_bytes(b"made again under the same name")
    with database.session() as session:
        object_catalogue.forget(session, "disk", keys)
    assert check(database, storage).damaged == []


def test_a_scan_that_was_killed_goes_on(database: Database, lecture: str, storage: Path) -> None:
    check(database, storage)
    store, before, seen = DiskStore(storage), utc_now(), []

    def die_at_the_fourth(done: int, total: int) -> None:
        seen.append(done / total)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        object_scan.scan(database, {"disk": store}, storage, before=before, progress=die_at_the_fourth)
    assert object_scan.scan(database, {"disk": store}, storage, before=before).checked == FILES - 4
    assert seen == sorted(seen) and seen[-1] < 1


class Away(DiskStore):
    """A store that does not answer any more from the third object on."""

    left = 2

    def __init__(self, root: Path, error: type[Exception]) -> None:
        super().__init__(root)
        self._error = error

    def head(self, key: str) -> StoredObject:
        raise self._error("no answer")

    def chunks(self, key: str) -> Iterator[bytes]:
        if self.left == 0:
            raise self._error("no answer")
        self.left -= 1
        return super().chunks(key)


@pytest.mark.parametrize("error", [StoreUnavailable, AccessRefused])
def test_a_store_that_is_away_is_no_damage(
    database: Database, lecture: str, storage: Path, error: type[Exception]
) -> None:
    check(database, storage)
    before = utc_now()
    with pytest.raises(error):
        object_scan.scan(database, {"disk": Away(storage, error)}, storage, before=before)
    assert {one.state for one in objects(database)} == {ObjectState.WHOLE}
    assert (
        object_scan.scan(database, {"disk": DiskStore(storage)}, storage, before=before).checked == FILES - 2
    )


def test_objects_of_a_store_that_is_not_set_here_are_counted(
    database: Database, lecture: str, storage: Path
) -> None:
    with database.session() as session:
        told = StoredObject("recordings/a.mp4", 5, "0" * 64)
        object_catalogue.note(session, "s3://other", told, kind="mp4", session_id=lecture)
    found = check(database, storage)
    assert (found.elsewhere, found.checked, found.damaged) == (1, 0, [])


def test_what_earlier_scans_found_is_told_until_it_is_whole(
    database: Database, lecture: str, storage: Path
) -> None:
    check(database, storage)
    path = storage / objects(database)[0].key
    content = path.read_bytes()
    flip_bit(path, 1)
    assert len(check(database, storage).damaged) == 1
    later = check(database, storage, before=timedelta(days=30))
    assert (later.checked, [one.reason for one in later.damaged]) == (0, ["content"])
    path.write_bytes(content)
    assert check(database, storage, before=timedelta(days=30)).damaged == []


def test_an_mp4_that_is_being_made_is_not_taken_up(database: Database, lecture: str, storage: Path) -> None:
    (storage / "recordings").mkdir()
    path = storage / "recordings" / f"{SESSION}.mp4"
    path.write_bytes(b"the old one")
    with database.session() as session:
        session.get_one(LectureSession, SESSION).mp4_path = str(path)
        job = recordings.order_mp4(session, SESSION, 1)
    assert check(database, storage).taken_up == FILES
    Jobs(database).cancel(job.id)
    assert check(database, storage).taken_up == 1


def test_rows_go_with_their_session(database: Database, lecture: str, storage: Path) -> None:
    check(database, storage)
    with database.session() as session:
        session.execute(delete(LectureSession).where(LectureSession.id == lecture))
    assert check(database, storage) == Scanned()
    assert objects(database) == []


def test_an_object_is_noted_only_with_its_sum(database: Database) -> None:
    with pytest.raises(ValueError, match="SHA-256"), database.session() as session:
        object_catalogue.note(session, "disk", StoredObject("a", 1, None), kind="take", session_id=None)


def scans(database: Database) -> list[Job]:
    with database.reading() as session:
        return list(session.query(Job).where(Job.kind == object_scan.KIND))


def test_one_scan_is_ordered_a_night_the_first_at_once(database: Database) -> None:
    noon = datetime(2026, 11, 26, 12).astimezone()
    for hours in (0, 1, 11, 14.9):
        object_scan.order(database, noon + timedelta(hours=hours))
    assert len(scans(database)) == 1
    object_scan.order(database, noon + timedelta(hours=15.1))
    assert len(scans(database)) == 2


def ordered_job(database: Database) -> Job:
    object_scan.order(database, utc_now())
    return scans(database)[0]


def test_the_message_names_what_is_damaged(database: Database) -> None:
    job = ordered_job(database)
    damaged = [{"key": f"recordings/{n}.mp4"} for n in range(7)]
    result = {"checked": 40, "damaged": damaged, "mended": [{"key": "a"}]}
    object_scan.note_result(database, job.id, result)
    message = Jobs(database).get(job.id).message
    assert message.startswith("40 checked, 7 damaged: recordings/0.mp4, ")
    assert message.endswith("recordings/4.mp4 and 2 more, 1 mended: a")
    assert object_scan.summary(3, damaged=[], mended=[]) == "3 checked, all whole"
    long = [{"key": f"sessions/{'0' * 36}/take-{n:04d}/program.mp4"} for n in range(9)]
    object_scan.note_result(database, job.id, {"checked": 40, "damaged": long, "mended": long})
    assert Jobs(database).get(job.id).message.startswith("40 checked, 9 damaged: sessions/")


def test_twenty_flipped_bits_in_any_store(
    sqlite_database: Database, object_store: ObjectStore, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """As the store's own disk has them: Swift's files, or ours."""
    on_disk = object_store.name == "disk"
    files = tmp_path / "storage/sessions" if on_disk else request.getfixturevalue("s3_server").files
    pattern = "*.mp4" if on_disk else "*.data"
    before = set(files.rglob(pattern))
    with sqlite_database.session() as session:
        for number in range(22):
            source = tmp_path / "source"
            source.write_bytes(os.urandom(30_000))
            told = object_store.put(f"sessions/{number}/program.mp4", source)
            assert facts_of(source).sha256 == told.sha256
            object_catalogue.note(session, object_store.name, told, kind="take", session_id=None)
    stored = sorted(set(files.rglob(pattern)) - before)
    assert len(stored) == 22
    for path in stored[:20]:
        flip_bit(path, 12_345)
    stores = {object_store.name: object_store}
    found = object_scan.scan(sqlite_database, stores, tmp_path, before=utc_now())
    assert (found.checked, len(found.damaged)) == (22, 20)
    assert {one.reason for one in found.damaged} == {"content"}
