"""The operators' page of backups: how they stand, bringing back a recording, restoring all into a new folder.

Blueprint `backup_pages`, in web threads. What is on its way is drawn by its script.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _

from broadcast import backup_board
from broadcast.csv_table import csv_response
from broadcast.page_strings import STRINGS
from broadcast.services import services
from library import backup_records
from library.database import utc_now

blueprint = Blueprint("backup_pages", __name__)


@blueprint.get("/admin/backups")
def backups() -> str:
    """Of the whole installation."""
    settings = services().settings
    with services().database.reading() as transaction:
        told = backup_board.board(transaction, settings, utc_now())
    page = {
        "api": "/api/v1/backups",
        "jobs_api": "/api/v1/jobs",
        "jobs": told["jobs"],
        "here": "/admin/backups",
    }
    return render_template(
        "backups.html",
        told=told,
        reasons=reason_words(),
        checks=check_words(),
        new_folder=f"{settings.storage.parent / 'kodo-restored'}",
        page=page,
        strings=STRINGS["backups_page.js"](),
    )


@blueprint.get("/admin/backups.csv")
def generations_csv() -> Response:
    """All generations."""
    with services().database.reading() as transaction:
        rows = [
            (one.id, one.at, one.reason, one.objects, one.bytes, one.bytes_new, one.verified)
            for one in backup_records.generations(transaction)
        ]
    header = ("generation", "at", "reason", "objects", "bytes", "bytes_new", "verified")
    return csv_response("backups", header, rows)


def reason_words() -> dict[str, str]:
    """Why a generation was made."""
    return {"daily": _("Daily"), "manual": _("By hand"), "migration": _("Before a new version")}


def check_words() -> dict[str, tuple[str, str]]:
    """Of each check: what it is called, and what it does."""
    return {
        "proof": (
            _("Daily proof"),
            _("The database and ten recordings of any generation are restored, played and compared."),
        ),
        "verify": (
            _("Reading through"),
            _("Every object of every generation is read and compared with its sum."),
        ),
        "drill": (_("Full drill"), _("Everything is restored into a scratch folder, checked and played.")),
    }
