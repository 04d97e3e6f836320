"""The bad line itself: bytes arrive whole and in order, late as told, and not at all while it is cut."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.network.tcp_relay import Line, TcpRelay

MESSAGE = bytes(range(256)) * 400


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65_536):
            self.request.sendall(data)


@pytest.fixture
def echo_port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(60)


def connect(relay: TcpRelay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=60)


def received(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := line.recv(65_536)):
        data += more
    return data


def test_all_arrives_in_order_and_late(echo_port: int) -> None:
    with TcpRelay(echo_port, Line(delay_seconds=0.03, jitter_seconds=0.02)) as relay, connect(relay) as line:
        began = time.monotonic()
        line.sendall(MESSAGE)
        assert received(line, len(MESSAGE)) == MESSAGE
        assert time.monotonic() - began >= 0.06


def test_the_end_of_one_side_reaches_the_other(echo_port: int) -> None:
    with TcpRelay(echo_port) as relay, connect(relay) as line:
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""


def test_a_cut_loses_nothing(echo_port: int) -> None:
    with TcpRelay(echo_port) as relay, connect(relay) as line:
        relay.line.cut = True
        line.sendall(MESSAGE)
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.settimeout(60)
        relay.line.cut = False
        assert received(line, len(MESSAGE)) == MESSAGE


def test_hiccups_come_and_go() -> None:
    line = Line(hiccups=(4.0, 0.8))
    stands = [line.stands(tenth / 10) for tenth in range(600)]
    assert 0.05 < sum(stands) / len(stands) < 0.3
    assert not any(Line().stands(tenth / 10) for tenth in range(600))
