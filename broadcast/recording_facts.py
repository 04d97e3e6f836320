"""What the API and the pages tell of recordings: rows, their rooms and jobs, as one reader may know them.

Called in web threads. `tell` of what `person` may watch or edit: that is the caller's to see to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast import picture_addresses, watched_facts
from broadcast.access_texts import recording_access_text, room_access_text
from broadcast.event_log import iso_utc
from broadcast.own_address import absolute
from broadcast.recording_place import places_of
from broadcast.services import services
from library import recordings, uploads, watching
from library.catalogue import Entry
from library.models import Job, JobState
from library.uploads import Standing
from library.watched_spans import Watched
from people import doors
from people.models import Room, User

_NOTHING = dict.fromkeys(("hls_url", "mp4_url", "poster_url", "thumbnail_url", "storyboard_url"))
_MP4_WORDS = {JobState.DONE: "ready", JobState.CANCELLED: "failed"}


@dataclass(frozen=True, slots=True)
class Known:
    """A recording with its room, the newest job that makes its MP4, and where it lies (`recording_place`).

    `upload`: how the file stands that it is to become of. `watched`: what its reader has watched of it.
    """

    entry: Entry
    room: Room
    job: Job | None
    upload: Standing | None = None
    place: str | None = None
    watched: Watched | None = None


def known_of(transaction: Session, entries: Iterable[Entry], person: User | None = None) -> tuple[Known, ...]:
    """Three queries for a whole page, four where `person` reads it; two more where something has no media."""
    found = tuple(entries)
    wanted = {entry.session.room_id for entry in found}
    rooms = {room.id: room for room in transaction.scalars(select(Room).where(Room.id.in_(wanted)))}
    ids = [entry.session.id for entry in found]
    jobs, places = _jobs_of(transaction, ids), places_of(transaction, ids)
    without_media = [entry.session.id for entry in found if not entry.session.bytes]
    coming = uploads.standings(transaction, without_media) if without_media else {}
    watched = watching.of_person(transaction, person.id if person is not None else None, ids)
    return tuple(
        Known(
            entry,
            rooms[entry.session.room_id],
            jobs.get(one),
            coming.get(one),
            places.get(one),
            watched.get(one),
        )
        for one, entry in zip(ids, found, strict=True)
    )


def tell(known: Known, person: User | None, *, may_watch: bool) -> dict[str, Any]:
    """As the API says it. `may_watch`: with what it is watched by."""
    row = known.entry.session
    may_edit = bool(doors.may_edit_recording(person, known.room, row))
    return {
        "id": row.id,
        "title": row.title,
        "description": row.description,
        "lecturer": row.lecturer,
        "language": row.language,
        "series": known.entry.series,
        "tags": list(known.entry.tags),
        "license": row.license,
        "visibility": row.visibility,
        "publish_at": iso_utc(row.publish_at) if row.publish_at is not None else None,
        "expires_at": iso_utc(row.expires_at) if row.expires_at is not None else None,
        "deleted_at": iso_utc(row.deleted_at) if row.deleted_at is not None else None,
        "kept": row.kept,
        "held_until": iso_utc(row.held_until) if row.held_until is not None else None,
        "state": _state_of(known),
        "reason": known.upload.reason if known.upload is not None and may_edit else None,
        "progress": known.upload.progress if known.upload is not None and may_edit else None,
        "duration": row.seconds if row.phase == "ended" else None,
        "started_at": iso_utc(row.started_at),
        "url": absolute(f"/watch/{row.id}"),
        "may_edit": may_edit,
        "place": known.place if may_edit else None,
        "watched": watched_facts.told(known.watched, row),
        "downloads": row.downloads,
        **_mp4(known, may_edit=may_edit),
        **(_media(known, may_edit=may_edit) if may_watch else _NOTHING),
    }


def _media(known: Known, *, may_edit: bool) -> dict[str, Any]:
    """What it is watched by: whatever else is made of a recording for who may watch is added here."""
    row = known.entry.session
    if row.phase != "ended":
        token = room_access_text(services().secret, known.room)
        return {**_NOTHING, "hls_url": absolute(f"/live/{token}/{row.id}/index.m3u8")}
    token = recording_access_text(services().secret, known.room, row)
    replay = absolute(f"/live/{token}/{row.id}/replay-{row.edit_version}.m3u8")
    has_file = row.mp4_path is not None and (row.downloads or may_edit)
    addresses = {
        "mp4_url": f"/watch/{row.id}/download" if has_file else None,
        "poster_url": picture_addresses.poster(row),
        "thumbnail_url": picture_addresses.thumbnail(row),
        "storyboard_url": picture_addresses.storyboard(row),
    }
    told = {name: absolute(path) if path is not None else None for name, path in addresses.items()}
    return {"hls_url": replay if row.bytes else None, **told}


def _mp4(known: Known, *, may_edit: bool) -> dict[str, Any]:
    """How far its MP4 is, for who gets it; why it failed is told to its editors."""
    row, job = known.entry.session, known.job
    if (row.mp4_path is None and job is None) or not (row.downloads or may_edit):
        return {"mp4_state": None, "mp4_progress": None, "mp4_error": None}
    if row.mp4_path is not None or job is None:
        return {"mp4_state": "ready", "mp4_progress": 1.0, "mp4_error": None}
    state = _MP4_WORDS.get(JobState(job.state), job.state)
    failed = state == "failed" and may_edit
    return {
        "mp4_state": state,
        "mp4_progress": job.progress,
        "mp4_error": last_line(job.error) if failed else None,
    }


def last_line(error: str | None) -> str:
    """The end of what a job said when it failed: its reason."""
    lines = [line.strip() for line in (error or "").splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _state_of(known: Known) -> str:
    row = known.entry.session
    if row.deleted_at is not None:
        return "trash"
    if row.phase != "ended":
        return row.phase
    if row.bytes:
        return "ready"
    return known.upload.state if known.upload is not None else "empty"


def _jobs_of(transaction: Session, ids: list[str]) -> Mapping[str, Job]:
    query = select(Job).where(Job.kind == recordings.KIND, Job.subject.in_(ids)).order_by(Job.created_at)
    return {job.subject: job for job in transaction.scalars(query)}
