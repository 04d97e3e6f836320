"""A process that publishes, by WHIP, a picture with a clock in it, encoded as it is sent (x264, zerolatency).

It prints `ready` when media flows and ends with SIGTERM or after `--seconds`.

python -m bench.clock_sender --to URL KEY --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import time
from fractions import Fraction

import av
import uvloop
from aiortc import MediaStreamTrack

from bench.clock_picture import CLOCK_ROWS, HEIGHT, WIDTH, backgrounds, clock_row
from tests.publishers.aiortc_publisher import AiortcPublisher
from tests.publishers.prepared_packets import prepare_audio
from tests.publishers.prepared_tracks import VIDEO_CLOCK, PacedTrack
from tests.publishers.whip_http import WhipClient

RATE = 30
KILOBITS = 800
_GREY = bytes([128]) * (WIDTH // 2 * HEIGHT // 2)


class ClockTrack(PacedTrack):
    """The time is put in right before the picture is encoded; a PLI makes the next one an IDR."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._codec = _encoder()
        self._backgrounds = backgrounds()
        self._idr_wanted = False

    def want_idr(self) -> None:
        self._idr_wanted = True

    async def recv(self) -> av.Packet:
        tick = await self._next_tick(1 / RATE)
        packet = self._encoded(tick)
        packet.pts, packet.time_base = tick * 90_000 // RATE, VIDEO_CLOCK
        return packet

    def _encoded(self, tick: int) -> av.Packet:
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        row = clock_row(time.monotonic_ns() // 1_000_000)
        frame.planes[0].update(row * CLOCK_ROWS + next(self._backgrounds))
        for plane in frame.planes[1:]:
            plane.update(_GREY)
        frame.pts, frame.time_base = tick, self._codec.time_base
        if self._idr_wanted:
            self._idr_wanted = False
            frame.pict_type = av.video.frame.PictureType.I
        (packet,) = self._codec.encode(frame)  # zerolatency: each picture gives its packet at once
        return av.Packet(bytes(packet))


def _encoder() -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, RATE), Fraction(RATE)
    codec.bit_rate = KILOBITS * 1000
    codec.thread_count = 1
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "forced-idr": "1",
        "x264-params": f"keyint=60:scenecut=0:vbv-maxrate={KILOBITS}:vbv-bufsize={KILOBITS * 5 // RATE}",
    }
    return codec


class ClockPublisher(AiortcPublisher):
    def __init__(self) -> None:
        super().__init__(None, prepare_audio(), remember=False)

    def make_video_track(self) -> MediaStreamTrack:
        return ClockTrack()


async def send(url: str, key: str, seconds: float) -> None:
    publisher, client = ClockPublisher(), WhipClient(url, key)
    await publisher.connect(client.publish)
    print("ready", flush=True)
    await asyncio.sleep(seconds)
    await client.delete()
    await publisher.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", nargs=2, required=True, metavar=("URL", "KEY"))
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    uvloop.run(send(*arguments.to, arguments.seconds))


if __name__ == "__main__":
    main()
