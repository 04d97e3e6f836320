"""`/api/v1/jobs` and the page of jobs: what each sees, does again and stops; what is no job is 404."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from library.database import utc_now
from library.job_list import PAGE_LENGTH
from library.jobs import Jobs, enqueue
from library.models import Job, LectureSession
from people.models import User
from tests.broadcast.administrators import admin, foreigner, operator  # noqa: F401
from tests.broadcast.web_stage import WebStage

API = "/api/v1/jobs"


@pytest.fixture
def recording(stage: WebStage) -> str:
    with stage.database.session() as session:
        row = LectureSession(id="s1", room_id=stage.hall.id, organization_id=stage.hall.organization_id)
        row.title, row.phase, row.started_at = "線形代数", "ended", utc_now()
        session.add(row)
    return "s1"


def add(stage: WebStage, subject: str, key: str = "k", **changes: Any) -> Job:
    with stage.database.session() as session:
        job = enqueue(session, kind="mp4", key=key, subject=subject, payload={}, lane="export")
        for name, value in changes.items():
            setattr(job, name, value)
    return job


def test_each_admin_sees_their_own_and_operators_all(
    stage: WebStage, recording: str, admin: User, foreigner: User, operator: User
) -> None:
    own, nobodys = add(stage, recording, "a"), add(stage, "storage", "b")

    def seen(person: User) -> set[str]:
        told = stage.call("GET", API, user=person).json
        assert told["counts"]["waiting"] == len(told["waiting"])
        return {one["id"] for one in told["waiting"]}

    assert (seen(admin), seen(foreigner)) == ({own.id}, set())
    assert seen(operator) == {own.id, nobodys.id}
    for path, method in (("", "GET"), ("/retry", "POST"), ("/cancel", "POST")):
        for job, person in ((own, foreigner), (nobodys, admin)):
            answer = stage.call(method, f"{API}/{job.id}{path}", user=person, body={})
            assert answer.status_code == 404, (path, answer.text)
    assert Jobs(stage.database).get(own.id).state == "waiting"


def test_what_is_told(stage: WebStage, recording: str, admin: User) -> None:
    now = utc_now()
    add(
        stage,
        recording,
        "r",
        state="running",
        progress=0.5,
        started_at=now,
        paced_at=now - timedelta(minutes=1),
    )
    add(stage, recording, "f", state="failed", error="broken", log="one\ntwo", finished_at=now)
    told = stage.call("GET", API, user=admin).json
    (running,), (failed,) = told["running"], told["failed"]
    assert (running["title"], running["url"]) == ("線形代数", "http://localhost/watch/s1")
    assert 55 <= running["remaining_seconds"] <= 120
    assert (failed["error"], failed["has_log"], failed["log"]) == ("broken", True, None)
    assert failed["finished_at"].endswith("Z") and failed["remaining_seconds"] is None
    assert stage.call("GET", f"{API}/{failed['id']}", user=admin).json["log"] == "one\ntwo"


def test_why_is_told_in_the_readers_language(stage: WebStage, recording: str, admin: User) -> None:
    add(stage, recording, "a", state="failed", error="its worker was lost 3 times")
    add(stage, recording, "b", state="failed", error="of nobody's knowing (exit code 1)")
    add(stage, recording, "c", state="failed", error="(killed by SIGKILL)")
    add(
        stage, recording, "d", waits_for="disk", message="too little disk is free to make pictures", error="x"
    )
    add(stage, recording, "e", waits_for="retry", message="50 %", error="it took more memory than 1000 MiB")
    add(stage, recording, "f", state="running", message="of no matter", error="x")

    def reasons(language: str) -> dict[str, str | None]:
        headers = {"Accept-Language": language}
        told = stage.client(admin).get(API, headers=headers).json
        jobs = [one for name in ("running", "waiting", "failed") for one in told[name]]
        with stage.database.reading() as session:
            return {session.get_one(Job, one["id"]).key: one["reason"] for one in jobs}

    assert reasons("en") == {
        "a": "The worker was lost 3 times while it was done.",
        "b": "of nobody's knowing (exit code 1)",
        "c": "Something ended it from outside (SIGKILL).",
        "d": "Too little disk space is free.",
        "e": "It took more memory than 1000 MiB.",
        "f": None,
    }
    in_japanese = reasons("ja")
    assert in_japanese["d"] == "ディスクの空きが足りません。"
    assert in_japanese["b"] == "of nobody's knowing (exit code 1)"


def test_what_says_nothing_new_is_not_said_again(stage: WebStage, recording: str, admin: User) -> None:
    job = add(stage, recording)
    client = stage.client(admin)
    tag = client.get(API).headers["ETag"]
    assert client.get(API, headers={"If-None-Match": tag}).status_code == 304
    Jobs(stage.database).cancel(job.id)
    assert client.get(API, headers={"If-None-Match": tag}).status_code == 200


def test_history_page_by_page(stage: WebStage, recording: str, admin: User) -> None:
    for number in range(PAGE_LENGTH + 2):
        at = utc_now() - timedelta(minutes=number)
        add(stage, recording, f"h{number}", state="done", finished_at=at)
    first = stage.call("GET", API, user=admin).json
    assert len(first["ended"]) == PAGE_LENGTH
    second = stage.call("GET", f"{API}?before={first['more']}", user=admin).json
    assert (len(second["ended"]), second["more"], second["counts"], second["running"]) == (2, None, None, [])
    assert stage.call("GET", f"{API}?before=nonsense", user=admin).status_code == 422


def test_a_job_is_stopped_and_done_again(stage: WebStage, recording: str, admin: User) -> None:
    job = add(stage, recording)
    answer = stage.call("POST", f"{API}/{job.id}/cancel", user=admin, body={})
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert stage.call("POST", f"{API}/{job.id}/cancel", user=admin, body={}).status_code == 409
    answer = stage.call("POST", f"{API}/{job.id}/retry", user=admin, body={})
    assert (answer.status_code, answer.json["state"]) == (200, "waiting")
    assert stage.call("POST", f"{API}/{job.id}/retry", user=admin, body={}).status_code == 409
    assert stage.call("POST", f"{API}/nothing/retry", user=admin, body={}).status_code == 404


def test_the_page_carries_what_there_is_and_is_linked_for_admins_only(
    stage: WebStage, recording: str, admin: User
) -> None:
    job = add(stage, recording)
    page = stage.client(admin).get("/admin/jobs").text
    assert job.id in page and 'href="/admin/jobs"' in page
    assert 'href="/admin/jobs"' not in stage.client(stage.lecturer).get("/").text
    assert 'href="/admin/jobs"' not in stage.client().get("/").text
