"""A session's row, its `session` event and its jobs (MP4, pictures, transcript), from its `session.json`.

Called by adoption, one transaction per session. Idempotent by the versions of state and edit list: one makes
the row, the event and the jobs together or not at all, whoever comes first. With its row a session takes up
the lecture that was scheduled for its time (`lecture_schedule.py`), and is kept as room and organization want
it then (`library.keeping`). What the row stands on (room, organization) is made again where the database does
not know it: a recording is never an orphan.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast import lecture_schedule
from broadcast.event_log import EventLog, NewEvent, iso_utc
from broadcast.recording_access import RecordingAccess
from broadcast.session_directory import Figures
from library import catalogue, jobs, pictures, recordings, removals, search_index, watched_spans, withheld
from library.catalogue_words import words_of
from library.database import exclusive, new_id, utc_now
from library.keeping import RECONNECT_TIME, Kept, RecordingRule, Removal, kept_as
from library.models import JobState, LectureSession, ScheduledLecture, Visibility
from library.transcription import orders
from people import audit
from people.accounts import default_organization, one_line
from people.models import Organization, Room, RoomAccess, User
from people.rooms import SLUG_LENGTH, TITLE_LENGTH, UnfitSlug, check_slug
from recorder.hidden_spans import HiddenKind, HiddenSpan, covers, private_of
from recorder.media import SessionPhase
from recorder.session_state import UPLOADED, SessionState

SAFETY_DAYS = 7
LATE_SECONDS = 60.0  # a session without a row that began before this was known to another database
_REASON_LENGTH = 200
_MAX_CLOCK_MS = 2**31 - 1

log = logging.getLogger(__name__)


def upsert(
    session: Session,
    event_log: EventLog,
    state: SessionState,
    figures: Figures,
    *,
    safety_days: int = SAFETY_DAYS,
    said: RecordingAccess | None = None,
) -> str | None:
    """Bring the row to what the files say → the room whose feed has news; None when it was as new already.

    `safety_days`: how long a recording is held that is not to be published. `said`: of who may watch it, as
    it lies beside its media; a database that has lost the session takes it up again.

    Raises ValueError, OverflowError, OSError for a state whose times are none.
    """
    exclusive(session, f"session:{state.session_id}")
    row = session.get(LectureSession, state.session_id)
    if row is not None and _is_as_new(row, state, figures):
        return None
    known_version = row.state_version if row is not None else 0
    is_new, plan = row is None, None
    if row is None:
        row, plan = _new_row(session, event_log, state, said)
        row.words = words_of(row.title, row.lecturer, None, ())
    ends = state.phase is SessionPhase.ENDED and row.phase != "ended"
    _bring_up(row, state, figures)
    session.add(row)
    session.flush()
    _hide(session, row, state, figures)
    if ends:
        _settle(session, row, safety_days)
    event_log.append(session, row.room_id, _event(session, row, state, figures, known_version))
    if is_new:
        _tell_of_new(session, event_log, row, state, safety_days, said)
    if plan is not None:
        _mark_held(session, event_log, plan, row)
    if state.playback_version > known_version:  # versions may have been passed over: the newest counts
        event_log.append(session, row.room_id, _playback_event(state))
    if ends:
        _tell_of_next(session, event_log, row, safety_days)
    order_work(session, row, figures)
    return row.room_id


def order_work(session: Session, row: LectureSession, figures: Figures, *, anew: bool = False) -> None:
    """Have made of a recording what is made of all; of what is not published, nothing. `anew`: also what was
    called off meanwhile.
    """
    if row.kept != Kept.PUBLISHED:
        return
    made = [orders.order(session, row.id, ended=row.phase == "ended")]
    if figures.has_replay:  # which only ended sessions have
        made.append(recordings.order_mp4(session, row.id, figures.replay_version))
        made.append(pictures.order_pictures(session, row.id, figures.replay_version))
    for job in made if anew else ():
        if job.state == JobState.CANCELLED:
            jobs.take_up_again(job, utc_now())


def order_work_of_live(session: Session, row: LectureSession) -> None:
    """The wish changed while it runs: its words are written down, or not (any more)."""
    if row.kept != Kept.PUBLISHED:
        jobs.cancel_all(session, row.id)
        return
    job = orders.order(session, row.id, ended=False)
    if job.state == JobState.CANCELLED:
        jobs.take_up_again(job, utc_now() + orders.FIRST_LOOK)


def _settle(session: Session, row: LectureSession, safety_days: int) -> None:
    """The lecture is over: what is not published is held from now on, or goes."""
    if row.kept == Kept.HELD and row.held_until is None and row.ended_at is not None:
        row.held_until = row.ended_at + timedelta(days=safety_days)
    if row.kept == Kept.NONE:
        removals.order(session, row, Removal.ORGANIZATION, utc_now(), after=RECONNECT_TIME)


def _tell_of_new(
    session: Session,
    event_log: EventLog,
    row: LectureSession,
    state: SessionState,
    safety_days: int,
    said: RecordingAccess | None,
) -> None:
    if _was_uploaded(state) and said is None:
        catalogue.change(session, row, {"visibility": Visibility.PRIVATE})
    describe(session, row)
    event_log.append(session, row.room_id, kept_event(row.kept, safety_days, row.id))
    event_log.append(session, row.room_id, title_event(row, clock_ms(state)))


def _tell_of_next(session: Session, event_log: EventLog, row: LectureSession, safety_days: int) -> None:
    """Whoever stays in the room is told what becomes of the lecture that follows, where that differs."""
    following = next_kept(session, session.get_one(Room, row.room_id))
    if following != row.kept and not _has_later(session, row):
        event_log.append(session, row.room_id, kept_event(following, safety_days))


def next_kept(session: Session, room: Room) -> Kept:
    """What becomes of a lecture that begins in the room now."""
    organization = session.get(Organization, room.organization_id)
    rule = organization.recording if organization is not None else RecordingRule.ALWAYS
    return kept_as(rule, publish=room.publishes)


def kept_event(kept: str, safety_days: int, session_id: str | None = None) -> NewEvent:
    """What becomes of a session's recording; without one, of the next lecture's."""
    payload = {"session": session_id, "kept": kept, "days": safety_days}
    return NewEvent("kept", payload, session_id=session_id)


def _new_row(
    session: Session, event_log: EventLog, state: SessionState, said: RecordingAccess | None
) -> tuple[LectureSession, ScheduledLecture | None]:
    """Not added yet; with the scheduled lecture that it takes up."""
    known = _known_room(session, state)
    room = known or _room(session, state)
    lecture_schedule.lock(session, room.id)
    plan = lecture_schedule.due(session, room.id, utc(state.started_at))
    row = LectureSession(id=state.session_id, room_id=room.id, organization_id=room.organization_id)
    # What was uploaded was put into the library on purpose.
    row.kept = Kept.PUBLISHED if _was_uploaded(state) else next_kept(session, room)
    if said is not None:
        _say_again(row, said)
    if said is not None or row.kept != Kept.PUBLISHED:
        row.access_epoch = catalogue.next_access_epoch(session)  # locked before the room's feed
    if state.phase is not SessionPhase.ENDED:
        _bring_room_back(session, room, state)
    if known is None or time.time() - state.started_at > LATE_SECONDS:
        # Its events were told, and the database has lost them: their numbers must not be told again.
        event_log.number_anew(session, room.id)
    # From then on they are the lecturer's to change (session_api.py, recording_api.py).
    row.title = plan.title if plan is not None else _title(state)
    row.description = plan.description if plan is not None else ""
    row.lecturer = _lecturer(session, room)
    return row, plan


def _bring_room_back(session: Session, room: Room, state: SessionState) -> None:
    """Its lecture began as it was thrown away: what is held is never lost. Under the lock of its plans."""
    session.refresh(room)
    if room.deleted_at is None or room.removed_at is not None:
        return
    log.warning("room %s comes back: session %s began in it as it was deleted", room.slug, state.session_id)
    room.deleted_at = None
    room.access_epoch += 1
    audit.note(
        session,
        action="room.restored",
        actor=None,
        organization_id=room.organization_id,
        subject=room.id,
        details={"by": "system", "room": room.slug, "lecture": state.session_id},
    )


def _say_again(row: LectureSession, said: RecordingAccess) -> None:
    row.visibility, row.kept = said.visibility, said.kept
    row.publish_at, row.expires_at = _moment(said.publish_at), _moment(said.expires_at)
    row.held_until = _moment(said.held_until)
    row.deleted_at = utc_now() if said.deleted else None


def _moment(unix_seconds: float | None) -> datetime | None:
    return utc(unix_seconds) if unix_seconds is not None else None


def _lecturer(session: Session, room: Room) -> str:
    owner = session.get(User, room.owner_id) if room.owner_id is not None else None
    return owner.display_name if owner is not None else ""


def _is_as_new(row: LectureSession, state: SessionState, figures: Figures) -> bool:
    if row.state_version != state.version:
        return row.state_version > state.version
    return row.edit_version >= figures.replay_version


def session_payload(state: SessionState, figures: Figures) -> dict[str, object]:
    """The payload of a `session` event (docs/architecture.md)."""
    last = figures.last_part_at
    return {
        "state": state.phase.value,
        "session": state.session_id,
        "version": state.version,
        "started_at": iso_utc(utc(state.started_at)),
        "ended_at": iso_utc(utc(state.ended_at)) if state.ended_at is not None else None,
        "recorder_epoch": state.recorder_epoch,
        "recording": {
            "state": state.recording.value,
            "bytes": figures.bytes,
            "last_part_at": iso_utc(utc(last)) if last is not None else None,
        },
        "reason": state.end_reason,
        "has_replay": figures.has_replay,
        "replay_version": figures.replay_version,
        "off_record": state.is_off_record,
    }


def playback_payload(state: SessionState) -> dict[str, object] | None:
    """What a `playback` event and the API tell of the film or camera being shown, its position as of now."""
    playback = state.playback
    if playback is None:
        return None
    return {
        "kind": playback.kind,
        "media_id": playback.media_id,
        "title": playback.title,
        "state": "paused" if playback.paused else "playing",
        "position": round(playback.position_at(clock_ms(state) / 1000), 3),
        "duration": round(playback.duration, 3),
        "voice_over": playback.voice_over,
    }


def utc(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)


def clock_ms(state: SessionState) -> int:
    """Where the session's own clock stands; a stepped wall clock does not move it."""
    if state.ended_at is not None:
        seconds = state.ended_at - state.started_at
    elif state.started_monotonic and state.boot_id == _boot_id():
        seconds = time.monotonic() - state.started_monotonic
    else:
        seconds = time.time() - state.started_at
    return min(max(round(seconds * 1000), 0), _MAX_CLOCK_MS)


