"""How the request under way stands before a room's door: cookies, links, invitations, entry rules.

In web threads. Whoever hands out an address of media reads the room's row first and asks here after that:
what is taken back in between raises the room's `access_epoch`, and an address made with the older one is
void.
"""

from __future__ import annotations

from flask import request

from people import invitations, room_links
from people.doors import Visit
from people.models import Room, RoomAccess, RoomLink
from people.session_cookie import current_user, doors_of, people
from people.tokens import is_unlocked, unlock_cookie_name


def visit_here(room: Room) -> Visit:
    """Of whoever asks. Raises DatabaseUnavailable."""
    return Visit(
        unlocked=is_unlocked(people().secret, room, request.cookies.get(unlock_cookie_name(room))),
        linked=_came_by_a_link(room),
        invited=_is_invited(room),
        kept_out=not doors_of(room.organization_id).verdict,
    )


def _came_by_a_link(room: Room) -> bool:
    token = request.cookies.get(room_links.cookie_name(room))
    link_id = room_links.link_id_in(people().secret, token) if token else None
    if link_id is None:
        return False
    with people().database.reading() as transaction:
        return room_links.counts(transaction.get(RoomLink, link_id), room, people().clock())


def _is_invited(room: Room) -> bool:
    person = current_user()
    if person is None or room.access != RoomAccess.INVITED:
        return False
    with people().database.reading() as transaction:
        return invitations.is_invited(transaction, room, person)
