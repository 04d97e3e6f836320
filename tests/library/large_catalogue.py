"""A catalogue of many recordings, for whoever looks how fast it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, text

from library.catalogue_words import words_of
from library.database import Database
from library.models import LectureSession, Series, Tag, WatchedRow
from people.models import Room, User


def fill(
    database: Database, room: Room, hidden: Room, now: datetime, many: int, viewers: Sequence[User] = ()
) -> None:
    """`many` recordings, a third of them in `hidden`, whose members alone may watch: of 40 lecturers and 50
    series, a description and two tags each, of every visibility. Each of `viewers` has watched a third of
    them, in 20 pieces.
    """
    with database.session() as session:
        session.get_one(Room, hidden.id).access = "members"
    series = [
        {"id": f"series{n}", "organization_id": room.organization_id, "title": f"系列 {n}"} for n in range(50)
    ]
    rows = [_row(n, hidden if n % 3 == 0 else room, now, many) for n in range(many)]
    tags = [
        {"session_id": f"s{n}", "tag": f"tag {tag}"} for n in range(many) for tag in {n % 30, 30 + n % 71}
    ]
    with database.session() as session:
        session.execute(insert(Series), series)
        session.execute(insert(LectureSession), rows)
        session.execute(insert(Tag), tags)
        if watched := [_watched(viewer, n, now) for viewer in viewers for n in range(0, many, 3)]:
            session.execute(insert(WatchedRow), watched)
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ANALYZE"))  # as autovacuum does within a minute


def _row(n: int, room: Room, now: datetime, many: int) -> dict[str, object]:
    title, lecturer = f"線形代数 第{n * 7919 % many}回", f"講師 {n % 40}"
    return {
        "id": f"s{n}",
        "room_id": room.id,
        "organization_id": room.organization_id,
        "title": title,
        "description": "この回では行列式の定義から始めます。" * 8,
        "phase": "ended",
        "bytes": 1,
        "lecturer": lecturer,
        "words": words_of(title, lecturer, f"系列 {n % 50}", [f"tag {n % 30}", f"tag {30 + n % 71}"]),
        "series_id": f"series{n % 50}",
        "language": "fr" if n % 5000 == 0 else ("ja", "en", "zh")[n % 3],
        "visibility": ("room", "room", "private", "organization", "public", "unlisted")[n % 6],
        "publish_at": now - timedelta(days=1) if n % 4 == 0 else None,
        "expires_at": now + timedelta(days=n % 9 - 2) if n % 7 == 0 else None,
        "deleted_at": now - timedelta(days=3) if n % 50 == 0 else None,
        "started_at": now - timedelta(minutes=n),
        "seconds": float(n * 31 % 7200),
        "shown": [0, n * 31 % 7200 * 50, 400_000, 400_000 + n * 31 % 7200 * 50],
        "access_epoch": n if n % 6 > 1 else 0,
    }


def _watched(viewer: User, n: int, now: datetime) -> dict[str, object]:
    spans = [piece * 7000 + edge for piece in range(20) for edge in (0, 3000)]
    whose = {"session_id": f"s{n}", "user_id": viewer.id}
    return {**whose, "spans": spans, "position": 9.0, "credit": 30.0, "updated_at": now}
