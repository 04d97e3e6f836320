"""The program on a simulated clock: takes, fills, slate, sound, by what lies in the log in the end."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time

import pytest

from recorder.h264 import nal_type, parse_pps, parse_sps
from recorder.media import AccessUnit, SessionPhase
from recorder.program import Program
from recorder.skip_picture import skip_picture
from recorder.slate import slate_parameters
from tests.recorder.media_maker import make_settings
from tests.recorder.program_stage import (
    START,
    Encoder,
    KeptLog,
    Publisher,
    Stage,
    check_takes,
    decode,
    nals_of,
    opus_packets,
    written_nals,
)

CABAC = {"profile": "high", "preset": "veryfast"}  # a source whose pictures cannot be filled


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def finish(stage: Stage) -> None:
    asyncio.run(stage.close())


def slices(units: list[AccessUnit]) -> list[bytes]:
    return [nal for unit in units for nal in unit.nals if nal_type(nal) in (1, 5, 6)]


def is_fill(data: bytes) -> bool:
    return len(data) <= 16


def decode_all(stage: Stage) -> None:
    for take in stage.takes:
        assert len(decode(take.video, take.pictures)) == len(take.pictures)


def test_a_lecture_is_written_as_it_came(stage):
    publisher = Publisher(stage).start()
    stage.run(10)
    finish(stage)
    assert len(stage.takes) == 1
    (take,) = stage.takes
    assert written_nals(take) == slices(publisher.sent)
    assert stage.program.stats()["fills"] == 0
    assert len([p for p in take.parts if p.starts_segment]) in (5, 6)
    assert stage.phases == ["live"]
    check_takes(stage.takes)
    decode_all(stage)


def test_parts_are_ready_the_moment_their_last_picture_came(stage):
    Publisher(stage).start()
    stage.run(10)
    assert stage.program.stats()["part_latency_p95_ms"] == 0
    steps = [b - a for a, b in itertools.pairwise(stage.log.ready_at)]
    assert max(steps) < 0.36


def test_key_frames_are_asked_for_as_segments_need_them(stage):
    publisher = Publisher(stage).start()
    stage.run(20)
    assert 9 <= len(publisher.requests) <= 12


def test_a_picture_that_rests_is_filled(stage):
    publisher = Publisher(stage, answers=False).start()
    stage.run(5)
    publisher.camera_on = False
    stage.run(15)
    publisher.camera_on = publisher.answers = True
    stage.run(5)
    finish(stage)
    check_takes(stage.takes)
    assert len(stage.takes) == 1
    (take,) = stage.takes
    assert 400 < stage.program.stats()["fills"] < 460
    assert max(sample.duration for sample in take.pictures) <= 0.35 * 90_000
    assert slices(publisher.sent) == [
        n for s in take.pictures if not is_fill(s.data) for n in nals_of(s.data)
    ]
    with_fills = decode(take.video, take.pictures)
    real = [sample for sample in take.pictures if not is_fill(sample.data)]
    kept = [image for image, s in zip(with_fills, take.pictures, strict=True) if not is_fill(s.data)]
    assert kept == decode(take.video, real)
    assert max(b - a for a, b in itertools.pairwise(stage.log.ready_at)) < 0.6


def test_sound_that_pauses_becomes_silence(stage):
    publisher = Publisher(stage).start()
    stage.run(3)
    publisher.microphone_on = False
    stage.run(5)
    publisher.microphone_on = True
    stage.run(3)
    finish(stage)
    check_takes(stage.takes)
    assert stage.audio.counts()["audio_silent_ms"] == pytest.approx(5000, abs=120)


def test_each_change_of_resolution_begins_a_take(stage):
    publisher = Publisher(stage).start()
    stage.run(3)
    publisher.encoder = Encoder(320, 192)
    stage.run(3)
    publisher.encoder = Encoder(176, 144)
    stage.run(3)
    finish(stage)
    assert [(take.video.width, take.video.height) for take in stage.takes] == [
        (160, 96),
        (320, 192),
        (176, 144),
    ]
    check_takes(stage.takes)
    decode_all(stage)


def test_a_reconnect_goes_through_a_slate_to_a_new_take(stage):
    first = Publisher(stage).start()
    stage.run(3)
    first.leave()
    assert stage.program.phase is SessionPhase.SLATE
    stage.run(4)
    Publisher(stage).start()
    stage.run(3)
    finish(stage)
    assert [take.slate for take in stage.takes] == [False, True, False]
    assert stage.phases == ["live", "slate", "live"]
    assert sum(part.duration for part in stage.takes[1].parts) == pytest.approx(4 * 90_000, abs=9_000)
    check_takes(stage.takes)
    decode_all(stage)


def test_a_source_that_takes_over_needs_no_slate(stage):
    first = Publisher(stage).start()
    stage.run(3)
    second = Publisher(stage, Encoder(176, 144)).start()
    stage.run(3)
    finish(stage)
    assert [take.slate for take in stage.takes] == [False, False]
    assert len(first.sent) > len([n for n in written_nals(stage.takes[0]) if len(n) > 16])
    assert second.requests == [] or second.requests[0] >= START + 3
    check_takes(stage.takes)


def test_a_source_without_pictures_gives_way_to_the_slate(stage):
    Publisher(stage).start()
    stage.run(3)
    silent = Publisher(stage)
    silent.camera_on = silent.microphone_on = False
    silent.start()
    stage.run(3)
    assert silent.requests, "it was asked for a key frame"
    finish(stage)
    assert [take.slate for take in stage.takes] == [False, True]
    check_takes(stage.takes)


def test_a_session_without_a_source_begins_its_slate_after_a_second(stage):
    stage.run(0.9)
    assert stage.takes == []
    stage.run(6)
    finish(stage)
    assert [take.slate for take in stage.takes] == [True]
    assert stage.takes[0].video == slate_parameters()
    check_takes(stage.takes)
    assert set(opus_packets()) and stage.takes[0].sound
    decode_all(stage)


def test_five_pictures_a_second_are_filled_up_to_fifteen(stage):
    Publisher(stage, fps=5).start()
    stage.run(12)
    finish(stage)
    check_takes(stage.takes)
    later = [sample.duration for sample in stage.takes[0].pictures[60:-1]]
    assert max(later) <= 0.08 * 90_000
    decode_all(stage)


def test_sound_alone_stands_before_the_still_picture(stage):
    publisher = Publisher(stage).start(has_video=False)
    stage.run(5)
    finish(stage)
    assert [take.slate for take in stage.takes] == [False]
    assert stage.takes[0].video == slate_parameters()
    assert stage.phases == ["live"]
    assert publisher.requests == []
    check_takes(stage.takes)


def test_a_camera_switched_on_later_begins_a_take(stage):
    publisher = Publisher(stage)
    publisher.camera_on = False
    publisher.start()
    stage.run(4)
    publisher.camera_on = publisher.key_frame_wanted = True
    stage.run(3)
    finish(stage)
    assert [(take.slate, take.video.width) for take in stage.takes] == [(False, 1280), (False, 160)]
    check_takes(stage.takes)


def test_a_jump_of_rtp_time_moves_nothing(stage):
    publisher = Publisher(stage).start()
    stage.run(4)
    publisher.video_rtp += 2**31
    publisher.audio_rtp += 2**31
    stage.run(4)
    publisher.video_rtp -= 2**31 + 12_345_678
    publisher.audio_rtp -= 5_000_000
    stage.run(4)
    finish(stage)
    check_takes(stage.takes)
    assert len(stage.takes) == 1
    assert max(sample.duration for sample in stage.takes[0].pictures) < 9_000
    assert stage.audio.counts()["audio_silent_ms"] < 200


def test_a_long_gop_is_split_and_told(stage, caplog):
    publisher = Publisher(
        stage, Encoder(gop=240, **{"x264-params": "keyint=240:min-keyint=240:scenecut=0"}), answers=False
    )
    publisher.start()
    stage.run(24)
    finish(stage)
    check_takes(stage.takes)
    assert stage.program.stats()["long_gop"] is True
    assert len([r for r in caplog.records if "no key frame" in r.message]) == 1
    starts = [part for part in stage.takes[0].parts if part.starts_segment]
    assert not all(part.independent for part in starts) and sum(part.independent for part in starts) == 3


def test_large_pictures_pass_too(stage):
    Publisher(stage, Encoder(1920, 1080)).start()
    stage.run(1.5)
    finish(stage)
    assert (stage.takes[0].video.width, stage.takes[0].video.height) == (1920, 1080)
    check_takes(stage.takes)
    decode_all(stage)


def test_a_cabac_picture_that_rests_gives_way_to_the_still_one(stage):
    publisher = Publisher(stage, Encoder(**CABAC)).start()
    stage.run(4)
    publisher.camera_on = False
    stage.run(4)
    publisher.camera_on = True
    stage.run(4)
    finish(stage)
    assert [take.video.width for take in stage.takes] == [160, 1280, 160]
    assert [take.slate for take in stage.takes] == [False, False, False], "the lecture's sound goes on"
    check_takes(stage.takes)
    decode_all(stage)


@pytest.mark.parametrize("pictures", range(3, 13))
def test_between_two_cabac_takes_no_sound_is_missing(stage, pictures):
    """Whatever the old take's last part holds: sound that is late for its end leaves no hole."""
    publisher = Publisher(stage, Encoder(**CABAC)).start()
    stage.run(1)
    publisher.sound_delay = 0.7
    stage.run(2 + pictures / 30)
    publisher.encoder = Encoder(176, 144, **CABAC)
    stage.run(3)
    finish(stage)
    assert [take.video.width for take in stage.takes] == [160, 176]
    check_takes(stage.takes)
    assert stage.takes[1].sound[0].pts - stage.takes[0].sound[-1].pts == 1024


