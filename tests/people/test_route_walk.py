"""The walk over the whole application: each endpoint by each kind of person, in rooms of all three accesses.

Who gets in, who gets media addresses and what they open, whose bearer publishes, and that no changing request
passes without the page's token. An endpoint without a rule or without a row here fails.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from broadcast import session_rows
from broadcast.rate_limits import limiter
from broadcast.room_api import PICTURE_URLS
from library.database import utc_now
from library.models import LectureSession
from library.pictures import folder_of
from people import invitations
from people.api_tokens import add_api_token
from people.command_line import add_room
from people.models import Room, RoomAccess, User
from people.rooms import change_room
from people.routes import RULES
from people.tokens import PublishToken, issue_publish_token, unlock_cookie_name
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import SDP, SECRET, WebStage, csrf_token
from tests.people import answer_checks
from tests.people.route_walk import (
    ADMINS,
    ALL,
    HOSTS,
    OPERATORS,
    ROOM_HOSTS,
    SIGNED_IN,
    SLUG,
    Step,
    add_people,
    is_in,
    walk,
)

NOBODY: frozenset[str] = frozenset()
OPERATORS = frozenset({"operator"})
INVITED = frozenset({"viewer", "foreign lecturer"})
MEMBERS = SIGNED_IN - {"foreign lecturer", "foreign admin"}
WATCHERS = {"open": ALL, "members": MEMBERS, "password": ROOM_HOSTS, "invited": ROOM_HOSTS | INVITED}
SLUGS = {"open": SLUG, "members": "geometry", "password": "topology", "invited": "logic"}
MODES = list(SLUGS)
LIVE_SLUG = "analysis"
ROOM_PASSWORD = "sesame"
ACCOUNT = "/api/v1/account"
PERSON = "/api/v1/people/x"
UPLOADS = "/api/v1/library/uploads"
PICTURES = {
    "poster": "poster.webp",
    "thumbnail": "thumbnail.webp",
    "storyboard": "storyboard.vtt",
    "sheet": "storyboard-0.webp",
    "loudness": "loudness.json",
}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
# No cookie counts there: WHIP's bearer is the secret, live addresses change nothing, a beacon only a count.
WITHOUT_PAGE_TOKEN = {"api.beacon", "whip.publish", "whip.trickle", "whip.leave", "live.answer"}


def steps(mode: str, session_id: str) -> dict[str, Step]:
    """Every endpoint that has to do with one room, and who gets in there."""
    slug = SLUGS[mode]
    api, watchers = f"/api/v1/rooms/{slug}", WATCHERS[mode]
    lecture = f"{api}/sessions/{session_id}"
    return {
        "pages.room": Step("GET", f"/rooms/{slug}", ALL),  # the page; its addresses come from the API
        "pages.watch": Step("GET", f"/watch/{session_id}", ALL),
        "pages.room_settings": Step("GET", f"/rooms/{slug}/settings", ROOM_HOSTS),
        "pages.studio": Step("GET", f"/rooms/{slug}/studio", ROOM_HOSTS),
        "api.get_room": Step("GET", api, ALL),
        "api.patch_room": Step("PATCH", api, ROOM_HOSTS, {}),
        "api.delete_room": Step("DELETE", f"/api/v1/rooms/{LIVE_SLUG}", ROOM_HOSTS),  # refused: it is live
        "api.restore_room": Step("POST", f"{api}/restore", ROOM_HOSTS),  # it is in no trash
        "api.make_publish_token": Step("POST", f"{api}/publish-token", ROOM_HOSTS, {}),
        "api.end_session": Step("POST", f"{api}/end", ROOM_HOSTS),
        "api.hold_off_record": Step("PUT", f"{api}/off-record", ROOM_HOSTS, {"off_record": True}),
        "api.unlock": Step("POST", f"{api}/unlock", ALL, {}),  # with a password: below
        "api.beacon": Step("POST", f"{api}/beacon", watchers, {"viewer": "viewer-one"}),
        "sessions.patch_session": Step("PATCH", f"{api}/sessions/{session_id}", ROOM_HOSTS, {}),
        "keeping.wish_in_room": Step("PUT", f"{api}/keeping", ROOM_HOSTS, {}),
        "keeping.wish_of_lecture": Step("PUT", f"{lecture}/keeping", ROOM_HOSTS, {}),
        "keeping.claim": Step("POST", f"/api/v1/recordings/{session_id}/claim", ROOM_HOSTS, {}),
        "poster.choose": Step("PUT", f"{lecture}/poster", ROOM_HOSTS, {"at": -1}),
        "scheduled.list_scheduled": Step("GET", f"{api}/scheduled", ROOM_HOSTS),
        "scheduled.add_scheduled": Step("POST", f"{api}/scheduled", ROOM_HOSTS, {}),
        "scheduled.patch_scheduled": Step("PATCH", f"{api}/scheduled/x", ROOM_HOSTS, {}),
        "scheduled.delete_scheduled": Step("DELETE", f"{api}/scheduled/x", ROOM_HOSTS),
        "copies.get_gaps": Step("GET", f"{lecture}/gaps", ROOM_HOSTS),
        "copies.add_copy": Step("POST", f"{lecture}/copies", ROOM_HOSTS),
        "copies.copy_state": Step("HEAD", f"{lecture}/copies/x/upload", ROOM_HOSTS),
        "copies.copy_bytes": Step("PATCH", f"{lecture}/copies/x/upload", ROOM_HOSTS),
        "copies.remove_copy": Step("DELETE", f"{lecture}/copies/x/upload", ROOM_HOSTS),
        "copies.complete": Step("POST", f"{lecture}/complete", ROOM_HOSTS, {"copies": ["x"]}),
        "copies.cancel_completion": Step("DELETE", f"{lecture}/complete", ROOM_HOSTS),
        "transcripts.get_transcript": Step("GET", f"/api/v1/recordings/{session_id}/transcript", watchers),
        "transcripts.put_transcript": Step(
            "PUT", f"/api/v1/recordings/{session_id}/transcript", ROOM_HOSTS, {}
        ),
        "transcripts.get_file": Step("GET", f"/api/v1/recordings/{session_id}/transcript.vtt", watchers),
        "transcription.get_work": Step("GET", f"/api/v1/recordings/{session_id}/transcription", watchers),
        "transcription.repeat": Step(
            "POST", f"/api/v1/recordings/{session_id}/transcription", ROOM_HOSTS, {}
        ),
        "chapters.get_chapters": Step("GET", f"/api/v1/recordings/{session_id}/chapters", watchers),
        "chapters.get_file": Step("GET", f"/api/v1/recordings/{session_id}/chapters.vtt", watchers),
        "chapters.put_chapters": Step("PUT", f"/api/v1/recordings/{session_id}/chapters", ROOM_HOSTS, {}),
        "watched.post_watched": Step(
            "POST", f"/api/v1/recordings/{session_id}/watched", watchers - {"nobody"}, {"position": -1}
        ),
        "line_test.measure": Step("POST", f"{api}/line-test", ROOM_HOSTS),
        "guests.get_invited": Step("GET", f"{api}/invited", ROOM_HOSTS),
        "guests.invite": Step("POST", f"{api}/invited", ROOM_HOSTS, {"text": 7}),
        "guests.uninvite": Step("DELETE", f"{api}/invited", ROOM_HOSTS, {"names": 7}),
        "guests.list_links": Step("GET", f"{api}/links", ROOM_HOSTS),
        "guests.add_link": Step("POST", f"{api}/links", ROOM_HOSTS, {"label": 7}),
        "guests.revoke_link": Step("DELETE", f"{api}/links/x", ROOM_HOSTS),
        "links.enter": Step("GET", f"/rooms/{SLUG}/enter/x", ALL),
        "doors_pages.doors": Step("GET", "/admin/doors", ADMINS),
        "doors_pages.as_csv": Step("GET", "/admin/doors.csv", ADMINS),
        "doors.get_doors": Step("GET", "/api/v1/doors", ADMINS),
        "doors.add_rules": Step("POST", "/api/v1/doors", ADMINS, {"effect": 7}),
        "doors.remove_rules": Step("DELETE", "/api/v1/doors", ADMINS, {"ids": 7}),
        "doors.try_doors": Step("POST", "/api/v1/doors/try", ADMINS, {"address": 7}),
        "keys.list_stream_keys": Step("GET", f"{api}/stream-keys", ROOM_HOSTS),
        "keys.add_stream_key": Step("POST", f"{api}/stream-keys", ROOM_HOSTS, {"label": 7}),
        "keys.delete_stream_key": Step("DELETE", f"{api}/stream-keys/x", ROOM_HOSTS),
        "media.list_media": Step("GET", f"{api}/media", ROOM_HOSTS),
        "media.add_media": Step("POST", f"{api}/media", ROOM_HOSTS, {}),
        "media.delete_media": Step("DELETE", f"{api}/media/x", ROOM_HOSTS),
        "media.upload_state": Step("HEAD", f"{api}/media/x/upload", ROOM_HOSTS),
        "media.upload_bytes": Step("PATCH", f"{api}/media/x/upload", ROOM_HOSTS),
        "media.end_upload": Step("DELETE", f"{api}/media/x/upload", ROOM_HOSTS),
        "media.control_playback": Step("POST", f"{api}/playback", ROOM_HOSTS, {"action": "stop"}),
        "whip.publish": Step("POST", f"/whip/{slug}", NOBODY),  # with a bearer: below
        "whip.trickle": Step("PATCH", f"/whip/{slug}/x", NOBODY),
        "whip.leave": Step("DELETE", f"/whip/{slug}/x", NOBODY),
        "whip.endpoint_options": Step("OPTIONS", f"/whip/{slug}", ALL),
        "whip.resource_options": Step("OPTIONS", f"/whip/{slug}/x", ALL),
        "downloads.mp4": Step(  # who has no password is sent to the room's page; who gets the file: below
            "GET", f"/watch/{session_id}/download", ALL if mode == "password" else watchers
        ),
        "posters.live_poster": Step("GET", f"/rooms/{slug}/poster.webp", watchers),  # it is over: 404
        **{
            f"pictures.{name}": Step("GET", f"/watch/{session_id}/{file}", watchers)
            for name, file in PICTURES.items()
        },
        "library.edit": Step("GET", f"/watch/{session_id}/edit", ROOM_HOSTS),
        "recordings.get_recording": Step("GET", f"/api/v1/recordings/{session_id}", watchers),
        "recordings.patch_recording": Step("PATCH", f"/api/v1/recordings/{session_id}", ROOM_HOSTS, {}),
        # First away, then back.
        "recordings.delete_recording": Step("DELETE", f"/api/v1/recordings/{session_id}", ROOM_HOSTS),
        "recordings.restore_recording": Step("POST", f"/api/v1/recordings/{session_id}/restore", ROOM_HOSTS),
        "recordings.make_mp4_again": Step("POST", f"/api/v1/recordings/{session_id}/mp4", ROOM_HOSTS),
        "edits.get_edit": Step("GET", f"/api/v1/recordings/{session_id}/edit", ROOM_HOSTS),
        "edits.put_edit": Step("PUT", f"/api/v1/recordings/{session_id}/edit", ROOM_HOSTS, {"hidden": []}),
        "recordings.bring_home": Step("POST", f"/api/v1/recordings/{session_id}/home", ROOM_HOSTS),
        "oembed.oembed": Step(
            "GET", f"/oembed?url=http://localhost:8000/rooms/{slug}", ALL if mode == "open" else NOBODY
        ),
        "live.answer": Step(  # with a token: below
            "GET", f"/live/open/{session_id}/index.m3u8", ALL if mode == "open" else NOBODY
        ),
    }


ELSEWHERE = {
    "static": Step("GET", "/static/css/tokens.css", ALL),
    "openapi.spec": Step("GET", "/api/v1/openapi.json", ALL),
    "people.sign_in_page": Step("GET", "/sign-in", ALL),
    "people.sign_in": Step("POST", "/sign-in", NOBODY),  # without a user ID and password it is 401
    "people.sign_out": Step("POST", "/sign-out", ALL),
    "people.setup_page": Step("GET", "/setup/x", ALL),
    "people.setup": Step("POST", "/setup/x", ALL),
    "passwords.ask_page": Step("GET", "/forgotten-password", ALL),
    "passwords.ask": Step("POST", "/forgotten-password", ALL),
    "passwords.link_page": Step("GET", "/invitation/x", ALL),  # the token is the credential
    "passwords.set_password": Step("POST", "/reset/x", ALL),
    "pages.front": Step("GET", "/", ALL),
    "library.library": Step("GET", "/library", ALL),
    "pages.rooms": Step("GET", "/rooms", SIGNED_IN),
    "pages.jobs": Step("GET", "/admin/jobs", ADMINS),
    "people_pages.account": Step("GET", "/account", SIGNED_IN),
    "people_pages.list_people": Step("GET", "/admin/people", ADMINS),
    "people_pages.person": Step("GET", "/admin/people/x", ADMINS),
    "account.get_account": Step("GET", ACCOUNT, SIGNED_IN),
    "account.patch_account": Step("PATCH", ACCOUNT, SIGNED_IN, {}),
    "account.put_password": Step("PUT", f"{ACCOUNT}/password", SIGNED_IN, {}),
    "account.sign_out_everywhere": Step("DELETE", f"{ACCOUNT}/sign-ins", SIGNED_IN),
    "account.end_sign_in": Step("DELETE", f"{ACCOUNT}/sign-ins/x", SIGNED_IN),
    "people_api.list_people": Step("GET", "/api/v1/people", ADMINS),
    "people_api.export": Step("GET", "/api/v1/people.csv", ADMINS),
    "people_api.invite": Step("POST", "/api/v1/people", ADMINS, {}),
    "people_api.get_person": Step("GET", PERSON, ADMINS),  # nobody there: whose it may be is told below
    "people_api.patch_person": Step("PATCH", PERSON, ADMINS, {}),
    "people_api.delete_invited": Step("DELETE", PERSON, ADMINS),
    "people_api.make_link": Step("POST", f"{PERSON}/link", ADMINS),
    "people_api.invitation_links": Step("POST", "/api/v1/people/invitations.csv", ADMINS),
    "people_api.list_sign_ins": Step("GET", f"{PERSON}/sign-ins", ADMINS),
    "people_api.sign_out": Step("DELETE", f"{PERSON}/sign-ins", ADMINS),
    "people_api.end_sign_in": Step("DELETE", f"{PERSON}/sign-ins/x", ADMINS),
    "people_api.take_in": Step("POST", "/api/v1/people/import?dry_run=true", ADMINS),
    "keeping_pages.rule": Step("GET", "/admin/recording", ADMINS),
    "backup_pages.backups": Step("GET", "/admin/backups", OPERATORS),
    "backup_pages.generations_csv": Step("GET", "/admin/backups.csv", OPERATORS),
    "backups.get_backups": Step("GET", "/api/v1/backups", OPERATORS),
    "backups.order": Step("POST", "/api/v1/backups", OPERATORS, {}),
    "backups.look": Step("GET", "/api/v1/backups/recordings?generation=x", OPERATORS),
    "backups.restore": Step("POST", "/api/v1/backups/x/restore", OPERATORS, {}),
    "audit_pages.acts": Step("GET", "/admin/audit", ADMINS),
    "audit_pages.acts_csv": Step("GET", "/admin/audit.csv", ADMINS),
    "audit.list_acts": Step("GET", "/api/v1/audit", ADMINS),
    "usage.page": Step("GET", "/admin/usage", ADMINS),
    "usage.periods_csv": Step("GET", "/admin/usage/periods.csv", ADMINS),
    "usage.rooms_csv": Step("GET", "/admin/usage/rooms.csv", ADMINS),
    "usage.visits_csv": Step("GET", "/admin/usage/visits.csv", ADMINS),
    "usage_api.get_usage": Step("GET", "/api/v1/usage", ADMINS),
    "personal.own_page": Step("GET", "/account/data", SIGNED_IN),
    "personal.own_data": Step("GET", "/account/data.json", SIGNED_IN),
    "personal.page": Step("GET", "/admin/people/x/data", ADMINS),
    "personal.data": Step("GET", "/admin/people/x/data.json", ADMINS),
    "personal_api.get_extent": Step("GET", "/api/v1/people/x/erasure", ADMINS),
    "personal_api.erase": Step("POST", "/api/v1/people/x/erasure", ADMINS, {}),
    "notices.page": Step("GET", "/admin/notices", ADMINS),
    "notices_api.get_shown": Step("GET", "/api/v1/notices", ALL),
    "notices_api.list_notices": Step("GET", "/api/v1/admin/notices", ADMINS),
    "notices_api.add_notice": Step("POST", "/api/v1/admin/notices", ADMINS, {}),
    "notices_api.withdraw_notice": Step("POST", "/api/v1/admin/notices/x/withdraw", ADMINS, {}),
    "notices_api.mail_notice": Step("POST", "/api/v1/admin/notices/x/mail", ADMINS, {}),
    "health_pages.dashboard": Step("GET", "/admin", ADMINS),
    "health_pages.health": Step("GET", "/admin/health", OPERATORS),
    "health_pages.availability": Step("GET", "/admin/health/availability.csv", OPERATORS),
    "health_pages.alarms": Step("GET", "/admin/health/alarms.csv", OPERATORS),
    "health_api.get_dashboard": Step("GET", "/api/v1/dashboard", ADMINS),
    "health_api.get_health": Step("GET", "/api/v1/health", OPERATORS),
    "health_api.send_test": Step("POST", "/api/v1/health/test", OPERATORS, {}),
    "keeping.get_rule": Step("GET", "/api/v1/organization", ADMINS),
    "keeping.set_rule": Step("PATCH", "/api/v1/organization", ADMINS, {}),
    "jobs.list_jobs": Step("GET", "/api/v1/jobs", ADMINS),
    "jobs.get_job": Step("GET", "/api/v1/jobs/x", ADMINS),
    "jobs.retry_job": Step("POST", "/api/v1/jobs/x/retry", ADMINS, {}),
    "jobs.cancel_job": Step("POST", "/api/v1/jobs/x/cancel", ADMINS, {}),
    "pages.set_language": Step("POST", "/language", ALL),
    "pages.design": Step("GET", "/design", ALL),
    "api.list_deleted_rooms": Step("GET", "/api/v1/deleted-rooms", HOSTS),
    "api.add_room": Step("POST", "/api/v1/rooms", HOSTS, {}),
    "media.upload_options": Step("OPTIONS", "/api/v1/uploads", ALL),
    "uploads.list_uploads": Step("GET", UPLOADS, HOSTS),
    "uploads.begin_upload": Step("POST", UPLOADS, HOSTS),
    "uploads.get_upload": Step("GET", f"{UPLOADS}/x", HOSTS),
    "uploads.upload_state": Step("HEAD", f"{UPLOADS}/x/upload", HOSTS),
    "uploads.upload_bytes": Step("PATCH", f"{UPLOADS}/x/upload", HOSTS),
    "uploads.end_upload": Step("DELETE", f"{UPLOADS}/x/upload", HOSTS),
    "uploads.delete_upload": Step("DELETE", f"{UPLOADS}/x", HOSTS),
    "uploads.retry_upload": Step("POST", f"{UPLOADS}/x/retry", HOSTS, {}),
    "search.search": Step("GET", "/api/v1/search?q=x", ALL),
    "lectures.list_lectures": Step("GET", "/api/v1/lectures", ALL),
    "recordings.list_recordings": Step("GET", "/api/v1/recordings", ALL),
    "health.healthz": Step("GET", "/healthz", ALL),
    "health.readyz": Step("GET", "/readyz", ALL),
    "health.metrics": Step("GET", "/metrics", ALL),  # the test client is this machine; from afar: below
}


@dataclass
class House:
    """The application, its people, and a room with a recording and its MP4 for each access."""

    stage: WebStage
    users: dict[str, User]
    rooms: dict[str, Room]
    sessions: dict[str, str]

    def client(self, name: str) -> FlaskClient:
        return self.stage.client(self.users.get(name))

    def room_as(self, name: str, mode: str) -> dict[str, Any]:
        document: dict[str, Any] = self.client(name).get(f"/api/v1/rooms/{SLUGS[mode]}").json
        return document

    def walk(self, table: dict[str, Step]) -> dict[str, frozenset[str]]:
        """Here only the doors are walked: CSRF has tests of its own."""
        self.stage.app.config["WTF_CSRF_ENABLED"] = False
        try:
            return walk(self.stage.app, self.users, table)
        finally:
            self.stage.app.config["WTF_CSRF_ENABLED"] = True

    def set_active(self, active: bool) -> None:
        with self.stage.database.session() as session:
            for user in self.users.values():
                session.get_one(User, user.id).active = active


def build(folder: Path) -> House:
    stage = WebStage(folder)
    users, algebra = add_people(stage.database)
    rooms = {"open": algebra}
    for mode in ("members", "password", "invited"):
        room = add_room(stage.database, SLUGS[mode], "owner")
        with stage.database.session() as session:
            rooms[mode] = session.get_one(Room, room.id)
            change_room(rooms[mode], access=RoomAccess(mode), password=ROOM_PASSWORD)
            if mode == "invited":
                invitations.invite(session, room, [users[name].user_id for name in INVITED])
    go_live(stage, add_room(stage.database, LIVE_SLUG, "owner"))
    stage.book.refresh()
    return House(stage, users, rooms, {m: record(stage, folder, room, m) for m, room in rooms.items()})


def go_live(stage: WebStage, room: Room) -> None:
    """As far as the database knows: nobody can delete the room."""
    live = LectureSession(id="live", title="t", phase="live", started_at=utc_now())
    live.room_id, live.organization_id = room.id, room.organization_id
    with stage.database.session() as session:
        session.add(live)


def record(stage: WebStage, folder: Path, room: Room, mode: str) -> str:
    """A lecture of the room that has just ended, with an MP4 and pictures."""
    writer = SessionWriter(folder, room_id=room.id, access=mode)
    writer.begin_take()
    writer.parts(8)
    writer.end()
    now = time.time()
    writer.change(started_at=now - 3, ended_at=now)
    mp4 = folder / f"{mode}.mp4"
    mp4.write_bytes(b"an MP4")
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, writer.state, stage.directory.figures(writer.state))
        row = session.get_one(LectureSession, writer.session_id)
        row.mp4_path, row.pictures_version, row.poster = str(mp4), 1, "abc"
    pictures = folder_of(stage.settings.pictures_folder, writer.session_id, 1)
    pictures.mkdir(parents=True)
    for file in PICTURES.values():
        (pictures / file).write_bytes(b"a picture")
    return writer.session_id


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    house = build(folder)
    yield house
    house.stage.close()
    shutil.rmtree(folder)


@pytest.fixture
def house(whole: House) -> House:
    limiter.reset()
    return whole


# The doors


def test_every_endpoint_has_a_rule_and_a_row(house: House) -> None:
    endpoints = {rule.endpoint for rule in house.stage.app.url_map.iter_rules()}
    assert endpoints == set(RULES), "a rule without an endpoint or an endpoint without a rule"
    assert endpoints == set(ELSEWHERE) | set(steps("open", "x"))


def test_rows_lead_to_their_endpoints(house: House) -> None:
    addresses = house.stage.app.url_map.bind("localhost")
    for endpoint, step in {**ELSEWHERE, **steps("open", "x")}.items():
        assert addresses.match(step.path.split("?")[0], method=step.method)[0] == endpoint


def test_who_gets_in_outside_rooms(house: House) -> None:
    assert house.walk(ELSEWHERE) == {endpoint: step.let_in for endpoint, step in ELSEWHERE.items()}


@pytest.mark.parametrize("mode", MODES)
def test_who_gets_in_at_a_room(house: House, mode: str) -> None:
    table = steps(mode, house.sessions[mode])
    assert house.walk(table) == {endpoint: step.let_in for endpoint, step in table.items()}


@pytest.mark.parametrize("name", sorted(ALL))
def test_metrics_from_afar_are_the_operators(house: House, name: str) -> None:
    answer = house.client(name).get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert is_in(answer) is (name == "operator")


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_front_page_lists_what_its_reader_may_watch(house: House, name: str) -> None:
    page = house.client(name).get("/").text
    listed = {mode for mode in MODES if f"/watch/{house.sessions[mode]}" in page}
    assert listed == {mode for mode in MODES if name in WATCHERS[mode]}
    told = {one["id"] for one in house.client(name).get("/api/v1/lectures").json["recordings"]}
    assert told == {house.sessions[mode] for mode in listed}


# Media addresses


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", sorted(ALL))
def test_who_gets_media_addresses(house: House, name: str, mode: str) -> None:
    room = house.room_as(name, mode)
    session = room["session"]
    told = [session[key] for key in ("hls_url", "live_url", "mp4_url", *PICTURE_URLS)]
    told += [room["live_base"], room["feed"]]
    assert all(told) if name in WATCHERS[mode] else told == [None] * 9
    assert (room["may_watch"], room["may_host"]) == (name in WATCHERS[mode], name in ROOM_HOSTS)
    if name not in WATCHERS[mode]:
        token = house.room_as("owner", mode)["live_base"].removeprefix("/live/")
        page = house.client(name).get(f"/rooms/{SLUGS[mode]}").text
        assert token not in page + str(room)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", sorted(ALL))
def test_who_gets_the_mp4(house: House, name: str, mode: str) -> None:
    answer = house.client(name).get(f"/watch/{house.sessions[mode]}/download")
    gets_it = answer.status_code == 200 and answer.data == b"an MP4"
    assert gets_it is (name in WATCHERS[mode])
    assert gets_it or b"an MP4" not in answer.data


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", sorted(ALL))
def test_who_gets_the_pictures(house: House, name: str, mode: str) -> None:
    """The page of the recording, which anyone may open, does not show its poster either."""
    recording = f"/watch/{house.sessions[mode]}"
    for file in PICTURES.values():
        answer = house.client(name).get(f"{recording}/{file}")
        assert (answer.data == b"a picture") is (name in WATCHERS[mode])
        assert name in WATCHERS[mode] or b"a picture" not in answer.data
    page = house.client(name).get(recording).text
    assert (f'poster="{recording}/poster.webp?v=abc"' in page) is (name in WATCHERS[mode])


@pytest.mark.parametrize("mode", MODES)
def test_addresses_open_what_they_are_for(house: House, mode: str) -> None:
    """To whoever holds them, as an edge does: players send no cookies."""
    room = house.room_as("owner", mode)
    base = f"{room['live_base']}/{house.sessions[mode]}"
    for address in (
        room["session"]["hls_url"],
        room["session"]["live_url"],
        room["feed"]["snapshot_url"],
        room["feed"]["batch_url"].replace("{k}", "0"),
        f"{base}/source/media.m3u8",
        f"{base}/source/1/init.mp4",
        f"{base}/source/1/0.m4s",
    ):
        assert house.client("nobody").get(address).status_code == 200, address


@pytest.mark.parametrize("mode", ["members", "password"])
@pytest.mark.parametrize("key", ["open", "of another room", "of no room"])
def test_other_addresses_do_not_open_a_closed_room(house: House, mode: str, key: str) -> None:
    """Not even for those who may watch: what counts is the address."""
    other = house.room_as("owner", "password" if mode == "members" else "members")["live_base"]
    own = house.room_as("owner", mode)["live_base"]
    forged = own[:-1] + ("A" if own[-1] != "A" else "B")
    base = {"open": "/live/open", "of another room": other, "of no room": forged}[key]
    room_id, session_id = house.rooms[mode].id, house.sessions[mode]
    for name in ("nobody", "operator"):
        for tail in ("index.m3u8", "replay-1.m3u8", "source/media.m3u8", "source/1/0.m4s"):
            assert not is_in(house.client(name).get(f"{base}/{session_id}/{tail}")), tail
        for tail in ("events/snapshot", "events/0"):
            assert not is_in(house.client(name).get(f"{base}/{room_id}/{tail}")), tail


def test_the_recording_of_another_room_is_not_had_through_an_open_one(house: House) -> None:
    for mode in ("members", "password"):
        answer = house.client("nobody").get(f"/api/v1/rooms/{SLUG}?session={house.sessions[mode]}")
        assert answer.status_code == 404


# A room's password


@pytest.mark.parametrize("name", sorted(ALL - ROOM_HOSTS))
def test_the_password_opens_its_room_to_everyone(house: House, name: str) -> None:
    client = house.client(name)
    headers = {"X-CSRFToken": csrf_token(client)}
    api = f"/api/v1/rooms/{SLUGS['password']}"
    answer = client.post(f"{api}/unlock", json={"password": ROOM_PASSWORD}, headers=headers)
    assert answer.status_code == 204
    assert client.get(api).json["session"]["hls_url"] is not None
    assert client.get(f"/watch/{house.sessions['password']}/download").status_code == 200
    assert client.post(f"{api}/beacon", json={"viewer": "viewer-one"}, headers=headers).status_code == 204
    assert client.get(api).json["may_host"] is False
    others = {"may_watch": name in MEMBERS}
    assert client.get(f"/api/v1/rooms/{SLUGS['members']}").json.items() >= others.items()


def test_no_other_cookie_opens_a_room(house: House) -> None:
    client = house.client("nobody")
    headers = {"X-CSRFToken": csrf_token(client)}
    api = f"/api/v1/rooms/{SLUGS['password']}"
    client.post(f"{api}/unlock", json={"password": ROOM_PASSWORD}, headers=headers)
    own = client.get_cookie(unlock_cookie_name(house.rooms["password"]))
    assert own is not None
    client.set_cookie(unlock_cookie_name(house.rooms["members"]), own.value)
    assert client.get(f"/api/v1/rooms/{SLUGS['members']}").json["may_watch"] is False
    client.set_cookie(unlock_cookie_name(house.rooms["password"]), own.value[:-2] + "xx")
    assert client.get(api).json["may_watch"] is False


# Who publishes


@pytest.mark.parametrize("mode", MODES)
def test_whose_token_publishes(house: House, mode: str) -> None:
    """A token counts only while its person may host; here there is no recorder behind the door."""
    let_in = {
        name
        for name, user in house.users.items()
        if publishes(house, mode, token_of(house.rooms[mode], user.id))
    }
    assert let_in == ROOM_HOSTS
    assert not publishes(house, mode, token_of(house.rooms[mode], str(uuid.uuid4())))


def test_each_rooms_credentials_are_for_that_room(house: House) -> None:
    for mode, room in house.rooms.items():
        key = house.stage.stream_key(room)[1]
        token = token_of(room, house.users["owner"].id)
        assert {other for other in MODES if publishes(house, other, key)} == {mode}
        assert {other for other in MODES if publishes(house, other, token)} == {mode}


def test_an_access_token_publishes_nothing_and_a_stream_key_shows_nothing(house: House) -> None:
    access = house.room_as("owner", "members")["live_base"].removeprefix("/live/")
    assert not publishes(house, "members", access)
    key = house.stage.stream_key(house.rooms["members"])[1]
    for bearer in (key, token_of(house.rooms["members"], house.users["owner"].id)):
        assert not is_in(house.client("nobody").get(f"/live/{bearer}/{house.sessions['members']}/index.m3u8"))


def token_of(room: Room, person_id: str) -> str:
    return issue_publish_token(SECRET, PublishToken(person_id, room.id, takeover=False))[0]


def publishes(house: House, mode: str, bearer: str) -> bool:
    answer = house.client("nobody").post(
        f"/whip/{SLUGS[mode]}", data="v=0", content_type=SDP, headers={"Authorization": f"Bearer {bearer}"}
    )
    assert answer.status_code in (401, 503), answer.text  # 503: let in, and no recorder answers
    return answer.status_code == 503


# The page's token


def changing_requests(house: House) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of every request that may change something."""
    samples = {**ELSEWHERE, **steps("open", house.sessions["open"])}
    for rule in house.stage.app.url_map.iter_rules():
        for method in sorted(CHANGING & (rule.methods or set())):
            yield rule.endpoint, method, samples[rule.endpoint].path


