"""Accounts in the reader's language: roles, states, devices, what is wrong with a file. Within a request."""

from __future__ import annotations

from flask_babel import gettext as _

from people.devices import Device
from people.directory import State
from people.models import Role
from people.people_csv import MAX_LINES, UnreadableFile, Wrong


def roles() -> dict[str, str]:
    return {
        Role.VIEWER: _("Viewer"),
        Role.LECTURER: _("Lecturer"),
        Role.ADMIN: _("Admin"),
        Role.OPERATOR: _("Operator"),
    }


def role_meanings() -> dict[str, str]:
    return {
        Role.VIEWER: _("Watches lectures"),
        Role.LECTURER: _("Also holds lectures"),
        Role.ADMIN: _("Also looks after the organization"),
        Role.OPERATOR: _("Also looks after the installation"),
    }


def states() -> dict[str, tuple[str, str, str]]:
    """Of each: its word, the kind of its badge, its icon."""
    return {
        State.ACTIVE: (_("Active"), "good", "circle-check"),
        State.INVITED: (_("Invited"), "wait", "clock"),
        State.INACTIVE: (_("Deactivated"), "", "lock"),
    }


def device(seen: Device) -> str:
    if seen.browser and seen.system:
        return str(_("%(browser)s on %(system)s", browser=seen.browser, system=seen.system))
    return seen.browser or seen.system or _("Unknown browser")


def wrong_line(wrong: Wrong) -> str:
    words = {
        Wrong.USER_ID: _("The user ID is missing, too long, or has spaces in it."),
        Wrong.TAKEN: _("This user ID is taken."),
        Wrong.TWICE: _("This user ID stands in the file twice."),
        Wrong.ROLE: _("There is no such role."),
        Wrong.ABOVE: _("You can give no role above your own."),
        Wrong.EMAIL: _("This is no mail address."),
        Wrong.COLUMNS: _("The line has more cells than the first line has columns."),
    }
    return str(words[wrong])


def unreadable(error: UnreadableFile) -> str:
    words = {
        "encoding": _("The file is neither UTF-8 nor Shift_JIS. Save it as CSV UTF-8."),
        "columns": _("The first line must name the columns: user_id, name, role, email."),
        "long": _("The file is too long: at most %(count)s lines.", count=MAX_LINES),
        "empty": _("The file is empty."),
        "csv": _("The file is no CSV."),
    }
    return str(words[error.reason])
