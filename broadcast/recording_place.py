"""Where recordings lie, as a word for programs and as a sentence for people.

From the catalogue of objects, in web threads, for who may edit them; nobody's media are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from library import object_moves
from library.object_moves import Whereabouts

DISK, COPIED, BUCKET, DAMAGED = "disk", "copied", "bucket", "damaged"


def places_of(transaction: Session, session_ids: Iterable[str]) -> Mapping[str, str]:
    """`disk`, `copied` (the bucket has it, too), `bucket` (all or some of it is only there), `damaged` (and
    nowhere whole); those that nobody has looked at yet are not there.
    """
    found = object_moves.whereabouts(transaction, session_ids)
    return {session_id: _place(one) for session_id, one in found.items()}


def _place(one: Whereabouts) -> str:
    if one.damaged:
        return DAMAGED
    if one.moved:
        return BUCKET
    return COPIED if one.copied == one.files else DISK


def words_of(place: str | None) -> str:
    """The sentence; empty where there is nothing to say."""
    sentences: dict[str, str] = {
        DISK: _("It is on this server's disk."),
        COPIED: _("It is on this server's disk, and the object store has a copy."),
        BUCKET: _("It is in the object store. It plays, is searched and downloaded as ever."),
        DAMAGED: _("A file of it is damaged, and there is no whole copy. Some of it may not play."),
    }
    return sentences.get(place or "", "")
