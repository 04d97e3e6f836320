"""Errors as answers: RFC 9457 for programs, a page for people, and nothing leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.test import TestResponse

from broadcast.problems import Problem
from broadcast.recorder_client import RecorderRefused, RecorderUnavailable
from library.database import DatabaseUnavailable
from people.passwords import TooBusy
from people.throttle import Throttled
from tests.broadcast.web_stage import WebStage

SECRET_WORDS = "the password is sesame"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStage]:
    stage = WebStage(tmp_path_factory.mktemp("problems"))
    yield stage
    stage.close()


def raised(stage: WebStage, error: Exception, path: str) -> TestResponse:
    """The answer when the view behind `path` raises `error`."""

    def view(**_: str) -> None:
        raise error

    endpoint = "api.get_room" if path.startswith("/api/") else "pages.room"
    views: dict[str, Callable[..., object]] = stage.app.view_functions
    kept, views[endpoint] = views[endpoint], view
    try:
        return stage.client().get(path)
    finally:
        views[endpoint] = kept


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (Problem(418, "Teapot", "Short and stout.", headers={"X-Spout": "1"}), 418, {"X-Spout": "1"}),
        (DatabaseUnavailable(SECRET_WORDS), 503, {"Retry-After": "2"}),
        (RecorderUnavailable(SECRET_WORDS), 503, {"Retry-After": "1"}),
        (RecorderRefused(409, "Room taken", "By somebody."), 409, {}),
        (RecorderRefused(503, "Not ready", "Soon."), 503, {"Retry-After": "1"}),
        (Throttled(77), 429, {"Retry-After": "77"}),
        (TooBusy(), 503, {"Retry-After": "2"}),
        (MethodNotAllowed(["GET", "PUT"]), 405, {"Allow": "GET, PUT"}),
        (RuntimeError(SECRET_WORDS), 500, {}),
        (KeyError(SECRET_WORDS), 500, {}),
    ],
)
def test_each_error_for_programs_and_for_people(
    stage: WebStage, error: Exception, status: int, headers: dict[str, str]
) -> None:
    machine = raised(stage, error, "/api/v1/rooms/hall")
    assert (machine.status_code, machine.content_type) == (status, "application/problem+json")
    document = machine.json
    assert document["status"] == status
    assert {"type", "title", "detail"} <= set(document)
    page = raised(stage, error, "/rooms/hall")
    assert page.status_code == status
    assert page.content_type.startswith("text/html")
    for answer in (machine, page):
        assert answer.headers["Cache-Control"] == "no-store"
        assert SECRET_WORDS not in answer.text
        assert {name: answer.headers.get(name) for name in headers} == headers


def test_a_defect_is_in_the_log_under_the_number_that_is_told(
    stage: WebStage, caplog: pytest.LogCaptureFixture
) -> None:
    answer = raised(stage, RuntimeError(SECRET_WORDS), "/api/v1/rooms/hall")
    number = answer.json["detail"].rstrip(".").split()[-1]
    record = next(record for record in caplog.records if number in record.getMessage())
    assert record.exc_info is not None
    assert SECRET_WORDS in str(record.exc_info[1])


def test_a_redirect_stays_one(stage: WebStage) -> None:
    answer = stage.client().get("/rooms/hall/studio")
    assert answer.status_code == 302


def test_an_address_that_is_none(stage: WebStage) -> None:
    assert stage.client().get("/nowhere").content_type.startswith("text/html")
    for path in ("/api/nowhere", "/whip/a/b/c", "/live/nowhere"):
        answer = stage.client().get(path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_words_of_the_reader(stage: WebStage) -> None:
    page = stage.client().get("/rooms/nowhere", headers={"Accept-Language": "ja"})
    assert page.status_code == 404
    assert '<html lang="ja"' in page.text
