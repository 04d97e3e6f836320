"""What becomes of a lecture over a real database and real logs: chosen, told, held, claimed, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from broadcast import recording_access
from broadcast.adoption import adopt_session
from broadcast.event_log import EventRow
from library import removals, search_index, transcripts
from library.jobs import Jobs
from library.keeping import Kept, RecordingRule, Removal
from library.models import Job, JobState, LectureSession
from library.pictures import folder_of
from library.transcript_formats import Cue
from people.command_line import add_room, organization_of
from people.models import Room, User
from recorder.media import SessionPhase
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage
from tests.people.route_walk import ALL, add_people

ROOM = "/api/v1/rooms/algebra"
OTHERS = sorted(ALL - {"owner"})


class House:
    """The application, everybody, and lectures of the room `algebra` of `owner`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stage = WebStage(folder)
        self.users, self.room = add_people(self.stage.database)
        self.stage.book.refresh()

    def rule(self, rule: RecordingRule) -> None:
        with self.stage.database.session() as transaction:
            organization_of(transaction, "default").recording = rule.value

    def begin(self) -> SessionWriter:
        writer = SessionWriter(self.folder, room_id=self.room.id)
        writer.begin_take()
        writer.parts(12)
        self.adopt(writer)
        return writer

    def end(self, writer: SessionWriter) -> str:
        writer.end()
        self.adopt(writer)
        return writer.session_id

    def adopt(self, writer: SessionWriter) -> None:
        adopt_session(self.stage.settings, self.stage.database, writer.session_id)
        self.stage.book.refresh()

    def call(self, method: str, path: str, body: Any = None, *, who: str = "owner") -> Any:
        return self.stage.call(method, path, body, user=self.users.get(who))

    def room_told(self, who: str = "nobody") -> Any:
        return self.call("GET", ROOM, who=who).json

    def row(self, recording: str) -> LectureSession:
        with self.stage.database.reading() as transaction:
            return transaction.get_one(LectureSession, recording)

    def jobs(self, recording: str) -> dict[str, str]:
        with self.stage.database.reading() as transaction:
            found = transaction.scalars(select(Job).where(Job.subject == recording)).all()
        return {job.kind: job.state for job in found}

    def told(self) -> list[tuple[str | None, str]]:
        """The room's `kept` events: of which session, and what."""
        with self.stage.database.reading() as transaction:
            rows = transaction.scalars(select(EventRow).where(EventRow.kind == "kept").order_by(EventRow.seq))
            return [(event.session_id, json.loads(event.payload)["kept"]) for event in rows]

    def held(self) -> str:
        """A recording that is held, with everything that one may have."""
        self.rule(RecordingRule.CHOICE)
        assert self.call("PUT", f"{ROOM}/keeping", {"publish": False}).status_code == 200
        recording = self.end(self.begin())
        self.furnish(recording)
        return recording

    def furnish(self, recording: str) -> None:
        settings = self.stage.settings
        settings.recordings_folder.mkdir(exist_ok=True)
        mp4 = settings.recordings_folder / f"{recording}.mp4"
        mp4.write_bytes(b"an MP4")
        pictures = folder_of(settings.pictures_folder, recording, 1)
        pictures.mkdir(parents=True)
        for name in ("poster.webp", "thumbnail.webp", "storyboard.vtt", "storyboard-0.webp", "loudness.json"):
            (pictures / name).write_bytes(b"a picture")
        with self.stage.database.session() as transaction:
            row = transaction.get_one(LectureSession, recording)
            row.title = "Eigenvalues"
            row.mp4_path, row.pictures_version, row.poster = str(mp4), 1, "abc"
            transcripts.save(transaction, recording, "en", [Cue(0, 1, "determinant")], origin="upload")
            search_index.describe(transaction, recording, row.title)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.stage.close()


# What is said before and told


def test_every_lecture_is_published_unless_somebody_says_otherwise(house: House) -> None:
    for who in ("nobody", "owner"):
        told = house.room_told(who)["keeping"]
        assert told == {"kept": "published", "days": 7, "may_choose": False}
    answer = house.call("PUT", f"{ROOM}/keeping", {"publish": False})
    assert answer.status_code == 409, "the organization has settled it"
    recording = house.end(house.begin())
    assert house.row(recording).kept == Kept.PUBLISHED
    assert set(house.jobs(recording)) == {"mp4", "pictures", "transcribe"}


