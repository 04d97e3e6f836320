"""Network cameras: the protocol's text, a camera's pictures, whatever else answers, and where it may be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from recorder.media import AccessUnit, OpusPacket, SenderReport
from recorder.media_log_reader import SessionReader
from recorder.playback_request import PlaybackRequest
from recorder.rtsp_message import CameraAddress, CameraRefused, authorization, parse_head, tracks_of
from recorder.rtsp_source import RtspSource
from tests.recorder import test_live_rooms
from tests.recorder.rtsp_camera import RtspCamera
from tests.recorder.test_live_rooms import refused

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Sink:
    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self.closed: str | None = None

    def on_video(self, unit: AccessUnit) -> None:
        self.units.append(unit)

    def on_audio(self, packet: OpusPacket) -> None:
        raise AssertionError("this camera has no Opus")

    def on_sender_report(self, report: SenderReport) -> None:
        pass

    def on_video_lost(self) -> None:
        raise AssertionError("nothing is lost over TCP")

    def on_closed(self, reason: str) -> None:
        self.closed = reason


async def until(state: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not state():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def with_camera(test: Callable[[RtspCamera], Awaitable[None]], **options: object) -> None:
    async def play() -> None:
        camera = await RtspCamera(**options).open()  # type: ignore[arg-type]
        try:
            await test(camera)
        finally:
            await camera.close()

    asyncio.run(play())


@pytest.mark.parametrize(("in_band", "user"), [(True, ""), (False, ""), (True, "sato")])
def test_its_pictures_pass_as_they_are(in_band: bool, user: str) -> None:
    async def test(camera: RtspCamera) -> None:
        source, sink = await RtspSource.connect(camera.url, LOOPBACK), Sink()
        source.attach(sink, clock=time.monotonic)
        for number in range(30):
            camera.send_picture(key_frame=number % 10 == 0)
        # Without its sets nothing proves that the first packet was a picture's first: the next IDR does.
        sent = camera.sent if in_band else camera.sent[10:]
        await until(lambda: len(sink.units) == len(sent))
        await source.close()
        got = [tuple(nal for nal in unit.nals if nal[0] & 31 not in (7, 8)) for unit in sink.units]
        assert got == [tuple(nal for nal in nals if nal[0] & 31 not in (7, 8)) for nals in sent]
        assert all(unit.nals[0][0] & 31 == 7 for unit in sink.units if unit.independent)
        steps = {b.rtp_timestamp - a.rtp_timestamp for a, b in zip(sink.units, sink.units[1:], strict=False)}
        assert steps == {3000} and sink.closed is None

    with_camera(test, sets_in_band=in_band, user=user, password="p:ss wörd" if user else "")


def test_a_camera_that_hangs_up_is_told_of() -> None:
    async def test(camera: RtspCamera) -> None:
        source, sink = await RtspSource.connect(camera.url, LOOPBACK), Sink()
        source.attach(sink, clock=time.monotonic)
        camera.hang_up()
        await until(lambda: sink.closed)
        await source.close()
        await source.close()

    with_camera(test)


@pytest.mark.parametrize(
    ("method", "status", "words"),
    [
        ("DESCRIBE", "RTSP/1.0 404 Not Found", "404"),
        ("DESCRIBE", "RTSP/1.0 302 Moved\r\nLocation: rtsp://10.0.0.1/x", "302"),
        ("DESCRIBE", "HTTP/1.1 400 Bad Request", "no RTSP"),
        ("DESCRIBE", "RTSP/1.0 200 OK\r\nContent-Length: 99999999", "too large"),
        ("DESCRIBE", "RTSP/1.0 200 OK\r\nContent-Length: -1", "too large"),
        ("DESCRIBE", "RTSP/1.0 401 No", "user and a password"),
        ("SETUP", "RTSP/1.0 461 Unsupported Transport", "461"),
        ("PLAY", "RTSP/1.0 503 Busy", "503"),
        ("DESCRIBE", "x" * 100_000, "as it should"),
    ],
)
def test_what_does_not_play_is_refused_with_a_word(method: str, status: str, words: str) -> None:
    async def test(camera: RtspCamera) -> None:
        camera.answers[method] = status
        with pytest.raises(CameraRefused, match=words):
            await RtspSource.connect(camera.url, LOOPBACK)
        assert camera.connections == 1, "no redirection is followed"

    with_camera(test)


def test_a_wrong_password_and_another_codec() -> None:
    async def test(camera: RtspCamera) -> None:
        with pytest.raises(CameraRefused, match="does not take"):
            await RtspSource.connect(camera.url.replace("right", "wrong"), LOOPBACK)
        camera.sdp_change = lambda sdp: sdp.replace("H264", "H265")
        with pytest.raises(CameraRefused, match="no H\\.264"):
            await RtspSource.connect(camera.url, LOOPBACK)

    with_camera(test, user="sato", password="right")


def test_nothing_is_sent_to_where_cameras_may_not_be() -> None:
    async def test(camera: RtspCamera) -> None:
        for networks in ((), (ip_network("192.168.20.0/24"),)):
            with pytest.raises(CameraRefused, match="not allowed"):
                await RtspSource.connect(camera.url, networks)
        with pytest.raises(CameraRefused, match="not known"):
            await RtspSource.connect("rtsp://camera.invalid/", LOOPBACK)
        assert camera.connections == 0

    with_camera(test)


@pytest.mark.parametrize(
    "text",
    ["", "http://camera/", "file:///etc/passwd", "rtsp://", "rtsp://camera:port/", "rtsp://ca mera/",
     "rtsp://camera/\r\nX: y", "rtsp://[::1/", "rtsp://camera/" + "x" * 600],
)  # fmt: skip
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(CameraRefused):
        CameraAddress.parse(text)


def test_an_address_without_its_secrets() -> None:
    address = CameraAddress.parse("rtsp://sa%40to:p%3Ass@[fe80::1]:8554/s?ch=1")
    assert (address.url, address.host, address.port) == ("rtsp://[fe80::1]:8554/s?ch=1", "fe80::1", 8554)
    assert (address.user, address.password) == ("sa@to", "p:ss") and "p:ss" not in repr(address)


def test_digest_as_the_standard_has_it() -> None:
    """RFC 2069 2.4, whose form RTSP cameras use (its printed example has a misprint; computed by hand)."""
    address = CameraAddress.parse("rtsp://Mufasa:CircleOfLife@host/")
    told = authorization(
        'Digest realm="testrealm@host.com", nonce="dcd98b"', address, "DESCRIBE", "rtsp://host/"
    )
    assert 'username="Mufasa"' in told and 'uri="rtsp://host/"' in told and "CircleOfLife" not in told
    for challenge in ("Negotiate", 'Digest algorithm="SHA-512"', ""):
        with pytest.raises(CameraRefused):
            authorization(challenge, address, "DESCRIBE", "rtsp://host/")


def test_any_text_is_an_answer_or_refused() -> None:
    assert parse_head(b"RTSP/1.0 200 OK\r\nCSeq: 1").status == 200
    for data in (b"", b"RTSP/2 x", b"\xff" * 100):
        with pytest.raises(CameraRefused):
            parse_head(data)
    for sdp in (b"", b"m=video", b"m=video\na=rtpmap:96 VP8/90000", b"\xff\xfe" * 50):
        with pytest.raises(CameraRefused):
            tracks_of(sdp, "rtsp://c/")
    video, audio = tracks_of(b"m=video 0 RTP/AVP 97\r\na=rtpmap:97 h264/90000\r\n", "rtsp://c/")
    assert (video.control, video.payload_type, audio) == ("rtsp://c/", 97, None)


class Hall(test_live_rooms.Stage):
    """A live room whose network camera is a real connection: time passes as its pictures come."""

    def __init__(self, folder: Path, **changes: object) -> None:
        super().__init__(folder, **changes)
        self.numbers = iter(range(1000))

    async def control(self, action: str, **more: object) -> dict | None:
        body = {"request_id": f"c{next(self.numbers)}", "action": action, **more}
        found: dict | None = (await self.rooms.control_playback("hall", PlaybackRequest.from_json(body)))[
            "playback"
        ]
        return found

    async def step(self, camera: RtspCamera | None, count: int) -> None:
        for number in range(count):
            self.clocks.now += 1 / 30
            for peer in self.peers:
                peer.deliver()
            if camera is not None:
                camera.send_picture(key_frame=number % 15 == 0)
            self.rooms.tick()
            await asyncio.sleep(0.002)  # the connection's turn


def in_hall(test: Callable[[Hall, RtspCamera], Awaitable[None]], folder: Path, **changes: object) -> None:
    async def play() -> None:
        hall = Hall(folder, **({"camera_networks": LOOPBACK} | changes))
        await hall.rooms.resume()
        await hall.live()
        camera = await RtspCamera().open()
        try:
            await test(hall, camera)
        finally:
            await hall.close()
            await camera.close()

    asyncio.run(play())


def test_it_is_on_air_from_its_key_frame_and_the_lecturer_comes_back(tmp_path: Path) -> None:
    async def test(hall: Hall, camera: RtspCamera) -> None:
        told = await hall.control("camera", url=camera.url)
        assert told is not None and (told["kind"], told["title"]) == ("camera", "127.0.0.1")
        assert told["voice_over"], "the lecturer is heard"
        await hall.step(camera, 60)
        session_id = str(hall.status["session"])
        for action in ("pause", "seek"):
            assert await refused(hall.control(action, position=1.0)) == 409
        assert await hall.control("stop") is None
        await hall.step(None, 60)
        camera.playing.clear()
        await hall.control("camera", url=camera.url)
        await hall.step(camera, 45)
        camera.hang_up()
        await until(lambda: hall.rooms._rooms["hall"].session.state.playback is None)
        await hall.step(None, 60)
        await hall.rooms.end("hall", "lecturer")
        reader = SessionReader(hall.settings.session_roots, session_id)
        reader.refresh()
        widths = [take.video.width for take in reader.takes if not take.slate]
        reader.close()
        assert widths == [160, 320, 160, 320, 160]
        texts = (hall.settings.sessions_folder / session_id / "session.json").read_text()
        assert "rtsp:" not in texts

    in_hall(test, tmp_path)


def test_a_camera_without_a_picture_leaves_the_lecturer_on_air(tmp_path: Path) -> None:
    async def test(hall: Hall, camera: RtspCamera) -> None:
        await hall.control("camera", url=camera.url)
        await hall.step(None, 330)
        assert hall.rooms._rooms["hall"].session.state.playback is None
        assert hall.status["phase"] == "live"

    in_hall(test, tmp_path)


def test_cameras_are_off_unless_networks_are_set(tmp_path: Path) -> None:
    async def test(hall: Hall, camera: RtspCamera) -> None:
        assert await refused(hall.control("camera", url=camera.url)) == 403
        assert camera.connections == 0

    in_hall(test, tmp_path, camera_networks=())


def test_what_is_no_camera_is_refused_and_the_lecture_goes_on(tmp_path: Path) -> None:
    async def test(hall: Hall, camera: RtspCamera) -> None:
        assert await refused(hall.control("camera", url="http://127.0.0.1/")) == 422
        assert await refused(hall.control("camera", url="rtsp://127.0.0.1:1/")) == 422
        await hall.step(None, 10)
        assert hall.status["phase"] == "live"

    in_hall(test, tmp_path)
