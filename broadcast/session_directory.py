"""Which session a room shows, and how its recording does: from the sessions' own files, else from their rows.

Called from web threads and by adoption; works without the database while a session's files are there. What is
told of a session under way is at most FIGURES_SECONDS old.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from broadcast.replay_view import seconds_shown, shows_anything, spans_shown
from broadcast.session_files import SessionFiles
from library.database import Database
from library.models import LectureSession
from recorder import edit_list_files
from recorder.far_media import whole_size
from recorder.hidden_spans import HiddenSpan
from recorder.log_folders import (
    INDEX_FILE,
    MEDIA_FILE,
    healed_name,
    healed_numbers,
    is_session_id,
    take_name,
    take_numbers,
)
from recorder.media import RecordingState, SessionPhase
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.session_state import SessionState
from settings import Settings

STATE_SECONDS = 0.1
FIGURES_SECONDS = 0.5
MAX_FIGURES = 1_000
MAX_ROWS = 20  # of a room without files, among which one that may be shown is looked for
ENDED = SessionPhase.ENDED


@dataclass(frozen=True, slots=True)
class Figures:
    """`bytes` of all takes, healed ones too; `last_part_at`: unix seconds; `has_replay`: ended, and something
    to show; `replay_version`: the newest of the edit list, `seconds`: length of what it shows; `hidden`: what
    it hides; `shown`: which spans of the session's clock it shows.
    """

    bytes: int
    last_part_at: float | None
    has_replay: bool
    replay_version: int = 1
    seconds: float = 0.0
    hidden: tuple[HiddenSpan, ...] = ()
    shown: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What is told of a session. Times are unix seconds."""

    id: str
    room_id: str
    title: str
    access: str
    phase: SessionPhase
    started_at: float
    ended_at: float | None
    recorder_epoch: str | None
    recording: RecordingState
    bytes: int
    last_part_at: float | None
    has_replay: bool
    replay_version: int
    off_record: bool = False


