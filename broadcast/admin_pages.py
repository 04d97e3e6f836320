"""The administration's pages, in the order of its menu (`templates/admin.html`), which every one of them has.

A page: a view with the rule `ADMINS`, a template that extends `admin.html`, a line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True, slots=True)
class AdminPage:
    """`endpoint`: of its view; `icon`: its name in the sprite."""

    endpoint: str
    words: LazyString
    icon: str


PAGES: Sequence[AdminPage] = (
    AdminPage("people_pages.list_people", _("People"), "users"),
    AdminPage("pages.jobs", _("Jobs"), "gauge"),
    AdminPage("keeping_pages.rule", _("Which lectures are recorded"), "hard-drive"),
    AdminPage("usage.page", _("Usage"), "signal"),
    AdminPage("notices.page", _("Notices"), "info"),
)
