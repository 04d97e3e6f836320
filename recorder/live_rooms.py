"""Which room is live, who publishes in it, and who may take its place.

Owned by the recorder process and called on its event loop only; nothing here waits for a database.
The rules are DESIGN.md's: the same credential publishing again supersedes at once; another one is
let in while no picture arrives, else refused with 409; *End* ends the session, a lost publisher only
begins the slate; an absence ends the session too. `close()` suspends every session.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from recorder.live_session import LiveSession
from recorder.media import SourceSink
from recorder.playback_request import PlaybackRequest
from recorder.publication import Peer, Publication
from recorder.publish_request import CommandRefused, PublishRequest, RoomFacts
from recorder.session_opening import SessionOpener
from recorder.session_state import ABSENCE
from recorder.whip_peer import OfferRejected, WhipPeer
from settings import Settings

log = logging.getLogger(__name__)

END_COOLDOWN_SECONDS = 60.0
MAX_REMEMBERED_ANSWERS = 1_000
COMPLAIN_SECONDS = 5.0
CONNECTING_SECONDS = 5.0  # an encoder behind a firewall, trying for ever, must not keep others out


AcceptOffer = Callable[[str, SourceSink, Settings], Awaitable[Peer]]


@dataclass(slots=True)
class LiveRoom:
    """A room with a publication or a session; `changing()` serialises what changes either."""

    facts: RoomFacts
    session: LiveSession | None = None
    publication: Publication | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changes: int = 0

    @property
    def idle(self) -> bool:
        """Nothing is live here, and nobody is about to change that."""
        return self.session is None and self.publication is None and not self.busy

    @property
    def busy(self) -> bool:
        return self._changes > 0

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        self._changes += 1  # counts those who wait, too: a lock just let go would look free
        try:
            async with self._lock:
                yield
        finally:
            self._changes -= 1


class LiveRooms:
    """Arbitrates publications and owns the live sessions."""

    def __init__(
        self,
        settings: Settings,
        opener: SessionOpener,
        *,
        clock: Callable[[], float] = time.monotonic,
        accept: AcceptOffer = WhipPeer.accept,
    ) -> None:
        self._settings = settings
        self._opener = opener
        self._accept_offer = accept
        self._clock = clock
        self._rooms: dict[str, LiveRoom] = {}
        self._ended: dict[tuple[str, str], float] = {}
        self._unsaved: list[LiveSession] = []  # ended, but no disk has taken that yet
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._complain_at = 0.0

    async def resume(self) -> None:
        """Take up the sessions that were live when the last recorder stopped, and who has to wait."""
        for state, ended_at in await self._opener.ended_lately(END_COOLDOWN_SECONDS):
            self._cool_down(state.room_slug, (c.id for c in state.credentials), state.end_reason, ended_at)
        for session in await self._opener.resume_all():  # by age, the newest last
            older = self._rooms.get(session.state.room_slug)
            if older is not None and older.session is not None:
                # Its end could not be written (both disks full): one room, one live session.
                log.warning("session %s was left behind by %s", older.session.id, session.id)
                await self._end_session(older.session, "superseded")
            facts = RoomFacts(
                id=session.state.room_id,
                slug=session.state.room_slug,
                organization_id=session.state.organization_id,
                title=session.state.title,
                access=session.state.access,
            )
            self._rooms[facts.slug] = LiveRoom(facts, session=session)
            log.info("session %s of room %s goes on", session.id, facts.slug)

    async def publish(self, request: PublishRequest) -> dict[str, Any]:
        """Answer an offer. Raises CommandRefused. The same `request_id` gets the same answer."""
        room = self._rooms.setdefault(request.room.slug, LiveRoom(request.room))
        async with room.changing():
            if (known := self._answers.get(request.request_id)) is not None:
                return known
            request = self._identified(room, request)
            self._check_admission(room, request)
            if request.verified and request.room.id is not None:
                room.facts = request.room
            answer = await self._accept(room, request)
            self._remember(request.request_id, answer)
        return answer

    async def control_playback(self, room_name: str, request: PlaybackRequest) -> dict[str, Any]:
        """Play a film in a live room, or control it. The same `request_id` gets the same answer.

        Raises CommandRefused.
        """
        room = self._find(room_name)
        session = room.session if room is not None else None
        if session is None:
            raise CommandRefused(409, "Not live", "No session of this room is live.")
        async with session.controlling:
            if (known := self._answers.get(request.request_id)) is not None:
                return known
            playback = await session.control_playback(request)
            answer = {"playback": asdict(playback) if playback is not None else None}
            self._remember(request.request_id, answer)
        return answer

    async def hold_off_record(self, room_name: str, begins: bool) -> dict[str, Any]:
        """What is said in a live room from now on is not for its recording, or is again. Answered when it is
        on a disk; doing it twice is doing it once. Raises CommandRefused.
        """
        room = self._find(room_name)
        session = room.session if room is not None else None
        if session is None:
            raise CommandRefused(409, "Not live", "No session of this room is live.")
        session.hold_off_record(begins)
        await session.flush()
        if not session.is_saved:
            raise CommandRefused(503, "Not written", "No disk takes it just now; it is tried again.")
        return {"off_record": session.state.is_off_record}

    def publication(self, publication_id: str) -> Publication:
        """Raises CommandRefused(404) when there is none of that id."""
        for room in self._rooms.values():
            if room.publication is not None and room.publication.id == publication_id:
                return room.publication
        raise CommandRefused(404, "No such publication", "It has ended or never was.")

    async def end(self, room_name: str, reason: str) -> dict[str, Any]:
        """End the session of a room, named by slug or id. Raises CommandRefused(404) when none is live."""
        room = self._find(room_name)
        if room is None or (room.session is None and room.publication is None):
            raise CommandRefused(404, "Not live", "No session of this room is live.")
        async with room.changing():
            return await self._end(room, reason)

    def revoke(self, credential_id: str) -> None:
        """A revoked key's publication ends now, and it is not let back in."""
        for room in self._rooms.values():
            if room.session is not None:
                room.session.forget_credential(credential_id)
            if room.publication is not None and room.publication.credential.id == credential_id:
                self._start(room.publication.close())

    def tick(self) -> None:
        """Called about 30 times a second by the recorder."""
        now = self._clock()
        for slug, room in list(self._rooms.items()):
            if room.session is not None:
                self._tick_session(room.session, now)
                if self._absent_too_long(room.session, now) and not room.busy:
                    self._start(self._end_absent(room))
            elif room.idle:
                del self._rooms[slug]
        for session in self._unsaved:
            session.save_again(now)
        self._unsaved = [session for session in self._unsaved if not session.is_saved]

    def _tick_session(self, session: LiveSession, now: float) -> None:
        """Whatever goes wrong in one room, the others' lectures go on."""
        try:
            session.tick(now)
        except Exception:
            if now >= self._complain_at:  # not 30 times a second
                self._complain_at = now + COMPLAIN_SECONDS
                log.exception("session %s: its tick failed", session.id)

    def status(self) -> dict[str, Any]:
        return {slug: _status(room) for slug, room in self._rooms.items()}

    async def close(self) -> None:
        """Close the peers and suspend the sessions; idempotent."""
        rooms, self._rooms = list(self._rooms.values()), {}
        for room in rooms:
            async with room.changing():
                if room.publication is not None:
                    publication, room.publication = room.publication, None
                    await publication.close()
                if room.session is not None:
                    await room.session.suspend()
        unsaved, self._unsaved = self._unsaved, []
        for session in unsaved:
            await session.flush()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Admission

    def _remember(self, request_id: str, answer: dict[str, Any]) -> None:
        self._answers[request_id] = answer
        while len(self._answers) > MAX_REMEMBERED_ANSWERS:
            self._answers.popitem(last=False)

    def _check_admission(self, room: LiveRoom, request: PublishRequest) -> None:
        if self._cooling_down(room, request):
            raise CommandRefused(
                409,
                "Session ended",
                "This session was ended. A new one can begin in a minute.",
            )
        if request.session_id is not None and (room.session is None or room.session.id != request.session_id):
            raise CommandRefused(409, "Session ended", "The session that this studio was in has ended.")
        if room.session is None and self._opener.disk_is_low():
            raise CommandRefused(507, "Disk full", "Too little disk is free to begin a session.")
        other = room.publication
        if other is None or request.takeover or _may_supersede(other, request):
            return
        if self._holds_the_room(room, other):
            raise CommandRefused(409, "Room taken", "Somebody else is publishing in this room.")

    def _holds_the_room(self, room: LiveRoom, publication: Publication) -> bool:
        """Whether a picture arrives, or the first one of a publication may still be on its way."""
        if room.session is not None:
            return room.session.picture_arriving
        return publication.has_media or self._clock() - publication.waits_since < CONNECTING_SECONDS

    def _identified(self, room: LiveRoom, request: PublishRequest) -> PublishRequest:
        """The request with a credential that somebody has verified, now or earlier in this session."""
        if request.verified:
            return request
        known = room.session.known(request.credential) if room.session is not None else None
        if known is None:
            raise CommandRefused(
                503, "Not ready", "The database is away, and this credential is not known in a live session."
            )
        return replace(request, credential=known)

    def _cool_down(self, slug: str, credential_ids: Iterable[str], reason: str | None, now: float) -> None:
        """After *End* an encoder that reconnects by itself begins no new session; after an absence it may."""
        self._ended = {k: at for k, at in self._ended.items() if now - at < END_COOLDOWN_SECONDS}
        if reason != ABSENCE:
            self._ended.update({(slug, credential_id): now for credential_id in credential_ids})

    def _cooling_down(self, room: LiveRoom, request: PublishRequest) -> bool:
        ended_at = self._ended.get((room.facts.slug, request.credential.id))
        if ended_at is None or room.session is not None:
            return False
        if request.credential.kind == "studio":
            return False  # its token was asked for: a wish for a new session, not an encoder's habit
        return self._clock() - ended_at < END_COOLDOWN_SECONDS

    # Publications

    async def _accept(self, room: LiveRoom, request: PublishRequest) -> dict[str, Any]:
        before = room.publication
        tries_again = (
            before is not None and before.credential.id == request.credential.id and not before.has_media
        )
        publication = Publication(
            self._opener.new_id(),
            request.credential,
            request.bearer_sha256,
            waits_since=before.waits_since if before is not None and tries_again else self._clock(),
            address=request.address,
            on_first_media=lambda p: self._start(self._open_session(room, p)),
            on_closed=lambda p, reason: self._start(self._leave(room, p, reason)),
        )
        try:
            peer = await self._accept_offer(request.sdp, publication, self._settings)
        except OfferRejected as rejected:
            raise CommandRefused(rejected.status, rejected.title, rejected.detail) from rejected
        publication.peer = peer
        old, room.publication = room.publication, publication
        if old is not None:
            log.info(
                "room %s: publication %s supersedes %s",
                room.facts.slug,
                publication.id,
                old.id,
            )
            if room.session is not None and old.has_media:
                room.session.leave("superseded")
            self._start(old.close())
        return {
            "publication_id": publication.id,
            "session_id": room.session.id if room.session else None,
            "answer": peer.answer_sdp,
            "etag": peer.etag,
        }

    async def _open_session(self, room: LiveRoom, publication: Publication) -> None:
        """First media: a session begins, or the live one gets its source back."""
        async with room.changing():
            peer = publication.peer
            if room.publication is not publication or peer is None:
                return
            if room.session is None:
                try:
                    room.session = await self._opener.open(room.facts)
                except OSError as error:
                    # Its encoder tries again; the next attempt may find a disk.
                    log.error("room %s: no session can begin: %s", room.facts.slug, error)
                    self._start(publication.close())
                    return
            sink = room.session.admit(publication.credential, peer, has_video=peer.has_video)
            publication.feed(sink)

    async def _leave(self, room: LiveRoom, publication: Publication, reason: str) -> None:
        async with room.changing():
            if room.publication is not publication:
                return
            room.publication = None
            log.info(
                "room %s: publication %s is over: %s",
                room.facts.slug,
                publication.id,
                reason,
            )
            if room.session is not None and publication.has_media:
                room.session.leave(reason)

    async def _end(self, room: LiveRoom, reason: str) -> dict[str, Any]:
        session, room.session = room.session, None
        publication, room.publication = room.publication, None
        self._cool_down(room.facts.slug, _credential_ids(session, publication), reason, self._clock())
        if session is not None:
            await self._end_session(session, reason)
            log.info("session %s ended: %s", session.id, reason)
        if publication is not None:
            self._start(publication.close())
        return {"session_id": session.id if session else None}

    async def _end_session(self, session: LiveSession, reason: str) -> None:
        try:
            await session.end(reason)
        finally:
            if not session.is_saved:
                self._unsaved.append(session)

    async def _end_absent(self, room: LiveRoom) -> None:
        async with room.changing():
            if room.session is not None and self._absent_too_long(room.session, self._clock()):
                await self._end(room, ABSENCE)

    def _absent_too_long(self, session: LiveSession, now: float) -> bool:
        since = session.absent_since
        return since is not None and now - since >= self._settings.absence_seconds

    def _find(self, name: str) -> LiveRoom | None:
        if name in self._rooms:
            return self._rooms[name]
        return next((room for room in self._rooms.values() if room.facts.id == name), None)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a room's task failed", exc_info=error)


def _may_supersede(other: Publication, request: PublishRequest) -> bool:
    """The same credential, at once; but of one person's two studios none takes the room back by itself."""
    return other.credential.id == request.credential.id and request.replaces in (None, other.id)


def _credential_ids(session: LiveSession | None, publication: Publication | None) -> Iterator[str]:
    if session is not None:
        yield from (c.id for c in session.state.credentials)
    if publication is not None:
        yield publication.credential.id


def _status(room: LiveRoom) -> Mapping[str, Any]:
    session, publication = room.session, room.publication
    publisher = (
        {"credential": publication.credential.id, "address": publication.address} if publication else None
    )
    return {
        "room_id": room.facts.id,
        "publication": publication.id if publication else None,
        "publisher": publisher,
        "credentials": sorted({*_credential_ids(session, publication)}),
        "session": session.id if session else None,
        "phase": session.state.phase if session else None,
        "recording": session.state.recording if session else None,
        "bytes": session.recorded_bytes if session else 0,
        "program": session.program.stats() if session else None,
    }
