"""Media of a lecture that has ended: read by whom its editors let, whatever the room says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast import recording_access
from broadcast.access import OPEN, sign
from broadcast.access_texts import editors_access_text
from broadcast.recording_access import EDITORS, FILE_NAME, RecordingAccess, RecordingBook, changes_in
from library import catalogue
from library.database import Database, utc_now
from library.models import LectureSession, Visibility
from people.models import Room
from tests.broadcast.live_stage import NOW, SECRET, LiveStage, header
from tests.broadcast.page_app import Archive
from tests.databases import sqlite_database, sqlite_template, sqlite_url  # noqa: F401

SAID = RecordingAccess(Visibility.ROOM, None, None, deleted=False, epoch=5)
WHOLE = ("index.m3u8", "window.m3u8", "replay-1.m3u8", "marks.json", "marks-1.json", "source/media.m3u8",
         "source/replay-1.m3u8", "source/1/init.mp4", "source/1/0.m4s", "source/1/0.0.m4s")  # fmt: skip


@pytest.fixture(params=["open", "members"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> LiveStage:
    """A lecture of an open room, and of one for members, that has ended."""
    stage = LiveStage(tmp_path, access=request.param)
    stage.writer.begin_take()
    stage.writer.parts(12)
    stage.writer.end()
    return stage


@pytest.fixture
def open_stage(tmp_path: Path) -> LiveStage:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    stage.writer.parts(12)
    return stage


def say(stage: LiveStage, **said: object) -> None:
    epoch = 1 + max((one.epoch for one in stage.said.values()), default=4)
    stage.said[stage.writer.session_id] = replace(SAID, epoch=epoch, **said)  # type: ignore[arg-type]
    stage.book.refresh()


def tokens(stage: LiveStage, epoch: int | None = None) -> dict[str, str]:
    """What the holders of each kind of address have, since the last change. The room's epoch is 1."""
    identity = stage.writer.session_id
    epoch = epoch or max((one.epoch for one in stage.said.values()), default=5)
    return {
        "anybody": OPEN,
        "room": stage.token,
        "organization": sign(SECRET, identity, epoch, NOW),
        "editors": sign(SECRET, EDITORS + identity, 1 + epoch, NOW),
    }


def readers(stage: LiveStage, tail: str = "replay-1.m3u8", epoch: int | None = None) -> set[str]:
    answers = {name: stage.get(tail, access=access) for name, access in tokens(stage, epoch).items()}
    assert {answer.status for answer in answers.values()} <= {200, 403}
    return {name for name, answer in answers.items() if answer.status == 200}


def of_room(stage: LiveStage) -> set[str]:
    return {"anybody", "room"} if stage.rooms["room-1"].mode == "open" else {"room"}  # type: ignore[index]


def test_of_which_nothing_was_said_is_read_as_the_room_is(stage: LiveStage) -> None:
    """And by its editors, whose address opens what is private in it, too."""
    assert readers(stage) == of_room(stage) | {"editors"}


@pytest.mark.parametrize("tail", WHOLE)
def test_a_private_recording_is_its_editors_in_every_resource(stage: LiveStage, tail: str) -> None:
    assert of_room(stage) <= readers(stage, tail)
    say(stage, visibility=Visibility.PRIVATE)
    assert readers(stage, tail) == {"editors"}


def test_each_visibility_has_its_readers(stage: LiveStage) -> None:
    everybody = set(tokens(stage))
    for visibility, expected in {
        Visibility.PRIVATE: {"editors"},
        Visibility.ORGANIZATION: {"organization", "editors"},
        Visibility.UNLISTED: everybody,
        Visibility.PUBLIC: everybody,
    }.items():
        say(stage, visibility=visibility)
        assert readers(stage) == expected, visibility


