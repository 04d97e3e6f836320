"""Alarms and checks in words. Pure: `_` is the reader's language, or `str`, or a mail's.

Used by pages, the API and the watching process. A kind that is not known here is told by its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Gettext = Callable[[str], str]
_GIB = 1 << 30


def name_of(check: str, _: Gettext) -> str:
    """What a check looks at."""
    return {
        "supervisor": _("Supervisor"),
        "recorder": _("Recorder"),
        "web": _("Web processes"),
        "worker": _("Worker"),
        "watch": _("Watch"),
        "database": _("Database"),
        "address": _("Public address"),
        "chain": _("Live chain"),
        "certificate": _("TLS certificate"),
        "clock": _("Clock"),
        "disk": _("Disk"),
        "jobs": _("Jobs"),
        "backup": _("Backup"),
        "mail": _("Alarms by mail"),
        "webhook": _("Alarms by webhook"),
        "service": _("The service as a whole"),
    }.get(check, check)


def title_of(kind: str, _: Gettext) -> str:
    """What an alarm is about, in a few words."""
    area, _dot, what = kind.partition(".")
    if area == "health":
        return name_of(what, _)
    if area == "backup":
        return _("Backup")
    return _("Signs of an intrusion") if area == "intrusion" else kind


def sentence_of(kind: str, details: Mapping[str, Any], _: Gettext) -> str:
    """What has happened, of an alarm."""
    area, _dot, what = kind.partition(".")
    if area == "health":
        return reason_of(what, str(details.get("reason") or ""), details, _)
    if area == "intrusion":
        return _intrusion(what, details, _)
    if area == "backup":
        text = {
            "failed": _("The last backup failed: {error}"),
            "damaged": _("A backup is damaged: {problem}"),
            "late": _("No backup was made for too long."),
            "unread": _(
                "Files cannot be read ({count}, first {file}): the backup has them only as they last were."
            ),
        }.get(what)
        return _filled(text, {"error": "?", "problem": "?", **details}) if text is not None else kind
    return kind


def reason_of(check: str, reason: str, figures: Mapping[str, Any], _: Gettext) -> str:
    """What a check found, or why it was not made; "" where all is well."""
    if not reason:
        return ""
    text = {**_common(_), **_specific(check, _)}.get(reason)
    return _filled(text, figures) if text is not None else f"{check}: {reason}"


def _common(_: Gettext) -> dict[str, str]:
    return {
        "hung": _("Looking at it took too long."),
        "starting": _("It is starting."),
        "no_report": _("The supervisor says nothing of its processes."),
        "database": _("The database does not answer."),
        "none": _("There is nothing to look at yet."),
        "ended": _("The process {process} ended by itself ({how}). It is started again."),
        "not_running": _("The process {process} does not run."),
        "stopped": _("The process {process} is halted."),
        "silent": _("It runs, and does not answer."),
        "undelivered": _("An alarm could not be sent: {error}"),
    }


def _specific(check: str, _: Gettext) -> dict[str, str]:
    return {
        "supervisor": {
            "gone": _("The supervisor was ended. What ends now is not started again."),
            "off": _("Kodo did not run from {begin} to {end} UTC, and nobody had stopped it."),
        },
        "database": {
            "away": _("The database does not answer."),
            "not_written": _("The database can be read, and takes no changes."),
        },
        "address": {"no_answer": _("The public address does not answer: {error}")},
        "certificate": {
            "no_tls": _("The public address has no TLS."),
            "expires": _("The certificate ends in {days} days."),
            "expired": _("The certificate has ended."),
            "unreadable": _("The certificate cannot be read: {error}"),
        },
        "clock": {
            "off": _("The clock is off by {offset} seconds."),
            "stepped": _("The clock was set by {seconds} seconds."),
            "no_time": _("The time server gives no time: {error}"),
            "nobody_tells": _("Nobody tells this machine the time (no NTP)."),
        },
        "disk": {
            "low": _("{free} are free. Below {floor} no lecture begins."),
            "filling": _("{free} are free. At this rate the floor of {floor} is reached in {hours} hours."),
            "unreadable": _("The storage cannot be read: {error}"),
        },
        "jobs": {
            "waiting": _(
                "Jobs are due and nobody does them: {waiting} wait, the oldest for {minutes} minutes."
            ),
            "failing": _("{failed} jobs failed within an hour."),
        },
        "chain": {
            "off": _("It is switched off (KODO_LIVE_PROBE)."),
            "disk_floor": _("Too little disk is free to try it."),
            "full": _("The recorder takes no more lectures just now."),
            "not_connected": _("A trial lecture could not connect by WebRTC."),
            "whip": _("A trial lecture was refused: {detail}"),
            "no_answer": _("The public address does not answer: {detail}"),
            "no_session": _("The recorder began no session for a trial lecture."),
            "recorder": _("The recorder does not answer."),
            "no_playlist": _("A trial lecture was recorded, but viewers get no playlist: {detail}"),
            "no_picture": _("A trial lecture was recorded, but its picture did not reach viewers."),
            "unreadable": _("What viewers get of a trial lecture cannot be decoded."),
            "too_slow": _("A trial lecture took too long to reach viewers."),
            "failed": _("The trial itself failed: {detail}"),
        },
    }.get(check, {})


def _intrusion(sign: str, details: Mapping[str, Any], _: Gettext) -> str:
    text = {
        "sign_in": _("Failed sign-ins within ten minutes: {count} ({where})"),
        "room_password": _("Wrong passwords of a room within ten minutes: {count} ({where})"),
        "media_token": _("Forged addresses of media within ten minutes: {count} ({where})"),
        "publish_token": _("Forged keys of publishers within ten minutes: {count} ({where})"),
        "revoked_key": _("Uses of a revoked stream key within ten minutes: {count} ({where})"),
        "api_token": _("Unknown API tokens within ten minutes: {count} ({where})"),
        "used_link": _("Links tried that are used or made up, within ten minutes: {count} ({where})"),
        "address": _("Requests from addresses that are shut out, within ten minutes: {count} ({where})"),
        "key_used": _("One key was used from {count} addresses within ten minutes."),
    }.get(sign)
    if text is None:
        return f"{sign}: {details.get('count')}"
    where = {
        "address": _("from {name}"),
        "subject": _("at one account"),
    }.get(str(details.get("by")), _("from many addresses"))
    return _filled(text, {**details, "where": _filled(where, details)})


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """`{name}` by the value of that name; sizes and times as people read them."""
    told = {
        **{name: _told(name, value) for name, value in values.items()},
        "minutes": str(round(float(values.get("waited_seconds") or 0) / 60)),
        "hours": str(round(float(values.get("seconds_left") or 0) / 3600)),
    }
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _told(name: str, value: Any) -> str:
    if name in ("free", "floor", "total") and isinstance(value, int | float):
        return f"{value / _GIB:.1f} GiB"
    if name in ("begin", "end") and isinstance(value, str):
        return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M")
    return "?" if value is None else str(value)
