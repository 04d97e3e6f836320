"""From a complete upload to a recording of the library: the job as the worker runs it, by itself."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from broadcast import recording_access
from broadcast.adoption import adopt_session
from library import transcripts, uploads
from library.database import utc_now
from library.jobs import Jobs, newest_of
from library.models import Job, LectureSession, Upload, UploadState
from library.transcript_formats import Cue
from library.upload_file import create, upload_path
from library.uploads import NewRecording
from operation import import_job
from people.rooms import uploads_room
from recorder import replacement, session_state
from recorder.media import SessionPhase
from recorder.media_log_reader import SessionReader
from settings import Settings
from tests.broadcast.test_film_job import worker
from tests.broadcast.test_recording_api import record
from tests.broadcast.upload_browser import TUS, Browser
from tests.broadcast.web_stage import WebStage
from tests.forked_app import run_app
from tests.installation import wait_for
from tests.library.clamd import NAME, VIRUS, Clamd
from tests.recorder.film_maker import make_film

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


def uploaded(stage: WebStage, content: bytes, **wanted: str) -> Upload:
    """What a complete upload leaves."""
    with stage.database.session() as session:
        room = uploads_room(session, stage.hall.organization_id, stage.lecturer.id)
        new = NewRecording(room.id, room.organization_id, **{"title": "固有値", **wanted})
        upload = uploads.begin(
            session,
            new,
            owner_id=stage.lecturer.id,
            filename="a.mp4",
            size=len(content),
            now=utc_now(),
        )
        path = upload_path(stage.settings.uploads_folder, upload.id)
        create(path)
        path.write_bytes(content)
        uploads.prepare(session, upload, path)
    return upload


def job_of(stage: WebStage, upload: Upload, kind: str = "import") -> Job:
    with stage.database.reading() as session:
        job = newest_of(session, kind, upload.session_id)
    assert job is not None
    return job


def state_of(stage: WebStage, upload: Upload) -> tuple[str, str | None]:
    with stage.database.reading() as session:
        found = session.get_one(Upload, upload.id)
    return found.state, found.reason


def row_of(stage: WebStage, upload: Upload) -> LectureSession:
    with stage.database.reading() as session:
        return session.get_one(LectureSession, upload.session_id)


def check_recording(stage: WebStage, upload: Upload, seconds: float) -> None:
    """It is whole, in its place, and in the library; nothing is there twice."""
    assert state_of(stage, upload) == (UploadState.READY, None)
    row = row_of(stage, upload)
    assert row.bytes > 0 and row.seconds == pytest.approx(seconds, abs=0.1)
    reader = SessionReader(stage.settings.session_roots, upload.session_id)
    reader.refresh()
    assert [take.number for take in reader.takes] == [1] and reader.takes[0].closed
    assert reader.state.phase is SessionPhase.ENDED
    reader.close()
    kinds = ("import", "mp4", "pictures", "transcribe")
    with stage.database.reading() as session:
        found = [job.kind for job in session.query(Job).where(Job.subject == upload.session_id)]
    assert sorted(found) == sorted(kinds)


def replay(stage: WebStage, url: str) -> str:
    """The media playlist of the replay at that address."""
    path = url.removeprefix("http://localhost")
    found = stage.client().get(path).text.splitlines()[-1]
    playlist = stage.client().get(urljoin(path, found))
    assert playlist.status_code == 200
    return playlist.text


def run(stage: WebStage, job: Job, **settings: str) -> dict[str, Any]:
    """The job's program → the last line that it says."""
    environment = {**os.environ, "KODO_STORAGE": str(stage.settings.storage), "KODO_DISK_FLOOR": "16M"}
    code, out, err = run_app(["job", "run", job.id], {**environment, **settings})
    assert code == 0, err
    said: dict[str, Any] = json.loads(out.splitlines()[-1])
    return said


def test_an_upload_becomes_a_recording_and_what_is_none_fails_once(stage: WebStage, tmp_path: Path) -> None:
    good = uploaded(stage, make_film(tmp_path / "a.mp4", 2).read_bytes(), visibility="public")
    bad = uploaded(stage, b"no film at all" * 100)

    def both_done() -> bool:
        return {state_of(stage, one)[0] for one in (good, bad)} == {UploadState.READY, UploadState.FAILED}

    with worker(stage.settings):
        wait_for("both jobs", both_done, 100)
        wait_for("the MP4", lambda: row_of(stage, good).mp4_path, 100)
    check_recording(stage, good, 2.0)
    assert state_of(stage, bad) == (UploadState.FAILED, "unreadable")
    left = [path.name for path in stage.settings.uploads_folder.iterdir()]
    assert left == [f"{bad.id}.part"], "kept for another attempt"
    access = recording_access.load(stage.settings.session_roots, good.session_id)
    assert access is not None and access.visibility == "public"
    stage.book.refresh()
    told = stage.call("GET", f"/api/v1/recordings/{good.session_id}").json
    assert (told["state"], told["duration"]) == ("ready", pytest.approx(2, abs=0.1))
    assert told["hls_url"].startswith("http://localhost/live/open/") and told["mp4_url"]
    assert "#EXT-X-ENDLIST" in replay(stage, told["hls_url"])
    found = stage.call("GET", "/api/v1/search?q=固有値").json["recordings"]
    assert [one["id"] for one in found] == [good.session_id]


