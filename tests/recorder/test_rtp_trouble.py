"""What a network and a sender may do to RTP, through receiver and program, by what lies in the recording."""

from __future__ import annotations

import asyncio
import itertools
import random
from pathlib import Path

import pytest

from recorder.h264 import nal_type
from tests.recorder.program_stage import Stage, check_takes, decode, written_nals
from tests.recorder.rtp_publisher import WAY_SECONDS, Network, RtpPublisher, clean, losing

FILL_BYTES = 16


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def finish(stage: Stage) -> None:
    """The recording keeps every rule and decodes without an error; it is one take."""
    asyncio.run(stage.close())
    check_takes(stage.takes)
    assert len(stage.takes) == 1
    (take,) = stage.takes
    assert len(decode(take.video, take.pictures)) == len(take.pictures)


def freeze(stage: Stage) -> float:
    """The largest step between pictures of the source, in seconds."""
    times = [sample.pts for sample in stage.takes[0].pictures if len(sample.data) > FILL_BYTES]
    return max(b - a for a, b in itertools.pairwise(times)) / 90_000


def slices(publisher: RtpPublisher, first: int = 0) -> list[bytes]:
    return [nal for unit in publisher.sent[first:] for nal in unit.nals if nal_type(nal) in (1, 5, 6)]


def everything_is_there(stage: Stage, publisher: RtpPublisher) -> bool:
    """Each picture as it was sent, once, in order; those still on their way at the end aside."""
    written, sent = written_nals(stage.takes[0]), slices(publisher)
    return written == sent[: len(written)] and len(sent) - len(written) <= 15


def test_without_trouble_everything_is_there(stage: Stage) -> None:
    publisher = RtpPublisher(stage)
    stage.run(6)
    finish(stage)
    assert everything_is_there(stage, publisher)
    assert stage.program.stats()["fills"] == 0


def test_losses_are_repaired(stage: Stage) -> None:
    publisher = RtpPublisher(stage, network=losing(0.05))
    stage.run(10)
    finish(stage)
    assert publisher.receiver.video.buffer.counts.repaired > 20
    assert everything_is_there(stage, publisher)
    assert freeze(stage) <= 0.25


def test_losses_without_repair_cost_less_than_a_second(stage: Stage) -> None:
    publisher = RtpPublisher(stage, network=losing(0.01), repairs=False)
    stage.run(15)
    finish(stage)
    assert publisher.receiver.video.buffer.counts.lost > 5
    assert freeze(stage) <= 1.0
    sent = slices(publisher)
    assert set(written_nals(stage.takes[0])) - set(sent) <= {
        nal for s in stage.takes[0].pictures if len(s.data) <= FILL_BYTES for nal in [s.data[4:]]
    }


def test_late_repairs_in_the_beginning_do_not_end_repairing(stage: Stage) -> None:
    """A burst whose repairs queue up; afterwards the line is an ordinary one of 80 ms."""
    publisher = RtpPublisher(stage, network=losing(0.3))
    publisher.repair_delay = 0.3
    stage.run(0.5)
    publisher.network, publisher.repair_delay = clean, 0.04
    stage.run(1.5)
    counts = publisher.receiver.video.buffer.counts
    assert counts.late > 0
    publisher.network, settled, repaired = losing(0.02), len(publisher.sent), counts.repaired
    stage.run(8)
    finish(stage)
    assert counts.repaired - repaired > 5
    assert set(slices(publisher, settled)[:-15]) <= set(written_nals(stage.takes[0]))


@pytest.mark.parametrize("round_trip", [0.25, 0.4])
def test_a_distant_publisher_is_repaired_too(stage: Stage, round_trip: float) -> None:
    publisher = RtpPublisher(stage, network=losing(0.02))
    publisher.repair_delay = round_trip - 2 * WAY_SECONDS
    stage.run(5)
    settled, lost = len(publisher.sent), publisher.receiver.video.buffer.counts.lost
    stage.run(10)
    finish(stage)
    assert publisher.receiver.video.buffer.counts.lost == lost
    assert set(slices(publisher, settled)[:-15]) <= set(written_nals(stage.takes[0]))


