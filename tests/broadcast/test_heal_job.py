"""From whole copies to a replay without a gap: the job as the worker runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from broadcast import session_rows
from library import copies
from library.models import CopyState, Job, LectureSession
from recorder.log_folders import HEALED
from recorder.media_log_reader import SessionReader
from tests.broadcast.session_writer import STARTED_AT
from tests.broadcast.test_film_job import worker
from tests.broadcast.web_stage import PROJECT, WebStage
from tests.installation import wait_for
from tests.recorder.lecture_maker import Lecture, write_copy


def lecture_with_a_gap(stage: WebStage) -> Lecture:
    lecture = Lecture(stage.settings.storage.parent, room_id=stage.hall.id)
    lecture.camera(0, 4)
    lecture.slate(4, 8)
    lecture.camera(8, 12)
    lecture.end(12)
    state = lecture.writer.state
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, state, stage.directory.figures(state))
        session.query(Job).delete()  # its MP4 is not what is looked at here
    return lecture


def ordered(stage: WebStage, lecture: Lecture, content: bytes) -> str:
    """What a complete upload and *Complete the recording* leave → the job's id."""
    folder = stage.settings.sessions_folder
    with stage.database.session() as session:
        copy = copies.add(
            session, lecture.session_id, began_at=STARTED_AT + 1.2, size=len(content), max_bytes=1 << 30
        )
        path = copies.growing_path(folder, copy)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        copies.has_come(session, copy, folder)
        assert copy.state == CopyState.WHOLE
        return copies.order_healing(session, lecture.session_id, [copy.id], folder).id


def job_of(stage: WebStage, job_id: str) -> Job:
    with stage.database.reading() as session:
        return session.get_one(Job, job_id)


@pytest.mark.timeout(300)  # two jobs, and the machine may be busy
def test_a_recording_is_completed_and_what_is_no_copy_says_so(stage: WebStage, tmp_path: Path) -> None:
    good, bad = lecture_with_a_gap(stage), lecture_with_a_gap(stage)
    jobs = [
        ordered(stage, bad, b"no film at all" * 100),
        ordered(stage, good, write_copy(tmp_path / "copy.mkv", 1, 11).read_bytes()),
    ]
    with worker(stage.settings):
        wait_for("both jobs", lambda: all(job_of(stage, one).state == "done" for one in jobs), 100)
    assert [job_of(stage, one).message for one in jobs] == ["unreadable", "healed"]
    address = f"/api/v1/rooms/hall/sessions/{good.session_id}/gaps"
    told = stage.call("GET", address, user=stage.lecturer).json
    assert told["gaps"] == [] and told["edit_version"] == 2
    assert told["healing"] == {"state": "done", "progress": 1.0, "message": "healed"}
    with stage.database.reading() as session:
        assert session.get_one(LectureSession, good.session_id).edit_version == 2
        assert session.get_one(LectureSession, bad.session_id).edit_version == 1
    reader = SessionReader(good.roots, good.session_id)
    assert [span.take for span in reader.edit_list(2).spans] == [1, HEALED + 1, 3]
    reader.close()


def test_a_job_that_is_cancelled_leaves_nothing_behind(stage: WebStage, tmp_path: Path) -> None:
    lecture = lecture_with_a_gap(stage)
    folder = lecture.roots[0] / lecture.session_id
    job_id = ordered(stage, lecture, write_copy(tmp_path / "copy.mkv", 1, 11).read_bytes())
    before = sorted(path.name for path in folder.iterdir())
    environment = {**os.environ, "KODO_STORAGE": str(stage.settings.storage), "KODO_DISK_FLOOR": "16M"}
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "app.py"), "job", "run", job_id],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "reading" in process.stdout.readline()
    process.terminate()
    process.communicate(timeout=60)  # read on: what it says meanwhile must not fail
    assert process.returncode == 1
    assert sorted(path.name for path in folder.iterdir()) == before
