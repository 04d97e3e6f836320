"""The picture of a moment as the poster: exactly the one that the recording shows there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.edit_list import EditList, Span
from recorder.media_log_reader import SessionReader
from recorder.poster import NoPicture, make_poster, picture_at
from tests.recorder.lecture_maker import Lecture, number_of
from tests.recorder.test_pictures import decoded, make, spoil_key_frames


@pytest.fixture
def lecture(tmp_path: Path) -> Lecture:
    """Pictures from 0 to 6 s and from 10 to 14 s, and a slate between."""
    lecture = Lecture(tmp_path)
    lecture.camera(0, 6)
    lecture.slate(6, 10)
    lecture.camera(10, 14)
    lecture.end(14)
    return lecture


@pytest.fixture
def reader(lecture: Lecture) -> Iterator[SessionReader]:
    reader = SessionReader(lecture.roots, lecture.session_id)
    yield reader
    reader.close()


@pytest.mark.parametrize(
    ("at", "number"), [(0, 0), (3.1, 93), (3.99, 119), (5.99, 179), (8, 179), (12.5, 375), (99, 419)]
)
def test_it_is_the_one_shown_there(reader: SessionReader, at: float, number: int) -> None:
    """A moment that the replay leaves out shows the picture before it."""
    assert number_of(picture_at(reader, reader.edit_list(1), at + 0.001)) == number


def test_of_a_recording_that_begins_later(reader: SessionReader) -> None:
    edits = EditList(2, (Span(3, 5, 6),))
    assert number_of(picture_at(reader, edits, 1.0)) == 300


def test_it_takes_the_place_of_the_other(lecture: Lecture, tmp_path: Path) -> None:
    first = make(lecture, tmp_path / "v1")
    made = make_poster(lecture.roots, lecture.session_id, tmp_path / "v1", 12.001, version=1)
    assert made.version == 1 and made.poster != first.poster
    assert number_of(decoded(tmp_path / "v1" / "poster.webp")) == 360
    assert number_of(decoded(tmp_path / "v1" / "thumbnail.webp")) == 360


def test_where_there_is_none(lecture: Lecture, reader: SessionReader, tmp_path: Path) -> None:
    with pytest.raises(NoPicture):
        picture_at(reader, EditList(2, ()), 1.0)
    with pytest.raises(FileNotFoundError):
        make_poster(lecture.roots, lecture.session_id, tmp_path / "v1", 1.0, version=1)
    spoil_key_frames(lecture, 1)
    with pytest.raises(NoPicture):
        picture_at(reader, reader.edit_list(1), 1.0)