def test_the_lecturers_choice_of_the_room_is_the_next_lectures(house: House) -> None:
    house.rule(RecordingRule.CHOICE)
    assert house.room_told("owner")["keeping"]["may_choose"] is True
    assert house.room_told("colleague")["keeping"]["may_choose"] is False
    answer = house.call("PUT", f"{ROOM}/keeping", {"publish": False})
    assert answer.json == {"kept": "held", "days": 7, "may_choose": True}
    assert house.room_told()["keeping"]["kept"] == "held"
    writer = house.begin()
    assert house.row(writer.session_id).kept == Kept.HELD
    assert house.jobs(writer.session_id) == {}, "nothing is made of it, not even its words"
    assert house.told() == [(None, "held"), (writer.session_id, "held")]
    # The room's choice is not this lecture's any more.
    house.call("PUT", f"{ROOM}/keeping", {"publish": True})
    assert house.room_told()["keeping"]["kept"] == "held"
    house.end(writer)
    assert house.told()[-1] == (None, "published"), "what comes next"
    assert house.room_told()["keeping"]["kept"] == "published"


def test_the_choice_may_change_while_it_is_live_and_all_are_told(house: House) -> None:
    house.rule(RecordingRule.CHOICE)
    writer = house.begin()
    address = f"{ROOM}/sessions/{writer.session_id}/keeping"
    assert house.jobs(writer.session_id) == {"transcribe": JobState.WAITING}
    assert house.call("PUT", address, {"publish": False}).json["kept"] == "held"
    assert house.jobs(writer.session_id) == {"transcribe": JobState.CANCELLED}
    assert house.call("PUT", address, {"publish": False}).status_code == 200, "again: nothing new"
    assert house.told() == [(writer.session_id, "published"), (writer.session_id, "held")]
    assert house.room_told()["session"]["kept"] == "held"
    assert house.call("PUT", address, {"publish": True}).json["kept"] == "published"
    assert house.jobs(writer.session_id) == {"transcribe": JobState.WAITING}
    for who in ("nobody", "viewer", "colleague", "foreign admin"):
        assert house.call("PUT", address, {"publish": False}, who=who).status_code in (401, 403)
    assert house.call("PUT", address, {"publish": "maybe"}).status_code == 422
    house.end(writer)
    assert house.call("PUT", address, {"publish": False}).status_code == 409
    assert house.row(writer.session_id).kept == Kept.PUBLISHED


def test_before_its_end_is_known_to_the_database_nothing_changes_any_more(house: House) -> None:
    house.rule(RecordingRule.CHOICE)
    writer = house.begin()
    writer.end()  # its row still says that it is live
    house.stage.directory.states()
    answer = house.call("PUT", f"{ROOM}/sessions/{writer.session_id}/keeping", {"publish": False})
    assert answer.status_code == 409


def test_what_the_organization_says_counts_for_lectures_that_begin_then(house: House) -> None:
    writer = house.begin()
    answer = house.call("PATCH", "/api/v1/organization", {"recording": "off"}, who="admin")
    assert (answer.status_code, answer.json["recording"], answer.json["days"]) == (200, "off", 7)
    assert house.room_told()["keeping"]["kept"] == "published", "the lecture under way"
    house.end(writer)
    assert house.told()[-1] == (None, "none")
    assert house.room_told()["keeping"] == {"kept": "none", "days": 7, "may_choose": False}
    answer = house.call("PATCH", "/api/v1/organization", {"recording": "always"}, who="admin")
    assert house.told()[-1] == (None, "published"), "whoever has the room open is told"
    assert house.row(writer.session_id).kept == Kept.PUBLISHED
    assert house.call("PATCH", "/api/v1/organization", {"recording": "never"}, who="admin").status_code == 422
    elsewhere = house.call("PATCH", "/api/v1/organization", {"recording": "off"}, who="foreign admin")
    assert elsewhere.json["name"] == "elsewhere"
    assert house.room_told()["keeping"]["kept"] == "published"


