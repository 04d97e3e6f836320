"""Web and worker are killed in mid-lecture and at work: no picture is lost, viewers and jobs go on."""

from __future__ import annotations

import random
import sqlite3
import time

import pytest

from tests.faults import FULL, count
from tests.faults.lecture import Lecture, lecture
from tests.faults.recording import assert_all_logged, decode, logged_pictures
from tests.installation import Installation, children, command_line, wait_for

KILLS_EACH = count(full=20, small=2)
KILLED_AT_IT = ", its worker killed in the first" if FULL else ""
# The supervisor pauses up to 5 s where a process dies again and again.
VIEWER_SECONDS = 15.0 if FULL else 60.0
# The recorder's reports come through this test's own thread, which may be late on a busy machine.
SILENCE_SECONDS = 30.0


@pytest.mark.timeout(200 + 30 * KILLS_EACH)
def test_no_picture_is_lost_and_the_viewer_goes_on(installation: Installation, capsys) -> None:
    moments, waits = random.Random(3), []
    with lecture(installation, silence_seconds=SILENCE_SECONDS) as held:
        for _ in range(KILLS_EACH):
            waits.append(_kill(held, "web", moments.uniform(0.2, 1.5)))
            waits.append(_kill(held, "worker", moments.uniform(0.2, 1.5)))
        (connection,) = held.publisher.connections
        held.publisher.pause()
        wait_for("the last picture in the log", lambda: _all_logged(held))
        session = held.end()
        pictures = assert_all_logged(connection.video, logged_pictures(held.roots, held.id))
        wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
        addresses = held.viewer.look_again()
        if FULL:  # the lease of a dead worker takes half a minute; tests/library holds it in small
            _kill_at_its_job(installation)
        status, mp4 = installation.get(held.wait_for_mp4(100))
        assert session["id"] == held.id and status == 200
        assert decode(mp4).pictures >= pictures
        attempts = _attempts(held)
        assert attempts == 1 + FULL
    with capsys.disabled():
        print(
            f"\n{KILLS_EACH} SIGKILLs each of web and worker: {pictures} pictures, all byte-equal "
            f"in the log; {addresses} addresses with one content each; a viewer waited at most "
            f"{max(waits):.2f} s; the MP4 was right at attempt {attempts}{KILLED_AT_IT}"
        )


def _kill(held: Lecture, name: str, after_seconds: float) -> float:
    """Kill after a while; seconds until the viewer has the next part."""
    until = time.monotonic() + after_seconds
    wait_for("the moment", lambda: time.monotonic() >= until, every=0.01)
    killed = held.installation.kill(name)
    at = time.monotonic()
    wait_for(f"a new {name}", lambda: held.installation.pid(name) not in (None, killed))
    # What had been on its way may still arrive: the second one is new.
    seen = wait_for("the viewer to go on", lambda: held.viewer.arrival_after(at + 0.3), VIEWER_SECONDS)
    return seen - at


def _all_logged(held: Lecture) -> bool:
    sent = held.publisher.connections[-1].video.sent[-1][1]
    last = logged_pictures(held.roots, held.id)[-1]
    return last == tuple(nal for nal in sent if nal[0] & 31 in (1, 5))


def _kill_at_its_job(installation: Installation) -> None:
    wait_for("the job to begin", lambda: _job_process(installation), every=0.005)
    installation.kill("worker")


def _job_process(installation: Installation) -> int | None:
    found = (p for p in children(installation.supervisor_pid) if command_line(p)[-4:-2] == ["job", "run"])
    return next(found, None)


def _attempts(held: Lecture) -> int:
    with sqlite3.connect(f"file:{held.installation.storage / 'kodo.db'}?mode=ro", uri=True) as database:
        ((attempts,),) = database.execute(
            "SELECT attempt FROM jobs WHERE subject = ? AND kind = 'mp4'", [held.id]
        ).fetchall()
    return int(attempts)
