"""The sound of a log: each sample at its time, across takes and gaps, also while it grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recorder.log_folders import MEDIA_FILE, take_name
from recorder.log_sound import RATE, LogSound
from recorder.media_log_reader import SessionReader
from tests.broadcast.session_writer import SessionWriter
from tests.recorder.lecture_maker import Lecture, truth
from tests.recorder.media_maker import make_media, make_parts

LAG = 0.001  # how exactly a sample is where it belongs, in seconds


@pytest.fixture
def lecture(tmp_path: Path) -> Lecture:
    """Two takes with a slate between them, and the second one's camera went on after half a second."""
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    lecture.slate(4, 8)
    lecture.camera(8, 12)
    lecture.camera(12.5, 15)
    return lecture


@pytest.fixture
def reader(lecture: Lecture) -> Iterator[SessionReader]:
    opened = SessionReader(lecture.roots, lecture.session_id)
    yield opened
    opened.close()


def heard(sound: LogSound, start: int = 0) -> np.ndarray:
    return np.concatenate(
        [np.zeros(0, np.float32), *(np.frombuffer(b, np.float32) for b in sound.blocks(start))]
    )


def real(start: float, end: float) -> np.ndarray:
    """The truth at 16 kHz."""
    samples = np.array(truth(), np.float32)[round(start * 48_000) : round(end * 48_000)]
    return samples.reshape(-1, 3).mean(axis=1)


def lag_of(found: np.ndarray, start: float, end: float) -> float:
    """By how much what is heard from `start` to `end` is behind, in seconds; fails for another sound."""
    window, reach = found[round(start * RATE) : round(end * RATE)], round(0.1 * RATE)
    around = real(start - 0.1, end + 0.1)
    likeness = np.correlate(around, window, "valid")
    best = int(np.argmax(likeness))
    strength = likeness[best] / np.sqrt(np.sum(window**2) * np.sum(around[best : best + len(window)] ** 2))
    assert strength > 0.8, strength
    return (reach - best) / RATE


def test_each_sample_is_at_its_time_and_a_slate_is_silence(lecture: Lecture, reader: SessionReader) -> None:
    lecture.end(15)
    reader.refresh()
    sound = LogSound(reader)
    assert sound.ended and sound.seconds == pytest.approx(15, abs=0.1)
    found = heard(sound)
    assert len(found) / RATE == pytest.approx(15, abs=0.3)
    for start, end in ((0.5, 1.5), (2.5, 3.5), (8.5, 9.5), (10.8, 11.8), (13.0, 14.0)):
        assert abs(lag_of(found, start, end)) <= LAG
    assert not found[round(4.3 * RATE) : round(7.9 * RATE)].any()
    assert not found[round(12.1 * RATE) : round(12.4 * RATE)].any()
    assert np.max(np.abs(found)) <= 1.5


@pytest.mark.parametrize("start", [0.1, 2.0, 3.9, 6.0, 9.1, 14.9])
def test_who_begins_later_hears_the_same(lecture: Lecture, reader: SessionReader, start: float) -> None:
    lecture.end(15)
    reader.refresh()
    sound, first = LogSound(reader), round(start * RATE)
    whole, later = heard(sound), heard(sound, first)
    assert len(later) == len(whole) - first
    assert np.max(np.abs(later - whole[first:])) < 1e-3


def test_while_it_runs_what_is_complete_is_heard_and_nothing_changes_later(
    lecture: Lecture, reader: SessionReader
) -> None:
    sound = LogSound(reader)
    before = heard(sound)
    assert not sound.ended and 12.5 < len(before) / RATE < 15.1
    lecture.camera(15, 18)
    lecture.end(18)
    sound.refresh()
    after = heard(sound)
    assert sound.ended and len(after) / RATE == pytest.approx(18, abs=0.3)
    same = len(before) - 2_000  # a resampler's last samples lean on what follows
    assert np.max(np.abs(after[:same] - before[:same])) < 1e-3


def test_a_growing_segment_is_not_heard_yet(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    media = make_media(4.0)
    writer.begin_take(parameters=media.parameters)
    reader = SessionReader(writer.settings.session_roots, writer.session_id)
    sound = LogSound(reader)
    ends = []
    for part in make_parts(media):
        writer.log.append(part)
        sound.refresh()
        ends.append(sound.seconds)
    assert ends == [0.0] * 6 + [2.0] * 6
    assert len(heard(sound)) / RATE == pytest.approx(2.0, abs=0.1)
    reader.close()
    writer.log.close()


def test_what_is_broken_is_silence(lecture: Lecture, reader: SessionReader) -> None:
    lecture.end(15)
    reader.refresh()
    slot = reader.takes[2].segments[0]
    path = lecture.roots[0] / lecture.session_id / take_name(reader.takes[2].number) / MEDIA_FILE
    with open(path, "r+b") as media:
        media.seek(slot.offset)
        media.write(b"\xff" * slot.bytes)
    found = heard(LogSound(reader))
    assert len(found) / RATE == pytest.approx(15, abs=0.3)
    assert abs(lag_of(found, 2.5, 3.5)) <= LAG and abs(lag_of(found, 10.8, 11.8)) <= LAG
    assert not found[round(8.4 * RATE) : round(9.5 * RATE)].any()


def test_a_lecture_without_a_camera_yet_is_not_heard(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.slate(0, 2)
    reader = SessionReader(lecture.roots, lecture.session_id)
    assert heard(LogSound(reader)).size == 0 and LogSound(reader).seconds == 0
    reader.close()
