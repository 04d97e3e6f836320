"""Notices to all users: which count now, and whom they were mailed to.

Within the caller's transaction; from web threads and the job `notice-mail`. Of an organization, or (None) of
the installation. A notice is never changed once it is shown, but for its end: who has put it away has read
what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, or_, select
from sqlalchemy.orm import Session

from library import jobs
from library.database import exclusive
from library.models import Job, Notice, NoticeMail

KIND = "notice-mail"
LANE = "mail"
LANGUAGES = ("ja", "en", "zh")
TEXT_LENGTH = 1_000
MOST_AHEAD = timedelta(days=730)
MOST_SHOWN = 5  # at a time; the newest
LISTED = 100


class UnfitNotice(ValueError):
    """`reason`: "text" (none, or too long), "time" (ends before it starts, or years ahead), "mailed"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def add(
    transaction: Session,
    *,
    organization_id: str | None,
    texts: Mapping[str, str],
    starts_at: datetime | None,
    ends_at: datetime | None,
    author: str,
    now: datetime,
) -> Notice:
    """`starts_at` None: now. Raises UnfitNotice."""
    cleaned = {one: text for one in LANGUAGES if (text := clean(texts.get(one, "")))}
    if not cleaned or any(len(text) > TEXT_LENGTH for text in cleaned.values()):
        raise UnfitNotice("text")
    begins = starts_at or now
    if begins > now + MOST_AHEAD or (
        ends_at is not None and not max(begins, now) < ends_at <= now + 2 * MOST_AHEAD
    ):
        raise UnfitNotice("time")
    notice = Notice(
        organization_id=organization_id,
        texts=cleaned,
        starts_at=begins,
        ends_at=ends_at,
        created_at=now,
        created_by=author,
    )
    transaction.add(notice)
    transaction.flush()
    return notice


def clean(text: str) -> str:
    """Pure: without characters that nobody sees, at most one empty line between paragraphs."""
    lines = [
        " ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in text.splitlines()
    ]
    return "\n".join(line for n, line in enumerate(lines) if line or (n and lines[n - 1])).strip()


def withdraw(notice: Notice, now: datetime) -> None:
    """It is shown to nobody from now on; idempotent."""
    if notice.ends_at is None or notice.ends_at > now:
        notice.ends_at = now
    notice.starts_at = min(notice.starts_at, now)


def current(transaction: Session, now: datetime) -> Sequence[Notice]:
    """Of all organizations, that begin before the next minute is over and have not ended; newest first."""
    begins = Notice.starts_at <= now + timedelta(minutes=1)
    lasts = or_(Notice.ends_at.is_(None), Notice.ends_at > now)
    return transaction.scalars(select(Notice).where(begins, lasts).order_by(Notice.starts_at.desc())).all()


def shown_to(notices: Iterable[Notice], organization_id: str | None, now: datetime) -> list[Notice]:
    """Pure: those that a reader of an organization (None: a stranger) sees at a moment."""
    counting = [one for one in notices if one.starts_at <= now and (one.ends_at is None or now < one.ends_at)]
    theirs = [
        one for one in counting if one.organization_id is None or one.organization_id == organization_id
    ]
    return theirs[:MOST_SHOWN]


def listed(transaction: Session, reach: str | None) -> Sequence[Notice]:
    """What an admin looks after, newest first, at most LISTED."""
    query = select(Notice).where(_within(reach)).order_by(Notice.created_at.desc(), Notice.id.desc())
    return transaction.scalars(query.limit(LISTED)).all()


def find(transaction: Session, reach: str | None, notice_id: str) -> Notice | None:
    """One that an admin looks after; None for what is no id, too."""
    if not notice_id.isprintable():
        return None
    return transaction.scalar(select(Notice).where(Notice.id == notice_id, _within(reach)))


def _within(reach: str | None) -> ColumnElement[bool]:
    """Those of the installation are the operators'."""
    return Notice.organization_id == reach if reach is not None else Notice.id.is_not(None)


def order_mail(transaction: Session, notice: Notice, now: datetime) -> Job:
    """Have it sent to everybody it is for, once → the job. Raises UnfitNotice for one that is over."""
    if notice.ends_at is not None and notice.ends_at <= now:
        raise UnfitNotice("time")
    notice.mailed_at = notice.mailed_at or now
    return jobs.enqueue(
        transaction, kind=KIND, key=f"{KIND}:{notice.id}", subject=notice.id, payload={}, lane=LANE
    )


def claim(transaction: Session, notice_id: str, person: str) -> bool:
    """Whether it is the caller's to send to this person. To be committed before it is sent."""
    exclusive(transaction, f"notice-mail:{notice_id}")
    if transaction.get(NoticeMail, (notice_id, person)) is not None:
        return False
    transaction.add(NoticeMail(notice_id=notice_id, user_id=person))
    return True


def give_back(transaction: Session, notice_id: str, person: str) -> None:
    """It was claimed and surely not sent: the next attempt does."""
    of_it = (NoticeMail.notice_id == notice_id) & (NoticeMail.user_id == person)
    transaction.execute(delete(NoticeMail).where(of_it, NoticeMail.sent_at.is_(None)))


def note_sent(transaction: Session, notice_id: str, person: str, now: datetime, *, refused: bool) -> None:
    row = transaction.get(NoticeMail, (notice_id, person))
    if row is not None:
        row.sent_at, row.refused = now, refused


def mailed(transaction: Session, notice_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many a notice was sent to, and how many of them were refused."""
    refused = func.coalesce(func.sum(case((NoticeMail.refused, 1), else_=0)), 0)
    query = select(NoticeMail.notice_id, func.count(), refused).group_by(NoticeMail.notice_id)
    found: Any = transaction.execute(query.where(NoticeMail.notice_id.in_(notice_ids)))
    return {notice: (count, bounced) for notice, count, bounced in found}