@pytest.mark.parametrize("visibility", list(Visibility))
def test_before_and_after_its_time_it_is_its_editors(stage: LiveStage, visibility: Visibility) -> None:
    say(stage, visibility=visibility, publish_at=NOW + 10, expires_at=NOW + 20)
    assert readers(stage) == {"editors"}
    stage.wall.now = NOW + 10
    during = readers(stage)
    assert "editors" in during and (visibility is Visibility.PRIVATE) is (during == {"editors"})
    stage.wall.now = NOW + 20
    assert readers(stage) == {"editors"}


def test_what_is_in_the_trash_is_nobodys(stage: LiveStage) -> None:
    say(stage, visibility=Visibility.PUBLIC, deleted=True)
    assert readers(stage) == set()


def test_a_change_makes_the_addresses_of_before_void(stage: LiveStage) -> None:
    say(stage, visibility=Visibility.ORGANIZATION)
    say(stage, visibility=Visibility.ORGANIZATION, expires_at=NOW + 100)
    assert readers(stage, epoch=5) == set()
    assert readers(stage, epoch=6) == {"organization", "editors"}


def test_what_was_said_can_be_taken_back(stage: LiveStage) -> None:
    say(stage, visibility=Visibility.PRIVATE)
    say(stage)
    assert readers(stage) == of_room(stage) | {"editors"}


@pytest.mark.parametrize("visibility", [None, Visibility.ROOM, *Visibility])
def test_what_ends_the_rooms_addresses_ends_its_editors(stage: LiveStage, visibility: str | None) -> None:
    """Whatever was said: who may edit follows from the room."""
    if visibility is not None:
        say(stage, visibility=Visibility.PRIVATE)
        say(stage, visibility=visibility)
    before = editors_of(stage)
    assert stage.get("replay-1.m3u8", access=before).status == 200
    assert stage.rooms is not None
    stage.rooms = {"room-1": replace(stage.rooms["room-1"], epoch=2)}
    stage.book.refresh()
    assert stage.get("replay-1.m3u8", access=before).status == 403
    assert stage.get("replay-1.m3u8", access=editors_of(stage)).status == 200


def test_watched_as_its_room_again_it_opens_to_no_address_of_before(stage: LiveStage) -> None:
    before = editors_of(stage)
    say(stage, visibility=Visibility.PRIVATE)
    say(stage)
    assert stage.get("replay-1.m3u8", access=before).status == 403
    assert stage.get("replay-1.m3u8", access=editors_of(stage)).status == 200


def editors_of(stage: LiveStage) -> str:
    """What the API hands to who may edit the recording now."""
    identity = stage.writer.session_id
    said = stage.said.get(identity)
    epoch = said.epoch if said is not None else 0
    row = LectureSession(id=identity, access_epoch=epoch, kept="published")
    room = Room(id="room-1", access_epoch=stage.rooms["room-1"].epoch)  # type: ignore[index]
    return editors_access_text(SECRET, room, row)


def test_a_lecture_under_way_is_watched_as_its_room(open_stage: LiveStage) -> None:
    say(open_stage, visibility=Visibility.PRIVATE)
    assert "anybody" in readers(open_stage, "index.m3u8")
    open_stage.writer.end()
    open_stage.hint()
    assert readers(open_stage, "index.m3u8") == {"editors"}


def test_only_what_stays_public_is_kept_by_caches_for_long(open_stage: LiveStage) -> None:
    open_stage.writer.end()
    segment = "source/1/0.m4s"

    def kept_for_long(access: str = OPEN) -> bool:
        return "immutable" in (header(open_stage.get(segment, access=access), "cache-control") or "")

    assert kept_for_long()
    for said, expected in (
        ({"visibility": Visibility.PUBLIC}, True),
        ({"visibility": Visibility.PUBLIC, "expires_at": NOW + 9}, False),
        ({"visibility": Visibility.UNLISTED}, False),
        ({"expires_at": NOW + 9}, False),
    ):
        say(open_stage, **said)
        assert kept_for_long() is expected, said
    say(open_stage, visibility=Visibility.PRIVATE)
    assert not kept_for_long(tokens(open_stage)["editors"])