class SessionDirectory:
    """`clock`: monotonic seconds."""

    def __init__(
        self, settings: Settings, database: Database, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._roots = settings.session_roots
        self._database = database
        self._clock = clock
        self._files = SessionFiles(self._roots, clock=clock)
        self._lock = threading.Lock()
        self._generation = -1
        self._by_room: dict[str, list[SessionState]] = {}
        self._by_slug: dict[str, list[SessionState]] = {}
        self._figures: OrderedDict[tuple[str, int, int], tuple[float, Figures]] = OrderedDict()

    def states(self) -> Mapping[str, SessionState]:
        """Every session that has files, as they say now."""
        return self._files.states()[1]

    def current(
        self, room_id: str | None, slug: str, *, hidden: Callable[[str], bool] = lambda _id: False
    ) -> SessionSummary | None:
        """The live session of a room, else its latest that can be replayed, else its latest; none of which
        `hidden` says so.

        Without `room_id` (no database): by the slug it had. Raises DatabaseUnavailable only where no session
        of the room has files.
        """
        self._index()
        known = self._by_room.get(room_id, []) if room_id is not None else self._by_slug.get(slug, [])
        if known:
            return self._shown(known, hidden)
        return self._latest_row(room_id, hidden) if room_id is not None else None

    def live_state(self, slug: str) -> SessionState | None:
        """The state of the session under way in a room, with its credentials."""
        self._index()
        state = next(iter(self._by_slug.get(slug, [])), None)
        return state if state is not None and state.phase is not ENDED else None

    def by_id(self, session_id: str) -> SessionSummary | None:
        """Raises DatabaseUnavailable only for a session without files."""
        if not is_session_id(session_id):
            return None
        state = self._files.states(STATE_SECONDS)[1].get(session_id)
        if state is not None:
            return self._summary(state)
        with self._database.reading() as transaction:
            row = transaction.get(LectureSession, session_id)
        return _of_row(row) if row is not None else None

    def figures(self, state: SessionState) -> Figures:
        """How big, how fresh, and whether there is something to replay."""
        ended = state.phase is ENDED
        edits = edit_list_files.next_version(self._roots, state.session_id) if ended else 0
        key = (state.session_id, state.version if ended else -1, edits)
        now = self._clock()
        with self._lock:
            at, known = self._figures.get(key, (float("-inf"), None))
        # Of an ended session only a new version changes what is told; the spill's way home does not.
        if known is not None and (ended or now - at < FIGURES_SECONDS):
            return known
        figures = self._measure(state.session_id, ended=ended)
        with self._lock:
            self._figures[key] = (now, figures)
            self._figures.move_to_end(key)
            while len(self._figures) > MAX_FIGURES:
                self._figures.popitem(last=False)
        return figures

    def newest_edit(self, session_id: str) -> int:
        """The newest version of the session's edit list; cheaper than its figures."""
        return edit_list_files.newest(self._roots, session_id)

    def _measure(self, session_id: str, *, ended: bool) -> Figures:
        size, newest = 0, 0.0
        for root in self._roots:
            folder = root / session_id
            for number in take_numbers(folder):
                take = folder / take_name(number)
                size += whole_size(take / MEDIA_FILE)
                newest = max(newest, _stat(take / INDEX_FILE)[1])
            healed = (folder / healed_name(number) for number in healed_numbers(folder))
            size += sum(whole_size(take / MEDIA_FILE) for take in healed)
        if not ended:
            return Figures(size, newest or None, False)
        return self._with_replay(session_id, Figures(size, newest or None, False))

    def _with_replay(self, session_id: str, figures: Figures) -> Figures:
        """Of an ended session: whether there is something to show, and what."""
        try:
            reader = SessionReader(self._roots, session_id)
        except NotInLog:
            return figures
        try:
            reader.refresh()
            edits = reader.edit_list(reader.newest_edit())
            return replace(
                figures,
                has_replay=shows_anything(edits, reader),
                replay_version=edits.version,
                seconds=seconds_shown(edits, reader),
                hidden=reader.whole_list(edits.version).hidden,
                shown=spans_shown(edits, reader),
            )
        finally:
            reader.close()

    def _index(self) -> None:
        generation, states = self._files.states(STATE_SECONDS)
        with self._lock:
            if generation == self._generation:
                return
            ordered = sorted(states.values(), key=_rank, reverse=True)
            self._by_room = _grouped(ordered, lambda state: state.room_id)
            self._by_slug = _grouped(ordered, lambda state: state.room_slug)
            self._generation = generation

    def _summary(self, state: SessionState) -> SessionSummary:
        figures = self.figures(state)
        return SessionSummary(
            id=state.session_id,
            room_id=state.room_id,
            title=state.title,
            access=state.access,
            phase=state.phase,
            started_at=state.started_at,
            ended_at=state.ended_at,
            recorder_epoch=state.recorder_epoch,
            recording=state.recording,
            bytes=figures.bytes,
            last_part_at=figures.last_part_at,
            has_replay=figures.has_replay,
            replay_version=figures.replay_version,
            off_record=state.is_off_record,
        )

    def _shown(self, states: Iterable[SessionState], hidden: Callable[[str], bool]) -> SessionSummary | None:
        latest = None
        for state in states:
            if hidden(state.session_id):
                continue
            if state.phase is not ENDED or self.figures(state).has_replay:
                return self._summary(state)
            latest = latest or state
        return self._summary(latest) if latest is not None else None

    def _latest_row(self, room_id: str, hidden: Callable[[str], bool]) -> SessionSummary | None:
        query = select(LectureSession).where(LectureSession.room_id == room_id)
        query = query.order_by(LectureSession.started_at.desc()).limit(MAX_ROWS)
        with self._database.reading() as transaction:
            rows = transaction.scalars(query).all()
        row = next((row for row in rows if not hidden(row.id)), None)
        return _of_row(row) if row is not None else None


def _grouped(
    states: Iterable[SessionState], key: Callable[[SessionState], str]
) -> dict[str, list[SessionState]]:
    groups: dict[str, list[SessionState]] = {}
    for state in states:
        groups.setdefault(key(state), []).append(state)
    return groups


def _rank(state: SessionState) -> tuple[bool, str]:
    """Live before ended; else the later one (ids are UUIDv7)."""
    return state.phase is not ENDED, state.session_id


def _of_row(row: LectureSession) -> SessionSummary:
    """A session whose media are gone: nothing plays, an MP4 may be there. It cannot be under way."""
    return SessionSummary(
        id=row.id,
        room_id=row.room_id,
        title=row.title,
        access="",
        phase=SessionPhase.ENDED,
        started_at=row.started_at.timestamp(),
        ended_at=(row.ended_at or row.started_at).timestamp(),
        recorder_epoch=None,
        recording=RecordingState.OK,
        bytes=row.bytes,
        last_part_at=None,
        has_replay=False,
        replay_version=row.edit_version,
    )


def _stat(path: Path) -> tuple[int, float]:
    """Size and time of the last write; nothing for what is not there (a take on its way home)."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0.0
    return found.st_size, found.st_mtime
