"""A WHIP publisher by aiortc that sends prepared packets: as a library from asyncio, or as a script.

python -m tests.publishers.aiortc_publisher --whip URL --token KEY --seconds 10 --sent sent.jsonl
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from tests.publishers.prepared_packets import PreparedAudio, PreparedVideo, prepare_audio, prepare_video
from tests.publishers.prepared_tracks import PreparedAudioTrack, PreparedVideoTrack
from tests.publishers.whip_http import WhipClient, WhipRefused

Signal = Callable[[str], Awaitable[str]]


class AiortcPublisher:
    """`connect(signal)` sends the offer by `signal` and starts sending; tracks outlive reconnections.

    `answers_pli`: a PLI makes the next picture an IDR. `answers_nack`: lost packets are sent again,
    by RTX if `rtx`.
    """

    def __init__(
        self,
        video: PreparedVideo | None,
        audio: PreparedAudio | None,
        *,
        rtx: bool = True,
        answers_nack: bool = True,
        answers_pli: bool = True,
        remember: bool = True,
        video_first: bool = False,
    ) -> None:
        self._video, self._audio = video, audio
        self._rtx, self._answers_nack, self._answers_pli = rtx, answers_nack, answers_pli
        self._remember, self._video_first = remember, video_first
        self.video_track: PreparedVideoTrack | None = None
        self.audio_track: PreparedAudioTrack | None = None
        self.pc: RTCPeerConnection | None = None
        self.lost = asyncio.Event()

    async def connect(self, signal: Signal) -> None:
        """Offer, answer, and wait until media flows. Raises what `signal` raises, TimeoutError."""
        self.lost.clear()
        self.pc = pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connected = asyncio.Event()
        pc.on("connectionstatechange", self._state_changed)
        self._add_tracks(pc)
        try:
            await pc.setLocalDescription(await pc.createOffer())
            answer = await signal(pc.localDescription.sdp)
            await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await asyncio.wait_for(self.connected.wait(), 60)
        except BaseException:
            await pc.close()
            raise

    def change_video(self, video: PreparedVideo) -> None:
        self._video = video
        assert self.video_track is not None
        self.video_track.change(video)

    async def close(self) -> None:
        """RTCP BYE and DTLS close_notify, as a browser's tab does."""
        if self.pc is not None:
            await self.pc.close()

    async def kill(self) -> None:
        """Vanish: nothing is sent any more, not even a goodbye."""
        assert self.pc is not None
        for transceiver in self.pc.getTransceivers():
            for protocol in transceiver.sender.transport.transport._connection._protocols:
                protocol.send_data = _nothing
                protocol.send_stun = lambda *_: None
        for transceiver in self.pc.getTransceivers():
            transceiver.sender.transport._send_rtp = _nothing
            transceiver.sender.transport._write_ssl = _nothing
        await self.pc.close()

    def _add_tracks(self, pc: RTCPeerConnection) -> None:
        adders = [self._add_audio, self._add_video]
        for add in reversed(adders) if self._video_first else adders:
            add(pc)

    def make_video_track(self) -> PreparedVideoTrack | None:
        """What is sent as picture; another track's `want_idr` answers PLIs, too."""
        return None if self._video is None else PreparedVideoTrack(self._video, remember=self._remember)

    def _add_video(self, pc: RTCPeerConnection) -> None:
        self.video_track = self.make_video_track()
        if self.video_track is None:
            return
        transceiver = pc.addTransceiver(self.video_track, direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        wanted = ("video/h264", "video/rtx") if self._rtx else ("video/h264",)
        transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() in wanted])
        if self._answers_pli:
            transceiver.sender._send_keyframe = self.video_track.want_idr
        if not self._answers_nack:
            transceiver.sender._retransmit = _nothing

    def _add_audio(self, pc: RTCPeerConnection) -> None:
        if self._audio is not None:
            self.audio_track = PreparedAudioTrack(self._audio)
            pc.addTransceiver(self.audio_track, direction="sendonly")

    def _state_changed(self) -> None:
        assert self.pc is not None
        if self.pc.connectionState == "connected":
            self.connected.set()
        elif self.pc.connectionState in ("failed", "closed"):
            self.lost.set()


async def _nothing(*_: object) -> None:
    return None


async def publish(arguments: argparse.Namespace) -> list[AiortcPublisher]:
    """Publish for the given time; with --reconnect, as often as it takes."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + arguments.seconds
    lives: list[AiortcPublisher] = []
    while loop.time() < ends_at:
        publisher = _publisher(arguments)
        client = WhipClient(arguments.whip, arguments.token)
        try:
            await publisher.connect(client.publish)
            lives.append(publisher)
            print(json.dumps({"connected_at": loop.time()}), flush=True)
            await _wait_until(publisher.lost, ends_at - loop.time())
        except (WhipRefused, aiohttp.ClientError, TimeoutError, OSError) as error:
            print(json.dumps({"error": str(error)}), flush=True)
        if not arguments.reconnect:
            break
        if loop.time() < ends_at:
            await asyncio.sleep(0.3)
    if lives and not lives[-1].lost.is_set():
        await client.delete()
        await publisher.close()
    return lives


async def _wait_until(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), max(0.0, seconds))
    except TimeoutError:
        return


def _publisher(arguments: argparse.Namespace) -> AiortcPublisher:
    video = prepare_video(
        arguments.width,
        arguments.height,
        frames_per_second=arguments.fps,
        gop=arguments.gop,
        kilobits=arguments.kilobits,
        profile=arguments.profile,
    )
    return AiortcPublisher(
        None if arguments.no_video else video,
        None if arguments.no_audio else prepare_audio(),
        rtx=not arguments.no_rtx,
        answers_nack=not arguments.no_nack,
        remember=arguments.sent is not None,
    )


def _write_sent(path: Path, lives: list[AiortcPublisher]) -> None:
    """One line per picture: connection, RTP time from its start, SHA-256 of each NAL unit."""
    with path.open("w") as file:
        for number, publisher in enumerate(lives):
            for pts, nals in publisher.video_track.sent if publisher.video_track else []:
                digests = [hashlib.sha256(nal).hexdigest() for nal in nals]
                print(json.dumps({"connection": number, "pts": pts, "nals": digests}), file=file)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whip", required=True)
    parser.add_argument("--token")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--gop", type=int, default=60)
    parser.add_argument("--kilobits", type=int, default=2000)
    parser.add_argument("--profile", default="baseline", choices=["baseline", "main", "high"])
    parser.add_argument("--sent", type=Path, help="write what was sent to this file")
    for flag in ("--reconnect", "--no-video", "--no-audio", "--no-rtx", "--no-nack"):
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args()
    lives = asyncio.run(publish(arguments))
    if arguments.sent is not None:
        _write_sent(arguments.sent, lives)
    tracks = [life.video_track for life in lives if life.video_track]
    print(json.dumps({"connections": len(lives), "pictures": sum(t.pictures_sent for t in tracks)}))
    return 0 if lives else 1


if __name__ == "__main__":
    sys.exit(main())