def test_another_recordings_token_opens_nothing(stage: LiveStage) -> None:
    say(stage, visibility=Visibility.ORGANIZATION)
    for subject in ("another", EDITORS + "another"):
        assert stage.get("replay-1.m3u8", access=sign(SECRET, subject, 9, NOW)).status == 403


# Without the database


@pytest.fixture
def row(tmp_path: Path) -> LectureSession:
    (tmp_path / "s1").mkdir()
    return LectureSession(id="s1", visibility="private", access_epoch=3, kept="published")


def test_what_was_said_lies_beside_the_media(row: LectureSession, tmp_path: Path) -> None:
    assert recording_access.load([tmp_path], "s1") is None
    row.publish_at = utc_now()
    recording_access.save([tmp_path / "spill", tmp_path], row)
    assert recording_access.load([tmp_path / "spill", tmp_path], "s1") == recording_access.access_of_row(row)


@pytest.mark.parametrize("torn", ["", "{", "[]", "null", '{"visibility": "all"}', '{"visibility": "room"}'])
def test_a_torn_file_lets_editors_in_alone(row: LectureSession, tmp_path: Path, torn: str) -> None:
    (tmp_path / "s1" / FILE_NAME).write_text(torn)
    known = recording_access.load([tmp_path], "s1")
    assert known is not None and known.visibility == Visibility.PRIVATE


def test_a_process_that_never_saw_the_database_goes_by_the_file(stage: LiveStage) -> None:
    stage.rooms = None
    stage.recordings.loaded = False
    identity = stage.writer.session_id
    row = LectureSession(id=identity, visibility="private", access_epoch=5, kept="published")
    recording_access.save(stage.writer.settings.session_roots, row)
    assert readers(stage) == {"editors"}


# What the database tells


@pytest.fixture
def archive(sqlite_database: Database) -> Archive:
    return Archive(sqlite_database)


def change(archive: Archive, identity: str, **values: object) -> None:
    with archive.database.session() as transaction:
        catalogue.change(transaction, transaction.get_one(LectureSession, identity), values)


def test_the_book_reads_on_from_what_it_knows(archive: Archive) -> None:
    asked: list[int] = []
    load = changes_in(archive.database)

    def loader(known: int) -> tuple[int, Mapping[str, RecordingAccess]]:
        asked.append(known)
        return load(known)

    book = RecordingBook(loader)
    for n in range(3):
        archive.lecture(archive.hall, f"s{n}")
    book.refresh()
    assert book.of("s1") is None
    change(archive, "s1", visibility="private")
    change(archive, "s2", title="another title alone")
    book.refresh()
    change(archive, "s2", expires_at=utc_now() + timedelta(days=1))
    book.refresh()
    known = book.of("s1")
    assert known is not None and known.visibility == "private" and book.of("s2") is not None
    change(archive, "s1", visibility="room")
    book.refresh()
    known = book.of("s1")
    assert known is not None and known.as_the_room and known.epoch == 3
    assert asked == [0, 0, 1, 2]


def test_an_older_database_that_was_put_back_is_read_anew(archive: Archive) -> None:
    book = RecordingBook(changes_in(archive.database))
    archive.lecture(archive.hall, "s1")
    archive.lecture(archive.hall, "s2")
    change(archive, "s1", visibility="private")
    change(archive, "s2", visibility="private")
    book.refresh()
    with archive.database.session() as transaction:
        row = transaction.get_one(LectureSession, "s2")
        row.visibility, row.access_epoch = "room", 0
    book.refresh()
    assert book.of("s1") is not None and book.of("s2") is None


@given(st.floats(0, 10), st.one_of(st.none(), st.floats(0, 10)), st.one_of(st.none(), st.floats(0, 10)))
def test_its_time(now: float, publish_at: float | None, expires_at: float | None) -> None:
    known = replace(SAID, publish_at=publish_at, expires_at=expires_at)
    assert known.is_its_time(now) is not (
        (publish_at is not None and now < publish_at) or (expires_at is not None and now >= expires_at)
    )