def test_what_is_infected_is_kept_apart_and_served_to_nobody(stage: WebStage, tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4", 1).read_bytes()
    upload = uploaded(
        stage, film + (8 + len(VIRUS)).to_bytes(4, "big") + b"free" + VIRUS, visibility="public"
    )
    job = job_of(stage, upload)
    source, kept = Path(job.payload["source"]), stage.settings.quarantine_folder / f"{upload.id}.infected"
    with Clamd() as clamd:
        assert run(stage, job, KODO_CLAMAV=clamd.setting) == {"result": {"infected": NAME}}
        assert not source.exists() and kept.stat().st_mode & 0o777 == 0o400
        # Killed before it could say so, it says so the next time.
        said = run(stage, job, KODO_CLAMAV=clamd.setting)
    assert said == {"result": {"infected": NAME}}
    import_job.done(stage.settings, stage.database, job, said["result"])
    assert state_of(stage, upload) == (UploadState.QUARANTINED, NAME)
    assert not (stage.settings.sessions_folder / upload.session_id).exists()
    told = stage.call("GET", f"/api/v1/recordings/{upload.session_id}", user=stage.lecturer).json
    assert (told["state"], told["reason"], told["hls_url"]) == ("quarantined", NAME, None)


def test_without_an_answer_of_the_scanner_nothing_goes_through(stage: WebStage, tmp_path: Path) -> None:
    upload = uploaded(stage, make_film(tmp_path / "a.mp4", 1).read_bytes())
    job = job_of(stage, upload)
    said = run(stage, job, KODO_CLAMAV=str(tmp_path / "nobody.sock"))
    assert (said["postpone"], said["waits_for"]) == (import_job.SCANNER_SECONDS, "scanner")
    assert "cannot be reached" in said["message"]
    assert not (stage.settings.sessions_folder / upload.session_id).exists()
    with Clamd() as clamd:
        result = run(stage, job, KODO_CLAMAV=clamd.setting)["result"]
    assert clamd.streams == [upload.bytes]
    import_job.done(stage.settings, stage.database, job, result)
    check_recording(stage, upload, 1.0)


def test_a_disk_without_room_puts_it_back(stage: WebStage, tmp_path: Path) -> None:
    upload = uploaded(stage, make_film(tmp_path / "a.mp4", 1).read_bytes())
    said = run(stage, job_of(stage, upload), KODO_DISK_FLOOR="1000T")
    assert said["waits_for"] == "disk"
    assert list(stage.settings.sessions_folder.iterdir()) == []


def test_what_was_given_up_meanwhile_leaves_nothing(stage: WebStage, tmp_path: Path) -> None:
    upload = uploaded(stage, make_film(tmp_path / "a.mp4", 1).read_bytes())
    job = job_of(stage, upload)
    with stage.database.session() as session:
        uploads.remove(session, session.get_one(Upload, upload.id))
    result = run(stage, job)["result"]
    assert result == {"refused": "gone"}
    import_job.done(stage.settings, stage.database, job, result)
    assert list(stage.settings.sessions_folder.iterdir()) == []
    assert list(stage.settings.uploads_folder.iterdir()) == []


def test_it_is_its_uploaders_alone_also_where_the_database_was_lost(stage: WebStage, tmp_path: Path) -> None:
    upload = uploaded(stage, make_film(tmp_path / "a.mp4", 1).read_bytes())
    run(stage, job_of(stage, upload))
    settings: Settings = stage.settings
    state = session_state.load(settings.session_roots, upload.session_id)
    assert state is not None and state.last_source == f"upload:{upload.id}"
    other = WebStage(tmp_path / "other")
    try:
        lost = replace(state, credentials=tuple(
            replace(one, id=f"studio:{other.lecturer.id}") for one in state.credentials
        ))  # fmt: skip
        session_state.save(other.settings.sessions_folder, lost)
        adopt_session(other.settings, other.database, upload.session_id)
        other.book.refresh()
        address = f"/api/v1/recordings/{upload.session_id}"
        assert other.call("GET", address).status_code == 404
        assert other.call("GET", address, user=other.member).status_code == 404
        told = other.call("GET", address, user=other.lecturer).json
        assert (told["visibility"], told["may_edit"]) == ("private", True)
        assert "uploads-" not in other.client(other.lecturer).get("/rooms").text
    finally:
        other.close()


def test_a_cancelled_one_is_tried_again(stage: WebStage, tmp_path: Path) -> None:
    upload = uploaded(stage, make_film(tmp_path / "a.mp4", 1).read_bytes())
    job = job_of(stage, upload)
    Jobs(stage.database).cancel(job.id)
    address = f"/api/v1/library/uploads/{upload.id}"
    assert stage.call("GET", address, user=stage.lecturer).json["reason"] == "given_up"
    again = stage.call("POST", f"{address}/retry", user=stage.lecturer)
    assert (again.status_code, again.json["state"]) == (202, "waiting")
    assert stage.call("POST", f"{address}/retry", user=stage.lecturer).status_code == 409


def imported(stage: WebStage, content: bytes) -> Upload:
    upload = uploaded(stage, content)
    finish(stage, upload)
    return upload


def finish(stage: WebStage, upload: Upload) -> dict[str, Any]:
    """The job's program and what the worker does with its result, which it may do twice."""
    with stage.database.reading() as session:
        found = uploads.get(session, upload.id)
    assert found is not None and found[2] is not None
    result: dict[str, Any] = run(stage, found[2])["result"]
    for _ in range(2):
        import_job.done(stage.settings, stage.database, found[2], result)
    return result


def another_file(stage: WebStage, first: Upload, content: bytes) -> Upload:
    with stage.database.session() as session:
        row = session.get_one(LectureSession, first.session_id)
        upload = uploads.begin_replacement(
            session, row, owner_id=stage.lecturer.id, filename="b.mp4", size=len(content), now=utc_now()
        )
        path = upload_path(stage.settings.uploads_folder, upload.id)
        create(path)
        path.write_bytes(content)
        uploads.prepare(session, upload, path)
    return upload


def test_another_file_takes_the_place_of_the_first_at_the_same_address(
    stage: WebStage, tmp_path: Path
) -> None:
    first = imported(stage, make_film(tmp_path / "a.mp4", 3).read_bytes())
    folder = stage.settings.sessions_folder / first.session_id
    with stage.database.session() as session:
        transcripts.save(session, first.session_id, "en", [Cue(0.0, 1.0, "corrected")], origin="person")
    with pytest.raises(uploads.UnderWay), stage.database.session() as session:
        row = session.get_one(LectureSession, first.session_id)
        for _ in range(2):
            uploads.begin_replacement(session, row, owner_id=None, filename="c", size=1, now=utc_now())
    second = another_file(stage, first, make_film(tmp_path / "b.mp4", 5).read_bytes())
    # An attempt was killed in the middle of putting it there.
    work = uploads.import_folder(stage.settings.sessions_folder, second.id)
    work.mkdir()
    plan = replacement.planned(stage.settings.session_roots, first.session_id, work)
    assert plan == replacement.Plan(take=2, first_segment=2)
    (folder / "take-0002").mkdir()
    assert finish(stage, second)["replaced"] is True
    assert sorted(path.name for path in folder.iterdir()) == [
        "edits",
        "recording-access.json",
        "session.json",
        "take-0002",
    ]
    assert [path.name for path in (folder / "edits").iterdir()] == ["0002.json"]
    row = row_of(stage, first)
    assert (row.edit_version, row.state_version) == (2, 2) and row.seconds == pytest.approx(5, abs=0.1)
    with stage.database.reading() as session:
        ordered = {job.key for job in session.query(Job).where(Job.subject == first.session_id)}
        current = transcripts.current(session, first.session_id)
    assert {f"mp4:{first.session_id}:2", f"pictures:{first.session_id}:2"} <= ordered
    assert current is not None and current.origin == "person"
    stage.book.refresh()
    told = stage.call("GET", f"/api/v1/recordings/{first.session_id}", user=stage.lecturer).json
    assert replay(stage, told["hls_url"]).count("#EXTINF") == 3
    # Killed before it could say so, it says so again.
    assert finish(stage, second) == {"replaced": True}


def test_a_file_that_is_no_media_leaves_the_first_as_it_was(stage: WebStage, tmp_path: Path) -> None:
    first = imported(stage, make_film(tmp_path / "a.mp4", 2).read_bytes())
    second = another_file(stage, first, b"no film at all" * 100)
    assert finish(stage, second) == {"refused": "unreadable"}
    assert state_of(stage, second) == (UploadState.FAILED, "unreadable")
    assert row_of(stage, first).edit_version == 1
    assert state_of(stage, first) == (UploadState.READY, None)
    with stage.database.session() as session:
        uploads.remove(session, session.get_one(Upload, second.id))
    assert row_of(stage, first).bytes > 0


def test_only_what_was_uploaded_can_be_replaced(stage: WebStage, tmp_path: Path) -> None:
    first = imported(stage, make_film(tmp_path / "a.mp4", 1).read_bytes())
    lecture = record(stage, tmp_path, stage.hall)
    browser = Browser(stage, front=False)

    def begin(recording: str) -> int:
        told = f"recording {base64.b64encode(recording.encode()).decode()}"
        return browser.send(
            "POST", "/api/v1/library/uploads", {**TUS, "Upload-Length": "5", "Upload-Metadata": told}
        ).status

    assert [begin(one) for one in (first.session_id, first.session_id, lecture, "nothing")] == [
        201, 409, 409, 404,
    ]  # fmt: skip
    edit = stage.client(stage.lecturer).get(f"/watch/{first.session_id}/edit").text
    assert 'id="replace-file"' in edit
    assert 'id="replace-file"' not in stage.client(stage.lecturer).get(f"/watch/{lecture}/edit").text
