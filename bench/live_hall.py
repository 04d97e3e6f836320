"""`app.py` with one room, `hall`, to which a sender in a process of its own streams: what viewers come to."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.installation import PROJECT, Installation, wait_for

# The arguments of `python -m` for a room's stream key.
Sender = Callable[[dict[str, str]], Sequence[str]]


@contextlib.contextmanager
def live_hall(folder: Path, sender: Sender) -> Iterator[Installation]:
    """Live, and a whole segment there; sender and `app.py` end with it."""
    folder.mkdir(parents=True, exist_ok=True)
    app = Installation(folder)
    app.start()
    sending = None
    try:
        app.add_lecturer()
        key = app.add_room("hall")
        sending = subprocess.Popen([sys.executable, "-m", *sender(key)], cwd=PROJECT)
        app.wait_for_state("hall", "live")
        wait_for("a whole segment", lambda: _has_segment(app))
        yield app
    finally:
        if sending is not None:
            sending.kill()
            sending.wait()
        app.stop()


def _has_segment(app: Installation) -> bool:
    session = app.session("hall")
    if session is None or not session["live_url"]:
        return False
    status, body = app.get(session["live_url"].replace("index.m3u8", "source/media.m3u8"))
    return status == 200 and b"#EXTINF" in body
