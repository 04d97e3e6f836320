"""Who may publish when: live rooms with real programs and logs, on a clock that the test turns.

Peers are sources of real pictures that live in this process; nothing sleeps.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from recorder import session_state
from recorder.disk_space import DiskSpace
from recorder.h264 import nal_type
from recorder.live_rooms import END_COOLDOWN_SECONDS, LiveRooms
from recorder.live_session import SessionListener
from recorder.media import AccessUnit, OpusPacket, SessionPhase, SourceSink
from recorder.media_log_reader import SessionReader
from recorder.publish_request import CommandRefused, PublishRequest, RoomFacts
from recorder.session_opening import SessionOpener
from recorder.session_state import CredentialRecord, SessionState
from settings import Settings
from tests.recorder.media_maker import make_settings
from tests.recorder.program_stage import Encoder, opus_packets

ABSENCE = 20.0
HALL = RoomFacts(id="room-1", slug="hall", organization_id="o", title="Hall", access="open")
KEY = CredentialRecord("key-1", "stream_key", "ab" * 32)
OTHER = CredentialRecord("key-2", "stream_key", "cd" * 32)
STUDIO = CredentialRecord("studio:sato", "studio", None)


class Clocks:
    """Monotonic and wall clock; the wall clock can be stepped."""

    def __init__(self) -> None:
        self.now = 5_000.0
        self.wall_ahead = 1.7e9

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.wall_ahead


class StagePeer:
    """A source as an offer makes it: delivers a picture and sound when the stage says so."""

    answer_sdp, etag, has_video = "an answer", '"etag"', True

    def __init__(self, sink: SourceSink, clocks: Clocks) -> None:
        self._sink, self._clocks = sink, clocks
        self._encoder = Encoder()
        self._key_frame = True
        self._rtp = itertools.count(1_000_000, 3_000)
        self._opus = zip(itertools.count(9_000, 960), itertools.cycle(opus_packets()), strict=False)
        self.resting = self.closed = False

    def request_key_frame(self) -> None:
        self._key_frame = True

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._sink.on_closed("closed")

    def vanish(self) -> None:
        """The transport notices that the publisher is gone."""
        self.closed = True
        self._sink.on_closed("no consent")

    def deliver(self) -> None:
        """1/30 s of media."""
        if self.resting or self.closed:
            return
        nals = self._encoder.next(key_frame=self._key_frame)
        self._key_frame = False
        independent = any(nal_type(nal) == 5 for nal in nals)
        rtp, sound = next(self._rtp), next(self._opus)
        self._sink.on_video(AccessUnit(tuple(nals), rtp, self._clocks.now, independent))
        self._sink.on_audio(OpusPacket(sound[1], sound[0], self._clocks.now))


class Stage:
    """A recorder without sockets. `restart()` is what a killed recorder's successor does."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.settings: Settings = make_settings(
            folder, absence_seconds=ABSENCE, disk_floor_bytes=0, **changes
        )
        self.clocks = Clocks()
        self.peers: list[StagePeer] = []
        self.told: list[SessionState] = []
        self.on_part: Callable[[SessionState], None] = lambda _: None
        self.requests = itertools.count()
        self.rooms = self._assembled()

    def _assembled(self) -> LiveRooms:
        self.space = DiskSpace(self.settings)
        listener = SessionListener(on_part=lambda state, *_: self.on_part(state), on_state=self.told.append)
        opener = SessionOpener(
            self.settings,
            listener,
            f"epoch-{len(self.told)}",
            self.space,
            clock=self.clocks.monotonic,
            wall_clock=self.clocks.wall,
        )
        return LiveRooms(self.settings, opener, clock=self.clocks.monotonic, accept=self._accept)

    async def _accept(self, _sdp: str, sink: SourceSink, _settings: Settings) -> StagePeer:
        self.peers.append(StagePeer(sink, self.clocks))
        return self.peers[-1]

    async def publish(self, credential: CredentialRecord = KEY, **changes: object) -> dict:
        request = PublishRequest(
            request_id=f"request-{next(self.requests)}",
            room=HALL,
            credential=credential,
            verified=True,
            takeover=False,
            sdp="an offer",
            bearer_sha256="ef" * 32,
            address="192.0.2.9",
        )
        return await self.rooms.publish(dataclasses.replace(request, **changes))

    async def run(self, seconds: float) -> None:
        """Time passes; peers deliver; files are written."""
        for _ in range(round(seconds * 30)):
            self.clocks.now += 1 / 30
            for peer in self.peers:
                peer.deliver()
            self.rooms.tick()
            await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        """What was begun in tasks and threads is done."""
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks)

    async def live(self, credential: CredentialRecord = KEY) -> str:
        """A lecture under way; its session's id."""
        await self.publish(credential)
        await self.run(0.2)  # the first media opens the session in a thread
        await self.run(1.5)
        session_id = self.status["session"]
        assert session_id is not None and self.status["phase"] is SessionPhase.LIVE
        return str(session_id)

    @property
    def status(self) -> dict:
        return self.rooms.status()["hall"]

    def state(self, session_id: str) -> SessionState:
        found = session_state.load(self.settings.session_roots, session_id)
        assert found is not None
        return found

    async def restart(self) -> None:
        """The recorder is gone (its peers with it) and another one takes up what is there."""
        for peer in self.peers:
            peer.resting = True
        await self.close()
        self.rooms = self._assembled()
        await self.rooms.resume()

    async def close(self) -> None:
        await self.rooms.close()
        self.space.close()


