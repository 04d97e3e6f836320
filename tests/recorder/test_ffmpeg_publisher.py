"""FFmpeg's own `whip` muxer against the ingest, over real HTTP."""

import asyncio
import sys

import pytest
import uvloop
from aiohttp import web

from recorder.whip_peer import WhipPeer
from settings import Settings
from tests.publishers.prepared_packets import prepare_video
from tests.recorder.collecting_sink import CollectingSink


@pytest.mark.serial  # in real time: what the muxer sends before the handshake's end is lost
def test_ffmpeg_s_pictures_and_sound_arrive_whole(tmp_path):
    video = prepare_video()
    sink, tokens = CollectingSink(), []
    settings = Settings.from_environment({"KODO_STORAGE": str(tmp_path)})

    async def serve():
        peers = []

        async def publish(request):
            tokens.append(request.headers["Authorization"])
            peers.append(await WhipPeer.accept(await request.text(), sink, settings))
            headers = {"Location": "/whip/1", "ETag": peers[0].etag}
            return web.Response(
                status=201, text=peers[0].answer_sdp, content_type="application/sdp", headers=headers
            )

        async def delete(_request):
            await peers[0].close("deleted")
            return web.Response()

        app = web.Application()
        app.add_routes([web.post("/whip", publish), web.delete("/whip/1", delete)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        # A process of its own: PyAV holds the interpreter's lock while the muxer waits for the answer.
        arguments = ["--whip", f"http://127.0.0.1:{port}/whip", "--token", "key", "--seconds", "2"]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.publishers.ffmpeg_publisher", *arguments),
            *("--width", str(video.width), "--height", str(video.height), "--kilobits", "800"),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 100)
        sent = int(output.split()[0])
        await runner.cleanup()
        return sent

    sent = uvloop.run(serve())
    assert tokens == ["Bearer key"]
    # FFmpeg may send its first pictures before the recorder's side of the handshake is done, and its
    # last ones just before its DELETE; in between all is as it was prepared.
    prepared = [video.pictures[i % len(video.pictures)].nals for i in range(sent)]
    first = prepared.index(sink.video[0].nals)
    assert [unit.nals for unit in sink.video] == prepared[first : first + len(sink.video)]
    assert len(sink.video) >= 0.9 * sent
    assert len(sink.audio) >= 0.9 * 2.0 * 50
    assert sink.reports == []  # it sends no RTCP sender reports: lip sync rests on arrival
    assert sink.closed == ["deleted"]
    assert sink.lost == 0
