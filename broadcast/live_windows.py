"""Every session that somebody watches through this web process.

Owned by the front (or by the Flask application alone). Opens a window when it is first asked for, closes it
after minutes without a request; hints and a poll wake those who wait. Ends with `close()`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from broadcast import last_played, recording_access
from broadcast.live_window import LiveWindow
from recorder.far_media import FarMedia
from recorder.log_folders import is_session_id
from recorder.media_log_reader import NotInLog, SessionReader

log = logging.getLogger(__name__)

IDLE_SECONDS = 180.0
MAX_WINDOWS = 256


class LiveWindows:
    """`roots`: `settings.session_roots`. `clock`: monotonic seconds. `far`: reads media that were moved."""

    def __init__(
        self,
        roots: Sequence[Path],
        part_target_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        far: FarMedia | None = None,
    ) -> None:
        self._roots = tuple(roots)
        self._part_target_seconds = part_target_seconds
        self._clock = clock
        self._far = far
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, LiveWindow] = OrderedDict()
        self._closed = False

    def __len__(self) -> int:
        return len(self._windows)

    def opened(self, session_id: str) -> LiveWindow | None:
        """The window if it is open: does no I/O."""
        return self._windows.get(session_id)

    def open(self, session_id: str) -> LiveWindow:
        """The session's window; reads the whole index if it was not open. Raises NotInLog, OSError."""
        if not is_session_id(session_id):
            raise NotInLog(session_id)
        with self._lock:
            window = self._windows.get(session_id)
            if window is not None:
                return window
            if self._closed:
                raise NotInLog("this process is stopping")
            self._make_room()
            reader = SessionReader(self._roots, session_id, self._far)
            try:
                recorded = recording_access.load(self._roots, session_id)
                window = LiveWindow(reader, self._part_target_seconds, self._clock, recorded)
            except NotInLog:
                reader.close()
                raise
            self._windows[session_id] = window
        self._note_play(window)
        return window

    def on_hint(self, hint: Mapping[str, object]) -> None:
        """The recorder wrote a part or a state: read on in that session if anybody watches it here."""
        if hint.get("kind") == "reconnected":
            self._read_on_everywhere()
            return
        session_id = hint.get("session")
        window = self._windows.get(session_id) if isinstance(session_id, str) else None
        if window is not None and hint.get("kind") in ("part", "state"):
            self._guarded(window, window.refresh)

    def _read_on_everywhere(self) -> None:
        """Nobody told this process anything for a while."""
        for window in list(self._windows.values()):
            self._guarded(window, window.refresh)

    def poll(self) -> None:
        """Called four times a second: what a lost hint would have told, waiters whose time is over, idle
        windows.
        """
        now = self._clock()
        for session_id, window in list(self._windows.items()):
            if len(window.holds):
                self._guarded(window, window.tick)
            elif now - window.used_at > IDLE_SECONDS:
                self._drop(session_id)

    def close(self) -> None:
        """Let every waiter go and close every reader; idempotent."""
        with self._lock:
            self._closed = True
            while self._windows:
                self._windows.popitem()[1].close()

    def _make_room(self) -> None:
        while len(self._windows) >= MAX_WINDOWS:
            idle = [item for item in self._windows.items() if not len(item[1].holds)]
            if not idle:
                return  # bounded by the number of requests that may wait
            oldest = min(idle, key=lambda item: item[1].used_at)[0]
            self._windows.pop(oldest).close()

    def _drop(self, session_id: str) -> None:
        with self._lock:
            window = self._windows.pop(session_id, None)
        if window is not None:
            self._note_play(window)
            window.close()

    def _note_play(self, window: LiveWindow) -> None:
        """A recording that is played stays on the disk, or has come to be wanted there."""
        if window.view.ended:
            last_played.note(self._roots, window.session_id)

    def _guarded(self, window: LiveWindow, work: Callable[[], object]) -> None:
        """One session's broken files are no reason to leave the others waiting."""
        try:
            work()
        except (OSError, NotInLog) as error:
            log.warning("a session of room %s cannot be read on: %s", window.room_id, error)