def _bring_up(row: LectureSession, state: SessionState, figures: Figures) -> None:
    row.phase = state.phase.value
    row.started_at = utc(state.started_at)
    row.ended_at = utc(state.ended_at) if state.ended_at is not None else None
    row.end_reason = one_line(state.end_reason)[:_REASON_LENGTH] if state.end_reason else None
    row.state_version = state.version
    row.edit_version = max(row.edit_version or 1, figures.replay_version)
    # A lecture of nothing but slates has left nothing.
    row.bytes = figures.bytes if state.ended_at is None or figures.has_replay else 0
    row.seconds = figures.seconds
    row.shown = watched_spans.packed(figures.shown) or None


def _hide(session: Session, row: LectureSession, state: SessionState, figures: Figures) -> None:
    """While it runs, what is held off the record; then what the newest version of its edit list hides."""
    hidden = figures.hidden if state.phase is SessionPhase.ENDED else state.hidden
    known = [HiddenSpan(start, end, HiddenKind(kind)) for start, end, kind in row.hidden_spans]
    # What was only cut may be in what was made of versions before.
    more = not covers(private_of(known), private_of(hidden))
    spans = [[one.start, one.end, one.kind.value] for one in hidden]
    withheld.hide(session, row, spans, figures.replay_version, more=more)


