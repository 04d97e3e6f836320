"""Adoption: what the recorder wrote in `session.json`, and jobs in edit lists, becomes rows, events and jobs.

One thread in each web process (`open`, `close`), woken by hints and by itself twice a second. Each version of
a session is told once, whichever process comes first (`session_rows`). While the database is away the files
wait; when it is back, restored or even new, what it lacks is made again from them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from broadcast import recording_access, session_rows
from broadcast.event_log import EventLog
from broadcast.session_directory import Figures, SessionDirectory
from library.database import Database, DatabaseUnavailable
from library.models import LectureSession
from recorder import session_state
from recorder.media import SessionPhase
from recorder.session_state import SessionState
from settings import Settings

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
COMPARE_SECONDS = 5.0
RECENT_SECONDS = 86_400.0
NEWEST_COMPARED = 20  # so that a replaced database is noticed also after a quiet day
CHUNK = 200

States = Mapping[str, SessionState]
Versions = Mapping[str, tuple[int, int]]
_NO_ROW = (-1, 1)


class SessionAdopter:
    """`announce`: told of a room after an event was committed to it.

    `clock`: monotonic seconds; `wall`: unix seconds. `safety_days`: as `session_rows.upsert` takes it.
    `roots`: of the sessions, where what was said of a recording is read and left.
    """

    def __init__(
        self,
        database: Database,
        event_log: EventLog,
        announce: Callable[[str], None],
        directory: SessionDirectory,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        safety_days: int = session_rows.SAFETY_DAYS,
        roots: Sequence[Path] = (),
    ) -> None:
        self._database = database
        self._event_log = event_log
        self._announce = announce
        self._directory = directory
        self._clock = clock
        self._wall = wall
        self._safety_days = safety_days
        self._roots = roots
        self._adopted: dict[str, int] = {}  # session → version that its row is known to have had
        self._unfit: dict[str, int] = {}  # session → version that could not be adopted
        self._seen: States | None = None
        self._compare_at = float("-inf")
        self._compare_all = True
        self._away = False
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin; idempotent."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="adoption", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Idempotent; returns when the thread has ended."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        self._wake.set()
        if thread is not None:
            thread.join()

    def on_hint(self, hint: Mapping[str, object]) -> None:
        """The recorder changed a session's state, or hints may have been missed."""
        if hint.get("kind") in ("state", "reconnected"):
            self._wake.set()

    def step(self) -> None:
        """Adopt what is new; now and then hold sessions against their rows.

        Raises DatabaseUnavailable, and OSError if the storage cannot be read.
        """
        states = self._directory.states()
        if self._compare_all or self._clock() >= self._compare_at:
            self._compare(states)
            self._compare_at = self._clock() + COMPARE_SECONDS
        elif states is not self._seen:  # the directory replaces what it tells when something changed
            for state in _in_order(states.values()):
                if self._tried(state.session_id) < state.version:
                    self._adopt(state)
        self._seen = states

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
                self._database_is_here()
            except DatabaseUnavailable as error:
                self._database_is_away(error)
            except Exception:
                # The next lecture must be adopted, whatever this one met.
                log.exception("adoption failed, and goes on")
                self._seen = None
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    def _database_is_away(self, error: DatabaseUnavailable) -> None:
        if not self._away:
            log.warning("sessions wait for the database: %s", error)
        self._away = True
        self._compare_at = float("-inf")

    def _database_is_here(self) -> None:
        if self._away:
            log.info("sessions are adopted again")
        self._away = False

    def _compare(self, states: States) -> None:
        """Adopt what the database lacks of the sessions that may change; of all, if it lacks what it had."""
        looked_at = list(states.values()) if self._compare_all else self._recent(states)
        versions = self._versions(looked_at)
        if not self._compare_all and self._lacks_what_it_had(versions, looked_at):
            log.warning("the database lacks sessions that it had: all are held against their files")
            looked_at = list(states.values())
            versions = self._versions(looked_at)
        # Stays set until all went well: if the database goes away in the middle, all is compared again.
        self._compare_all = self._compare_all or len(looked_at) == len(states)
        for state in _in_order(looked_at):
            if self._stopping.is_set():
                return
            known, edited = versions.get(state.session_id, _NO_ROW)
            if known < state.version or edited < self._directory.newest_edit(state.session_id):
                self._adopt(state)
            else:
                self._adopted[state.session_id] = known
        self._compare_all = False
        self._adopted = {name: version for name, version in self._adopted.items() if name in states}
        self._unfit = {name: version for name, version in self._unfit.items() if name in states}

    def _lacks_what_it_had(self, versions: Versions, looked_at: Iterable[SessionState]) -> bool:
        ids = (state.session_id for state in looked_at)
        return any(versions.get(name, _NO_ROW)[0] < self._adopted.get(name, -1) for name in ids)

    def _recent(self, states: States) -> list[SessionState]:
        since = self._wall() - RECENT_SECONDS
        newest = set(sorted(states)[-NEWEST_COMPARED:])
        return [
            state
            for state in states.values()
            if state.phase is not SessionPhase.ENDED
            or (state.ended_at or 0.0) > since
            or state.session_id in newest
            or self._tried(state.session_id) < state.version
        ]

    def _versions(self, states: Iterable[SessionState]) -> Versions:
        """The versions of state and edit list in each session's row, of those that have one."""
        ids = iter([state.session_id for state in states])
        found: dict[str, tuple[int, int]] = {}
        while chunk := list(islice(ids, CHUNK)):
            query = select(LectureSession.id, LectureSession.state_version, LectureSession.edit_version)
            with self._database.reading() as session:
                rows = session.execute(query.where(LectureSession.id.in_(chunk))).all()
            found.update((name, (version, edited)) for name, version, edited in rows)
        return found

    def _tried(self, session_id: str) -> int:
        return max(self._adopted.get(session_id, -1), self._unfit.get(session_id, -1))

    def _adopt(self, state: SessionState) -> None:
        try:
            figures = self._directory.figures(state)
            room_id = _upsert(
                self._database, self._event_log, state, figures, self._roots, safety_days=self._safety_days
            )
        except DatabaseUnavailable:
            raise
        except Exception:
            # One that does not fit must not keep out the others; it is tried again now and then.
            if self._unfit.get(state.session_id) != state.version:
                log.exception("session %s cannot be adopted", state.session_id)
            self._unfit[state.session_id] = state.version
            return
        self._adopted[state.session_id] = state.version
        self._unfit.pop(state.session_id, None)
        if room_id is not None:
            self._announce(room_id)


