"""The pictures of a recording per version: ordered once, noted, and the older ones only then removed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select

import library.migration
from library import pictures
from library.database import Database
from library.jobs import Jobs
from library.migration import migrate
from library.models import Job, JobState, LectureSession
from library.recordings import SessionMissing
from tests.library.test_recordings import SESSION, recorded, row

__all__ = ["recorded"]  # the fixture: a session with its room


def order(database: Database, version: int) -> Job:
    with database.session() as session:
        return pictures.order_pictures(session, SESSION, version)


def test_a_version_is_ordered_once_and_makes_older_orders_needless(
    database: Database, recorded: None
) -> None:
    first = order(database, 1)
    assert order(database, 1).id == first.id
    second = order(database, 2)
    jobs = Jobs(database)
    assert (jobs.get(first.id).state, jobs.get(second.id).state) == (JobState.CANCELLED, JobState.WAITING)
    assert (second.lane, second.payload) == (pictures.LANE, {"version": 2})


def test_a_late_older_version_does_not_take_the_place_of_a_newer_one(
    database: Database, recorded: None
) -> None:
    assert row(database).pictures_version is None
    assert pictures.pictures_are_there(database, SESSION, {"version": 2, "poster": "two"}) == 2
    assert pictures.pictures_are_there(database, SESSION, {"version": 1, "poster": "one"}) == 2
    assert (row(database).pictures_version, row(database).poster) == (2, "two")
    pictures.pictures_are_there(database, SESSION, {"version": 3, "poster": None})
    assert (row(database).pictures_version, row(database).poster) == (3, None)


def test_a_session_that_is_not_known_yet(database: Database) -> None:
    with pytest.raises(SessionMissing):
        pictures.pictures_are_there(database, "s9", {"version": 1, "poster": None})


def test_what_was_recorded_before_gets_pictures_by_the_upgrade(
    database_url: str, database: Database, recorded: None
) -> None:
    with database.session() as session:
        recording = session.get_one(LectureSession, SESSION)
        recording.bytes, recording.edit_version = 1_000, 2
    _go_back_before(database, "0010")
    migrate(database_url)
    with database.reading() as session:
        job = session.scalars(select(Job)).one()
    assert (job.kind, job.subject, job.payload) == (pictures.KIND, SESSION, {"version": 2})
    assert job.id == order(database, 2).id
    assert Jobs(database).lease("w", pictures.LANE, [pictures.KIND], timedelta(seconds=30)) is not None


def _go_back_before(database: Database, revision: str) -> None:
    configuration = Config()
    configuration.set_main_option(
        "script_location", str(Path(library.migration.__file__).parent / "migrations")
    )
    configuration.set_main_option("path_separator", "os")
    before = ScriptDirectory.from_config(configuration).get_revision(revision).down_revision
    with database.engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, str(before))


def test_a_chosen_poster_is_noted_with_the_pictures_it_lies_with(database: Database, recorded: None) -> None:
    pictures.poster_is_there(database, SESSION, {})
    assert row(database).poster is None
    pictures.pictures_are_there(database, SESSION, {"version": 2, "poster": "two"})
    pictures.poster_is_there(database, SESSION, {"version": 1, "poster": "old"})
    assert row(database).poster == "two"
    pictures.poster_is_there(database, SESSION, {"version": 2, "poster": "chosen"})
    assert row(database).poster == "chosen"
    pictures.poster_is_there(database, "s9", {"version": 2, "poster": "x"})
    assert pictures.chosen_poster(database, "s9") == pictures.ChosenPoster(None, None)


def test_older_ones_and_what_attempts_left_go(tmp_path: Path) -> None:
    for name in ("v1", "v2.partial", "v3", "v4", "v4.partial", "else"):
        (tmp_path / SESSION / name).mkdir(parents=True)
        (tmp_path / SESSION / name / "poster.webp").write_bytes(b"x")
    pictures.remove_older(tmp_path, SESSION, 3)
    assert sorted(path.name for path in (tmp_path / SESSION).iterdir()) == ["else", "v3", "v4", "v4.partial"]
    assert pictures.folder_of(tmp_path, SESSION, 3).is_dir()
