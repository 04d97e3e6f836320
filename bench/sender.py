"""A process that publishes one or several prepared streams by WHIP, over a bad network if asked.

The benchmarks' cheap and exact publisher: it stops sending a while before it leaves, so that all that was
sent has time to arrive. It prints `ready`, then a JSON line of counts.

python -m bench.sender --to URL KEY [--to URL KEY …] --seconds 20 [--delay 0.04 --loss 0.02] [--drop-rtx]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import re
from pathlib import Path as FilePath

import uvloop

from tests.network.udp_relay import Path, Signal, UdpRelay
from tests.publishers.aiortc_publisher import AiortcPublisher
from tests.publishers.prepared_packets import prepare_audio, prepare_video
from tests.publishers.whip_http import WhipClient

SETTLE_SECONDS = 1.5


class Stream:
    """One publication and what became of its packets."""

    def __init__(self, arguments: argparse.Namespace, url: str, key: str) -> None:
        video = prepare_video(
            arguments.width, arguments.height, kilobits=arguments.kilobits, seconds=arguments.loop_seconds
        )
        self._client = WhipClient(url, key)
        self.publisher = AiortcPublisher(video, prepare_audio(), remember=arguments.sent is not None)
        self._repairs: set[int] = set()
        self.relay: UdpRelay | None = None
        if arguments.delay or arguments.loss or arguments.drop_rtx:
            self.relay = UdpRelay(self._way(arguments, 1), self._way(arguments, 2))

    def _way(self, arguments: argparse.Namespace, seed: int) -> Path:
        return Path(
            delay_seconds=arguments.delay,
            loss=arguments.loss,
            random=random.Random(seed),
            loses=self._is_repair if arguments.drop_rtx else lambda _packet: False,
        )

    def _is_repair(self, packet: bytes) -> bool:
        return len(packet) > 1 and packet[0] >> 6 == 2 and packet[1] & 127 in self._repairs

    async def begin(self) -> None:
        signal: Signal = self._publish
        await self.publisher.connect(self.relay.around(signal) if self.relay is not None else signal)

    async def _publish(self, offer: str) -> str:
        answer = await self._client.publish(offer)
        self._repairs = {int(number) for number in re.findall(r"a=rtpmap:(\d+) rtx/", offer + answer)}
        return answer

    def pause(self) -> None:
        for track in (self.publisher.video_track, self.publisher.audio_track):
            if track is not None:
                track.pause()

    async def leave(self) -> None:
        await self._client.delete()
        await self.publisher.close()
        if self.relay is not None:
            await self.relay.close()

    def counts(self) -> dict[str, int]:
        assert self.publisher.video_track is not None
        ways = (self.relay.upward, self.relay.downward) if self.relay is not None else ()
        return {
            "pictures": self.publisher.video_track.pictures_sent,
            "packets_dropped": sum(way.dropped for way in ways),
            "packets_passed": sum(way.passed for way in ways),
        }

    def write_sent(self, path: FilePath) -> None:
        """One line per picture: its RTP time and the SHA-256 of each NAL unit."""
        assert self.publisher.video_track is not None
        with path.open("w") as file:
            for pts, nals in self.publisher.video_track.sent:
                digests = [[nal[0] & 31, hashlib.sha256(nal).hexdigest()] for nal in nals]
                print(json.dumps({"pts": pts, "nals": digests}), file=file)


async def send(arguments: argparse.Namespace) -> None:
    streams = [Stream(arguments, url, key) for url, key in arguments.to]
    for stream in streams:
        await stream.begin()
    print("ready", flush=True)
    await asyncio.sleep(arguments.seconds)
    for stream in streams:
        stream.pause()
    await asyncio.sleep(SETTLE_SECONDS)
    if arguments.sent is not None:
        streams[0].write_sent(arguments.sent)
    print(json.dumps([stream.counts() for stream in streams]), flush=True)
    for stream in streams:
        await stream.leave()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", nargs=2, action="append", required=True, metavar=("URL", "KEY"))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--kilobits", type=int, default=2000)
    parser.add_argument("--loop-seconds", type=float, default=4.0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds each way")
    parser.add_argument("--loss", type=float, default=0.0, help="probability, each way")
    parser.add_argument("--drop-rtx", action="store_true", help="retransmissions never arrive")
    parser.add_argument("--sent", type=FilePath, help="write what was sent to this file (first stream)")
    uvloop.run(send(parser.parse_args()))


if __name__ == "__main__":
    main()
