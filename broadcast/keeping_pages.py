"""The admins' page of what becomes of lectures: the organization's rule, what is held, what was removed.

Blueprint `keeping_pages`, in web threads. Of what is held an admin sees that it is there and when it goes,
not what it is about.
"""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask_babel import gettext as _

from broadcast import room_keeping
from broadcast.page_strings import STRINGS
from library.keeping import RecordingRule, Removal
from people.models import Organization
from people.session_cookie import current_user, people

blueprint = Blueprint("keeping_pages", __name__)


@blueprint.get("/admin/recording")
def rule() -> str:
    """Of the reader's own organization."""
    person = current_user()
    if person is None:
        abort(401)
    with people().database.reading() as transaction:
        organization = transaction.get_one(Organization, person.organization_id)
        held = room_keeping.held(transaction, organization.id)
        removed = room_keeping.removed(transaction, organization.id)
    return render_template(
        "recording_rule.html",
        organization=organization,
        rules=rule_words(people().settings.safety_days),
        held=held,
        removed=removed,
        reasons=removal_words(),
        page={"api": "/api/v1/organization"},
        strings=STRINGS["recording_rule_page.js"](),
    )


def rule_words(days: int) -> dict[str, tuple[str, str]]:
    """Of each rule: what it is called, and what it means."""
    return {
        RecordingRule.ALWAYS: (
            _("Every lecture"),
            _("Each recording can be watched as its room can, as soon as the lecture has ended."),
        ),
        RecordingRule.CHOICE: (
            _("As the lecturer chooses"),
            _(
                "What is not published is held for its lecturer alone, and deleted after %(days)s days.",
                days=days,
            ),
        ),
        RecordingRule.OFF: (
            _("No lecture"),
            _("Each recording is deleted when the lecture is over. While it runs, one can go back in it."),
        ),
    }


def removal_words() -> dict[str, str]:
    """Why a recording was removed."""
    return {
        Removal.ORGANIZATION: _("The organization keeps no recordings"),
        Removal.UNCLAIMED: _("It was held, and nobody kept it"),
        Removal.OWNER: _("Its lecturer deleted it"),
        Removal.TRASH: _("It was in the trash for 30 days"),
    }
