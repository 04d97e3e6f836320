"""A whole lecture through the program into the real media log, read back and decoded take by take."""

from __future__ import annotations

import io

import av
import pytest


def test_the_takes_are_those_of_the_lecture(lecture):
    reader, _ = lecture
    assert [(take.video.width, take.slate) for take in reader.takes] == [
        (160, False),
        (320, False),
        (176, False),
        (1280, True),
        (160, False),
        (1280, False),
    ]


def test_every_take_decodes_without_an_error(lecture):
    reader, _ = lecture
    for take in reader.takes:
        parts = [reader.part_bytes(take.number, record.segment, record.part) for record in take.records]
        pictures, sound_ms = decoded(reader.init_bytes(take.number) + b"".join(parts))
        told_ms = sum(record.duration for record in take.records) / 90
        assert pictures * 67 >= told_ms - 400, "15 pictures a second at least"
        assert sound_ms == pytest.approx(told_ms, abs=400)


def test_parts_are_told_in_order(lecture):
    _, told = lecture
    assert told == sorted(told)


def decoded(data: bytes) -> tuple[int, float]:
    with av.open(io.BytesIO(data), options={"err_detect": "explode"}) as container:
        for stream in container.streams:
            stream.codec_context.options = {"err_detect": "explode"}
        pictures, samples = 0, 0
        for packet in container.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    pictures += 1
                else:
                    samples += frame.samples
    return pictures, samples / 48
