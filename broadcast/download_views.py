"""The MP4 of a recording as a download: Flask says who and which file, the front sends it, also from the
object store (`far_download.py`).

Blueprint `downloads`, in web threads. Under any other WSGI server Flask sends the file itself.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, send_file, url_for
from flask_babel import gettext as _

from broadcast import far_download, last_played
from broadcast.problems import Problem
from broadcast.services import services
from library import recordings
from library.database import utc_now
from library.models import LectureSession
from people import doors
from people.doors import Reason
from people.models import Room
from people.session_cookie import current_user
from people.visits import visit_here
from recorder import far_media
from recorder.far_media import FarPlace, MediaDamaged, MediaUnavailable

blueprint = Blueprint("downloads", __name__)

SEND_FILE_HEADER = "X-Kodo-Send-File"
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029]+')


@blueprint.get("/watch/<session_id>/download")
def mp4(session_id: str) -> Response:
    """The recording as one MP4, with ranges."""
    with services().database.reading() as transaction:
        row = transaction.get(LectureSession, session_id)
        room = transaction.get(Room, row.room_id) if row is not None else None
    path = recordings.mp4_file(services().settings.recordings_folder, row) if row is not None else None
    place = far_media.away(path) if path is not None else None
    if row is None or room is None or path is None or (place is None and not path.is_file()):
        raise Problem(404, _("Not found"), _("There is no MP4 of this recording (yet)."))
    verdict = doors.may_download(current_user(), room, row, visit=visit_here(room), now=utc_now())
    if not verdict:
        return _way_in(verdict.reason, room)
    day = row.started_at.astimezone()  # of the server's zone: an early lecture in Tokyo is not yesterday's
    name = f"{file_name(row.title)} {day:%Y-%m-%d}.mp4"
    last_played.note(services().settings.session_roots, row.id)
    response = sent_file(path, "video/mp4") if place is None else _sent_from_afar(path, place)
    response.headers["Content-Disposition"] = attachment(name)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _way_in(reason: Reason, room: Room) -> Response:
    """Where somebody at a shut door goes on."""
    if reason is Reason.SIGN_IN:
        return redirect("/sign-in?next=" + quote(request.path, safe=""))  # type: ignore[return-value]
    if reason is Reason.NOT_SHOWN:
        raise Problem(404, _("Not found"), _("There is no recording at this address."))
    if reason is Reason.PASSWORD:
        return redirect(url_for("pages.room", slug=room.slug))  # type: ignore[return-value]
    if reason is Reason.NO_DOWNLOADS:
        raise Problem(403, _("Not allowed"), _("This recording is not offered as a file."))
    raise Problem(403, _("Not allowed"), _("You may not watch this recording."))


def sent_file(path: Path, mimetype: str) -> Response:
    """The file, with ranges; the front is only told of it."""
    if request.environ.get("kodo.front"):
        # WSGI's headers are bytes in the shape of latin-1 (PEP 3333), and a folder may have any name.
        named = os.fsencode(path).decode("latin-1")
        return Response(headers={SEND_FILE_HEADER: named}, mimetype=mimetype)
    return send_file(path, mimetype=mimetype, conditional=True)


def _sent_from_afar(path: Path, place: FarPlace) -> Response:
    try:
        return far_download.answer(path, place, "video/mp4", services().far)
    except MediaUnavailable as error:
        raise Problem(
            503,
            _("Not available now"),
            _("The file is in the object store, which does not answer just now."),
            headers={"Retry-After": str(far_download.RETRY_AFTER_SECONDS)},
        ) from error
    except MediaDamaged as error:
        raise Problem(404, _("Not found"), _("The file is damaged in the object store.")) from error


def file_name(title: str) -> str:
    """A title as a file name: nothing that a file system or a header stumbles over."""
    return " ".join(_UNFIT.sub(" ", title).split()).strip(" .")[:100] or "recording"


def attachment(name: str) -> str:
    """RFC 6266 with RFC 8187 for what is not ASCII."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "'")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
