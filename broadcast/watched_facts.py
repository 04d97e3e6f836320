"""What is told of how far somebody is in a recording: to lists of them, and to the page that plays it.

Called in web threads, for what that person may watch.
"""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from apiflask.fields import Float, String
from sqlalchemy.orm import Session

from broadcast.own_address import absolute
from library import watching
from library.models import LectureSession
from library.watched_spans import Watched
from people.models import User


class WatchedOut(Schema):
    position = Float(metadata={"description": "where it was left, seconds of the lecture's own clock"})
    completion = Float(metadata={"description": "watched of what is shown, 0 to 1"})


class WatchedOfPageOut(Schema):
    url = String(metadata={"description": "where the page tells what it has played"})
    completion = Float(metadata={"description": "watched of what is shown, 0 to 1"})
    resume_at = Float(
        allow_none=True,
        metadata={"description": "seconds of the lecture's own clock; 0: the beginning; null: never watched"},
    )


def told(watched: Watched | None, session: LectureSession) -> dict[str, float] | None:
    """`WatchedOut`; None for what was never watched."""
    if watched is None:
        return None
    return {"position": watched.position, "completion": watching.completion_of(watched, session)}


def of_page(transaction: Session, person: User | None, session: LectureSession) -> dict[str, Any] | None:
    """`WatchedOfPageOut`; None for a stranger, whose browser alone remembers, and while the lecture runs."""
    if person is None or session.phase != "ended":
        return None
    watched = watching.of_person(transaction, person.id, [session.id]).get(session.id)
    return {
        "url": absolute(f"/api/v1/recordings/{session.id}/watched"),
        "completion": watching.completion_of(watched, session) if watched is not None else 0.0,
        "resume_at": watching.place_to_go_on(watched, session) if watched is not None else None,
    }
