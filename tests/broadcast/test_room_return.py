"""A room that is gone for good comes back out of a backup, whatever has become of its people and address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from broadcast import erasure, room_trash
from library.backup_place import opened_repository
from library.database import utc_now
from library.keeping import TRASH_TIME
from library.models import LectureSession, ScheduledLecture
from operation import room_return
from operation.room_return import Wish
from people import stream_keys
from people.command_line import add_room, add_user
from people.models import Role, Room, RoomInvitation, RoomLink, StreamKey, User
from people.rooms import RoomAccess, change_room
from tests.broadcast.backup_stage import BackupStage
from tests.broadcast.web_stage import PASSWORD

API = "/api/v1/backups"
HALL = "/api/v1/rooms/hall"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[BackupStage]:
    stage = BackupStage(tmp_path)
    yield stage
    stage.close()


def remove_room(stage: BackupStage, *recordings: str) -> None:
    """For good, as it goes after its time in the trash."""
    with stage.database.session() as transaction:
        transaction.get_one(Room, stage.web.hall.id).deleted_at = utc_now() - TRASH_TIME
    for recording in recordings:
        stage.remove(recording)
    room_trash.empty_due(stage.settings, stage.database, utc_now())
    with stage.database.reading() as transaction:
        assert transaction.get_one(Room, stage.web.hall.id).removed_at is not None


def call(stage: BackupStage, method: str, path: str, body: Any = None) -> Any:
    return stage.web.call(method, path, body, user=stage.operator)


def back_up(stage: BackupStage) -> str:
    return str(stage.do("backup")["result"]["run"]["generation"])


def publishes(stage: BackupStage, token: str) -> bool:
    try:
        stream_keys.authenticate(stage.database, "hall", token, utc_now())
    except stream_keys.StreamKeyRefused:
        return False
    return True


def hall(stage: BackupStage) -> Room:
    with stage.database.reading() as transaction:
        return transaction.get_one(Room, stage.web.hall.id)


def test_it_comes_back_with_its_recordings_and_what_opens_it(stage: BackupStage) -> None:
    recordings = [stage.record("Eigenvalues"), stage.record("Norms")]
    thrown = stage.record("Mistake")
    kept, withdrawn = stage.web.stream_key(), stage.web.stream_key()
    soon, past = utc_now() + timedelta(days=1), utc_now() - timedelta(days=1)
    guest = add_user(stage.database, "guest", Role.VIEWER, PASSWORD)
    with stage.database.session() as transaction:
        room = transaction.get_one(Room, stage.web.hall.id)
        change_room(room, title="第一講堂", access=RoomAccess.PASSWORD, password="sesame")
        digest = room.password_hash
        transaction.get_one(LectureSession, thrown).deleted_at = past
        transaction.add(RoomLink(room_id=room.id, label="a", expires_at=soon))
        transaction.add_all(RoomInvitation(room_id=room.id, value=name) for name in ("guest", "other"))
        transaction.add_all(
            ScheduledLecture(room_id=room.id, title=title, starts_at=at, minutes=60)
            for title, at in (("next", soon), ("over", past))
        )
    generation = back_up(stage)
    with stage.database.session() as transaction:
        stream_keys.revoke_stream_key(transaction, room, withdrawn[0], utc_now())
    erasure.erase(stage.settings, stage.database, guest, erasure.Lectures.KEEP, name="x", by=None)
    remove_room(stage, *recordings, thrown)
    back_up(stage)

    assert call(stage, "GET", f"{API}/recordings").json["recordings"] == [], "they come with their room"
    for asked in ("", "?q=講堂", f"?generation={generation}"):
        (told,) = call(stage, "GET", f"{API}/recordings{asked}").json["rooms"]
        assert (told["slug"], told["title"], told["owner"]) == ("hall", "第一講堂", "lecturer")
        assert (told["recordings"], told["owner_here"], told["slug_free"]) == (2, True, True)
    assert call(stage, "GET", f"{API}/recordings?q=algebra").json["rooms"] == []
    told = stage.do("restore", generation=generation, recording=recordings[0])
    assert told["code"] == 1 and "RoomGone" in told["err"]
    answer = call(stage, "POST", f"{API}/{told_generation(stage)}/restore", {"room": "hall"})
    assert answer.status_code == 202, answer.text
    last = stage.do_job(answer.json["job"])
    assert (last["code"], last["result"]["recordings"], last["result"]["missing"]) == (0, 2, []), last["err"]

    back = hall(stage)
    assert (back.slug, back.title, back.access, back.password_hash) == (
        "hall",
        "第一講堂",
        "password",
        digest,
    )
    assert (back.owner_id, back.deleted_at, back.removed_at) == (stage.web.lecturer.id, None, None)
    assert publishes(stage, kept[1]) and not publishes(stage, withdrawn[1])
    with stage.database.reading() as transaction:
        assert transaction.scalars(select(RoomInvitation.value)).all() == ["other"]
        assert transaction.scalars(select(RoomLink.label)).all() == ["a"]
        assert transaction.scalars(select(ScheduledLecture.title)).all() == ["next"]
    told = call(stage, "GET", f"/api/v1/recordings/{recordings[1]}").json
    assert (told["title"], told["state"]) == ("Norms", "ready")
    assert call(stage, "GET", f"/api/v1/recordings/{thrown}").status_code == 404
    assert call(stage, "GET", f"{API}/recordings").json["rooms"] == []
    job = call(stage, "GET", API).json["jobs"][0]
    assert (job["room"], job["title"], job["message"]) == ("hall", "hall", "/rooms/hall")
    answer = call(stage, "POST", f"{API}/{generation}/restore", {"room": "hall"})
    assert answer.status_code == 409, "it is here"


def told_generation(stage: BackupStage) -> str:
    (told,) = call(stage, "GET", f"{API}/recordings").json["rooms"]
    return str(told["generation"])


def test_whatever_it_is_killed_in_the_next_attempt_goes_on(stage: BackupStage) -> None:
    recordings = [stage.record("Eigenvalues"), stage.record("Norms")]
    generation = back_up(stage)
    remove_room(stage, *recordings)
    brought: list[str] = []

    def killed(recording: str) -> None:
        brought.append(recording)
        raise KeyboardInterrupt

    def restore(is_back: Any) -> room_return.Back:
        with opened_repository(stage.settings) as repository:
            return room_return.bring_back(
                stage.settings,
                stage.database,
                repository,
                generation,
                Wish("hall"),
                back=list(brought),
                is_back=is_back,
            )

    with pytest.raises(KeyboardInterrupt):
        restore(killed)
    assert hall(stage).title, "it is on its way"
    assert call(stage, "GET", HALL).status_code == 404
    assert call(stage, "GET", f"/api/v1/recordings/{brought[0]}").status_code == 404
    assert call(stage, "GET", "/api/v1/deleted-rooms").json["rooms"] == []
    answer = call(stage, "POST", "/api/v1/rooms", {"title": "t", "slug": "hall"})
    assert answer.status_code == 409, "its address is kept for it"
    assert call(stage, "POST", f"{HALL}/restore").status_code == 404
    assert call(stage, "POST", f"{API}/{generation}/restore", {"room": "hall"}).status_code == 202
    assert restore(brought.append).recordings == 2
    assert sorted(brought) == sorted(recordings), "none twice"
    assert call(stage, "GET", HALL).status_code == 200
    assert restore(brought.append).slug == "hall", "it was killed before it could say so"

    remove_room(stage, *recordings)
    brought.clear()
    with pytest.raises(KeyboardInterrupt):
        restore(killed)
    room_trash.empty_due(stage.settings, stage.database, utc_now() + TRASH_TIME)
    assert hall(stage).title, "not before its recordings"
    stage.remove(brought[0])
    room_trash.empty_due(stage.settings, stage.database, utc_now() + TRASH_TIME)
    assert hall(stage).title == "", "nobody went on with it"


def test_onto_a_new_machine_with_its_recordings_alone(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues")
    other = add_room(stage.database, "other", "lecturer")
    hall_then, stage.web.hall = stage.web.hall, other
    stage.record("Norms")
    stage.web.hall = hall_then
    generation = back_up(stage)
    to = stage.folder / "new"
    restore = ("backup", "restore", generation, "--to", str(to))
    assert stage.app(*restore, "--room", "geometry")[0] == 2 and not to.exists()
    assert stage.app(*restore, "--room", "hall", "--as", "old")[0] == 2
    code, out, err = stage.app(*restore, "--room", "hall")
    assert code == 0 and f"KODO_STORAGE={to}" in out, err
    assert [one.name for one in (to / "sessions").iterdir()] == [recording]
    assert [one.name for one in stage.folder.iterdir() if one.name.startswith(".")] == []


def test_another_address_and_another_owner(stage: BackupStage) -> None:
    token = stage.web.stream_key()[1]
    generation = back_up(stage)
    remove_room(stage)
    add_user(stage.database, "colleague", Role.LECTURER, PASSWORD)
    add_room(stage.database, "hall", "colleague")
    lecturer = stage.web.lecturer
    erasure.erase(stage.settings, stage.database, lecturer, erasure.Lectures.KEEP, name="x", by=None)
    (told,) = call(stage, "GET", f"{API}/recordings").json["rooms"]
    assert (told["owner_here"], told["slug_free"]) == (False, False)
    restore = f"{API}/{generation}/restore"
    for body, status in (
        ({"room": "hall"}, 409),
        ({"room": "hall", "slug": "no address"}, 422),
        ({"room": "hall", "slug": "old", "owner": "member"}, 422),
        ({"room": "hall", "slug": "old", "owner": "nobody"}, 422),
        ({"room": "hall", "to": "/srv/x"}, 422),
    ):
        assert call(stage, "POST", restore, body).status_code == status, body
    for wish, error in (
        (Wish("hall", slug="old"), room_return.OwnerGone),
        (Wish("hall", slug="old", owner="member"), room_return.OwnerUnfit),
        (Wish("hall", owner="colleague"), room_return.AddressTaken),
        (Wish("geometry"), room_return.RoomMissing),
    ):
        with opened_repository(stage.settings) as repository, pytest.raises(error):
            room_return.bring_back(stage.settings, stage.database, repository, generation, wish)
    assert hall(stage).title == ""
    code, out, err = stage.app("backup", "restore", generation, "--room", "hall")
    assert code == 2 and "--as" in err
    code, out, err = stage.app(
        *("backup", "restore", generation, "--room", "hall", "--as", "old", "--owner", "colleague")
    )
    assert code == 0, err
    assert stage.do_job(out.strip())["code"] == 0
    with stage.database.reading() as transaction:
        room = transaction.scalars(select(Room).where(Room.slug == "old")).one()
        assert room.id == stage.web.hall.id
        assert transaction.get_one(User, room.owner_id).user_id == "colleague"
        (key,) = transaction.scalars(select(StreamKey)).all()
        assert key.revoked_at is not None and not publishes(stage, token), "its owner of then may have it"


def test_of_who_was_erased_with_all_lectures_nothing_comes_back(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues")
    generation = back_up(stage)
    remove_room(stage, recording)
    lecturer = stage.web.lecturer
    erasure.erase(stage.settings, stage.database, lecturer, erasure.Lectures.REMOVE, name="x", by=None)
    told = stage.do("restore", generation=generation, room="hall", owner="operator")
    assert told["code"] == 1 and "OwnerErased" in told["err"]
    assert hall(stage).title == ""
