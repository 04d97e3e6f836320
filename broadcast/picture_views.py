"""A recording's poster, storyboard and loudness: Flask says who and which file, the front sends it.

Blueprint `pictures`, in web threads. An address that names today's content (`?v=`) may be kept by the browser
that has it; any other is asked about each time, and answered by 304 where nothing is new.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from broadcast import picture_addresses
from broadcast.download_views import sent_file
from broadcast.problems import Problem
from broadcast.recording_doors import recording_to_watch
from broadcast.services import services
from library import pictures
from library.models import LectureSession

blueprint = Blueprint("pictures", __name__, url_prefix="/watch/<session_id>")

WEBP, WEBVTT, JSON = "image/webp", "text/vtt", "application/json"
KEPT = "private, max-age=31536000, immutable"  # private: a room's doors may be shut later
ASKED_ABOUT = "private, no-cache"


@blueprint.get("/poster.webp")
def poster(session_id: str) -> BaseResponse:
    """The picture that stands for the recording, 1280 wide at most."""
    row, _room = recording_to_watch(session_id)
    return _sent(row, "poster.webp", WEBP, row.poster)


@blueprint.get("/thumbnail.webp")
def thumbnail(session_id: str) -> BaseResponse:
    """The poster, 640 wide at most."""
    row, _room = recording_to_watch(session_id)
    return _sent(row, "thumbnail.webp", WEBP, row.poster)


@blueprint.get("/storyboard.vtt")
def storyboard(session_id: str) -> BaseResponse:
    """WebVTT whose cues name a place on a sheet; seconds of the newest replay's playlist."""
    row, _room = recording_to_watch(session_id)
    return _sent(row, "storyboard.vtt", WEBVTT, picture_addresses.name_of_version(row))


@blueprint.get("/storyboard-<int:sheet>.webp")
def sheet(session_id: str, sheet: int) -> BaseResponse:
    """A hundred small pictures."""
    row, _room = recording_to_watch(session_id)
    return _sent(row, f"storyboard-{sheet}.webp", WEBP, picture_addresses.name_of_version(row))


@blueprint.get("/loudness.json")
def loudness(session_id: str) -> BaseResponse:
    """`{seconds, step, levels}`: dB below full scale of each step of the newest replay's playlist."""
    row, _room = recording_to_watch(session_id)
    return _sent(row, "loudness.json", JSON, picture_addresses.name_of_version(row))


def _sent(row: LectureSession, name: str, mimetype: str, content: str | None) -> BaseResponse:
    """`content`: what `?v=` is called today."""
    if row.pictures_version is None:
        raise _no_picture()
    path = pictures.folder_of(services().settings.pictures_folder, row.id, row.pictures_version) / name
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise _no_picture() from None
    response = _file(path, mimetype, f"{stat.st_mtime_ns:x}-{stat.st_size:x}")
    response.headers["Cache-Control"] = KEPT if request.args.get("v") == content else ASKED_ABOUT
    response.vary.add("Cookie")
    return response


def _file(path: Path, mimetype: str, tag: str) -> BaseResponse:
    if tag in request.if_none_match:
        response: Response = Response(status=304)
    else:
        response = sent_file(path, mimetype)
    response.set_etag(tag)
    return response


def _no_picture() -> Problem:
    return Problem(404, _("Not found"), _("There is no such picture of this recording (yet)."))
