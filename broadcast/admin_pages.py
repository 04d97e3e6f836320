"""The administration's pages, in the order of its menu (`templates/admin.html`), which every one of them has.

A page: a view with the rule `ADMINS` (or `OPERATORS`), a template that extends `admin.html`, a line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from people.accounts import operates
from people.models import User


@dataclass(frozen=True, slots=True)
class AdminPage:
    """`endpoint`: of its view; `icon`: its name in the sprite. `operators`: it is for them alone."""

    endpoint: str
    words: LazyString
    icon: str
    operators: bool = False


PAGES: Sequence[AdminPage] = (
    AdminPage("health_pages.dashboard", _("Dashboard"), "gauge"),
    AdminPage("people_pages.list_people", _("People"), "users"),
    AdminPage("doors_pages.doors", _("Doors"), "door-open"),
    AdminPage("pages.jobs", _("Jobs"), "refresh-cw"),
    AdminPage("keeping_pages.rule", _("Which lectures are recorded"), "hard-drive"),
    AdminPage("backup_pages.backups", _("Backups"), "copy", operators=True),
    AdminPage("health_pages.health", _("Health"), "circle-check", operators=True),
    AdminPage("usage.page", _("Usage"), "signal"),
    AdminPage("audit_pages.acts", _("Audit log"), "text-align-start"),
    AdminPage("notices.page", _("Notices"), "info"),
)


def pages_of(person: User | None) -> Sequence[AdminPage]:
    """What stands in the menu of whoever reads it."""
    is_operator = person is not None and operates(person)
    return [page for page in PAGES if is_operator or not page.operators]