def test_a_source_that_takes_over_from_a_cabac_one_needs_no_still_picture(stage):
    Publisher(stage, Encoder(**CABAC)).start()
    stage.run(3)
    second = Publisher(stage, Encoder(176, 144, **CABAC))
    second.delay = 0.3
    second.start()
    stage.run(3)
    finish(stage)
    assert [take.video.width for take in stage.takes] == [160, 176]
    check_takes(stage.takes)


class StillScreen(Publisher):
    """Its encoder answers each request with an IDR, also of a picture that rests."""

    def request_key_frame(self) -> None:
        super().request_key_frame()
        if not self.camera_on:
            nals = self.encoder.next(key_frame=True)
            rtp = self.video_rtp + round((self.stage.now - START) * 90_000)
            self.stage.at(self.stage.now + self.delay, lambda: self._deliver(nals, rtp))


def test_a_cabac_picture_that_rests_does_not_come_and_go(stage):
    publisher = StillScreen(stage, Encoder(**CABAC)).start()
    stage.run(4)
    publisher.camera_on = False
    stage.run(2)
    asked = len(publisher.requests)
    stage.run(20)
    assert len(publisher.requests) == asked
    publisher.camera_on = True
    stage.run(3)
    assert len(publisher.requests) > asked
    finish(stage)
    assert [take.video.width for take in stage.takes] == [160, 1280, 160]
    check_takes(stage.takes)
    decode_all(stage)


