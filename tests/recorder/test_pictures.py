"""Poster, storyboard and loudness of logs whose pictures bear their numbers."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import av
import pytest

from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.log_folders import MEDIA_FILE, take_name
from recorder.loudness import FLOOR
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.part_samples import key_frame
from recorder.pictures import NoDisk, Pictures, PicturesFailed, make_pictures
from tests.recorder.healed_maker import write_healed
from tests.recorder.lecture_maker import BITS, Lecture
from tests.recorder.media_maker import make_media
from tests.recorder.test_storyboard import cues

WIDTH = 150  # of a picture of 320 x 192 in its place of 160 x 90


def make(lecture: Lecture, folder: Path, version: int = 1) -> Pictures:
    return make_pictures(lecture.roots, lecture.session_id, folder, lambda share, word: None, version=version)


def decoded(path: Path) -> av.VideoFrame:
    with av.open(str(path), format="webp_pipe") as container:
        return next(container.decode(video=0))


def number_at(sheet: av.VideoFrame, x: int, y: int, width: int = WIDTH) -> int:
    """What `lecture_maker.picture` wrote into the picture that lies there."""
    plane = sheet.planes[0]
    data, bar = bytes(plane), width / (320 / (320 // BITS))
    left = x + (160 - width) // 4 * 2
    line = plane.line_size * (y + 20)
    return sum(1 << bit for bit in range(BITS) if data[line + left + int((bit + 0.5) * bar)] > 128)


def numbers(folder: Path) -> list[tuple[float, int]]:
    """When each picture of the storyboard is shown, in seconds, and the number that it bears."""
    found = []
    sheets = {number: decoded(path) for number, path in enumerate(sorted(folder.glob("storyboard-*")))}
    for start, _, (sheet, x, y) in cues((folder / "storyboard.vtt").read_text()):
        found.append((start, number_at(sheets[sheet], x, y)))
    return found


def levels(folder: Path) -> list[int]:
    document = json.loads((folder / "loudness.json").read_text())
    assert document["step"] == 1.0
    found: list[int] = document["levels"]
    return found


def test_each_picture_is_of_its_time(tmp_path: Path) -> None:
    """The replay leaves the slate out: what is shown at 10 s of it, is second 14 of the lecture."""
    lecture = Lecture(tmp_path)
    lecture.camera(0, 10)
    lecture.slate(10, 14)
    lecture.camera(14, 20)
    lecture.end(20)
    told: list[float] = []
    folder = tmp_path / "pictures" / "v1"
    made = make_pictures(
        lecture.roots, lecture.session_id, folder, lambda share, word: told.append(share), version=1
    )
    assert (made.version, made.pictures) == (1, 8)
    assert made.seconds == pytest.approx(16, abs=0.1)
    expected = [(0, 0), (2, 60), (4, 120), (6, 180), (8, 240), (10, 420), (12, 480), (14, 540)]
    assert numbers(folder) == expected
    assert told == sorted(told) and told[-1] > 0.95
    assert made.poster is not None
    assert (decoded(folder / "poster.webp").width, decoded(folder / "poster.webp").height) == (320, 192)
    assert sorted(path.name for path in folder.iterdir()) == [
        "loudness.json", "poster.webp", "storyboard-0.webp", "storyboard.vtt", "thumbnail.webp",
    ]  # fmt: skip
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def test_silence_is_seen(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 6, falls_silent=3)
    lecture.end(6)
    make(lecture, tmp_path / "v1")
    found = levels(tmp_path / "v1")
    assert all(level > -30 for level in found[:3]) and all(level == FLOOR for level in found[4:6])


def test_a_lecture_without_sound_is_silent(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path, audible=False)
    lecture.camera(0, 4)
    lecture.end(4)
    make(lecture, tmp_path / "v1")
    assert set(levels(tmp_path / "v1")) == {FLOOR}


def test_takes_of_other_sizes(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    lecture.size = (480, 640)  # upright
    lecture.camera(4, 8)
    lecture.size = (1920, 1080)
    lecture.camera(8, 9)
    lecture.end(9)
    made = make(lecture, tmp_path / "v1")
    assert made.pictures == 5
    sheet = decoded(tmp_path / "v1" / "storyboard-0.webp")
    assert (sheet.width, sheet.height) == (1600, 90)
    luma = bytes(sheet.planes[0])
    line = sheet.planes[0].line_size * 80
    assert luma[line + 2 * 160 + 20] < 24 < luma[line + 2 * 160 + 80]  # black beside the upright one
    assert (tmp_path / "v1" / "poster.webp").stat().st_size <= 80_000


def test_a_healed_take_has_its_pictures(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    lecture.slate(4, 8)
    lecture.camera(8, 12)
    lecture.end(12)
    root, media = lecture.roots[0], make_media(4.0, width=320, height=192)
    healed = write_healed(root, lecture.session_id, 1, media, start_pts=4 * 90_000)
    spans = (Span(1, 0, 1), Span(healed, 0, 10), Span(3, 4, 5))
    edit_list_files.save(root, lecture.session_id, EditList(2, spans))
    made = make(lecture, tmp_path / "v2", version=2)
    assert (made.version, made.pictures) == (2, 6)
    assert made.seconds == pytest.approx(12, abs=0.1)
    found = numbers(tmp_path / "v2")
    assert [at for at, _ in found] == [0, 2, 4, 6, 8, 10]
    assert [number for _, number in found[:2] + found[4:]] == [0, 60, 240, 300]


def test_a_lecture_of_sound_only_has_no_poster(tmp_path: Path) -> None:
    """The still picture stands behind it, in a take that is no slate."""
    lecture = Lecture(tmp_path)
    lecture.still(0, 6)
    lecture.end(6)
    made = make(lecture, tmp_path / "v1")
    assert (made.poster, made.pictures) == (None, 3)
    assert all(level > -30 for level in levels(tmp_path / "v1")[1:5])
    assert not (tmp_path / "v1" / "poster.webp").exists()


def test_nothing_to_show(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.slate(0, 4)
    lecture.end(4)
    made = make(lecture, tmp_path / "v1")
    assert made == Pictures(version=1, seconds=0, pictures=0, poster=None)
    assert (tmp_path / "v1" / "storyboard.vtt").read_text() == "WEBVTT\n"
    assert levels(tmp_path / "v1") == []


def spoil(lecture: Lecture, take: int, begin: float, end: float) -> None:
    """Turn over all bytes of a stretch of a take's media."""
    path = lecture.roots[0] / lecture.session_id / take_name(take) / MEDIA_FILE
    data = bytearray(path.read_bytes())
    first, last = int(begin * len(data)), int(end * len(data))
    data[first:last] = bytes(byte ^ 0xA5 for byte in data[first:last])
    path.write_bytes(data)


