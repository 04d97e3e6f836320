"""Transcripts and search of a whole application: put, told, downloaded, found, refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from library import transcripts
from library.database import new_id, utc_now
from library.jobs import enqueue
from library.models import LectureSession
from library.transcript_formats import MAX_BYTES, Cue, Word
from people.models import Room, User
from tests.broadcast.web_stage import WebStage, csrf_token

VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n二分探索木の\n\n00:02.500 --> 00:04.000\n計算量は <i>O(log n)</i>\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def recording(stage: WebStage) -> str:
    return add(stage)


def add(stage: WebStage, phase: str = "ended", title: str = "アルゴリズム") -> str:
    row = LectureSession(
        id=new_id(),
        room_id=stage.hall.id,
        organization_id=stage.hall.organization_id,
        title=title,
        lecturer="lecturer",
        phase=phase,
        started_at=utc_now(),
        ended_at=utc_now() if phase == "ended" else None,
        bytes=1,
    )
    with stage.database.session() as transaction:
        transaction.add(row)
    return row.id


def address(recording: str, extension: str = "") -> str:
    return f"/api/v1/recordings/{recording}/transcript{extension}"


def put(
    stage: WebStage,
    recording: str,
    body: bytes | str = VTT,
    kind: str = "text/vtt",
    *,
    user: User | None = None,
    query: str = "?language=ja",
) -> TestResponse:
    client = stage.client(user or stage.lecturer)
    headers = {"X-CSRFToken": csrf_token(client)}
    return client.put(address(recording) + query, data=body, content_type=kind, headers=headers)


def find(stage: WebStage, query: str, user: User | None = None, **more: str) -> Any:
    return stage.client(user).get("/api/v1/search", query_string={"q": query, **more}).json


def test_a_recording_without_a_transcript_says_so(stage: WebStage, recording: str) -> None:
    told = stage.client().get(address(recording)).json
    assert (told["state"], told["vtt_url"], told["cues"], told["may_edit"]) == ("none", None, 0, False)
    assert stage.client().get(address(recording, ".vtt")).status_code == 404
    assert stage.client().get(address("unknown")).status_code == 404


def test_what_is_put_is_told_downloaded_and_found(stage: WebStage, recording: str) -> None:
    answer = put(stage, recording)
    assert answer.status_code == 201
    told = stage.client().get(address(recording)).json
    assert (told["state"], told["language"], told["version"], told["origin"]) == ("ready", "ja", 1, "upload")
    assert told["vtt_url"] == "http://localhost" + address(recording, ".vtt")
    files = {
        name: stage.client().get(address(recording, f".{name}")) for name in ("vtt", "srt", "txt", "json")
    }
    assert files["vtt"].text.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n二分探索木の\n")
    assert files["vtt"].content_type == "text/vtt; charset=utf-8"
    assert "filename*=UTF-8''%E3%82%A2" in files["vtt"].headers["Content-Disposition"]
    assert files["srt"].text.startswith("1\n00:00:01,000 --> 00:00:02,500\n")
    assert files["txt"].text == "二分探索木の\n計算量は O(log n)\n"
    assert files["json"].json["cues"][1] == {"start": 2.5, "end": 4.0, "text": "計算量は O(log n)"}
    (found,) = find(stage, "木の計算")["recordings"]
    assert (found["id"], found["title"], found["lecturer"]) == (recording, "アルゴリズム", "lecturer")
    assert found["url"] == f"http://localhost/watch/{recording}"
    assert found["hits"] == [{"at": 1.0, "text": "二分探索木の 計算量は O(log n)", "marks": [[4, 9]]}]


def test_a_file_that_is_known_is_not_sent_again(stage: WebStage, recording: str) -> None:
    put(stage, recording)
    first = stage.client().get(address(recording, ".json"))
    again = stage.client().get(address(recording, ".json"), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    put(stage, recording)
    newer = stage.client().get(address(recording, ".json"), headers={"If-None-Match": first.headers["ETag"]})
    assert newer.status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        (b"no captions", "text/vtt", 422, "not_vtt"),
        (b"WEBVTT\n\n00:02.000 --> 00:01.000\nx", "text/vtt", 422, "bad_time"),
        (b"", "application/x-subrip", 422, "no_cues"),
        (b"{}", "application/json", 422, "not_json"),
        (b"x", "application/octet-stream", 415, None),
        (b"x" * (MAX_BYTES + 1), "text/vtt", 413, None),
    ],
)
def test_what_is_refused(
    stage: WebStage, recording: str, body: bytes, kind: str, status: int, reason: str | None
) -> None:
    answer = put(stage, recording, body, kind)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json.get("reason") == reason
    assert stage.client().get(address(recording)).json["state"] == "none"


def test_what_somebody_else_has_saved_is_not_written_over(stage: WebStage, recording: str) -> None:
    put(stage, recording)
    assert put(stage, recording, query="?edited=true&base=1").json["origin"] == "person"
    refused = put(stage, recording, query="?edited=true&base=1")
    assert (refused.status_code, stage.client().get(address(recording)).json["version"]) == (409, 2)


def test_only_hosts_put_and_only_watchers_read(stage: WebStage, recording: str) -> None:
    assert put(stage, recording, user=stage.member).status_code == 403
    assert stage.call("PUT", address(recording)).status_code == 401
    assert (
        stage.client(stage.lecturer).put(address(recording), data=VTT, content_type="text/vtt").status_code
        == 400
    )
    assert put(stage, recording).status_code == 201
    with stage.database.session() as transaction:
        transaction.get_one(Room, stage.hall.id).access = "members"
    for path in (address(recording), address(recording, ".vtt")):
        assert stage.client().get(path).status_code == 401
        assert stage.client(stage.member).get(path).status_code == 200
    assert find(stage, "二分")["recordings"] == []
    assert len(find(stage, "二分", stage.member)["recordings"]) == 1


def test_what_is_said_in_a_private_recording_is_its_editors(stage: WebStage, recording: str) -> None:
    put(stage, recording)
    changed = stage.call(
        "PATCH", f"/api/v1/recordings/{recording}", {"visibility": "private"}, user=stage.lecturer
    )
    assert changed.status_code == 200, changed.text
    for person, seen in ((None, False), (stage.member, False), (stage.lecturer, True)):
        client = stage.client(person)
        assert len(find(stage, "二分", person)["recordings"]) == seen
        for path in (address(recording), address(recording, ".vtt")):
            assert client.get(path).status_code == (200 if seen else 404)
    told = stage.client(stage.lecturer).get(f"/api/v1/recordings/{recording}").json["transcript"]
    assert told == {
        "state": "ready",
        "language": "ja",
        "vtt_url": f"http://localhost{address(recording, '.vtt')}",
    }


def test_a_lecture_that_is_live_is_found_in_its_room(stage: WebStage) -> None:
    live = add(stage, "live")
    with stage.database.session() as transaction:
        version = transcripts.begin(transaction, live, "ja")
        transcripts.append(transaction, live, version, [Cue(1, 2, "固有値", (Word(1, 2, "固有値"),))])
    assert stage.client().get(address(live)).json["state"] == "growing"
    (found,) = find(stage, "固有")["recordings"]
    assert (found["url"], found["seconds"]) == ("http://localhost/rooms/hall", 0)
    told = stage.client().get(address(live, ".json")).json
    assert told["cues"] == [{"start": 1.0, "end": 2.0, "text": "固有値", "words": [[1.0, 2.0, "固有値"]]}]
    assert stage.client().get(address(live, ".json?first=1")).json["cues"] == []


def test_the_engines_work_is_told(stage: WebStage, recording: str) -> None:
    with stage.database.session() as transaction:
        enqueue(transaction, kind="transcribe", key="t", subject=recording, payload={}, lane="speech")
    assert stage.client().get(address(recording)).json["state"] == "waiting"


@pytest.mark.parametrize("query", ["", "。", '"', "NEAR(a)", "*", "😀", "あ" * 10_000, "a b" * 3_000, "\0"])
def test_odd_questions_have_an_answer(stage: WebStage, recording: str, query: str) -> None:
    put(stage, recording)
    assert find(stage, query) == {"recordings": [], "more": None}


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "１"])
def test_a_place_that_no_list_has(stage: WebStage, before: str) -> None:
    assert stage.client().get("/api/v1/search", query_string={"q": "x", "before": before}).status_code == 422


def test_more_goes_on_behind_the_last_one(stage: WebStage) -> None:
    made = [add(stage, title=f"第{number}回") for number in range(14)]
    for one in made:
        put(stage, one)
    first = find(stage, "二分")
    rest = find(stage, "二分", before=first["more"])
    assert len(first["recordings"]) == 12 and rest["more"] is None
    assert {one["id"] for page in (first, rest) for one in page["recordings"]} == set(made)
