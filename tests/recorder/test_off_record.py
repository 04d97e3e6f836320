"""Off the record: the span is in the session's state when it is answered, and the recording hides it."""

from __future__ import annotations

from contextlib import closing

import pytest

from recorder import live_session
from recorder.hidden_spans import HiddenKind
from recorder.media_log_reader import SessionReader
from tests.recorder.test_live_rooms import Stage, on_stage, refused


@on_stage
async def test_it_is_on_the_disk_when_it_is_answered_and_recording_goes_on(stage: Stage) -> None:
    session = await stage.live()
    assert await stage.rooms.hold_off_record("hall", True) == {"off_record": True}
    state = stage.state(session)
    assert state.is_off_record and len(state.off_record) == 1
    assert state.off_record[0].start == pytest.approx(stage.clocks.now - state.started_monotonic)
    await stage.run(6)
    assert await stage.rooms.hold_off_record("hall", False) == {"off_record": False}
    closed = stage.state(session).off_record[0]
    # What was said just before still comes in.
    assert closed.end == pytest.approx(closed.start + 6 + live_session.ON_ITS_WAY_SECONDS, abs=0.1)
    await stage.run(6)
    await stage.rooms.end("hall", "lecturer")
    with closing(SessionReader(stage.settings.session_roots, session)) as reader:
        recorded = [one for take in reader.takes for one in take.timed_segments()]
        assert recorded[-1].end > 12
        edits = reader.whole_list(1)
        assert [span.kind for span in edits.hidden] == [HiddenKind.PRIVATE]
        played = reader.edit_list(1).spans
        hidden = [one for one in recorded if not any(span.shows(one.segment) for span in played)]
        assert hidden and hidden[0].start <= closed.start and hidden[-1].end >= closed.end


@on_stage
async def test_twice_is_once(stage: Stage) -> None:
    session = await stage.live()
    for _ in range(2):
        await stage.rooms.hold_off_record("hall", True)
    begun = stage.state(session)
    assert len(begun.off_record) == 1
    for _ in range(2):
        await stage.rooms.hold_off_record("hall", False)
    assert stage.state(session).version == begun.version + 1


@on_stage
async def test_another_recorder_goes_on_off_the_record(stage: Stage) -> None:
    session = await stage.live()
    await stage.rooms.hold_off_record("hall", True)
    await stage.restart()
    assert stage.state(session).is_off_record
    await stage.publish()
    await stage.run(2)
    assert (await stage.rooms.hold_off_record("hall", False))["off_record"] is False
    assert len(stage.state(session).off_record) == 1


@on_stage
async def test_forgotten_it_ends_with_the_lecture_and_can_be_shown_again(stage: Stage) -> None:
    session = await stage.live()
    await stage.rooms.hold_off_record("hall", True)
    await stage.run(1)
    await stage.rooms.end("hall", "lecturer")
    state = stage.state(session)
    assert not state.is_off_record and state.off_record[0].end is None
    with closing(SessionReader(stage.settings.session_roots, session)) as reader:
        assert reader.takes and reader.whole_list(1).hidden[0].end > 3_600


@on_stage
async def test_a_room_that_is_not_live_has_no_record(stage: Stage) -> None:
    assert await refused(stage.rooms.hold_off_record("hall", True)) == 409


@on_stage
async def test_very_many_spans_become_one_that_is_longer(stage: Stage) -> None:
    session = await stage.live()
    for _ in range(live_session.MOST_OFF_RECORD + 3):
        await stage.rooms.hold_off_record("hall", True)
        stage.clocks.now += 3
        await stage.rooms.hold_off_record("hall", False)
        stage.clocks.now += 3
    state = stage.state(session)
    assert len(state.off_record) == live_session.MOST_OFF_RECORD
    assert state.off_record[-1].end == pytest.approx(stage.clocks.now - 3 + 1 - state.started_monotonic)
    assert len(state.hidden) == live_session.MOST_OFF_RECORD