def test_no_change_without_the_pages_token(house: House) -> None:
    tried = set()
    for endpoint, method, path in changing_requests(house):
        client = house.client("operator")  # to whom every door is open
        client.get("/")
        answer = client.open(path, method=method, json={})
        refused = answer.status_code == 400 and "CSRF" in answer.text
        assert refused is (endpoint not in WITHOUT_PAGE_TOKEN), (endpoint, method, answer.status_code)
        tried.add(endpoint)
    assert tried >= WITHOUT_PAGE_TOKEN | {"api.patch_room", "people.sign_in", "pages.set_language"}


def test_with_it_every_change_comes_to_its_endpoint(house: House) -> None:
    for endpoint, method, path in changing_requests(house):
        client = house.client("operator")
        answer = client.open(path, method=method, json={}, headers={"X-CSRFToken": csrf_token(client)})
        assert "CSRF" not in answer.text, endpoint


def test_the_token_of_another_browser_is_none(house: House) -> None:
    foreign = csrf_token(house.client("foreign admin"))
    for endpoint, method, path in changing_requests(house):
        if endpoint not in WITHOUT_PAGE_TOKEN:
            client = house.client("operator")
            client.get("/")
            answer = client.open(path, method=method, json={}, headers={"X-CSRFToken": foreign})
            assert (answer.status_code, "CSRF" in answer.text) == (400, True), endpoint


