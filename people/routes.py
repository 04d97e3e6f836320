"""Every endpoint and who may use it; what has no rule is shut.

`enforce` puts the rules before every request of the Flask application. Rules that name a room load
it by the address's `slug` and leave it in `flask.g.room`; of a recording, by `recording_id`, as its room is
left there, too. Finer doors (watching, a publication's
credential) are judged in the views, which the rule `ANYONE` lets run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from urllib.parse import quote

from flask import Flask, g, redirect, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from library.models import LectureSession
from people import doors
from people.accounts import administers, hosts, operates
from people.doors import Reason, Verdict
from people.entry_words import kept_out_words
from people.models import Room, User
from people.rooms import RoomNotFound, room_ever, room_of
from people.session_cookie import current_user, is_kept_out, people


class Rule(StrEnum):
    """Who may use an endpoint."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    HOSTS = "lecturers, admins, operators"
    ADMINS = "admins, operators"
    OPERATORS = "operators"
    ROOM_HOSTS = "who may host in the room"
    ROOM_MANAGERS = "who may manage the room"
    ROOM_KEEPERS = "who may take the room out of the trash"
    RECORDING_EDITORS = "who may edit the recording"


RULES: Mapping[str, Rule] = {
    "static": Rule.ANYONE,
    "people.sign_in_page": Rule.ANYONE,
    "people.sign_in": Rule.ANYONE,
    "people.sign_out": Rule.ANYONE,
    "people.setup_page": Rule.ANYONE,
    "people.setup": Rule.ANYONE,
    "passwords.ask_page": Rule.ANYONE,
    "passwords.ask": Rule.ANYONE,
    "passwords.link_page": Rule.ANYONE,  # the token in the address is the credential
    "passwords.set_password": Rule.ANYONE,
    "pages.front": Rule.ANYONE,
    "pages.room": Rule.ANYONE,
    "pages.watch": Rule.ANYONE,
    "pages.set_language": Rule.ANYONE,
    "pages.design": Rule.ANYONE,  # of no page linked; tells nothing of anybody
    "library.library": Rule.ANYONE,  # lists to each what they may watch
    "library.edit": Rule.RECORDING_EDITORS,
    "pages.rooms": Rule.SIGNED_IN,
    "pages.studio": Rule.ROOM_HOSTS,
    "pages.room_settings": Rule.ROOM_MANAGERS,
    "pages.jobs": Rule.ADMINS,
    "keeping_pages.rule": Rule.ADMINS,
    "people_pages.account": Rule.SIGNED_IN,
    "people_pages.list_people": Rule.ADMINS,  # each their organization, operators all; so below
    "people_pages.person": Rule.ADMINS,
    "backup_pages.backups": Rule.OPERATORS,
    "backup_pages.generations_csv": Rule.OPERATORS,
    "backups.get_backups": Rule.OPERATORS,
    "backups.order": Rule.OPERATORS,
    "backups.look": Rule.OPERATORS,
    "backups.restore": Rule.OPERATORS,
    "audit_pages.acts": Rule.ADMINS,  # each of their own organization, operators all
    "audit_pages.acts_csv": Rule.ADMINS,
    "audit.list_acts": Rule.ADMINS,
    "doors_pages.doors": Rule.ADMINS,  # each of their own organization, operators of all
    "doors_pages.as_csv": Rule.ADMINS,
    "doors.get_doors": Rule.ADMINS,
    "doors.add_rules": Rule.ADMINS,
    "doors.remove_rules": Rule.ADMINS,
    "doors.try_doors": Rule.ADMINS,
    "guests.get_invited": Rule.ROOM_MANAGERS,
    "guests.invite": Rule.ROOM_MANAGERS,
    "guests.uninvite": Rule.ROOM_MANAGERS,
    "guests.list_links": Rule.ROOM_MANAGERS,
    "guests.add_link": Rule.ROOM_MANAGERS,
    "guests.revoke_link": Rule.ROOM_MANAGERS,
    "links.enter": Rule.ANYONE,  # the token in the address is the key
    "usage.page": Rule.ADMINS,  # each of their own organization, operators of all
    "usage.periods_csv": Rule.ADMINS,
    "usage.rooms_csv": Rule.ADMINS,
    "usage.visits_csv": Rule.ADMINS,
    "usage_api.get_usage": Rule.ADMINS,
    "personal.own_page": Rule.SIGNED_IN,
    "personal.own_data": Rule.SIGNED_IN,
    "personal.page": Rule.ADMINS,  # each of their own organization's people: judged in the views
    "personal.data": Rule.ADMINS,
    "personal_api.get_extent": Rule.ADMINS,
    "personal_api.erase": Rule.ADMINS,
    "notices.page": Rule.ADMINS,  # each to their own organization; to everybody: judged in the view
    "notices_api.get_shown": Rule.ANYONE,  # tells each what is for them
    "notices_api.list_notices": Rule.ADMINS,
    "notices_api.add_notice": Rule.ADMINS,
    "notices_api.withdraw_notice": Rule.ADMINS,
    "notices_api.mail_notice": Rule.ADMINS,
    "health_pages.dashboard": Rule.ADMINS,  # each what concerns their own organization
    "health_pages.health": Rule.OPERATORS,
    "health_pages.availability": Rule.OPERATORS,
    "health_pages.alarms": Rule.OPERATORS,
    "health_api.get_health": Rule.OPERATORS,
    "health_api.get_dashboard": Rule.ADMINS,
    "health_api.send_test": Rule.OPERATORS,
    # The API. Who may watch is judged in the views: an answer without media addresses is one, too.
    "openapi.spec": Rule.ANYONE,
    "api.get_room": Rule.ANYONE,
    "lectures.list_lectures": Rule.ANYONE,  # tells each what they may watch
    "api.unlock": Rule.ANYONE,
    "api.beacon": Rule.ANYONE,
    "api.add_room": Rule.HOSTS,
    "api.patch_room": Rule.ROOM_MANAGERS,
    "api.delete_room": Rule.ROOM_MANAGERS,
    "api.restore_room": Rule.ROOM_KEEPERS,
    "api.list_deleted_rooms": Rule.HOSTS,  # to each what they may bring back
    # Judged in the views, which have an answer for a studio that is live while the database is away.
    "api.make_publish_token": Rule.ANYONE,
    "api.end_session": Rule.ANYONE,
    "api.hold_off_record": Rule.ANYONE,
    "media.list_media": Rule.ROOM_HOSTS,
    "media.add_media": Rule.ROOM_HOSTS,
    "media.delete_media": Rule.ROOM_HOSTS,
    "media.upload_options": Rule.ANYONE,
    "media.upload_state": Rule.ROOM_HOSTS,
    "media.upload_bytes": Rule.ROOM_HOSTS,
    "media.end_upload": Rule.ROOM_HOSTS,
    "media.control_playback": Rule.ANYONE,  # judged in the view, as *End* is
    "uploads.list_uploads": Rule.HOSTS,  # to each what they may edit
    "uploads.begin_upload": Rule.HOSTS,
    # Whose it is, is judged in the views.
    "uploads.get_upload": Rule.HOSTS,
    "uploads.upload_state": Rule.HOSTS,
    "uploads.upload_bytes": Rule.HOSTS,
    "uploads.end_upload": Rule.HOSTS,
    "uploads.delete_upload": Rule.HOSTS,
    "uploads.retry_upload": Rule.HOSTS,
    "sessions.patch_session": Rule.ROOM_HOSTS,
    "keeping.wish_in_room": Rule.ROOM_HOSTS,
    "keeping.wish_of_lecture": Rule.ROOM_HOSTS,
    "keeping.claim": Rule.RECORDING_EDITORS,
    "keeping.get_rule": Rule.ADMINS,  # each of their own organization
    "keeping.set_rule": Rule.ADMINS,
    "account.get_account": Rule.SIGNED_IN,
    "account.patch_account": Rule.SIGNED_IN,
    "account.put_password": Rule.SIGNED_IN,
    "account.sign_out_everywhere": Rule.SIGNED_IN,
    "account.end_sign_in": Rule.SIGNED_IN,
    "people_api.list_people": Rule.ADMINS,
    "people_api.export": Rule.ADMINS,
    "people_api.invite": Rule.ADMINS,
    "people_api.get_person": Rule.ADMINS,
    "people_api.patch_person": Rule.ADMINS,
    "people_api.delete_invited": Rule.ADMINS,
    "people_api.make_link": Rule.ADMINS,
    "people_api.invitation_links": Rule.ADMINS,
    "people_api.list_sign_ins": Rule.ADMINS,
    "people_api.sign_out": Rule.ADMINS,
    "people_api.end_sign_in": Rule.ADMINS,
    "people_api.take_in": Rule.ADMINS,
    "poster.choose": Rule.ROOM_HOSTS,
    "scheduled.list_scheduled": Rule.ROOM_HOSTS,
    "scheduled.add_scheduled": Rule.ROOM_HOSTS,
    "scheduled.patch_scheduled": Rule.ROOM_HOSTS,
    "scheduled.delete_scheduled": Rule.ROOM_HOSTS,
    "copies.get_gaps": Rule.ROOM_HOSTS,
    "copies.add_copy": Rule.ROOM_HOSTS,
    "copies.copy_state": Rule.ROOM_HOSTS,
    "copies.copy_bytes": Rule.ROOM_HOSTS,
    "copies.remove_copy": Rule.ROOM_HOSTS,
    "copies.complete": Rule.ROOM_HOSTS,
    "copies.cancel_completion": Rule.ROOM_HOSTS,
    "jobs.list_jobs": Rule.ADMINS,  # each those of their own organization, operators all
    "jobs.get_job": Rule.ADMINS,
    "jobs.retry_job": Rule.ADMINS,
    "jobs.cancel_job": Rule.ADMINS,
    # Judged in the views, which find the room by the recording.
    "transcripts.get_transcript": Rule.ANYONE,
    "transcripts.put_transcript": Rule.ANYONE,
    "transcripts.get_file": Rule.ANYONE,
    "transcription.get_work": Rule.ANYONE,
    "transcription.repeat": Rule.ANYONE,
    "search.search": Rule.ANYONE,  # finds for each what they may know of
    "watched.post_watched": Rule.SIGNED_IN,  # and in the view: who may watch
    "chapters.get_chapters": Rule.ANYONE,  # judged in the views, as transcripts are
    "chapters.get_file": Rule.ANYONE,
    "chapters.put_chapters": Rule.ANYONE,
    "line_test.measure": Rule.ROOM_HOSTS,
    "keys.list_stream_keys": Rule.ROOM_MANAGERS,
    "keys.add_stream_key": Rule.ROOM_MANAGERS,
    "keys.delete_stream_key": Rule.ROOM_MANAGERS,
    # The bearer is the credential, not the cookie.
    "whip.publish": Rule.ANYONE,
    "whip.trickle": Rule.ANYONE,
    "whip.leave": Rule.ANYONE,
    "whip.endpoint_options": Rule.ANYONE,
    "whip.resource_options": Rule.ANYONE,
    "downloads.mp4": Rule.ANYONE,
    "recordings.list_recordings": Rule.ANYONE,  # tells each what they may watch
    "recordings.get_recording": Rule.ANYONE,  # judged in the view
    "recordings.patch_recording": Rule.RECORDING_EDITORS,
    "recordings.delete_recording": Rule.RECORDING_EDITORS,
    "recordings.restore_recording": Rule.RECORDING_EDITORS,
    "recordings.make_mp4_again": Rule.RECORDING_EDITORS,
    "edits.get_edit": Rule.RECORDING_EDITORS,
    "edits.put_edit": Rule.RECORDING_EDITORS,
    "recordings.bring_home": Rule.RECORDING_EDITORS,
    "posters.live_poster": Rule.ANYONE,  # judged in the view, as watching is
    "pictures.poster": Rule.ANYONE,
    "pictures.thumbnail": Rule.ANYONE,
    "pictures.storyboard": Rule.ANYONE,
    "pictures.sheet": Rule.ANYONE,
    "pictures.loudness": Rule.ANYONE,
    "oembed.oembed": Rule.ANYONE,  # judged in the view: what is open to all
    "live.answer": Rule.ANYONE,  # the token in the address is the credential
    "health.healthz": Rule.ANYONE,
    "health.readyz": Rule.ANYONE,
    "health.metrics": Rule.ANYONE,  # judged in the view: this machine and operators
}

