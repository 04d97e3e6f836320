"""What is done in a web request, for the audit log and the counts of intrusions: by whom and from where.

Called in web threads; the transaction is the one that carries the act out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Flask, Response, g
from sqlalchemy.orm import Session

from library.database import DatabaseUnavailable
from people import audit
from people.audit import Detail
from people.intrusion_signs import Sign
from people.models import Room
from people.request_address import client_address
from people.session_cookie import current_user, people

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Count programs' tokens that open nothing, wherever they were asked for."""

    @app.after_request
    def count(response: Response) -> Response:
        if g.pop("kodo_refused_bearer", False):
            saw(Sign.API_TOKEN)
        return response


def note_act(
    transaction: Session,
    action: str,
    *,
    organization_id: str | None,
    subject: str = "",
    details: Mapping[str, Detail] = {},
) -> None:
    """Of who is signed in; see `people.audit.note`."""
    audit.note(
        transaction,
        action=action,
        actor=current_user(),
        organization_id=organization_id,
        subject=subject,
        details=details,
        address=client_address(),
        at=people().clock(),
    )


def note_in_room(
    transaction: Session, action: str, room: Room, subject: str | None = None, /, **details: Detail
) -> None:
    """The same of something that belongs to a room; `subject`: by default the room."""
    more = {"room": room.slug, **details}
    note_act(
        transaction, action, organization_id=room.organization_id, subject=subject or room.id, details=more
    )


def note_alone(action: str, *, organization_id: str | None, subject: str = "", **details: Detail) -> None:
    """Of what has been done already, without a transaction of its own: where it cannot be noted, the log
    tells.
    """
    try:
        with people().database.session() as transaction:
            note_act(transaction, action, organization_id=organization_id, subject=subject, details=details)
    except DatabaseUnavailable as error:
        log.warning("%s of %s could not be noted in the audit log: %s", action, subject or "nobody", error)


def saw(sign: Sign, subject: str = "") -> None:
    """Count a sign of an intrusion from this request's address."""
    people().signs.saw(sign, client_address(), subject)
