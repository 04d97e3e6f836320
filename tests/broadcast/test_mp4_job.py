"""The MP4 of a lecture and then of its healed replay: jobs as the worker runs them, and the download."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from broadcast.adoption import adopt_session
from library.models import LectureSession
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.test_film_job import worker
from tests.broadcast.web_stage import WebStage
from tests.installation import wait_for
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media, make_parts


def lecture(stage: WebStage, folder: Path) -> SessionWriter:
    """Two takes of two seconds, two seconds apart; over."""
    writer = SessionWriter(folder, room_id=stage.hall.id)
    for start in (0, 360_000):
        writer.begin_take(parameters=make_media(2.0).parameters)
        for part in make_parts(make_media(2.0), start_pts=start):
            writer.log.append(part)
    writer.pts = 540_000
    writer.end()
    return writer


def heal(stage: WebStage, writer: SessionWriter) -> None:
    folder = stage.settings.sessions_folder
    media = make_media(2.0, width=320, height=192)
    number = write_healed(folder, writer.session_id, 1, media, start_pts=180_000)
    spans = (Span(1, 0, 0), Span(number, 0, 0), Span(2, 1, 1))
    edit_list_files.save(folder, writer.session_id, EditList(2, spans))
    adopt_session(stage.settings, stage.database, writer.session_id)


def download(stage: WebStage, writer: SessionWriter, folder: Path) -> float:
    """The file that one gets → its seconds."""
    answer = stage.client().get(f"/watch/{writer.session_id}/download")
    assert answer.status_code == 200, answer.text
    path = folder / "downloaded.mp4"
    path.write_bytes(answer.data)
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base


def mp4s(stage: WebStage) -> list[str]:
    return sorted(path.name for path in stage.settings.recordings_folder.iterdir())


@pytest.mark.timeout(300)  # two jobs, and the machine may be busy
def test_the_old_mp4_is_to_be_had_until_the_healed_one_is(stage: WebStage, tmp_path: Path) -> None:
    writer = lecture(stage, tmp_path)
    adopt_session(stage.settings, stage.database, writer.session_id)

    def version() -> int | None:
        with stage.database.reading() as session:
            row = session.get_one(LectureSession, writer.session_id)
            return row.mp4_version if row.mp4_path else None

    with worker(stage.settings):
        wait_for("the MP4", lambda: version() == 1, 100)
    assert download(stage, writer, tmp_path) == pytest.approx(4.0, abs=0.2)
    heal(stage, writer)
    told = stage.call("GET", "/api/v1/rooms/hall").json["session"]
    assert (told["mp4_state"], told["replay_version"]) == ("ready", 2)
    assert told["hls_url"].endswith("/replay-2.m3u8")
    assert download(stage, writer, tmp_path) == pytest.approx(4.0, abs=0.2)
    with worker(stage.settings):
        wait_for("the healed MP4", lambda: version() == 2, 100)
        wait_for("the old one to go", lambda: mp4s(stage) == [f"{writer.session_id}.2.mp4"], 60)
    assert download(stage, writer, tmp_path) == pytest.approx(6.0, abs=0.2)