def on_stage(test: Callable[[Stage], Awaitable[None]]) -> Callable[[Path], None]:
    """Run an asynchronous test with a stage, and close that."""

    def run(tmp_path: Path) -> None:
        async def play() -> None:
            stage = Stage(tmp_path)
            await stage.rooms.resume()
            try:
                await test(stage)
            finally:
                await stage.close()

        asyncio.run(play())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def refused(publishing: Awaitable[object]) -> int:
    with pytest.raises(CommandRefused) as caught:
        await publishing
    return caught.value.status


@on_stage
async def test_the_same_credential_supersedes_a_living_peer_at_once(stage: Stage) -> None:
    session = await stage.live()
    first = stage.status["publication"]
    answer = await stage.publish()
    assert answer["session_id"] == session
    assert stage.status["publication"] == answer["publication_id"] != first
    await stage.run(2)
    assert stage.peers[0].closed and not stage.peers[1].closed
    assert stage.status["phase"] is SessionPhase.LIVE
    assert stage.status["session"] == session


@on_stage
async def test_another_credential_gets_409_while_a_picture_arrives(stage: Stage) -> None:
    await stage.live()
    assert await refused(stage.publish(OTHER)) == 409
    assert len(stage.peers) == 1 and not stage.peers[0].closed


@on_stage
async def test_another_credential_is_let_in_during_the_slate(stage: Stage) -> None:
    session = await stage.live()
    stage.peers[0].vanish()
    await stage.run(1)
    assert stage.status["phase"] is SessionPhase.SLATE
    assert (await stage.publish(OTHER))["session_id"] == session
    await stage.run(2)
    assert stage.status["phase"] is SessionPhase.LIVE
    assert await refused(stage.publish(KEY)) == 409


@on_stage
async def test_a_peer_that_delivers_nothing_any_more_does_not_keep_others_out(stage: Stage) -> None:
    session = await stage.live()
    stage.peers[0].resting = True
    await stage.run(4)
    assert (await stage.publish(OTHER))["session_id"] == session
    await stage.run(1)
    assert stage.peers[0].closed


@on_stage
async def test_a_takeover_replaces_a_living_peer(stage: Stage) -> None:
    session = await stage.live()
    assert (await stage.publish(STUDIO, takeover=True))["session_id"] == session
    await stage.run(2)
    assert stage.peers[0].closed and stage.status["phase"] is SessionPhase.LIVE


@on_stage
async def test_a_request_asked_twice_makes_one_publication(stage: Stage) -> None:
    answers = await asyncio.gather(stage.publish(request_id="the same"), stage.publish(request_id="the same"))
    assert answers[0] == answers[1] == await stage.publish(request_id="the same")
    assert len(stage.peers) == 1


