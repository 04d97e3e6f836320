"""Cuts off who publishes and may not any more: at the recorder, after what decides it was committed.

In web threads and by the command line. Where no recorder answers there is no publication, and the next one
is judged by the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from broadcast.recorder_client import RecorderClient, RecorderRefused, RecorderUnavailable
from library.database import Database
from people.entry import Entry, judged
from people.entry_rules import Rules, Why, judge
from people.host_names import State
from people.models import Room, User
from people.request_address import address_of
from people.standing import STUDIO

LOOKUP_SECONDS = 5.0  # for the host names of all who publish together: somebody waits for the answer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Publisher:
    """`name`: the user ID of who it is; a stream key stands for its room's owner. `address`: empty where it
    is not known, or where a live lecture knows the credential and nobody publishes with it now.
    """

    credential: str
    name: str | None
    address: str


def cut_off(recorder: RecorderClient, credentials: Iterable[str]) -> None:
    """At once, whoever publishes with one of these."""
    for credential in credentials:
        try:
            recorder.revoke(credential)
        except RecorderUnavailable as error:
            log.warning("the recorder was not told that %s is of no use: %s", credential, error)
            return


def cut_off_kept_out(
    database: Database, recorder: RecorderClient, entry: Entry, organization_id: str
) -> None:
    """Whoever publishes in a room of an organization whose entry rules keep them out now.

    A name server that does not answer ends no lecture. Raises DatabaseUnavailable.
    """
    try:
        rooms = recorder.status()["rooms"].values()
    except (RecorderUnavailable, RecorderRefused) as error:
        log.warning("the recorder was not asked who publishes: %s", error)
        return
    rules = entry.rules_of(organization_id)
    until = time.monotonic() + LOOKUP_SECONDS
    publishers = list(_publishers(database, organization_id, rooms))
    cut_off(recorder, {one.credential for one in publishers if _is_out(entry, rules, one, until)})


def _publishers(
    database: Database, organization_id: str, rooms: Iterable[dict[str, Any]]
) -> Iterator[_Publisher]:
    told = {one["room_id"]: one for one in rooms if one["credentials"]}
    with database.reading() as transaction:
        here = select(Room).where(Room.organization_id == organization_id, Room.id.in_(told))
        for room in transaction.scalars(here).all():
            live = told[room.id]["publisher"] or {}
            for credential in told[room.id]["credentials"]:
                is_studio = credential.startswith(STUDIO)
                person = credential.removeprefix(STUDIO) if is_studio else room.owner_id
                user = transaction.get(User, person) if person is not None else None
                publishes = credential == live.get("credential")
                name = user.user_id if user is not None else None
                yield _Publisher(credential, name, live["address"] if publishes else "")


def _is_out(entry: Entry, rules: Rules, one: _Publisher, until: float) -> bool:
    address = address_of(one.address)
    verdict = judge(rules, one.name, address, ())
    if verdict.why in (Why.DENIED, Why.NOT_AMONG):
        return True
    if not one.address:
        return False
    if not rules.names_hosts or address is None:
        return not verdict
    if time.monotonic() > until:
        return False
    found = judged(rules, one.name, address, entry.names)
    silent = found.lookup is not None and found.lookup.state in (State.LATE, State.FAILED)
    return not found.verdict and not silent
