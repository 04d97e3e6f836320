"""A real aiortc publisher over loopback against `WhipPeer`: what it delivers, and how it ends."""

import asyncio
import io
import socket
import threading
from itertools import pairwise

import av
import pytest
import uvloop

from recorder import aiortc_tap, media_receiver, whip_peer
from recorder.h264 import nal_type
from recorder.whip_peer import OfferRejected, WhipPeer
from settings import Settings
from tests.network.udp_relay import Path, UdpRelay
from tests.publishers.aiortc_publisher import AiortcPublisher
from tests.publishers.prepared_packets import prepare_audio, prepare_video
from tests.recorder.collecting_sink import CollectingSink
from tests.recorder.sample_offers import CHROMIUM, only


class Ingest:
    """One sink and the peers accepted for it."""

    def __init__(self, tmp_path, **environment):
        self.settings = Settings.from_environment({"KODO_STORAGE": str(tmp_path), **environment})
        self.sink = CollectingSink()
        self.peers = []

    async def accept(self, offer):
        self.peers.append(await WhipPeer.accept(offer, self.sink, self.settings))
        return self.peers[-1].answer_sdp

    async def close(self):
        for peer in self.peers:
            await peer.close()

    async def pictures(self, count):
        await self.sink.until(lambda: len(self.sink.video) >= count)


def run(coroutine):
    """On uvloop, as the recorder runs; afterwards no task and no thread may be left."""
    threads = set(threading.enumerate())

    async def watched():
        await coroutine
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            _, left = await asyncio.wait(left, timeout=5)  # some are cancelled, and need their turn
        assert not left, left

    uvloop.run(watched())
    assert set(threading.enumerate()) <= threads


async def until_all_arrived(ingest, publisher):
    """Wait until all that is sent now is there; what is sent meanwhile reveals a lost end."""
    count = len(publisher.video_track.sent)
    await ingest.pictures(count)
    del ingest.sink.video[count:], publisher.video_track.sent[count:]


def sent_nals(publisher):
    return [nals for _, nals in publisher.video_track.sent]


def delivered_nals(ingest):
    return [unit.nals for unit in ingest.sink.video]


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_every_picture_and_packet_comes_as_it_was_sent(tmp_path, profile):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(profile=profile), prepare_audio())
        await publisher.connect(ingest.accept)
        await ingest.pictures(70)
        await until_all_arrived(ingest, publisher)
        assert delivered_nals(ingest) == sent_nals(publisher)
        times = [unit.rtp_timestamp for unit in ingest.sink.video]
        assert {b - a for a, b in pairwise(times)} == {3_000}
        assert [unit.independent for unit in ingest.sink.video] == [
            any(nal_type(nal) == 5 for nal in nals) for nals in sent_nals(publisher)
        ]
        audio = [packet.rtp_timestamp for packet in ingest.sink.audio]
        assert {b - a for a, b in pairwise(audio)} == {960}
        await ingest.sink.until(lambda: {one.kind for one in ingest.sink.reports} == {"audio", "video"})
        await publisher.close()
        await ingest.sink.until(lambda: bool(ingest.sink.closed))
        await ingest.close()
        assert ingest.sink.closed == ["closed by the publisher"]

    run(scenario())


@pytest.mark.parametrize(("video", "audio"), [(True, False), (False, True)])
def test_sound_alone_and_picture_alone(tmp_path, video, audio):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video() if video else None, prepare_audio() if audio else None)
        await publisher.connect(ingest.accept)
        await ingest.sink.until(lambda: len(ingest.sink.video) + len(ingest.sink.audio) > 10)
        assert bool(ingest.sink.video) == video
        assert bool(ingest.sink.audio) == audio
        await publisher.close()
        await ingest.close()

    run(scenario())


@pytest.mark.serial
def test_with_2_percent_loss_and_rtx_over_40_ms_nothing_is_missing(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(kilobits=2_000), prepare_audio())
        relay = UdpRelay(Path(delay_seconds=0.04, loss=0.02), Path(delay_seconds=0.04, loss=0.02))
        await publisher.connect(relay.around(ingest.accept))
        await ingest.pictures(240)
        await until_all_arrived(ingest, publisher)
        assert relay.upward.dropped > 20
        assert delivered_nals(ingest) == sent_nals(publisher)
        assert ingest.sink.lost == 0
        await publisher.close()
        await ingest.close()
        await relay.close()

    run(scenario())