@on_stage
async def test_an_offer_without_media_begins_no_session(stage: Stage) -> None:
    await stage.publish()
    stage.peers[0].resting = True
    await stage.run(1)
    assert stage.status["session"] is None
    assert await refused(stage.publish(OTHER)) == 409, "its picture may be on the way"
    stage.peers[0].vanish()
    await stage.run(0.1)
    assert stage.rooms.status() == {}
    assert not stage.told


@on_stage
async def test_who_cannot_deliver_keeps_nobody_out(stage: Stage) -> None:
    for _ in range(6):  # an encoder behind a firewall, trying again and again
        await stage.publish()
        stage.peers[-1].resting = True
        await stage.run(1)
    await stage.live(OTHER)
    assert await refused(stage.publish()) == 409


@on_stage
async def test_after_the_end_the_key_waits_a_minute(stage: Stage) -> None:
    session = await stage.live()
    assert (await stage.rooms.end("hall", "lecturer"))["session_id"] == session
    await stage.settle()
    ended = stage.state(session)
    assert ended.phase is SessionPhase.ENDED and ended.end_reason == "lecturer"
    assert stage.peers[0].closed
    assert await refused(stage.publish()) == 409
    stage.clocks.now += END_COOLDOWN_SECONDS - 1
    assert await refused(stage.publish()) == 409
    stage.clocks.now += 2
    assert await stage.live() != session


@on_stage
async def test_the_minute_outlives_the_recorder(stage: Stage) -> None:
    await stage.live()
    await stage.rooms.end("hall", "lecturer")
    await stage.restart()
    assert await refused(stage.publish()) == 409
    stage.clocks.now += END_COOLDOWN_SECONDS + 1
    await stage.live()


@on_stage
async def test_after_an_absence_the_key_need_not_wait(stage: Stage) -> None:
    session = await stage.live()
    stage.peers[0].vanish()
    await stage.run(ABSENCE + 1)
    assert stage.state(session).phase is SessionPhase.ENDED
    assert await stage.live() != session


@on_stage
async def test_after_the_end_a_studio_may_begin_anew(stage: Stage) -> None:
    session = await stage.live(STUDIO)
    await stage.rooms.end("room-1", "lecturer")  # by id, too
    assert await stage.live(STUDIO) != session


@on_stage
async def test_a_studio_that_comes_back_after_the_end_begins_nothing(stage: Stage) -> None:
    session = await stage.live(STUDIO)
    await stage.rooms.end("hall", "lecturer")
    assert await refused(stage.publish(STUDIO, session_id=session)) == 409
    await stage.run(1.0)
    assert stage.rooms.status() == {}


@on_stage
async def test_a_studio_that_comes_back_in_time_goes_on(stage: Stage) -> None:
    session = await stage.live(STUDIO)
    before = stage.rooms.status()["hall"]["publication"]
    answer = await stage.publish(STUDIO, session_id=session, replaces=before)
    assert answer["session_id"] == session


@on_stage
async def test_of_two_studios_of_one_person_none_takes_the_room_back_by_itself(stage: Stage) -> None:
    session = await stage.live(STUDIO)
    first = stage.rooms.status()["hall"]["publication"]
    await stage.publish(STUDIO)  # another tab, by a click
    await stage.run(1.5)
    assert await refused(stage.publish(STUDIO, session_id=session, replaces=first)) == 409
    await stage.publish(STUDIO, session_id=session, replaces=first, takeover=True)


@on_stage
async def test_ending_what_is_not_live_is_404(stage: Stage) -> None:
    assert await refused(stage.rooms.end("hall", "lecturer")) == 404
    await stage.live()
    await stage.rooms.end("hall", "lecturer")
    assert await refused(stage.rooms.end("hall", "lecturer")) == 404


@on_stage
async def test_a_long_absence_ends_the_session(stage: Stage) -> None:
    session = await stage.live()
    stage.peers[0].vanish()
    await stage.run(ABSENCE - 1)
    assert stage.status["session"] == session
    await stage.run(2)
    assert stage.state(session).end_reason == "absence"
    assert stage.state(session).phase is SessionPhase.ENDED


