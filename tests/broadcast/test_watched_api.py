"""`POST /api/v1/recordings/<id>/watched`, and how far somebody is in everything that tells of a recording."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from people.command_line import add_token
from people.models import User
from tests.broadcast.test_recording_api import API, get, patch, record
from tests.broadcast.web_stage import WebStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    stage.book.refresh()
    yield stage
    stage.close()


@pytest.fixture
def recorded(stage: WebStage, tmp_path: Path) -> str:
    return record(stage, tmp_path, stage.hall)


def tell(
    stage: WebStage, recording: str, user: User | None, position: float, *spans: list[Any]
) -> TestResponse:
    body = {"position": position, "spans": list(spans)}
    return stage.call("POST", f"{API}/{recording}/watched", body, user=user)


def of_page(stage: WebStage, recording: str, user: User | None) -> Any:
    room = stage.call("GET", f"/api/v1/rooms/hall?session={recording}", user=user).json
    return room["session"]["watched"]


def test_a_page_tells_and_everything_knows(stage: WebStage, recorded: str) -> None:
    assert get(stage, recorded, stage.member)["watched"] is None
    page = of_page(stage, recorded, stage.member)
    assert page["url"].endswith(f"{API}/{recorded}/watched")
    assert (page["completion"], page["resume_at"]) == (0.0, None)
    answer = tell(stage, recorded, stage.member, 2.0, [0, 1.5], [1, 2])
    assert (answer.status_code, answer.json) == (200, {"position": 2.0, "completion": 0.5})
    assert get(stage, recorded, stage.member)["watched"] == answer.json
    listed = stage.call("GET", API, user=stage.member).json["recordings"]
    assert [one["watched"] for one in listed] == [answer.json]
    # Asked for by a word: the front page is remembered for a second.
    front = stage.call("GET", "/api/v1/lectures?q=lecture", user=stage.member).json["recordings"]
    assert [one["watched"] for one in front] == [answer.json]
    page = of_page(stage, recorded, stage.member)
    assert (page["completion"], page["resume_at"]) == (0.5, 2.0)
    tell(stage, recorded, stage.member, 4.0, [2, 4.2])
    page = of_page(stage, recorded, stage.member)
    assert (page["completion"], page["resume_at"]) == (1.0, 0.0), "from the beginning again"


def test_nobody_else_hears_of_it(stage: WebStage, recorded: str) -> None:
    tell(stage, recorded, stage.member, 2.0, [0, 2])
    for user in (None, stage.lecturer):
        assert get(stage, recorded, user)["watched"] is None
        assert stage.call("GET", API, user=user).json["recordings"][0]["watched"] is None
        assert stage.call("GET", "/api/v1/lectures", user=user).json["recordings"][0]["watched"] is None
    assert of_page(stage, recorded, None) is None
    assert of_page(stage, recorded, stage.lecturer)["resume_at"] is None


def test_strangers_and_who_may_not_watch_tell_nothing(stage: WebStage, recorded: str) -> None:
    assert tell(stage, recorded, None, 1.0, [0, 1]).status_code == 401
    assert (
        stage.call(
            "POST", f"{API}/{recorded}/watched", {"position": 1}, user=stage.member, csrf=False
        ).status_code
        == 400
    )
    patch(stage, recorded, visibility="private")
    assert tell(stage, recorded, stage.member, 1.0, [0, 1]).status_code == 404
    assert tell(stage, recorded, stage.lecturer, 1.0, [0, 1]).status_code == 200
    assert tell(stage, "nothing", stage.member, 1.0, [0, 1]).status_code == 404


def test_a_lecture_under_way_is_not_watched_yet(stage: WebStage, tmp_path: Path) -> None:
    live = record(stage, tmp_path, stage.hall, ended=False)
    answer = tell(stage, live, stage.member, 1.0, [0, 1])
    assert (answer.status_code, answer.json["title"]) == (409, "Not ended")
    assert of_page(stage, live, stage.member) is None


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"position": NaN}',
        '{"position": 1e999}',
        '{"position": -1}',
        '{"position": 1, "spans": [[2, 1]]}',
        '{"position": 1, "spans": [[-1, 1]]}',
        '{"position": 1, "spans": [[0, NaN]]}',
        '{"position": 1, "spans": [[0, Infinity]]}',
        '{"position": 1, "spans": [[0, 1, 2]]}',
        '{"position": 1, "spans": [[0, 1e12]]}',
        '{"position": 1, "spans": [0, 1]}',
        '{"position": 1, "spans": {"0": 1}}',
        json.dumps({"position": 1, "spans": [[0, 1]] * 101}),
        "[]",
        "nothing",
    ],
)
def test_hostile_beacons_are_refused(stage: WebStage, recorded: str, body: str) -> None:
    token = add_token(stage.database, "member", "test")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = stage.app.test_client().post(f"{API}/{recorded}/watched", data=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.content_type == "application/problem+json"
    assert get(stage, recorded, stage.member)["watched"] is None


def test_a_claim_of_everything_counts_no_more_than_the_recording(stage: WebStage, recorded: str) -> None:
    assert tell(stage, recorded, stage.member, 350_000, [0, 350_000]).json == {
        "position": pytest.approx(9.0, abs=1.0),
        "completion": 1.0,
    }


@pytest.mark.usefixtures("long_minute")
def test_only_so_often(stage: WebStage, recorded: str) -> None:
    token = add_token(stage.database, "member", "test")
    client, headers = stage.app.test_client(), {"Authorization": f"Bearer {token}"}
    states = [
        client.post(f"{API}/{recorded}/watched", json={"position": 1}, headers=headers).status_code
        for _ in range(31)
    ]
    assert states == [200] * 30 + [429]
    assert tell(stage, recorded, stage.lecturer, 1.0).status_code == 200, "each for themselves"
