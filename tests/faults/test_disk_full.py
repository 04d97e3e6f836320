"""The disk fills up, or turns read-only, in mid-lecture: viewers and recording go on, and all comes home.

The storage is a real small file system of its own; mounting it needs root.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults import FULL, count
from tests.faults.lecture import Lecture, lecture
from tests.faults.recording import decode, decode_takes, play_replay
from tests.installation import Installation, wait_for
from tests.publishers.prepared_packets import prepare_video
from tests.publishers.reconnecting import ReconnectingPublisher

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
DISK = "64M"
FLOOR = "24M"
FULL_SECONDS = count(full=30, small=2)
# The figure is for a machine that does nothing else; `make test` may share it.
TELL_SECONDS = 2.0 if FULL else 10.0
HOME_SECONDS = 20.0 if FULL else 60.0


@contextmanager
def installed_on(folder: Path, *mount: str) -> Iterator[Installation]:
    """An installation whose storage is mounted by `mount <arguments> <storage>`."""
    made = Installation(folder, KODO_DISK_FLOOR=FLOOR)
    made.storage.mkdir()
    subprocess.run(["mount", *mount, str(made.storage)], check=True)
    try:
        made.start()
        made.add_lecturer()
        yield made
    finally:
        made.stop()
        subprocess.run(["umount", "-l", str(made.storage)], check=True)


@needs_root
@pytest.mark.timeout(300)
def test_a_full_disk_stops_nobody(tmp_path: Path, capsys) -> None:
    with ExitStack() as stack:
        mount = installed_on(tmp_path, "-t", "tmpfs", "-o", f"size={DISK}", "kodo-faults")
        installation = stack.enter_context(mount)
        filler = installation.storage / "filler"
        _no_session_begins_under_the_floor(installation, filler)
        held = stack.enter_context(lecture(installation))
        held.known.note()
        _fill_up(filler)
        told_after = _seconds_until(held, "spilling")
        held.go_on(FULL_SECONDS)
        _fill_up(filler)  # the ballast's room, too
        _kill_while_full(held)
        filler.unlink()
        home_after = _seconds_until(held, "ok", within=HOME_SECONDS)
        spilled = Path(installation.environment["KODO_SPILL_FOLDER"])
        wait_for("the spill to be empty", lambda: not list(spilled.rglob("program.mp4")))
        held.go_on(1)
        _check(held)
    with capsys.disabled():
        print(
            "\ndisk under its floor: 507, let in once there is room"
            f"\nfull disk: the API said spilling after {told_after:.2f} s; all home {home_after:.2f} s after "
            f"there was room; {len(held.known)} parts all there; a viewer waited at most "
            f"{held.viewer.longest_wait:.2f} s (recorder and web were killed meanwhile)"
        )


@needs_root
@pytest.mark.timeout(300)
@pytest.mark.full
def test_a_disk_that_turns_read_only_stops_nobody(tmp_path: Path, capsys) -> None:
    image = tmp_path / "disk.img"
    with open(image, "wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    mount = installed_on(tmp_path, "-o", "loop", str(image))
    with mount as installation, lecture(installation) as held:
        held.known.note()
        # What ext4 does by itself when its device fails: all open files turn read-only at once.
        subprocess.run(["mount", "-o", "remount,abort", str(installation.storage)], check=True)
        told_after = _seconds_until(held, "spilling")
        held.go_on(3)
        session = held.end()
        wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
        parts = held.known.compare(held.hints.of(held.id))
        assert play_replay(installation, session) > 3
        held.viewer.look_again()
    with capsys.disabled():
        print(
            f"\nread-only disk: the API said spilling after {told_after:.2f} s; {parts} parts all there; "
            f"viewer's longest wait {held.viewer.longest_wait:.2f} s"
        )


def _no_session_begins_under_the_floor(installation: Installation, filler: Path) -> None:
    """The encoder is refused with a clear word, and let in by itself once there is room."""
    filler.write_bytes(bytes(48 << 20))
    key = installation.add_room("small")
    publisher = ReconnectingPublisher(key["whip_url"], key["stream_key"], prepare_video(), None)
    publisher.start()
    try:
        wait_for("the refusal", lambda: publisher.attempts.refused)
        assert publisher.attempts.refused[0] == 507
        assert "disk" in publisher.attempts.last_words
        assert installation.session("small") is None
        filler.unlink()
        installation.wait_for_state("small", "live")
    finally:
        publisher.stop()
    installation.end("small")


def _fill_up(filler: Path) -> None:
    """Write until ENOSPC, to the last byte."""
    with open(filler, "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def _seconds_until(held: Lecture, recording: str, within: float = TELL_SECONDS) -> float:
    began = time.monotonic()

    def told() -> bool:
        held.known.note()
        session = held.installation.session(held.slug)
        return session is not None and session["recording"]["state"] == recording

    wait_for(f"the API to say {recording}", told, within)
    return time.monotonic() - began


def _kill_while_full(held: Lecture) -> None:
    held.known.note()
    last_take = held.known.last_take
    held.installation.kill("recorder")
    held.installation.kill("web")
    wait_for("its picture", lambda: held.known.picture_after(last_take))
    held.go_on(1)


def _check(held: Lecture) -> None:
    session = held.end()
    assert session["id"] == held.id
    wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
    held.known.compare(held.hints.of(held.id))
    assert decode_takes(held.roots, held.id) >= 3
    assert play_replay(held.installation, session) > FULL_SECONDS
    held.viewer.look_again()
    status, mp4 = held.installation.get(held.wait_for_mp4())
    assert status == 200 and decode(mp4).pictures
