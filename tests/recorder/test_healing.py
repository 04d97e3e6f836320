"""A recording with gaps and copies of it: what is shown afterwards goes on over the seams, nothing twice."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from recorder import edit_list_files
from recorder.copy_media import _end_of
from recorder.edit_list import EditList
from recorder.healing import CopyFile, Healed, NoDisk, heal
from recorder.hidden_spans import HiddenKind, HiddenSpan
from recorder.log_folders import HEALED
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.session_gaps import gaps_of_session
from tests.broadcast.session_writer import STARTED_AT
from tests.recorder.film_maker import make_film
from tests.recorder.lecture_maker import Lecture, shown_pictures, sound_errors, write_copy


def cut_lecture(folder: Path, **options: bool) -> Lecture:
    """Ten seconds, three in which nothing comes, a slate of seven, ten seconds."""
    lecture = Lecture(folder, **options)
    lecture.camera(0, 13, falls_silent=10)
    lecture.slate(13, 20)
    lecture.camera(20, 30)
    lecture.end(30)
    return lecture


def healed(lecture: Lecture, *copies: CopyFile) -> Healed:
    told: list[float] = []
    result = heal(
        lecture.roots,
        lecture.session_id,
        copies,
        disk_floor_bytes=0,
        progress=lambda share, _: told.append(share),
    )
    assert told == sorted(told) and all(0 <= share <= 1 for share in told)
    return result


def copy_of(path: Path, start: float, end: float, *, error: float = 0.0, **options: object) -> CopyFile:
    """`error`: seconds that the studio's guess is off."""
    return CopyFile(write_copy(path, start, end, **options), STARTED_AT + start + error)


def check(lecture: Lecture, version: int, start: float, end: float, *, audible: bool = True) -> list[int]:
    """That all from `start` to `end` is shown where it belongs → the takes that show it."""
    reader = SessionReader(lecture.roots, lecture.session_id)
    try:
        pictures = shown_pictures(reader, version)
        assert [at for at, _ in pictures] == sorted(at for at, _ in pictures)
        for at, number in pictures:
            assert abs(number / 30 - at) <= 1.05 / 30, (at, number)
        numbers = [number for _, number in pictures]
        steps = [after - before for before, after in pairwise(numbers)]
        assert all(0 <= step <= 2 for step in steps), steps
        assert steps.count(0) <= 2 and steps.count(2) <= 2
        assert numbers[0] <= start * 30 + 1 and numbers[-1] >= end * 30 - 2
        if audible:
            errors = sound_errors(reader, version, start + 0.1, end - 0.3)
            wrong = [(at, error) for at, error in errors if abs(error) > 0.010]
            assert not wrong
        return [span.take for span in reader.edit_list(version).spans]
    finally:
        reader.close()


def gaps(lecture: Lecture) -> list[tuple[float, float | None]]:
    reader = SessionReader(lecture.roots, lecture.session_id)
    try:
        found = gaps_of_session(reader)
    finally:
        reader.close()
    return [
        (round(g.start / 90_000, 2), round(g.end / 90_000, 2) if g.end is not None else None) for g in found
    ]


@pytest.mark.parametrize("error", [0.2, -0.3])
def test_a_cut_line_is_healed_where_it_belongs(tmp_path: Path, error: float) -> None:
    lecture = cut_lecture(tmp_path)
    [(start, end)] = gaps(lecture)
    assert 10 <= start < 10.7 and end == 20
    result = healed(lecture, copy_of(tmp_path / "copy.mkv", 3, 28, error=error))
    assert result.version == 2 and result.seconds == pytest.approx(end - start, abs=0.01)
    assert check(lecture, 2, 0, 30) == [1, HEALED + 1, 3]
    assert gaps(lecture) == []


def test_what_is_hidden_before_and_meanwhile_stays_hidden(tmp_path: Path) -> None:
    """A span over the seam, and another one that is saved while copies are being encoded."""
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    lecture.slate(4, 7)
    lecture.camera(7, 11)
    lecture.end(11)
    before = (HiddenSpan(6.5, 7.5, HiddenKind.PRIVATE),)
    meanwhile = (HiddenSpan(0, 1, HiddenKind.CUT), *before)
    with closing(SessionReader(lecture.roots, lecture.session_id)) as reader:
        spans = reader.whole_list(1).spans
    edit_list_files.save(lecture.roots[0], lecture.session_id, EditList(2, spans, before, "hana"))

    def edit(_share: float, word: str) -> None:
        if word == "encoding" and edit_list_files.newest(lecture.roots, lecture.session_id) == 2:
            edits = EditList(3, spans, meanwhile, "hana")
            edit_list_files.save(lecture.roots[0], lecture.session_id, edits)

    copy = copy_of(tmp_path / "copy.mkv", 1, 10)
    result = heal(lecture.roots, lecture.session_id, [copy], disk_floor_bytes=0, progress=edit)
    assert result.version == 4 and result.seconds == pytest.approx(3, abs=0.1)
    assert gaps(lecture) == []
    with closing(SessionReader(lecture.roots, lecture.session_id)) as reader:
        whole = reader.whole_list(4)
        assert whole.hidden == meanwhile and whole.author is None
        assert HEALED + 1 in [span.take for span in whole.spans]
        times = [at for at, _ in shown_pictures(reader, 4)]
        assert times and not any(6.5 <= at < 7.5 for at in times)


