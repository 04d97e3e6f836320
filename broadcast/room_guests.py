"""Who may watch a room beside its organization's people: `/api/v1/rooms/<slug>/invited` and `…/links`, and
the address that a link leads to.

Blueprints `guests` (the API, of who manages the room) and `links` (`/rooms/<slug>/enter/<token>`, of anyone
who has one), in web threads. Who is taken off a list, or came by a link that is taken back, is out at the
origin at once: the room's `access_epoch` rises in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Integer, List, Nested, String
from apiflask.validators import Length
from flask import Blueprint, Response, abort, g, redirect, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from broadcast.event_log import iso_utc
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from people import invitations, room_links
from people.acts import note_act
from people.audit import Detail
from people.models import Room, RoomLink
from people.rooms import RoomNotFound, room_of
from people.session_cookie import people

blueprint = APIBlueprint("guests", __name__, url_prefix="/api/v1", tag="Rooms")
entrance = Blueprint("links", __name__)

PASTED_LENGTH = 200_000
UNFIT_TOLD = 20


class InvitedOut(Schema):
    invited = List(String(), metadata={"description": "user IDs and mail addresses, alphabetically"})
    added = Integer()
    removed = Integer()
    unfit = List(String(), metadata={"description": "what is neither, the first 20 of them"})


class InviteIn(Schema):
    text = String(
        required=True,
        validate=Length(1, PASTED_LENGTH),
        metadata={
            "description": "user IDs and mail addresses between spaces, commas, semicolons or line ends"
        },
    )


class UninviteIn(Schema):
    names = List(String(validate=Length(1, 254)), required=True, validate=Length(1, invitations.MAX_INVITED))


class LinkIn(Schema):
    label = String(required=True, validate=Length(1, room_links.LABEL_LENGTH))
    expires_at = AwareDateTime(
        required=True, metadata={"description": "with its zone; at most 366 days ahead"}
    )


class RoomLinkOut(Schema):
    id = String()
    label = String()
    url = String(allow_none=True, metadata={"description": "null once it opens nothing any more"})
    created_at = String()
    expires_at = String()
    revoked_at = String(allow_none=True)
    counts = Boolean(metadata={"description": "whether it opens the room now"})


class OneLinkOut(RoomLinkOut):
    """By itself: APIFlask describes no schema both alone and within another."""


class RoomLinksOut(Schema):
    links = List(Nested(RoomLinkOut))


@blueprint.get("/rooms/<slug>/invited")
@blueprint.output(InvitedOut)
def get_invited(slug: str) -> dict[str, Any]:  # noqa: ARG001
    """Who is invited; the list counts while the room's access is `invited`."""
    with people().database.reading() as transaction:
        return _invited(transaction, g.room)