@on_stage
async def test_recorders_that_restart_do_not_make_an_absence_longer(stage: Stage) -> None:
    stage.settings = dataclasses.replace(stage.settings, absence_seconds=200.0)
    session = await stage.live()
    stage.peers[0].vanish()
    for _ in range(3):
        await stage.restart()
        await stage.run(45)
        assert stage.status["session"] == session
    await stage.restart()
    await stage.run(70)
    assert stage.state(session).end_reason == "absence"


@on_stage
async def test_one_who_returns_in_time_stays_in_the_session(stage: Stage) -> None:
    session = await stage.live()
    stage.peers[0].vanish()
    await stage.run(ABSENCE - 2)
    assert (await stage.publish())["session_id"] == session
    await stage.run(ABSENCE)
    assert stage.status["session"] == session


@on_stage
async def test_a_revoked_key_is_out_and_unknown(stage: Stage) -> None:
    session = await stage.live()
    assert stage.status["credentials"] == [KEY.id]
    assert stage.status["publisher"] == {"credential": KEY.id, "address": "192.0.2.9"}
    stage.rooms.revoke(KEY.id)
    await stage.run(0.2)
    assert stage.peers[0].closed
    assert (stage.status["credentials"], stage.status["publisher"]) == ([], None)
    assert stage.status["session"] == session
    unproven = dataclasses.replace(KEY, id="unknown")
    assert await refused(stage.publish(unproven, verified=False)) == 503


@on_stage
async def test_without_a_database_a_known_key_comes_back(stage: Stage) -> None:
    session = await stage.live()
    stage.peers[0].vanish()
    await stage.run(1)
    unproven = dataclasses.replace(KEY, id="unknown")
    assert (await stage.publish(unproven, verified=False))["session_id"] == session
    assert await refused(stage.publish(dataclasses.replace(OTHER, id="unknown"), verified=False)) == 503


@on_stage
async def test_a_restarted_recorder_goes_on_with_the_session(stage: Stage) -> None:
    session = await stage.live()
    await stage.restart()
    assert stage.status["session"] == session and stage.status["phase"] is SessionPhase.SLATE
    unproven = dataclasses.replace(KEY, id="unknown")
    assert (await stage.publish(unproven, verified=False))["session_id"] == session
    await stage.run(2)
    assert stage.status["phase"] is SessionPhase.LIVE


@pytest.mark.parametrize("step", [3_600.0, -3_600.0])
def test_a_stepped_wall_clock_moves_nothing(tmp_path: Path, step: float) -> None:
    """While it runs, and between two recorders: media time, dates and the session stay."""

    @on_stage
    async def play(stage: Stage) -> None:
        session = await stage.live()
        began = stage.clocks.now
        started_at = stage.state(session).started_at
        stage.clocks.wall_ahead += step
        await stage.run(2)
        await stage.restart()
        assert stage.rooms.status()["hall"]["session"] == session, "not taken for long abandoned"
        stage.clocks.wall_ahead += step
        await stage.publish()
        await stage.run(2)
        passed = stage.clocks.now - began
        await stage.rooms.end("hall", "lecturer")
        state = stage.state(session)
        reader = SessionReader(stage.settings.session_roots, session)
        records = [record for take in reader.takes for record in take.records]
        reader.close()
        assert state.started_at == started_at
        assert state.ended_at == pytest.approx(started_at + records[-1].pts / 90_000, abs=1.0)
        assert records[-1].pts / 90_000 == pytest.approx(passed + 1.7, abs=1.0)
        steps = [after.pts - before.pts for before, after in itertools.pairwise(records)]
        assert min(steps) > 0 and max(steps) < 90_000

    play(tmp_path)


@on_stage
async def test_a_session_abandoned_long_ago_is_ended_at_its_last_part(stage: Stage) -> None:
    session = await stage.live()
    end_pts = SessionReader(stage.settings.session_roots, session).takes[-1].end_pts
    stage.peers[0].resting = True
    await stage.close()
    stage.clocks.now += ABSENCE + 5
    stage.rooms = stage._assembled()
    await stage.rooms.resume()
    assert stage.rooms.status() == {}
    state = stage.state(session)
    assert state.phase is SessionPhase.ENDED and state.end_reason == "absence"
    assert state.ended_at == pytest.approx(state.started_at + end_pts / 90_000, abs=1.0)


