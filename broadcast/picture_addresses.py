"""Where a recording's pictures are to be had. Pure.

`?v=` names what is there: an address with the name of today's may be kept for good by who has it.
"""

from __future__ import annotations

from library.models import LectureSession
from recorder.media import SessionPhase


def poster(row: LectureSession) -> str | None:
    """1280 wide at most; None where no picture was fit, or none are made yet."""
    return _poster(row, "poster.webp")


def thumbnail(row: LectureSession) -> str | None:
    """The poster for a card: 640 wide at most."""
    return _poster(row, "thumbnail.webp")


def storyboard(row: LectureSession) -> str | None:
    """WebVTT over sheets; None until pictures are made of what is replayed."""
    return _of_version(row, "storyboard.vtt")


def loudness(row: LectureSession) -> str | None:
    return _of_version(row, "loudness.json")


def name_of_version(row: LectureSession) -> str:
    return str(row.pictures_version)


def _poster(row: LectureSession, file: str) -> str | None:
    return f"/watch/{row.id}/{file}?v={row.poster}" if row.poster is not None else None


def _of_version(row: LectureSession, file: str) -> str | None:
    """Times are those of one version of the replay: of another they are wrong."""
    if row.phase != SessionPhase.ENDED or row.pictures_version != row.edit_version:
        return None
    return f"/watch/{row.id}/{file}?v={name_of_version(row)}"
