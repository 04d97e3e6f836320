"""WHIP over the real application and a real recorder: statuses, headers, credentials, bad input."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from broadcast.whip_views import FRAGMENT, MAX_SDP_BYTES, PUBLISH_LIMIT, SDP, ice_links
from library.database import utc_now
from people.models import Role
from people.stream_keys import revoke_stream_key
from people.tokens import PUBLISH_SECONDS, PublishToken, issue_publish_token
from tests.broadcast.web_stage import SECRET, RecorderProcess, WebStage, make_offer, stage_settings
from tests.people.test_standing import make

ICE = {
    "KODO_STUN_URL": "stun:stun.example",
    "KODO_TURN_URL": "turn:turn.example?transport=tcp",
    "KODO_TURN_USERNAME": "kodo",
    "KODO_TURN_PASSWORD": 'pass"word\\',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whip")


@pytest.fixture(scope="module")
def recorder(folder: Path) -> Iterator[RecorderProcess]:
    process = RecorderProcess(folder)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def whole(folder: Path, recorder: RecorderProcess) -> Iterator[WebStage]:
    stage = WebStage(folder, **ICE)
    yield stage
    stage.close()


@pytest.fixture
def stage(whole: WebStage) -> WebStage:
    """Each test counts its requests anew."""
    from broadcast.rate_limits import limiter

    limiter.reset()
    return whole


@pytest.fixture(scope="module")
def offer() -> str:
    return make_offer()


@pytest.fixture
def key(stage: WebStage) -> Iterator[str]:
    """A stream key of the hall; nothing of it is left afterwards."""
    key_id, token = stage.stream_key()
    yield token
    stage.services.recorder.revoke(key_id)


def post(
    stage: WebStage,
    body: str | bytes,
    token: str | None,
    *,
    slug: str = "hall",
    content_type: str = SDP,
    scheme: str = "Bearer",
    headers: dict[str, str] | None = None,
) -> TestResponse:
    given = {"Authorization": f"{scheme} {token}"} if token is not None else {}
    return stage.app.test_client().post(
        f"/whip/{slug}", data=body, content_type=content_type, headers={**given, **(headers or {})}
    )


def resource(
    stage: WebStage, method: str, address: str, token: str | None, body: str = "", **headers: str
) -> TestResponse:
    given = {"Authorization": f"Bearer {token}"} if token is not None else {}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stage.app.test_client().open(
        address, method=method, data=body or None, content_type=FRAGMENT, headers={**given, **named}
    )


def published(stage: WebStage, offer: str, token: str) -> TestResponse:
    answer = post(stage, offer, token)
    assert answer.status_code == 201, answer.text
    return answer


def fragment_of(offer: str, *, ufrag: str | None = None, candidate: str = "") -> str:
    """A trickle fragment (RFC 8840) of this offer's own ICE session."""
    lines = [line for line in offer.split("\r\n") if line.startswith(("a=ice-ufrag:", "a=ice-pwd:"))][:2]
    if ufrag is not None:
        lines[0] = f"a=ice-ufrag:{ufrag}"
    given = candidate or "a=candidate:1 1 udp 2122260223 127.0.0.1 61764 typ host"
    return "\r\n".join([*lines, "m=audio 9 RTP/AVP 0", "a=mid:0", given, ""])


def test_an_offer_is_answered(stage: WebStage, offer: str, key: str) -> None:
    answer = published(stage, offer, key)
    assert answer.content_type == SDP
    assert answer.text.startswith("v=0")
    assert "a=recvonly" in answer.text
    assert "a=candidate:" in answer.text
    assert answer.location is not None
    assert answer.location.startswith("http://localhost/whip/hall/")
    assert len(answer.location.rsplit("/", 1)[1]) >= 36
    etag = answer.headers["ETag"]
    assert etag.startswith('"')
    assert etag.endswith('"')


