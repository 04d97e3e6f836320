"""One live session in the recorder: its state file, its media log, its program.

Owned by `live_rooms.LiveRooms`, runs on the recorder's event loop; `session.json` is written in a
thread, the newest state wins, and what no disk takes is tried again. Ends by `end()` (the lecture is
over) or `suspend()` (the recorder stops; the next one resumes the session with a new take).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from recorder import session_state
from recorder.media import PartRecord, SessionPhase, Source, SourceSink
from recorder.media_log import MediaLog
from recorder.playback_request import PlaybackRequest
from recorder.program import Program, SourceRefused
from recorder.program_sources import OpenFilm, ProgramSources, open_film
from recorder.session_state import CredentialRecord, OffRecord, PlaybackState, SessionState
from settings import Settings

log = logging.getLogger(__name__)

SYNC_SECONDS = 1.0
SAVE_AGAIN_SECONDS = 1.0
MOST_OFF_RECORD = 200  # then what lies between the last two is off the record, too
ON_ITS_WAY_SECONDS = 1.0  # from a microphone into the log, at most


@dataclass(frozen=True, slots=True)
class SessionListener:
    """What the outside wants to hear of a session; called on the event loop."""

    on_part: Callable[[SessionState, int, PartRecord], None]
    on_state: Callable[[SessionState], None]


class LiveSession:
    """A session that is live or in its slate. `clock`: that of `state.started_monotonic`."""

    def __init__(
        self,
        settings: Settings,
        state: SessionState,
        media_log: MediaLog,
        program: Program,
        listener: SessionListener,
        *,
        absent_since: float,
        clock: Callable[[], float] = time.monotonic,
        open_film: OpenFilm = open_film,
    ) -> None:
        self.state = state
        self.program = program
        self.absent_since: float | None = absent_since
        self.controlling = asyncio.Lock()
        self._clock = clock
        self._settings = settings
        self._log = media_log
        self._listener = listener
        self._saver = StateSaver(settings.session_roots, listener.on_state)
        self._next_sync = 0.0
        self._syncing: asyncio.Task[None] | None = None
        self._refusing: set[asyncio.Task[None]] = set()
        self._sources = ProgramSources(
            program,
            clock=clock,
            on_change=self._playback_changed,
            open_film=open_film,
            camera_networks=settings.camera_networks,
        )
        program.on_phase = self._phase_changed
        program.on_refused = self._close_refused

    @property
    def id(self) -> str:
        return self.state.session_id

    @property
    def is_saved(self) -> bool:
        """Whether the newest state is on a disk."""
        return self._saver.is_saved

    @property
    def recorded_bytes(self) -> int:
        return self._log.bytes_written

    @property
    def picture_arriving(self) -> bool:
        """Whether the program has a picture that nobody else may replace: a camera's, or a film's."""
        return self._sources.inserted is not None or self.program.picture_arriving

    def admit(self, credential: CredentialRecord, source: Source, *, has_video: bool) -> SourceSink:
        """`source` is the session's camera from now on; its credential may come back without a database."""
        if credential not in self.state.credentials:
            self._change(credentials=(*self.state.credentials, credential))
        self.absent_since = None
        self._change(last_source=credential.id)
        return self._sources.camera_comes(source, has_video=has_video)

    def leave(self, reason: str) -> None:
        """The publication is over; the absence time runs, and the slate follows unless a film is played."""
        self.absent_since = self._clock()
        self._sources.camera_leaves(reason)

    async def control_playback(self, request: PlaybackRequest) -> PlaybackState | None:
        """Play, pause, go on, seek, stop → what is played then. Under `controlling`; raises CommandRefused.

        A disk or a camera may keep it waiting: the room's own lock is not held meanwhile.
        """
        path = self._settings.media_folder / f"{request.media_id}.mkv"
        await self._sources.control(request, path)
        return self.state.playback

    def hold_off_record(self, begins: bool) -> None:
        """Mark what is said from now on, or no longer; what was said before that is still on its way."""
        if begins is self.state.is_off_record:
            return
        now = self._clock() - self.state.started_monotonic
        known = self.state.off_record
        if begins and len(known) == MOST_OFF_RECORD:
            self._change(off_record=(*known[:-1], replace(known[-1], end=None)))
        elif begins:
            self._change(off_record=(*known, OffRecord(max(0.0, now), None)))
        else:
            end = max(now, known[-1].start) + ON_ITS_WAY_SECONDS
            self._change(off_record=(*known[:-1], replace(known[-1], end=end)))

    def forget_credential(self, credential_id: str) -> None:
        kept = tuple(c for c in self.state.credentials if c.id != credential_id)
        if kept != self.state.credentials:
            self._change(credentials=kept)

    def known(self, given: CredentialRecord) -> CredentialRecord | None:
        """The credential of this session that `given`, which nobody could look up now, turns out to be."""
        return next((known for known in self.state.credentials if _same(known, given)), None)

    def tick(self, now: float) -> None:
        """Called about 30 times a second: fillers, sync, recording state."""
        self.save_again(now)
        self._sources.tick(now)
        self.program.tick()
        if self.absent_since is not None and self._sources.runs:
            self.absent_since = now  # nobody is missed while a film is shown
        if now >= self._next_sync and (self._syncing is None or self._syncing.done()):
            self._next_sync = now + SYNC_SECONDS
            self._syncing = asyncio.create_task(self._log.sync())
        if self._log.recording is not self.state.recording:
            self._change(recording=self._log.recording)

    def save_again(self, now: float) -> None:
        """Try to write a state again that no disk took; called 30 times a second, also after the end."""
        self._saver.tick(now)

    async def end(self, reason: str) -> None:
        """The lecture is over: the log is closed, `session.json` says *ended*, or will (`is_saved`)."""
        # By the session's clock: a wall clock that was stepped meanwhile does not count.
        ended_at = self.state.started_at + self._clock() - self.state.started_monotonic
        try:
            await self._close_log()
        finally:
            self._change(phase=SessionPhase.ENDED, ended_at=ended_at, end_reason=reason)
            await self.flush()

    async def suspend(self) -> None:
        """The recorder stops, the session goes on when it is back."""
        await self._close_log()
        await self.flush()

    async def flush(self) -> None:
        """Returns when the newest state is on a disk, or one more try has failed."""
        await self._saver.flush()

    async def _close_log(self) -> None:
        await self._sources.close()
        await self.program.close()
        if self._syncing is not None:
            await asyncio.wait([self._syncing])
        await self._log.sync()
        self._log.close()
        if self._log.recording is not self.state.recording:
            self._change(recording=self._log.recording)

    def _close_refused(self, source: Source, refusal: SourceRefused) -> None:
        log.warning("session %s: its source is sent away: %s", self.id, refusal)
        if self._sources.is_inserted(source):
            self._sources.take_out(refusal.reason)
            return
        task = asyncio.ensure_future(source.close())
        self._refusing.add(task)
        task.add_done_callback(self._refusing.discard)

    def _phase_changed(self, phase: SessionPhase) -> None:
        if phase is not self.state.phase:
            self._change(phase=phase)

    def _playback_changed(self) -> None:
        inserted = self._sources.inserted
        at = self._clock() - self.state.started_monotonic
        playback = inserted.state(at) if inserted is not None else None
        self._change(playback=playback, playback_version=self.state.version + 1)

    def _change(self, **changes: object) -> None:
        self.state = replace(self.state, version=self.state.version + 1, **changes)  # type: ignore[arg-type]
        self._saver.save_soon(self.state)