def test_the_pages_say_it_in_the_readers_language(house: House) -> None:
    said = {
        RecordingRule.ALWAYS: ("This lecture is recorded.", "この講義は録画されます。", "本次讲座会被录制。"),
        RecordingRule.OFF: (
            "This lecture is not recorded.",
            "この講義は録画されません。",
            "本次讲座不会被录制。",
        ),
    }
    client = house.stage.client()
    for rule, sentences in said.items():
        house.rule(rule)
        for language, sentence in zip(("en", "ja", "zh"), sentences, strict=True):
            for page in ("/rooms/algebra", "/rooms/algebra?embed=1"):
                assert sentence in client.get(page, headers={"Accept-Language": language}).text
    house.rule(RecordingRule.CHOICE)
    house.call("PUT", f"{ROOM}/keeping", {"publish": False})
    page = client.get("/rooms/algebra", headers={"Accept-Language": "en"}).text
    assert "Only its lecturer keeps it, for 7 days." in page


# Held


def media(house: House, recording: str, who: str) -> dict[str, int]:
    """How everything of a recording answers to somebody: the status."""
    get = house.stage.client(house.users.get(who)).get
    paths = (
        f"/watch/{recording}",
        f"/watch/{recording}?embed=1",
        f"/watch/{recording}/edit",
        f"/watch/{recording}/download",
        *(
            f"/watch/{recording}/{name}"
            for name in (
                "poster.webp",
                "thumbnail.webp",
                "storyboard.vtt",
                "storyboard-0.webp",
                "loudness.json",
            )
        ),
        f"/api/v1/recordings/{recording}",
        f"/api/v1/recordings/{recording}/transcript",
        f"/api/v1/recordings/{recording}/transcript.vtt",
        f"/api/v1/recordings/{recording}/transcription",
        f"{ROOM}?session={recording}",
        f"{ROOM}/sessions/{recording}/gaps",
    )
    return {path: get(path).status_code for path in paths}


@pytest.mark.parametrize("who", OTHERS)
def test_what_is_held_is_nobodys_but_its_owners(house: House, who: str) -> None:
    recording = house.held()
    # Sent to the sign-in page, or not found.
    assert set(media(house, recording, who).values()) <= {302, 401, 403, 404}
    title, person = "Eigenvalues", house.users.get(who)
    assert title not in json.dumps(house.room_told(who))
    for listing in ("/", "/library", "/?q=determinant", "/rooms/algebra", "/rooms"):
        assert recording not in house.stage.client(person).get(listing).text, listing
    for listing in ("recordings", "lectures", "search?q=determinant", "search?q=Eigenvalues"):
        assert recording not in house.call("GET", f"/api/v1/{listing}", who=who).text, listing
    films = house.call("GET", f"{ROOM}/media", who=who)
    assert recording not in films.text
    for method, path, body in changes(recording):
        assert house.call(method, path, body, who=who).status_code in (401, 403, 404), path
    assert house.row(recording).removal is None and house.row(recording).kept == Kept.HELD


def changes(recording: str) -> list[tuple[str, str, Any]]:
    lecture, api = f"{ROOM}/sessions/{recording}", f"/api/v1/recordings/{recording}"
    return [
        ("PATCH", lecture, {"title": "x"}),
        ("PUT", f"{lecture}/poster", {"at": 1}),
        ("PUT", f"{lecture}/keeping", {"publish": True}),
        ("POST", f"{lecture}/complete", {"copies": ["x"]}),
        ("POST", f"{ROOM}/media", {"session": recording}),
        ("PATCH", api, {"visibility": "public"}),
        ("DELETE", api, None),
        ("POST", f"{api}/restore", None),
        ("POST", f"{api}/mp4", None),
        ("POST", f"{api}/claim", None),
        ("POST", f"{api}/transcription", {}),
        ("PUT", f"{api}/transcript", None),
    ]


def test_its_owner_watches_it_and_finds_it(house: House) -> None:
    recording = house.held()
    assert set(media(house, recording, "owner").values()) == {200}
    told = house.call("GET", f"/api/v1/recordings/{recording}").json
    row = house.row(recording)
    assert row.held_until == row.ended_at + timedelta(days=7)
    assert told["kept"] == "held" and told["held_until"].startswith(row.held_until.isoformat()[:19])
    assert recording in house.call("GET", "/api/v1/recordings").text
    assert recording in house.call("GET", "/api/v1/search?q=determinant").text
    page = house.stage.client(house.users["owner"]).get(f"/watch/{recording}").text
    assert 'id="claim"' in page and 'id="delete-now"' in page
    of_room = house.room_told("owner")["session"]
    assert (of_room["id"], of_room["kept"]) == (recording, "held")
    assert (
        house.stage.app.test_client().get(of_room["hls_url"].removeprefix("http://localhost")).status_code
        == 200
    )


