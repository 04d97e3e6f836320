"""What the people named read: a mail in Japanese and English, and the values of a webhook. Pure.

Called by the watching process, which has no Flask: catalogues are read as gettext reads them.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from broadcast.alarm_words import sentence_of, title_of
from library.alarm_states import Alarm, Notice

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
LANGUAGES = ("ja", "en")  # whoever is named may read either
Gettext = Callable[[str], str]


def mail_of(due: Sequence[tuple[Alarm, Notice]], public_url: str) -> tuple[str, str]:
    """Subject and text of one mail; of nothing that is due, a trial."""
    parts = [_part(due, public_url, _speaker(language)) for language in LANGUAGES]
    return " / ".join(subject for subject, _ in parts), "\n\n".join(text for _, text in parts) + "\n"


def values_of(alarm: Alarm, notice: Notice, public_url: str) -> dict[str, Any]:
    """For programs, and one English sentence for people."""
    return {
        "event": str(notice),
        "id": alarm.id,
        "kind": alarm.kind,
        "subject": alarm.subject,
        "title": title_of(alarm.kind, str),
        "text": ("Over: " if notice is Notice.RECOVERY else "") + sentence_of(alarm.kind, alarm.details, str),
        "details": dict(alarm.details),
        "since": _iso(alarm.since),
        "recovered_at": _iso(alarm.recovered_at),
        "url": f"{public_url}/admin/health",
    }


def _part(due: Sequence[tuple[Alarm, Notice]], public_url: str, _: Gettext) -> tuple[str, str]:
    page = f"{public_url}/admin/health"
    if not due:
        words = _("This is a test message. Alarms of Kodo will come to this address.")
        return "[Kodo] " + _("Test message"), f"{words}\n{page}"
    heads = [f"{_state_of(notice, _)}: {title_of(alarm.kind, _)}" for alarm, notice in due]
    subject = "[Kodo] " + heads[0] + (f" (+{len(heads) - 1})" if len(heads) > 1 else "")
    told = [
        "\n".join((head, sentence_of(alarm.kind, alarm.details, _), _times(alarm, notice, _)))
        for head, (alarm, notice) in zip(heads, due, strict=True)
    ]
    return subject, "\n\n".join((*told, page))


def _state_of(notice: Notice, _: Gettext) -> str:
    return _("Trouble") if notice is Notice.TROUBLE else _("Over")


def _times(alarm: Alarm, notice: Notice, _: Gettext) -> str:
    since = _("Since {time} UTC").format(time=_clock(alarm.since))
    if notice is Notice.TROUBLE or alarm.recovered_at is None:
        return since
    return since + " · " + _("over at {time} UTC").format(time=_clock(alarm.recovered_at))


def _clock(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _speaker(language: str) -> Gettext:
    return gettext.translation("messages", TRANSLATIONS, [language], fallback=True).gettext
