"""WHIP (RFC 9725): the endpoint of a room and the resource of a publication.

Blueprint `whip`, in web threads. The bearer is a stream key or the studio's publish token; who it is
is asked of the database here, and when that is away, of the recorder, which knows the credentials of
live sessions. Everything else is the recorder's; its refusals pass through.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import uuid_utils
from flask import Blueprint, Response, request

from broadcast import lecture_schedule
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from library.database import DatabaseUnavailable, utc_now
from people import doors, probe_room
from people.acts import saw
from people.intrusion_signs import Sign
from people.models import Room, RoomAccess, User
from people.request_address import client_address
from people.session_cookie import people
from people.stream_keys import (
    StreamKeyRefused,
    StreamKeyRevoked,
    authenticate,
    looks_like_stream_key,
    token_sha256,
)
from people.tokens import PublishToken, TokenRefused, read_publish_token
from settings import Settings

blueprint = Blueprint("whip", __name__, url_prefix="/whip")
log = logging.getLogger(__name__)

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
MAX_SDP_BYTES = 64 * 1024
MAX_BEARER = 1_000
# RFC 9725 5: limits against floods of POST, PATCH and DELETE. An encoder tries again every second or so.
PUBLISH_LIMIT = "240 per minute"
RESOURCE_LIMIT = "600 per minute"


@blueprint.post("/<slug>", provide_automatic_options=False)
@limiter.limit(PUBLISH_LIMIT)
def publish(slug: str) -> Response:
    """RFC 9725 4.2: an offer in, 201 with the answer and the publication's address out."""
    bearer = _bearer()
    offer = _body(SDP)
    answer = services().recorder.publish(_publish_command(slug, bearer, offer))
    response = Response(answer["answer"], 201, content_type=SDP)
    # Absolute: OBS before 30.2 does not resolve a relative one.
    response.headers["Location"] = absolute(f"/whip/{quote(slug)}/{answer['publication_id']}")
    response.headers["ETag"] = answer["etag"]
    return _with_ice_servers(response)


@blueprint.patch("/<slug>/<publication>", provide_automatic_options=False)
@limiter.limit(RESOURCE_LIMIT)
def trickle(slug: str, publication: str) -> Response:  # noqa: ARG001
    """RFC 9725 4.3.2: candidates of the client: 204, without an ETag. An ICE restart is refused: 422."""
    bearer = _bearer()
    fragment = _body(FRAGMENT)
    if_match = request.headers.get("If-Match")
    if not if_match:
        raise Problem(428, "Precondition required", "A PATCH needs If-Match with the ETag of the 201.")
    services().recorder.add_candidates(publication, token_sha256(bearer), if_match, fragment)
    return Response(status=204)


@blueprint.delete("/<slug>/<publication>", provide_automatic_options=False)
@limiter.limit(RESOURCE_LIMIT)
def leave(slug: str, publication: str) -> Response:  # noqa: ARG001
    """RFC 9725 4.2: the publication is over; the session goes on with its slate."""
    services().recorder.end_publication(publication, token_sha256(_bearer()))
    return Response(status=200)


@blueprint.route("/<slug>", methods=["OPTIONS"], endpoint="endpoint_options")
@limiter.limit(RESOURCE_LIMIT)
def endpoint_options(slug: str) -> Response:
    """RFC 9725 4.2: what may be posted here, and CORS for pages elsewhere.

    The ICE servers too (4.6), but TURN's password only to who may publish: a preflight has no bearer, and
    while the database is away any bearer might be invented.
    """
    response = Response(status=200)
    response.headers["Accept-Post"] = SDP
    response.headers["Allow"] = "OPTIONS, POST"
    if "Authorization" not in request.headers:
        return response
    verified = _who(slug, _bearer())["verified"]
    return _with_ice_servers(response) if verified else response


