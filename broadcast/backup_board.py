"""What the page of backups and its API tell, as values of JSON: from the database, so that nobody waits for a
target that is slow or away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast import job_board
from broadcast.erasure import is_erased
from broadcast.event_log import iso_utc
from library import backup_records, backup_schedule, job_list
from library.backup_look import Kept, KeptRoom
from library.backup_place import is_on_the_same_disk, is_set_up, target_title
from library.jobs import OPEN_STATES
from library.models import BackupGeneration, BackupResult, Job, JobState, LectureSession
from people.models import Room, User
from settings import Settings

KINDS = (backup_schedule.KIND, backup_schedule.CHECK_KIND, backup_schedule.RESTORE_KIND)
RESULTS = (backup_records.BACKUP, backup_records.PROOF, backup_records.VERIFY, backup_records.DRILL)
MAX_JOBS = 20
SHOWN = timedelta(days=1)  # what has ended


def board(transaction: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    """How backups stand."""
    generations = backup_records.generations(transaction)
    newest = generations[0] if generations else None
    first = backup_schedule.first_ordered(transaction)
    newest_at = backup_records.newest_at(transaction, now)
    next_at = backup_schedule.next_due(now, settings.backup_time) if is_set_up(settings) else None
    return {
        "set_up": is_set_up(settings),
        "target": target_title(settings),
        "encrypted": settings.backup_key_file is not None,
        "same_disk": is_on_the_same_disk(settings),
        "leaves_unencrypted": not isinstance(settings.backup, str) and settings.backup_key_file is None,
        "late": is_set_up(settings) and backup_schedule.is_late(newest_at, first, now),
        "next_at": iso_utc(next_at) if next_at is not None else None,
        "keep": settings.backup_keep,
        "results": {kind: _result(backup_records.last(transaction, kind)) for kind in RESULTS},
        "generations": [generation(one) for one in generations],
        "drill_bytes": newest.bytes if newest is not None else 0,
        "jobs": jobs(transaction, now),
    }


def jobs(transaction: Session, now: datetime) -> list[dict[str, Any]]:
    """Those that wait or run, that failed lately, and what was restored lately: it says what to do now."""
    ended = Job.state.in_((JobState.FAILED, JobState.DONE)) & (Job.finished_at > now - SHOWN)
    done = (Job.state != JobState.DONE) | (Job.kind == backup_schedule.RESTORE_KIND)
    query = select(Job).where(Job.kind.in_(KINDS), Job.state.in_(OPEN_STATES) | (ended & done))
    found: Sequence[Job] = transaction.scalars(query.order_by(Job.created_at.desc()).limit(MAX_JOBS)).all()
    return [
        {
            **job_board.told(_listed(transaction, job), now, str, {}),
            "how": job.payload.get("how"),
            "generation": job.payload.get("generation"),
            "recording": job.payload.get("recording"),
            "room": job.payload.get("room"),
        }
        for job in found
    ]


def _listed(transaction: Session, job: Job) -> job_list.Listed:
    """With the recording that came back, or is to, or the address that a room had."""
    session_id = job.payload.get("recording")
    row = transaction.get(LectureSession, session_id) if isinstance(session_id, str) else None
    if row is None or row.removal is not None:
        return job_list.Listed(job, job.payload.get("room"), None)
    return job_list.Listed(job, row.title, row.id)


def generation(one: BackupGeneration) -> dict[str, Any]:
    """As `app.py backup list --json`, and more."""
    return {
        "generation": one.id,
        "at": iso_utc(one.at),
        "reason": one.reason,
        "objects": one.objects,
        "bytes": one.bytes,
        "bytes_new": one.bytes_new,
        "verified": one.verified,
    }


def recording(one: Kept) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "lecturer": one.lecturer,
        "room": one.room,
        "started_at": iso_utc(one.started_at),
        "seconds": one.seconds,
        "generation": one.generation,
        "generation_at": iso_utc(one.generation_at),
        "gone": one.gone,
    }


def room(transaction: Session, one: KeptRoom) -> dict[str, Any]:
    """`owner_here`: whether it can be theirs again; `slug_free`: whether it can have its address."""
    owner = transaction.get(User, one.owner_id) if one.owner_id is not None else None
    taken = transaction.scalar(select(Room.id).where(Room.slug == one.slug, Room.removed_at.is_(None)))
    return {
        "slug": one.slug,
        "title": one.title,
        "owner": one.owner,
        "owner_here": one.owner_id is None or (owner is not None and not is_erased(owner)),
        "slug_free": taken is None,
        "recordings": one.recordings,
        "generation": one.generation,
        "generation_at": iso_utc(one.generation_at),
    }


def _result(one: BackupResult | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "generation": one.generation,
        "at": iso_utc(one.at),
        "seconds": round(one.seconds, 1),
        "ok": one.ok,
        "details": one.details,
    }