def test_a_chain_of_copies_that_overlap(tmp_path: Path) -> None:
    """Each with an error of its own; one of MP4, one that was cut off in its last second."""
    lecture = cut_lecture(tmp_path)
    copies = [
        copy_of(tmp_path / "1.webm", 1, 12, error=0.1, video="libvpx"),
        copy_of(tmp_path / "2.mp4", 11, 19, error=0.16, audio="aac", fragmented=True),
        copy_of(tmp_path / "3.mkv", 17, 27, error=0.12),
    ]
    cut_off(copies[1].path, 0.95)
    assert healed(lecture, *reversed(copies)).version == 2
    assert check(lecture, 2, 0, 30) == [1, HEALED + 1, 3]


def cut_off(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])


def test_a_silent_lecture_is_aligned_by_its_pictures(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path, audible=False)
    healed(lecture, copy_of(tmp_path / "copy.mkv", 3, 28, error=0.3, audible=False))
    check(lecture, 2, 0, 30, audible=False)


def test_a_copy_without_sound_heals_the_picture(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    healed(lecture, copy_of(tmp_path / "copy.mkv", 3, 28, error=-0.25, audio=None))
    check(lecture, 2, 0, 30, audible=False)
    reader = SessionReader(lecture.roots, lecture.session_id)
    errors = dict(sound_errors(reader, 2, 0.1, 29.7))
    reader.close()
    assert errors[3.0] == errors[27.0] == 0 and errors[15.0] == 9


def test_a_copy_that_covers_a_part_heals_a_part_and_the_next_one_the_rest(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    first, second = (copy_of(tmp_path / f"{n}.mkv", *times) for n, times in enumerate([(2, 15), (14, 28)]))
    assert healed(lecture, first).version == 2
    [(start, end)] = gaps(lecture)
    assert start == pytest.approx(15, abs=0.1) and end == 20
    assert healed(lecture, first, second).version == 3
    assert gaps(lecture) == []
    assert check(lecture, 3, 0, 30) == [1, HEALED + 1, HEALED + 2, 3]
    again = healed(lecture, first, second)
    assert again == Healed(None, 0.0, ())


def test_the_end_that_the_server_never_saw(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 10)
    lecture.end(10, "absence")
    assert gaps(lecture) == [(pytest.approx(10, abs=0.02), None)]
    assert healed(lecture, copy_of(tmp_path / "copy.mkv", 4, 21, error=0.15)).version == 2
    assert check(lecture, 2, 0, 20) == [1, HEALED + 1]
    [(start, end)] = gaps(lecture)
    assert start == pytest.approx(21, abs=0.25) and end is None
    assert healed(lecture, copy_of(tmp_path / "copy.mkv", 4, 21, error=0.15)).version is None


def test_a_copy_of_another_size_is_fitted_into_the_takes(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    healed(lecture, copy_of(tmp_path / "copy.mkv", 6, 24, size=(640, 360)))
    reader = SessionReader(lecture.roots, lecture.session_id)
    video = reader.take(HEALED + 1).video
    assert (video.width, video.height) == lecture.size
    reader.close()


# What is no copy of it


def spoiled(folder: Path, kind: str) -> CopyFile:
    path = folder / "copy.media"
    if kind == "text":
        path.write_text("Dear students, " * 1000)
    elif kind == "empty":
        path.touch()
    elif kind == "torn":
        cut_off(write_copy(folder / "a.mp4", 3, 8, audio="aac"), 0.7)
        (folder / "a.mp4").rename(path)
    elif kind == "sound":
        path.write_bytes(make_film(folder / "a.webm", 2, picture=False, sound="libopus").read_bytes())
    elif kind == "list":
        path.write_text(f"#EXTM3U\n#EXTINF:9,\n{write_copy(folder / 'a.mkv', 3, 28)}\n#EXT-X-ENDLIST\n")
    return CopyFile(path, STARTED_AT + 3)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("text", "unreadable"),
        ("empty", "empty"),
        ("torn", "unreadable"),
        ("sound", "no_picture"),
        ("list", "unreadable"),
        ("gone", "gone"),
    ],
)
def test_what_is_no_copy_is_refused_with_a_word(tmp_path: Path, kind: str, reason: str) -> None:
    lecture = cut_lecture(tmp_path)
    before = listing(lecture)
    assert healed(lecture, spoiled(tmp_path, kind)) == Healed(None, 0.0, (reason,))
    assert listing(lecture) == before


def listing(lecture: Lecture) -> set[str]:
    folder = lecture.roots[0] / lecture.session_id
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("began_at", [0.0, -1e10, 1e10, STARTED_AT - 500, STARTED_AT + 5000])
def test_a_copy_of_another_time_heals_nothing(tmp_path: Path, began_at: float) -> None:
    lecture = cut_lecture(tmp_path)
    path = write_copy(tmp_path / "copy.mkv", 3, 8)
    assert healed(lecture, CopyFile(path, began_at)) == Healed(None, 0.0, ())


def test_one_spoiled_copy_spoils_not_the_others(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    result = healed(lecture, spoiled(tmp_path, "text"), copy_of(tmp_path / "good.mkv", 5, 25))
    assert result.version == 2 and result.refused == ("unreadable",)


def test_a_copy_in_4k_becomes_the_takes_size(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    healed(lecture, copy_of(tmp_path / "copy.mkv", 12, 14, size=(3840, 2160)))
    reader = SessionReader(lecture.roots, lecture.session_id)
    assert reader.take(HEALED + 1).video.width == lecture.size[0]
    reader.close()


# The disk, and attempts that were killed


def test_the_disks_floor_is_kept(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    before = listing(lecture)
    copy = copy_of(tmp_path / "copy.mkv", 5, 25)
    with pytest.raises(NoDisk):
        heal(lecture.roots, lecture.session_id, [copy], disk_floor_bytes=1 << 60, progress=lambda *_: None)
    assert listing(lecture) == before


def test_what_a_killed_attempt_left_goes_and_what_is_shown_stays(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    folder = lecture.roots[0] / lecture.session_id
    (folder / "healed-0001").mkdir()
    (folder / ".healing" / "x").mkdir(parents=True)
    assert healed(lecture, copy_of(tmp_path / "1.mkv", 2, 15)).version == 2
    assert sorted(path.name for path in folder.glob("*heal*")) == ["healed-0001"]
    (folder / "healed-0002").mkdir()
    assert healed(lecture, copy_of(tmp_path / "2.mkv", 14, 28)).version == 3
    assert sorted(path.name for path in folder.iterdir() if "heal" in path.name) == [
        "healed-0001",
        "healed-0002",
    ]


def test_a_lecture_under_way_is_left_alone(tmp_path: Path) -> None:
    lecture = Lecture(tmp_path)
    lecture.camera(0, 4)
    with pytest.raises(NotInLog):
        healed(lecture)


# Clocks


def test_a_line_set_up_anew_later_is_met_on_both_sides(tmp_path: Path) -> None:
    """Behind the gap the log stands 40 ms later than before it: the copy is drawn out so much."""
    lecture = Lecture(tmp_path)
    lecture.camera(0, 10)
    lecture.slate(10, 20)
    lecture.camera(20, 30, late=0.04)
    lecture.end(30)
    healed(lecture, copy_of(tmp_path / "copy.mkv", 3, 28, error=0.2))
    reader = SessionReader(lecture.roots, lecture.session_id)
    errors = dict(sound_errors(reader, 2, 0.2, 29.6, reach=0.06))
    reader.close()
    for at in (5.0, 9.0, 15.0, 21.0, 26.0):
        assert errors[at] == pytest.approx(-0.04 * min(1, max(0, (at - 8) / 14)), abs=0.004)
    steps = [abs(after - before) for before, after in pairwise(errors.values())]
    assert max(steps) < 0.010


def test_a_time_that_is_far_off_is_passed_over() -> None:
    assert _end_of([0.0, 0.1, 0.2, 5000.0]) == pytest.approx(0.3)
    assert _end_of([7.0]) == 7.0


def test_where_a_version_cannot_be_read_no_healed_take_is_taken_for_a_leftover(tmp_path: Path) -> None:
    lecture = cut_lecture(tmp_path)
    folder = lecture.roots[0] / lecture.session_id
    assert healed(lecture, copy_of(tmp_path / "1.mkv", 2, 15)).version == 2
    (folder / "edits" / "0002.json").write_text("torn")
    assert healed(lecture, copy_of(tmp_path / "2.mkv", 8, 28)).version == 3
    assert sorted(path.name for path in folder.glob("*heal*")) == ["healed-0001", "healed-0002"]
