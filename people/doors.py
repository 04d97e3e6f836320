"""Pure: who may do what with a room or a recording, and why not. No I/O, clock or Flask.

Judged by web views, `people.routes` and the WHIP endpoint on rows that left their transaction.
Deny wins: every function first looks for a reason to refuse, then for one to let in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from library.keeping import Kept
from library.models import Visibility
from people.accounts import hosts
from people.models import Role, Room, RoomAccess, User


class Reason(StrEnum):
    """Why a door is open or shut; pages put it into words."""

    ALLOWED = "allowed"
    SIGN_IN = "sign_in"
    DEACTIVATED = "deactivated"
    NOT_MEMBER = "not_member"
    PASSWORD = "password"  # noqa: S105
    INVITED = "invited"
    KEPT_OUT = "kept_out"
    ROLE = "role"
    NOT_YOURS = "not_yours"
    NOT_SHOWN = "not_shown"
    NO_DOWNLOADS = "no_downloads"


@dataclass(frozen=True, slots=True)
class Verdict:
    """True when the door is open."""

    reason: Reason

    def __bool__(self) -> bool:
        return self.reason is Reason.ALLOWED


_OPEN = Verdict(Reason.ALLOWED)


@dataclass(frozen=True, slots=True)
class Visit:
    """How somebody stands before a room, beside who they are.

    `unlocked`: they gave its password; `linked`: they came by a link of the room that still counts;
    `invited`: they are on its list; `kept_out`: the entry rules of its organization refuse them.
    """

    unlocked: bool = False
    linked: bool = False
    invited: bool = False
    kept_out: bool = False


STRANGER = Visit()


def may_watch(person: User | None, room: Room, visit: Visit) -> Verdict:
    """Who gets the room's media and feed. NOT_SHOWN: it was deleted."""
    if room.deleted_at is not None:
        return Verdict(Reason.NOT_SHOWN)
    if visit.kept_out:
        return Verdict(Reason.KEPT_OUT)
    if room.access == RoomAccess.OPEN or visit.linked or may_manage(person, room):
        return _OPEN
    if room.access == RoomAccess.PASSWORD:
        return _OPEN if visit.unlocked else Verdict(Reason.PASSWORD)
    if room.access == RoomAccess.INVITED:
        return _is_invited(person, visit)
    return _is_member(person, room)


def may_host(person: User | None, room: Room) -> Verdict:
    """Who goes live in the room and ends sessions: its owner, its organization's admins, operators."""
    return Verdict(Reason.NOT_SHOWN) if room.deleted_at is not None else may_bring_back(person, room)


def may_bring_back(person: User | None, room: Room) -> Verdict:
    """Who takes the room out of the trash: who could host in it, were it not there."""
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    if not hosts(person):
        return Verdict(Reason.ROLE)
    if person.role == Role.OPERATOR:
        return _OPEN
    if person.organization_id != room.organization_id:
        return Verdict(Reason.NOT_MEMBER)
    if person.role == Role.ADMIN or room.owner_id == person.id:
        return _OPEN
    return Verdict(Reason.NOT_YOURS)


def may_manage(person: User | None, room: Room) -> Verdict:
    """Who changes title, access and stream keys: for now whoever may host."""
    return may_host(person, room)


def may_create_room(person: User | None) -> Verdict:
    """Whoever may hold lectures may have more rooms of their own."""
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    return _OPEN if hosts(person) else Verdict(Reason.ROLE)


class ShownRecording(Protocol):
    """What decides who may watch a recording; `library.models.LectureSession` is one."""

    @property
    def visibility(self) -> str: ...
    @property
    def publish_at(self) -> datetime | None: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def deleted_at(self) -> datetime | None: ...
    @property
    def kept(self) -> str: ...


class OfferedRecording(ShownRecording, Protocol):
    """With what decides who gets it as a file."""

    @property
    def downloads(self) -> bool: ...


def may_edit_recording(person: User | None, room: Room, recording: ShownRecording) -> Verdict:
    """Who says what a recording is called and who may watch it: whoever manages its room; of one that is
    held, the room's owner alone.
    """
    verdict = may_manage(person, room)
    if recording.kept == Kept.PUBLISHED or not verdict or _owns(person, room):
        return verdict
    return Verdict(Reason.NOT_SHOWN)


def may_watch_recording(
    person: User | None, room: Room, recording: ShownRecording, *, visit: Visit, now: datetime
) -> Verdict:
    """Who gets the media of a lecture of `room` that has ended. NOT_SHOWN: nobody needs to know of it."""
    gone = room.deleted_at is not None or recording.deleted_at is not None
    if gone or recording.kept == Kept.NONE:
        return Verdict(Reason.NOT_SHOWN)
    if visit.kept_out:
        return Verdict(Reason.KEPT_OUT)
    if may_edit_recording(person, room, recording):
        return _OPEN
    if recording.kept == Kept.HELD:
        return Verdict(Reason.NOT_SHOWN)
    if recording.visibility == Visibility.PRIVATE or not _is_its_time(recording, now):
        return Verdict(Reason.NOT_SHOWN)
    if recording.visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        return _OPEN
    if recording.visibility == Visibility.ORGANIZATION:
        return _is_member(person, room)
    return may_watch(person, room, visit)


def may_download(
    person: User | None, room: Room, recording: OfferedRecording, *, visit: Visit, now: datetime
) -> Verdict:
    """Who gets it as a file: who may watch it, where it is offered; its editors always."""
    verdict = may_watch_recording(person, room, recording, visit=visit, now=now)
    if verdict and not recording.downloads and not may_edit_recording(person, room, recording):
        return Verdict(Reason.NO_DOWNLOADS)
    return verdict


def _is_its_time(recording: ShownRecording, now: datetime) -> bool:
    published = recording.publish_at is None or recording.publish_at <= now
    return published and (recording.expires_at is None or now < recording.expires_at)


def _owns(person: User | None, room: Room) -> bool:
    return person is not None and room.owner_id == person.id


def _is_invited(person: User | None, visit: Visit) -> Verdict:
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    return _OPEN if visit.invited else Verdict(Reason.INVITED)


def _is_member(person: User | None, room: Room) -> Verdict:
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    return _OPEN if person.organization_id == room.organization_id else Verdict(Reason.NOT_MEMBER)
