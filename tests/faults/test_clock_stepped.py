"""The wall clock is stepped by an hour, forwards and back, in mid-lecture: media time and dates do not move.

The whole installation runs under libfaketime (Debian: apt-get install faketime), which steps the wall clock
of these processes only and leaves the monotonic one alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults import FULL
from tests.faults.lecture import Lecture, lecture
from tests.faults.recording import decode, play_replay
from tests.installation import Installation, wait_for

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
NEAR_SECONDS = 60.0
pytestmark = [
    pytest.mark.skipif(not LIBRARIES, reason="no libfaketime here: apt-get install faketime"),
    pytest.mark.skipif(not FULL, reason="make faults: libfaketime makes everything slow"),
]


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """What the wall clock is ahead, as libfaketime reads it."""
    path = tmp_path / "clock"
    path.write_text("+0\n")
    return path


@pytest.fixture
def installation(tmp_path: Path, clock: Path) -> Iterator[Installation]:
    made = Installation(
        tmp_path,
        LD_PRELOAD=str(LIBRARIES[0]),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        DONT_FAKE_MONOTONIC="1",
    )
    try:
        made.start(90)
        made.add_lecturer()
        yield made
    finally:
        made.stop()
        print(made.log()[-6_000:])


@pytest.mark.timeout(300)
def test_media_time_and_dates_stay(installation: Installation, clock: Path, capsys) -> None:
    with lecture(installation) as held:
        began = datetime.now(UTC)
        for ahead in ("+3600", "-3600"):
            clock.write_text(f"{ahead}\n")
            held.go_on(1)
            _kill_recorder(held)  # the next one finds a session "of an hour ago" or "of the future"
            held.go_on(1)
        assert _clock_said(installation) > 3_000, "the clock was not stepped at all"
        session = held.end()
        assert session["id"] == held.id
        wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
        _, playlist = installation.get(
            session["live_url"].replace("index.m3u8", _media_of(installation, session))
        )
        drift = _check_dates(playlist.decode(), began)
        assert _seconds(session["ended_at"]) - _seconds(session["started_at"]) < 120
        held.known.compare(held.hints.of(held.id))
        assert play_replay(installation, session) > 3
        status, mp4 = installation.get(held.wait_for_mp4(90))
        assert status == 200 and decode(mp4).pictures
    with capsys.disabled():
        print(f"\nwall clock stepped +1 h, then −1 h: dates off media time by at most {drift * 1000:.0f} ms")


def _kill_recorder(held: Lecture) -> None:
    held.known.note()
    last_take = held.known.last_take
    held.installation.kill("recorder")
    wait_for("its picture", lambda: held.known.picture_after(last_take), 20)


def _clock_said(installation: Installation) -> float:
    """How far apart the dates in the log are, in seconds."""
    dates = [_seconds(text) for text in re.findall(r"^(\d{4}-\d\d-\d\dT[\d:.]+Z)", installation.log(), re.M)]
    return max(dates) - min(dates)


def _media_of(installation: Installation, session: dict) -> str:
    _, index = installation.get(session["live_url"])
    return next(line for line in index.decode().splitlines() if line and not line.startswith("#"))


def _check_dates(playlist: str, began: datetime) -> float:
    """EXT-X-PROGRAM-DATE-TIME goes from then to now, and with the durations; by how much not."""
    passed, date, worst = 0.0, None, 0.0
    dates = []
    for line in playlist.splitlines():
        if line == "#EXT-X-DISCONTINUITY":
            date = None  # while no recorder runs, nothing is there, and time passes
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            dates.append(_seconds(line.partition(":")[2]))
            if date is not None:
                worst = max(worst, abs(dates[-1] - date - passed))
            date, passed = dates[-1], 0.0
        elif line.startswith("#EXTINF:"):
            passed += float(line[8:].rstrip(","))
    assert abs(dates[0] - began.timestamp()) < NEAR_SECONDS
    assert abs(dates[-1] - datetime.now(UTC).timestamp()) < NEAR_SECONDS
    assert dates == sorted(dates)
    assert worst < 0.05, f"dates are off the media's time by {worst:.3f} s"
    return worst


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