@on_stage
async def test_of_two_unended_sessions_of_a_room_the_newest_goes_on(stage: Stage) -> None:
    older = await stage.live()
    stale = stage.state(older)
    await stage.rooms.end("hall", "lecturer")
    newer = await stage.live(OTHER)
    # The older one's end could not be written: both disks were full.
    session_state.save(stage.settings.sessions_folder, dataclasses.replace(stale, version=1_000))
    await stage.restart()
    assert stage.status["session"] == newer
    assert stage.state(older).phase is SessionPhase.ENDED


def test_no_session_begins_under_the_floor(tmp_path: Path) -> None:
    async def play() -> None:
        stage = Stage(tmp_path)
        stage.settings = dataclasses.replace(stage.settings, disk_floor_bytes=1 << 60)
        stage.rooms = stage._assembled()
        await stage.rooms.resume()
        assert await refused(stage.publish()) == 507
        await stage.close()

    asyncio.run(play())


@on_stage
async def test_what_fails_in_one_room_ends_no_other_lecture(stage: Stage) -> None:
    hall = await stage.live()
    await stage.publish(OTHER, room=dataclasses.replace(HALL, id="room-2", slug="annex"))
    await stage.run(0.2)  # the first media opens its session in a thread
    await stage.run(2)
    told: list[str] = []

    def tell(state: SessionState) -> None:
        told.append(state.session_id)
        if state.session_id == hall:
            raise RuntimeError("a defect that only this room's slate has")

    stage.on_part = tell
    stage.peers[0].vanish()
    await stage.run(2)
    annex = stage.rooms.status()["annex"]["session"]
    assert told.count(annex) >= 5 and hall in told
    stage.on_part = lambda _: None
    await stage.run(1)
    assert stage.status["phase"] is SessionPhase.SLATE, "and it goes on itself"


def refuse_states(stage: Stage, session: str) -> Callable[[], None]:
    """Neither disk takes the session's state; returns what ends that. The media log's files stay open."""
    folder, aside = stage.settings.sessions_folder / session, stage.settings.storage / "aside"
    folder.rename(aside)
    folder.write_text("not a folder")
    stage.settings.spill_folder.write_text("not a folder")

    def accept() -> None:
        folder.unlink()
        aside.rename(folder)
        stage.settings.spill_folder.unlink()

    return accept


@on_stage
async def test_an_end_that_no_disk_takes_is_written_as_soon_as_one_does(stage: Stage) -> None:
    session = await stage.live()
    accept = refuse_states(stage, session)
    await stage.rooms.end("hall", "lecturer")
    await stage.run(2)
    told = len(stage.told)
    accept()
    assert stage.state(session).phase is SessionPhase.LIVE
    await stage.run(1.5)
    assert stage.state(session).phase is SessionPhase.ENDED
    assert [state.phase for state in stage.told[told:]] == [SessionPhase.ENDED], "told when it is there"


@on_stage
async def test_an_end_that_no_disk_took_is_tried_once_more_when_the_recorder_stops(stage: Stage) -> None:
    session = await stage.live()
    accept = refuse_states(stage, session)
    await stage.rooms.end("hall", "lecturer")
    accept()
    await stage.restart()
    assert stage.rooms.status() == {}
    assert stage.state(session).end_reason == "lecturer"


@on_stage
async def test_a_change_that_no_disk_takes_is_written_later(stage: Stage) -> None:
    session = await stage.live()
    await stage.publish(OTHER, takeover=True)
    await stage.run(2)
    accept = refuse_states(stage, session)
    stage.rooms.revoke(KEY.id)
    await stage.run(1)
    accept()
    assert stage.state(session).credentials == (KEY, OTHER)
    await stage.run(1.5)
    assert stage.state(session).credentials == (OTHER,)