@pytest.mark.parametrize("fps", [1.1, 2, 2.9])
def test_told_time_follows_pictures_that_are_slow_and_cannot_be_filled(stage, fps):
    Publisher(stage, Encoder(**CABAC), fps=fps).start()
    stage.run(30)
    finish(stage)
    for take in stage.takes:
        told = take.parts[0].pts
        for part in take.parts:
            assert part.pts - told <= 2.5 * 90_000
            told += part.duration
    lost = 1 - 0.334 * fps  # what told time loses a second
    assert len(stage.takes) <= 2 + 30 * lost, "no take before a second is lost"
    decode_all(stage)


def test_a_flood_of_pictures_does_not_run_ahead_of_the_clock(stage):
    publisher = Publisher(stage).start()
    stage.run(1)
    nals = tuple(publisher.encoder.next(key_frame=True))
    for number in range(3000):
        publisher.sink.on_video(AccessUnit(nals, publisher.video_rtp + number, stage.now, True))
    assert stage.takes[-1].pictures[-1].pts < (stage.now - START + 2.1) * 90_000
    assert stage.program.stats()["pictures_dropped"] > 1000


def test_a_silent_source_behind_a_still_picture_is_no_lecture(stage):
    Publisher(stage).start(has_video=False)
    stage.run(3)
    silent = Publisher(stage)
    silent.camera_on = silent.microphone_on = False
    silent.start()
    stage.run(3)
    assert stage.program.phase is SessionPhase.SLATE


