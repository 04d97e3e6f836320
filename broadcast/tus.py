"""tus 1.0.0 on the server's side: creation, HEAD, PATCH and what went wrong, of whatever is uploaded.

Core, creation, checksum, termination and expiration; in web threads. Who may, what the upload is for and what
comes of it when all of it is here is the caller's (`media_api.py`, `copy_api.py`). Behind the front the bytes
of a PATCH go past Flask (`upload_receiver.py`); under any other server they are written here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import Response, request
from flask_babel import gettext as _

from broadcast.problems import Problem
from broadcast.services import services
from broadcast.session_rows import utc
from broadcast.upload_receiver import CHECKSUMS, UPLOAD_KEY, Begin, Order, Outcome, order_header, write_here
from library.upload_file import has_room, last_written, offset_of

VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
OFFSET_TYPE = "application/offset+octet-stream"
MAX_METADATA = 8_000


@dataclass(frozen=True, slots=True)
class Upload:
    """`path`: the file it grows in. `size`: as told at its creation. `whole`: it was handed on already."""

    path: Path
    size: int
    whole: bool
    created_at: datetime


# Looks the upload up, each time anew. Raises Problem.
Find = Callable[[], Upload]
HandOn = Callable[[], None]


def lift_limit() -> None:
    """An upload's body may be as large as what is uploaded; nothing here takes it into memory."""
    if request.method == "PATCH" and request.path.endswith("/upload"):
        request.max_content_length = None


def options() -> Response:
    """What this server can do."""
    told = {
        **headers(),
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(services().settings.upload_bytes),
    }
    return Response(status=204, headers=told)


def told_length(most: int) -> int:
    """Creation: `Upload-Length`, from 1 to `most` bytes. Raises Problem."""
    text = request.headers.get("Upload-Length", "")
    if not _is_number(text):
        raise problem(400, "Malformed", "Upload-Length must be the file's size in bytes.")
    if int(text) > most:
        raise problem(413, _("Too large"), _("This file is larger than may be uploaded here."))
    if int(text) == 0:
        raise problem(400, _("Empty"), _("This file is empty."))
    return int(text)


def told_metadata(name: str) -> str:
    """Creation: a value of `Upload-Metadata` (key, space, base64; comma), or "". Raises Problem."""
    text = request.headers.get("Upload-Metadata", "")[:MAX_METADATA]
    pairs = dict(part.strip().partition(" ")[::2] for part in text.split(","))
    try:
        return base64.b64decode(pairs.get(name, ""), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise problem(400, "Malformed", "Upload-Metadata cannot be read.") from error


def check_room(folder: Path, size: int) -> None:
    """Raises Problem where `size` more bytes would bring the disk under its floor."""
    if not has_room(folder, size, services().settings.disk_floor_bytes):
        raise problem(507, _("Disk full"), _("Too little disk is free for this file."))


def told_upload() -> int:
    """Creation in the folder of uploads, which there is then → how many bytes are to come. Raises Problem."""
    check_version()
    settings = services().settings
    size = told_length(settings.upload_bytes)
    settings.uploads_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_room(settings.uploads_folder, size)
    return size


def created(upload: Upload, url: str) -> Response:
    answer = _state_answer(upload, 0, 201)
    answer.headers["Location"] = url
    return answer


def head(find: Find, hand_on: HandOn) -> Response:
    """Core: how much has come. A complete upload is handed on, should that have been cut off."""
    check_version()
    upload = find()
    offset = _standing(upload)
    if offset == upload.size:
        hand_on()
    return _state_answer(upload, offset, 200)


def patch(find: Find, hand_on: HandOn) -> Response:
    """Core: more of it, from `Upload-Offset` on."""
    told = request.environ.get(UPLOAD_KEY)
    if isinstance(told, Outcome):
        return _received(find(), told, hand_on)
    check_version()
    upload = find()
    length = told.length if isinstance(told, Begin) else request.content_length
    order = _order(upload, length)
    if isinstance(told, Begin):
        return Response(status=204, headers={"X-Kodo-Receive-File": order_header(order)})
    return _received(upload, write_here(order, request.stream), hand_on)


def check_version() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        refusal = problem(412, "Another version", f"Tus-Resumable: {VERSION}")
        refusal.headers["Tus-Version"] = VERSION
        raise refusal


def problem(status: int, title: str, detail: str) -> Problem:
    return Problem(status, title, detail, headers=headers())


def headers() -> dict[str, str]:
    return {"Tus-Resumable": VERSION}


def _standing(upload: Upload) -> int:
    """How much of it has come: all, once it is handed on."""
    if upload.whole:
        return upload.size
    offset = offset_of(upload.path)
    if offset is None:
        raise problem(404, _("Not found"), _("This upload is not here any more."))
    return offset


def _order(upload: Upload, length: int | None) -> Order:
    """What a PATCH may do. Raises Problem."""
    if request.mimetype != OFFSET_TYPE:
        raise problem(415, "Wrong type", f"Content-Type: {OFFSET_TYPE}")
    if length is None:
        raise problem(411, "Length required", "An upload must tell its Content-Length.")
    offset = request.headers.get("Upload-Offset", "")
    if not _is_number(offset):
        raise problem(400, "Malformed", "Upload-Offset must be a number.")
    standing = _standing(upload)
    if int(offset) != standing:
        raise _problem_of(Outcome(standing, "offset"))
    if standing + length > upload.size:
        raise _problem_of(Outcome(standing, "too_much"))
    floor = services().settings.disk_floor_bytes
    return Order(upload.path, standing, length, floor, _checksum())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _checksum() -> tuple[str, bytes] | None:
    """Checksum: `Upload-Checksum: sha1 <base64>`."""
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _space, encoded = text.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise problem(400, "Malformed", "Upload-Checksum cannot be read.") from error
    if algorithm not in CHECKSUMS or not digest:
        raise problem(400, "Malformed", "Upload-Checksum cannot be read.")
    return algorithm, digest


def _received(upload: Upload, outcome: Outcome, hand_on: HandOn) -> Response:
    if outcome.problem is not None:
        raise _problem_of(outcome)
    if outcome.offset == upload.size:
        hand_on()
    return _state_answer(upload, outcome.offset, 204)


def _state_answer(upload: Upload, offset: int, status: int) -> Response:
    touched = max(upload.created_at, utc(last_written(upload.path) or 0.0))
    expires = touched + timedelta(seconds=services().settings.upload_seconds)
    told = {
        **headers(),
        "Upload-Offset": str(offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": expires.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Cache-Control": "no-store",
    }
    return Response(status=status, headers=told)


def _problem_of(outcome: Outcome) -> Problem:
    """RFC 9457 for what kept an upload from going on; 460 is tus' own."""
    problems = {
        "offset": (409, "The upload stands elsewhere than this request goes on from."),
        "too_much": (413, "More came than the file's size."),
        "locked": (423, "Another request is writing this upload."),
        "gone": (404, _("This upload is not here any more.")),
        "no_room": (507, _("Too little disk is free for this file.")),
        "silent": (408, "Nothing came for a while. Go on from where the upload stands."),
        "busy": (503, _("Too many uploads come at this moment. Please try again.")),
        "checksum": (460, "What came is not what was sent. It was thrown away."),
    }
    status, detail = problems[outcome.problem or ""]
    refusal = problem(status, _("Upload stopped"), detail)
    refusal.headers["Upload-Offset"] = str(outcome.offset)
    if status in (423, 503):
        refusal.headers["Retry-After"] = "2"
    return refusal