def _same(known: CredentialRecord, given: CredentialRecord) -> bool:
    """A stream key by its hash; a studio by its person, whose signed token the web process has read."""
    if known.kind != given.kind:
        return False
    if known.kind == "studio":
        return known.id == given.id
    if known.token_sha256 is None or given.token_sha256 is None:
        return False
    return session_state.same_secret(known.token_sha256, given.token_sha256)


class StateSaver:
    """Writes the newest state of one session in a thread, one write at a time.

    What no disk takes is tried again each second, as long as `tick` is called.
    """

    def __init__(self, roots: tuple[Path, ...], on_saved: Callable[[SessionState], None]) -> None:
        self._roots = roots
        self._on_saved = on_saved
        self._newest: SessionState | None = None
        self._again_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_saved(self) -> bool:
        """Whether the newest state is on a disk."""
        return self._newest is None

    def save_soon(self, state: SessionState) -> None:
        self._newest = state
        if not self._is_writing:
            self._task = asyncio.create_task(self._save())

    def tick(self, now: float) -> None:
        """A second after a write failed, begin another one."""
        if self._newest is None or self._is_writing:
            self._again_at = now + SAVE_AGAIN_SECONDS
        elif now >= self._again_at:
            self.save_soon(self._newest)

    async def flush(self) -> None:
        """Returns when the newest state is on a disk, or one more try has failed."""
        if self._newest is not None:
            self.save_soon(self._newest)
        if self._task is not None:
            await self._task

    @property
    def _is_writing(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _save(self) -> None:
        while (state := self._newest) is not None:
            try:
                await asyncio.to_thread(session_state.save_somewhere, self._roots, state)
            except OSError as error:
                log.error("session %s: its state could not be written: %s", state.session_id, error)
                if self._newest is state:
                    return
                continue
            if self._newest is state:
                self._newest = None
            self._on_saved(state)
