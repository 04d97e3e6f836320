"""The mails about accounts, in their receiver's language: plain text with a link below the public address.

Called in web threads and the postman's, within an application. Nothing that a client sends (no Host header)
gets into a link.
"""

from __future__ import annotations

import logging
from datetime import datetime

from flask_babel import force_locale, gettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from library.database import Database
from people import account_links, mail
from people.account_links import ASKED_RESET_VALID, INVITATION_VALID, Link
from people.accounts import UnfitUserId, fold_user_id
from people.mail import MailRefused, MailUnavailable, Message
from people.models import LinkKind, User
from settings import Settings

SAME_ADDRESS = 5  # accounts of one mail address that are told

log = logging.getLogger(__name__)


def invitation(settings: Settings, user: User, organization: str, link: Link, *, language: str) -> Message:
    """`language`: of who sends it, for whoever has not been here yet."""
    with force_locale(user.language or language):
        lines = (
            _("Hello %(name)s,", name=user.display_name),
            _(
                "You are invited to %(organization)s's lectures on Kodo. Your user ID is: %(user_id)s",
                organization=organization,
                user_id=user.user_id,
            ),
            _(
                "Open this link to choose your password. It works once, for %(days)s days:",
                days=INVITATION_VALID.days,
            ),
            settings.public_url + link.path,
            _("If you did not expect this, you need not do anything."),
        )
        return _message(user, _("You are invited to Kodo"), lines)


def reset(settings: Settings, user: User, link: Link, *, language: str, asked: bool) -> Message:
    """`asked`: by whoever typed the account's name, who may be a stranger; else by an admin."""
    with force_locale(user.language or language):
        hours = round(
            (ASKED_RESET_VALID if asked else account_links.ADMINS_RESET_VALID).total_seconds() / 3600
        )
        lines = (
            _("Hello %(name)s,", name=user.display_name),
            _("With this link you choose a new password. It works once, for %(hours)s hours:", hours=hours)
            if hours > 1
            else _("With this link you choose a new password. It works once, for an hour:"),
            settings.public_url + link.path,
            _("Your user ID is: %(user_id)s", user_id=user.user_id),
            _("If you did not ask for it, you need not do anything: your password stays as it is."),
        )
        return _message(user, _("A new password for Kodo"), lines)


def of_link(settings: Settings, user: User, organization: str, link: Link, *, language: str) -> Message:
    """What an admin sends."""
    if link.kind is LinkKind.INVITATION:
        return invitation(settings, user, organization, link, language=language)
    return reset(settings, user, link, language=language, asked=False)


def try_to_send(settings: Settings, message: Message | None) -> str:
    """`sent`; or why not: `off` (no server is set), `nowhere` (no address), `refused`, `unavailable`."""
    if not mail.is_configured(settings):
        return "off"
    if message is None:
        return "nowhere"
    try:
        mail.send(settings, message)
    except MailRefused as error:
        log.warning("a mail about an account was refused: %s", error)
        return "refused"
    except MailUnavailable as error:
        log.warning("a mail about an account was not sent: %s", error)
        return "unavailable"
    return "sent"


def send_resets(
    database: Database, settings: Settings, asked_for: str, *, language: str, now: datetime
) -> int:
    """Mail a link to each active account of this user ID or mail address → to how many.

    The postman's errand: the answer to who asked is the same for all, and takes as long for all. Raises
    MailRefused, MailUnavailable, DatabaseUnavailable.
    """
    with database.session() as transaction:
        meant = [
            one
            for one in _meant(transaction, asked_for)
            if account_links.may_ask_again(transaction, one, now)
        ]
        valid = ASKED_RESET_VALID
        links = [account_links.issue(transaction, one, now, valid=valid, more=True) for one in meant]
    for user, link in zip(meant, links, strict=True):
        mail.send(settings, reset(settings, user, link, language=language, asked=True))
    return len(meant)


def _meant(transaction: Session, asked_for: str) -> list[User]:
    """Active accounts with a password and an address; whoever is invited has a link already."""
    try:
        folded = fold_user_id(asked_for)
    except UnfitUserId:
        return []
    theirs = or_(User.user_id == folded, User.email == asked_for.strip().lower())
    query = select(User).where(
        theirs, User.active.is_(True), User.email.is_not(None), User.password_hash != ""
    )
    return list(transaction.scalars(query.order_by(User.user_id).limit(SAME_ADDRESS)))


def _message(user: User, subject: str, lines: tuple[str, ...]) -> Message:
    return Message((user.email or "",), subject, "\n\n".join(lines) + "\n")


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))
