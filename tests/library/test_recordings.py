"""The MP4 of a recording per version: ordered once, noted, and the older one only then removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from library import films, recordings
from library.database import Database, utc_now
from library.jobs import Jobs
from library.models import Job, JobState, LectureSession
from people.models import Room

SESSION = "0198-abc"


@pytest.fixture
def recorded(database: Database, room: Room) -> None:
    """The room has a recording."""
    with database.session() as session:
        session.add(
            LectureSession(
                id=SESSION,
                room_id=room.id,
                organization_id=room.organization_id,
                title="L",
                phase="ended",
                started_at=utc_now(),
            )
        )


def row(database: Database) -> LectureSession:
    with database.reading() as session:
        return session.get_one(LectureSession, SESSION)


def order(database: Database, version: int) -> Job:
    with database.session() as session:
        return recordings.order_mp4(session, SESSION, version)


def made(version: int) -> dict[str, object]:
    return {"path": f"/r/{version}.mp4", "bytes": version, "version": version}


def test_each_version_is_one_job(database: Database, recorded: None) -> None:
    first, again, second = order(database, 1), order(database, 1), order(database, 2)
    assert first.id == again.id != second.id
    assert (first.key, second.key) == (f"mp4:{SESSION}", f"mp4:{SESSION}:2")
    assert (first.lane, second.payload) == ("export", {"version": 2})


def test_an_older_one_that_waits_is_not_made_and_one_that_runs_is(database: Database, recorded: None) -> None:
    jobs = Jobs(database)
    first = order(database, 1)
    with database.session() as session:
        session.get_one(Job, first.id).state = JobState.RUNNING
    second, third = order(database, 2), order(database, 3)
    states = [jobs.get(job.id).state for job in (first, second, third)]
    assert states == ["running", "cancelled", "waiting"]


def test_the_newest_mp4_is_noted_whichever_comes_last(database: Database, recorded: None) -> None:
    assert recordings.mp4_is_there(database, SESSION, {"path": "/r/1.mp4", "bytes": 1}) == 1
    assert recordings.mp4_is_there(database, SESSION, made(3)) == 3
    assert recordings.mp4_is_there(database, SESSION, made(2)) == 3
    assert recordings.mp4_is_there(database, SESSION, made(3)) == 3
    assert (row(database).mp4_path, row(database).mp4_bytes) == ("/r/3.mp4", 3)


def test_a_session_without_a_row_is_worth_another_attempt(database: Database) -> None:
    with pytest.raises(recordings.SessionMissing):
        recordings.mp4_is_there(database, "unknown", made(1))


def test_a_film_that_is_to_be_made_of_it_is_made_of_the_newer(
    database: Database, room: Room, recorded: None
) -> None:
    recordings.mp4_is_there(database, SESSION, made(1))
    with database.session() as session:
        lecture = session.get_one(LectureSession, SESSION)
        film = films.add_recording(session, room.id, str(room.owner_id), lecture)
        other = films.add(
            session, room_id=room.id, organization_id=room.organization_id, owner_id=str(room.owner_id),
            title="F", size=5,
        )  # fmt: skip
        films.prepare(session, other, "/elsewhere")
    recordings.mp4_is_there(database, SESSION, made(2))
    with database.reading() as session:
        sources = {job.subject: job.payload["source"] for job in session.query(Job)}
    assert sources == {film.id: "/r/2.mp4", other.id: "/elsewhere"}


def test_only_older_files_of_the_session_are_removed(tmp_path: Path) -> None:
    names = [
        recordings.mp4_path(tmp_path, name, version).name
        for name in (SESSION, "0198-abc-2", "0198")
        for version in (1, 2, 3, 10)
    ]
    for name in (*names, "0198-abc.old.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    for version in (1, 3):
        partial = recordings.mp4_path(tmp_path, SESSION, version)
        (tmp_path / f"{partial.name}.partial").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    recordings.remove_older(tmp_path, SESSION, 3)
    gone = before - {path.name for path in tmp_path.iterdir()}
    assert gone == {"0198-abc.mp4", "0198-abc.2.mp4", "0198-abc.mp4.partial"}
    recordings.remove_older(tmp_path, SESSION, 3)
