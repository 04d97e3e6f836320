"""Whatever is uploaded becomes a take that readers of a log read, or is refused with a word."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from recorder import session_state
from recorder.imported_take import Damaged, Imported, MediaRefused, NoDisk, _verify, import_take
from recorder.media import AAC_FRAME_SAMPLES
from recorder.media_log_reader import SessionReader
from recorder.part_samples import key_frame, sound_run
from recorder.protection import is_protected
from recorder.slate import HEIGHT, WIDTH, slate_parameters
from tests.broadcast.session_writer import SessionWriter
from tests.recorder.film_maker import decoded_sound, loudness, make_film

SESSION = "0198-upload"


def made(source: Path, folder: Path, **options: object) -> Imported:
    given = {"disk_floor_bytes": 0, "progress": lambda *_: None, **options}
    return import_take(source, folder / "work", SESSION, 1, **given)  # type: ignore[arg-type]


def reader_of(folder: Path) -> SessionReader:
    """As a web process reads it."""
    state = replace(SessionWriter(folder / "other").state, session_id=SESSION)
    session_state.save(folder / "work", state)
    reader = SessionReader((folder / "work",), SESSION)
    reader.refresh()
    return reader


def played(folder: Path) -> Path:
    """What a player gets: the init segment and all parts behind it."""
    reader = reader_of(folder)
    take = reader.takes[0]
    data = reader.init_bytes(1) + b"".join(reader.segment_bytes(1, one.segment) for one in take.segments)
    reader.close()
    (folder / "played.mp4").write_bytes(data)
    return folder / "played.mp4"


def refusal(source: Path, folder: Path) -> str:
    with pytest.raises(MediaRefused) as refused:
        made(source, folder)
    return refused.value.reason


def test_a_film_is_a_take_like_any_other(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    source = make_film(tmp_path / "a.mp4", 5)
    result = made(source, tmp_path, progress=lambda share, words: told.append((share, words)))
    assert (result.seconds, result.width, result.height) == (pytest.approx(5, abs=0.05), 320, 180)
    assert told[-1][1] == "verifying" and [share for share, _ in told] == sorted(share for share, _ in told)
    reader = reader_of(tmp_path)
    (take,) = reader.takes
    assert (take.number, take.slate, take.closed, take.lost) == (1, False, True, False)
    assert [(one.pts, one.complete) for one in take.segments] == [(0, True), (180_000, True), (360_000, True)]
    assert take.end_pts / 90_000 == pytest.approx(result.seconds)
    next_sound = 0
    for slot in take.segments:
        data = reader.segment_bytes(1, slot.segment)
        assert key_frame(data) is not None, "each segment begins with a picture that needs no other"
        run = sound_run(data)
        assert run is not None
        assert run.pts[0] == next_sound, "sound without a hole, from 0 on"
        assert {b - a for a, b in pairwise(run.pts)} == {AAC_FRAME_SAMPLES}
        next_sound = run.pts[-1] + AAC_FRAME_SAMPLES
    assert next_sound / 48_000 == pytest.approx(5, abs=0.05)
    reader.close()
    with av.open(str(played(tmp_path))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 150
    samples, _ = decoded_sound(tmp_path / "played.mp4")
    assert loudness(samples) == pytest.approx(0.28, abs=0.04)


def test_picture_and_sound_stay_together(tmp_path: Path) -> None:
    """A tone that begins where the picture turns white."""
    source = tmp_path / "clap.mkv"
    with av.open(str(source), "w") as container:
        video, audio = (
            container.add_stream("libx264", rate=30),
            container.add_stream("pcm_s16le", rate=48_000),
        )
        video.width, video.height, video.pix_fmt, audio.layout = 64, 48, "yuv420p", "mono"
        for number in range(60):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane, value in zip(frame.planes, (235 if number >= 30 else 16, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            frame.pts = number
            container.mux(video.encode(frame))
            sound = av.AudioFrame(format="s16", layout="mono", samples=1600)
            loud = b"".join(
                (12_000 if n // 24 % 2 else -12_000).to_bytes(2, "little", signed=True) for n in range(1600)
            )
            sound.planes[0].update(loud if number >= 30 else bytes(3200))
            sound.sample_rate, sound.pts = 48_000, number * 1600
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    made(source, tmp_path)
    path = played(tmp_path)
    with av.open(str(path)) as container:
        white = next(f.time for f in container.decode(video=0) if bytes(f.planes[0])[0] > 128)
    samples, rate = decoded_sound(path)
    loud_at = next(n for n, sample in enumerate(samples) if abs(sample) > 0.1) / rate
    assert white == pytest.approx(1.0, abs=0.02)
    assert loud_at == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("name", "sound"), [("a.mp3", "libmp3lame"), ("a.ogg", "libopus"), ("a.wav", "pcm_s16le")]
)
def test_sound_alone_gets_the_still_picture(tmp_path: Path, name: str, sound: str) -> None:
    result = made(make_film(tmp_path / name, 5, picture=False, sound=sound), tmp_path)
    assert (result.width, result.height) == (WIDTH, HEIGHT)
    assert result.seconds == pytest.approx(5, abs=0.1)
    reader = reader_of(tmp_path)
    assert reader.takes[0].video.sps == slate_parameters().sps and not reader.takes[0].slate
    assert [one.pts for one in reader.takes[0].segments] == [0, 180_000, 360_000]
    reader.close()
    path = played(tmp_path)
    assert loudness(decoded_sound(path)[0]) == pytest.approx(0.28, abs=0.04)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == pytest.approx(75, abs=3)


def test_pictures_alone_get_silence(tmp_path: Path) -> None:
    made(make_film(tmp_path / "a.avi", 2, codec="mpeg4", sound=None), tmp_path)
    samples, rate = decoded_sound(played(tmp_path))
    assert len(samples) / rate == pytest.approx(2, abs=0.1) and loudness(samples) < 0.001


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.ts", {}),
        ("turned.mp4", {"rotation": 90}),
        ("ten.mkv", {"codec": "libx265", "hdr": True}),
        ("six.mp4", {"layout": "5.1"}),
        ("large.mp4", {"width": 3840, "height": 2160, "fps": 10, "preset": "ultrafast"}),
    ],
)
def test_odd_films_are_made_even(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    result = made(make_film(tmp_path / name, 0.7, **options), tmp_path)  # type: ignore[arg-type]
    assert result.seconds == pytest.approx(0.7, abs=0.15)
    expected = {"turned.mp4": (180, 320), "large.mp4": (1920, 1080)}.get(name, (320, 180))
    assert (result.width, result.height) == expected
    with av.open(str(played(tmp_path))) as container:
        context, sound = container.streams.video[0].codec_context, container.streams.audio[0]
        assert (context.pix_fmt, sound.layout.name, sound.rate) == ("yuv420p", "stereo", 48_000)
        assert sum(1 for _ in container.decode(video=0)) > 10


def mp4(folder: Path, seconds: float = 2) -> bytes:
    return make_film(folder / "whole.mp4", seconds, movflags="faststart").read_bytes()


def test_what_is_no_media(tmp_path: Path) -> None:
    cases = {
        "empty.mp4": (b"", "empty"),
        "text.mp4": (b"Dear students, " * 1000, "unreadable"),
        "list.mp4": (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "unreadable"),
        "subtitles.mkv": (b"WEBVTT\n\n00:00.000 --> 99:00.000\nx\n" * 100, "unreadable"),
        "noise.mp4": (bytes(range(256)) * 400, "unreadable"),
    }
    for name, (data, _) in cases.items():
        (tmp_path / name).write_bytes(data)
    assert {name: refusal(tmp_path / name, tmp_path) for name in cases} == {
        name: reason for name, (_, reason) in cases.items()
    }


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(mp4(tmp_path, 1))
    assert made(tmp_path / "a.txt", tmp_path).seconds == pytest.approx(1, abs=0.1)


def test_what_is_cut_off_is_not_taken_for_whole(tmp_path: Path) -> None:
    data = mp4(tmp_path, 8)
    (tmp_path / "half.mp4").write_bytes(data[: len(data) // 2])
    assert refusal(tmp_path / "half.mp4", tmp_path) == "cut_off"
    (tmp_path / "end.mp4").write_bytes(make_film(tmp_path / "plain.mp4", 1).read_bytes()[:-5_000])
    assert refusal(tmp_path / "end.mp4", tmp_path) == "unreadable"


def test_what_is_protected_is_named_so(tmp_path: Path) -> None:
    (tmp_path / "marked.mp4").write_bytes(with_mark(mp4(tmp_path, 1)))
    assert is_protected(tmp_path / "marked.mp4") and not is_protected(tmp_path / "whole.mp4")
    assert refusal(tmp_path / "marked.mp4", tmp_path) == "protected"


def with_mark(data: bytes) -> bytes:
    """As common encryption marks a track: `encv` for `avc1`, and a `sinf` in it."""
    at = data.index(b"avc1", data.index(b"stsd"))
    return data[:at] + b"encv" + data[at + 4 :].replace(b"pasp", b"sinf", 1).replace(b"btrt", b"sinf", 1)


def test_hardly_anything(tmp_path: Path) -> None:
    assert refusal(make_film(tmp_path / "a.mp4", 0.1), tmp_path) == "too_short"


def test_the_disks_floor_is_kept(tmp_path: Path) -> None:
    source = make_film(tmp_path / "a.mp4", 1)
    with pytest.raises(NoDisk):
        made(source, tmp_path, disk_floor_bytes=1 << 60)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    result = made(make_film(tmp_path / "a.mp4", 1), tmp_path)
    media = tmp_path / "work" / SESSION / "take-0001" / "program.mp4"
    _verify(media, result, lambda *_: None)
    data = bytearray(media.read_bytes())
    data[len(data) // 2] ^= 1
    media.write_bytes(data)
    with pytest.raises(Damaged):
        _verify(media, result, lambda *_: None)
