"""What the media of recordings were when they were whole: rows that the content is held against later.

Called within the caller's transaction by the jobs that store and check objects, and by the command line.
Whoever replaces or removes a file says so here (`forget`), else the next check calls it damaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, aliased

from library.database import exclusive, utc_now
from library.models import MediaObject, ObjectState
from library.object_store import Damage, StoredObject

TAKE, INDEX, EDITS, MP4 = "take", "index", "edits", "mp4"


def note(
    session: Session, store: str, told: StoredObject, *, kind: str, session_id: str | None
) -> MediaObject:
    """A store has this, and it was just read or told: the row is made, or made anew."""
    if told.sha256 is None:
        raise ValueError(f"{told.key} cannot be checked later without its SHA-256")
    exclusive(session, f"object:{store}:{told.key}")
    known = session.scalar(select(MediaObject).where(MediaObject.store == store, MediaObject.key == told.key))
    row = known or MediaObject(store=store, key=told.key)
    row.kind, row.session_id = kind, session_id
    row.sha256, row.bytes = told.sha256, told.bytes
    row.state, row.damaged_reason, row.verified_at = ObjectState.WHOLE, None, utc_now()
    row.moved_at = None
    session.add(row)
    session.flush()
    return row


def note_moved(
    session: Session, store: str, told: StoredObject, *, kind: str, session_id: str | None
) -> MediaObject:
    """The store has given this up, for another has all of it: `told` is what it was."""
    row = note(session, store, told, kind=kind, session_id=session_id)
    row.moved_at = utc_now()
    session.flush()
    return row


def forget(session: Session, store: str, keys: Iterable[str]) -> None:
    """These are there no more, or are something else now."""
    session.execute(delete(MediaObject).where(MediaObject.store == store, MediaObject.key.in_(list(keys))))


def forget_deleted(session: Session, store: str) -> None:
    """Objects of sessions that were deleted, with their files."""
    session.execute(delete(MediaObject).where(MediaObject.store == store, MediaObject.session_id.is_(None)))


def of_sessions(session: Session, store: str, session_ids: Iterable[str]) -> Sequence[MediaObject]:
    """What a store has of these sessions."""
    query = select(MediaObject).where(MediaObject.session_id.in_(list(session_ids)))
    return session.scalars(query.where(MediaObject.store == store)).all()


def due(session: Session, store: str, before: datetime, most: int) -> Sequence[MediaObject]:
    """Those that a store has and that were read through last before then, the longest ago first."""
    query = select(MediaObject).where(
        MediaObject.store == store, MediaObject.moved_at.is_(None), MediaObject.verified_at < before
    )
    return session.scalars(query.order_by(MediaObject.verified_at, MediaObject.id).limit(most)).all()


def bytes_due(session: Session, stores: Iterable[str], before: datetime) -> int:
    """How much `due` will give of these stores in all."""
    total = select(func.coalesce(func.sum(MediaObject.bytes), 0))
    chosen = total.where(
        MediaObject.store.in_(list(stores)), MediaObject.moved_at.is_(None), MediaObject.verified_at < before
    )
    return int(session.scalar(chosen) or 0)


def note_check(session: Session, checked: MediaObject, damage: Damage | None, at: datetime) -> bool:
    """What reading `checked` through gave, unless it was replaced or moved meanwhile (then False). What was
    mended is whole.
    """
    state = ObjectState.WHOLE if damage is None else ObjectState.DAMAGED
    same = (MediaObject.id == checked.id) & (MediaObject.sha256 == checked.sha256)
    noted = (
        update(MediaObject)
        .where(same, MediaObject.moved_at.is_(None))
        .values(state=state, damaged_reason=damage, verified_at=at)
    )
    return session.scalar(noted.returning(MediaObject.id)) is not None


def note_damage_at(session: Session, store: str, key: str, sha256: str, at: datetime) -> None:
    """Who reads an object found it gone or other than it was; a check says later in what way."""
    known = update(MediaObject).where(
        MediaObject.store == store, MediaObject.key == key, MediaObject.sha256 == sha256
    )
    still_whole = known.where(MediaObject.state == ObjectState.WHOLE)
    session.execute(
        still_whole.values(state=ObjectState.DAMAGED, damaged_reason=Damage.UNREADABLE, verified_at=at)
    )


def damaged(session: Session) -> Sequence[MediaObject]:
    """All that is known to be damaged, by key."""
    query = select(MediaObject).where(MediaObject.state == ObjectState.DAMAGED)
    return session.scalars(query.order_by(MediaObject.key, MediaObject.store)).all()


def count_damaged(session: Session) -> int:
    """How many are known to be, in all stores."""
    query = select(func.count()).select_from(MediaObject).where(MediaObject.state == ObjectState.DAMAGED)
    return int(session.scalar(query) or 0)


def without_copy(
    session: Session, store: str, copy_store: str, after: str, most: int
) -> Sequence[MediaObject]:
    """Whole objects of `store` whose content `copy_store` has not under their key; those with keys behind
    `after`, by key.
    """
    copy = aliased(MediaObject)
    copied = select(copy.id).where(
        copy.store == copy_store, copy.key == MediaObject.key, copy.sha256 == MediaObject.sha256
    )
    query = select(MediaObject).where(
        MediaObject.store == store,
        MediaObject.state == ObjectState.WHOLE,
        MediaObject.moved_at.is_(None),
        MediaObject.session_id.is_not(None),
        MediaObject.key > after,
        ~copied.exists(),
    )
    return session.scalars(query.order_by(MediaObject.key).limit(most)).all()


def moved_without_copy(session: Session, store: str, copy_store: str) -> Sequence[MediaObject]:
    """What `store` has given up and no row of `copy_store` tells of."""
    copy = aliased(MediaObject)
    copied = select(copy.id).where(copy.store == copy_store, copy.key == MediaObject.key)
    query = select(MediaObject).where(
        MediaObject.store == store, MediaObject.moved_at.is_not(None), ~copied.exists()
    )
    return session.scalars(query).all()


def left_over(session: Session, copy_store: str, store: str) -> Sequence[MediaObject]:
    """Copies that nothing needs any more: of deleted sessions, and of MP4s that `store` has not any more.

    An MP4 is made anew under another name; a take that is gone is damage, and its copy is what mends it.
    """
    original = aliased(MediaObject)
    there = select(original.id).where(original.store == store, original.key == MediaObject.key)
    gone = MediaObject.session_id.is_(None) | ((MediaObject.kind == MP4) & ~there.exists())
    return session.scalars(select(MediaObject).where(MediaObject.store == copy_store, gone)).all()


def whole_copies(session: Session, wanted: MediaObject, stores: Iterable[str]) -> Sequence[MediaObject]:
    """Where else, among these stores, the content of an object is that is damaged in its own."""
    query = select(MediaObject).where(
        MediaObject.key == wanted.key,
        MediaObject.sha256 == wanted.sha256,
        MediaObject.state == ObjectState.WHOLE,
        MediaObject.moved_at.is_(None),
        MediaObject.store.in_(list(stores)),
        MediaObject.store != wanted.store,
    )
    return session.scalars(query).all()


def count_elsewhere(session: Session, stores: Iterable[str]) -> int:
    """How many objects are in stores other than these: nobody here can look at them."""
    query = select(func.count()).select_from(MediaObject)
    return int(session.scalar(query.where(MediaObject.store.not_in(list(stores)))) or 0)