@pytest.mark.parametrize("access", ["open", "members"])
def test_media_addresses_of_before_its_end_open_nothing(house: House, access: str) -> None:
    """Not even in the moment before the database knows that it has ended."""
    house.rule(RecordingRule.CHOICE)
    house.call("PATCH", ROOM, {"access": access})
    house.call("PUT", f"{ROOM}/keeping", {"publish": False})
    house.stage.book.refresh()
    writer = house.begin()
    live = house.room_told("viewer")["session"]["hls_url"].removeprefix("http://localhost")
    anybody = house.stage.app.test_client()
    assert anybody.get(live).status_code == 200
    writer.end()
    house.stage.windows.on_hint({"kind": "state", "session": writer.session_id})
    replay = live.replace("index.m3u8", "replay-1.m3u8")
    for _ in range(2):
        for address in (live, replay, live.replace("index.m3u8", "source/1/0.m4s")):
            assert anybody.get(address).status_code == 403, address
        house.adopt(writer)


def test_an_admins_address_from_before_it_was_held_again_does_not_open_it(house: House) -> None:
    recording = house.held()
    house.call("POST", f"/api/v1/recordings/{recording}/claim", {})
    of_admin = house.call("GET", f"/api/v1/recordings/{recording}", who="admin").json["hls_url"]
    with house.stage.database.session() as transaction:
        row = transaction.get_one(LectureSession, recording)
        row.kept, row.access_epoch = Kept.HELD.value, row.access_epoch + 1
    house.stage.book.refresh()
    assert house.stage.app.test_client().get(of_admin.removeprefix("http://localhost")).status_code == 403


def test_claimed_it_is_a_private_recording_like_any_other(house: House) -> None:
    recording = house.held()
    api = f"/api/v1/recordings/{recording}"
    assert house.call("PATCH", api, {"visibility": "public"}).status_code == 409, "first it is claimed"
    assert house.call("PATCH", api, {"title": "Renamed"}).status_code == 200
    answer = house.call("POST", f"{api}/claim", {})
    assert answer.json == {"id": recording, "kept": "published", "visibility": "private"}
    assert house.jobs(recording) == dict.fromkeys(("mp4", "pictures", "transcribe"), JobState.WAITING)
    assert house.call("GET", api, who="viewer").status_code == 404
    assert house.call("GET", api, who="admin").status_code == 200
    assert house.call("POST", f"{api}/claim", {}).status_code == 409
    assert house.call("PATCH", api, {"visibility": "public"}).status_code == 200
    told = house.call("GET", api, who="nobody").json
    assert (
        house.stage.app.test_client().get(told["hls_url"].removeprefix("http://localhost")).status_code == 200
    )
    assert house.call("DELETE", api).status_code == 204
    assert house.row(recording).removal is None, "into the trash"


def test_its_owner_deletes_it_for_good(house: House) -> None:
    recording = house.held()
    assert house.call("DELETE", f"/api/v1/recordings/{recording}").status_code == 204
    row = house.row(recording)
    assert (row.removal, row.removal_by) == (Removal.OWNER, house.users["owner"].id)
    assert house.jobs(recording)[removals.KIND] == JobState.WAITING
    for who in sorted(ALL):
        assert set(media(house, recording, who).values()) <= {302, 401, 403, 404}, who
        for method, path, body in changes(recording):
            assert house.call(method, path, body, who=who).status_code in (401, 403, 404, 409, 415), path
    trash = house.call("GET", "/api/v1/recordings?trash=1").text
    assert recording not in trash


