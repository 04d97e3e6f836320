"""A camera and a microphone that tell the time, and what a recording of them says.

Each picture carries its number in bars, each tenth of a second of sound its number as a pitch. Chromium plays
both from files, from the beginning again and again; `Seen` and `Heard` times are those of the recording.
"""

from __future__ import annotations

import array
import io
import math
import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av

RATE = 30
BITS = 11
PICTURES = 1 << BITS
WIDTH, HEIGHT, BAR = 176, 96, 16
DARK, BRIGHT = 40, 210

SOUND_RATE = 48_000
SLOT_SECONDS = 0.1
SLOTS = 64
LOWEST, STEP = 500.0, 50.0
CLEAR = 20.0  # Hz beside a pitch: healed sound may be stretched a little to fit
WINDOW = 960  # samples: 20 ms
HOP = 480


@dataclass(frozen=True, slots=True)
class Told:
    """`seconds` of the recording; `number` of the picture (of PICTURES) or of the sound's slot (of SLOTS)."""

    seconds: float
    number: int


def camera(path: Path) -> str:
    """The flag for a camera whose picture carries its number, in bars above and reversed bars below."""
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420\n".encode())
        for number in range(PICTURES):
            bits = [bool(number >> bit & 1) for bit in range(BITS)]
            above, below = _line(bits), _line([not bit for bit in bits])
            file.write(b"FRAME\n" + above * (HEIGHT // 2) + below * (HEIGHT // 2) + chroma)
    return f"--use-file-for-fake-video-capture={path}"


def _line(bits: list[bool]) -> bytes:
    return b"".join(bytes([BRIGHT if bit else DARK]) * BAR for bit in bits)


def microphone(path: Path) -> str:
    """The flag for a microphone whose pitch climbs by a step each tenth of a second, now loud, now low."""
    loudness = random.Random(7)
    samples = array.array("h")
    for slot in range(8 * SLOTS):
        samples.extend(_pitched(slot % SLOTS, loudness.choice((6_000, 12_000, 24_000))))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SOUND_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return f"--use-file-for-fake-audio-capture={path}"


@cache
def _pitched(slot: int, amplitude: int) -> array.array[int]:
    """The sound of one slot, faded in and out."""
    length = round(SLOT_SECONDS * SOUND_RATE)
    turn = 2 * math.pi * (LOWEST + STEP * slot) / SOUND_RATE
    fade = [min(1.0, n / 240, (length - n) / 240) for n in range(length)]
    return array.array("h", (round(amplitude * fade[n] * math.sin(turn * n)) for n in range(length)))


def read(mp4: bytes) -> tuple[list[Told], list[Told]]:
    """What pictures and sound of a recording tell, in order of time; what cannot be read is left out."""
    pictures, sound = [], []
    with av.open(io.BytesIO(mp4), format="mp4") as media:
        for frame in media.decode(video=0):
            number = _number_in(frame)
            if number is not None:
                pictures.append(Told(float(frame.time or 0), number))
    with av.open(io.BytesIO(mp4), format="mp4") as media:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE)
        for frame in media.decode(audio=0):
            for plain in resampler.resample(frame):
                sound.append(
                    (float(frame.time or 0), array.array("h", bytes(plain.planes[0])[: 2 * plain.samples]))
                )
    return pictures, list(_slots(sound))


def _number_in(frame: Any) -> int | None:
    plane = frame.reformat(width=2 * BITS, height=8, format="gray").planes[0]
    rows = bytes(plane)
    above = rows[plane.line_size : plane.line_size + 2 * BITS]
    below = rows[6 * plane.line_size : 6 * plane.line_size + 2 * BITS]
    bits = [above[2 * bit] + above[2 * bit + 1] > below[2 * bit] + below[2 * bit + 1] for bit in range(BITS)]
    apart = [abs(above[2 * bit] - below[2 * bit]) for bit in range(BITS)]
    return sum(1 << bit for bit in range(BITS) if bits[bit]) if min(apart) > 60 else None


def _slots(sound: list[tuple[float, array.array[int]]]) -> Iterator[Told]:
    """A slot each 10 ms where its pitch is clear."""
    for start, samples in _joined(sound):
        for at in range(0, len(samples) - WINDOW, HOP):
            pitch = _pitch(samples[at : at + WINDOW])
            slot = round((pitch - LOWEST) / STEP)
            if 0 <= slot < SLOTS and abs(pitch - LOWEST - STEP * slot) < CLEAR:
                yield Told(start + (at + WINDOW / 2) / SOUND_RATE, slot)


def _joined(sound: list[tuple[float, array.array[int]]]) -> Iterator[tuple[float, array.array[int]]]:
    """Runs of sound without holes."""
    start, run = 0.0, array.array("h")
    for seconds, samples in sound:
        if abs(start + len(run) / SOUND_RATE - seconds) > 0.005:
            if run:
                yield start, run
            start, run = seconds, array.array("h")
        run.extend(samples)
    if run:
        yield start, run


def _pitch(samples: array.array[int]) -> float:
    """By the upward crossings of zero, between samples; 0 where it is silent."""
    if max(samples) < 1_000:
        return 0.0
    crossings = [
        n + samples[n] / (samples[n] - samples[n + 1])
        for n in range(len(samples) - 1)
        if samples[n] < 0 <= samples[n + 1]
    ]
    if len(crossings) < 3:
        return 0.0
    return SOUND_RATE * (len(crossings) - 1) / (crossings[-1] - crossings[0])
