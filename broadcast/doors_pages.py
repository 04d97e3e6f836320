"""The admins' page of doors, `/admin/doors`, and its lists as a file.

Blueprint `doors_pages`, in web threads.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, url_for
from sqlalchemy import select

from broadcast.csv_table import csv_response
from broadcast.doors_api import get_told, organization_here
from broadcast.page_strings import STRINGS
from broadcast.room_api import person_here
from people import entry_lists
from people.accounts import operates
from people.models import Organization
from people.request_address import client_address
from people.session_cookie import people

blueprint = Blueprint("doors_pages", __name__)


@blueprint.get("/admin/doors")
def doors() -> str:
    """Of the reader's own organization; operators choose."""
    person = person_here()
    with people().database.reading() as transaction:
        organization = organization_here(transaction)
        told = get_told(transaction, organization)
        others = (
            list(transaction.scalars(select(Organization).order_by(Organization.name, Organization.id)))
            if operates(person)
            else []
        )
    query: dict[str, Any] = (
        {"organization": organization.slug} if organization.id != person.organization_id else {}
    )
    return render_template(
        "doors.html",
        organization=organization,
        organizations=others if len(others) > 1 else [],
        address=client_address(),
        csv=url_for("doors_pages.as_csv", **query),
        page={
            "api": url_for("doors.get_doors", **query),
            "try": url_for("doors.try_doors", **query),
            "told": told,
        },
        strings=STRINGS["doors_page.js"](),
    )


@blueprint.get("/admin/doors.csv")
def as_csv() -> Response:
    """Both lists, as the page takes them in again."""
    with people().database.reading() as transaction:
        organization = organization_here(transaction)
        rows = [
            (row.rule.effect.value, row.rule.kind.value, row.rule.value, row.rule.note)
            for row in entry_lists.rows_of(transaction, organization.id)
        ]
    return csv_response(f"doors {organization.slug}", entry_lists.HEADER, rows)