def test_damaged_pictures_are_left_out(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 8)
    lecture.end(8)
    spoil(lecture, 1, 0.2, 0.4)
    made = make(lecture, tmp_path / "v1")
    assert 2 <= made.pictures < 4
    shown = cues((tmp_path / "v1" / "storyboard.vtt").read_text())
    assert shown[0][0] == 0 and all(one[1] == after[0] for one, after in pairwise(shown))


def spoil_key_frames(lecture: Lecture, take: int) -> None:
    """Their slices become NAL units of a type that nobody knows."""
    path = lecture.roots[0] / lecture.session_id / take_name(take) / MEDIA_FILE
    with closing(SessionReader(lecture.roots, lecture.session_id)) as reader:
        records = list(reader.take(take).records)
    data = bytearray(path.read_bytes())
    for record in records:
        found = key_frame(bytes(data[record.offset : record.offset + record.length]))
        if found is not None:
            at, end = record.offset + found[0], record.offset + sum(found)
            while at < end:
                data[at + 4] = 0x1E
                at += 4 + int.from_bytes(data[at : at + 4], "big")
    path.write_bytes(data)


def test_nothing_but_damage_is_told(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    lecture.end(4)
    spoil_key_frames(lecture, 1)
    with pytest.raises(PicturesFailed, match="none of 2 key frames"):
        make(lecture, tmp_path / "v1")
    assert list(tmp_path.glob("v1*")) == []


def test_again_takes_the_place_of_what_was_made_and_of_what_was_left(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    lecture.end(4)
    left = tmp_path / "v1.partial"
    left.mkdir()
    (left / "storyboard-7.webp").write_bytes(b"half")
    first = make(lecture, tmp_path / "v1")
    (tmp_path / "v1" / "poster.webp").write_bytes(b"torn")
    assert make(lecture, tmp_path / "v1") == first
    assert decoded(tmp_path / "v1" / "poster.webp").width == 320
    assert not left.exists() and not (tmp_path / "v1" / "storyboard-7.webp").exists()


def test_what_cannot_be_made(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 2)
    lecture.end(2)
    with pytest.raises(NotInLog):
        make(lecture, tmp_path / "v7", version=7)
    with pytest.raises(NoDisk):
        make_pictures(
            lecture.roots, lecture.session_id, tmp_path / "v1", lambda *_: None, keep_free_bytes=1 << 62
        )
    assert list(tmp_path.glob("v*")) == []
