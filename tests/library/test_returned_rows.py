"""Rows of a recording go into another database and back, whatever has become of people and series there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from library import catalogue, removals, returned_rows, transcripts
from library.database import Database, open_database, utc_now
from library.keeping import Kept, Removal
from library.models import ChapterRow, Job, LectureSession, Series, Tag, WatchedRow
from library.returned_rows import RoomGone, RowsMissing
from library.search import SearchIndex
from library.transcript_formats import Cue
from people.command_line import add_room, add_user
from people.models import Role, Room, User

HOLD = timedelta(days=7)
ID = "01a2170c-03fb-77df-93e4-62ba5fcd2858"


@pytest.fixture
def then(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A generation's database, which holds the recording."""
    shutil.copy(sqlite_template, tmp_path / "then.db")
    database = open_database(f"sqlite:///{tmp_path / 'then.db'}")
    add_user(database, "sato", Role.LECTURER, "a long enough secret")
    add_room(database, "algebra", "sato")
    with database.session() as session:
        room = session.scalars(select(Room)).one()
        now = utc_now()
        session.add(
            LectureSession(
                id=ID,
                room_id=room.id,
                organization_id=room.organization_id,
                title="Eigenvalues",
                phase="ended",
                started_at=now,
                ended_at=now,
                bytes=10,
            )
        )
        session.flush()
        row = session.get_one(LectureSession, ID)
        catalogue.change(session, row, {"series": "Linear algebra", "tags": ["week 7"], "lecturer": "Sato"})
        session.add(ChapterRow(session_id=ID, number=0, at=0.0, title="Begin", origin="person"))
        session.add(
            WatchedRow(
                user_id=str(room.owner_id), session_id=ID, spans=[], position=3.0, credit=0.0, updated_at=now
            )
        )
        transcripts.save(
            session,
            ID,
            "en",
            [Cue(0.0, 2.0, "the characteristic polynomial")],
            origin="person",
            author=room.owner_id,
        )
    yield database
    database.close()


def come_back(then: Database, now: Database) -> LectureSession:
    with then.reading() as source:
        rows = returned_rows.read(source, ID)
    with now.session() as session:
        return returned_rows.put_back(session, rows, utc_now(), HOLD)


def found(database: Database, words: str) -> bool:
    return bool(SearchIndex(database).find(words, LectureSession.id.is_not(None)).recordings)


def test_what_was_removed_for_good_is_there_again_with_all_that_was_said_of_it(then: Database) -> None:
    with then.reading() as source:
        rows = returned_rows.read(source, ID)
    with then.session() as session:
        removals.order(session, session.get_one(LectureSession, ID), Removal.OWNER, utc_now())
    removals.is_removed(then, ID, ["disk"], utc_now())
    assert not found(then, "polynomial")
    with pytest.raises(RowsMissing), then.reading() as source:
        returned_rows.read(source, ID)
    for _ in range(2):  # a job that was killed does it again
        with then.session() as session:
            returned_rows.put_back(session, rows, utc_now(), HOLD)
    with then.reading() as session:
        row = session.get_one(LectureSession, ID)
        assert (row.title, row.removal, row.deleted_at, row.removed_at) == ("Eigenvalues", None, None, None)
        assert row.access_epoch > rows.session["access_epoch"]
        assert session.scalars(select(Tag.tag)).all() == ["week 7"]
        assert session.scalars(select(ChapterRow.title)).all() == ["Begin"]
        assert session.get_one(Series, row.series_id).title == "Linear algebra"
        version = transcripts.current(session, ID)
        assert version is not None and transcripts.cues_of(session, version)[0].text.startswith("the char")
        assert session.scalars(select(Job)).all() == [], "its removal may be ordered again"
        assert row.words
    assert found(then, "polynomial")


def test_a_person_who_is_no_more_takes_only_what_was_theirs(then: Database) -> None:
    with then.reading() as source:
        rows = returned_rows.read(source, ID)
    with then.session() as session:
        removals.order(session, session.get_one(LectureSession, ID), Removal.OWNER, utc_now())
    removals.is_removed(then, ID, ["disk"], utc_now())
    with then.session() as session:
        session.scalars(select(Room)).one().owner_id = None
        session.flush()
        session.execute(delete(User))
        returned_rows.put_back(session, rows, utc_now(), HOLD)
    with then.reading() as session:
        version = transcripts.current(session, ID)
        assert version is not None and version.author is None
        assert session.scalars(select(WatchedRow)).all() == []


def test_what_was_held_is_held_again_and_not_shown(then: Database) -> None:
    with then.session() as session:
        row = session.get_one(LectureSession, ID)
        row.kept, row.held_until = Kept.HELD, utc_now() - timedelta(days=30)
    row = come_back(then, then)
    assert row.kept == Kept.HELD and row.held_until is not None and row.held_until > utc_now()


def test_without_its_room_it_cannot_be(then: Database, database: Database) -> None:
    with pytest.raises(RoomGone):
        come_back(then, database)
