"""The MP4 of a version that hides something: to the picture, and not a private picture or sound in it.

Each picture of the lecture bears its number, and its sound is nowhere like itself: both tell when they were
recorded.
"""

from __future__ import annotations

from array import array
from contextlib import closing
from math import sqrt
from operator import mul
from pathlib import Path

import av
import pytest

from recorder import edit_list_files
from recorder.copy_alignment import SOUND_RATE
from recorder.edit_list import EditList
from recorder.export import NothingToExport, export_mp4
from recorder.hidden_spans import HiddenKind, HiddenSpan, cleaned
from recorder.media_log_reader import SessionReader
from tests.recorder.lecture_maker import Lecture, number_of, shown, truth

CUT, PRIVATE = HiddenKind.CUT, HiddenKind.PRIVATE
# Across a slate from 12 to 14, within a segment, beyond the end.
HIDDEN = cleaned(
    [
        HiddenSpan(0, 1.5, CUT),
        HiddenSpan(4.3, 7.7, PRIVATE),
        HiddenSpan(11, 15.25, PRIVATE),
        HiddenSpan(16.4, 16.9, PRIVATE),
        HiddenSpan(19, 90, CUT),
    ]
)


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Lecture:
    lecture = Lecture(tmp_path_factory.mktemp("lecture"))
    lecture.camera(0, 12)
    lecture.slate(12, 14)
    lecture.camera(14, 20)
    lecture.end(20)
    with closing(SessionReader(lecture.roots, lecture.session_id)) as reader:
        spans = reader.whole_list(1).spans
    edit_list_files.save(lecture.roots[0], lecture.session_id, EditList(2, spans, HIDDEN, "hana"))
    return lecture


@pytest.fixture(scope="module")
def mp4(lecture: Lecture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mp4") / "lecture.mp4"
    made = export_mp4(lecture.roots, lecture.session_id, path, lambda _share, _word: None, version=2)
    assert made.reencoded_takes == 0  # but for the moments beside what is hidden
    return path


def pictures(path: Path) -> list[tuple[float, int]]:
    with av.open(str(path)) as container:
        return [(float(frame.time), number_of(frame)) for frame in container.decode(video=0)]


def heard(path: Path) -> array[int]:
    """4 kHz."""
    samples = array("h")
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in container.decode(audio=0):
            at = round(float(frame.time) * 48_000)
            samples.extend(array("h", bytes(2 * max(0, at - len(samples)))))
            frame.pts = None
            for piece in resampler.resample(frame):
                found = array("h")
                found.frombytes(bytes(piece.planes[0])[: 2 * piece.samples])
                samples.extend(found)
    return samples[::12]


def is_shown(seconds: float) -> bool:
    off_air = 12 <= seconds < 14
    return not off_air and not any(one.start <= seconds < one.end for one in HIDDEN)


def test_every_picture_that_is_not_hidden_is_there_once_and_no_other(mp4: Path) -> None:
    numbers = [number for _, number in pictures(mp4)]
    wanted = [n for n in range(20 * 30) if is_shown(n / 30 + 1e-6)]
    assert numbers == sorted(numbers)
    assert set(numbers) <= set(wanted)
    # Beside a cut the first picture may stand a moment for the one that was on the screen before.
    assert len(set(wanted) - set(numbers)) <= len(HIDDEN)
    assert len(numbers) - len(set(numbers)) <= len(HIDDEN)


def test_pictures_come_at_the_moments_that_are_left(mp4: Path) -> None:
    """Within a picture: what was hidden before it is not waited for."""
    shown_before, at = {}, 0
    for n in range(20 * 30):
        shown_before[n] = at / 30
        at += is_shown(n / 30 + 1e-6)
    errors = [abs(seconds - shown_before[number]) for seconds, number in pictures(mp4)]
    assert max(errors) < 0.05


def test_all_sound_is_in_its_place_and_none_is_of_what_is_private(mp4: Path) -> None:
    samples, real = heard(mp4), [round(max(-1.0, min(1.0, one)) * 32_767) for one in truth()[::12]]
    for start, end, begins in shown_stretches():
        for tenth in range(round((end - start) * 10)):
            at = start + tenth / 10
            if start + 0.07 < at < end - 0.17:
                assert likeness(samples, begins + at - start, real, at) > 0.7, f"second {at:.2f}"
        # Beside the seam: what was said there and is hidden.
        for private in (start - 0.1, end):
            if not is_shown(private + 0.05):
                for place in (begins, begins + end - start - 0.1):
                    assert likeness(samples, place, real, private) < 0.5, f"second {private:.2f}"


def shown_stretches() -> list[tuple[float, float, float]]:
    """From when to when the lecture is shown, and where that begins in the file."""
    found, at = [], 0.0
    for start, end in ((1.5, 4.3), (7.7, 11), (15.25, 16.4), (16.9, 19)):
        found.append((start, end, at))
        at += end - start
    return found


def likeness(samples: array[int], place: float, real: list[int], at: float) -> float:
    """Of a tenth of a second of the lecture and what the file sounds like there, or 25 ms beside it."""
    wanted = real[round(at * SOUND_RATE) : round((at + 0.1) * SOUND_RATE)]
    norm = sum(one * one for one in wanted) or 1
    best = 0.0
    for shift in range(-100, 101):
        first = round(place * SOUND_RATE) + shift
        window = samples[max(0, first) : first + len(wanted)]
        if first >= 0 and len(window) == len(wanted):
            own = sum(one * one for one in window) or 1
            best = max(best, sum(map(mul, window, wanted)) / sqrt(norm * own))
    return best


def test_what_is_played_has_nothing_private_either(lecture: Lecture) -> None:
    with closing(SessionReader(lecture.roots, lecture.session_id)) as reader:
        for _, medium in shown(reader, 2):
            for at, frame in medium.pictures(0.0, float("inf")):
                second = number_of(frame) / 30
                assert abs(at - second) < 0.02
                assert not any(one.start <= second < one.end for one in HIDDEN if one.is_private)
            for at, frame in medium.sound(0.0, float("inf")):
                end = at + frame.samples / frame.sample_rate
                assert not any(one.start < end and at < one.end for one in HIDDEN if one.is_private)


def test_where_all_is_hidden_there_is_no_mp4(lecture: Lecture, tmp_path: Path) -> None:
    with closing(SessionReader(lecture.roots, lecture.session_id)) as reader:
        spans = reader.whole_list(1).spans
    hidden = (HiddenSpan(0, 50, PRIVATE),)
    edit_list_files.save(lecture.roots[0], lecture.session_id, EditList(3, spans, hidden))
    with pytest.raises(NothingToExport):
        export_mp4(lecture.roots, lecture.session_id, tmp_path / "x.mp4", lambda _s, _w: None, version=3)
