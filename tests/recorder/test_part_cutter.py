"""Parts and segments under any frame timing: the rules of RFC 8216bis, and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.audio import silence_between
from recorder.media import AAC_FRAME_SAMPLES, AudioSample, PartContent
from recorder.part_cutter import LONGEST_LAG_TICKS, PartCutter, to_samples
from tests.recorder.program_stage import check_parts

TARGET = 30_060
START = 123_456


def cut(
    steps: list[int], idrs: set[int], target: int = TARGET
) -> tuple[PartCutter, list[PartContent], list[int]]:
    """Pictures `steps` ticks apart and all the sound between them."""
    cutter, parts, pts, all_pts = PartCutter(target, START), [], START, []
    heard_until = to_samples(START)
    for number, step in enumerate([*steps, 3000]):
        sound = silence_between(heard_until, to_samples(pts + step))
        heard_until += len(sound) * AAC_FRAME_SAMPLES
        cutter.add_sound(sound)
        parts += cutter.add_picture(number.to_bytes(4, "big"), pts, number in idrs or number == 0)
        all_pts.append(pts)
        pts += step
    cutter.finish(pts)
    if (last := cutter.last_part()) is not None:
        parts.append(last)
    return cutter, parts, all_pts


def lengths(parts: list[PartContent]) -> list[int]:
    return [len(part.video) for part in parts]


def test_ten_pictures_a_part_at_thirty_a_second():
    _, parts, _ = cut([3000] * 119, {60})
    assert lengths(parts) == [10] * 12
    assert {part.duration for part in parts} == {30_000}
    assert [n for n, part in enumerate(parts) if part.starts_segment] == [0, 6]
    assert [n for n, part in enumerate(parts) if part.independent] == [0, 6]


def test_a_part_is_ready_with_its_last_picture():
    cutter = PartCutter(TARGET, 0)
    ready = [bool(cutter.add_picture(b"x", 3000 * n, n == 0)) for n in range(20)]
    assert ready == ([False] * 9 + [True]) * 2


def test_a_picture_that_comes_late_is_decoded_where_the_part_before_ended():
    _, parts, _ = cut([3000] * 9 + [15_000] + [3000] * 20, set())
    late = parts[1].video[0]
    assert (late.pts, late.decode_time) == (START + 42_000, START + 30_000)
    assert late.duration == 15_000, "up to the next picture's decoding"


def test_a_picture_that_comes_early_is_decoded_when_it_is_shown():
    _, parts, _ = cut([3000] * 9 + [1000] + [3000] * 20, set())
    assert parts[1].video[0].composition_offset == 0


def test_an_early_idr_begins_no_segment():
    _, parts, _ = cut([3000] * 80, {30, 66})
    assert [n for n, part in enumerate(parts) if part.starts_segment] == [0, 7]
    assert lengths(parts)[6] == 6, "the part before the IDR is cut short"


def test_without_an_idr_a_segment_is_split_before_six_seconds():
    cutter, parts, _ = cut([3000] * 600, set())
    assert cutter.splits_without_key_frame == 3
    check_parts(parts, TARGET / 90_000)


def test_a_key_frame_is_due_just_before_two_seconds():
    cutter = PartCutter(TARGET, 0)
    assert not cutter.key_frame_due(170_000)
    assert cutter.key_frame_due(171_000)


def test_time_must_run_forward():
    cutter = PartCutter(TARGET, 0)
    cutter.add_picture(b"x", 10, True)
    with pytest.raises(ValueError, match="10 after 10"):
        cutter.add_picture(b"x", 10, False)


steady = st.builds(lambda step, n: [step] * n, st.integers(1_000, 12_000), st.integers(1, 200))
jittery = st.lists(st.one_of(st.integers(180, 6_000), st.integers(1, 30_000)), min_size=1, max_size=300)


@given(
    st.one_of(steady, jittery),
    st.sets(st.integers(1, 300)),
    st.sampled_from([18_000, 30_060, 45_000, 90_000]),
)
@settings(max_examples=400)
def test_parts_keep_the_rules_whatever_comes(steps, idrs, target):
    cutter, parts, all_pts = cut([min(step, target) for step in steps], idrs, target)
    check_parts(parts, target / 90_000)
    assert [sample.pts for part in parts for sample in part.video] == all_pts, "nothing is lost"
    assert parts[0].starts_segment and parts[0].independent
    split = [part for part in parts if part.starts_segment and not part.independent]
    assert len(split) <= cutter.splits_without_key_frame
    assert all(part.video for part in parts[:-1]), "only a take's last part may be sound alone"
    for part in parts:
        assert part.independent == any(sample.independent for sample in part.video[:1])


@given(st.lists(st.integers(1_500, 9_000), min_size=200, max_size=300))
@settings(max_examples=60)
def test_told_time_adds_up_to_the_medias_own(steps):
    _, parts, all_pts = cut(steps, set(range(0, 300, 50)))
    told = sum(part.duration for part in parts)
    assert abs(told - (all_pts[-1] - START)) <= 2 * TARGET


@given(st.lists(st.integers(180, 90_000), min_size=1, max_size=200))
@settings(max_examples=60)
def test_told_time_lags_little_where_a_take_begins_when_it_should(steps):
    """Pictures as slow as one a second, which nothing fills."""
    cutter, pts, told = PartCutter(TARGET, 0), 0, 0
    for step in steps:
        begins = pts == 0 or cutter.lags
        if begins:
            cutter, told = PartCutter(TARGET, pts), pts
        for part in cutter.add_picture(b"x", pts, begins):
            assert part.pts - told <= LONGEST_LAG_TICKS + 90_000
            told += part.duration
        pts += step


def test_told_time_that_lags_catches_up_with_quick_pictures():
    cutter = PartCutter(TARGET, 0)
    for n in range(9):
        cutter.add_picture(b"x", 45_000 * n, n == 0)
    assert cutter.lags
    for n in range(1, 9):
        cutter.add_picture(b"x", 360_000 + 3000 * n, False)
    assert not cutter.lags


def frames(first: int, count: int) -> list[AudioSample]:
    return [AudioSample(b"a", first + n * AAC_FRAME_SAMPLES) for n in range(count)]


def test_a_part_takes_the_sound_of_its_span():
    cutter = PartCutter(TARGET, 0)
    cutter.add_sound(frames(0, 40))
    parts = [part for n in range(20) for part in cutter.add_picture(b"x", 3000 * n, n == 0)]
    assert [sample.pts for sample in parts[0].audio] == [n * 1024 for n in range(16)], "0.333 s"
    assert parts[1].audio[0].pts == 16 * 1024


def test_sound_from_before_the_take_is_dropped():
    cutter = PartCutter(TARGET, 90_000)
    cutter.add_sound(frames(48_000 - 2_048, 4))
    assert cutter.dropped_sound == 2


def test_sound_that_repeats_itself_is_dropped():
    cutter = PartCutter(TARGET, 0)
    cutter.add_sound([*frames(0, 3), *frames(1024, 3)])
    assert cutter.dropped_sound == 2


def test_the_last_part_waits_for_late_sound_and_hands_on_the_rest():
    cutter = PartCutter(TARGET, 0)
    cutter.add_picture(b"x", 0, True)
    cutter.add_sound(frames(0, 2))
    assert cutter.finish(9_000) == []
    assert not cutter.sound_complete
    beyond = cutter.add_sound(frames(2048, 5))
    assert [sample.pts for sample in beyond] == [5120, 6144]
    assert cutter.sound_complete
    assert len(cutter.last_part().audio) == 5


@pytest.mark.parametrize("late", [True, False])
def test_the_frame_that_crosses_the_end_leaves_no_hole_before_the_next_take(late):
    cutter, following = PartCutter(TARGET, 0), PartCutter(TARGET, 9_000)
    cutter.add_picture(b"x", 0, True)
    cutter.add_sound(frames(0, 4))
    cutter.finish(9_000)
    assert not cutter.sound_complete, "4096 of 4800 samples"
    if late:
        assert cutter.add_sound(frames(4096, 1)) == []
        assert cutter.sound_complete
    end = cutter.last_part().audio[-1].pts + AAC_FRAME_SAMPLES
    following.add_sound(frames(4096, 20))
    following.add_picture(b"x", 9_000, True)
    following.finish(18_000)
    assert following.last_part().audio[0].pts == end


def test_sound_behind_the_end_goes_to_the_next_take():
    cutter = PartCutter(TARGET, 0)
    cutter.add_picture(b"x", 0, True)
    cutter.add_sound(frames(0, 20))
    assert [sample.pts for sample in cutter.finish(9_000)] == [n * 1024 for n in range(5, 20)]


def test_missing_sound_at_the_end_is_made_up():
    cutter = PartCutter(TARGET, 0)
    cutter.add_picture(b"x", 0, True)
    cutter.finish(9_000)
    last = cutter.last_part()
    assert [sample.pts for sample in last.audio] == [0, 1024, 2048, 3072, 4096], "0.1 s is 4800 samples"
    assert last.duration == 9_000


@pytest.mark.parametrize("sound", [0, 2])
def test_without_a_picture_left_the_sound_up_to_the_end_is_a_part(sound):
    cutter = PartCutter(TARGET, 0)
    cutter.add_sound(frames(0, 15))
    for n in range(10):
        cutter.add_picture(b"x", 3000 * n, n == 0)
    cutter.finish(33_000)
    cutter.add_sound(frames(15 * 1024, sound))
    last = cutter.last_part()
    assert not last.video and not last.independent
    assert [sample.pts for sample in last.audio] == [15 * 1024, 16 * 1024, 17 * 1024], "up to 17,600"


def test_with_all_pictures_and_all_sound_in_parts_nothing_is_left():
    cutter = PartCutter(TARGET, 0)
    cutter.add_sound(frames(0, 16))
    for n in range(10):
        cutter.add_picture(b"x", 3000 * n, n == 0)
    cutter.finish(30_000)
    assert cutter.sound_complete and cutter.last_part() is None


def test_waiting_sound_is_bounded():
    cutter = PartCutter(TARGET, 0)
    cutter.add_sound(frames(0, 700))
    assert cutter.dropped_sound == 200


@given(st.integers(0, 2**40))
def test_samples_never_lie_before_their_tick(pts):
    assert to_samples(pts) * 15 >= pts * 8 > (to_samples(pts) - 1) * 15
