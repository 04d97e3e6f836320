"""The job `notice-mail`: a notice by mail, to all whom it is for and who have an address, to each once.

People are gone through by their ids. Each is claimed in the database, sent to, then noted as sent; killed in
between, the next attempt goes on behind whoever was claimed: rather one is left out than anybody gets it
twice. A server that does not answer gives the claim back, and the job is tried again later. So it is for one
person whose mailbox does not take it now, while the others get theirs; who could not be reached in the end,
when nothing else was sent for a day, counts as refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library import notices
from library.database import Database, open_database, utc_now
from library.models import Job, Notice
from operation.job_output import postpone, tell_progress, tell_result
from people.mail import MailPutOff, MailRefused, MailUnavailable, Message, send
from people.models import Organization, User
from settings import Settings

log = logging.getLogger(__name__)

READ_AT_ONCE = 50
PUT_OFF = "put_off"
RETRY_SECONDS = 300
# Before each further attempt for those who put it off, while nobody else is sent to.
PUT_OFF_SECONDS = (300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
# Of all languages that there are, where nobody has said which one a person reads.
SUBJECTS = {"ja": "Kodoからのお知らせ", "en": "A notice from Kodo", "zh": "来自 Kodo 的通知"}

Send = Callable[[Message], None]


class Sent(NamedTuple):
    """How many have it now, and how many are to be tried again."""

    sent: int
    put_off: int


def work(settings: Settings, job: Job) -> int:
    return do_work(settings, job, lambda message: send(settings, message))


def do_work(settings: Settings, job: Job, send_one: Send) -> int:
    """Exit code. How often all that was left was put off is kept in the job's row."""
    tried = int(job.payload.get(PUT_OFF, 0))
    is_last = tried >= len(PUT_OFF_SECONDS)
    database = open_database(settings.database_url)
    try:
        sent, put_off = send_all(database, job.subject, settings.public_url, send_one, is_last=is_last)
        if put_off:
            tried = 0 if sent else tried
            _note_put_off(database, job.id, tried + 1)
            log.warning("notice %s: %d mailboxes do not take it now", job.subject, put_off)
            postpone(PUT_OFF_SECONDS[tried], f"{put_off} mailboxes do not take it now")
            return 0
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


def send_all(
    database: Database, notice_id: str, public_url: str, send_one: Send, *, is_last: bool = False
) -> Sent:
    """Send it to all who have not had it. `is_last`: a mailbox that puts it off once more counts as one that
    refused. Raises MailUnavailable, DatabaseUnavailable.
    """
    last, gone, sent, put_off = "", 0, 0, 0
    while True:
        with database.reading() as transaction:
            notice = transaction.get(Notice, notice_id)
            if notice is None or (notice.ends_at is not None and notice.ends_at <= utc_now()):
                log.info("notice %s is over: nobody else is sent to", notice_id)
                return Sent(sent, 0)
            people = _people(transaction, notice, last)
            every = _count(transaction, notice)
            names = _names(transaction, people)
        if not people:
            return Sent(sent, put_off)
        for person in people:
            message = compose(notice, person, names.get(person.organization_id, ""), public_url)
            try:
                sent += _send_once(database, notice.id, person, message, send_one, is_last=is_last)
            except MailPutOff as error:
                put_off += 1
                log.warning("user %s: %s", person.id, error)
        last, gone = people[-1].id, gone + len(people)
        tell_progress(gone / max(every, gone), f"{gone} of {max(every, gone)}")


def _send_once(
    database: Database, notice_id: str, person: User, message: Message, send_one: Send, *, is_last: bool
) -> bool:
    """Whether it was sent now. Raises MailUnavailable (MailPutOff: by this person's mailbox alone), and then
    it may be sent by another attempt.
    """
    with database.session() as transaction:
        if not notices.claim(transaction, notice_id, person.id):
            return False
    refused = False
    try:
        send_one(message)
    except MailRefused as error:
        refused = True
        log.warning("user %s: %s", person.id, error)
    except MailUnavailable as error:
        if not (is_last and isinstance(error, MailPutOff)):
            with database.session() as transaction:
                notices.give_back(transaction, notice_id, person.id)
            raise
        refused = True
        log.warning("user %s, tried for the last time: %s", person.id, error)
    with database.session() as transaction:
        notices.note_sent(transaction, notice_id, person.id, utc_now(), refused=refused)
    return not refused


def _note_put_off(database: Database, job_id: str, times: int) -> None:
    with database.session() as transaction:
        row = transaction.get(Job, job_id)
        if row is not None:
            row.payload = {**row.payload, PUT_OFF: times}


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
