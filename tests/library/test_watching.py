"""What viewers have watched, in both databases: one row each, devices one after the other, edits followed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from library import watched_spans, watching
from library.database import Database
from library.models import LectureSession, WatchedRow
from library.watched_spans import Span, UnfitClaim, Watched
from people.models import User
from tests.library.archive_rows import BEGAN, make_recording, make_room

NOW = BEGAN + timedelta(days=3)


class Class:
    """A recording of an hour, its room's owner and nobody else to watch it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.room = make_room(database)
        self.recording = make_recording(database, self.room)
        with database.reading() as transaction:
            self.person = transaction.scalars(select(User.id)).one()

    @property
    def row(self) -> LectureSession:
        with self.database.reading() as transaction:
            return transaction.get_one(LectureSession, self.recording)

    def show(self, *spans: Span) -> None:
        with self.database.session() as transaction:
            row = transaction.get_one(LectureSession, self.recording)
            row.shown = watched_spans.packed(spans)
            row.seconds = watched_spans.seconds_of(spans)

    def tell(self, *claims: Span, position: float = 0.0, after: float = 0.0) -> Watched:
        now = NOW + timedelta(seconds=after)
        with self.database.session() as transaction:
            row = transaction.get_one(LectureSession, self.recording)
            return watching.note(transaction, self.person, row, claims, position, now)

    def known(self) -> Watched:
        with self.database.reading() as transaction:
            return watching.of_person(transaction, self.person, [self.recording])[self.recording]


@pytest.fixture
def lesson(database: Database) -> Class:
    return Class(database)


def test_beacons_add_up_in_one_row(lesson: Class) -> None:
    lesson.tell((0, 30), position=30)
    told = lesson.tell((30, 55.5), (600, 604.25), position=604.25, after=30)
    assert told == lesson.known()
    assert told.spans == ((0.0, 55.5), (600.0, 604.25)) and told.position == 604.25
    with lesson.database.reading() as transaction:
        assert transaction.scalar(select(func.count()).select_from(WatchedRow)) == 1
        assert watching.of_person(transaction, None, [lesson.recording]) == {}
        assert watching.of_person(transaction, lesson.person, []) == {}
        assert watching.of_person(transaction, "somebody", [lesson.recording]) == {}


@pytest.mark.usefixtures("patient")
def test_two_devices_at_the_same_moment_both_count(lesson: Class) -> None:
    lesson.tell((0, 1), position=1)

    def tell(number: int) -> Watched:
        return lesson.tell((10 * number, 10 * number + 3), position=number, after=30)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(1, 9)))
    assert lesson.known().spans == ((0.0, 1.0), *((10.0 * n, 10.0 * n + 3) for n in range(1, 9)))


def test_what_is_refused_leaves_nothing(lesson: Class) -> None:
    with pytest.raises(UnfitClaim):
        lesson.tell((5, 4))
    with lesson.database.reading() as transaction:
        assert transaction.scalar(select(func.count()).select_from(WatchedRow)) == 0


def test_how_far_one_is_follows_what_is_shown(lesson: Class) -> None:
    lesson.show((0, 80), (120, 140))
    lesson.tell((0, 60), position=60)
    assert watching.completion_of(lesson.known(), lesson.row) == 0.6
    assert watching.place_to_go_on(lesson.known(), lesson.row) == 60
    lesson.show((0, 60))  # the rest was cut off
    assert watching.completion_of(lesson.known(), lesson.row) == 1.0
    assert watching.place_to_go_on(lesson.known(), lesson.row) == 0


def test_a_recording_older_than_its_spans_is_all_shown(lesson: Class) -> None:
    lesson.tell((0, 36), position=36)
    row = lesson.row
    assert row.shown is None and watching.end_of(row) == 3600
    row.seconds = 72.0  # of an hour with slates
    assert watching.completion_of(lesson.known(), row) == 0.5
    assert watching.place_to_go_on(lesson.known(), row) == 36
