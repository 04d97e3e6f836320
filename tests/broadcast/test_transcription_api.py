"""How far a transcript is, in plain words, and having it made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broadcast import session_rows
from library import transcripts
from library.database import utc_now
from library.jobs import Jobs
from library.models import Job
from library.transcript_formats import Cue
from library.transcription import orders
from library.worker import LEASE
from people.models import User
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def recording(stage: WebStage) -> str:
    """An ended lecture of ten seconds."""
    writer = SessionWriter(stage.settings.storage.parent, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(30)
    writer.end()
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, writer.state, stage.directory.figures(writer.state))
    return writer.session_id


def work(stage: WebStage, recording: str, user: User | None = None) -> dict[str, Any]:
    answer = stage.call("GET", f"/api/v1/recordings/{recording}/transcription", user=user)
    assert answer.status_code == 200
    return answer.json


def leased(stage: WebStage) -> Job:
    job = Jobs(stage.database).lease("worker", orders.LANE, [orders.KIND], LEASE)
    assert job is not None
    return job


def test_it_is_told_in_words_while_it_waits_runs_and_is_done(stage: WebStage, recording: str) -> None:
    told = work(stage, recording)
    assert (told["state"], told["words"]) == ("waiting", "The transcript waits for its turn.")
    job = leased(stage)
    assert work(stage, recording)["words"] == "Transcript: 0 %"
    Jobs(stage.database).extend(job, LEASE, 0.4, "")
    with stage.database.session() as session:
        session.get_one(Job, job.id).paced_at = utc_now() - 60 * LEASE / 30
        session.get_one(Job, job.id).paced_from = 0.2
    told = work(stage, recording)
    assert told["words"] == "Transcript: 40 % · 3 min left" and 170 < told["seconds_left"] < 210
    Jobs(stage.database).finish(job)
    told = work(stage, recording)
    assert (told["state"], told["progress"], told["words"]) == ("done", 1.0, None)


def test_without_a_model_everybody_is_told_and_hosts_hear_why(stage: WebStage, recording: str) -> None:
    Jobs(stage.database).postpone(leased(stage), orders.MODEL_WAIT, "whisper is not installed", "model")
    for user, reason in ((None, None), (stage.lecturer, "whisper is not installed")):
        told = work(stage, recording, user)
        assert told["words"] == "The transcript waits: there is no speech model here yet."
        assert (told["waits_for"], told["reason"], told["may_repeat"]) == ("model", reason, False)


def test_what_failed_goes_on_where_it_was(stage: WebStage, recording: str) -> None:
    address = f"/api/v1/recordings/{recording}/transcription"
    with stage.database.session() as session:
        job = session.query(Job).where(Job.kind == orders.KIND).one()
        job.payload, job.max_attempts = {"position": 80_000, "version": None, "language": "ja"}, 1
    Jobs(stage.database).fail(leased(stage), "out of memory")
    told = work(stage, recording, stage.lecturer)
    assert (told["words"], told["reason"]) == ("The transcript could not be made.", "out of memory")
    assert told["progress"] == pytest.approx(0.5, abs=0.01) and told["may_repeat"]
    assert not work(stage, recording, stage.member)["may_repeat"]
    assert stage.call("POST", address, {}, user=stage.member).status_code == 403
    again = stage.call("POST", address, {}, user=stage.lecturer)
    assert again.status_code == 202 and again.json["state"] == "waiting"
    assert (leased(stage).id, leased_payload(stage)["position"]) == (job.id, 80_000)


def leased_payload(stage: WebStage) -> dict[str, Any]:
    with stage.database.reading() as session:
        return session.query(Job).where(Job.kind == orders.KIND).one().payload


def test_what_is_done_is_made_anew_in_the_language_asked_for(stage: WebStage, recording: str) -> None:
    address = f"/api/v1/recordings/{recording}/transcription"
    first = leased(stage)
    Jobs(stage.database).finish(first)
    body = {"language": "ja", "prompt": "固有値"}
    assert stage.call("POST", address, body, user=stage.lecturer).json["state"] == "waiting"
    second = leased(stage)
    assert second.id != first.id
    assert orders.done_of(second) == orders.Done(0, None, "ja", "固有値")
    assert stage.call("POST", address, {"language": "no language!"}, user=stage.lecturer).status_code == 422


def test_where_there_is_a_whole_transcript_nothing_is_said(stage: WebStage, recording: str) -> None:
    with stage.database.session() as transaction:
        transcripts.save(transaction, recording, "ja", [Cue(0, 1, "言葉")], origin="upload")
    told = work(stage, recording)
    assert (told["state"], told["words"]) == ("waiting", None)


def test_a_recording_that_is_not_there(stage: WebStage) -> None:
    assert stage.call("GET", "/api/v1/recordings/nothing/transcription").status_code == 404
