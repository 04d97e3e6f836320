"""The supervisor is killed in mid-lecture and `app.py` started again: the same session, one recording."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.faults.lecture import lecture
from tests.faults.recording import decode, decode_takes, play_replay
from tests.installation import Installation, wait_for

PICTURE_PARTS = 6  # two seconds


@pytest.mark.timeout(300)
def test_the_session_goes_on_after_the_supervisor(installation: Installation, capsys) -> None:
    with lecture(installation) as held:
        held.known.note()
        last_take = held.known.last_take
        killed_at = time.monotonic()
        os.kill(installation.supervisor_pid, signal.SIGKILL)
        installation.start()
        back = wait_for("the publisher to be back", lambda: held.publisher.connected_since(killed_at))
        wait_for("its picture", lambda: held.known.picture_after(last_take))
        wait_for("the viewer to go on", lambda: held.viewer.arrival_after(back.connected_at))
        # On an idle machine all of that takes less than a second: a lecture of some length to replay.
        wait_for("two seconds of it", lambda: held.known.picture_parts() >= PICTURE_PARTS)
        parts = held.known.compare(held.hints.of(held.id))
        session = held.end()
        assert session["id"] == held.id
        wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
        assert decode_takes(held.roots, held.id) >= 2
        assert play_replay(installation, session) > 1
        status, mp4 = installation.get(held.wait_for_mp4())
        assert status == 200 and decode(mp4).pictures
    with capsys.disabled():
        print(
            f"\nsupervisor killed and started again: one session, {parts} parts all there, "
            f"publisher back after {back.connected_at - killed_at:.2f} s"
        )