@pytest.mark.serial
def test_with_1_percent_loss_and_no_repairs_only_whole_pictures_come(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(kilobits=2_000), prepare_audio(), answers_nack=False)
        relay = UdpRelay(Path(delay_seconds=0.04, loss=0.01), Path(delay_seconds=0.04))
        await publisher.connect(relay.around(ingest.accept))
        await ingest.sink.until(lambda: bool(ingest.sink.video) and _media_seconds(ingest) > 8)
        await publisher.close()
        await ingest.close()
        await relay.close()
        assert ingest.sink.lost > 2
        assert set(delivered_nals(ingest)) <= set(sent_nals(publisher))
        assert _decoded_pictures(ingest) == len(ingest.sink.video)
        times = [unit.rtp_timestamp for unit in ingest.sink.video]
        assert max(b - a for a, b in pairwise(times)) <= 90_000
        assert len(ingest.sink.video) > 0.3 * len(publisher.video_track.sent)

    run(scenario())


def _media_seconds(ingest):
    return (ingest.sink.video[-1].rtp_timestamp - ingest.sink.video[0].rtp_timestamp) / 90_000


def _decoded_pictures(ingest):
    """Decode all that was delivered; any error FFmpeg notices raises."""
    stream = b"".join(b"\0\0\0\1" + nal for unit in ingest.sink.video for nal in unit.nals)
    with av.open(io.BytesIO(stream), format="h264", options={"err_detect": "explode"}) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.serial
def test_a_lost_first_packet_is_fetched(tmp_path):
    seen = []

    def first_of_the_picture(packet):
        video = 127 < packet[0] < 192 and packet[1] & 127 == 99
        seen.extend([1] * video)
        return video and len(seen) <= 2

    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        relay = UdpRelay(Path(delay_seconds=0.02, loses=first_of_the_picture), Path(delay_seconds=0.02))
        await publisher.connect(relay.around(ingest.accept))
        await ingest.pictures(30)
        await until_all_arrived(ingest, publisher)
        assert delivered_nals(ingest) == sent_nals(publisher)
        await publisher.close()
        await ingest.close()
        await relay.close()

    run(scenario())


