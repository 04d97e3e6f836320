"""Deleting a room: shut everywhere at once, back with all it had, and after 30 days nothing but a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import _parser
from broadcast import room_trash
from broadcast.event_log import EventRow
from broadcast.recorder_client import RecorderClient
from library import catalogue, films, removals
from library.database import Base, utc_now
from library.keeping import TRASH_TIME, Removal
from library.models import Film, LectureSession, ScheduledLecture
from library.removal_care import RemovalCare
from library.upload_file import upload_path
from operation import administration
from people.models import AuditRow, Room, RoomInvitation, RoomLink, StreamKey, User
from people.stream_keys import revoke_stream_key
from people.tokens import PublishToken, issue_publish_token
from tests.broadcast.test_doors_api import House, house  # noqa: F401
from tests.broadcast.web_stage import SDP, SECRET
from tests.installation import wait_for

HALL = "/api/v1/rooms/hall"


def record(house: House, **said: Any) -> str:
    """A lecture of the hall that has ended → its id. `said`: of the recording."""
    writer = house.begin()
    writer.end()
    house.adopt(writer)
    with house.stage.database.session() as transaction:
        row = transaction.get_one(LectureSession, writer.session_id)
        row.access_epoch = catalogue.next_access_epoch(transaction)
        for name, value in said.items():
            setattr(row, name, value)
    house.stage.book.refresh()
    return writer.session_id


def delete(house: House, who: User | None = None) -> Any:
    return house.call("DELETE", HALL, who=who or house.stage.lecturer)


def restore(house: House, who: User | None = None) -> Any:
    return house.call("POST", f"{HALL}/restore", who=who or house.stage.lecturer)


def hall(house: House) -> Room:
    with house.stage.database.reading() as transaction:
        return transaction.get_one(Room, house.stage.hall.id)


def publishes(house: House, bearer: str) -> bool:
    headers = {"Authorization": f"Bearer {bearer}"}
    answer = house.client().post("/whip/hall", data="v=0", content_type=SDP, headers=headers)
    assert answer.status_code in (401, 503), answer.text  # 503: let in, and no recorder answers
    return answer.status_code == 503


def lists(house: House, who: User, recordings: set[str]) -> None:
    """A list of lectures is remembered for a second."""
    wait_for("the list to be the new one", lambda: listed(house, who) == recordings)


def listed(house: House, who: User) -> set[str]:
    places = {"/api/v1/lectures": "recordings", "/api/v1/recordings": "recordings"}
    return {one["id"] for path, name in places.items() for one in house.call("GET", path, who=who).json[name]}


def test_it_is_shut_to_everybody_and_comes_back_with_all_it_had(house: House) -> None:
    lecturer = house.stage.lecturer
    shown = {said: record(house, visibility=said) for said in ("room", "public", "organization", "private")}
    thrown = record(house, deleted_at=utc_now())
    key = house.stage.stream_key()[1]
    token = issue_publish_token(SECRET, PublishToken(lecturer.id, house.stage.hall.id, takeover=False))[0]
    day = (utc_now() + timedelta(days=1)).isoformat()
    link = house.call("POST", f"{HALL}/links", {"label": "a", "expires_at": day}, who=lecturer).json["url"]
    plan = {"title": "t", "starts_at": day, "minutes": 60}
    assert house.call("POST", f"{HALL}/scheduled", plan, who=lecturer).status_code == 201
    recording = "/api/v1/recordings/"
    told = [house.call("GET", recording + one, who=lecturer).json for one in shown.values()]
    addresses = [one["hls_url"] for one in told] + [house.room()["feed"]["snapshot_url"]]
    assert {house.reads(one) for one in addresses} == {200}

    assert delete(house).status_code == 204
    assert house.stage.hints[-1] == {"kind": "access", "room": house.stage.hall.id}
    assert {house.reads(one) for one in addresses} == {403}
    for who in (None, house.stage.member, lecturer, house.admin, house.operator):
        pages = ["/rooms/hall", "/rooms/hall/studio", HALL, f"{HALL}/stream-keys", link]
        pages += [f"/watch/{one}" for one in shown.values()]
        pages += [recording + one for one in (*shown.values(), thrown)]
        for page in pages:
            path = page.removeprefix("http://localhost")
            status = house.client(who).get(path).status_code
            assert status == 404 or (who is None and status in (302, 401)), (page, status)
        if who is not None:
            lists(house, who, set())
    assert house.call("GET", "/api/v1/lectures").json["scheduled"] == []
    assert house.call("GET", f"{recording[:-1]}?trash=1", who=lecturer).json["recordings"] == []
    assert not publishes(house, key) and not publishes(house, token)
    taken = house.call("POST", "/api/v1/rooms", {"title": "t", "slug": "hall"}, who=lecturer)
    assert taken.status_code == 409
    assert delete(house).status_code == 404

    (deleted,) = house.call("GET", "/api/v1/deleted-rooms", who=lecturer).json["rooms"]
    assert (deleted["slug"], deleted["title"], deleted["recordings"]) == ("hall", "講堂 Hall", 4)
    page = house.client(lecturer).get("/library?trash=1").text
    assert "講堂 Hall" in page and "/rooms/hall" in page
    with house.stage.database.session() as transaction:
        colleague = transaction.get_one(User, house.stage.member.id)
        colleague.role = "lecturer"
    assert house.call("GET", "/api/v1/deleted-rooms", who=colleague).json["rooms"] == []
    assert restore(house, colleague).status_code == 403
    assert restore(house, house.admin).status_code == 200
    assert restore(house).status_code == 409
    lists(house, lecturer, set(shown.values()))
    assert publishes(house, key) and publishes(house, token)
    assert house.reads(link) == 303
    assert house.room()["scheduled"]["title"] == "t"
    again = [house.call("GET", recording + one, who=lecturer).json["hls_url"] for one in shown.values()]
    assert {house.reads(one) for one in again} == {200}
    assert house.call("GET", recording + thrown, who=lecturer).json["state"] == "trash"
    with house.stage.database.reading() as transaction:
        acts = transaction.scalars(select(AuditRow.action).where(AuditRow.action.startswith("room.")))
        assert [one for one in acts if one != "room.link_made"][-2:] == ["room.deleted", "room.restored"]


def live_by_its_row(house: House) -> None:
    house.begin().log.close()


def live_by_its_file(house: House) -> None:
    """The database does not know it yet."""
    writer = house.begin()
    with house.stage.database.session() as transaction:
        transaction.get_one(LectureSession, writer.session_id).phase = "ended"


@pytest.mark.parametrize("live", [live_by_its_row, live_by_its_file])
def test_not_while_a_lecture_is_under_way(house: House, live: Callable[[House], None]) -> None:
    live(house)
    answer = delete(house)
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert hall(house).deleted_at is None


def test_not_while_somebody_connects(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    connecting = {"room_id": house.stage.hall.id, "session": None, "publication": "p"}
    monkeypatch.setattr(RecorderClient, "status", lambda _self: {"rooms": {"hall": connecting}})
    assert delete(house).status_code == 409
    connecting["publication"] = None
    assert delete(house).status_code == 204


def test_a_lecture_that_began_at_that_moment_brings_its_room_back(house: House) -> None:
    assert delete(house).status_code == 204
    writer = house.begin()  # it was let in just before
    assert hall(house).deleted_at is None
    assert house.room()["session"]["id"] == writer.session_id
    with house.stage.database.reading() as transaction:
        act = transaction.scalars(select(AuditRow).where(AuditRow.action == "room.restored")).one()
        assert act.actor_id is None and writer.session_id in (act.details or "")
    writer.end()
    house.adopt(writer)
    # What the session's file says is remembered for a moment.
    wait_for("its end to be seen", lambda: delete(house).status_code == 204)
    house.adopt(writer)  # as after a loss of its row: an old lecture brings nothing back
    assert hall(house).deleted_at is not None


def test_what_stands_for_uploads_is_no_room(house: House) -> None:
    with house.stage.database.session() as transaction:
        transaction.get_one(Room, house.stage.hall.id).uploads = True
    assert delete(house).status_code == 404
    assert restore(house).status_code == 404


def test_by_the_command_line(house: House) -> None:
    parsed = _parser().parse_args(["room", "remove", "hall"])
    administration.COMMANDS["room remove"](house.stage.settings, parsed)
    assert hall(house).deleted_at is not None
    with pytest.raises(administration.ERRORS):
        administration.COMMANDS["room remove"](house.stage.settings, parsed)
    assert restore(house).status_code == 200


def test_every_table_of_a_rooms_is_thought_of() -> None:
    refer = {
        mapper.class_
        for mapper in Base.registry.mappers
        for key in mapper.local_table.foreign_keys
        if key.column.table is Room.__table__
    }
    assert refer == {*room_trash.CONTENT, *room_trash.OPENS, *room_trash.BEFORE}


def test_after_thirty_days_nothing_but_its_row_is_left(house: House) -> None:
    stage = house.stage
    database, settings = stage.database, stage.settings
    recording = record(house)
    earlier = record(house, deleted_at=utc_now() - timedelta(days=29))
    kept, withdrawn = stage.stream_key()[0], stage.stream_key()[0]
    with database.session() as transaction:
        room = transaction.get_one(Room, stage.hall.id)
        revoke_stream_key(transaction, room, withdrawn, utc_now())
        transaction.add(RoomInvitation(room_id=room.id, value="guest@example.net"))
        film = films.add(
            transaction,
            room_id=room.id,
            organization_id=room.organization_id,
            owner_id=stage.lecturer.id,
            title="film",
            size=9,
        )
    file = upload_path(settings.uploads_folder, film.id)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"half")
    assert delete(house).status_code == 204

    def look(after: timedelta) -> None:
        """A day of looks, once an hour, that ends then."""
        end = utc_now() + after
        for hour in range(25):
            now = end - timedelta(hours=24 - hour)

            def empty(now: Any = now) -> None:
                room_trash.empty_due(settings, database, now)

            RemovalCare(database, clock=lambda now=now: now, rooms=lambda _now: empty()).step()

    look(TRASH_TIME - timedelta(hours=1))
    with database.reading() as transaction:
        assert transaction.get_one(LectureSession, recording).removal is None
        assert transaction.get_one(LectureSession, earlier).removal == Removal.TRASH  # by its own time
    assert hall(house).title == "講堂 Hall"
    look(TRASH_TIME + timedelta(hours=1))
    with database.reading() as transaction:
        assert transaction.get_one(LectureSession, recording).removal == Removal.TRASH
        for table in (Film, RoomInvitation, RoomLink, ScheduledLecture, EventRow):
            assert transaction.scalars(select(table)).all() == [], table
        keys = transaction.scalars(select(StreamKey)).all()
        assert [(one.id, one.label) for one in keys] == [(withdrawn, "")] and kept != withdrawn
    left = hall(house)
    assert (left.title, left.owner_id, left.password_hash) == ("", None, None)
    assert left.removed_at is not None and not file.exists()
    assert restore(house).status_code == 404
    assert house.call("GET", "/api/v1/deleted-rooms", who=stage.lecturer).json["rooms"] == []
    removals.is_removed(database, recording, ["disk"], utc_now())  # its row still has a room
    new = house.call("POST", "/api/v1/rooms", {"title": "t", "slug": "hall"}, who=stage.lecturer)
    assert new.status_code == 201, "the address is free again"


def test_before_that_nobody_brings_back_what_is_due(house: House) -> None:
    assert delete(house).status_code == 204
    with house.stage.database.session() as transaction:
        transaction.get_one(Room, house.stage.hall.id).deleted_at = utc_now() - TRASH_TIME
    assert restore(house).status_code == 409