# What is of no use in a room that only stands for somebody's uploads.
_OF_LECTURES = frozenset(
    {
        *(name for name in RULES if name.startswith(("scheduled.", "keys.", "guests.", "media.", "copies."))),
        "pages.studio",
        "pages.room_settings",
        "api.patch_room",
        "api.delete_room",
        "api.restore_room",
        "line_test.measure",
    }
)

_ROOM_DOORS: Mapping[Rule, Callable[[User | None, Room], Verdict]] = {
    Rule.ROOM_HOSTS: doors.may_host,
    Rule.ROOM_MANAGERS: doors.may_manage,
    Rule.ROOM_KEEPERS: doors.may_bring_back,
}


def enforce(app: Flask, rules: Mapping[str, Rule] = RULES) -> None:
    """Apply `rules` before every request of `app`."""

    @app.before_request
    def check_rule() -> BaseResponse | None:
        endpoint = request.endpoint
        if endpoint is None:
            return None  # no such address: Flask says so
        rule = rules.get(endpoint)
        if rule is None:
            raise Forbidden("This address has no rule of access.")
        return None if rule is Rule.ANYONE else _answer(_judge(rule))


def _judge(rule: Rule) -> Verdict:
    person = current_user()
    if person is None:
        return Verdict(Reason.KEPT_OUT if is_kept_out() else Reason.SIGN_IN)
    if rule is Rule.SIGNED_IN:
        return Verdict(Reason.ALLOWED)
    if rule is Rule.HOSTS:
        return Verdict(Reason.ALLOWED if hosts(person) else Reason.ROLE)
    if rule is Rule.RECORDING_EDITORS:
        recording, g.room = _recording_in_address()
        return doors.may_edit_recording(person, g.room, recording)
    if rule is Rule.ADMINS:
        return Verdict(Reason.ALLOWED if administers(person) else Reason.ROLE)
    if rule is Rule.OPERATORS:
        return Verdict(Reason.ALLOWED if operates(person) else Reason.ROLE)
    g.room = _room_in_address(room_ever if rule is Rule.ROOM_KEEPERS else room_of)
    return _ROOM_DOORS[rule](person, g.room)