def test_what_repairs_take_is_known_after_a_change_of_ssrc(stage: Stage) -> None:
    publisher = RtpPublisher(stage, network=losing(0.05))
    stage.run(3)
    publisher.network, known = clean, publisher.receiver.video.buffer.repair_seconds
    publisher.video_ssrc = 11
    stage.run(1)
    assert publisher.receiver.video.ssrc == 11
    assert publisher.receiver.video.buffer.repair_seconds == pytest.approx(known, rel=0.2)


def reordering(seconds: float, seed: int = 3) -> Network:
    dice = random.Random(seed)
    return lambda: [dice.random() * seconds]


def test_reordering_loses_nothing(stage: Stage) -> None:
    publisher = RtpPublisher(stage, network=reordering(0.04))
    stage.run(8)
    finish(stage)
    assert everything_is_there(stage, publisher)
    assert stage.audio.counts()["audio_silent_ms"] < 200


def test_duplicates_are_written_once(stage: Stage) -> None:
    dice = random.Random(5)
    publisher = RtpPublisher(stage, network=lambda: [0.0, 0.0, dice.random() * 3.0])
    stage.run(8)
    finish(stage)
    assert everything_is_there(stage, publisher)
    assert publisher.receiver.video.buffer.counts.duplicate > len(publisher.sent)
    assert stage.audio.counts()["audio_silent_ms"] < 200


@pytest.mark.parametrize("jump", [2**31, -(2**31), 2**31 - 1, 2**31 + 1, 2**30])
@pytest.mark.parametrize("tracks", ["both", "video", "audio"])
def test_a_jump_of_rtp_time_moves_nothing(stage: Stage, jump: int, tracks: str) -> None:
    """The timeline anchors anew: the recording goes on where it was, and time stays the session's."""
    publisher = RtpPublisher(stage)
    for _ in range(2):  # away, and from there once more
        stage.run(3)
        publisher.video_rtp += jump if tracks != "audio" else 0
        publisher.audio_rtp += jump if tracks != "video" else 0
    stage.run(3)
    finish(stage)
    assert everything_is_there(stage, publisher)
    assert freeze(stage) <= 0.1
    assert stage.takes[0].pictures[-1].pts == pytest.approx(9 * 90_000, abs=0.2 * 90_000)
    assert stage.audio.counts()["audio_silent_ms"] < 200


@pytest.mark.parametrize("jump", [5_000, 2**15, -20_000])
def test_a_jump_of_sequence_numbers_costs_less_than_a_second(stage: Stage, jump: int) -> None:
    publisher = RtpPublisher(stage)
    stage.run(4)
    publisher.video_sequence += jump
    publisher.audio_sequence += jump
    stage.run(4)
    finish(stage)
    assert freeze(stage) <= 1.0
    assert stage.audio.counts()["audio_silent_ms"] < 500


@pytest.mark.parametrize("step", [-400, 700, 20_000])  # behind the old numbers, a little ahead, far off
def test_a_change_of_ssrc_costs_less_than_a_second(stage: Stage, step: int) -> None:
    """A replaced track: other SSRC, other numbers, other times, and no IDR until one is asked for."""
    publisher = RtpPublisher(stage)
    stage.run(4)
    plis = publisher.plis
    publisher.video_ssrc, publisher.audio_ssrc = 11, 31
    publisher.video_sequence += step
    publisher.audio_sequence += step
    publisher.video_rtp, publisher.audio_rtp = 2**31, 12
    stage.run(4)
    finish(stage)
    assert publisher.plis > plis
    assert freeze(stage) <= 1.0
    assert written_nals(stage.takes[0])[-1] in slices(publisher)[-15:]
    assert stage.audio.counts()["audio_silent_ms"] < 500


def test_everything_at_once(stage: Stage) -> None:
    dice = random.Random(11)

    def network() -> list[float]:
        return [dice.random() * 0.03 for _ in range(dice.choice((0, 1, 1, 1, 1, 1, 1, 1, 1, 2)))]

    publisher = RtpPublisher(stage, network=network)
    for ssrc in (11, 12, 13):
        stage.run(3)
        publisher.video_rtp += 2**31
        publisher.audio_rtp -= 2**31
        stage.run(3)
        publisher.video_ssrc, publisher.audio_ssrc = ssrc, ssrc + 100
        publisher.video_sequence += 2**15
    stage.run(3)
    finish(stage)
    assert freeze(stage) <= 1.5