def _event(
    session: Session, row: LectureSession, state: SessionState, figures: Figures, known_version: int
) -> NewEvent:
    """The last `session` event of a room is of its last session: of an older one, a new version of its replay
    has a kind of its own.
    """
    if row.kept != Kept.PUBLISHED:
        figures = replace(figures, has_replay=False)  # for those who hear of it by the feed
    kind, payload = "session", session_payload(state, figures)
    if known_version == state.version and _has_later(session, row):
        kind = "replay"
        payload = {"session": state.session_id, "replay_version": figures.replay_version}
    return NewEvent(kind, payload, session_id=state.session_id, clock_ms=clock_ms(state))


def _has_later(session: Session, row: LectureSession) -> bool:
    query = select(LectureSession.id).where(LectureSession.room_id == row.room_id)
    later = query.where(LectureSession.started_at > row.started_at).limit(1)
    return session.scalar(later) is not None


def _playback_event(state: SessionState) -> NewEvent:
    payload = {"playback": playback_payload(state)}
    return NewEvent("playback", payload, session_id=state.session_id, clock_ms=clock_ms(state))


def describe(session: Session, row: LectureSession) -> None:
    """By what its title, lecturer and description say it is found, from now on."""
    entry = catalogue.entry_of(session, row.id)
    more = (entry.series or "", *entry.tags) if entry is not None else ()
    search_index.describe(session, row.id, row.title, row.lecturer, *more, row.description)


