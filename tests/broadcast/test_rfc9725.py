"""RFC 9725's remaining rules for the server; all of them are listed in docs/rfc9725-rules.md."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from broadcast.rate_limits import limiter
from broadcast.whip_views import RESOURCE_LIMIT
from tests.broadcast.test_whip_views import post, published, resource
from tests.broadcast.web_stage import PROJECT, RecorderProcess, WebStage, make_offer

RULES = PROJECT / "docs" / "rfc9725-rules.md"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStage]:
    folder = tmp_path_factory.mktemp("rfc9725")
    process = RecorderProcess(folder)
    process.start()
    stage = WebStage(folder)
    yield stage
    stage.close()
    process.stop()


@pytest.fixture
def stage(whole: WebStage) -> WebStage:
    limiter.reset()
    return whole


@pytest.fixture
def key(stage: WebStage) -> Iterator[str]:
    key_id, token = stage.stream_key()
    yield token
    stage.services.recorder.revoke(key_id)


@pytest.fixture(scope="module")
def offer() -> str:
    return make_offer()


def test_every_rule_names_a_test_that_exists() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", RULES.read_text())
    assert len(named) >= 30
    for file, test in named:
        paths = list((PROJECT / "tests").glob(f"*/{file}"))
        assert any(f"def {test}(" in path.read_text() for path in paths), f"{file}::{test}"


def test_every_row_has_a_test() -> None:
    rows = [line for line in RULES.read_text().splitlines() if re.match(r"\| \d", line)]
    assert all("::" in row for row in rows)


def sections(sdp: str) -> list[str]:
    return ["m=" + section for section in sdp.split("m=")[1:]]


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
def test_an_offer_that_only_receives(stage: WebStage, offer: str, key: str, direction: str) -> None:
    assert post(stage, offer.replace("a=sendonly", f"a={direction}"), key).status_code == 422


def test_an_offer_that_sends_and_receives_is_answered_recvonly(stage: WebStage, offer: str, key: str) -> None:
    answer = published(stage, offer.replace("a=sendonly", "a=sendrecv"), key)
    assert all("a=recvonly" in section for section in sections(answer.text))


def test_all_candidates_of_the_server_are_in_the_answer(stage: WebStage, offer: str, key: str) -> None:
    assert "a=end-of-candidates" in published(stage, offer, key).text


def test_each_publication_has_an_entity_tag_of_its_own(stage: WebStage, offer: str, key: str) -> None:
    tags = {published(stage, offer, key).headers["ETag"] for _ in range(3)}
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[^"]+"', tag) for tag in tags)


def test_everything_is_bundled_and_multiplexed(stage: WebStage, offer: str, key: str) -> None:
    answer = published(stage, offer, key).text
    group = re.search(r"a=group:BUNDLE (.*)\r\n", answer)
    assert group is not None
    mids = re.findall(r"a=mid:(.*)\r\n", answer)
    assert group[1].split() == mids
    assert all("a=rtcp-mux" in section for section in sections(answer))


def test_two_pictures_are_rejected_as_a_whole(stage: WebStage, offer: str, key: str) -> None:
    head, audio, video = re.split(r"(?=m=)", offer)
    twice = head.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + audio + video + video.replace("a=mid:1", "a=mid:2")
    assert post(stage, twice, key).status_code == 422


def test_no_partial_answer(stage: WebStage, key: str) -> None:
    """A picture that cannot be recorded makes the whole offer fail, though its sound could."""
    assert post(stage, make_offer("video/vp8"), key).status_code == 422


def test_a_client_that_is_only_active(stage: WebStage, offer: str, key: str) -> None:
    answer = post(stage, offer.replace("a=setup:actpass", "a=setup:active"), key)
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert all("a=setup:passive" in section for section in sections(answer.text))


def test_the_sessions_address_is_final(stage: WebStage, offer: str, key: str) -> None:
    where = published(stage, offer, key).location or ""
    assert resource(stage, "DELETE", where, key).status_code == 200


def test_simulcast_is_not_accepted(stage: WebStage, offer: str, key: str) -> None:
    lines = "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l\r\n"
    answer = post(stage, offer + lines, key)
    assert answer.status_code == 201
    assert "a=simulcast" not in answer.text


@pytest.mark.usefixtures("long_minute")
def test_too_many_requests_to_sessions(stage: WebStage, key: str) -> None:
    limit = int(RESOURCE_LIMIT.split()[0])
    for method in ("PATCH", "DELETE"):
        limiter.reset()
        statuses = {resource(stage, method, "/whip/hall/x", None).status_code for _ in range(limit)}
        assert statuses == {401}
        answer = resource(stage, method, "/whip/hall/x", key)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0


def test_the_sessions_address_cannot_be_guessed_into(stage: WebStage, offer: str, key: str) -> None:
    """A UUIDv7 has 74 random bits, and whoever guesses it still needs the bearer."""
    where = published(stage, offer, key).location or ""
    assert uuid.UUID(where.rsplit("/", 1)[1]).version == 7
    assert resource(stage, "DELETE", where, "guess").status_code == 403