@blueprint.post("/rooms/<slug>/invited")
@blueprint.input(InviteIn, location="json")
@blueprint.output(InvitedOut)
def invite(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Invite more people, several hundred at once."""
    pasted = invitations.read_names(json_data["text"])
    try:
        with people().database.session() as transaction:
            room = room_of(transaction, slug)
            added = invitations.invite(transaction, room, pasted.names)
            if added:
                _note(transaction, room, "room.invited", {"count": added})
            return _invited(transaction, room, added=added, unfit=pasted.unfit)
    except invitations.TooManyInvited as error:
        detail = _("A room's list has at most %(count)s people.", count=invitations.MAX_INVITED)
        raise Problem(422, _("Not accepted"), detail) from error


@blueprint.delete("/rooms/<slug>/invited")
@blueprint.input(UninviteIn, location="json")
@blueprint.output(InvitedOut)
def uninvite(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Take people off the list: whoever watches by it is out at once."""
    pasted = invitations.read_names("\n".join(json_data["names"]))
    with people().database.session() as transaction:
        room = room_of(transaction, slug)
        removed = invitations.uninvite(transaction, room, pasted.names)
        if removed:
            _note(transaction, room, "room.uninvited", {"count": removed})
        told = _invited(transaction, room, removed=removed, unfit=pasted.unfit)
    if removed:
        services().access_changed(room.id)
    return told


@blueprint.get("/rooms/<slug>/links")
@blueprint.output(RoomLinksOut)
def list_links(slug: str) -> dict[str, Any]:  # noqa: ARG001
    """The room's links, the newest first, those that are over included."""
    with people().database.reading() as transaction:
        return {"links": [_told(link, g.room) for link in room_links.links_of(transaction, g.room.id)]}


@blueprint.post("/rooms/<slug>/links")
@blueprint.input(LinkIn, location="json")
@blueprint.output(OneLinkOut, status_code=201)
def add_link(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """A link that opens the room to whoever has it, with or without an account, until it is over."""
    try:
        with people().database.session() as transaction:
            room = room_of(transaction, slug)
            link = room_links.make_link(
                transaction,
                room,
                label=json_data["label"],
                expires_at=json_data["expires_at"].astimezone(UTC),
                now=people().clock(),
            )
            _note(
                transaction, room, "room.link_made", {"link": link.id, "expires_at": iso_utc(link.expires_at)}
            )
    except room_links.UnfitLink as error:
        raise Problem(422, _("Not accepted"), _unfit_words(error)) from error
    return _told(link, room)


@blueprint.delete("/rooms/<slug>/links/<link_id>")
@blueprint.output(OneLinkOut)
def revoke_link(slug: str, link_id: str) -> dict[str, Any]:
    """Take a link back: whoever came by it is out at once."""
    with people().database.session() as transaction:
        room = room_of(transaction, slug)
        link = room_links.revoke_link(transaction, room, link_id, people().clock())
        if link is None:
            raise Problem(404, _("Not found"), _("This room has no such link."))
        _note(transaction, room, "room.link_revoked", {"link": link.id})
    services().access_changed(room.id)
    return _told(link, room)


@entrance.get("/rooms/<slug>/enter/<token>")
@limiter.limit("6000 per minute")
def enter(slug: str, token: str) -> Response:
    """Where a link leads: the browser keeps it in a cookie and goes on to the room, without it in its bar."""
    link_id, now = room_links.link_id_in(people().secret, token), people().clock()
    if link_id is None:
        abort(404, _("This link is not complete. Please copy all of it."))
    try:
        with people().database.reading() as transaction:
            room = room_of(transaction, slug)
            link = transaction.get(RoomLink, link_id)
    except RoomNotFound:
        abort(404, _("There is no room at this address."))
    if link is None or not room_links.counts(link, room, now):
        abort(403, _("This link is over or was taken back. Please ask for a new one."))
    answer: Response = redirect(url_for("pages.room", slug=room.slug), 303)  # type: ignore[assignment]
    answer.set_cookie(
        room_links.cookie_name(room),
        token,
        max_age=int((link.expires_at - now).total_seconds()) + 1,
        secure=people().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _invited(
    transaction: Session, room: Room, *, added: int = 0, removed: int = 0, unfit: Sequence[str] = ()
) -> dict[str, Any]:
    names = list(invitations.invited_to(transaction, room.id))
    return {"invited": names, "added": added, "removed": removed, "unfit": list(unfit[:UNFIT_TOLD])}


def _told(link: RoomLink, room: Room) -> dict[str, Any]:
    counts = room_links.counts(link, room, people().clock())
    token = room_links.token_of(people().secret, link.id)
    return {
        "id": link.id,
        "label": link.label,
        "url": absolute(url_for("links.enter", slug=room.slug, token=token)) if counts else None,
        "created_at": iso_utc(link.created_at),
        "expires_at": iso_utc(link.expires_at),
        "revoked_at": iso_utc(link.revoked_at) if link.revoked_at is not None else None,
        "counts": counts,
    }


def _note(transaction: Session, room: Room, action: str, details: dict[str, Detail]) -> None:
    note_act(transaction, action, organization_id=room.organization_id, subject=room.id, details=details)


def _unfit_words(error: room_links.UnfitLink) -> str:
    if error.reason == "label":
        return _("A link needs a name of at most %(count)s characters.", count=room_links.LABEL_LENGTH)
    if error.reason == "expiry":
        return _("A link ends at a time to come, within a year.")
    return _("A room has at most %(count)s links.", count=room_links.MAX_LINKS)


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))