@blueprint.route("/<slug>/<publication>", methods=["OPTIONS"], endpoint="resource_options")
@limiter.limit(RESOURCE_LIMIT)
def resource_options(slug: str, publication: str) -> Response:  # noqa: ARG001
    response = Response(status=200)
    response.headers["Accept-Patch"] = FRAGMENT
    response.headers["Allow"] = "OPTIONS, PATCH, DELETE"
    return response


@blueprint.after_request
def cross_origin(response: Response) -> Response:
    """Any page may publish: the bearer is the secret, no cookie counts here (RFC 9725 4.2, CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = "OPTIONS, POST, PATCH, DELETE"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match"
    response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Link, Retry-After"
    response.headers["Access-Control-Max-Age"] = "86400"
    return response


def ice_links(settings: Settings) -> list[str]:
    """RFC 9725 4.6: STUN and TURN servers as Link headers (RFC 8288)."""
    links = []
    if settings.stun_url:
        links.append(f'<{settings.stun_url}>; rel="ice-server"')
    if settings.turn_url:
        username, password = _quoted(settings.turn_username), _quoted(settings.turn_password)
        links.append(
            f'<{settings.turn_url}>; rel="ice-server"; username={username}; '
            f'credential={password}; credential-type="password"'
        )
    return links


def _quoted(text: str | None) -> str:
    """RFC 9110 5.6.4."""
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _with_ice_servers(response: Response) -> Response:
    for link in ice_links(services().settings):
        response.headers.add("Link", link)
    return response


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_BEARER:
        raise _unauthorized("A bearer token is needed: a stream key of the room.")
    return token


def _unauthorized(detail: str, error: str = "") -> Problem:
    """RFC 6750 3: the error is named only where a token was given."""
    challenge = 'Bearer realm="kodo"' + (f', error="{error}"' if error else "")
    return Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": challenge})


def _body(content_type: str) -> str:
    if request.mimetype != content_type:
        raise Problem(415, "Unsupported media type", f"The body must be {content_type}.")
    if (request.content_length or 0) > MAX_SDP_BYTES:
        raise Problem(413, "Too large", "An SDP here has at most 64 kB.")
    data = request.stream.read(MAX_SDP_BYTES + 1)
    if len(data) > MAX_SDP_BYTES:
        raise Problem(413, "Too large", "An SDP here has at most 64 kB.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, "Malformed", "The body is not UTF-8.") from error


def _publish_command(slug: str, bearer: str, offer: str) -> dict[str, Any]:
    common = {
        "request_id": str(uuid_utils.uuid7()),
        "sdp": offer,
        "bearer_sha256": token_sha256(bearer),
        "address": client_address(),
    }
    who = _who(slug, bearer)
    if who["verified"] and slug != probe_room.SLUG:
        who["title"] = _title_now(who["room_id"], who["title"])
    return {**common, **who}


def _title_now(room_id: str, room_title: str) -> str:
    """What a session that begins now is called: as the lecture it takes up, else as its room."""
    try:
        with services().database.reading() as transaction:
            plan = lecture_schedule.due(transaction, room_id, utc_now())
    except DatabaseUnavailable:
        return room_title
    return plan.title if plan is not None else room_title


def _who(slug: str, bearer: str) -> dict[str, Any]:
    """The room and the credential as the recorder wants them. Raises Problem."""
    if slug == probe_room.SLUG:
        return _by_probe(bearer)
    return _by_stream_key(slug, bearer) if looks_like_stream_key(bearer) else _by_studio(slug, bearer)


def _by_probe(bearer: str) -> dict[str, Any]:
    """The room of the synthetic lecture, which is in no database."""
    if not probe_room.may_publish(services().secret, bearer):
        saw(Sign.PUBLISH_TOKEN, probe_room.SLUG)
        raise _unauthorized("This token is not valid in this room.", "invalid_token")
    credential = {"id": f"probe:{token_sha256(bearer)[:16]}", "kind": "studio", "token_sha256": None}
    room = {"room_id": probe_room.ROOM_ID, "room_slug": probe_room.SLUG, "organization_id": ""}
    words = {"title": probe_room.TITLE, "access": probe_room.ACCESS}
    return {**room, **words, "verified": True, "takeover": True, "credential": credential}


def _by_stream_key(slug: str, bearer: str) -> dict[str, Any]:
    digest = token_sha256(bearer)
    try:
        key, room = authenticate(services().database, slug, bearer, utc_now())
        _must_be_let_in(room, _owner_of(room))
    except StreamKeyRevoked as error:
        saw(Sign.REVOKED_KEY, slug)
        raise Problem(403, "Revoked", "This stream key was revoked.") from error
    except StreamKeyRefused as error:
        saw(Sign.PUBLISH_TOKEN, slug)
        raise _unauthorized("This stream key is not valid in this room.", "invalid_token") from error
    except DatabaseUnavailable as error:
        log.warning("room %s: a stream key is left to the recorder to know: %s", slug, error)
        return {
            "room_slug": slug,
            "verified": False,
            "credential": {"id": "unknown", "kind": "stream_key", "token_sha256": digest},
        }
    saw(Sign.KEY_USED, key.id)
    credential = {"id": key.id, "kind": "stream_key", "token_sha256": digest}
    return {**_room_facts(room), "verified": True, "credential": credential}


def _by_studio(slug: str, bearer: str) -> dict[str, Any]:
    try:
        token = read_publish_token(services().secret, bearer)
    except TokenRefused as error:
        saw(Sign.PUBLISH_TOKEN, slug)
        raise _unauthorized("This token is not valid any more.", "invalid_token") from error
    credential = {"id": f"studio:{token.person_id}", "kind": "studio", "token_sha256": None}
    wish = {
        "credential": credential,
        "takeover": token.takeover,
        "session_id": token.session_id,
        "replaces": token.publication_id,
    }
    try:
        room = _room_of_token(slug, token)
    except DatabaseUnavailable as error:
        log.warning("room %s: a studio is left to the recorder to know: %s", slug, error)
        return {"room_slug": slug, "room_id": token.room_id, "verified": False, **wish}
    return {**_room_facts(room), "verified": True, **wish}


def _room_of_token(slug: str, token: PublishToken) -> Room:
    with services().database.reading() as transaction:
        room = transaction.get(Room, token.room_id)
        person = transaction.get(User, token.person_id)
    if room is None or room.slug != slug or not doors.may_host(person, room):
        saw(Sign.PUBLISH_TOKEN, slug)
        raise _unauthorized("This token is not valid in this room.", "invalid_token")
    _must_be_let_in(room, person)
    return room


def _owner_of(room: Room) -> User | None:
    with services().database.reading() as transaction:
        return transaction.get(User, room.owner_id) if room.owner_id is not None else None


def _must_be_let_in(room: Room, person: User | None) -> None:
    """By the entry rules of the room's organization: `person` is who publishes; for a stream key, whose room
    it is. Raises Problem, DatabaseUnavailable.
    """
    entry = people().entry
    name = person.user_id if person is not None else None
    if not entry.judge(entry.rules_of(room.organization_id), name, client_address()).verdict:
        log.warning("room %s: a publisher from %s is kept out by entry rules", room.slug, client_address())
        raise Problem(403, "Forbidden", "The room's organization lets nobody publish from this address.")


def _access_without_database(room: Room) -> str:
    """What holds while nobody can be asked: of an organization with entry rules nothing is open."""
    return RoomAccess.MEMBERS.value if room.guarded and room.access == RoomAccess.OPEN else room.access


def _room_facts(room: Room) -> dict[str, Any]:
    return {
        "room_id": room.id,
        "room_slug": room.slug,
        "organization_id": room.organization_id,
        "title": room.title,
        "access": _access_without_database(room),
    }