def test_reordering_and_duplicates_do_not_show(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        relay = UdpRelay(Path(reordering=0.05, duplication=0.05))
        await publisher.connect(relay.around(ingest.accept))
        await ingest.pictures(90)
        await until_all_arrived(ingest, publisher)
        assert delivered_nals(ingest) == sent_nals(publisher)
        audio = [packet.rtp_timestamp for packet in ingest.sink.audio]
        assert {b - a for a, b in pairwise(audio)} == {960}
        await publisher.close()
        await ingest.close()
        await relay.close()

    run(scenario())


def test_a_key_frame_comes_when_asked_for_and_a_new_size_passes(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(gop=120), prepare_audio())
        await publisher.connect(ingest.accept)
        await ingest.pictures(20)
        asked = len(ingest.sink.video)
        ingest.peers[0].request_key_frame()
        await ingest.sink.until(lambda: any(u.independent for u in ingest.sink.video[1:]))
        answer = next(n for n, unit in enumerate(ingest.sink.video) if n and unit.independent)
        assert answer < asked + 30, "within a second of pictures"
        publisher.change_video(prepare_video(320, 180))
        sps = prepare_video(320, 180).pictures[0].nals[0]
        await ingest.sink.until(lambda: any(sps in unit.nals for unit in ingest.sink.video))
        assert ingest.sink.lost == 0
        await publisher.close()
        await ingest.close()

    run(scenario())


@pytest.mark.serial
def test_a_publisher_that_vanishes_is_noticed(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        await publisher.connect(ingest.accept)
        await ingest.pictures(5)
        began = asyncio.get_running_loop().time()
        await publisher.kill()
        await ingest.sink.until(lambda: bool(ingest.sink.closed))
        assert ingest.sink.closed == ["consent lost"]
        assert asyncio.get_running_loop().time() - began < 11
        await ingest.close()

    run(scenario())


@pytest.mark.serial
def test_a_publisher_whose_media_pauses_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(aiortc_tap, "CONSENT_SECONDS", 2.0)
    monkeypatch.setattr(aiortc_tap, "CONSENT_CHECK_SECONDS", 0.3)

    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        await publisher.connect(ingest.accept)
        await ingest.pictures(5)
        publisher.video_track.pause()
        publisher.audio_track.pause()
        await asyncio.wait([asyncio.ensure_future(asyncio.sleep(4.5))])
        before = len(ingest.sink.video)
        publisher.video_track.resume()
        await ingest.pictures(before + 5)
        assert not ingest.sink.closed
        await publisher.close()
        await ingest.close()

    run(scenario())


def test_a_peer_that_never_connects_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(whip_peer, "CONNECT_SECONDS", 0.3)

    async def scenario():
        ingest = Ingest(tmp_path)
        await ingest.accept(CHROMIUM)
        await ingest.sink.until(lambda: bool(ingest.sink.closed))
        await ingest.close()
        assert ingest.sink.closed == ["never connected"]

    run(scenario())


def test_rtcp_goodbye_without_more_ends_it(tmp_path, monkeypatch):
    monkeypatch.setattr(media_receiver, "GOODBYE_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(whip_peer, "LOOK_SECONDS", 0.1)

    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        await publisher.connect(ingest.accept)
        await ingest.pictures(5)
        for sender in publisher.pc.getSenders():
            await sender.stop()
        await ingest.sink.until(lambda: bool(ingest.sink.closed))
        assert ingest.sink.closed == ["publisher said goodbye"]
        await publisher.close()
        await ingest.close()

    run(scenario())


def test_a_fault_in_the_sink_ends_the_publication_only(tmp_path, caplog):
    class Failing(CollectingSink):
        def on_audio(self, packet):
            raise ZeroDivisionError

    async def scenario():
        ingest = Ingest(tmp_path)
        ingest.sink = Failing()
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        await publisher.connect(ingest.accept)
        await ingest.sink.until(lambda: bool(ingest.sink.closed))
        assert ingest.sink.closed == ["internal error"]
        await ingest.close()
        await publisher.close()

    run(scenario())
    assert "ZeroDivisionError" in caplog.text


def test_closing_is_idempotent_and_frees_the_sockets(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path, KODO_UDP_PORTS="22110-22119")
        for _ in range(30):
            await ingest.accept(CHROMIUM)
            peer = ingest.peers.pop()
            await asyncio.gather(peer.close(), peer.close())
            await peer.close()
        assert ingest.sink.closed == ["closed"] * 30

    run(scenario())


def test_ports_of_the_range_are_used_and_their_end_is_told(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path, KODO_UDP_PORTS="22130-22139")
        with pytest.raises(OfferRejected) as refused:
            for _ in range(11):
                await ingest.accept(CHROMIUM)
        assert refused.value.status == 503
        assert len(ingest.peers) == 10
        ports = {int(line.split()[5]) for p in ingest.peers for line in _candidates(p)}
        assert ports == set(range(22130, 22140))
        await ingest.close()

    run(scenario())


def _candidates(peer):
    return [line for line in peer.answer_sdp.split("\r\n") if line.startswith("a=candidate:")]


def test_the_answer_announces_the_nat_address_and_complete_candidates(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path, KODO_ICE_ADDRESS="203.0.113.9", KODO_VIDEO_KILOBITS="1800")
        answer = await ingest.accept(CHROMIUM)
        assert " 203.0.113.9 " in answer
        assert "a=end-of-candidates" in answer
        assert "profile-level-id=4d001f;x-google-start-bitrate=1800" in answer
        assert "VP8" not in answer
        await ingest.close()

    run(scenario())


def test_an_etag_belongs_to_one_ice_session(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        await ingest.accept(only("audio"))
        await ingest.accept(only("audio"))
        first, second = ingest.peers
        assert first.etag != second.etag
        assert first.etag.startswith('"')
        await first.add_candidates("a=ice-ufrag:sQ+T\r\na=candidate:1 1 udp 1 192.0.2.9 4 typ host\r\n")
        with pytest.raises(OfferRejected) as refused:
            await first.add_candidates("a=ice-ufrag:none\r\n")
        assert refused.value.status == 422
        await ingest.close()

    run(scenario())


def test_trickled_candidates_alone_connect(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(None, prepare_audio())
        trickled = []

        async def signal(offer):
            lines = offer.split("\r\n")
            trickled.extend(line for line in lines if line.startswith("a=candidate"))
            ufrag = next(line for line in lines if line.startswith("a=ice-ufrag"))
            bare = [line for line in lines if not line.startswith(("a=candidate", "a=end-of"))]
            answer = await ingest.accept("\r\n".join(bare))
            await ingest.peers[0].add_candidates("\r\n".join([ufrag, "a=mid:0", *trickled]))
            return answer

        await publisher.connect(signal)
        await ingest.sink.until(lambda: len(ingest.sink.audio) > 5)
        await publisher.close()
        await ingest.close()

    run(scenario())


def test_strangers_packets_change_nothing(tmp_path):
    async def scenario():
        ingest = Ingest(tmp_path)
        publisher = AiortcPublisher(prepare_video(), prepare_audio())
        await publisher.connect(ingest.accept)
        fields = next(c for c in _candidates(ingest.peers[0]) if "." in c.split()[4]).split()
        address = (fields[4], int(fields[5]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for data in (b"", b"\x80", b"\x80\x60" + bytes(2_000), b"\x80\xc8" + bytes(30), bytes(20)):
                stranger.sendto(data, address)
            for first in range(0, 256, 5):
                for length in (12, 20, 24, 40):
                    stranger.sendto(bytes((first,)) + b"\x01\x00\x04!\x12\xa4B" + bytes(length), address)
        before = len(ingest.sink.video)
        await ingest.pictures(before + 10)
        assert not ingest.sink.closed
        await publisher.close()
        await ingest.close()

    run(scenario())
