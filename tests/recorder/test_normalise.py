"""Whatever is uploaded becomes a film that a program can pass through, or is refused with a word."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import pytest

from recorder.h264 import nal_type, parse_pps, parse_sps
from recorder.media import AccessUnit
from recorder.media_facts import MAX_SECONDS, MediaFacts, MediaRefused, fitted, inspect
from recorder.media_reader import CodedPicture, CodedSound, MediaReader, MediaUnreadable
from recorder.normalise import NoDisk, Normalised, normalise
from recorder.picture_stream import PictureStream
from recorder.skip_picture import can_skip
from tests.recorder.film_maker import decoded_sound, loudness, make_film, ready_film


def made(source: Path, folder: Path) -> tuple[Normalised, Path]:
    ready = folder / "ready.mkv"
    return normalise(source, ready, disk_floor_bytes=0, progress=lambda *_: None), ready


def items(path: Path) -> tuple[list[CodedPicture], list[CodedSound]]:
    reader = MediaReader(path)
    everything = list(iter(reader.next, None))
    reader.close()
    pictures = [item for item in everything if isinstance(item, CodedPicture)]
    return pictures, [item for item in everything if isinstance(item, CodedSound)]


def refusal(source: Path, folder: Path) -> str:
    with pytest.raises(MediaRefused) as refused:
        made(source, folder)
    assert not list(folder.glob("ready*"))
    return refused.value.reason


def test_a_film_is_what_a_program_passes_through(tmp_path):
    told: list[float] = []
    source = make_film(tmp_path / "a.mp4", 5)
    result = normalise(
        source, tmp_path / "a.mkv", disk_floor_bytes=0, progress=lambda share, _: told.append(share)
    )
    assert result.seconds == pytest.approx(5, abs=0.05) and not result.cut
    assert (result.width, result.height) == (320, 180)
    assert told and told[-1] == pytest.approx(1, abs=0.02)
    pictures, sound = items(tmp_path / "a.mkv")
    assert [picture.seconds for picture in pictures] == pytest.approx([n / 30 for n in range(150)])
    assert [n for n, picture in enumerate(pictures) if picture.independent] == [0, 60, 120]
    assert {round(b.seconds - a.seconds, 6) for a, b in itertools.pairwise(sound)} == {0.02}
    assert len(sound) in (250, 251)
    sets = [nal for nal in pictures[0].nals if nal_type(nal) in (7, 8)]
    assert can_skip(parse_sps(sets[0]), parse_pps(sets[1]))
    stream = PictureStream()  # refuses B-frames, interlaced pictures, other profiles
    for picture in pictures:
        unit = AccessUnit(picture.nals, round(picture.seconds * 90_000), 0.0, picture.independent)
        assert stream.read(unit) is not None


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [
        ("a.webm", "libvpx", "libopus"),
        ("a.mov", "mpeg4", "pcm_s16le"),
        ("a.mkv", "libvpx-vp9", "flac"),
        ("a.mp4", "libx265", "aac"),
    ],
)
def test_containers_and_codecs(tmp_path, name, codec, sound):
    source = make_film(tmp_path / ("in-" + name), 1, codec=codec, sound=sound)
    result, ready = made(source, tmp_path)
    assert result.seconds == pytest.approx(1, abs=0.1)
    samples, _ = decoded_sound(ready)
    assert loudness(samples) == pytest.approx(0.28, abs=0.04)


def test_empty(tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert refusal(tmp_path / "empty.mp4", tmp_path) == "empty"


def test_text(tmp_path):
    (tmp_path / "text.mp4").write_text("Dear students, " * 1000)
    assert refusal(tmp_path / "text.mp4", tmp_path) == "unreadable"


def test_a_playlist_that_names_other_files_is_not_followed(tmp_path):
    secret = make_film(tmp_path / "secret.ts", 1)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"
    (tmp_path / "list.mp4").write_text(playlist)
    assert refusal(tmp_path / "list.mp4", tmp_path) == "unreadable"
    (tmp_path / "concat.mp4").write_text(f"ffconcat version 1.0\nfile {secret}\n")
    assert refusal(tmp_path / "concat.mp4", tmp_path) == "unreadable"


def test_cut_off_without_its_index(tmp_path):
    source = make_film(tmp_path / "a.mp4", 3)
    source.write_bytes(source.read_bytes()[:-5_000])
    assert refusal(source, tmp_path) == "unreadable"


def test_cut_off_in_the_middle_plays_as_far_as_it_goes(tmp_path):
    source = make_film(tmp_path / "a.mp4", 8, movflags="faststart")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    result, _ = made(source, tmp_path)
    assert result.cut and 1 < result.seconds < 6


def test_bytes_spoiled_in_the_middle_do_not_end_it(tmp_path):
    source = make_film(tmp_path / "a.mp4", 4, movflags="faststart")
    data = bytearray(source.read_bytes())
    for at in range(len(data) // 2, len(data) - 1000, 997):
        data[at] ^= 0x55
    source.write_bytes(data)
    result, _ = made(source, tmp_path)
    assert result.seconds == pytest.approx(4, abs=0.5)


def test_a_tenth_of_a_second(tmp_path):
    result, ready = made(make_film(tmp_path / "a.mp4", 0.1), tmp_path)
    pictures, _ = items(ready)
    assert len(pictures) == 3 and result.seconds < 0.2


def test_a_turned_film_stands_upright(tmp_path):
    result, ready = made(make_film(tmp_path / "a.mp4", 0.5, rotation=90), tmp_path)
    assert (result.width, result.height) == (180, 320)
    with av.open(str(ready)) as container:
        frame = next(container.decode(video=0))
    luma = bytes(frame.planes[0])
    across = luma[: frame.width]
    assert max(across) - min(across) < 16  # the bar, upright in the file, lies across


def test_4k60_becomes_1080p30(tmp_path):
    source = make_film(tmp_path / "a.mp4", 0.2, width=3840, height=2160, fps=60, preset="ultrafast")
    result, ready = made(source, tmp_path)
    assert (result.width, result.height) == (1920, 1080)
    assert len(items(ready)[0]) == 6


def test_sizes_fit_the_box_and_are_even():
    assert fitted(3840, 2160) == (1920, 1080)
    assert fitted(2160, 3840) == (608, 1080)
    assert fitted(641, 359) == (640, 360)
    assert fitted(16, 16) == (32, 32)


def test_without_sound_there_is_silence(tmp_path):
    result, ready = made(make_film(tmp_path / "a.mp4", 2, sound=None), tmp_path)
    samples, rate = decoded_sound(ready)
    assert len(samples) / rate == pytest.approx(result.seconds, abs=0.1)
    assert loudness(samples) == 0


def test_six_channels_are_mixed_down(tmp_path):
    _, ready = made(make_film(tmp_path / "a.mp4", 1, layout="5.1"), tmp_path)
    with av.open(str(ready)) as container:
        assert container.streams.audio[0].layout.name == "stereo"
    samples, _ = decoded_sound(ready)
    assert loudness(samples) > 0.2


def test_sound_that_is_shorter_is_padded_and_longer_keeps_the_last_picture(tmp_path):
    long_sound = tmp_path / "long.mp4"
    with av.open(str(long_sound), "w") as container:
        parts = [make_film(tmp_path / "p.mp4", 1, sound=None), make_film(tmp_path / "s.mp4", 3)]
        with av.open(str(parts[0])) as first, av.open(str(parts[1])) as second:
            video = container.add_stream_from_template(first.streams.video[0])
            audio = container.add_stream_from_template(second.streams.audio[0])
            for source, stream in ((first.streams.video[0], video), (second.streams.audio[0], audio)):
                for packet in source.container.demux(source):
                    if packet.dts is not None:
                        packet.stream = stream
                        container.mux(packet)
    result, ready = made(long_sound, tmp_path)
    assert result.seconds == pytest.approx(3, abs=0.1)
    assert len(items(ready)[0]) == pytest.approx(90, abs=3)


def test_hdr_is_tone_mapped_to_eight_bits(tmp_path):
    source = make_film(tmp_path / "a.mp4", 0.3, codec="libx265", hdr=True)
    assert inspect(source).hdr
    _, ready = made(source, tmp_path)
    with av.open(str(ready)) as container:
        context = container.streams.video[0].codec_context
        assert context.pix_fmt == "yuv420p" and context.color_trc in (1, 2)


def test_sound_alone_is_refused_also_with_a_cover(tmp_path):
    assert refusal(make_film(tmp_path / "a.mp4", 1, picture=False), tmp_path) == "no_picture"


def test_pictures_that_are_too_large_are_refused(tmp_path):
    source = make_film(tmp_path / "a.mkv", 0.03, width=8448, height=4400, codec="ffv1", sound=None)
    assert refusal(source, tmp_path) == "too_large"


def told_length(tmp_path: Path, hours: float) -> MediaFacts:
    """A film of two pictures that lie so far apart."""
    path = tmp_path / "long.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=1)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for pts in (0, round(hours * 3600)):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = pts
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return inspect(path)


def test_eight_hours_are_taken_and_thirteen_are_not(tmp_path):
    assert told_length(tmp_path, 8).seconds == pytest.approx(8 * 3600, abs=2)
    with pytest.raises(MediaRefused) as refused:
        told_length(tmp_path, MAX_SECONDS / 3600 + 1)
    assert refused.value.reason == "too_long"


def test_the_disks_floor_is_kept(tmp_path):
    source = make_film(tmp_path / "a.mp4", 1)
    with pytest.raises(NoDisk, match="too little disk"):
        normalise(source, tmp_path / "ready.mkv", disk_floor_bytes=1 << 60, progress=lambda *_: None)
    assert not list(tmp_path.glob("ready*"))


def test_reading_goes_on_from_the_key_frame_before(tmp_path):
    reader = MediaReader(ready_film(tmp_path))
    for wanted, found in ((0.0, 0.0), (1.5, 0.0), (2.0, 2.0), (3.9, 2.0), (4.0, 4.0), (99.0, 4.0)):
        reader.seek(wanted)
        first = next(item for item in iter(reader.next, None) if isinstance(item, CodedPicture))
        assert first.independent and first.seconds == pytest.approx(found), wanted
    reader.close()


def test_what_is_no_normalised_film_cannot_be_read(tmp_path):
    (tmp_path / "text.mkv").write_text("no film")
    for path in (tmp_path / "text.mkv", tmp_path / "nothing.mkv", make_film(tmp_path / "a.mp4", 0.5)):
        with pytest.raises(MediaUnreadable):
            MediaReader(path)
