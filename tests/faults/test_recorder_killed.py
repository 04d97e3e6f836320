"""The recorder is killed at random moments of lectures: nothing that was complete is lost, all come back."""

from __future__ import annotations

import random
import socket
import time
from dataclasses import dataclass, field

import pytest

from tests.faults import FULL, count
from tests.faults.lecture import Lecture, lecture
from tests.faults.recording import decode, decode_takes, play_replay
from tests.installation import Installation, wait_for

LECTURES = count(full=5, small=1)
KILLS_EACH = count(full=10, small=3)
# The figures are for a machine that does nothing else; `make test` may share it.
SLACK = 1.0 if FULL else 2.0
RECONNECT_SECONDS = 3.0 * SLACK
PICTURE_SECONDS = 5.0 * SLACK


@dataclass
class Figures:
    """Seconds, one for each kill that was followed to its end."""

    kills: int = 0
    parts: int = 0
    started: list[float] = field(default_factory=list)
    reconnected: list[float] = field(default_factory=list)
    pictured: list[float] = field(default_factory=list)
    viewer_waits: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} SIGKILLs of the recorder, {self.parts} parts all there; "
            f"seconds at worst (median): killed → recorder ready {_figure(self.started)}, "
            f"recorder ready → publisher back {_figure(self.reconnected)}, "
            f"recorder started → its picture's first part {_figure(self.pictured)}, "
            f"longest wait of a viewer {_figure(self.viewer_waits)}"
        )


@pytest.mark.timeout(120 + 20 * LECTURES * KILLS_EACH)
def test_every_complete_part_outlives_the_recorder(installation: Installation, capsys) -> None:
    moments, figures = random.Random(2), Figures()
    for _ in range(LECTURES):
        with lecture(installation) as held:
            for kill in range(KILLS_EACH):
                _let_pass(held, moments.uniform(0.0, 3.0))
                if kill % 4 == 1:  # and once more while it is coming back
                    killed = held.installation.kill("recorder")
                    wait_for("a new recorder", lambda killed=killed: _started(held.installation, killed))
                    _let_pass(held, moments.uniform(0.0, 2.0))
                    figures.kills += 1
                _kill(held, figures)
            _check(held, figures)
    with capsys.disabled():
        print(f"\n{figures}")
    assert max(figures.reconnected) <= RECONNECT_SECONDS
    assert max(figures.pictured) <= PICTURE_SECONDS


def _let_pass(held: Lecture, seconds: float) -> None:
    """The lecture goes on for a while, and what becomes complete is noted."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        held.known.note()
        time.sleep(0.01)


def _kill(held: Lecture, figures: Figures) -> None:
    """Kill the recorder and follow how all comes back; what was complete is noted before."""
    held.known.note()
    figures.kills += 1
    last_take = held.known.last_take
    killed = held.installation.kill("recorder")
    killed_at = time.monotonic()
    started_at = wait_for("a new recorder", lambda: _started(held.installation, killed), every=0.01)
    ready_at = wait_for("the recorder to be ready", lambda: _answers(held.installation), every=0.01)
    back = wait_for("the publisher to be back", lambda: held.publisher.connected_since(killed_at), every=0.01)
    wait_for("its picture", lambda: held.known.picture_after(last_take), every=0.01)
    figures.pictured.append(time.monotonic() - started_at)
    figures.started.append(ready_at - killed_at)
    figures.reconnected.append(max(0.0, back.connected_at - ready_at))
    held.known.compare(held.hints.of(held.id))
    seen = wait_for("the viewer to go on", lambda: held.viewer.arrival_after(back.connected_at))
    figures.viewer_waits.append(seen - killed_at)


def _check(held: Lecture, figures: Figures) -> None:
    session = held.end(encoder_stays=True)
    assert session["id"] == held.id, "one lecture, one session"
    # The encoder reconnects by itself: no new session begins so soon after the end.
    wait_for("the encoder to be refused", lambda: 409 in held.publisher.attempts.refused)
    held.publisher.stop()
    wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
    figures.parts += held.known.compare(held.hints.of(held.id))
    assert decode_takes(held.roots, held.id) > KILLS_EACH
    assert play_replay(held.installation, session) > KILLS_EACH
    held.viewer.look_again()
    status, mp4 = held.installation.get(held.wait_for_mp4())
    assert status == 200 and decode(mp4).pictures


def _started(installation: Installation, killed: int) -> float | None:
    pid = installation.pid("recorder")
    return time.monotonic() if pid is not None and pid != killed else None


def _answers(installation: Installation) -> float | None:
    with socket.socket(socket.AF_UNIX) as commands:
        try:
            commands.connect(str(installation.storage / "run" / "recorder.sock"))
        except OSError:
            return None
    return time.monotonic()


def _figure(seconds: list[float]) -> str:
    return f"{max(seconds):.2f} ({sorted(seconds)[len(seconds) // 2]:.2f})"
