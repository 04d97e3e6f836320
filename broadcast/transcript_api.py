"""The JSON API of transcripts: `/api/v1/recordings/<id>/transcript`, and the same as a file (`.vtt .srt .txt
.json`).

Blueprint `transcripts`, in web threads. Who may watch reads, who may host the room writes; a file that is put
there becomes a new version, found from the same moment on. A lecture that is live has a transcript, too, as
soon as somebody writes one: `growing` while more is to come.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, Integer, String
from apiflask.validators import Length, OneOf, Range
from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast.download_views import attachment, file_name
from broadcast.event_log import iso_utc
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.recording_doors import recording_to_change, recording_to_watch
from broadcast.services import services
from broadcast.shown_clock import clock_of_mp4, clock_of_replay
from broadcast.transcript_words import unfit_transcript
from library import hidden_words, transcripts
from library.jobs import newest_of
from library.models import Job, JobState, LectureSession, TranscriptOrigin, TranscriptRow
from library.transcript_formats import (
    LANGUAGE_LENGTH,
    MAX_BYTES,
    Cue,
    Transcript,
    Unfit,
    UnfitTranscript,
    parse_json,
    parse_srt,
    parse_vtt,
    write_json,
    write_srt,
    write_text,
    write_vtt,
)
from people import doors
from people.models import Room
from people.session_cookie import current_user
from recorder.media_log_reader import NotInLog, SessionReader

blueprint = APIBlueprint("transcripts", __name__, url_prefix="/api/v1", tag="Transcripts")

JOB_KIND = "transcribe"
PATH_END = "/transcript"
_UNDER_WAY = {JobState.WAITING: "waiting", JobState.RUNNING: "running", JobState.FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class Format:
    content_type: str
    write: Callable[[TranscriptRow, tuple[Cue, ...]], str]


FORMATS: Mapping[str, Format] = {
    "vtt": Format("text/vtt; charset=utf-8", lambda _row, cues: write_vtt(cues)),
    "srt": Format("application/x-subrip; charset=utf-8", lambda _row, cues: write_srt(cues)),
    "txt": Format("text/plain; charset=utf-8", lambda _row, cues: write_text(cues)),
    "json": Format("application/json", lambda row, cues: write_json(row.language, cues)),
}
_PARSERS: Mapping[str, Callable[[bytes], Transcript]] = {
    "text/vtt": parse_vtt,
    "application/x-subrip": parse_srt,
    "application/srt": parse_srt,
    "text/srt": parse_srt,
    "application/json": parse_json,
}


class TranscriptOut(Schema):
    state = String(metadata={"description": "none, waiting, running, failed, growing or ready"})
    language = String(allow_none=True, metadata={"description": "BCP 47"})
    version = Integer(allow_none=True)
    origin = String(allow_none=True, metadata={"description": "engine, person or upload"})
    complete = Boolean()
    cues = Integer()
    created_at = String(allow_none=True)
    progress = Float(allow_none=True, metadata={"description": "0 to 1, of the engine's work under way"})
    message = String(allow_none=True)
    may_edit = Boolean()
    vtt_url = String(allow_none=True)
    srt_url = String(allow_none=True)
    txt_url = String(allow_none=True)
    json_url = String(allow_none=True)


class TranscriptBriefOut(Schema):
    state = String(metadata={"description": "none, waiting, running, failed, growing or ready"})
    language = String(allow_none=True, metadata={"description": "BCP 47"})
    vtt_url = String(allow_none=True)


class TranscriptPutIn(Schema):
    language = String(load_default=None, validate=Length(max=LANGUAGE_LENGTH))
    base = Integer(
        load_default=None,
        metadata={"description": "the version that was corrected; 409: there is a newer one"},
    )
    edited = Boolean(
        load_default=False, metadata={"description": "corrected by hand, no file from elsewhere"}
    )


class FileIn(Schema):
    first = Integer(
        load_default=0,
        validate=Range(0, 1_000_000),
        metadata={"description": "only from this cue on"},
    )
    clock = String(
        load_default="lecture",
        validate=OneOf(("lecture", "replay", "mp4")),
        metadata={"description": "whose seconds: the lecture's own, the newest replay's, or the MP4's"},
    )


def lift_limit() -> None:
    """A transcript may be larger than other bodies; before anything looks into it."""
    if request.method == "PUT" and request.path.endswith(PATH_END):
        request.max_content_length = MAX_BYTES


@blueprint.get("/recordings/<session_id>/transcript")
@blueprint.output(TranscriptOut)
def get_transcript(session_id: str) -> dict[str, Any]:
    """The state of a recording's transcript, and where it is as a file."""
    _row, room = recording_to_watch(session_id)
    return _told(session_id, may_edit=_may_edit(room))


