"""Access tokens and the book of rooms: what is let in, what is not, and when the database is away."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.access import (
    TOKEN_LIFE_SECONDS,
    AccessBook,
    AccessDenied,
    AccessUnknown,
    check,
    sign,
)
from broadcast.known_rooms import FILE_NAME, KnownRooms, RoomAccess
from tests.broadcast.live_stage import NOW, SECRET, Clock, LiveStage, header


def test_everyone_gets_the_same_token_within_an_hour() -> None:
    start = NOW - NOW % 3600
    texts = {sign(SECRET, "room-1", 3, start + second) for second in range(0, 3600, 60)}
    assert len(texts) == 1
    assert sign(SECRET, "room-1", 3, start + 3600) not in texts


@given(st.integers(min_value=0, max_value=86_400))
def test_a_token_lasts_twelve_hours_and_at_most_thirteen(second: int) -> None:
    now = NOW + second
    claim = check(SECRET, sign(SECRET, "room-1", 3, now))
    assert TOKEN_LIFE_SECONDS <= claim.expires - now <= TOKEN_LIFE_SECONDS + 3600
    assert (claim.room_id, claim.epoch) == ("room-1", 3)


@given(st.integers(min_value=0), st.characters())
def test_a_token_with_any_other_character_is_forged(place: int, other: str) -> None:
    token = sign(SECRET, "room-1", 1, NOW)
    at = place % len(token)
    forged = token[:at] + other + token[at + 1 :]
    if forged != token:
        with pytest.raises(AccessDenied):
            check(SECRET, forged)


@pytest.mark.parametrize("text", ["", "v1", "v1....", "v1.a.1.1.", "open ", "x" * 10_000])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(AccessDenied):
        check(SECRET, text)


def test_a_token_of_another_installation_is_refused() -> None:
    with pytest.raises(AccessDenied):
        check(SECRET, sign(b"t" * 32, "room-1", 1, NOW))


@pytest.mark.parametrize("room", ["", "a.b", "a/b", "x" * 65, "é"])
def test_a_room_that_could_be_misread_is_not_signed(room: str) -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        sign(SECRET, room, 1, NOW)


class Rooms:
    """A database of rooms that can be away."""

    def __init__(self, **rooms: RoomAccess) -> None:
        self.rooms = rooms
        self.away = False
        self.loads = 0
        self.loaded = threading.Semaphore(0)

    def __call__(self) -> Mapping[str, RoomAccess]:
        self.loads += 1
        self.loaded.release()
        if self.away:
            raise OSError("away")
        return self.rooms


def make_book(rooms: Rooms, clock: Clock | None = None) -> AccessBook:
    book = AccessBook(SECRET, rooms, clock or Clock(NOW))
    book.refresh()
    return book


def test_open_is_for_open_rooms_only() -> None:
    book = make_book(Rooms(hall=RoomAccess("open", 1), closed=RoomAccess("members", 1)))
    assert book.admit(book.claim("open"), "hall", None)
    with pytest.raises(AccessDenied):
        book.admit(book.claim("open"), "closed", "open")


def test_a_token_opens_its_room_and_no_other() -> None:
    book = make_book(Rooms(a=RoomAccess("members", 1), b=RoomAccess("members", 1)))
    claim = book.claim(sign(SECRET, "a", 1, NOW))
    assert book.admit(claim, "a", None) is False, "its media must not stay in caches for long"
    with pytest.raises(AccessDenied):
        book.admit(claim, "b", None)


def test_a_raised_epoch_withdraws_tokens_already_verified() -> None:
    rooms = Rooms(a=RoomAccess("members", 1))
    book = make_book(rooms)
    token = sign(SECRET, "a", 1, NOW)
    book.admit(book.claim(token), "a", None)
    rooms.rooms = {"a": RoomAccess("members", 2)}
    book.refresh()
    with pytest.raises(AccessDenied):
        book.admit(book.claim(token), "a", None)


def test_an_expired_token_is_refused_though_verified_before() -> None:
    clock = Clock(NOW)
    book = make_book(Rooms(a=RoomAccess("members", 1)), clock)
    token = sign(SECRET, "a", 1, NOW)
    book.claim(token)
    clock.now += TOKEN_LIFE_SECONDS + 3601
    with pytest.raises(AccessDenied):
        book.claim(token)


def test_what_was_known_stays_in_force_while_the_database_is_away(caplog: pytest.LogCaptureFixture) -> None:
    rooms = Rooms(hall=RoomAccess("open", 1))
    book = make_book(rooms)
    rooms.away = True
    book.refresh()
    book.refresh()
    assert book.admit(book.claim("open"), "hall", None)
    assert len(caplog.records) == 1, "said once"
    rooms.away, rooms.rooms = False, {"hall": RoomAccess("members", 2)}
    book.refresh()
    with pytest.raises(AccessDenied):
        book.admit(book.claim("open"), "hall", None)


def test_a_room_nobody_knows_is_as_open_as_its_session_says() -> None:
    book = make_book(Rooms())
    token = book.claim(sign(SECRET, "a", 7, NOW))
    assert book.admit(book.claim("open"), "a", "open") is False, "caches must not keep what may be outdated"
    assert book.admit(token, "a", "members") is False
    for mode in ("members", "password", None, "nonsense"):
        with pytest.raises(AccessDenied):
            book.admit(book.claim("open"), "a", mode)


class Restarted:
    """An access book whose process began while the database was away, and what the one before it wrote."""

    def __init__(self, storage: Path, before: Mapping[str, RoomAccess] | None = None) -> None:
        self.rooms = Rooms()
        if before is not None:
            self.rooms.rooms = dict(before)
            book = AccessBook(SECRET, self.rooms, Clock(NOW), memory=KnownRooms(storage))
            book.open()
            book.close()
        self.rooms.away = True
        self.book = AccessBook(SECRET, self.rooms, Clock(NOW), memory=KnownRooms(storage))
        self.book.open()
        self.book.close()

    def is_public(self, room: str, access: str = "open", fallback: str | None = None) -> bool:
        return self.book.admit(self.book.claim(access), room, fallback)


def test_a_process_that_never_saw_the_database_knows_what_the_one_before_it_knew(tmp_path: Path) -> None:
    before = {"hall": RoomAccess("open", 1), "closed": RoomAccess("members", 3)}
    again = Restarted(tmp_path, before)
    assert again.is_public("hall") is False, "but caches must not keep it for a year"
    with pytest.raises(AccessDenied):
        again.is_public("closed", fallback="open")
    with pytest.raises(AccessDenied, match="withdrawn"):
        again.is_public("closed", sign(SECRET, "closed", 2, NOW))
    assert again.is_public("closed", sign(SECRET, "closed", 3, NOW)) is False
    again.rooms.away, again.rooms.rooms = False, dict(before)
    again.book.refresh()
    assert again.is_public("hall") is True


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"form":2,"rooms":{}}',
        b'{"form":1,"rooms":{"hall":["ajar",1]}}',
        b'{"form":1,"rooms":{"hall":["open","1"]}}',
        b'{"form":1,"rooms":["hall"]}',
    ],
)
def test_what_nobody_can_know_is_neither_allowed_nor_denied(tmp_path: Path, content: bytes | None) -> None:
    """The first start, or a spoiled file: the feed's readers ask again instead of opening the page anew."""
    if content is not None:
        (tmp_path / FILE_NAME).write_bytes(content)
    book = Restarted(tmp_path)
    with pytest.raises(AccessUnknown):
        book.is_public("hall")
    with pytest.raises(AccessUnknown):
        book.is_public("hall", sign(SECRET, "hall", 1, NOW))
    with pytest.raises(AccessDenied):
        book.is_public("hall", sign(SECRET, "other", 1, NOW))
    assert book.is_public("hall", fallback="open") is False


