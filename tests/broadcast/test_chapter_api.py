"""`/api/v1/recordings/<id>/chapters`: read, put by hand and from a file, by two hands; what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from library.chapter_list import MAX_BYTES
from library.models import LectureSession
from people.command_line import add_token
from tests.broadcast.test_recording_api import API, get, patch, record
from tests.broadcast.web_stage import WebStage, csrf_token

VTT = "WEBVTT\n\n1\n00:00.500 --> 00:02.000\nはじめに\n\nNOTE x\n\n00:02.000 --> 00:09.000\na < b &amp; c\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    stage.book.refresh()
    yield stage
    stage.close()


@pytest.fixture
def recorded(stage: WebStage, tmp_path: Path) -> str:
    return record(stage, tmp_path, stage.hall)


def put(stage: WebStage, recording: str, *chapters: tuple[float, str], base: str = "") -> TestResponse:
    body = {"chapters": [{"at": at, "title": title} for at, title in chapters]}
    query = f"?base={base}" if base else ""
    return stage.call("PUT", f"{API}/{recording}/chapters{query}", body, user=stage.lecturer)


def put_file(stage: WebStage, recording: str, data: str, kind: str = "text/vtt") -> TestResponse:
    client = stage.client(stage.lecturer)
    headers = {"X-CSRFToken": csrf_token(client), "Content-Type": kind}
    return client.put(f"{API}/{recording}/chapters", data=data.encode(), headers=headers)


def told(stage: WebStage, recording: str) -> list[tuple[float, str, str]]:
    answer: Any = stage.call("GET", f"{API}/{recording}/chapters").json
    return [(one["at"], one["title"], one["origin"]) for one in answer["chapters"]]


def of_page(stage: WebStage, recording: str) -> Any:
    return stage.call("GET", f"/api/v1/rooms/hall?session={recording}").json["session"]["chapters_url"]


def test_chapters_by_hand_and_from_a_file(stage: WebStage, recorded: str) -> None:
    assert (told(stage, recorded), of_page(stage, recorded)) == ([], None)
    assert put_file(stage, recorded, VTT).status_code == 200
    assert told(stage, recorded) == [(0.5, "はじめに", "vtt"), (2.0, "a < b & c", "vtt")]
    assert of_page(stage, recorded).endswith(f"{API}/{recorded}/chapters")
    assert get(stage, recorded)["chapters_url"] == of_page(stage, recorded)
    answer = put(stage, recorded, (3.5, " 行列式\n"), (0.5, "はじめに"))
    assert answer.status_code == 200
    assert told(stage, recorded) == [(0.5, "はじめに", "vtt"), (3.5, "行列式", "person")]
    assert put(stage, recorded).json["chapters"] == []
    assert of_page(stage, recorded) is None


def test_the_file_lasts_to_the_end(stage: WebStage, recorded: str) -> None:
    put(stage, recorded, (0, "a"), (2.25, "b --> c"))
    answer = stage.call("GET", f"{API}/{recorded}/chapters.vtt")
    assert answer.content_type == "text/vtt; charset=utf-8"
    begin, first, second = answer.text.split("\n\n", 2)
    assert (begin, first) == ("WEBVTT", "00:00:00.000 --> 00:00:02.250\na")
    assert second.startswith("00:00:02.250 --> 00:00:0") and second.endswith("b --&gt; c\n")
    assert "chapters.vtt" in answer.headers["Content-Disposition"]


def test_of_two_hands_the_later_one_is_told(stage: WebStage, recorded: str) -> None:
    version = put(stage, recorded, (1, "a")).json["version"]
    assert put(stage, recorded, (1, "b"), base=version).status_code == 200
    answer = put(stage, recorded, (1, "c"), base=version)
    assert answer.status_code == 409 and "meanwhile" in answer.json["detail"]
    assert told(stage, recorded) == [(1.0, "b", "person")]
    assert put(stage, recorded, (1, "c")).status_code == 200, "a program may not care"


def test_the_names_of_what_is_not_shown_are_its_editors_alone(stage: WebStage, recorded: str) -> None:
    put(stage, recorded, (0, "a"), (1, "about somebody"), (2, "c"))
    with stage.database.session() as session:
        session.get_one(LectureSession, recorded).shown = [0, 100, 200, 400]  # hundredths of seconds
    for user, titles in ((None, ["a", "c"]), (stage.lecturer, ["a", "about somebody", "c"])):
        answer: Any = stage.call("GET", f"{API}/{recorded}/chapters", user=user).json
        assert [one["title"] for one in answer["chapters"]] == titles
        file = stage.call("GET", f"{API}/{recorded}/chapters.vtt", user=user).text
        assert ("somebody" in file) is (len(titles) == 3)


def test_who_may_watch_reads_and_who_may_host_writes(stage: WebStage, recorded: str) -> None:
    put(stage, recorded, (1, "a"))
    answer = stage.call("PUT", f"{API}/{recorded}/chapters", {"chapters": []}, user=stage.member)
    assert answer.status_code == 403
    may_edit = [
        stage.call("GET", f"{API}/{recorded}/chapters", user=one).json["may_edit"]
        for one in (None, stage.member, stage.lecturer)
    ]
    assert may_edit == [False, False, True]
    patch(stage, recorded, visibility="private")
    for path in ("chapters", "chapters.vtt"):
        assert stage.call("GET", f"{API}/{recorded}/{path}").status_code == 404
    token = add_token(stage.database, "lecturer", "test")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/vtt"}
    answer = stage.app.test_client().put(f"{API}/{recorded}/chapters", data=VTT, headers=headers)
    assert [one["title"] for one in answer.json["chapters"]] == ["はじめに", "a < b & c"]


@pytest.mark.parametrize(
    ("data", "kind", "status", "reason", "detail"),
    [
        ("", "text/vtt", 422, "not_vtt", "Line 1"),
        ("WEBVTT\n\n1:00 --> 2:00\nx", "text/vtt", 422, "bad_time", "Line 3"),
        ("WEBVTT\n\n10:00.000 --> 11:00.000\nx", "text/vtt", 422, "beyond_end", "Chapter 1"),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\n" + "字" * 301, "text/vtt", 422, "too_long_title", "300"),
        ('{"chapters": [{"at": 0, "title": ""}]}', "application/json", 422, "no_title", "Chapter 1"),
        ("{", "application/json", 422, "not_json", "JSON"),
        ("WEBVTT" + " " * MAX_BYTES, "text/vtt", 413, "too_large", "1 MB"),
    ],
)
def test_what_is_refused_says_why(
    stage: WebStage, recorded: str, data: str, kind: str, status: int, reason: str, detail: str
) -> None:
    put(stage, recorded, (1, "a"))
    answer = put_file(stage, recorded, data, kind)
    assert (answer.status_code, answer.json["reason"]) == (status, reason)
    assert detail in answer.json["detail"]
    assert told(stage, recorded) == [(1.0, "a", "person")], "what was there stays"


def test_other_bodies_and_recordings(stage: WebStage, recorded: str, tmp_path: Path) -> None:
    assert put_file(stage, recorded, "x", "text/plain").status_code == 415
    assert put_file(stage, recorded, VTT + "x" * (10 << 20)).status_code == 413
    assert put(stage, "nothing", (1, "a")).status_code == 404
    live = record(stage, tmp_path, stage.hall, ended=False)
    assert put(stage, live, (1, "a")).status_code == 409