def test_the_location_begins_with_the_public_address_when_the_client_used_it(
    stage: WebStage, offer: str, key: str
) -> None:
    answer = stage.app.test_client().post(
        "/whip/hall",
        base_url="http://localhost:8000",
        data=offer,
        content_type=SDP,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (answer.location or "").startswith("http://localhost:8000/whip/hall/")


def test_the_content_type_may_have_parameters(stage: WebStage, offer: str, key: str) -> None:
    assert post(stage, offer, key, content_type="application/sdp; charset=utf-8").status_code == 201


def test_the_scheme_is_written_in_any_case(stage: WebStage, offer: str, key: str) -> None:
    assert post(stage, offer, key, scheme="bearer").status_code == 201


def test_ice_servers_are_handed_out_with_the_answer(stage: WebStage, offer: str, key: str) -> None:
    assert published(stage, offer, key).headers.getlist("Link") == [
        '<stun:stun.example>; rel="ice-server"',
        (
            '<turn:turn.example?transport=tcp>; rel="ice-server"; username="kodo"; '
            'credential="pass\\"word\\\\"; credential-type="password"'
        ),
    ]


def test_without_ice_servers_there_is_no_link(tmp_path: Path) -> None:
    assert ice_links(stage_settings(tmp_path)) == []


# Who may


@pytest.mark.parametrize("token", [None, "", "wrong", "kodo_" + "x" * 43, "x" * 5_000, "é"])
def test_a_missing_or_wrong_token(stage: WebStage, offer: str, token: str | None) -> None:
    answer = post(stage, offer, token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


def test_another_scheme_is_no_bearer(stage: WebStage, offer: str, key: str) -> None:
    assert post(stage, offer, key, scheme="Basic").status_code == 401


def test_the_key_of_another_room(stage: WebStage, offer: str, key: str) -> None:
    assert post(stage, offer, key, slug="elsewhere").status_code == 401


def test_a_revoked_key(stage: WebStage, offer: str) -> None:
    key_id, token = stage.stream_key()
    with stage.database.session() as session:
        revoke_stream_key(session, stage.hall, key_id, utc_now())
    assert post(stage, offer, token).status_code == 403


def test_revoking_by_the_api_ends_the_publication(stage: WebStage, offer: str) -> None:
    key_id, token = stage.stream_key()
    where = published(stage, offer, token).location
    answer = stage.call("DELETE", f"/api/v1/rooms/hall/stream-keys/{key_id}", user=stage.lecturer)
    assert answer.status_code == 204
    assert resource(stage, "DELETE", where or "", token).status_code == 404


def test_the_studios_token(stage: WebStage, offer: str) -> None:
    made = stage.call("POST", "/api/v1/rooms/hall/publish-token", {}, user=stage.lecturer)
    assert made.status_code == 201
    token = made.json["token"]
    where = published(stage, offer, token).location
    assert resource(stage, "DELETE", where or "", token).status_code == 200


def test_the_studios_token_runs_out_but_ends_what_it_began(stage: WebStage, offer: str) -> None:
    token, _ = issue_publish_token(SECRET, PublishToken(stage.lecturer.id, stage.hall.id, False))
    where = published(stage, offer, token).location
    old, _ = issue_publish_token(
        SECRET,
        PublishToken(stage.lecturer.id, stage.hall.id, False),
        clock=(utc_now() - timedelta(seconds=PUBLISH_SECONDS + 60)).timestamp,
    )
    assert post(stage, offer, old).status_code == 401
    assert resource(stage, "DELETE", where or "", token).status_code == 200


def test_the_token_of_somebody_who_may_not_host(stage: WebStage, offer: str) -> None:
    token, _ = issue_publish_token(SECRET, PublishToken(stage.member.id, stage.hall.id, False))
    assert post(stage, offer, token).status_code == 401


def test_a_token_signed_by_another_installation(stage: WebStage, offer: str) -> None:
    token, _ = issue_publish_token(b"x" * 32, PublishToken(stage.lecturer.id, stage.hall.id, False))
    assert post(stage, offer, token).status_code == 401


def test_who_is_kept_out_from_now_on_is_cut_off(stage: WebStage, offer: str, key: str) -> None:
    """By a real recorder, which knows where they publish from."""
    published(stage, offer, key)
    admin = make(stage.database, "boss", Role.ADMIN)
    stage.call("POST", "/api/v1/doors", {"effect": "deny", "text": "203.0.113.0/24"}, user=admin)
    live = stage.services.recorder.status()["rooms"]["hall"]
    assert live["publisher"]["address"] == "127.0.0.1"
    body = {"effect": "deny", "text": "lecturer"}
    assert stage.call("POST", "/api/v1/doors", body, user=admin).json["added"] == 1
    deadline = time.monotonic() + 60
    while stage.services.recorder.status()["rooms"].get("hall", {}).get("publication") is not None:
        assert time.monotonic() < deadline, "still publishing"
        time.sleep(0.05)
    assert post(stage, offer, key).status_code == 403
    ids = [rule["id"] for rule in stage.call("GET", "/api/v1/doors", user=admin).json["rules"]]
    stage.call("DELETE", "/api/v1/doors", {"ids": ids}, user=admin)
    assert post(stage, offer, key).status_code == 201


def test_a_taken_room(stage: WebStage, offer: str, key: str) -> None:
    other_id, other = stage.stream_key()
    published(stage, offer, key)
    answer = post(stage, offer, other)
    assert (answer.status_code, answer.json["title"]) == (409, "Room taken")
    stage.services.recorder.revoke(other_id)


def test_the_same_key_supersedes_itself(stage: WebStage, offer: str, key: str) -> None:
    first = published(stage, offer, key).location
    second = published(stage, offer, key).location
    assert first != second
    assert resource(stage, "DELETE", first or "", key).status_code == 404
    assert resource(stage, "DELETE", second or "", key).status_code == 200


# What is posted


@pytest.mark.parametrize("body", ["", "hello", "v=1", b"\xff\xfe", "v=0\r\n\0", "v=0\r\nm=video\r\n"])
def test_what_is_not_sdp(stage: WebStage, key: str, body: str | bytes) -> None:
    assert post(stage, body, key).status_code == 400


@pytest.mark.parametrize("body", ["v=0", "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"])
def test_an_offer_of_nothing(stage: WebStage, key: str, body: str) -> None:
    assert post(stage, body, key).status_code == 422


@pytest.mark.parametrize("size", [MAX_SDP_BYTES + 1, 1 << 20, 5 << 20])
def test_what_is_too_large(stage: WebStage, offer: str, key: str, size: int) -> None:
    body = offer + "a=x:" + "x" * size
    assert post(stage, body, key).status_code == 413


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_what_is_of_another_type(stage: WebStage, offer: str, key: str, content_type: str) -> None:
    assert post(stage, offer, key, content_type=content_type).status_code == 415


def test_vp8_only(stage: WebStage, key: str) -> None:
    assert post(stage, make_offer("video/vp8"), key).status_code == 422


def test_sound_only_is_welcome(stage: WebStage, key: str) -> None:
    assert post(stage, make_offer(None), key).status_code == 201


def test_fifty_media_sections(stage: WebStage, offer: str, key: str) -> None:
    head, _, section = offer.partition("m=")
    answer = post(stage, head + ("m=" + section) * 50, key)
    assert answer.status_code in (400, 413, 422)


def test_bad_offers_leave_the_publication_that_is_there(stage: WebStage, offer: str, key: str) -> None:
    """The same key would supersede it, but only with an offer that can be answered."""
    where = published(stage, offer, key).location or ""
    head, _, section = offer.partition("m=")
    fifty, large = head + ("m=" + section) * 50, offer + "x" * (1 << 20)
    for body in ("", "no SDP", large, fifty, make_offer("video/vp8"), "v=0\r\n"):
        assert post(stage, body, key).status_code in (400, 413, 422)
    for token in (None, "wrong", "kodo_" + "x" * 43):
        assert post(stage, offer, token).status_code == 401
        assert resource(stage, "DELETE", where, token).status_code in (401, 403)
    assert resource(stage, "DELETE", where, key).status_code == 200, "it was still there"


@pytest.mark.usefixtures("long_minute")
def test_too_many_offers(stage: WebStage, key: str) -> None:
    limit = int(PUBLISH_LIMIT.split()[0])
    statuses = [post(stage, "", None).status_code for _ in range(limit)]
    assert set(statuses) == {401}
    answer = post(stage, "", key)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


# The publication's resource


def test_trickle(stage: WebStage, offer: str, key: str) -> None:
    made = published(stage, offer, key)
    answer = resource(
        stage, "PATCH", made.location or "", key, fragment_of(offer), If_Match=made.headers["ETag"]
    )
    assert (answer.status_code, answer.data) == (204, b"")
    assert "ETag" not in answer.headers


def test_trickle_with_a_candidate_that_no_one_can_use(stage: WebStage, offer: str, key: str) -> None:
    made = published(stage, offer, key)
    for candidate in (
        "a=candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
        "a=candidate:1 1 udp 2122260223 no-such-name.local 61764 typ host",
    ):
        answer = resource(
            stage,
            "PATCH",
            made.location or "",
            key,
            fragment_of(offer, candidate=candidate),
            If_Match=made.headers["ETag"],
        )
        assert answer.status_code == 204


def test_trickle_needs_the_etag(stage: WebStage, offer: str, key: str) -> None:
    made = published(stage, offer, key)
    where = made.location or ""
    assert resource(stage, "PATCH", where, key, fragment_of(offer)).status_code == 428
    assert resource(stage, "PATCH", where, key, fragment_of(offer), If_Match='"other"').status_code == 412


def test_an_ice_restart_is_refused_and_leaves_the_publication(stage: WebStage, offer: str, key: str) -> None:
    made = published(stage, offer, key)
    where = made.location or ""
    restart = fragment_of(offer, ufrag="fresh")
    assert resource(stage, "PATCH", where, key, restart, If_Match="*").status_code == 422
    assert resource(stage, "DELETE", where, key).status_code == 200


def test_a_fragment_of_the_wrong_kind(stage: WebStage, offer: str, key: str) -> None:
    made = published(stage, offer, key)
    where, etag = made.location or "", made.headers["ETag"]
    answer = stage.app.test_client().patch(
        where, data="x", content_type=SDP, headers={"Authorization": f"Bearer {key}", "If-Match": etag}
    )
    assert answer.status_code == 415
    assert resource(stage, "PATCH", where, key, "no sdp", If_Match=etag).status_code == 400
    large = fragment_of(offer) + "a=x:" + "x" * MAX_SDP_BYTES
    assert resource(stage, "PATCH", where, key, large, If_Match=etag).status_code == 413


def test_the_resource_asks_for_its_own_token(stage: WebStage, offer: str, key: str) -> None:
    made = published(stage, offer, key)
    where, etag = made.location or "", made.headers["ETag"]
    for method in ("PATCH", "DELETE"):
        assert resource(stage, method, where, None, fragment_of(offer), If_Match=etag).status_code == 401
        assert resource(stage, method, where, "wrong", fragment_of(offer), If_Match=etag).status_code == 403
    assert resource(stage, "DELETE", where, key).status_code == 200


def test_delete_ignores_the_etag_and_ends_once(stage: WebStage, offer: str, key: str) -> None:
    where = published(stage, offer, key).location or ""
    assert resource(stage, "DELETE", where, key, If_Match='"other"').status_code == 200
    assert resource(stage, "DELETE", where, key).status_code == 404


def test_a_publication_that_never_was(stage: WebStage, key: str) -> None:
    for method in ("PATCH", "DELETE"):
        answer = resource(stage, method, "/whip/hall/nothing", key, "a=x", If_Match="*")
        assert answer.status_code == 404


# Other methods, other origins


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_of_the_endpoint(stage: WebStage, method: str) -> None:
    answer = stage.app.test_client().open("/whip/hall", method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"OPTIONS", "POST"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST"])
def test_other_methods_of_the_resource(stage: WebStage, method: str) -> None:
    answer = stage.app.test_client().open("/whip/hall/x", method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"OPTIONS", "PATCH", "DELETE"}


def test_options_tell_what_is_taken(stage: WebStage) -> None:
    endpoint = stage.app.test_client().options("/whip/hall")
    assert (endpoint.status_code, endpoint.headers["Accept-Post"]) == (200, SDP)
    one = stage.app.test_client().options("/whip/hall/x")
    assert (one.status_code, one.headers["Accept-Patch"]) == (200, FRAGMENT)


def test_a_preflight_is_told_of_no_ice_servers(stage: WebStage) -> None:
    preflight = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    answer = stage.app.test_client().options("/whip/hall", headers=preflight)
    assert "Link" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "if-match"))
    assert all(name in answer.headers["Access-Control-Allow-Methods"] for name in ("POST", "PATCH", "DELETE"))


def test_options_with_a_valid_token_tell_the_ice_servers(stage: WebStage, key: str) -> None:
    client = stage.app.test_client()
    told = client.options("/whip/hall", headers={"Authorization": f"Bearer {key}"})
    assert len(told.headers.getlist("Link")) == 2
    refused = client.options("/whip/hall", headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401
    assert "Link" not in refused.headers


def test_while_the_database_is_away_nobody_is_told_of_turns_password(stage: WebStage, key: str) -> None:
    invented = f"{key[:-8]}AAAAAAAA"
    studio, _ = issue_publish_token(SECRET, PublishToken(stage.lecturer.id, stage.hall.id, False))
    stage.take_database_away()
    try:
        for token in (key, invented, studio):
            told = stage.app.test_client().options("/whip/hall", headers={"Authorization": f"Bearer {token}"})
            assert (told.status_code, told.headers["Accept-Post"]) == (200, SDP)
            assert "Link" not in told.headers
    finally:
        stage.bring_database_back()


def test_pages_elsewhere_may_read_answers_and_refusals(stage: WebStage, offer: str, key: str) -> None:
    for answer in (published(stage, offer, key), post(stage, offer, None)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert all(name in exposed for name in ("Location", "ETag", "Link"))


def test_the_token_is_in_no_log(
    stage: WebStage, offer: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        published(stage, offer, key)
        post(stage, "not sdp", key)
    assert key not in caplog.text


# Trouble


def test_while_the_database_is_away_unknown_credentials_are_asked_to_wait(
    stage: WebStage, offer: str, key: str
) -> None:
    studio, _ = issue_publish_token(SECRET, PublishToken(stage.lecturer.id, stage.hall.id, False))
    stage.take_database_away()
    try:
        for token in (key, studio):
            answer = post(stage, offer, token)
            assert answer.status_code == 503
            assert "Retry-After" in answer.headers
        assert post(stage, offer, "wrong").status_code == 401
    finally:
        stage.bring_database_back()


def test_while_the_recorder_is_away(tmp_path: Path, offer: str) -> None:
    stage = WebStage(tmp_path)
    try:
        _, token = stage.stream_key()
        answer = post(stage, offer, token)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        stage.close()


def test_no_session_begins_under_the_disks_floor(tmp_path: Path, offer: str) -> None:
    process = RecorderProcess(tmp_path, KODO_DISK_FLOOR="1000T")
    process.start()
    stage = WebStage(tmp_path)
    try:
        _, token = stage.stream_key()
        answer = post(stage, offer, token)
        assert (answer.status_code, answer.json["title"]) == (507, "Disk full")
    finally:
        stage.close()
        process.stop()