def test_a_storage_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = KnownRooms(tmp_path / "nowhere")
    for _ in range(3):
        known.keep({"hall": RoomAccess("open", 1)})
    assert len(caplog.records) == 1
    (tmp_path / "nowhere").mkdir()
    known.keep({"hall": RoomAccess("open", 1)})
    assert KnownRooms(tmp_path / "nowhere").read() == {"hall": RoomAccess("open", 1)}


def test_the_thread_reads_again_when_woken_and_ends_with_close() -> None:
    rooms = Rooms(hall=RoomAccess("open", 1))
    book = AccessBook(SECRET, rooms, Clock(NOW))
    before = threading.active_count()
    book.open()
    try:
        assert rooms.loaded.acquire(timeout=60)
        book.wake()
        assert rooms.loaded.acquire(timeout=60), "woken"
        assert rooms.loaded.acquire(timeout=60), "and each second by itself"
    finally:
        book.close()
        book.close()
    assert threading.active_count() <= before


def test_addresses_of_a_restricted_room(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path, access="members")
    stage.writer.begin_take()
    stage.writer.parts(7)
    tail = "source/media.m3u8"
    assert stage.get(tail, access=stage.token).status == 200
    assert header(stage.get("source/1/0.0.m4s", access=stage.token), "cache-control") == "public, max-age=600"
    foreign = sign(SECRET, "another-room", 1, NOW)
    for access in ("open", "nonsense", stage.token[:-1] + "?", foreign):
        answer = stage.get(tail, access=access)
        assert answer.status == 403
        assert header(answer, "content-type") == "application/problem+json"
        assert header(answer, "cache-control") == "no-store"
    stage.wall.now += TOKEN_LIFE_SECONDS + 3601
    assert stage.get(tail, access=sign(SECRET, "room-1", 1, NOW)).status == 403
