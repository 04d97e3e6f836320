"""The administration's pages, in the order of its menu (`templates/admin.html`), which every one of them has.

A page: a view with the rule `ADMINS`, a template that extends `admin.html`, a line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from people.models import Role, User


@dataclass(frozen=True, slots=True)
class AdminPage:
    """`endpoint`: of its view; `icon`: its name in the sprite. `operators`: of no use to other admins."""

    endpoint: str
    words: LazyString
    icon: str
    operators: bool = False


PAGES: Sequence[AdminPage] = (
    AdminPage("health_pages.dashboard", _("Dashboard"), "radio"),
    AdminPage("people_pages.list_people", _("People"), "users"),
    AdminPage("pages.jobs", _("Jobs"), "gauge"),
    AdminPage("keeping_pages.rule", _("Which lectures are recorded"), "hard-drive"),
    AdminPage("health_pages.health", _("Health"), "signal", operators=True),
)


def pages_of(person: User | None) -> Sequence[AdminPage]:
    """What stands in the menu of whoever reads it."""
    is_operator = person is not None and person.role == Role.OPERATOR
    return [page for page in PAGES if is_operator or not page.operators]
