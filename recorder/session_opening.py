"""Beginning sessions and taking up those that a stopped recorder left live.

Called by `live_rooms.py` on the recorder's event loop; file work that may block runs in threads.
The session's clock is CLOCK_MONOTONIC, which all processes of one boot share: the session's start on
it is kept in `session.json`, so a restarted recorder goes on exactly and a stepped wall clock moves nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import uuid_utils

from recorder import session_state
from recorder.disk_space import DiskSpace, free_bytes
from recorder.live_session import LiveSession, SessionListener
from recorder.log_folders import session_ids
from recorder.media import VIDEO_CLOCK_RATE, RecordingState, SessionPhase
from recorder.media_log import MediaLog, RecoveredSession, recover_session
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.program import Program
from recorder.publish_request import RoomFacts
from recorder.session_state import ABSENCE, SessionState
from settings import Settings

log = logging.getLogger(__name__)

RETURN_SECONDS = 60.0  # an encoder may need so long to find a restarted recorder


class SessionOpener:
    """Makes LiveSession objects, new ones and resumed ones. `clock`: CLOCK_MONOTONIC; `wall_clock`: unix."""

    def __init__(
        self,
        settings: Settings,
        listener: SessionListener,
        recorder_epoch: str,
        space: DiskSpace,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock, self._wall_clock = clock, wall_clock
        self._settings = settings
        self._listener = listener
        self._epoch = recorder_epoch
        self._space = space

    @staticmethod
    def new_id() -> str:
        return str(uuid_utils.uuid7())

    def disk_is_low(self) -> bool:
        """Whether no session may begin: under the floor, or the disk refuses writes."""
        try:
            free = free_bytes(self._settings.storage)
        except OSError as error:
            log.error("%s cannot be asked for its free space: %s", self._settings.storage, error)
            return True
        return self._space.has_failed or free < self._settings.disk_floor_bytes

    async def open(self, room: RoomFacts) -> LiveSession:
        """Begin a session. Its state file exists before its first part."""
        state = SessionState(
            session_id=self.new_id(),
            room_id=room.id or "",
            room_slug=room.slug,
            organization_id=room.organization_id,
            title=room.title,
            access=room.access,
            phase=SessionPhase.SLATE,
            started_at=self._wall_clock(),
            ended_at=None,
            version=1,
            recorder_epoch=self._epoch,
            credentials=(),
            recording=RecordingState.OK,
            last_source=None,
            end_reason=None,
            started_monotonic=self._clock(),
            boot_id=boot_id(),
        )
        await asyncio.to_thread(session_state.save_somewhere, self._settings.session_roots, state)
        nothing = RecoveredSession.nothing(state.session_id)
        return self._assemble(state, nothing, absent_since=state.started_monotonic)

    async def resume_all(self) -> list[LiveSession]:
        """Recover every session that is not ended; those whose absence is over are ended.

        Called once, before anything is written: the spill is taken up when its takes are mended.
        """
        roots = self._settings.session_roots
        found = await asyncio.to_thread(_unended, roots)
        recovered = [await asyncio.to_thread(recover_session, roots, state.session_id) for state in found]
        await asyncio.to_thread(self._space.open)
        resumed = []
        for state, mended in zip(found, recovered, strict=True):
            idle = self._idle_seconds(state, mended)
            if idle >= self._settings.absence_seconds:
                await self._end_stale(state, state.started_at + mended.end_pts / VIDEO_CLOCK_RATE)
            else:
                resumed.append(await self._resume(state, mended))
        return resumed

    async def ended_lately(self, seconds: float) -> list[tuple[SessionState, float]]:
        """Sessions that ended less than `seconds` ago, and when by the clock (of this boot)."""
        states = await asyncio.to_thread(_states, self._settings.session_roots)
        now = self._clock()
        ended = (
            (state, state.started_monotonic + state.ended_at - state.started_at)
            for state in states
            if state.ended_at is not None and state.boot_id == boot_id()
        )
        return [(state, at) for state, at in ended if abs(now - at) < seconds]

    def _idle_seconds(self, state: SessionState, mended: RecoveredSession) -> float:
        """How long nothing was recorded: by the session's clock, else (another boot) by the wall clock."""
        if state.boot_id != boot_id():
            return mended.idle_seconds
        return self._clock() - state.started_monotonic - mended.end_pts / VIDEO_CLOCK_RATE

    async def _resume(self, state: SessionState, recovered: RecoveredSession) -> LiveSession:
        now = self._clock()
        started = state.started_monotonic
        if state.boot_id != boot_id() or started > now:
            since = self._wall_clock() - state.started_at
            started = now - max(since, recovered.end_pts / VIDEO_CLOCK_RATE)
        state = replace(
            state,
            version=state.version + 1,
            phase=SessionPhase.SLATE,
            recorder_epoch=self._epoch,
            started_monotonic=started,
            boot_id=boot_id(),
            # A film was played by the recorder that stopped: it is over.
            playback=None,
            playback_version=state.version + 1 if state.playback is not None else state.playback_version,
        )
        await self._save(state)
        left = await asyncio.to_thread(_last_source_end, self._settings.session_roots, state.session_id)
        grace = now - self._settings.absence_seconds + RETURN_SECONDS
        session = self._assemble(state, recovered, absent_since=min(now, max(started + left, grace)))
        self._listener.on_state(state)
        return session

    async def _end_stale(self, state: SessionState, ended_at: float) -> None:
        ended = replace(
            state,
            version=state.version + 1,
            phase=SessionPhase.ENDED,
            ended_at=ended_at,
            end_reason=ABSENCE,
            playback=None,
        )
        await self._save(ended)
        self._listener.on_state(ended)
        log.info("session %s ended while no recorder ran", state.session_id)

    async def _save(self, state: SessionState) -> None:
        """A state that no disk takes now must not keep the recorder from starting."""
        try:
            await asyncio.to_thread(session_state.save_somewhere, self._settings.session_roots, state)
        except OSError as error:
            log.error("session %s: its state could not be written: %s", state.session_id, error)

    def _assemble(
        self, state: SessionState, recovered: RecoveredSession, *, absent_since: float
    ) -> LiveSession:
        holder: list[LiveSession] = []
        log = MediaLog(
            self._settings,
            state.session_id,
            on_part=lambda take, record: self._listener.on_part(holder[0].state, take, record),
            space=self._space,
            recovered=recovered,
            clock=self._clock,
            wall_clock=self._wall_clock,
        )
        program = Program(
            log,
            started_monotonic=state.started_monotonic,
            clock=self._clock,
            settings=self._settings,
            resume_after_pts=recovered.end_pts,
        )
        session = LiveSession(
            self._settings,
            state,
            log,
            program,
            self._listener,
            absent_since=absent_since,
            clock=self._clock,
        )
        holder.append(session)
        return session


def _states(roots: tuple[Path, Path]) -> list[SessionState]:
    states = (session_state.load(roots, session_id) for session_id in session_ids(roots))
    return [state for state in states if state is not None]


def _unended(roots: tuple[Path, Path]) -> list[SessionState]:
    return [state for state in _states(roots) if state.phase is not SessionPhase.ENDED]


def _last_source_end(roots: tuple[Path, Path], session_id: str) -> float:
    """Seconds of the session's clock at which the last take that is no slate ends; 0 if there is none."""
    try:
        reader = SessionReader(roots, session_id)
    except NotInLog:
        return 0.0
    try:
        return max((take.end_pts for take in reader.takes if not take.slate), default=0) / VIDEO_CLOCK_RATE
    finally:
        reader.close()


@cache
def boot_id() -> str:
    """Names this boot of the machine: monotonic times of another boot mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