def _room_in_address(look_up: Callable[[Session, str], Room]) -> Room:
    slug = (request.view_args or {}).get("slug", "")
    try:
        with people().database.reading() as session:
            room = look_up(session, slug)
    except RoomNotFound as error:
        raise NotFound(_("There is no room at this address.")) from error
    if room.uploads and request.endpoint in _OF_LECTURES:
        raise NotFound(_("There is no room at this address."))
    return room


def _recording_in_address() -> tuple[LectureSession, Room]:
    recording_id = (request.view_args or {}).get("recording_id", "")
    with people().database.reading() as session:
        # PostgreSQL refuses what nobody can see.
        recording = session.get(LectureSession, recording_id) if recording_id.isprintable() else None
        room = session.get(Room, recording.room_id) if recording is not None else None
    if recording is None or room is None:
        raise NotFound(_("There is no recording at this address."))
    return recording, room


def _answer(verdict: Verdict) -> BaseResponse | None:
    if verdict:
        return None
    if verdict.reason is Reason.NOT_SHOWN:
        raise NotFound(_("There is no recording at this address."))
    if verdict.reason is Reason.KEPT_OUT:
        raise Forbidden(kept_out_words())
    if verdict.reason is not Reason.SIGN_IN:
        raise Forbidden(_("Your account may not do this."))
    if request.method == "GET" and not request.path.startswith(("/api/", "/live/", "/whip/")):
        return redirect("/sign-in?next=" + quote(request.full_path.rstrip("?"), safe=""))
    raise Unauthorized(_("Sign in to do this."), www_authenticate=WWWAuthenticate("Kodo", {"realm": "Kodo"}))
