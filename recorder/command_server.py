"""The recorder's commands as HTTP on a Unix socket: publish, trickle, end, revoke, status.

Called by web processes and the command line on this machine; the socket is readable by the
installation's user only. Every refusal is a problem document `{status, title, detail}`.
Runs on the recorder's event loop; ends with `close()`.
"""

from __future__ import annotations

import hmac
import json
import logging
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from recorder.live_rooms import LiveRooms
from recorder.playback_request import PlaybackRequest
from recorder.publication import Publication
from recorder.publish_request import CommandRefused, PublishRequest
from recorder.whip_peer import OfferRejected, WhipPeer
from settings import Settings

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 256 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CommandServer:
    """Serves `settings.recorder_socket`."""

    def __init__(self, settings: Settings, rooms: LiveRooms, recorder_epoch: str) -> None:
        self._settings = settings
        self._rooms = rooms
        self._epoch = recorder_epoch
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[problems])
        application.router.add_post("/publish", self._publish)
        application.router.add_patch("/publications/{publication}", self._patch)
        application.router.add_delete("/publications/{publication}", self._delete)
        application.router.add_post("/rooms/{room}/end", self._end)
        application.router.add_post("/rooms/{room}/playback", self._playback)
        application.router.add_post("/rooms/{room}/off-record", self._off_record)
        application.router.add_post("/credentials/revoke", self._revoke)
        application.router.add_get("/status", self._status)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        self._settings.recorder_socket.unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(self._settings.recorder_socket)).start()
        self._settings.recorder_socket.chmod(0o600)

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _publish(self, request: web.Request) -> web.StreamResponse:
        answer = await self._rooms.publish(PublishRequest.from_json(await _json(request)))
        return web.json_response(answer, status=201)

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        body = await _json(request)
        peer = self._checked_peer(request, body)
        if body.get("if_match") not in ("*", peer.etag):
            raise CommandRefused(412, "Other ICE session", "The ETag is not that of this publication.")
        try:
            await peer.add_candidates(str(body.get("fragment", "")))
        except OfferRejected as rejected:
            raise CommandRefused(rejected.status, rejected.title, rejected.detail) from rejected
        return web.json_response({"etag": peer.etag})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        publication = self._checked(request, await _json(request))
        await publication.close()
        return web.json_response({})

    async def _end(self, request: web.Request) -> web.StreamResponse:
        body = await _json(request)
        by = str(body.get("by") or "lecturer")
        return web.json_response(await self._rooms.end(request.match_info["room"], by))

    async def _playback(self, request: web.Request) -> web.StreamResponse:
        wish = PlaybackRequest.from_json(await _json(request))
        return web.json_response(await self._rooms.control_playback(request.match_info["room"], wish))

    async def _off_record(self, request: web.Request) -> web.StreamResponse:
        begins = (await _json(request)).get("off_record")
        if not isinstance(begins, bool):
            raise CommandRefused(400, "Malformed command", "off_record is true or false")
        return web.json_response(await self._rooms.hold_off_record(request.match_info["room"], begins))

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        body = await _json(request)
        self._rooms.revoke(str(body.get("id", "")))
        return web.json_response({})

    async def _status(self, _request: web.Request) -> web.StreamResponse:
        free = shutil.disk_usage(self._settings.storage).free
        return web.json_response({"epoch": self._epoch, "disk_free": free, "rooms": self._rooms.status()})

    def _checked(self, request: web.Request, body: dict[str, Any]) -> Publication:
        """A publication is touched only with the bearer it was made with."""
        publication = self._rooms.publication(request.match_info["publication"])
        given = str(body.get("bearer_sha256")).encode()
        if not hmac.compare_digest(given, publication.bearer_sha256.encode()):
            raise CommandRefused(403, "Another token", "This publication was made with another token.")
        return publication

    def _checked_peer(self, request: web.Request, body: dict[str, Any]) -> WhipPeer:
        peer = self._checked(request, body).peer
        if not isinstance(peer, WhipPeer):
            raise CommandRefused(404, "No such publication", "It is no WHIP publication.")
        return peer


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals become problem documents (RFC 9457); anything else is logged and is a 500."""
    try:
        return await handler(request)
    except CommandRefused as refused:
        return _problem(refused.status, refused.title, refused.detail)
    except web.HTTPException as error:
        return _problem(error.status, error.reason, error.text or error.reason)
    except Exception:
        log.exception("command %s %s failed", request.method, request.path)
        return _problem(500, "Recorder error", "The command failed; the recorder's log tells why.")


def _problem(status: int, title: str, detail: str) -> web.Response:
    body = {"status": status, "title": title, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")


async def _json(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CommandRefused(400, "Malformed command", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise CommandRefused(400, "Malformed command", "The body is not an object.")
    return body
