"""The job `notice-mail`: a notice by mail, to all whom it is for and who have an address, to each once.

People are gone through by their ids. Each is claimed in the database, sent to, then noted as sent; killed in
between, the next attempt goes on behind whoever was claimed: rather one is left out than anybody gets it
twice. A server that does not answer gives the claim back, and the job is tried again later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library import notices
from library.database import Database, open_database, utc_now
from library.models import Job, Notice
from operation.job_output import postpone, tell_progress, tell_result
from people.mail import MailRefused, MailUnavailable, Message, send
from people.models import Organization, User
from settings import Settings

log = logging.getLogger(__name__)

READ_AT_ONCE = 50
RETRY_SECONDS = 300
# Of all languages that there are, where nobody has said which one a person reads.
SUBJECTS = {"ja": "Kodoからのお知らせ", "en": "A notice from Kodo", "zh": "来自 Kodo 的通知"}

Send = Callable[[Message], None]


def work(settings: Settings, job: Job) -> int:
    database = open_database(settings.database_url)
    try:
        sent = send_all(database, job.subject, settings.public_url, lambda message: send(settings, message))
    except MailUnavailable as error:
        log.warning("%s", error)
        postpone(RETRY_SECONDS, f"the mail server does not take it: {error}")
        return 0
    finally:
        database.close()
    tell_result({"sent": sent})
    return 0


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """Each mail was noted as it went."""


def send_all(database: Database, notice_id: str, public_url: str, send_one: Send) -> int:
    """Send it to all who have not had it → how many. Raises MailUnavailable, DatabaseUnavailable."""
    last, gone, sent = "", 0, 0
    while True:
        with database.reading() as transaction:
            notice = transaction.get(Notice, notice_id)
            if notice is None or (notice.ends_at is not None and notice.ends_at <= utc_now()):
                log.info("notice %s is over: nobody else is sent to", notice_id)
                return sent
            people = _people(transaction, notice, last)
            every = _count(transaction, notice)
            names = _names(transaction, people)
        if not people:
            return sent
        for person in people:
            message = compose(notice, person, names.get(person.organization_id, ""), public_url)
            sent += _send_once(database, notice.id, person, message, send_one)
        last, gone = people[-1].id, gone + len(people)
        tell_progress(gone / max(every, gone), f"{gone} of {max(every, gone)}")


def _send_once(database: Database, notice_id: str, person: User, message: Message, send_one: Send) -> bool:
    """Whether it was sent now. Raises MailUnavailable, and then it may be sent by another attempt."""
    with database.session() as transaction:
        if not notices.claim(transaction, notice_id, person.id):
            return False
    refused = False
    try:
        send_one(message)
    except MailRefused as error:
        refused = True
        log.warning("user %s: %s", person.id, error)
    except MailUnavailable:
        with database.session() as transaction:
            notices.give_back(transaction, notice_id, person.id)
        raise
    with database.session() as transaction:
        notices.note_sent(transaction, notice_id, person.id, utc_now(), refused=refused)
    return not refused


def compose(notice: Notice, person: User, organization: str, public_url: str) -> Message:
    """Pure: in the person's language, else in all that there are."""
    known = person.language if person.language in notice.texts else None
    used = [known] if known is not None else [one for one in notices.LANGUAGES if one in notice.texts]
    subject = f"{SUBJECTS[used[0]]} ({organization})" if organization else SUBJECTS[used[0]]
    texts = "\n\n– – –\n\n".join(notice.texts[one] for one in used)
    return Message((person.email or "",), subject, f"{texts}\n\n-- \n{public_url}\n")


def _of(notice: Notice) -> Any:
    active = User.active & User.email.is_not(None)
    return (
        active
        if notice.organization_id is None
        else active & (User.organization_id == notice.organization_id)
    )


def _people(transaction: Session, notice: Notice, last: str) -> Sequence[User]:
    query = select(User).where(_of(notice), User.id > last).order_by(User.id)
    return transaction.scalars(query.limit(READ_AT_ONCE)).all()


def _count(transaction: Session, notice: Notice) -> int:
    return transaction.scalar(select(func.count()).select_from(User).where(_of(notice))) or 0


def _names(transaction: Session, people: Sequence[User]) -> dict[str, str]:
    ids = {one.organization_id for one in people}
    found = transaction.execute(select(Organization.id, Organization.name).where(Organization.id.in_(ids)))
    return {row.id: row.name for row in found}
