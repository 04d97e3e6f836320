"""`GET /api/v1/lectures` of a whole application: what it tells, its pages, its ETag, and bad questions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broadcast import lecture_board
from broadcast.lecture_lists import MAX_SEARCH, PAGE_LENGTH
from library.database import utc_now
from library.models import LectureSession
from people.models import Room
from tests.broadcast.web_stage import WebStage

API = "/api/v1/lectures"


@pytest.fixture
def unremembered(stage: WebStage) -> WebStage:
    """Every look is a new one."""
    with stage.app.app_context():
        lecture_board.lecture_board()._clock = iter(range(10**6)).__next__  # each call a second later
    return stage


def add(
    stage: WebStage, identity: str, phase: str = "ended", room: Room | None = None, ago: int = 60
) -> None:
    room = room or stage.hall
    started_at = utc_now() - timedelta(minutes=ago)
    row = LectureSession(
        id=identity,
        room_id=stage.hall.id,
        organization_id=stage.hall.organization_id,
        title=f"線形代数 {identity}",
        phase=phase,
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=95) if phase == "ended" else None,
        seconds=90.4 if phase == "ended" else 0,
        lecturer="lecturer",
        bytes=1,
    )
    with stage.database.session() as session:
        session.add(row)


def test_what_is_told(stage: WebStage) -> None:
    add(stage, "s1", "slate", ago=5)
    add(stage, "s2", "ended")
    stage.viewers.beacon(stage.hall.id, "viewer-one")
    told = stage.client().get(API).json
    assert told["more"] is None
    (live,), (recording,) = told["live"], told["recordings"]
    assert live.pop("started_at").endswith("Z")
    assert live == {
        "id": "s1",
        "title": "線形代数 s1",
        "lecturer": "lecturer",
        "url": "http://localhost/rooms/hall",
        "room": "hall",
        "poster_url": "http://localhost/rooms/hall/poster.webp",
        "state": "slate",
        "viewers": 1,
    }
    assert (recording["url"], recording["seconds"]) == ("http://localhost/watch/s2", 90)


def test_pages_follow_each_other_by_the_place(stage: WebStage) -> None:
    for n in range(PAGE_LENGTH + 2):
        add(stage, f"s{n:02}", ago=60 + n)
    add(stage, "now", "live")
    first = stage.client().get(API).json
    second = stage.client().get(API, query_string={"before": first["more"]}).json
    assert len(first["recordings"]) == PAGE_LENGTH
    assert [one["id"] for one in second["recordings"]] == ["s12", "s13"]
    assert (second["live"], second["more"]) == ([], None)


def test_no_news_is_a_304_without_a_body(unremembered: WebStage) -> None:
    add(unremembered, "s1", "live")
    client = unremembered.client()
    first = client.get(API)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first.headers["Vary"]
    again = client.get(API, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    unremembered.viewers.beacon(unremembered.hall.id, "viewer-one")
    changed = client.get(API, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.json["live"][0]["viewers"]) == (200, 1)


def test_looks_within_a_second_are_one_question_to_the_database(stage: WebStage) -> None:
    with stage.app.app_context():
        lecture_board.lecture_board()._clock = lambda: 100.0  # the second lasts, however slow this machine is
    add(stage, "s1")
    client = stage.client()
    assert len(client.get(API).json["recordings"]) == 1
    stage.take_database_away()  # strangers need no account to be read
    assert len(client.get(API).json["recordings"]) == 1
    refused = client.get(API, query_string={"q": "another"})
    assert (refused.status_code, refused.content_type) == (503, "application/problem+json")
    stage.bring_database_back()


def test_a_stranger_never_gets_what_was_remembered_for_a_member(
    unremembered: WebStage, stage: WebStage
) -> None:
    with stage.database.session() as session:
        session.get_one(Room, stage.hall.id).access = "members"
    add(stage, "s1")
    assert len(stage.client(stage.member).get(API).json["recordings"]) == 1
    assert stage.client().get(API).json["recordings"] == []


@pytest.mark.parametrize(
    "question",
    [
        {"q": "x" * (MAX_SEARCH + 1)},
        {"before": ""},
        {"before": "x" * 5_000},
        {"before": "1.s; DROP TABLE sessions"},
        {"before": "99999999999999999999.s1"},
        {"before": "-1.s1"},
        {"before": "１.s1"},
    ],
)
def test_bad_questions_are_problems(stage: WebStage, question: dict[str, str]) -> None:
    answer = stage.client().get(API, query_string=question)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_unknown_parameters_and_odd_words_find_nothing_and_break_nothing(stage: WebStage) -> None:
    add(stage, "s1")
    for q in ("\0", "%", "\ud800", "'; --", "👩‍🏫"):
        answer = stage.client().get(API, query_string={"q": q.encode("utf-8", "surrogatepass"), "page": "7"})
        assert answer.status_code == 200, q


@pytest.mark.usefixtures("long_minute")
def test_too_many_searches_from_one_address_are_told_to_wait(stage: WebStage) -> None:
    client = stage.client()
    answers = [client.get(API, query_string={"q": "x"}).status_code for _ in range(601)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {200}
    assert client.get(API).status_code == 200, "looking on is not searching"