# Out at once


@pytest.fixture
def deactivated(house: House) -> Iterator[House]:
    """Everybody is, with the cookies of before."""
    house.set_active(False)
    yield house
    house.set_active(True)


@pytest.mark.parametrize(
    "mode", [pytest.param("members", marks=pytest.mark.full), "invited"]
)  # the others open to strangers, too
def test_a_deactivated_person_is_nobody(deactivated: House, mode: str) -> None:
    table = steps(mode, deactivated.sessions[mode]) | ELSEWHERE
    del table["people.sign_in"]  # many walks from one address: it is asked to wait
    assert deactivated.walk(table) == {
        endpoint: ALL if "nobody" in step.let_in else NOBODY for endpoint, step in table.items()
    }
    for name in ALL:
        assert (deactivated.room_as(name, mode)["session"]["hls_url"] is not None) is (mode == "open")


def test_a_deactivated_persons_token_does_not_publish(deactivated: House) -> None:
    for mode, room in deactivated.rooms.items():
        for user in deactivated.users.values():
            assert not publishes(deactivated, mode, token_of(room, user.id))


# What answers are made of


def every_step(house: House) -> Iterator[tuple[str, Step]]:
    yield from ELSEWHERE.items()
    yield from steps("members", house.sessions["members"]).items()


