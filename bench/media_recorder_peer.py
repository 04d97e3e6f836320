"""aiortc's own way to record a WHIP publisher, as its examples show it: what ours is measured against.

A process of its own, started by `ingest.py`: python -m bench.media_recorder_peer PORT FILE.mp4
`GET /cpu` says what the publication has cost; `DELETE` finishes the file.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder


class Peer:
    """One publication into one file."""

    def __init__(self, path: str) -> None:
        self._recorder = MediaRecorder(path)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._began = self._ended = 0.0

    async def publish(self, request: web.Request) -> web.Response:
        self._began = time.process_time()
        self._pc.on("track", self._recorder.addTrack)
        await self._pc.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        await self._recorder.start()
        return web.Response(
            status=201, text=self._pc.localDescription.sdp, headers={"Location": "/whip/1", "ETag": '"1"'}
        )

    async def delete(self, _request: web.Request) -> web.Response:
        await self._recorder.stop()
        await self._pc.close()
        self._ended = time.process_time()
        return web.Response()

    async def cpu(self, _request: web.Request) -> web.Response:
        return web.Response(text=json.dumps({"cpu_seconds": self._ended - self._began}))


async def serve(port: int, path: str) -> None:
    peer = Peer(path)
    application = web.Application()
    application.router.add_post("/whip", peer.publish)
    application.router.add_delete("/whip/1", peer.delete)
    application.router.add_get("/cpu", peer.cpu)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
