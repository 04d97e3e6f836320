"""The administration's pages, in the order of its menu (`templates/admin.html`), which every one of them has.

A page: a view with the rule `ADMINS` (or `OPERATORS`), a template that extends `admin.html`, a line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True, slots=True)
class AdminPage:
    """`endpoint`: of its view; `icon`: its name in the sprite. `operators`: it is for them alone."""

    endpoint: str
    words: LazyString
    icon: str
    operators: bool = False


PAGES: Sequence[AdminPage] = (
    AdminPage("people_pages.list_people", _("People"), "users"),
    AdminPage("doors_pages.doors", _("Doors"), "door-open"),
    AdminPage("pages.jobs", _("Jobs"), "gauge"),
    AdminPage("keeping_pages.rule", _("Which lectures are recorded"), "hard-drive"),
    AdminPage("backup_pages.backups", _("Backups"), "copy", operators=True),
    AdminPage("audit_pages.acts", _("Audit log"), "text-align-start"),
    AdminPage("usage.page", _("Usage"), "signal"),
    AdminPage("notices.page", _("Notices"), "info"),
)


def shown(*, operates: bool) -> Sequence[AdminPage]:
    """What a reader who administers has in the menu."""
    return [one for one in PAGES if operates or not one.operators]
