"""Uploads in the database: bounds, what is told of each, trying again, and what goes with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import true

from library import catalogue, uploads
from library.database import Database, utc_now
from library.jobs import Jobs
from library.models import Job, JobState, JobWait, LectureSession, Tag, Upload, UploadState
from library.uploads import GIVEN_UP, SCANNING, NewRecording, Standing, StillBusy, TooManyUploads, standing_of
from people.models import Room, RoomAccess, User
from people.rooms import rooms_of, uploads_room


def begin(database: Database, room: Room, *, complete: bool = False, title: str = "行列式") -> Upload:
    with database.session() as session:
        upload = uploads.begin(
            session,
            NewRecording(room.id, room.organization_id, title, "U", "ja", "public"),
            owner_id=room.owner_id,
            filename="名" * 400,
            size=5,
            now=utc_now(),
        )
        if complete:
            uploads.prepare(session, upload, Path("/somewhere"))
    return upload


def job_of(database: Database, upload: Upload) -> Job:
    with database.reading() as session:
        found = uploads.get(session, upload.id)
    assert found is not None and found[2] is not None
    return found[2]


def test_a_recording_is_there_from_the_beginning_and_listed_later(database: Database, room: Room) -> None:
    upload = begin(database, room)
    assert len(upload.filename) == uploads.MAX_FILENAME
    with database.reading() as session:
        recording = session.get_one(LectureSession, upload.session_id)
        assert (recording.phase, recording.bytes, recording.state_version) == ("ended", 0, 0)
        assert (recording.language, recording.visibility) == ("ja", "public")
        assert recording.access_epoch > 0 and "行列式" in recording.words
        assert catalogue.page(session, true(), catalogue.Filter()).entries == ()


def test_unfinished_uploads_are_bounded(database: Database, room: Room) -> None:
    for _ in range(uploads.MAX_UPLOADING):
        upload = begin(database, room)
    with pytest.raises(TooManyUploads):
        begin(database, room)
    with database.session() as session:
        uploads.prepare(session, session.get_one(Upload, upload.id), Path("/somewhere"))
    begin(database, room)


def test_it_is_prepared_once_by_a_job_of_the_recording(database: Database, room: Room) -> None:
    upload = begin(database, room, complete=True)
    with database.session() as session:
        uploads.prepare(session, session.get_one(Upload, upload.id), Path("/elsewhere"))
        job = session.query(Job).one()
    assert (job.subject, job.payload) == (upload.session_id, {"upload": upload.id, "source": "/somewhere"})


def test_what_is_told_of_it() -> None:
    upload = Upload(id="u", session_id="s", filename="f", bytes=1, state=UploadState.UPLOADING)
    job = Job(state=JobState.WAITING, waits_for=JobWait.SCANNER, message="", progress=0.0)
    assert standing_of(upload, None) == Standing("uploading")
    upload.state = UploadState.PREPARING
    assert standing_of(upload, job) == Standing("waiting", "scanner")
    job.waits_for = None
    assert standing_of(upload, job) == Standing("waiting", None)
    job.state, job.message, job.progress = JobState.RUNNING, SCANNING, 0.02
    assert standing_of(upload, job) == Standing("checking", None, 0.02)
    job.message = "preparing"
    assert standing_of(upload, job) == Standing("preparing", None, 0.02)
    for state in (JobState.FAILED, JobState.CANCELLED):
        job.state = state
        assert standing_of(upload, job) == Standing("failed", GIVEN_UP)
    assert standing_of(upload, None) == Standing("failed", GIVEN_UP)
    upload.state, upload.reason = UploadState.QUARANTINED, "Eicar"
    assert standing_of(upload, job) == Standing("quarantined", "Eicar")


def test_what_the_job_made_of_it_is_noted(database: Database, room: Room) -> None:
    good, bad, ill = (begin(database, room, complete=True) for _ in range(3))
    assert uploads.is_imported(database, good.id, {"seconds": 1.0}) is UploadState.READY
    assert uploads.is_imported(database, good.id, {"refused": "gone"}) is UploadState.READY
    assert uploads.is_imported(database, bad.id, {"refused": "cut_off"}) is UploadState.FAILED
    assert uploads.is_imported(database, ill.id, {"infected": "Eicar"}) is UploadState.QUARANTINED
    assert uploads.is_imported(database, "another", {}) is None
    with database.reading() as session:
        listed = [(one.id, one.reason) for one, _, _ in uploads.under_way(session, true())]
        told = uploads.standings(session, [good.session_id, bad.session_id, ill.session_id])
    assert listed == [(ill.id, "Eicar"), (bad.id, "cut_off")]
    assert told == {
        bad.session_id: Standing("failed", "cut_off"),
        ill.session_id: Standing("quarantined", "Eicar"),
    }


def test_what_failed_is_tried_again(database: Database, room: Room) -> None:
    upload = begin(database, room, complete=True)
    with database.session() as session, pytest.raises(StillBusy):
        uploads.retry(session.get_one(Upload, upload.id), job_of(database, upload))
    jobs = Jobs(database)
    jobs.cancel(job_of(database, upload).id)
    with database.session() as session:
        job_id = uploads.retry(session.get_one(Upload, upload.id), job_of(database, upload))
    jobs.retry(job_id)
    assert job_of(database, upload).state == JobState.WAITING


def test_it_goes_with_its_recording_unless_that_has_media(database: Database, room: Room) -> None:
    first, second = begin(database, room, complete=True), begin(database, room)
    with database.session() as session:
        session.add(Tag(session_id=first.session_id, tag="algebra"))
        session.get_one(LectureSession, second.session_id).bytes = 7
    with database.session() as session:
        job_id = uploads.remove(session, session.get_one(Upload, first.id))
        assert uploads.remove(session, session.get_one(Upload, second.id)) is None
    assert job_id is not None and Jobs(database).cancel(job_id)
    with database.reading() as session:
        assert [one.id for one in session.query(LectureSession)] == [second.session_id]
        assert uploads.get(session, first.id) is None and uploads.get(session, "\0") is None


def test_the_room_of_somebodys_uploads(database: Database, room: Room) -> None:
    with database.session() as session:
        made = uploads_room(session, room.organization_id, room.owner_id)
        assert uploads_room(session, room.organization_id, room.owner_id).id == made.id
        nobodys = uploads_room(session, room.organization_id, None)
        assert nobodys.id != made.id and uploads_room(session, room.organization_id, None).id == nobodys.id
        assert (made.access, made.password_hash, made.uploads) == (RoomAccess.PASSWORD, None, True)
        owner = session.get_one(User, room.owner_id)
        assert [one.slug for one in rooms_of(session, owner)] == ["hall"]
