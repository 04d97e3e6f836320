"""The studio's line test: hosts' bytes are taken and forgotten, within bounds."""

from __future__ import annotations

from pathlib import Path

from broadcast.line_test import MAX_BYTES
from tests.broadcast.web_stage import WebStage, csrf_token

ADDRESS = "/api/v1/rooms/hall/line-test"


def send(stage: WebStage, body: bytes, *, with_token: bool = True) -> tuple[int, str]:
    client = stage.client(stage.lecturer)
    headers = {"X-CSRFToken": csrf_token(client)} if with_token else {}
    answer = client.post(ADDRESS, data=body, headers=headers, content_type="application/octet-stream")
    return answer.status_code, answer.text


def test_bytes_are_taken_and_nothing_comes_back(stage: WebStage) -> None:
    assert send(stage, bytes(MAX_BYTES)) == (204, "")
    assert send(stage, b"")[0] == 411


def test_more_than_the_bound_is_refused_with_a_reason(stage: WebStage) -> None:
    status, problem = send(stage, bytes(MAX_BYTES + 1))
    assert status == 413
    assert str(MAX_BYTES) in problem


def test_another_site_cannot_make_a_browser_send(stage: WebStage) -> None:
    assert send(stage, b"x", with_token=False)[0] == 400


def test_the_page_sends_what_the_server_takes() -> None:
    script = Path(__file__).resolve().parents[2] / "static/js/line_test.js"
    assert f"BODY_BYTES = {MAX_BYTES // 1024} * 1024" in script.read_text(encoding="utf-8")
