"""What the database remembers of backups: the generations as they were listed last, and what became of each
backup and check. Written by jobs and the command line, read by pages and alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from library.models import BackupGeneration, BackupResult

KEPT = timedelta(days=400)
BACKUP, PROOF, VERIFY, DRILL = "backup", "proof", "verify", "drill"
_AHEAD = timedelta(minutes=5)  # what is further ahead was made by a clock that was wrong


def replace_generations(session: Session, found: Iterable[BackupGeneration]) -> None:
    """These are all that there are now."""
    session.execute(delete(BackupGeneration))
    session.add_all(found)
    session.flush()


def generations(session: Session) -> Sequence[BackupGeneration]:
    """The newest first."""
    query = select(BackupGeneration).order_by(BackupGeneration.at.desc(), BackupGeneration.id.desc())
    return session.scalars(query).all()


def generation_before(session: Session, moment: datetime) -> BackupGeneration | None:
    """The newest one that was made before `moment`."""
    query = select(BackupGeneration).where(BackupGeneration.at < moment)
    return session.scalar(query.order_by(BackupGeneration.at.desc()).limit(1))


def newest_at(session: Session, now: datetime) -> datetime | None:
    """When the newest generation was made, as far as clocks can be believed."""
    query = select(BackupGeneration.at).where(BackupGeneration.at <= now + _AHEAD)
    return session.scalar(query.order_by(BackupGeneration.at.desc()).limit(1))


def note(
    session: Session,
    kind: str,
    *,
    generation: str | None,
    at: datetime,
    seconds: float,
    ok: bool,
    details: dict[str, Any],
) -> None:
    """Add a result; what is older than KEPT goes."""
    session.execute(delete(BackupResult).where(BackupResult.at < at - KEPT))
    session.add(
        BackupResult(kind=kind, generation=generation, at=at, seconds=seconds, ok=ok, details=details)
    )
    session.flush()


def last(session: Session, kind: str) -> BackupResult | None:
    """What became of the newest of a kind."""
    query = select(BackupResult).where(BackupResult.kind == kind)
    return session.scalar(query.order_by(BackupResult.at.desc(), BackupResult.id.desc()).limit(1))


def was_all_whole(session: Session) -> bool:
    """Whether the last reading of everything found nothing wrong, or there was none."""
    query = select(BackupResult.ok).where(BackupResult.kind == VERIFY, BackupResult.generation.is_(None))
    newest = query.order_by(BackupResult.at.desc(), BackupResult.id.desc()).limit(1)
    return session.scalar(newest) is not False


def last_good(session: Session) -> BackupResult | None:
    """The newest backup that was made and verified."""
    query = select(BackupResult).where(BackupResult.kind == BACKUP, BackupResult.ok)
    return session.scalar(query.order_by(BackupResult.at.desc(), BackupResult.id.desc()).limit(1))
