"""Commands over a Unix socket: deadlines, a recorder that is away, and answers that are none."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadcast import recorder_client
from broadcast.recorder_client import RecorderClient, RecorderRefused, RecorderUnavailable


def http(status: str, body: bytes, content_type: bytes = b"application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + b"Content-Type: " + content_type + b"\r\n\r\n" + body


def whole_request(connection: socket.socket) -> bytes:
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= (int(length[1]) if length else 0):
            break
    return data


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[bytes | None], list[bytes]]]:
    """Answer one connection with raw bytes (None: never); returns what was asked."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "recorder.sock"))
    listener.listen()
    threads: list[threading.Thread] = []
    let_go = threading.Event()

    def start(answer: bytes | None) -> list[bytes]:
        asked: list[bytes] = []

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(whole_request(connection))
                if answer is None:
                    let_go.wait(60)
                else:
                    connection.sendall(answer)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return asked

    yield start
    let_go.set()
    for thread in threads:
        thread.join()
    listener.close()


@pytest.fixture
def client(tmp_path: Path) -> RecorderClient:
    return RecorderClient(tmp_path / "recorder.sock")


def test_an_answer(serve, client: RecorderClient) -> None:
    asked = serve(http("200 OK", b'{"session_id": "s1"}'))
    assert client.end_session("hall/../x", "lecturer") == {"session_id": "s1"}
    assert asked[0].startswith(b"POST /rooms/hall%2F..%2Fx/end HTTP/1.1\r\n")


def test_a_refusal_is_passed_on(serve, client: RecorderClient) -> None:
    serve(http("409 Conflict", '{"title": "Room taken", "detail": "詳細"}'.encode()))
    with pytest.raises(RecorderRefused) as refused:
        client.publish({})
    assert (refused.value.status, refused.value.title, refused.value.detail) == (409, "Room taken", "詳細")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not http at all\r\n\r\n",
        http("200 OK", b"<html>"),
        http("200 OK", b""),
        http("200 OK", b"[1]"),
        http("502 Bad Gateway", b'"text"'),
        http("200 OK", b'{"a": 1}')[:-3],
        http("500 Internal Server Error", b'{"detail": "a defect"}'),
    ],
)
def test_an_answer_that_is_none(serve, client: RecorderClient, answer: bytes) -> None:
    serve(answer)
    with pytest.raises(RecorderUnavailable):
        client.status()


def test_nobody_listens(client: RecorderClient) -> None:
    with pytest.raises(RecorderUnavailable):
        client.status()


def test_nobody_answers_in_time(serve, client: RecorderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecorderClient._command, "__defaults__", (0.2,))
    serve(None)
    with pytest.raises(RecorderUnavailable):
        client.status()


def test_publishing_may_take_longer() -> None:
    assert recorder_client.PUBLISH_SECONDS > recorder_client.COMMAND_SECONDS