@pytest.mark.parametrize("name", ["nobody", "viewer", "operator"])
def test_every_answer_is_made_safe(house: House, name: str) -> None:
    """Pages, errors, redirects, files, media and the API, as each person gets them."""
    house.stage.app.config["WTF_CSRF_ENABLED"] = name != "operator"  # refusals for want of a token, too
    try:
        for endpoint, step in every_step(house):
            answer = house.client(name).open(step.path, method=step.method, json=step.body)
            assert answer_checks.faults_of(endpoint, answer) == [], (endpoint, answer.status_code)
            assert answer.status_code < 500 or answer.status_code == 503, endpoint  # no recorder is here
    finally:
        house.stage.app.config["WTF_CSRF_ENABLED"] = True


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/static/", "/static/js/", "/static/js"])
def test_so_is_what_is_not_there(house: House, path: str) -> None:
    answer = house.client("nobody").get(path)
    assert answer.status_code == 404
    assert "room_page.js" not in answer.text  # no listing
    assert answer_checks.faults_of("none", answer) == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW"])
def test_methods_that_are_for_nothing_here(house: House, method: str) -> None:
    for path in ("/", "/api/v1/rooms/algebra", "/static/css/tokens.css", "/live/open/x/index.m3u8"):
        answer = house.client("operator").open(path, method=method, headers={"X-Secret": "told-back"})
        assert answer.status_code in (404, 405), path
        assert "told-back" not in answer.text