def adopt_session(settings: Settings, database: Database, session_id: str) -> None:
    """Bring one session's row to its files now, in a process without the thread: a job has made a version.

    Viewers' feeds hear of it by their poll. Raises DatabaseUnavailable, OSError.
    """
    state = session_state.load(settings.session_roots, session_id)
    if state is None:
        return
    figures = SessionDirectory(settings, database).figures(state)
    log, roots = EventLog(database), settings.session_roots
    _upsert(database, log, state, figures, roots, safety_days=settings.safety_days)


def _upsert(
    database: Database,
    event_log: EventLog,
    state: SessionState,
    figures: Figures,
    roots: Sequence[Path],
    *,
    safety_days: int,
) -> str | None:
    """Also who may watch it is told beside its media, where that is not whoever may watch the room."""
    said = recording_access.load(roots, state.session_id)
    with database.session() as session:
        room_id = session_rows.upsert(session, event_log, state, figures, safety_days=safety_days, said=said)
        row = session.get(LectureSession, state.session_id)
    if row is not None and row.removal is None and row.access_epoch > (said.epoch if said is not None else 0):
        recording_access.save(roots, row)
    return room_id


def _in_order(states: Iterable[SessionState]) -> list[SessionState]:
    """As they began, so that the last `session` event of a room is of its last session."""
    return sorted(states, key=lambda state: (state.started_at, state.session_id))
