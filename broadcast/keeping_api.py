"""Whether lectures are kept: the organization's rule, the lecturer's wish, claiming what is held. JSON API.

Blueprint `keeping`, in web threads. Viewers and speakers hear of a change by a `kept` event of the room's
feed, committed together with it. What is settled with a lecture's beginning, and what may change until its
end: decision 0019.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, String
from apiflask.validators import OneOf
from flask import g
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast import recording_access, room_keeping, session_rows
from broadcast.edit_doors import must_change, no_recording
from broadcast.problems import Problem
from broadcast.services import services
from broadcast.session_rows import kept_event, next_kept
from library import catalogue
from library.catalogue import NotHeld
from library.database import exclusive
from library.keeping import Kept, RecordingRule, kept_as
from library.models import LectureSession
from people.acts import note_act, note_in_room
from people.models import Organization, Room
from people.session_cookie import current_user

blueprint = APIBlueprint("keeping", __name__, url_prefix="/api/v1", tag="Lectures")

RULES = [rule.value for rule in RecordingRule]


class KeepingOut(Schema):
    kept = String(metadata={"description": "published, held (for the room's owner alone) or none"})
    days = Integer(metadata={"description": "how long a recording is held"})
    may_choose = Boolean(metadata={"description": "whether the asker says if it is published"})


class KeepingHereOut(KeepingOut):
    """A whole answer: the API's description knows a schema as a part or as a whole, not as both."""


class WishIn(Schema):
    publish = Boolean(required=True)


class RuleIn(Schema):
    recording = String(required=True, validate=OneOf(RULES))


class RuleOut(Schema):
    name = String()
    recording = String(metadata={"description": ", ".join(RULES)})
    days = Integer(metadata={"description": "how long a recording is held"})


@blueprint.put("/rooms/<slug>/keeping")
@blueprint.input(WishIn, location="json")
@blueprint.output(KeepingHereOut)
def wish_in_room(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Whether recordings of the lectures that begin in the room from now on are published."""
    with services().database.session() as transaction:
        _must_be_left_to_lecturers(transaction)
        room = transaction.get_one(Room, g.room.id)
        room.publishes = json_data["publish"]
        transaction.flush()
        if room_keeping.live_row(transaction, room) is None:
            _tell(transaction, room.id, next_kept(transaction, room))
        answer = _told(transaction, room)
    services().announce(g.room.id)
    return answer


@blueprint.put("/rooms/<slug>/sessions/<session_id>/keeping")
@blueprint.input(WishIn, location="json")
@blueprint.output(KeepingHereOut)
def wish_of_lecture(slug: str, session_id: str, json_data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Whether the recording of a lecture under way is published. Whoever watches is told at once."""
    state = services().directory.states().get(session_id)
    with services().database.session() as transaction:
        exclusive(transaction, f"session:{session_id}")  # it may just be ending
        row = transaction.get(LectureSession, session_id)
        if row is None or row.room_id != g.room.id:
            raise no_recording()
        must_change(row, g.room)
        if row.phase == "ended" or state is None or state.phase == "ended":
            raise Problem(409, _("Ended"), _("This lecture has ended."))
        _must_be_left_to_lecturers(transaction)
        _wish(transaction, row, publish=json_data["publish"])
        answer = _told(transaction, transaction.get_one(Room, g.room.id))
    _is_known_everywhere(row)
    return answer


@blueprint.post("/recordings/<recording_id>/claim")
def claim(recording_id: str) -> dict[str, Any]:
    """Keep what is held: a private recording from now on, which can be published as any other."""
    state = services().directory.states().get(recording_id)
    with services().database.session() as transaction:
        row = transaction.get(LectureSession, recording_id)
        if row is None:
            raise no_recording()
        must_change(row, g.room)
        try:
            catalogue.claim(transaction, row)
            note_in_room(transaction, "recording.claimed", g.room, row.id)
        except NotHeld as error:
            raise Problem(409, _("Not held"), _("This recording is not held any more.")) from error
        if state is not None:
            session_rows.order_work(transaction, row, services().directory.figures(state), anew=True)
    _is_known_everywhere(row)
    return {"id": row.id, "kept": row.kept, "visibility": row.visibility}


@blueprint.get("/organization")
@blueprint.output(RuleOut)
def get_rule() -> dict[str, Any]:
    """Whether lectures of the asker's organization are kept."""
    with services().database.reading() as transaction:
        return _rule_of(_organization(transaction))


@blueprint.patch("/organization")
@blueprint.input(RuleIn, location="json")
@blueprint.output(RuleOut)
def set_rule(json_data: dict[str, Any]) -> dict[str, Any]:
    """For lectures that begin from now on; what was said of those under way and recorded stays so."""
    with services().database.session() as transaction:
        organization = _organization(transaction)
        details = {"from": organization.recording, "to": json_data["recording"]}
        note_act(
            transaction,
            "organization.recording",
            organization_id=organization.id,
            subject=organization.id,
            details=details,
        )
        rule, days = RecordingRule(json_data["recording"]), services().settings.safety_days
        told = room_keeping.set_rule(transaction, services().event_log, organization, rule, days)
        answer = _rule_of(organization)
    for room_id in told:
        services().announce(room_id)
    return answer


def _wish(transaction: Session, row: LectureSession, *, publish: bool) -> None:
    kept = kept_as(RecordingRule.CHOICE, publish=publish)
    if row.kept == Kept.NONE:
        raise Problem(409, _("Not kept"), _("This lecture is not recorded, and its viewers were told so."))
    if kept == row.kept:
        return
    row.kept = kept.value
    row.access_epoch = catalogue.next_access_epoch(transaction)
    transaction.flush()
    _tell(transaction, row.room_id, kept, row.id)
    session_rows.order_work_of_live(transaction, row)


def _tell(transaction: Session, room_id: str, kept: str, session_id: str | None = None) -> None:
    event = kept_event(kept, services().settings.safety_days, session_id)
    services().event_log.append(transaction, room_id, event)


def _is_known_everywhere(row: LectureSession) -> None:
    """Who may watch has changed."""
    recording_access.save(services().settings.session_roots, row)
    services().access_changed(row.room_id)
    services().announce(row.room_id)


def _must_be_left_to_lecturers(transaction: Session) -> None:
    if not room_keeping.lecturer_chooses(transaction, g.room):
        detail = _("Your organization has settled whether lectures are recorded.")
        raise Problem(409, _("Not accepted"), detail)


def _told(transaction: Session, room: Room) -> dict[str, Any]:
    return room_keeping.told(transaction, room, services().settings.safety_days, may_host=True)


def _organization(transaction: Session) -> Organization:
    person = current_user()
    if person is None:
        raise Problem(401, _("Sign in"), _("Sign in to do this."))
    return transaction.get_one(Organization, person.organization_id)


def _rule_of(organization: Organization) -> dict[str, Any]:
    days = services().settings.safety_days
    return {"name": organization.name, "recording": organization.recording, "days": days}
