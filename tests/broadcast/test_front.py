"""The ASGI front: live requests, Flask behind it, bodies, files, start and end, a real server."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask import Flask, Response, request

from broadcast.event_feed import EventFeed
from broadcast.event_log import EventLog
from broadcast.flask_bridge import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_LARGE_BODY_BYTES
from broadcast.front import Front, takes_gzip
from library.database import Database
from operation import web_server
from people.request_address import HEADER, address_behind
from tests.broadcast.live_stage import LiveStage
from tests.installation import free_port
from tests.recorder.media_maker import make_settings

T = TypeVar("T")
Reply = tuple[int, dict[str, str], bytes]
Work = Callable[["Stage"], Awaitable[None]]


PROXY = (ip_network("192.0.2.1"),)


def make_flask(folder: Path) -> Flask:
    app = Flask(__name__)

    @app.route("/echo", methods=["GET", "POST", "PUT"])
    def echo() -> dict[str, Any]:
        return {
            "body": request.get_data(as_text=True),
            "length": request.content_length,
            "cookies": dict(request.cookies),
            "front": request.environ.get("kodo.front", False),
            "odd": request.headers.get("X-Odd"),
            "from": address_behind(request.remote_addr or "", request.headers.getlist(HEADER), PROXY),
        }

    @app.route("/file/<name>")
    def file(name: str) -> Response:
        headers = {
            "X-Kodo-Send-File": os.fsencode(folder / name).decode("latin-1"),
            "Content-Type": "video/mp4",
            "Content-Disposition": "attachment; filename*=UTF-8''%E8%AC%9B.mp4",
            "Cache-Control": "private",
        }
        return Response(status=200, headers=headers)

    @app.route("/big")
    def big() -> Response:
        return Response((b"x" * (1 << 20) for _ in range(12)), mimetype="text/plain")

    return app


class Stage(LiveStage):
    """A front over a session with eight parts."""

    def __init__(self, folder: Path, database: Database, background: Iterable[Any] = ()) -> None:
        super().__init__(folder)
        self.writer.begin_take()
        self.writer.parts(8)
        self.feed = EventFeed(EventLog(database), lambda hint: None)
        self.front = Front(
            make_flask(folder), self.answers, self.windows, feed=self.feed, background=tuple(background)
        )

    async def request(
        self,
        method: str,
        path: str,
        query: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: Iterable[bytes] = (b"",),
        leaves: bool = False,
    ) -> Reply:
        chunks = list(body)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not chunks and leaves:
                return {"type": "http.disconnect"}
            if not chunks:
                await asyncio.Event().wait()  # as a server does while the client listens
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": path, "query_string": query,
            "headers": list(headers), "http_version": "1.1", "scheme": "http",
            "client": ("192.0.2.1", 4711),
        }  # fmt: skip
        await self.front(scope, receive, send)
        start, *rest = sent
        found = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        assert not rest[-1].get("more_body", False)
        return start["status"], found, b"".join(message.get("body", b"") for message in rest)

    def live(self, tail: str) -> str:
        return f"/live/open/{self.writer.session_id}/{tail}"


@pytest.fixture
def stage(tmp_path: Path, sqlite_database: Database) -> Iterator[Stage]:
    stage = Stage(tmp_path, sqlite_database)
    stage.feed.open()
    yield stage
    stage.feed.close()


def run(stage: Stage, work: Callable[[], Awaitable[T]]) -> T:
    async def all_of_it() -> T:
        await stage.front.open()
        try:
            return await work()
        finally:
            await stage.front.close()

    return asyncio.run(all_of_it())


def test_live_get_head_and_options(stage: Stage) -> None:
    async def work() -> None:
        path = stage.live("source/media.m3u8")
        status, headers, body = await stage.request("GET", path)
        assert status == 200 and body.startswith(b"#EXTM3U")
        assert headers["access-control-allow-origin"] == "*"
        head = await stage.request("HEAD", path)
        assert head[0] == 200 and head[2] == b"" and head[1] == headers
        status, allowed, body = await stage.request("OPTIONS", path)
        assert status == 204 and "GET" in allowed["access-control-allow-methods"] and body == b""
        status, headers, _ = await stage.request("POST", path)
        assert status == 405 and headers["allow"] == "GET, HEAD, OPTIONS"

    run(stage, work)


def test_gzip_if_the_client_takes_it(stage: Stage) -> None:
    async def work() -> None:
        path = stage.live("source/media.m3u8")
        _, headers, _ = await stage.request("GET", path, headers=[(b"accept-encoding", b"br, gzip")])
        assert headers["content-encoding"] == "gzip"

    run(stage, work)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [(b"gzip", True), (b"GZIP;q=0.5", True), (b"gzip;q=0", False), (b"br", False), (b"", False),
     (b"identity, *", True), (b"gzip; q=0.0", False)],
)  # fmt: skip
def test_what_accept_encoding_means(accept: bytes, expected: bool) -> None:
    assert takes_gzip(accept) is expected


def test_a_held_request_is_answered_when_the_part_comes(stage: Stage) -> None:
    async def work() -> None:
        await stage.request("GET", stage.live("source/media.m3u8"))
        waiting = [
            asyncio.create_task(stage.request("GET", stage.live(tail), query))
            for tail, query in (
                ("source/media.m3u8", b"_HLS_msn=1&_HLS_part=2"),
                ("source/media.m3u8", b"_HLS_msn=1&_HLS_part=2"),
                ("source/1/1.2.m4s", b""),
            )
        ]
        await asyncio.sleep(0)
        waiting[0].cancel()
        stage.writer.part()
        stage.hint()
        assert [(await task)[0] for task in waiting[1:]] == [200, 200]

    run(stage, work)


def test_the_front_polls_by_itself(stage: Stage) -> None:
    async def work() -> None:
        await stage.request("GET", stage.live("source/media.m3u8"))
        waiting = asyncio.create_task(stage.request("GET", stage.live("source/1/1.2.m4s")))
        await asyncio.sleep(0)
        stage.writer.part()
        assert (await asyncio.wait_for(waiting, 60))[0] == 200

    run(stage, work)


def test_held_requests_are_let_go_at_the_end(stage: Stage) -> None:
    async def work() -> tuple[int, dict[str, str], bytes]:
        await stage.request("GET", stage.live("source/media.m3u8"))
        waiting = asyncio.create_task(stage.request("GET", stage.live("source/1/1.2.m4s")))
        await asyncio.sleep(0)
        await stage.front.close()
        return await asyncio.wait_for(waiting, 60)

    assert run(stage, work)[0] == 503


def test_events_of_a_room(stage: Stage) -> None:
    async def work() -> None:
        status, _, body = await stage.request("GET", "/live/open/room-1/events/snapshot")
        assert (status, body[:1]) == (404, b"{"), "the book knows the room, the database does not"
        status, _, _ = await stage.request("GET", "/live/open/room-2/events/0")
        assert status == 403
        status, _, _ = await stage.request("GET", "/live/open/room-1/events/99999999999")
        assert status == 404, "no batch has eleven digits"

    run(stage, work)


def test_flask_answers_everything_else(stage: Stage) -> None:
    async def work() -> None:
        status, _, body = await stage.request("GET", "/echo")
        assert status == 200 and b'"front":true' in body
        assert (await stage.request("GET", "/nothing"))[0] == 404

    run(stage, work)


def test_a_chunked_body_reaches_flask_whole(stage: Stage) -> None:
    async def work() -> None:
        headers = [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/sdp")]
        status, _, body = await stage.request(
            "POST", "/echo", headers=headers, body=[b"v=0", b"\r\n", b"o=-"]
        )
        assert status == 200 and b'"body":"v=0\\r\\no=-"' in body and b'"length":8' in body

    run(stage, work)


def test_a_body_that_is_too_large(stage: Stage) -> None:
    async def work() -> None:
        for headers, body in (
            ([(b"content-length", b"%d" % (MAX_BODY_BYTES + 1))], [b"x"]),
            ([(b"transfer-encoding", b"chunked")], [b"x" * 600_000] * 2),
            ([], [b"x" * 600_000] * 2),
        ):
            status, found, _ = await stage.request("POST", "/echo", headers=headers, body=body)
            assert status == 413 and found["content-type"] == "application/problem+json"
        status, _, _ = await stage.request("POST", "/echo", body=[b"x" * MAX_BODY_BYTES])
        assert status == 200

    run(stage, work)


def test_a_transcript_may_be_larger(stage: Stage) -> None:
    async def work() -> None:
        for size, expected in ((2 * MAX_BODY_BYTES, 404), (MAX_LARGE_BODY_BYTES + 1, 413)):
            status, _, _ = await stage.request("PUT", "/nowhere/transcript", body=[b"x" * size])
            assert status == expected

    run(stage, work)


def test_a_client_that_leaves_in_mid_body_costs_no_thread(stage: Stage) -> None:
    async def work() -> None:
        headers = [(b"content-length", b"10")]
        with pytest.raises(ValueError, match="not enough values"):  # nothing was sent
            await stage.request("POST", "/echo", headers=headers, body=[], leaves=True)

    run(stage, work)


def test_requests_that_do_not_reach_flask(stage: Stage) -> None:
    async def work() -> None:
        big = [(b"x-big", b"x" * MAX_HEADER_BYTES)]
        assert (await stage.request("GET", "/echo", headers=big))[0] == 431
        assert (await stage.request("GET", "/echo", b"\xff"))[0] == 400
        assert (await stage.request("POST", "/echo", headers=[(b"content-length", b"x")]))[0] == 400

    run(stage, work)


def test_cookies_of_http_2_are_joined_and_odd_names_dropped(stage: Stage) -> None:
    async def work() -> None:
        headers = [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x_odd", b"spoofed")]
        _, _, body = await stage.request("GET", "/echo", headers=headers)
        assert b'"cookies":{"a":"1","b":"2"}' in body and b'"odd":null' in body

    run(stage, work)


def test_what_proxies_say_comes_through_in_order_and_without_odd_names(stage: Stage) -> None:
    async def work() -> None:
        named = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"203.0.113.9, 192.0.2.1")]
        spoofed = [(b"x_forwarded_for", b"198.51.100.66")]
        _, _, body = await stage.request("GET", "/echo", headers=[*named, *spoofed])
        assert b'"from":"203.0.113.9"' in body

    run(stage, work)


def test_a_file_is_sent_with_ranges(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "lecture.mp4").write_bytes(bytes(range(256)) * 16)

    async def work() -> None:
        status, headers, body = await stage.request("GET", "/file/lecture.mp4")
        assert status == 200 and len(body) == 4096 and headers["accept-ranges"] == "bytes"
        assert headers["content-disposition"].endswith("%E8%AC%9B.mp4")
        assert headers["cache-control"] == "private" and headers["content-type"] == "video/mp4"
        assert headers["content-length"] == "4096" and "x-kodo-send-file" not in headers
        part = [(b"range", b"bytes=16-31")]
        status, headers, body = await stage.request("GET", "/file/lecture.mp4", headers=part)
        assert status == 206 and body == bytes(range(16, 32))
        stale = [*part, (b"if-range", b'"other"')]
        assert (await stage.request("GET", "/file/lecture.mp4", headers=stale))[0] == 200
        outside = [(b"range", b"bytes=9999-")]
        assert (await stage.request("GET", "/file/lecture.mp4", headers=outside))[0] == 416
        status, headers, body = await stage.request("HEAD", "/file/lecture.mp4")
        assert status == 200 and headers["content-length"] == "4096" and body == b""
        assert (await stage.request("GET", "/file/gone.mp4"))[0] == 404

    run(stage, work)


def test_a_large_answer_is_passed_on(stage: Stage) -> None:
    async def work() -> None:
        _, _, body = await stage.request("GET", "/big")
        assert len(body) == 12 << 20

    run(stage, work)


class Service:
    def __init__(self, calls: list[str], name: str, *, fails: bool = False) -> None:
        self.calls, self.name, self.fails = calls, name, fails

    def open(self) -> None:
        if self.fails:
            raise OSError("no")
        self.calls.append(f"open {self.name}")

    def close(self) -> None:
        self.calls.append(f"close {self.name}")


def test_services_open_in_order_once_and_close_in_reverse(tmp_path: Path, sqlite_database: Database) -> None:
    calls: list[str] = []
    stage = Stage(tmp_path, sqlite_database, [Service(calls, "a"), Service(calls, "b")])

    async def work() -> None:
        await stage.front.open()
        await stage.front.open()
        await stage.front.close()
        await stage.front.close()

    asyncio.run(work())
    assert calls == ["open a", "open b", "close b", "close a"]


def test_a_service_that_does_not_open_ends_the_server(tmp_path: Path, sqlite_database: Database) -> None:
    calls: list[str] = []
    stage = Stage(tmp_path, sqlite_database, [Service(calls, "a"), Service(calls, "b", fails=True)])
    sent: list[str] = []

    async def work() -> None:
        inbox = asyncio.Queue[dict[str, str]]()
        await inbox.put({"type": "lifespan.startup"})
        await inbox.put({"type": "lifespan.shutdown"})

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await stage.front({"type": "lifespan"}, inbox.get, send)

    asyncio.run(work())
    assert sent == ["lifespan.startup.failed", "lifespan.shutdown.complete"]
    assert calls == ["open a", "close a"]


def test_the_server_speaks_http_2(tmp_path: Path, sqlite_database: Database) -> None:
    """Appendix B.1. The client's preface (RFC 9113 3.4), then the server's SETTINGS frame."""
    stage = Stage(tmp_path, sqlite_database)
    settings = make_settings(tmp_path, port=free_port())
    found: list[bytes] = []

    def client() -> None:
        for _ in range(1200):
            try:
                with socket.create_connection((settings.host, settings.port), 60) as connection:
                    connection.sendall(
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
                    )
                    found.append(connection.recv(9))
                    return
            except ConnectionRefusedError:
                threading.Event().wait(0.05)

    async def work() -> None:
        stop = asyncio.Event()
        serving = asyncio.create_task(web_server.serve(stage.front, settings, stop))
        await asyncio.to_thread(client)
        stop.set()
        await serving

    asyncio.run(work())
    assert found and found[0][3] == 4, "a SETTINGS frame"


def test_a_part_first_seen_by_a_thread_wakes_the_loop(stage: Stage) -> None:
    async def work() -> None:
        await stage.request("GET", stage.live("source/media.m3u8"))
        waiting = asyncio.create_task(stage.request("GET", stage.live("source/1/1.2.m4s")))
        await asyncio.sleep(0)
        stage.writer.part()
        await asyncio.to_thread(stage.hint)
        assert (await asyncio.wait_for(waiting, 60))[0] == 200

    asyncio.run(work())  # the front is not opened: no poll of its own
