"""Every session's state as its `session.json` tells it: the truth, whatever the database says.

Owned by `session_directory.SessionDirectory`; called from web threads and adoption's thread, one lock. Cheap
when nothing changed: a `stat` per root and per session under way. Ended sessions are looked at again for a
day (a recorder that comes back may still write), rarely.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from people import probe_room
from recorder import session_state
from recorder.log_folders import STATE_FILE, session_ids
from recorder.media import SessionPhase
from recorder.session_state import SessionState

RECHECK_SECONDS = 5.0
RESTLESS_SECONDS = 86_400.0
# A folder made within the clock tick of a listing leaves the root's mtime as it was: list again for a while.
_JUST_CHANGED_SECONDS = 0.1

Stamp = tuple[tuple[int, int, int] | None, ...]


class SessionFiles:
    """`clock`: monotonic seconds; `wall`: unix seconds."""

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._roots = tuple(roots)
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._states: dict[str, SessionState] = {}
        self._stamps: dict[str, Stamp] = {}
        self._restless: set[str] = set()
        self._root_stamps: tuple[int, ...] = ()
        self._looked_at = self._rechecked_at = float("-inf")
        self._generation = 0

    def states(self, max_age_seconds: float = 0.0) -> tuple[int, dict[str, SessionState]]:
        """All sessions by id, with a number that rises whenever one of them changed. Not to be modified."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at >= max_age_seconds:
                self._looked_at = now
                self._look(now)
            return self._generation, self._states

    def _look(self, now: float) -> None:
        recheck = now - self._rechecked_at >= RECHECK_SECONDS
        if recheck:
            self._rechecked_at = now
        self._list(force=recheck)
        changed = {}
        for session_id in self._due(recheck):
            stamp = self._stamp(session_id)
            if stamp == self._stamps.get(session_id):
                continue
            state = session_state.load(self._roots, session_id)
            if state is None:
                continue
            self._stamps[session_id] = stamp
            if state.room_slug != probe_room.SLUG:  # of no lecture, and gone in a moment
                changed[session_id] = state
        if changed:
            self._take_over({**self._states, **changed})

    def _list(self, *, force: bool) -> None:
        stamps = tuple(_mtime(root) for root in self._roots)
        just_changed = self._wall() - max(stamps) / 1e9 < _JUST_CHANGED_SECONDS
        if stamps == self._root_stamps and not just_changed and not force:
            return
        self._root_stamps = stamps
        there = set(session_ids(self._roots))
        self._restless |= there - self._states.keys()
        gone = (self._states.keys() | self._stamps.keys()) - there
        self._restless &= there
        if gone:
            for session_id in gone:
                self._stamps.pop(session_id, None)
            self._take_over({k: v for k, v in self._states.items() if k not in gone})

    def _due(self, recheck: bool) -> list[str]:
        if not recheck:
            return sorted(self._restless)
        since = self._wall() - RESTLESS_SECONDS
        recent = {k for k, state in self._states.items() if (state.ended_at or 0.0) > since}
        return sorted(self._restless | recent)

    def _take_over(self, states: dict[str, SessionState]) -> None:
        """Readers keep the dictionary they have: it is replaced, never changed."""
        self._states = states
        self._generation += 1
        ended = {k for k in self._restless if k in states and states[k].phase is SessionPhase.ENDED}
        self._restless -= ended

    def _stamp(self, session_id: str) -> Stamp:
        return tuple(_file_stamp(root / session_id / STATE_FILE) for root in self._roots)


def _mtime(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
