"""The chapters of recordings in the database, within the caller's transaction. Called from web threads.

They are saved as a whole: what is saved replaces what was there.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from library.chapter_list import Chapter, with_known_origins
from library.database import exclusive
from library.models import ChapterOrigin, ChapterRow


def save(transaction: Session, session_id: str, chapters: Sequence[Chapter]) -> None:
    """`chapters`: as `chapter_list.fit_chapters` gives them."""
    lock(transaction, session_id)
    kept = with_known_origins(chapters, chapters_of(transaction, session_id))
    transaction.execute(delete(ChapterRow).where(ChapterRow.session_id == session_id))
    values = [
        {
            "session_id": session_id,
            "number": number,
            "at": one.at,
            "title": one.title,
            "origin": one.origin.value,
        }
        for number, one in enumerate(kept)
    ]
    if values:
        transaction.execute(insert(ChapterRow), values)


def lock(transaction: Session, session_id: str) -> None:
    """Nobody else saves chapters of it until the transaction ends."""
    exclusive(transaction, f"chapters:{session_id}")


def chapters_of(transaction: Session, session_id: str) -> tuple[Chapter, ...]:
    """In order of time."""
    query = select(ChapterRow).where(ChapterRow.session_id == session_id).order_by(ChapterRow.number)
    return tuple(Chapter(row.at, row.title, ChapterOrigin(row.origin)) for row in transaction.scalars(query))


def has_any(transaction: Session, session_id: str) -> bool:
    return bool(transaction.scalar(select(exists().where(ChapterRow.session_id == session_id))))