def test_sound_alone_that_pauses_is_still_the_lecture(stage):
    publisher = Publisher(stage).start(has_video=False)
    stage.run(3)
    publisher.microphone_on = False
    stage.run(5)
    finish(stage)
    assert [take.slate for take in stage.takes] == [False]
    check_takes(stage.takes)


def test_b_frames_are_refused_with_a_word(stage):
    options = {"x264-params": "bframes=2:b-adapt=0:scenecut=0"}
    encoder = Encoder(gop=30, profile="main", tune="film", preset="medium", **options)
    publisher = Publisher(stage, encoder).start()
    stage.run(4)
    assert stage.refused == ["b-frames"]
    assert stage.program.stats()["refused"] == "b-frames"
    assert stage.program.phase is SessionPhase.SLATE
    publisher.closed = True


def test_an_unreadable_sps_is_refused_with_a_word(stage):
    publisher = Publisher(stage)
    sink = stage.program.begin_source(publisher)
    sink.on_video(AccessUnit((b"\x67\x42\xc0\x1f\xff\xff", b"\x68\xce", b"\x65\x88"), 0, stage.now, True))
    assert stage.refused == ["unreadable"]


def test_pictures_after_a_loss_are_dropped_up_to_the_next_idr(stage):
    publisher = Publisher(stage).start()
    stage.run(3)
    publisher.sink.on_video_lost()
    before = len(publisher.requests)
    stage.run(2)
    finish(stage)
    assert len(publisher.requests) > before
    assert stage.program.stats()["pictures_dropped"] >= 1
    check_takes(stage.takes)
    decode_all(stage)


def test_the_log_gets_a_new_take_when_it_wants_one(stage):
    publisher = Publisher(stage).start()
    stage.run(3.2)
    stage.log.wants_new_take = True
    stage.run(1)
    finish(stage)
    assert len(stage.takes) == 2
    assert stage.takes[0].video == stage.takes[1].video
    assert written_nals(stage.takes[0]) + written_nals(stage.takes[1]) != []
    check_takes(stage.takes)
    decode_all(stage)
    assert slices(publisher.sent) == [n for t in stage.takes for n in written_nals(t) if n not in fills(t)]


def fills(take):
    return [nal for sample in take.pictures if is_fill(sample.data) for nal in nals_of(sample.data)]


def test_a_resumed_session_goes_on_behind_what_is_there(tmp_path):
    stage = Stage(tmp_path, resume=90_000 * 100)
    stage.run(1)
    Publisher(stage).start()
    stage.run(2)
    finish(stage)
    assert [take.slate for take in stage.takes] == [True, False]
    assert stage.takes[0].parts[0].pts >= 90_000 * 100
    check_takes(stage.takes)


def test_a_superseded_source_is_ignored(stage):
    first = Publisher(stage).start()
    stage.run(2)
    Publisher(stage, Encoder(176, 144)).start()
    stage.run(1)
    first.leave("late")
    stage.run(1)
    assert stage.program.phase is SessionPhase.LIVE
    assert stage.program.picture_arriving
    first.closed = True


def test_a_source_at_rest_in_both_tracks_may_be_superseded(stage):
    publisher = Publisher(stage).start()
    stage.run(2)
    assert stage.program.picture_arriving
    publisher.camera_on = publisher.microphone_on = False
    stage.run(4)
    assert not stage.program.picture_arriving


def test_pictures_that_come_in_a_burst_after_a_cut_are_all_kept(stage):
    publisher = Publisher(stage, answers=False).start()
    stage.run(3)
    publisher.delay = 1.5
    stage.run(0.5)
    publisher.delay = 0.02
    stage.run(4)
    finish(stage)
    check_takes(stage.takes)