@blueprint.put("/recordings/<session_id>/transcript")
@blueprint.input(TranscriptPutIn, location="query")
@limiter.limit("60 per minute")
def put_transcript(session_id: str, query_data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """A new version: WebVTT (`text/vtt`), SubRip (`application/x-subrip`) or JSON; `?language=` is the
    file's.
    """
    recording_to_change(session_id)
    parse = _PARSERS.get(request.mimetype)
    if parse is None:
        detail = _("A transcript is a WebVTT, SRT or JSON file.")
        raise Problem(415, _("Not accepted"), detail)
    person = current_user()
    try:
        told = parse(request.get_data())
        with services().database.session() as transaction:
            _must_be_current(transaction, session_id, query_data["base"])
            corrected = query_data["edited"] and query_data["base"] is not None
            unseen = _unseen(transaction, session_id) if corrected else ()
            transcripts.save(
                transaction,
                session_id,
                query_data["language"] or told.language,
                (*told.cues, *unseen),
                origin=TranscriptOrigin.PERSON if query_data["edited"] else TranscriptOrigin.UPLOAD,
                author=person.id if person is not None else None,
            )
    except UnfitTranscript as error:
        status = 413 if error.reason is Unfit.TOO_LARGE else 422
        detail = unfit_transcript(error)
        raise Problem(status, _("Not accepted"), detail, reason=error.reason, line=error.line) from error
    return _told(session_id, may_edit=True), 201


@blueprint.get("/recordings/<session_id>/transcript.<extension>")
@blueprint.input(FileIn, location="query")
def get_file(session_id: str, extension: str, query_data: dict[str, Any]) -> Response:
    """The transcript as a file, without what is hidden, in seconds of the lecture's own clock or of what
    plays it; with an ETag to ask again by.
    """
    recording, _room = recording_to_watch(session_id)
    kind = FORMATS.get(extension)
    first = query_data["first"]
    with services().database.reading() as transaction:
        row = transcripts.current(transaction, session_id)
        if row is None or kind is None:
            raise Problem(404, _("Not found"), _("There is no transcript of this recording (yet)."))
        count = transcripts.count_cues(transaction, row)
        edited = zlib.crc32(json.dumps(recording.hidden_spans).encode())
        clock = query_data["clock"]
        version = recording.mp4_version if clock == "mp4" else recording.edit_version
        of_row = f"{row.version}-{count}-{int(row.complete)}-{row.language}"
        etag = f"{of_row}-{first}-{edited:x}-{clock}-{version}-{extension}"
        response = Response(content_type=kind.content_type)
        response.set_etag(etag)
        response.headers["Cache-Control"] = "private, no-cache"
        name = f"{file_name(recording.title)}.{extension}"
        response.headers["Content-Disposition"] = attachment(name)
        if etag not in request.if_none_match:
            cues = _shown(transaction, recording, row, first)
            response.set_data(kind.write(row, _as_told_by(clock, recording, cues)))
    return response.make_conditional(request)  # type: ignore[return-value]


def _shown(
    transaction: Session, recording: LectureSession, row: TranscriptRow, first: int
) -> tuple[Cue, ...]:
    """What is not hidden of it, for editors, too: from cue `first` of those on."""
    if not recording.hidden_spans:
        return transcripts.cues_of(transaction, row, first)
    hidden = hidden_words.hidden_of(recording.hidden_spans)
    return hidden_words.shown_of(transcripts.cues_of(transaction, row), hidden)[first:]


def _as_told_by(clock: str, recording: LectureSession, cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
    """Raises Problem(404) where there are no media, or no MP4."""
    if clock == "lecture":
        return cues
    try:
        reader = SessionReader(services().settings.session_roots, recording.id)
    except NotInLog as error:
        raise Problem(404, _("Not found"), _("The media of this recording are not here any more.")) from error
    try:
        if clock == "replay":
            return clock_of_replay(reader).cues(cues)
        return clock_of_mp4(reader, recording.mp4_version).cues(cues)
    finally:
        reader.close()


def _unseen(transaction: Session, session_id: str) -> tuple[Cue, ...]:
    """The cues that who corrects it has not seen, for they are hidden: they stay in the next version."""
    row = transcripts.current(transaction, session_id)
    recording = transaction.get(LectureSession, session_id)
    if row is None or recording is None:
        return ()
    hidden = hidden_words.hidden_of(recording.hidden_spans)
    return tuple(
        one for one in transcripts.cues_of(transaction, row) if hidden_words.shown(one, hidden) is None
    )


def _must_be_current(transaction: Session, session_id: str, base: int | None) -> None:
    """Raises Problem(409)."""
    if base is None:
        return
    transcripts.lock(transaction, session_id)
    row = transcripts.current(transaction, session_id)
    if row is None or row.version != base:
        detail = _("Somebody else has saved this transcript meanwhile. Load the page again to go on.")
        raise Problem(409, _("Not accepted"), detail)


def _may_edit(room: Room) -> bool:
    return bool(doors.may_host(current_user(), room))


def in_brief(session_id: str) -> dict[str, Any]:
    """What the recording itself tells of its transcript, to who may watch it."""
    with services().database.reading() as transaction:
        row = transcripts.current(transaction, session_id)
        job = newest_of(transaction, JOB_KIND, session_id) if row is None else None
    return {
        "state": _state(row, job),
        "language": row.language if row is not None else None,
        "vtt_url": f"{_base(session_id)}.vtt" if row is not None else None,
    }


def _told(session_id: str, *, may_edit: bool) -> dict[str, Any]:
    with services().database.reading() as transaction:
        row = transcripts.current(transaction, session_id)
        count = transcripts.count_cues(transaction, row) if row is not None else 0
        job = newest_of(transaction, JOB_KIND, session_id)
    return {
        "state": _state(row, job),
        "language": row.language if row is not None else None,
        "version": row.version if row is not None else None,
        "origin": row.origin if row is not None else None,
        "complete": row is not None and row.complete,
        "cues": count,
        "created_at": iso_utc(row.created_at) if row is not None else None,
        "progress": job.progress if job is not None and job.state == JobState.RUNNING else None,
        "message": (job.message or None) if job is not None else None,
        "may_edit": may_edit,
        **{f"{name}_url": f"{_base(session_id)}.{name}" if row is not None else None for name in FORMATS},
    }


def _base(session_id: str) -> str:
    return absolute(f"/api/v1/recordings/{session_id}/transcript")


def _state(row: TranscriptRow | None, job: Job | None) -> str:
    """What is there counts before what is under way."""
    if row is not None:
        return "ready" if row.complete else "growing"
    return _UNDER_WAY.get(JobState(job.state), "none") if job is not None else "none"