def test_a_program_gets_in_where_its_person_does(house: House) -> None:
    """By an API token instead of a cookie; where other bearers count it is none of theirs."""
    with house.stage.database.session() as session:
        tokens = {
            name: add_api_token(session, session.get_one(User, user.id), "walk")[1]
            for name, user in house.users.items()
            if name in ("viewer", "owner", "foreign admin", "operator")
        }
    for endpoint, step in every_step(house):
        if endpoint.startswith("whip.") or endpoint == "people.sign_in":  # it is asked to wait
            continue
        for name, token in tokens.items():
            headers = {"Authorization": f"Bearer {token}"}
            answer = house.client("nobody").open(
                step.path, method=step.method, json=step.body, headers=headers
            )
            assert is_in(answer) is (name in step.let_in), (endpoint, name, answer.status_code)


def test_a_deactivated_persons_api_token_opens_nothing(deactivated: House) -> None:
    with deactivated.stage.database.session() as session:
        owner = session.get_one(User, deactivated.users["operator"].id)
        token = add_api_token(session, owner, "walk")[1]
    for endpoint, step in every_step(deactivated):
        answer = deactivated.client("nobody").open(
            step.path, method=step.method, json=step.body, headers={"Authorization": f"Bearer {token}"}
        )
        elsewhere = endpoint.startswith("whip.") or endpoint == "people.sign_in"  # it is asked to wait
        assert not is_in(answer) or "nobody" in step.let_in or elsewhere, endpoint


