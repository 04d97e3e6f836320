"""Adoption over real logs and a real database: once per version, nothing orphaned, whatever happened."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from broadcast.adoption import COMPARE_SECONDS, SessionAdopter, adopt_session
from broadcast.event_log import EventLog, EventRow
from broadcast.session_directory import SessionDirectory
from library.database import Database, DatabaseUnavailable, utc_now
from library.models import Job, LectureSession
from people.accounts import default_organization
from people.models import Room
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.media import SessionPhase
from recorder.session_state import PlaybackState
from tests.broadcast.session_writer import SessionWriter
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media


class Clock:
    """Monotonic seconds that only move when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A lecture on disk and the adopters of any number of web processes."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database, self.clock, self.announced = database, Clock(), list[str]()
        self.writer = SessionWriter(folder)
        self.adopter = self.another()

    def another(self) -> SessionAdopter:
        directory = SessionDirectory(self.writer.settings, self.database, clock=self.clock)
        log = EventLog(self.database)
        return SessionAdopter(self.database, log, self.announced.append, directory, clock=self.clock)

    def step(self, seconds: float = 0.5) -> None:
        self.clock.now += seconds
        self.adopter.step()

    def add_room(self, *, room_id: str | None = None, slug: str = "hall") -> None:
        with self.database.session() as session:
            organization = default_organization(session)
            session.add(
                Room(
                    id=room_id or self.writer.state.room_id,
                    organization_id=organization.id,
                    slug=slug,
                    title="R",
                )
            )

    def lecture(self) -> None:
        self.writer.begin_take()
        self.writer.parts(7)
        self.writer.end()

    def all(self, model: type) -> list:  # type: ignore[type-arg]
        with self.database.reading() as session:
            return list(session.scalars(select(model)))

    def mp4_jobs(self) -> list[Job]:
        return [job for job in self.all(Job) if job.kind == "mp4"]

    def versions_told(self) -> list[int]:
        return [json.loads(event.payload)["version"] for event in self.told()]

    def told(self) -> list[EventRow]:
        """What the feed has of sessions' states and versions."""
        return [event for event in self.all(EventRow) if event.kind in ("session", "replay")]


@pytest.fixture
def stage(tmp_path: Path, sqlite_database: Database) -> Stage:
    return Stage(tmp_path / "disk", sqlite_database)


def test_a_lecture_becomes_row_event_and_job(stage: Stage) -> None:
    stage.add_room()
    stage.step()
    (row,) = stage.all(LectureSession)
    assert (row.phase, row.state_version, row.room_id) == ("live", 1, stage.writer.state.room_id)
    (transcript,) = stage.all(Job)
    assert (transcript.kind, transcript.subject) == ("transcribe", row.id)
    assert transcript.not_before > utc_now(), "there is nothing to hear yet"
    stage.lecture()
    stage.step()
    (transcript,) = (job for job in stage.all(Job) if job.kind == "transcribe")
    assert transcript.not_before <= utc_now()
    (row,) = stage.all(LectureSession)
    assert row.phase == "ended" and row.bytes > 0 and row.ended_at is not None
    (job,) = stage.mp4_jobs()
    assert (job.kind, job.key, job.subject) == ("mp4", f"mp4:{row.id}", row.id)
    assert [job.key for job in stage.all(Job) if job.kind == "pictures"] == [f"pictures:{row.id}:1"]
    assert stage.versions_told() == [1, 2]
    assert stage.announced == [row.room_id] * 2
    payload = json.loads(stage.all(EventRow)[-1].payload)
    assert {
        "state",
        "session",
        "version",
        "started_at",
        "ended_at",
        "recorder_epoch",
        "recording",
        "reason",
        "has_replay",
        "replay_version",
        "off_record",
    } == set(payload)
    assert payload["state"] == "ended" and payload["recording"]["state"] == "ok"


