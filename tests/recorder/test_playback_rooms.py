"""A film in a live room: the command, the session's state, absence, admission, and a recorder that stops."""

from __future__ import annotations

import itertools
import shutil
from typing import Any

import pytest

from recorder.media_log_reader import SessionReader
from recorder.playback_request import PlaybackRequest
from recorder.publish_request import CommandRefused
from tests.recorder.film_maker import ready_film
from tests.recorder.test_live_rooms import ABSENCE, KEY, OTHER, Stage, on_stage, refused

FILM = "0193aaaa-film"
numbers = itertools.count()


def wish(action: str, **more: Any) -> PlaybackRequest:
    body = {"request_id": f"r{next(numbers)}", "action": action, "title": "A film", **more}
    return PlaybackRequest.from_json({"media_id": FILM, **body} if action == "play" else body)


def with_film(stage: Stage, seconds: float = 6.0) -> None:
    folder = stage.settings.media_folder
    folder.mkdir(parents=True)
    shutil.copy(ready_film(stage.settings.storage.parent, seconds), folder / f"{FILM}.mkv")


async def control(stage: Stage, action: str, **more: Any) -> dict[str, Any] | None:
    answer = await stage.rooms.control_playback("hall", wish(action, **more))
    found: dict[str, Any] | None = answer["playback"]
    return found


@on_stage
async def test_what_is_played_is_in_the_sessions_state(stage):
    with_film(stage)
    session_id = await stage.live()
    told = await control(stage, "play", voice_over=True)
    assert told is not None and told["title"] == "A film" and told["duration"] == pytest.approx(6, abs=0.1)
    await stage.settle()
    state = stage.state(session_id)
    assert state.playback is not None and state.playback.media_id == FILM
    assert state.playback.voice_over and not state.playback.paused
    assert state.playback_version == state.version
    await stage.run(1)
    clock = stage.clocks.now - state.started_monotonic
    assert 0.5 < state.playback.position_at(clock) < 1.1
    told = await control(stage, "pause")
    await stage.settle()
    paused = stage.state(session_id).playback
    assert paused is not None and paused.paused and paused.position == told["position"]
    assert paused.position_at(clock + 100) == paused.position
    assert await control(stage, "stop") is None
    await stage.settle()
    assert stage.state(session_id).playback is None
    assert stage.state(session_id).playback_version > paused.at


@on_stage
async def test_it_is_a_take_of_the_recording(stage):
    with_film(stage)
    session_id = await stage.live()
    await control(stage, "play")
    await stage.run(1)
    await control(stage, "stop")
    await stage.run(2)
    await stage.rooms.end("hall", "lecturer")
    reader = SessionReader(stage.settings.session_roots, session_id)
    reader.refresh()
    sizes = [take.video.width for take in reader.takes if not take.slate]
    reader.close()
    assert len(sizes) == 3


@on_stage
async def test_the_same_request_is_carried_out_once(stage):
    with_film(stage)
    await stage.live()
    request = wish("play")
    first = await stage.rooms.control_playback("hall", request)
    await stage.run(1)
    assert await stage.rooms.control_playback("hall", request) == first
    assert len({state.playback.at for state in stage.told if state.playback is not None}) == 1


@on_stage
async def test_where_nothing_is_live_nothing_is_played(stage):
    with_film(stage)
    assert await refused(control(stage, "play")) == 409
    await stage.live()
    await stage.rooms.end("hall", "lecturer")
    assert await refused(control(stage, "play")) == 409


@on_stage
async def test_what_is_not_ready_is_not_found(stage):
    await stage.live()
    assert await refused(control(stage, "play")) == 404
    await stage.run(1)
    assert stage.status["phase"] == "live"


@on_stage
async def test_nobody_is_missed_while_a_film_runs(stage):
    with_film(stage)
    await stage.live()
    await control(stage, "play")
    stage.peers[0].vanish()
    await stage.run(3)
    assert await stage.rooms.end("hall", "test")


@on_stage
async def test_the_absence_begins_with_the_films_end_and_counts_in_a_pause(stage):
    with_film(stage)
    session_id = await stage.live()
    await control(stage, "play")
    stage.peers[0].vanish()
    await control(stage, "pause")
    await stage.run(ABSENCE + 1)
    assert stage.state(session_id).end_reason == "absence"


@on_stage
async def test_another_key_is_kept_out_while_a_film_rests(stage):
    with_film(stage)
    await stage.live(KEY)
    await control(stage, "play")
    await control(stage, "pause")
    stage.peers[0].resting = True
    await stage.run(5)
    assert await refused(stage.publish(OTHER)) == 409


@on_stage
async def test_for_the_next_recorder_the_film_is_over(stage):
    with_film(stage)
    session_id = await stage.live()
    await control(stage, "play")
    await stage.run(0.5)
    # As a killed recorder leaves it: the state on disk still tells of the film.
    left = (stage.settings.sessions_folder / session_id / "session.json").read_bytes()
    assert b'"media_id"' in left
    await stage.close()
    (stage.settings.sessions_folder / session_id / "session.json").write_bytes(left)
    stage.rooms = stage._assembled()
    await stage.rooms.resume()
    state = stage.state(session_id)
    assert state.playback is None and state.playback_version == state.version
    assert await refused(control(stage, "pause")) == 409


@on_stage
async def test_the_end_of_the_session_is_the_end_of_the_film(stage):
    with_film(stage)
    session_id = await stage.live()
    await control(stage, "play")
    await stage.rooms.end("hall", "lecturer")
    assert stage.state(session_id).playback is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"request_id": "1", "action": "dance"},
        {"request_id": "1", "action": "play"},
        {"request_id": "1", "action": "play", "media_id": "../../etc/passwd"},
        {"request_id": "1", "action": "seek"},
        {"request_id": "1", "action": "seek", "position": "soon"},
        {"request_id": "1", "action": "seek", "position": float("nan")},
    ],
)
def test_commands_that_make_no_sense(body):
    with pytest.raises(CommandRefused) as refusal:
        PlaybackRequest.from_json(body)
    assert refusal.value.status == 400