# What nobody should send

HOSTILE = (
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "%ff%fe",
    "x" * 3000,
    "'; DROP TABLE users; --",
)


def test_hostile_names_in_every_part_of_an_address(house: House) -> None:
    client = house.client("operator")
    house.stage.app.config["WTF_CSRF_ENABLED"] = False
    try:
        for rule in house.stage.app.url_map.iter_rules():
            for parameter in rule.arguments:
                for hostile in HOSTILE:
                    path = address_with(rule.rule, parameter, hostile)
                    method = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"} or {"OPTIONS"})[0]
                    answer = client.open(path, method=method)
                    assert answer.status_code < 500 or answer.status_code == 503, (path, method)
                    assert "root:" not in answer.text
    finally:
        house.stage.app.config["WTF_CSRF_ENABLED"] = True


def address_with(rule: str, parameter: str, value: str) -> str:
    """The rule as an address, with `value` for one parameter and names that are there for the others."""
    known = {"slug": SLUG, "extension": "vtt"}
    return re.sub(
        r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>",
        lambda found: value if found[1] == parameter else known.get(found[1], "x"),
        rule,
    )


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[" * 100_000, "application/json"),
        (b'{"title": "\\u0000"}', "application/json"),
        (b'{"title": 1e999, "title": NaN}', "application/json"),
        (b"[]", "application/json"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 3000,
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_hostile_bodies_for_every_change(house: House, body: bytes, kind: str) -> None:
    house.stage.app.config["WTF_CSRF_ENABLED"] = False
    try:
        for endpoint, method, path in changing_requests(house):
            if endpoint in ("people.sign_out", "recordings.delete_recording"):
                continue
            client = house.client("operator")  # some changes sign people out
            answer = client.open(path, method=method, data=body, content_type=kind)
            assert answer.status_code < 500 or answer.status_code == 503, (endpoint, answer.status_code)
    finally:
        house.stage.app.config["WTF_CSRF_ENABLED"] = True


JSON_ROUTES = (
    "api.add_room",
    "api.patch_room",
    "recordings.patch_recording",
    "people.sign_in",
    "edits.put_edit",
)


def test_no_change_takes_a_body_without_end(house: House) -> None:
    """Uploads have limits of their own (test_upload_api.py), transcripts and chapters theirs."""
    house.stage.app.config["WTF_CSRF_ENABLED"] = False
    large = b'{"a": "' + b"x" * (3 << 20) + b'"}'
    try:
        for endpoint, method, path in changing_requests(house):
            if endpoint.endswith(("_bytes", "put_transcript")) or endpoint == "people.sign_out":
                continue
            client = house.client("operator")  # some changes sign people out
            answer = client.open(path, method=method, data=large, content_type="application/json")
            assert answer.status_code != 500, endpoint
            assert endpoint not in JSON_ROUTES or answer.status_code == 413, (endpoint, answer.status_code)
    finally:
        house.stage.app.config["WTF_CSRF_ENABLED"] = True


def test_the_host_that_a_client_names_gets_into_no_redirect(house: House) -> None:
    for path in ("/rooms", "/rooms/algebra/studio", "/sign-in?next=//evil.example", "/library/"):
        answer = house.client("nobody").get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in (answer.location or ""), path


def test_signing_in_renews_the_cookie(house: House) -> None:
    """Whoever planted a cookie before knows nothing of the session after (fixation)."""
    client = house.client("nobody")
    token = csrf_token(client)
    with client.session_transaction() as session:
        session["planted"] = "yes"
        before = dict(session)
    form = {"csrf_token": token, "user_id": "owner", "password": "a long enough secret"}
    assert client.post("/sign-in", data=form).status_code == 303
    with client.session_transaction() as session:
        assert "planted" not in session and session.get("csrf_token") != before["csrf_token"]


def test_behind_tls_cookies_and_answers_insist_on_it(tmp_path: Path) -> None:
    stage = WebStage(tmp_path, KODO_PUBLIC_URL="https://kodo.example")
    try:
        answer = stage.client().get("/sign-in", base_url="https://kodo.example")
        assert answer.headers["Strict-Transport-Security"] == "max-age=86400"
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-kodo_session=") and "Secure" in cookie and "Path=/" in cookie
    finally:
        stage.close()
    plain = WebStage(tmp_path / "plain")
    try:
        assert "Strict-Transport-Security" not in plain.client().get("/sign-in").headers
    finally:
        plain.close()