def test_admins_see_that_it_is_there_and_when_it_goes(house: House) -> None:
    recording = house.held()
    page = (
        house.stage.client(house.users["admin"])
        .get("/admin/recording", headers={"Accept-Language": "en"})
        .text
    )
    assert house.room.title in page and house.row(recording).held_until.isoformat()[:19] in page  # type: ignore[union-attr]
    assert "Eigenvalues" not in page and recording not in page
    house.call("DELETE", f"/api/v1/recordings/{recording}")
    page = (
        house.stage.client(house.users["admin"])
        .get("/admin/recording", headers={"Accept-Language": "en"})
        .text
    )
    assert "Its lecturer deleted it (owner)" in page and "Being removed" in page
    removals.is_removed(house.stage.database, recording, ["disk"], house.row(recording).ended_at)  # type: ignore[arg-type]
    page = (
        house.stage.client(house.users["admin"])
        .get("/admin/recording", headers={"Accept-Language": "en"})
        .text
    )
    assert "Being removed" not in page
    jobs = house.call("GET", "/api/v1/jobs", who="admin").json
    assert [(one["kind"], one["title"], one["url"]) for one in jobs["waiting"]] == [("remove", None, None)]
    elsewhere = house.stage.client(house.users["foreign admin"]).get("/admin/recording").text
    assert house.room.title not in elsewhere


# Not kept


def test_where_nothing_is_kept_it_can_be_watched_until_its_end(house: House) -> None:
    house.rule(RecordingRule.OFF)
    writer = house.begin()
    assert house.jobs(writer.session_id) == {}
    live = house.room_told()["session"]["hls_url"].removeprefix("http://localhost")
    anybody = house.stage.app.test_client()
    assert anybody.get(live).status_code == 200
    answer = house.call("PUT", f"{ROOM}/sessions/{writer.session_id}/keeping", {"publish": True})
    assert answer.status_code == 409
    recording = house.end(writer)
    row = house.row(recording)
    assert (row.removal, row.removal_by) == (Removal.ORGANIZATION, None)
    assert house.jobs(recording) == {removals.KIND: JobState.WAITING}
    with house.stage.database.reading() as transaction:
        (job,) = transaction.scalars(select(Job)).all()
    wait = job.not_before - job.created_at
    assert timedelta(seconds=30) < wait < timedelta(seconds=65), "an encoder's minute to come back"
    assert house.jobs(recording) and Jobs(house.stage.database).due([removals.KIND]) == set()
    for who in sorted(ALL):
        assert set(media(house, recording, who).values()) <= {302, 401, 403, 404}, who
    house.stage.windows.on_hint({"kind": "state", "session": recording})
    assert anybody.get(live).status_code == 403
    assert house.room_told("owner")["session"] is None
    last = session_events(house)[-1]
    assert (last["state"], last["has_replay"]) == ("ended", False)
    # Whatever the recorder writes of it afterwards changes nothing.
    writer.change(end_reason="again")
    house.adopt(writer)
    assert house.jobs(recording) == {removals.KIND: JobState.WAITING}


def session_events(house: House) -> list[dict[str, Any]]:
    with house.stage.database.reading() as transaction:
        rows = transaction.scalars(select(EventRow).where(EventRow.kind == "session").order_by(EventRow.seq))
        return [json.loads(event.payload) for event in rows]


def test_the_feed_tells_of_no_replay_of_what_is_held(house: House) -> None:
    house.held()
    assert session_events(house)[-1]["has_replay"] is False


# A database that was lost


def test_a_new_database_takes_up_again_who_may_watch(house: House, tmp_path: Path) -> None:
    recording = house.held()
    until = house.row(recording).held_until
    path = house.stage.settings.sessions_folder / recording / recording_access.FILE_NAME
    assert json.loads(path.read_text())["kept"] == "held"
    with house.stage.database.session() as transaction:
        transcripts.remove(transaction, recording)
        search_index.remove(transaction, recording)
        transaction.delete(transaction.get_one(LectureSession, recording))
    adopt_session(house.stage.settings, house.stage.database, recording)
    row = house.row(recording)
    assert (row.kept, row.held_until) == (Kept.HELD, until) and row.access_epoch > 0
    assert house.jobs(recording) == {}


def test_a_room_without_an_owner_holds_for_nobody(house: House) -> None:
    house.rule(RecordingRule.CHOICE)
    other = add_room(house.stage.database, "orphan", "owner")
    with house.stage.database.session() as transaction:
        room = transaction.get_one(Room, other.id)
        room.owner_id, room.publishes = None, False
    writer = SessionWriter(tmp := house.folder, room_id=other.id)
    assert tmp
    writer.begin_take()
    writer.parts(8)
    recording = house.end(writer)
    assert writer.state.phase is SessionPhase.ENDED
    users: list[User | None] = [*house.users.values(), None]
    answers = {
        house.stage.call("GET", f"/api/v1/recordings/{recording}", user=one).status_code for one in users
    }
    assert answers == {404}
