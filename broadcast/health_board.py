"""What the dashboard and the page of health tell, as values of JSON: from the watching process's file, the
recorder's status and the database.

An admin sees what concerns their organization (its lectures, jobs and alarms) and, of the installation,
whether it is well; operators see all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast.alarm_words import name_of, reason_of, sentence_of, title_of
from broadcast.event_log import iso_utc
from broadcast.recorder_client import RecorderRefused, RecorderUnavailable
from broadcast.services import services
from library import alarms, health_state, job_list
from library.alarm_states import Alarm
from library.availability import Month, months
from library.health_state import CHECKS, Checked, HealthState, State
from library.models import AvailabilityDay, LectureSession
from people.models import Room

STALE = timedelta(minutes=2)
MAX_LIVE = 100
MAX_ALARMS = 50
MONTHS_SHOWN = 13
SHOWN_MONTHS_OF = ("service", "chain")
Values = dict[str, Any]


def dashboard(transaction: Session, organization_id: str | None, now: datetime) -> Values:
    """`organization_id` None: of the installation."""
    state = health_state.load(services().settings.storage)
    live = live_lectures(transaction, organization_id, now)
    jobs = job_list.counts(transaction, organization_id)
    open_alarms = [one for one in told_alarms(transaction, organization_id, state) if one["open"]]
    return {
        "tiles": {
            "running": _running(state, now),
            "live": _live(live),
            "room": _room(state),
            "backup": _backup(state),
        },
        "live": live,
        "jobs": jobs,
        "alarms": open_alarms,
        "disk": _figures(state, "disk") if organization_id is None else None,
    }


def health(transaction: Session, now: datetime) -> Values:
    """All that is looked at, with its history; alarms; how much of each month all was well."""
    state = health_state.load(services().settings.storage)
    shown = [name for name in CHECKS if name in state.checks]
    return {
        "at": iso_utc(state.at) if state.at is not None else None,
        "watched": is_watched(state, now),
        "checks": [_told_check(state.checks[name]) for name in shown],
        "alarms": told_alarms(transaction, None, state),
        "availability": [_told_month(one) for one in availability(transaction, now)],
        "told_by": told_by(),
    }


def told_by() -> dict[str, Any]:
    """Who is told: receivers by name, addresses of webhooks only by their number: they may hold secrets."""
    settings = services().settings
    return {"mail": list(settings.alarm_mail), "webhooks": len(settings.alarm_webhooks)}


def is_watched(state: HealthState, now: datetime) -> bool:
    """Whether somebody looks: else nothing that is told is of now."""
    return state.at is not None and now - state.at < STALE and not state.stopped


def live_lectures(transaction: Session, organization_id: str | None, now: datetime) -> list[Values]:
    """What is under way, with how it comes in; the longest first."""
    query = select(LectureSession, Room).join(Room, Room.id == LectureSession.room_id)
    query = query.where(LectureSession.phase.in_(("live", "slate")), LectureSession.removal.is_(None))
    if organization_id is not None:
        query = query.where(LectureSession.organization_id == organization_id)
    rows = transaction.execute(query.order_by(LectureSession.started_at).limit(MAX_LIVE)).all()
    status = _recorder_rooms()
    return [_told_lecture(session, room, status.get(room.slug) or {}, now) for session, room in rows]


def told_alarms(transaction: Session, organization_id: str | None, state: HealthState) -> list[Values]:
    """The newest first, with those of the file that the database does not have (yet)."""
    known = {alarm.id: alarm for alarm in alarms.latest(transaction, organization_id, MAX_ALARMS)}
    for one in state.alarms if organization_id is None else ():
        known[one.alarm.id] = one.alarm
    newest = sorted(known.values(), key=lambda alarm: (alarm.is_open, alarm.since, alarm.id), reverse=True)
    return [told_alarm(alarm) for alarm in newest[:MAX_ALARMS]]


def told_alarm(alarm: Alarm) -> Values:
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "subject": alarm.subject,
        "title": title_of(alarm.kind, _),
        "text": sentence_of(alarm.kind, alarm.details, _),
        "since": iso_utc(alarm.since),
        "told_at": iso_utc(alarm.told_at) if alarm.told_at is not None else None,
        "recovered_at": iso_utc(alarm.recovered_at) if alarm.recovered_at is not None else None,
        "open": alarm.is_open,
    }


def availability(transaction: Session, now: datetime) -> list[Month]:
    """Newest month first; of all checks."""
    first = (now - timedelta(days=31 * MONTHS_SHOWN)).date().isoformat()
    days = select(
        AvailabilityDay.day,
        AvailabilityDay.probe,
        AvailabilityDay.good,
        AvailabilityDay.bad,
        AvailabilityDay.skipped,
    ).where(AvailabilityDay.day >= first)
    return months([(d, p, g, b, s) for d, p, g, b, s in transaction.execute(days)], now)


def _running(state: HealthState, now: datetime) -> Values:
    if not is_watched(state, now):
        return _tile("wait", _("Nobody is watching"), _("The watching process has not looked for a while."))
    bad = [one.finding for one in state.checks.values() if one.finding.state is State.BAD]
    if bad:
        names = " · ".join(name_of(one.check, _) for one in bad)
        return _tile("bad", _("Something is wrong"), names)
    count = sum(1 for one in state.checks.values() if one.finding.state is State.GOOD)
    words = _("{count} checks, all well").replace("{count}", str(count))
    return _tile("good", _("Everything is running"), words)


def _live(live: Sequence[Values]) -> Values:
    if not live:
        return _tile("", _("Nothing is live"), "")
    viewers = sum(one["viewers"] for one in live)
    words = _("Live lectures: {count}").replace("{count}", str(len(live)))
    return _tile("live", words, _("{count} watching").replace("{count}", str(viewers)))


def _room(state: HealthState) -> Values:
    disk = state.checks.get("disk")
    if disk is None:
        return _tile("wait", _("Not known yet"), "")
    figures = disk.finding.figures
    if disk.finding.state is State.BAD:
        return _tile("bad", _("The disk is nearly full"), reason_of("disk", disk.finding.reason, figures, _))
    return _tile("good", _("There is room"), _forecast(figures))


def _forecast(figures: Mapping[str, Any]) -> str:
    free: str = _("{size} free").replace("{size}", size_of(figures.get("free")))
    left = figures.get("seconds_left")
    if left is None:
        return free
    days: str = _("full in about {days} days").replace("{days}", str(max(1, round(float(left) / 86_400))))
    return f"{free} · {days}"


def size_of(size: Any) -> str:
    """In GiB, or TiB."""
    number = float(size or 0) / (1 << 30)
    return f"{number / 1024:.1f} TiB" if number >= 1024 else f"{number:.1f} GiB"


def _backup(state: HealthState) -> Values:
    """Of when the last one was proven; its alarms say the rest."""
    failing = next(
        (one.alarm for one in state.alarms if one.alarm.is_open and _is_of_backup(one.alarm)), None
    )
    if failing is not None:
        return _tile("bad", _("Backups need you"), sentence_of(failing.kind, failing.details, _))
    checked = state.checks.get("backup")
    proven = checked.finding.figures.get("backup_check") if checked is not None else None
    made = checked.finding.figures.get("backup") if checked is not None else None
    if isinstance(proven, str):
        return {**_tile("good", _("Proven"), ""), "at": proven}
    if isinstance(made, str):
        return {**_tile("wait", _("Made, not proven yet"), ""), "at": made}
    return _tile("wait", _("No backup yet"), "")


def _is_of_backup(alarm: Alarm) -> bool:
    return alarm.kind.startswith("backup.")


def _tile(kind: str, words: str, detail: str) -> Values:
    return {"kind": kind, "words": words, "detail": detail, "at": None}


def _figures(state: HealthState, check: str) -> Values | None:
    known = state.checks.get(check)
    return dict(known.finding.figures) if known is not None else None


def _told_lecture(session: LectureSession, room: Room, status: Mapping[str, Any], now: datetime) -> Values:
    ours = status if status.get("session") == session.id else {}
    program = ours.get("program") or {}
    summary = services().directory.by_id(session.id)
    last_part = summary.last_part_at if summary is not None else None
    seconds = (now - session.started_at).total_seconds()
    recorded = int(ours.get("bytes") or session.bytes)
    return {
        "id": session.id,
        "title": session.title,
        "lecturer": session.lecturer,
        "room": room.title,
        "url": f"/rooms/{room.slug}",
        "started_at": iso_utc(session.started_at),
        "state": session.phase,
        "viewers": services().viewers.count(room.id),
        "bits_per_second": round(services().rates.rate(session.id, recorded, seconds)),
        "losses": int(program.get("losses") or 0),
        "last_part_seconds": round(now.timestamp() - last_part, 1) if last_part is not None else None,
        "recording": str(ours.get("recording") or "ok"),
        "bytes": recorded,
    }


def _recorder_rooms() -> Mapping[str, Any]:
    try:
        rooms: Mapping[str, Any] = services().recorder.status()["rooms"]
    except (RecorderUnavailable, RecorderRefused):
        return {}
    return rooms


def _told_check(checked: Checked) -> Values:
    finding = checked.finding
    return {
        "name": finding.check,
        "title": name_of(finding.check, _),
        "state": str(finding.state),
        "reason": finding.reason,
        "text": reason_of(finding.check, finding.reason, finding.figures, _),
        "figures": dict(finding.figures),
        "at": iso_utc(checked.at),
        "since": iso_utc(checked.since),
        "recent": checked.recent,
        "changes": [
            {"at": at, "state": state, "reason": reason, "text": reason_of(finding.check, reason, {}, _)}
            for at, state, reason in reversed(checked.changes)
        ],
    }


def _told_month(month: Month) -> Values:
    return {
        "month": month.month,
        "check": month.check,
        "title": name_of(month.check, _),
        "share": round(month.share, 6) if month.share is not None else None,
        "good_seconds": round(month.good),
        "bad_seconds": round(month.bad),
        "skipped_seconds": round(month.skipped),
        "off_seconds": round(month.off),
    }