def is_told_to_the_room(row: LectureSession) -> bool:
    """Whether all who may watch the room may hear of it: not of a recording that was taken back from them."""
    unsaid = row.publish_at is None and row.expires_at is None and row.deleted_at is None
    unsaid = unsaid and row.kept == Kept.PUBLISHED
    return row.phase != "ended" or (unsaid and row.visibility in (Visibility.ROOM, Visibility.PUBLIC))


def title_event(row: LectureSession, clock: int | None) -> NewEvent:
    """What the lecture is called and what it is about."""
    payload = {"session": row.id, "title": row.title, "description": row.description}
    return NewEvent("title", payload, session_id=row.id, clock_ms=clock)


def _mark_held(session: Session, event_log: EventLog, plan: ScheduledLecture, row: LectureSession) -> None:
    plan.session_id = row.id
    session.flush()
    following = lecture_schedule.next_of(session, row.room_id, utc_now())
    payload = {"scheduled": lecture_schedule.plan_payload(following)}
    event_log.append(session, row.room_id, NewEvent("scheduled", payload))


def _room(session: Session, state: SessionState) -> Room:
    """The session's room; made again from what its file says where the database has lost it."""
    room = _known_room(session, state)
    if room is not None:
        return room
    exclusive(session, "room-slugs")
    return _known_room(session, state) or _new_room(session, state)  # made by another process meanwhile


def _known_room(session: Session, state: SessionState) -> Room | None:
    if state.room_id:
        return session.get(Room, state.room_id)
    return session.scalar(select(Room).where(Room.slug == state.room_slug))


def _new_room(session: Session, state: SessionState) -> Room:
    organization = _organization(session, state.organization_id)
    room = Room(
        id=state.room_id or new_id(),
        organization_id=organization.id,
        owner_id=_owner(session, state, organization),
        slug=_free_slug(session, state.room_slug),
        title=_title(state),
        access=_access(state),
        uploads=_was_uploaded(state),
    )
    session.add(room)
    session.flush()
    log.warning("room %s is made again from session %s", room.slug, state.session_id)
    return room


def _organization(session: Session, organization_id: str) -> Organization:
    return session.get(Organization, organization_id) or default_organization(session)


def _owner(session: Session, state: SessionState, organization: Organization) -> str | None:
    """Who held the lecture from the studio, if the database knows that account."""
    for credential in state.credentials:
        kind, _, person_id = credential.id.partition(":")
        person = session.get(User, person_id) if kind == "studio" else None
        if person is not None and person.organization_id == organization.id:
            return person.id
    return None


def _was_uploaded(state: SessionState) -> bool:
    return (state.last_source or "").startswith(UPLOADED)


def _access(state: SessionState) -> str:
    """As it was. A room that asked for a password lets only its managers in until it gets a new one."""
    known = {mode.value for mode in RoomAccess}
    return state.access if state.access in known else RoomAccess.MEMBERS.value


def _title(state: SessionState) -> str:
    """One line: PostgreSQL takes no NUL, and a row's title has a length."""
    return one_line(state.title)[:TITLE_LENGTH] or one_line(state.room_slug)[:TITLE_LENGTH] or "room"


def _free_slug(session: Session, wanted: str) -> str:
    """`wanted` if it is fit and free, else with a suffix."""
    try:
        base = check_slug(wanted)
    except UnfitSlug:
        base = "room"
    candidates = [base, *(f"{base[: SLUG_LENGTH - 7]}-{secrets.token_hex(3)}" for _ in range(20))]
    taken = set(session.scalars(select(Room.slug).where(Room.slug.in_(candidates))))
    return next(slug for slug in candidates if slug not in taken)


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
