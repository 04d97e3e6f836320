"""Which session a room shows, from real logs on disk, with the database there or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.session_directory import FIGURES_SECONDS, SessionDirectory
from library.database import Database, DatabaseUnavailable
from library.models import LectureSession
from people.accounts import default_organization
from people.models import Room
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.media import RecordingState, SessionPhase
from tests.broadcast.session_writer import ROOM, SessionWriter
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media


class Clock:
    """Monotonic seconds that only move when told."""

    now = 100.0

    def __call__(self) -> float:
        self.now += FIGURES_SECONDS  # nothing of before is fresh
        return self.now


@pytest.fixture
def writer(tmp_path: Path) -> SessionWriter:
    return SessionWriter(tmp_path / "disk")


@pytest.fixture
def directory(writer: SessionWriter, sqlite_database: Database) -> SessionDirectory:
    return SessionDirectory(writer.settings, sqlite_database, clock=Clock())


def test_a_live_session_is_told_from_its_files(writer: SessionWriter, directory: SessionDirectory) -> None:
    writer.begin_take()
    writer.parts(3)
    found = directory.current(ROOM, "hall")
    assert found is not None
    assert (found.id, found.phase, found.recording) == (
        writer.session_id,
        SessionPhase.LIVE,
        RecordingState.OK,
    )
    before = found.bytes
    writer.parts(2)
    later = directory.current(ROOM, "hall")
    assert later is not None and later.bytes > before > 0 and later.last_part_at is not None
    assert not later.has_replay


def test_its_end_is_seen_and_it_has_a_replay(writer: SessionWriter, directory: SessionDirectory) -> None:
    writer.begin_take()
    writer.parts(7)
    directory.current(ROOM, "hall")
    writer.end()
    found = directory.current(ROOM, "hall")
    assert found is not None and found.phase is SessionPhase.ENDED and found.has_replay
    assert directory.by_id(writer.session_id) == found


def test_nothing_but_slates_is_no_replay(writer: SessionWriter, directory: SessionDirectory) -> None:
    writer.begin_take(slate=True)
    writer.parts(3)
    writer.end()
    found = directory.current(ROOM, "hall")
    assert found is not None and not found.has_replay


def test_a_session_that_left_nothing_hides_no_recording(
    writer: SessionWriter, directory: SessionDirectory
) -> None:
    writer.begin_take()
    writer.parts(7)
    writer.end()
    later = SessionWriter(writer.settings.storage.parent)
    later.begin_take(slate=True)
    later.parts(3)
    found = directory.current(ROOM, "hall")
    assert found is not None and found.id == later.session_id, "while it goes on it is shown"
    later.end()
    found = directory.current(ROOM, "hall")
    assert found is not None and (found.id, found.has_replay) == (writer.session_id, True)


def test_a_live_session_goes_before_an_ended_one(writer: SessionWriter, directory: SessionDirectory) -> None:
    other = SessionWriter(writer.settings.storage.parent)
    other.begin_take()
    other.parts(1)
    other.end()
    found = directory.current(ROOM, "hall")
    assert found is not None and found.id == writer.session_id


def test_without_a_database_the_slug_finds_it(
    writer: SessionWriter, directory: SessionDirectory, tmp_path: Path
) -> None:
    (tmp_path / "kodo.db").unlink()
    found = directory.current(None, "hall")
    assert found is not None and found.id == writer.session_id
    with pytest.raises(DatabaseUnavailable):
        directory.current("elsewhere", "elsewhere")


def test_a_session_without_files_is_told_from_its_row(
    directory: SessionDirectory,
    sqlite_database: Database,
) -> None:
    with sqlite_database.session() as session:
        organization = default_organization(session)
        session.add(Room(id="r2", organization_id=organization.id, slug="other", title="Other"))
        session.flush()
        session.add(
            LectureSession(
                id="gone",
                room_id="r2",
                organization_id=organization.id,
                title="Gone",
                phase="ended",
                started_at=datetime(2026, 1, 1, tzinfo=UTC),
                bytes=7,
            )
        )
    found = directory.current("r2", "other")
    assert found is not None and (found.id, found.bytes, found.has_replay) == ("gone", 7, False)
    assert directory.by_id("gone") == found


@pytest.mark.parametrize("name", ["", "..", "a/b", "x" * 65, "nobody"])
def test_unknown_and_malicious_names_are_nothing(directory: SessionDirectory, name: str) -> None:
    assert directory.by_id(name) is None


def heal(writer: SessionWriter, version: int = 2) -> int:
    folder = writer.settings.sessions_folder
    number = write_healed(folder, writer.session_id, version - 1, make_media(2.0), start_pts=0)
    edit_list_files.save(folder, writer.session_id, EditList(version, (Span(number, 0, 0),)))
    return number


def test_an_ended_session_has_the_newest_version_of_its_replay(
    writer: SessionWriter, directory: SessionDirectory
) -> None:
    writer.begin_take(slate=True)
    writer.parts(3)
    writer.end()
    before = directory.current(ROOM, "hall")
    assert before is not None and (before.has_replay, before.replay_version) == (False, 1)
    for version in (2, 3):
        heal(writer, version)
        found = directory.current(ROOM, "hall")
        assert found is not None and (found.has_replay, found.replay_version) == (True, version)
        assert found.bytes > before.bytes
        before = found


def test_a_session_under_way_has_no_later_version(writer: SessionWriter, directory: SessionDirectory) -> None:
    writer.begin_take()
    writer.parts(7)
    heal(writer)
    found = directory.current(ROOM, "hall")
    assert found is not None and (found.has_replay, found.replay_version) == (False, 1)


def test_a_healed_take_is_no_session_and_no_take(writer: SessionWriter, directory: SessionDirectory) -> None:
    writer.begin_take()
    writer.parts(7)
    writer.end()
    heal(writer)
    assert list(directory.states()) == [writer.session_id]
