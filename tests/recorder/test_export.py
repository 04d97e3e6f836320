"""The MP4 of a session: passed through where it can be, one decoder configuration for all takes, checked."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import av
import imageio_ffmpeg
import pytest

from recorder import edit_list_files, h264
from recorder.edit_list import EditList, Span
from recorder.export import ExportFailed, NotEnoughSpace, NothingToExport, export_mp4
from recorder.media_log import MediaLog
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media, make_parts, make_settings

EXE = imageio_ffmpeg.get_ffmpeg_exe()


def quiet(*_):
    pass


def decode_errors(path):
    command = [
        EXE,
        "-v",
        "error",
        "-i",
        path,
        "-enc_time_base",
        "demux",
        "-fps_mode",
        "passthrough",
        "-f",
        "null",
        "-",
    ]
    return subprocess.run(command, capture_output=True, text=True).stderr


def boxes_of(path):
    data = path.read_bytes()
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4])
    return found


@pytest.fixture(scope="module")
def exported(lecture, tmp_path_factory):
    reader, _ = lecture
    told = []
    destination = tmp_path_factory.mktemp("export") / "lecture.mp4"
    result = export_mp4(reader._roots, "s1", destination, lambda share, word: told.append((share, word)))
    return reader, result, told


def test_odd_takes_and_the_main_one_decode_from_one_file(exported):
    _, result, _ = exported
    assert decode_errors(result.path) == ""


def test_only_takes_of_other_parameters_are_encoded_again(exported):
    reader, result, _ = exported
    shown = [take for take in reader.takes if not take.slate]
    main = max(
        {t.video for t in shown},
        key=lambda v: sum(t.end_pts - t.records[0].pts for t in shown if t.video == v),
    )
    assert result.reencoded_takes == sum(take.video != main for take in shown) > 0


def test_one_configuration_holds_every_parameter_set(exported):
    _, result, _ = exported
    data = result.path.read_bytes()
    start = data.index(b"avcC") + 4
    with av.open(str(result.path)) as container:
        extradata = container.streams.video[0].codec_context.extradata
    assert data[start : start + len(extradata)] == extradata
    assert extradata[5] & 0x1F == 2  # the main take's SPS and that of the encoded ones
    first = extradata[8 : 8 + int.from_bytes(extradata[6:8])]
    at = 8 + len(first)
    second = extradata[at + 2 : at + 2 + int.from_bytes(extradata[at : at + 2])]
    assert h264.parse_sps(first).id != h264.parse_sps(second).id


def test_slates_are_left_out_and_the_length_is_that_of_the_takes(exported):
    reader, result, _ = exported
    shown = [take for take in reader.takes if not take.slate]
    seconds = sum(take.end_pts - take.records[0].pts for take in shown) / 90_000
    assert result.duration_seconds == pytest.approx(seconds)
    with av.open(str(result.path)) as container:
        assert container.duration / av.time_base == pytest.approx(seconds, abs=0.5)


def test_the_index_stands_before_the_media(exported):
    _, result, _ = exported
    found = boxes_of(result.path)
    assert found.index(b"moov") < found.index(b"mdat")


def test_progress_rises_to_the_end(exported):
    _, _, told = exported
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == pytest.approx(1.0, abs=0.1)


def test_nothing_but_the_file_stays(exported):
    _, result, _ = exported
    assert [entry.name for entry in result.path.parent.iterdir()] == [result.path.name]


@pytest.fixture
def written(tmp_path):
    """Writes takes `(slate, pts)` of two seconds each; returns the roots."""
    media = make_media(2.0)

    def write(*takes):
        settings = make_settings(tmp_path)
        log = MediaLog(settings, "s2", on_part=lambda *_: None)
        for slate, pts in takes:
            log.begin_take(media.parameters, slate=slate)
            for part in make_parts(media, start_pts=pts):
                log.append(part)
        log.close()
        return settings.session_roots

    return write


def test_a_reconnect_of_the_same_encoder_is_passed_through(written, tmp_path):
    roots = written((False, 0), (True, 200_000), (False, 900_000))
    result = export_mp4(roots, "s2", tmp_path / "out.mp4", quiet)
    assert result.reencoded_takes == 0
    assert decode_errors(result.path) == ""
    assert result.duration_seconds == pytest.approx(4.0, abs=0.1)


def test_a_session_of_slates_has_no_mp4(written, tmp_path):
    roots = written((True, 0))
    with pytest.raises(NothingToExport):
        export_mp4(roots, "s2", tmp_path / "out.mp4", quiet)
    assert not (tmp_path / "out.mp4").exists()


def test_the_space_that_lectures_need_is_left_alone(written, tmp_path):
    roots, destination = written((False, 0)), tmp_path / "out.mp4"
    with pytest.raises(NotEnoughSpace, match=r"needs \d+ MB beside the \d+ MB kept"):
        export_mp4(roots, "s2", destination, quiet, keep_free_bytes=1 << 60)
    assert not destination.exists() and not list(tmp_path.glob("*.partial"))


def test_what_a_killed_attempt_left_is_cleared(written, tmp_path):
    (tmp_path / "out.mp4.partial").mkdir()
    (tmp_path / "out.mp4.partial" / "result.mp4").write_bytes(b"torn")
    result = export_mp4(written((False, 0)), "s2", tmp_path / "out.mp4", quiet)
    assert decode_errors(result.path) == ""
    assert not (tmp_path / "out.mp4.partial").exists()


# Later versions of the edit list


@pytest.fixture
def healed(written):
    """Two takes of 2 s with 2 s between, which a take of another size heals → its roots."""
    roots = written((False, 0), (False, 360_000))
    number = write_healed(
        roots[0], "s2", 1, make_media(2.0, width=320, height=192, gop=30), start_pts=180_000
    )
    edits = EditList(2, (Span(1, 0, 0), Span(number, 0, 0), Span(2, 1, 1)))
    edit_list_files.save(roots[0], "s2", edits)
    return roots


def size_and_times(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [float(frame.pts * frame.time_base) for frame in container.decode(stream)]
        return (stream.width, stream.height), times


def test_a_healed_take_of_another_size_becomes_part_of_the_file(healed, tmp_path):
    result = export_mp4(healed, "s2", tmp_path / "out.mp4", quiet, version=2)
    assert result.reencoded_takes == 1 and result.duration_seconds == pytest.approx(6.0)
    assert decode_errors(result.path) == ""
    size, times = size_and_times(result.path)
    assert size == (160, 96) and len(times) == 180
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert max(steps) < 0.05 and min(steps) > 0.02, "no picture is missing at the joins"


def test_the_first_version_leaves_out_what_was_healed(healed, tmp_path):
    result = export_mp4(healed, "s2", tmp_path / "out.mp4", quiet, version=1)
    assert result.duration_seconds == pytest.approx(4.0) and result.reencoded_takes == 0


def test_segments_of_a_take_are_cut_out(written, tmp_path):
    roots = written((False, 0), (False, 180_000))
    media = make_media(6.0)
    number = write_healed(roots[0], "s2", 1, media, start_pts=900_000)
    edits = EditList(2, (Span(number, 1, 1),))
    edit_list_files.save(roots[0], "s2", edits)
    result = export_mp4(roots, "s2", tmp_path / "one.mp4", quiet, version=2)
    assert decode_errors(result.path) == "" and len(size_and_times(result.path)[1]) == 60
    twice = EditList(3, (Span(number, 2, 2), Span(1, 0, 0), Span(number, 0, 0)))
    edit_list_files.save(roots[0], "s2", twice)
    result = export_mp4(roots, "s2", tmp_path / "two.mp4", quiet, version=3)
    assert decode_errors(result.path) == "" and len(size_and_times(result.path)[1]) == 180
    with av.open(str(result.path)) as container:
        assert container.duration / av.time_base == pytest.approx(6.0, abs=0.1)


def test_odd_segments_of_a_take_are_encoded_again_alone(written, tmp_path):
    roots = written((False, 0), (False, 360_000))
    odd = write_healed(roots[0], "s2", 1, make_media(6.0, width=320, height=192), start_pts=900_000)
    edit_list_files.save(roots[0], "s2", EditList(2, (Span(1, 0, 0), Span(odd, 1, 1), Span(2, 1, 1))))
    result = export_mp4(roots, "s2", tmp_path / "out.mp4", quiet, version=2)
    assert result.reencoded_takes == 1 and decode_errors(result.path) == ""
    assert len(size_and_times(result.path)[1]) == 180


def test_a_version_that_is_not_there_is_no_mp4(written, tmp_path):
    with pytest.raises(ExportFailed, match="version 2"):
        export_mp4(written((False, 0)), "s2", tmp_path / "out.mp4", quiet, version=2)
    assert not list(tmp_path.glob("out.mp4*"))
