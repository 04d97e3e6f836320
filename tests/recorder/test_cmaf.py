"""Init segments and parts: what is written is what is read back, and real decoders agree."""

from __future__ import annotations

import io
import os
import struct
import tempfile
from dataclasses import replace

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import cmaf
from recorder.iso_boxes import boxes, find_path
from recorder.media import AudioSample, PartContent, VideoParameters, VideoSample
from tests.recorder.media_maker import make_media, make_parts


def _stream(parts: list[PartContent], parameters: VideoParameters, *, slate: bool = False) -> bytes:
    written = [cmaf.part_bytes(n + 1, part, 0, n) for n, part in enumerate(parts)]
    return cmaf.init_segment(parameters, slate=slate) + b"".join(written)


def test_a_take_decodes_with_its_times() -> None:
    media = make_media(4)
    start = 90_000 * 100
    data = _stream(make_parts(media, start_pts=start), media.parameters)
    with av.open(io.BytesIO(data)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        video.codec_context.options = {"err_detect": "explode"}
        pictures, frames = [], []
        for frame in container.decode(video, audio):
            (pictures if isinstance(frame, av.VideoFrame) else frames).append(frame.pts)
        assert (video.codec_context.width, video.codec_context.height) == (160, 96)
        assert (audio.codec_context.sample_rate, audio.codec_context.layout.name) == (48_000, "stereo")
        assert video.codec_context.profile == "Constrained Baseline"
    assert pictures == [start + n * 3_000 for n in range(120)]
    assert frames == [4_800_000 + n * 1_024 for n in range(187)]


def test_a_part_is_laid_out_as_players_were_measured_to_play_it() -> None:
    data = cmaf.part_bytes(7, make_parts(make_media(4))[0], 3, 2)
    assert [kind for kind, _, _ in boxes(data)] == [b"free", b"moof", b"mdat"]
    moof = find_path(data, (b"moof",))
    assert [kind for kind, _, _ in boxes(data, *moof)] == [b"mfhd", b"traf", b"traf"]
    traf = find_path(data, (b"traf",), *moof)
    assert [kind for kind, _, _ in boxes(data, *traf)] == [b"tfhd", b"tfdt", b"trun"]
    start, _ = find_path(data, (b"trun",), *traf)
    flags, count, offset = struct.unpack_from(">III", data, start)
    assert (flags, count) == (0x701, 10)
    mdat, _ = find_path(data, (b"mdat",))
    assert moof[0] - 8 + offset == mdat, "data offsets count from the moof (default-base-is-moof)"


def test_a_picture_shown_later_than_it_is_decoded_keeps_both_times() -> None:
    media = make_media(4)
    before, part = make_parts(media)[:2]
    late = replace(part.video[0], pts=part.video[0].pts + 1_500, duration=3_000, composition_offset=1_500)
    data = _stream([before, replace(part, video=(late, *part.video[1:]))], media.parameters)
    with av.open(io.BytesIO(data)) as container:
        times = [(packet.dts, packet.pts) for packet in container.demux(video=0) if packet.size]
    assert times == [(n * 3_000, n * 3_000 + (1_500 if n == 10 else 0)) for n in range(20)]


def test_a_track_without_samples_has_no_traf() -> None:
    part = replace(make_parts(make_media(4))[0], audio=())
    data = cmaf.part_bytes(1, part, 0, 0)
    moof = find_path(data, (b"moof",))
    assert [kind for kind, _, _ in boxes(data, *moof)] == [b"mfhd", b"traf"]
    sound_only = replace(make_parts(make_media(4))[0], video=())
    assert cmaf.part_is_whole(cmaf.part_bytes(1, sound_only, 0, 0))


def test_a_hole_in_the_sound_keeps_its_place() -> None:
    media = make_media(4)
    parts = make_parts(media)
    kept = parts[0].audio[:5] + parts[0].audio[9:]
    data = _stream([replace(parts[0], audio=kept), *parts[1:]], media.parameters)
    with av.open(io.BytesIO(data)) as container:
        times = [packet.pts for packet in container.demux(audio=0) if packet.size]
    assert times == [sample.pts for sample in (*kept, *(s for p in parts[1:] for s in p.audio))]


@pytest.mark.parametrize("slate", [False, True])
def test_parameters_and_slate_are_read_back_from_the_init(slate: bool) -> None:
    parameters = VideoParameters(b"\x67\x64\x00\x28sps", (b"\x68first", b"\x68second"), 1920, 1080)
    init = cmaf.init_segment(parameters, slate=slate)
    assert cmaf.parse_init(init) == (parameters, slate)
    assert cmaf.init_length(init + b"\0\0\0\x28free and more") == len(init)


def test_a_torn_or_foreign_init_is_refused_at_every_length() -> None:
    init = cmaf.init_segment(make_media(4).parameters, slate=False)
    for length in range(len(init)):
        with pytest.raises(cmaf.BadInit):
            cmaf.parse_init(init[:length])
    with pytest.raises(cmaf.BadInit):
        cmaf.parse_init(init.replace(b"KODOinit", b"OTHERapp"))


@given(st.binary(max_size=400))
def test_rubbish_is_no_init(data: bytes) -> None:
    with pytest.raises(cmaf.BadInit):
        cmaf.parse_init(data)


def test_parameters_that_fit_no_avcc_are_refused() -> None:
    with pytest.raises(cmaf.BadInit):
        cmaf.init_segment(VideoParameters(b"\x67\x42\xc0\x1f", (), 160, 96), slate=False)


_samples = st.lists(
    st.builds(
        VideoSample,
        st.binary(min_size=1, max_size=60),
        st.integers(0, 2**40),
        st.integers(1, 2**20),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@given(_samples, st.integers(0, 2**40), st.integers(0, 2**31), st.integers(0, 2**31), st.integers(0, 65_535))
def test_a_part_tells_its_record(
    video: list[VideoSample], pts: int, duration: int, segment: int, part: int
) -> None:
    independent, filled = video[0].independent, pts % 2 == 0
    content = PartContent(tuple(video), (), pts, duration, independent, part == 0, filled)
    data = cmaf.part_bytes(1, content, segment, part)
    record = cmaf.part_record(data, 99)
    assert record is not None and cmaf.part_is_whole(data)
    told = (record.offset, record.length, record.pts, record.duration, record.segment, record.part)
    assert told == (99, len(data), pts, duration, segment, part)
    assert (record.independent, record.filled) == (independent, filled)


def test_any_flipped_bit_is_noticed() -> None:
    data = cmaf.part_bytes(1, make_parts(make_media(4))[1], 0, 1)
    for at in range(0, len(data) * 8, 7):
        spoiled = bytearray(data)
        spoiled[at // 8] ^= 1 << at % 8
        assert not cmaf.part_is_whole(bytes(spoiled)), f"bit {at}"
    assert not cmaf.part_is_whole(data[:-1]) and not cmaf.part_is_whole(data + b"\0")


@pytest.mark.parametrize(
    "content",
    [
        PartContent((), (), 0, 0, True, True),
        PartContent((VideoSample(b"x", -1, 1, True),), (), 0, 0, True, True),
        PartContent((VideoSample(b"x", 0, 1, True),), (), -1, 0, True, True),
        PartContent((), (AudioSample(b"a", 2_048), AudioSample(b"b", 0)), 0, 0, True, True),
    ],
)
def test_what_no_fragment_can_hold_is_refused(content: PartContent) -> None:
    with pytest.raises(cmaf.BadContent):
        cmaf.part_bytes(1, content, 0, 0)


def test_parts_are_walked_up_to_the_first_torn_one() -> None:
    media = make_media(4)
    init = cmaf.init_segment(media.parameters, slate=False)
    written = [cmaf.part_bytes(n + 1, part, 0, n) for n, part in enumerate(make_parts(media))]
    with tempfile.TemporaryFile() as file:
        file.write(init + b"".join(written))
        file.flush()
        whole = list(cmaf.walk_parts(file.fileno(), len(init)))
        assert [record.length for record in whole] == [len(part) for part in written]
        assert cmaf.read_init(file.fileno()) == init
        os.ftruncate(file.fileno(), whole[-1].offset + whole[-1].length - 1)
        assert list(cmaf.walk_parts(file.fileno(), len(init))) == whole[:-1]
