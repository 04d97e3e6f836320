"""Removing recordings for good: what is due, what is left, and a clock that jumps."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from library import catalogue, jobs, object_catalogue, removals, search_index, transcripts
from library.database import Base, Database
from library.keeping import TRASH_TIME, Kept, Removal
from library.models import (
    ChapterRow,
    CueRow,
    Film,
    Job,
    JobState,
    LectureSession,
    MediaObject,
    SafetyCopy,
    ScheduledLecture,
    SearchPlace,
    Tag,
    TranscriptRow,
    WatchedRow,
)
from library.object_store import StoredObject
from library.removal_care import RemovalCare
from library.transcript_formats import Cue
from people.models import Room, User
from tests.library.archive_rows import BEGAN, make_recording, make_room

NOW = BEGAN + timedelta(days=10)
# Of the tables that refer to a session: removed by functions of their own, or not the recording's.
ELSEWHERE = {TranscriptRow, SearchPlace, MediaObject}
KEPT = {Film, ScheduledLecture}


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def room(database: Database) -> Room:
    return make_room(database)


def change(database: Database, recording: str, **values: object) -> None:
    with database.session() as transaction:
        transaction.execute(update(LectureSession).where(LectureSession.id == recording).values(**values))


def row_of(database: Database, recording: str) -> LectureSession:
    with database.reading() as transaction:
        return transaction.get_one(LectureSession, recording)


def removal_jobs(database: Database) -> list[Job]:
    with database.reading() as transaction:
        return list(transaction.scalars(select(Job).where(Job.kind == removals.KIND).order_by(Job.id)))


def held(database: Database, room: Room, *, until: datetime = NOW) -> str:
    recording = make_recording(database, room)
    change(database, recording, kept=Kept.HELD, held_until=until)
    return recording


def order(database: Database, recording: str, why: Removal = Removal.OWNER, by: str | None = None) -> None:
    with database.session() as transaction:
        row = transaction.get_one(LectureSession, recording)
        removals.order(transaction, row, why, NOW, by=by)


def test_every_table_of_a_recordings_is_thought_of() -> None:
    """Whoever adds a table that refers to sessions says here, and in `removals`, what becomes of it."""
    refer = {
        mapper.class_
        for mapper in Base.registry.mappers
        if mapper.class_ is not LectureSession
        for key in mapper.local_table.foreign_keys
        if key.column.table is LectureSession.__table__
    }
    assert refer == set(removals.CONTENT) | ELSEWHERE | KEPT


def test_what_belongs_to_a_room_in_the_trash_goes_with_it(database: Database, room: Room) -> None:
    recording, other = make_recording(database, room), make_recording(database, make_room(database, "other"))
    running = make_recording(database, room)
    change(database, running, phase="live")
    with database.session() as transaction:
        transaction.get_one(Room, room.id).deleted_at = NOW - TRASH_TIME + timedelta(seconds=1)
        assert removals.order_due(transaction, NOW) == []
        (ordered,) = removals.order_due(transaction, NOW + timedelta(seconds=1))
        assert (ordered.id, ordered.removal) == (recording, Removal.TRASH)
        assert removals.order_due(transaction, NOW + timedelta(days=1)) == []
    assert row_of(database, other).removal is None


def test_what_is_ordered_is_nobodys_and_noted(database: Database, room: Room) -> None:
    recording = make_recording(database, room)
    with database.session() as transaction:
        owner = transaction.scalars(select(User)).one()
        jobs.enqueue(transaction, kind="mp4", key="k", subject=recording, payload={}, lane="export")
    order(database, recording, by=owner.id)
    order(database, recording, Removal.TRASH)  # again: nothing new
    row = row_of(database, recording)
    assert (row.removal, row.removal_by, row.deleted_at) == (Removal.OWNER, owner.id, NOW)
    assert row.access_epoch == 1 and catalogue.is_gone(row, NOW)
    (job,) = removal_jobs(database)
    assert job.not_before == NOW + removals.QUIET_TIME and job.state == JobState.WAITING
    with database.reading() as transaction:
        assert transaction.scalars(select(Job.state).where(Job.kind == "mp4")).all() == [JobState.CANCELLED]
        assert catalogue.trash(transaction, LectureSession.id == recording, NOW) == ()
    with database.session() as transaction, pytest.raises(catalogue.NotInTrash):
        catalogue.restore(transaction, transaction.get_one(LectureSession, recording), NOW)


def test_a_lecture_that_runs_is_never_ordered_away(database: Database, room: Room) -> None:
    recording = held(database, room)
    change(database, recording, phase="live", ended_at=None)
    with pytest.raises(catalogue.StillRunning):
        order(database, recording)
    with database.session() as transaction:
        assert removals.order_due(transaction, NOW + timedelta(days=999)) == []


def test_what_is_left_says_when_why_and_who_and_nothing_else(database: Database, room: Room) -> None:
    recording = make_recording(database, room, "秘密の講義")
    other = make_recording(database, room, "別の講義", day=1)
    for one in (recording, other):
        fill(database, room, one)
    order(database, recording, Removal.UNCLAIMED)
    for _ in range(2):  # as after a crash
        with database.session() as transaction:
            removals.forget(transaction, recording)
        removals.is_removed(database, recording, ["disk"], NOW)
    row = row_of(database, recording)
    assert (row.removal, row.removed_at, row.started_at) == (Removal.UNCLAIMED, NOW, BEGAN)
    told = " ".join(str(value) for value in vars(row).values())
    assert "秘密" not in told and "山田" not in told
    assert (row.bytes, row.mp4_path, row.words, row.series_id) == (0, None, "", None)
    with database.reading() as transaction:
        for table in (Tag, SafetyCopy, ChapterRow, WatchedRow, TranscriptRow, SearchPlace):
            assert transaction.scalars(select(table.session_id)).all() == [other], table
        assert transaction.scalars(select(CueRow.text)).all() == ["言葉"]
        assert transaction.scalars(select(Film.session_id).order_by(Film.title)).all() == [other, None]
        of_it = select(Job.kind).where(Job.subject == recording)
        assert transaction.scalars(of_it).all() == [removals.KIND]
        objects = {one.key: one.session_id for one in transaction.scalars(select(MediaObject))}
    assert objects == {
        f"sessions/{other}/x": other,
        f"copies/{other}": other,
        f"copies/{recording}": None,  # of a bucket that is not set now: the next time it is, the copy goes
    }


def fill(database: Database, room: Room, recording: str) -> None:
    """Everything that a recording may have."""
    with database.session() as transaction:
        row = transaction.get_one(LectureSession, recording)
        row.lecturer, row.mp4_path, row.words = "山田", f"{recording}.mp4", row.title
        transaction.add(Tag(session_id=recording, tag="統計"))
        transaction.add(SafetyCopy(session_id=recording, bytes=1, began_at=0.0))
        transaction.add(ChapterRow(session_id=recording, number=0, at=0.0, title="統計", origin="person"))
        watched = {"spans": [0, 9], "position": 1.0, "credit": 1.0, "updated_at": NOW}
        transaction.add(WatchedRow(session_id=recording, user_id=room.owner_id, **watched))
        title = "a" if row.title == "別の講義" else "b"
        film = Film(room_id=room.id, organization_id=room.organization_id, title=title, bytes=1)
        film.session_id = recording
        transaction.add(film)
        transcripts.save(transaction, recording, "ja", [Cue(0, 1, "言葉")], origin="engine")
        search_index.describe(transaction, recording, row.title)
        for kind in ("mp4", "transcribe"):
            key = f"{kind}:{recording}"
            jobs.enqueue(transaction, kind=kind, key=key, subject=recording, payload={}, lane="x")
        for store, key in (("disk", f"sessions/{recording}/x"), ("s3://away", f"copies/{recording}")):
            told = StoredObject(key, 1, "0" * 64)
            object_catalogue.note(transaction, store, told, kind="take", session_id=recording)


# What is due


def care_of(database: Database, clock: Clock, *, trusted: bool = True) -> RemovalCare:
    """`trusted`: it has looked for a day already."""
    care = RemovalCare(database, clock=clock)
    if trusted:
        clock.now -= timedelta(days=1)
        care.step()
        clock.now += timedelta(days=1)
    return care


def test_what_was_held_for_long_enough_goes_unless_it_was_claimed(database: Database, room: Room) -> None:
    due, later, claimed = (
        held(database, room),
        held(database, room, until=NOW + timedelta(1)),
        held(database, room),
    )
    with database.session() as transaction:
        catalogue.claim(transaction, transaction.get_one(LectureSession, claimed))
    care_of(database, Clock(NOW)).step()
    removed = [row_of(database, one).removal for one in (due, later, claimed)]
    assert removed == [Removal.UNCLAIMED, None, None]
    row = row_of(database, claimed)
    assert (row.kept, row.visibility, row.held_until) == (Kept.PUBLISHED, "private", None)
    with database.session() as transaction, pytest.raises(catalogue.NotHeld):
        catalogue.claim(transaction, transaction.get_one(LectureSession, due))


def test_what_lay_in_the_trash_for_30_days_goes(database: Database, room: Room) -> None:
    old, young = make_recording(database, room), make_recording(database, room)
    change(database, old, deleted_at=NOW - TRASH_TIME)
    change(database, young, deleted_at=NOW - TRASH_TIME + timedelta(seconds=1))
    care_of(database, Clock(NOW)).step()
    assert [row_of(database, one).removal for one in (old, young)] == [Removal.TRASH, None]


def test_a_clock_a_year_ahead_removes_nothing_for_a_day(database: Database, room: Room) -> None:
    recording = held(database, room, until=NOW + timedelta(days=7))
    clock = Clock(NOW)
    care = care_of(database, clock)
    clock.now += timedelta(days=365)
    care.step()
    RemovalCare(database, clock=clock).step()  # nor does a process that starts with such a clock
    assert row_of(database, recording).removal is None
    clock.now = NOW + timedelta(minutes=1)  # somebody has set it right
    care.step()
    for _ in range(8):
        clock.now += timedelta(hours=23)
        care.step()
    assert row_of(database, recording).removal == Removal.UNCLAIMED


def test_a_new_installation_looks_for_a_day_first(database: Database, room: Room) -> None:
    recording, clock = held(database, room), Clock(NOW)
    care = care_of(database, clock, trusted=False)
    care.step()
    assert row_of(database, recording).removal is None
    clock.now += timedelta(days=1)
    care.step()
    assert row_of(database, recording).removal == Removal.UNCLAIMED


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_removal_that_failed_or_was_called_off_is_tried_again(
    database: Database, room: Room, state: JobState
) -> None:
    order(database, make_recording(database, room))
    with database.session() as transaction:
        transaction.execute(update(Job).values(state=state, finished_at=NOW, attempt=3))
    clock = Clock(NOW + timedelta(minutes=59))
    care = RemovalCare(database, clock=clock)
    care.step()
    assert removal_jobs(database)[0].state == state
    clock.now += timedelta(minutes=1)
    care.step()
    (job,) = removal_jobs(database)
    assert (job.state, job.max_attempts) == (JobState.WAITING, 6)


def test_it_waits_for_the_processes_of_jobs_that_were_stopped(database: Database, room: Room) -> None:
    recording = make_recording(database, room)
    with database.session() as transaction:
        jobs.enqueue(transaction, kind="mp4", key="k", subject=recording, payload={}, lane="export")
        transaction.execute(update(Job).values(state=JobState.RUNNING, started_at=NOW))

    def busy(now: datetime) -> bool:
        with database.session() as transaction:
            return removals.others_at_work(transaction, recording, now)

    assert busy(NOW)
    with database.session() as transaction:
        assert transaction.scalars(select(Job.state)).all() == [JobState.CANCELLED]
        transaction.execute(update(Job).values(finished_at=NOW))
    assert busy(NOW + timedelta(seconds=9))
    assert not busy(NOW + timedelta(seconds=11))
