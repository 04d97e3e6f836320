"""A part's key frame and sound, found by its head alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import cmaf
from recorder.iso_boxes import BadBox
from recorder.media import AudioSample, PartContent, VideoSample
from recorder.part_samples import head_length, key_frame, sound_run
from tests.recorder.media_maker import make_media, make_parts


def part(content: PartContent) -> bytes:
    return cmaf.part_bytes(1, content, 0, 0)


def test_of_real_media() -> None:
    for content in make_parts(make_media(2.0)):
        data = part(content)
        head = data[: head_length(data[:48])]
        found = key_frame(head)
        if content.independent:
            assert found is not None
            assert data[found[0] : found[0] + found[1]] == content.video[0].data
        else:
            assert found is None
        run = sound_run(head)
        assert run is not None
        assert data[run.offset : run.offset + run.bytes] == b"".join(one.data for one in content.audio)
        assert run.pts == tuple(one.pts for one in content.audio)


def test_a_key_frame_behind_others_and_sound_with_a_hole() -> None:
    video = (VideoSample(b"abc", 5, 3_000, False, 5), VideoSample(b"key", 3_000, 3_000, True))
    sound = (AudioSample(b"x", 0), AudioSample(b"yz", 4_096))
    data = part(PartContent(video, sound, 0, 6_000, False, True))
    found = key_frame(data)
    assert found is not None and data[found[0] : sum(found)] == b"key"
    run = sound_run(data)
    assert run is not None and (run.pts, run.sizes) == ((0, 4_096), (1, 2))


def test_one_kind_alone() -> None:
    silent = part(PartContent((VideoSample(b"k", 0, 3_000, True),), (), 0, 3_000, True, True))
    dark = part(PartContent((), (AudioSample(b"a", 0),), 0, 1_920, False, True))
    assert sound_run(silent) is None and key_frame(silent) is not None
    assert key_frame(dark) is None and sound_run(dark) is not None


@given(st.data())
def test_damage_is_told(data: st.DataObject) -> None:
    """Whatever is turned over, an answer or BadBox."""
    whole = bytearray(part(make_parts(make_media(2.0))[0]))
    for at in data.draw(st.lists(st.integers(0, 400), min_size=1, max_size=8)):
        whole[at] ^= data.draw(st.integers(1, 255))
    try:
        head = bytes(whole[: head_length(bytes(whole[:48]))])
        key_frame(head)
        sound_run(head)
    except BadBox:
        return


@pytest.mark.parametrize("data", [b"", b"\0" * 47, b"\0" * 48])
def test_what_is_no_part(data: bytes) -> None:
    with pytest.raises(BadBox):
        head_length(data)