@pytest.mark.usefixtures("patient")
def test_each_version_is_told_once_by_however_many_processes(stage: Stage) -> None:
    stage.add_room()
    adopters = [stage.another() for _ in range(4)]
    for reason in ("one", "two", "three"):
        stage.writer.change(end_reason=reason)
        stage.clock.now += COMPARE_SECONDS
        threads = [threading.Thread(target=adopter.step) for adopter in adopters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stage.versions_told() == [2, 3, 4]
    assert stage.all(LectureSession)[0].end_reason == "three"


def test_a_lecture_of_nothing_but_slates_makes_no_mp4(stage: Stage) -> None:
    stage.writer.begin_take(slate=True)
    stage.writer.parts(3)
    stage.writer.end()
    stage.step()
    (row,) = stage.all(LectureSession)
    assert (row.phase, row.bytes) == ("ended", 0)  # so no list of recordings shows it
    assert stage.mp4_jobs() == []


def test_a_room_that_the_database_lost_is_made_again(stage: Stage) -> None:
    stage.step()
    (room,) = stage.all(Room)
    assert (room.id, room.slug, room.access) == (stage.writer.state.room_id, "hall", "open")


@pytest.mark.parametrize(
    ("room_is_known", "began_seconds_ago", "anew"), [(True, 1, False), (True, 3600, True), (False, 1, True)]
)
def test_events_that_a_lost_database_may_have_told_are_not_numbered_again(
    stage: Stage, room_is_known: bool, began_seconds_ago: float, anew: bool
) -> None:
    """Caches hold the batches of before for a year: another numbering begins where none of them is."""
    if room_is_known:
        stage.add_room()
    stage.writer.change(started_at=time.time() - began_seconds_ago)
    before = int(time.time())
    stage.step()
    event, _kept, title = stage.all(EventRow)
    assert (event.kind, title.kind) == ("session", "title")
    assert (event.batch, event.seq) >= (before, before) if anew else (event.batch, event.seq) == (0, 0)


def test_a_slug_that_is_taken_gets_a_suffix(stage: Stage) -> None:
    stage.add_room(room_id="another", slug="hall")
    stage.step()
    (made,) = [room for room in stage.all(Room) if room.id == stage.writer.state.room_id]
    assert made.slug.startswith("hall-") and len(made.slug) == len("hall-") + 6


def test_titles_of_any_length_and_kind_fit(stage: Stage) -> None:
    stage.writer.change(title="講義\x00\n" * 200)
    stage.step()
    (row,) = stage.all(LectureSession)
    assert len(row.title) == 200 and row.title.startswith("講義 講義")


def test_one_that_cannot_be_adopted_does_not_keep_out_others(stage: Stage) -> None:
    other = SessionWriter(stage.writer.settings.storage.parent, room_id="room-2")
    stage.writer.change(started_at=1e300)
    stage.step()
    assert [row.id for row in stage.all(LectureSession)] == [other.session_id]
    stage.writer.change(started_at=1_795_000_000.0)
    stage.step()
    assert len(stage.all(LectureSession)) == 2


def test_a_replaced_database_gets_everything_again(
    stage: Stage,
    sqlite_template: Path,
    tmp_path: Path,
) -> None:
    stage.lecture()
    stage.step()
    file = tmp_path / "kodo.db"
    for name in ("kodo.db", "kodo.db-wal", "kodo.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises(DatabaseUnavailable):
        stage.step(COMPARE_SECONDS)
    shutil.copy(sqlite_template, tmp_path / "new.db")
    os.rename(tmp_path / "new.db", file)
    stage.step(COMPARE_SECONDS)
    assert [row.phase for row in stage.all(LectureSession)] == ["ended"]
    assert len(stage.mp4_jobs()) == 1 and stage.versions_told() == [2]


def test_an_older_copy_of_the_database_catches_up(stage: Stage) -> None:
    stage.add_room()
    stage.lecture()
    stage.step()
    with stage.database.session() as session:  # as a restored backup would have it
        row = session.get(LectureSession, stage.writer.session_id)
        assert row is not None
        row.phase, row.state_version, row.ended_at = "live", 1, None
    stage.step(COMPARE_SECONDS)
    assert stage.all(LectureSession)[0].phase == SessionPhase.ENDED.value


def test_the_thread_adopts_and_survives_being_closed_twice(stage: Stage) -> None:
    told = threading.Event()
    directory = SessionDirectory(stage.writer.settings, stage.database)
    adopter = SessionAdopter(stage.database, EventLog(stage.database), lambda room_id: told.set(), directory)
    adopter.open()
    try:
        assert told.wait(60)
        told.clear()
        stage.writer.change(end_reason="changed")
        adopter.on_hint({"kind": "state", "session": stage.writer.session_id})
        assert told.wait(60)
    finally:
        adopter.close()
        adopter.close()
    assert stage.all(LectureSession)[0].end_reason == "changed"


def test_what_is_played_is_an_event_once(stage: Stage) -> None:
    stage.add_room()
    stage.writer.begin_take()
    stage.writer.parts(3)
    stage.step()
    version = stage.writer.state.version + 2  # a version was passed over: the newest counts
    film = PlaybackState("m1", "A film", False, 2.0, 60.0, True, 1.0)
    stage.writer.state = replace(
        stage.writer.state, version=version, playback=film, playback_version=version - 1
    )
    stage.writer.save()
    stage.step()
    stage.writer.state = replace(stage.writer.state, version=version + 1)
    stage.writer.save()
    stage.step()
    (event,) = [event for event in stage.all(EventRow) if event.kind == "playback"]
    told = json.loads(event.payload)["playback"]
    assert {**told, "position": None} == {
        "kind": "film",
        "media_id": "m1",
        "title": "A film",
        "state": "playing",
        "position": None,
        "duration": 60.0,
        "voice_over": True,
    }
    stage.writer.state = replace(
        stage.writer.state, version=version + 2, playback=None, playback_version=version + 2
    )
    stage.writer.save()
    stage.step()
    last = [event for event in stage.all(EventRow) if event.kind == "playback"][-1]
    assert json.loads(last.payload) == {"playback": None}


# Versions of the edit list


def heal(writer: SessionWriter, version: int = 2) -> None:
    """Another two seconds behind the lecture."""
    folder = writer.settings.sessions_folder
    number = write_healed(folder, writer.session_id, version - 1, make_media(2.0), start_pts=writer.pts)
    edits = EditList(version, (Span(1, 0, 0), Span(number, 0, 0)))
    edit_list_files.save(folder, writer.session_id, edits)


def replays_told(stage: Stage) -> list[tuple[str, str | None, int]]:
    return [(e.kind, e.session_id, json.loads(e.payload)["replay_version"]) for e in stage.told()]


def test_a_version_becomes_row_event_and_job_once(stage: Stage) -> None:
    stage.add_room()
    stage.lecture()
    stage.step()
    before = stage.all(LectureSession)[0].bytes
    heal(stage.writer)
    others = [stage.another() for _ in range(3)]
    stage.step(COMPARE_SECONDS)
    for adopter in others:
        adopter.step()
    adopt_session(stage.writer.settings, stage.database, stage.writer.session_id)
    (row,) = stage.all(LectureSession)
    assert row.edit_version == 2 and row.bytes > before
    assert [version for _, _, version in replays_told(stage)] == [1, 2]
    keys = {job.key: (job.state, job.payload) for job in stage.mp4_jobs()}
    assert keys == {
        f"mp4:{row.id}": ("cancelled", {"version": 1}),
        f"mp4:{row.id}:2": ("waiting", {"version": 2}),
    }


def test_a_job_in_another_process_tells_of_its_version_itself(stage: Stage) -> None:
    stage.add_room()
    stage.lecture()
    stage.step()
    stage.announced.clear()
    heal(stage.writer)
    adopt_session(stage.writer.settings, stage.database, stage.writer.session_id)
    assert replays_told(stage)[-1] == ("session", stage.writer.session_id, 2)
    stage.step(COMPARE_SECONDS)
    assert stage.announced == [] and len(stage.told()) == 2, "and nobody tells of it again"
    adopt_session(stage.writer.settings, stage.database, "no-such-session")


def test_a_lost_database_learns_versions_from_the_files(stage: Stage) -> None:
    stage.lecture()
    heal(stage.writer)
    heal(stage.writer, 3)
    stage.step()
    (row,) = stage.all(LectureSession)
    assert row.edit_version == 3
    assert [job.key for job in stage.mp4_jobs()] == [f"mp4:{row.id}:3"]


def test_an_older_copy_of_the_database_learns_the_version(stage: Stage) -> None:
    stage.add_room()
    stage.lecture()
    heal(stage.writer)
    stage.step()
    with stage.database.session() as session:
        session.get_one(LectureSession, stage.writer.session_id).edit_version = 1
    stage.step(COMPARE_SECONDS)
    assert stage.all(LectureSession)[0].edit_version == 2


def test_a_torn_version_is_none(stage: Stage) -> None:
    stage.add_room()
    stage.lecture()
    heal(stage.writer)
    path = stage.writer.settings.sessions_folder / stage.writer.session_id / "edits" / "0002.json"
    path.write_bytes(path.read_bytes()[:30])
    for _ in range(3):
        stage.step(COMPARE_SECONDS)
    assert stage.all(LectureSession)[0].edit_version == 1 and len(stage.told()) == 1


def test_a_lecture_of_which_only_the_copy_is_left_becomes_a_recording(stage: Stage) -> None:
    stage.add_room()
    stage.writer.begin_take(slate=True)
    stage.writer.parts(3)
    stage.writer.end()
    stage.step()
    assert stage.all(LectureSession)[0].bytes == 0
    folder = stage.writer.settings.sessions_folder
    number = write_healed(folder, stage.writer.session_id, 1, make_media(2.0), start_pts=0)
    edit_list_files.save(folder, stage.writer.session_id, EditList(2, (Span(number, 0, 0),)))
    stage.step(COMPARE_SECONDS)
    (row,) = stage.all(LectureSession)
    assert row.bytes > 0 and json.loads(stage.told()[-1].payload)["has_replay"]
    assert [job.key for job in stage.mp4_jobs()] == [f"mp4:{row.id}:2"]


def test_news_of_an_older_session_do_not_hide_the_last_one(stage: Stage) -> None:
    """Snapshots tell the room's last `session` event."""
    stage.add_room()
    stage.lecture()
    old = stage.writer
    later = SessionWriter(old.settings.storage.parent, room_id=old.state.room_id)
    later.change(started_at=old.state.started_at + 3600)
    stage.step()
    heal(old)
    stage.step(COMPARE_SECONDS)
    assert replays_told(stage)[-1] == ("replay", old.session_id, 2)
    last = [e for e in stage.all(EventRow) if e.kind == "session"][-1]
    assert last.session_id == later.session_id
