"""What is coming up, from a real database: next first, who sees it, and how long one that is late stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from broadcast.lecture_lists import MAX_COMING_UP, coming_up
from broadcast.lecture_schedule import LATE
from library.database import Database, utc_now
from library.models import ScheduledLecture
from people.models import Room, User
from tests.broadcast.page_app import Archive

NOW = utc_now()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database)


def plan(
    archive: Archive, room: Room, title: str, starts_at: datetime, session_id: str | None = None
) -> None:
    lecture = ScheduledLecture(
        room_id=room.id, title=title, starts_at=starts_at, minutes=90, session_id=session_id
    )
    with archive.database.session() as transaction:
        transaction.add(lecture)


def titles(archive: Archive, person: User | None = None, search: str = "") -> list[str]:
    with archive.database.reading() as transaction:
        return [one.plan.title for one in coming_up(transaction, person, NOW, search)]


def test_next_first_without_what_is_held_or_too_late(archive: Archive) -> None:
    held = archive.lecture(archive.hall, "s1")
    plan(archive, archive.hall, "later", NOW + 60 * MINUTE)
    plan(archive, archive.hall, "late", NOW - LATE + MINUTE)
    plan(archive, archive.hall, "too late", NOW - LATE)
    plan(archive, archive.hall, "held", NOW, held)
    plan(archive, archive.hall, "soon", NOW + MINUTE)
    assert titles(archive) == ["late", "soon", "later"]


def test_so_many_and_the_next_of_them(archive: Archive) -> None:
    for n in reversed(range(MAX_COMING_UP + 5)):
        plan(archive, archive.hall, str(n), NOW + n * MINUTE)
    assert titles(archive) == [str(n) for n in range(MAX_COMING_UP)]


def test_each_sees_what_they_may_watch(archive: Archive) -> None:
    for n, room in enumerate((archive.hall, archive.members, archive.secret)):
        plan(archive, room, room.slug, NOW + n * MINUTE)
    assert titles(archive) == ["hall"]
    assert titles(archive, archive.ben) == ["hall"], "of another organization"
    assert titles(archive, archive.vera) == ["hall", "members"]
    assert titles(archive, archive.hana) == ["hall", "members", "secret"]


def test_it_is_found_by_title_and_lecturer(archive: Archive) -> None:
    plan(archive, archive.hall, "Determinants", NOW)
    assert titles(archive, search="山田 DETERMINANTS") == ["Determinants"]
    assert titles(archive, search="volume") == []