@pytest.mark.parametrize("seed", range(6))
def test_parts_keep_their_rules_under_jitter(tmp_path, seed):
    stage = Stage(tmp_path)
    dice = random.Random(seed)
    publisher = Publisher(stage, fps=dice.choice((7, 12, 24, 25, 30, 60)))
    held = [0.0]

    def ordered_jitter():
        # Arrival may be late by up to 250 ms but never overtakes.
        while True:
            now = stage.now
            late = max(dice.choice((0, 0.01, 0.03, 0.25)), held[0] - now)
            held[0] = now + late + 0.0001
            yield late

    publisher.jitter = ordered_jitter()
    publisher.start()
    stage.run(12)
    finish(stage)
    check_takes(stage.takes)
    decode_all(stage)


def test_lip_sync_follows_the_sender_reports(stage):
    publisher = Publisher(stage)
    publisher.delay, publisher.sound_delay = 0.3, 0.02
    publisher.start()
    stage.run(1)
    publisher.report("video")
    stage.run(1.5)
    assert not stage.program.stats()["lip_synced"]
    publisher.report("audio")
    stage.run(4)
    assert stage.program.stats()["lip_synced"]
    finish(stage)
    check_takes(stage.takes)
    silent = stage.audio.counts()["audio_silent_ms"]
    assert 200 < silent < 420, "the sound moved 280 ms behind, to the picture"


def test_close_ends_the_audio_thread_and_is_idempotent(tmp_path):
    log = KeptLog()

    async def lecture() -> None:
        clock_zero = time.monotonic()
        program = Program(
            log, started_monotonic=clock_zero - 5, clock=time.monotonic, settings=make_settings(tmp_path)
        )
        program.tick()
        await program.close()
        await program.close()

    before = threading.active_count()
    asyncio.run(lecture())
    assert [take.slate for take in log.takes] == [True]
    assert log.takes[0].sound
    assert not log.open
    assert threading.active_count() <= before


def test_fills_are_tiny(stage):
    publisher = Publisher(stage).start()
    stage.run(1)
    sets = {nal_type(n): n for n in publisher.sent[0].nals}
    assert len(skip_picture(parse_sps(sets[7]), parse_pps(sets[8]), 5)) < 12


# What holds nothing of its source


def filled_stretches(stage: Stage) -> list[tuple[float, float]]:
    """Seconds of the parts that hold nothing of a source, slates apart."""
    found: list[tuple[float, float]] = []
    for part in (part for take in stage.takes if not take.slate for part in take.parts if part.filled):
        start, end = part.pts / 90_000, (part.pts + part.duration) / 90_000
        if found and start - found[-1][1] < 0.1:
            start = found.pop()[0]
        found.append((start, end))
    return found


def test_a_line_that_falls_silent_is_filled_until_the_slate(stage):
    publisher = Publisher(stage).start()
    stage.run(5)
    publisher.camera_on = publisher.microphone_on = False
    stage.run(4)
    publisher.leave()
    stage.run(2)
    finish(stage)
    [(start, end)] = filled_stretches(stage)
    assert 4.9 < start < 5.7 and end == pytest.approx(9, abs=0.4)
    assert all(part.filled for take in stage.takes if take.slate for part in take.parts)


@pytest.mark.parametrize("rests", ["camera_on", "microphone_on"])
def test_a_source_of_which_one_half_rests_is_no_gap(stage, rests):
    publisher = Publisher(stage).start()
    stage.run(3)
    setattr(publisher, rests, False)
    stage.run(5)
    finish(stage)
    assert filled_stretches(stage) == []


def test_a_lecture_in_sound_only_is_no_gap(stage):
    Publisher(stage).start(has_video=False)
    stage.run(6)
    finish(stage)
    assert [take.slate for take in stage.takes].count(False) == 1
    assert all(end - start < 1 for start, end in filled_stretches(stage))


def test_an_inserted_source_that_rests_is_no_gap(stage):
    publisher = Publisher(stage)
    publisher.sink = stage.program.begin_source(publisher, inserted=True)
    publisher._captured = stage.now
    publisher._capture()
    stage.run(3)
    publisher.camera_on = False
    stage.run(4)
    finish(stage)
    assert filled_stretches(stage) == []
