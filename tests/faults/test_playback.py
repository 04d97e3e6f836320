"""Recorder and web are killed while a film is played: the lecture goes on, the state says what is played."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from broadcast.recorder_client import RecorderClient, RecorderUnavailable
from recorder.media_log_reader import SessionReader
from tests.faults.lecture import Lecture, lecture
from tests.faults.recording import decode_takes
from tests.installation import Installation, wait_for
from tests.recorder.film_maker import ready_film

FILM = "0193f11a-film"
SIZE = (160, 96)
FILM_SECONDS = 90.0


@pytest.fixture
def film(installation: Installation, tmp_path: Path) -> str:
    """A film, ready: longer than a busy machine needs to start a killed process anew."""
    folder = installation.storage / "media"
    folder.mkdir(exist_ok=True)
    shutil.copy(ready_film(tmp_path, FILM_SECONDS), folder / f"{FILM}.mkv")
    return FILM


def control(held: Lecture, action: str, request_id: str, **more: Any) -> dict[str, Any]:
    client = RecorderClient(held.installation.storage / "run" / "recorder.sock")
    wish = {"action": action, "request_id": request_id, "title": "A film", **more}
    return client.control_playback(held.slug, wish)


def playback(held: Lecture) -> dict[str, Any] | None:
    found: dict[str, Any] | None = held.installation.room(held.slug)["playback"]
    return found


def sizes(held: Lecture) -> list[tuple[int, int]]:
    """Of the takes that are no slates."""
    reader = SessionReader(held.roots, held.id)
    try:
        reader.refresh()
        return [(take.video.width, take.video.height) for take in reader.takes if not take.slate]
    finally:
        reader.close()


@pytest.mark.timeout(180)
def test_a_killed_recorder_ends_the_film_and_not_the_lecture(installation: Installation, film: str) -> None:
    with lecture(installation) as held:
        control(held, "play", "play-1", media_id=film)
        told = wait_for("the film in the state", lambda: playback(held))
        assert told["media_id"] == film and told["state"] == "playing" and told["duration"] > FILM_SECONDS - 1
        wait_for("the film's take", lambda: SIZE in sizes(held))
        takes = len(sizes(held))
        killed = held.installation.kill("recorder")
        wait_for("a new recorder", lambda: held.installation.pid("recorder") not in (None, killed))
        wait_for("its camera again", lambda: len(sizes(held)) > takes and sizes(held)[-1] != SIZE)
        wait_for("a state without the film", lambda: playback(held) is None)
        with pytest.raises(Exception, match="409"):
            control(held, "pause", "pause-1")
        held.go_on(2)
        assert held.end()["id"] == held.id
        held.known.compare(held.hints.of(held.id))
        assert decode_takes(held.roots, held.id) >= takes


@pytest.mark.timeout(180)
def test_a_killed_web_process_does_not_disturb_the_film(installation: Installation, film: str) -> None:
    with lecture(installation) as held:
        control(held, "play", "play-2", media_id=film)
        wait_for("the film's take", lambda: SIZE in sizes(held))
        killed = held.installation.kill("web")
        wait_for("a new web", lambda: held.installation.pid("web") not in (None, killed))
        wait_for("the film in the state", lambda: _told(held))
        control(held, "pause", "pause-2")
        wait_for("its rest in the state", lambda: (_told(held) or {}).get("state") == "paused")
        again = control(held, "pause", "pause-2")
        assert again == control(held, "pause", "pause-2"), "one request, one answer"
        held.go_on(3)  # viewers and recording go on while it rests
        assert control(held, "stop", "stop-2") == {"playback": None}
        wait_for("the camera", lambda: sizes(held)[-1] != SIZE)
        held.end()
        assert decode_takes(held.roots, held.id) >= 3


def _told(held: Lecture) -> dict[str, Any] | None:
    try:
        return playback(held)
    except (OSError, AssertionError, RecorderUnavailable):
        return None
