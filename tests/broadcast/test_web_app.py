"""The application as a whole: headers, cookies, limits, health. Who gets in where: test_route_walk.py."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from people.models import User
from tests.broadcast.web_stage import WebStage
from tests.people.route_walk import add_people


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStage]:
    stage = WebStage(tmp_path_factory.mktemp("app"))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def users(stage: WebStage) -> dict[str, User]:
    return add_people(stage.database)[0]


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/rooms/hall", "/whip/hall", "/nowhere", "/static/css/tokens.css"]
)
def test_every_answer_carries_the_security_headers(stage: WebStage, path: str) -> None:
    headers = stage.client().get(path).headers
    policy = {part.split()[0]: part for part in headers["Content-Security-Policy"].split("; ")}
    assert policy["script-src"] == "script-src 'self'"
    assert policy["media-src"] == "media-src 'self' blob:"
    assert policy["worker-src"] == "worker-src 'self' blob:"
    assert policy["frame-ancestors"] == "frame-ancestors 'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert headers["Referrer-Policy"]


def test_no_page_has_an_inline_script(stage: WebStage) -> None:
    import re

    for path, user in (("/", None), ("/rooms/hall", None), ("/rooms/hall/studio", stage.lecturer)):
        page = stage.client(user).get(path).text
        for tag in re.findall(r"<script[^>]*>", page):
            assert "src=" in tag or "json" in tag, tag
        assert not re.search(r"\son\w+=|\sstyle=", page)


def test_personal_answers_are_kept_by_no_cache(stage: WebStage) -> None:
    for path in ("/", "/api/v1/rooms/hall"):
        assert "no-store" in stage.client(stage.lecturer).get(path).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["css/tokens.css", "js/room_page.js", "icon.svg"])
def test_own_static_files_are_asked_for_each_time(stage: WebStage, path: str) -> None:
    """Else a page after an upgrade would run new modules with old ones."""
    answer = stage.client().get(f"/static/{path}")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = stage.client().get(f"/static/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_vendored_files_are_kept_for_an_hour(stage: WebStage) -> None:
    answer = stage.client().get("/static/vendor/hls.js-1.7.4/hls.light.min.mjs")
    assert "max-age=3600" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["js/room_page.js", "css/room.css", "vendor/hls.js-1.7.4/hls.light.min.mjs", "icon.svg"]
)
def test_static_text_is_packed_for_those_who_take_it(stage: WebStage, path: str) -> None:
    plain = stage.client().get(f"/static/{path}")
    packed = stage.client().get(f"/static/{path}", headers={"Accept-Encoding": "br, gzip"})
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
    assert packed.headers["Cache-Control"] == plain.headers["Cache-Control"]
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert stage.client().get(f"/static/{path}", headers=again).status_code == 304


def test_a_range_of_a_static_file_is_of_the_file_itself(stage: WebStage) -> None:
    asked = {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}
    answer = stage.client().get("/static/js/room_page.js", headers=asked)
    assert (answer.status_code, len(answer.data)) == (206, 10)
    assert "Content-Encoding" not in answer.headers
    assert stage.client().get("/static/nothing.js", headers=asked).status_code == 404


def test_changing_needs_the_pages_token(stage: WebStage) -> None:
    answer = stage.call("POST", "/api/v1/rooms", {"title": "x"}, user=stage.lecturer, csrf=False)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


def test_cookies_are_for_the_server_only(stage: WebStage) -> None:
    cookie = stage.client().get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_tls_cookies_are_secure(tmp_path: Path) -> None:
    stage = WebStage(tmp_path, KODO_PUBLIC_URL="https://kodo.example")
    try:
        assert "Secure" in stage.client().get("/sign-in").headers["Set-Cookie"]
    finally:
        stage.close()


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({}, "Sign in"),
        ({"Accept-Language": "ja-JP,en;q=0.5"}, "サインイン"),
        ({"Cookie": "kodo_language=ja"}, "サインイン"),
    ],
)
def test_the_readers_language(stage: WebStage, headers: dict[str, str], word: str) -> None:
    assert word in stage.app.test_client(use_cookies=False).get("/sign-in", headers=headers).text


def test_a_large_body_is_refused(stage: WebStage) -> None:
    answer = stage.client(stage.lecturer).post("/sign-in", data=b"x" * (3 << 20))
    assert answer.status_code == 413


def test_the_api_describes_itself(stage: WebStage) -> None:
    document = stage.client().get("/api/v1/openapi.json").json
    assert document["info"]["title"] == "Kodo"
    assert {"/api/v1/rooms/{slug}", "/api/v1/rooms/{slug}/publish-token"} <= set(document["paths"])
    session = document["components"]["schemas"]["SessionOut"]["properties"]
    assert {"id", "state", "hls_url", "live_url", "mp4_url", "recording"} <= set(session)


def test_health_while_the_recorder_is_away(stage: WebStage) -> None:
    assert stage.client().get("/healthz").status_code == 200
    answer = stage.client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the recorder is away\n")


def test_health_while_the_database_is_away(stage: WebStage) -> None:
    stage.take_database_away()
    try:
        assert stage.client().get("/healthz").status_code == 200
        assert stage.client().get("/readyz").text == "the database is away\n"
        assert "kodo_database_up 0.0" in stage.client().get("/metrics").text
    finally:
        stage.bring_database_back()


def test_metrics(stage: WebStage) -> None:
    text = stage.client().get("/metrics").text
    assert "kodo_database_up 1.0" in text
    assert "kodo_objects_damaged 0.0" in text
    assert "kodo_recorder_up 0.0" in text


def test_metrics_are_not_for_strangers(stage: WebStage, users: dict[str, User]) -> None:
    from_afar = {"REMOTE_ADDR": "192.0.2.7"}
    for user, status in ((None, 403), (users["admin"], 403), (users["operator"], 200)):
        assert stage.client(user).get("/metrics", environ_overrides=from_afar).status_code == status
    by_proxy = stage.client().get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})
    assert by_proxy.status_code == 403


def test_error_pages_speak_the_readers_language(stage: WebStage, users: dict[str, User]) -> None:
    """Werkzeug's own words are English."""
    japanese = {"Accept-Language": "ja"}
    missing = stage.client().get("/nowhere", headers=japanese).text
    assert "見つかりません" in missing
    assert "このアドレスには何もありません。" in missing
    refused = (
        stage.client(users["viewer"]).get("/rooms/hall/studio", headers={"Accept-Language": "zh-CN"}).text
    )
    assert "您的账号没有此权限。" in refused
    assert "Not Found" not in missing + refused
