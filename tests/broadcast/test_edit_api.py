"""Hiding spans of a recording over the API: versions, undo, refusals, and all that follows at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from broadcast.adoption import adopt_session
from library import pictures, recordings, transcripts
from library.models import Job, JobState, LectureSession
from library.transcript_formats import Cue, Word
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.hidden_spans import HiddenKind, HiddenSpan
from recorder.session_state import OffRecord
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage

PRIVATE = {"start": 4.5, "end": 5.0, "kind": "private"}
CUES = (
    Cue(0.5, 1.5, "welcome"),
    Cue(
        4.2, 5.4, "the secret word", (Word(4.2, 4.4, "the"), Word(4.6, 4.9, "secret"), Word(5.1, 5.4, "word"))
    ),
    Cue(8.0, 9.0, "goodbye"),
)


class EditStage(WebStage):
    """A lecture of 20 s in segments of 2 s, ended, adopted, with a transcript."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.writer = SessionWriter(folder, room_id=self.hall.id)
        self.recording = self.writer.session_id
        self.writer.begin_take()
        self.writer.parts(60)

    def end(self) -> None:
        self.writer.end()
        self.adopt()
        with self.database.session() as transaction:
            transcripts.save(transaction, self.recording, "en", CUES, origin="engine")

    def adopt(self) -> None:
        adopt_session(self.settings, self.database, self.recording)

    @property
    def address(self) -> str:
        return f"/api/v1/recordings/{self.recording}/edit"

    def put(self, *hidden: dict[str, Any], **more: Any) -> TestResponse:
        body = more if "version" in more else {"hidden": list(hidden), **more}
        return self.call("PUT", self.address, body, user=self.lecturer)

    def told(self) -> Any:
        return self.client(self.lecturer).get(self.address).json

    def row(self) -> LectureSession:
        with self.database.reading() as transaction:
            return transaction.get_one(LectureSession, self.recording)

    def get(self, path: str) -> TestResponse:
        return self.client().get(path)

    def media(self, segment: int) -> int:
        return self.get(f"/live/open/{self.recording}/source/1/{segment}.m4s").status_code

    def said(self, extension: str = "txt") -> str:
        return self.get(f"/api/v1/recordings/{self.recording}/transcript.{extension}").text

    def hits(self, words: str) -> list[str]:
        found = self.client().get("/api/v1/search", query_string={"q": words}).json["recordings"]
        return [hit["text"] for one in found for hit in one["hits"]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[EditStage]:
    stage = EditStage(tmp_path)
    stage.end()
    yield stage
    stage.close()


def test_at_first_nothing_is_hidden(stage: EditStage) -> None:
    told = stage.told()
    assert (told["version"], told["hidden"], told["seconds"], told["duration"]) == (1, [], 20.0, 20.0)
    assert [one["made_by"] for one in told["versions"]] == ["recorder"]


def test_who_may_not_edit_it_is_shut_out(stage: EditStage) -> None:
    assert stage.client().get(stage.address).status_code == 401
    assert stage.client(stage.member).get(stage.address).status_code == 403
    assert stage.call("PUT", stage.address, {"hidden": []}, user=stage.member).status_code == 403


def test_a_new_version_hides_it_from_viewers_at_once(stage: EditStage) -> None:
    answer = stage.put(PRIVATE, base=1)
    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["version"], told["hidden"], told["duration"]) == (2, [PRIVATE], 16.0)
    assert [(one["made_by"], one["author"]) for one in told["versions"]] == [
        ("person", "lecturer"),
        ("recorder", None),
    ]
    assert stage.row().edit_version == 2 and stage.row().seconds == 16.0
    assert [stage.media(n) for n in range(5)] == [200, 200, 403, 403, 200]
    whole = stage.get(told["hls_url"].removeprefix("http://localhost:8000").replace("index", "source/media"))
    assert whole.status_code == 200 and "EXT-X-GAP" not in whole.text


def test_what_was_said_there_is_neither_read_nor_found_nor_exported(stage: EditStage) -> None:
    assert stage.hits("secret") == ["the secret word"]
    before = stage.get(f"/api/v1/recordings/{stage.recording}/transcript.vtt")
    assert "secret" in before.text
    stage.put(PRIVATE)
    assert stage.hits("secret") == [] and stage.hits("goodbye") == ["goodbye"]
    for extension in ("vtt", "srt", "txt", "json"):
        text = stage.said(extension)
        assert "secret" not in text and "goodbye" in text and "welcome" in text
    assert "the word" in stage.said()
    kept = {"If-None-Match": before.headers["ETag"]}
    path = f"/api/v1/recordings/{stage.recording}/transcript.vtt"
    assert stage.client().get(path, headers=kept).status_code == 200


def test_files_have_the_times_of_what_plays_them_where_that_is_asked_for(stage: EditStage) -> None:
    """The replay leaves out whole segments, the MP4 exactly what is hidden."""
    stage.put({"start": 0, "end": 0.4, "kind": "cut"}, PRIVATE)

    def starts(clock: str) -> list[float]:
        path = f"/api/v1/recordings/{stage.recording}/transcript.json"
        return [cue["start"] for cue in stage.get(f"{path}?clock={clock}").json["cues"]]

    make_files(stage, 2)
    assert starts("lecture") == [0.5, 4.2, 8.0]
    # 4 to 8 s are not played, so that what is left of the cue lies nowhere.
    assert starts("replay") == pytest.approx([0.5, 4.0])
    assert starts("mp4") == pytest.approx([0.1, 3.8, 7.1])
    assert stage.get(f"/api/v1/recordings/{stage.recording}/transcript.vtt?clock=utc").status_code == 422


def test_undone_all_of_it_is_back(stage: EditStage) -> None:
    stage.put(PRIVATE)
    told = stage.put(version=1, base=2).json
    assert (told["version"], told["hidden"], told["duration"]) == (3, [], 20.0)
    assert [one["version"] for one in told["versions"]] == [3, 2, 1]
    assert stage.hits("secret") == ["the secret word"]
    assert "secret" in stage.said() and stage.media(2) == 200
    assert stage.put(version=2).json["hidden"] == [PRIVATE]


def test_words_that_come_later_are_hidden_too_and_a_correction_keeps_them(stage: EditStage) -> None:
    stage.put(PRIVATE)
    with stage.database.session() as transaction:
        more = (*CUES, Cue(4.7, 4.8, "sealed"))
        version = transcripts.save(transaction, stage.recording, "en", more, origin="engine")
    assert stage.hits("sealed") == []
    shown = stage.get(f"/api/v1/recordings/{stage.recording}/transcript.json").json
    path = f"/api/v1/recordings/{stage.recording}/transcript?edited=true&base={version}"
    assert stage.call("PUT", path, shown, user=stage.lecturer).status_code == 201
    assert "sealed" not in stage.said()
    stage.put()
    assert "sealed" in stage.said() and stage.hits("sealed") == ["sealed"]


def test_an_mp4_and_pictures_with_something_private_are_handed_out_no_more(stage: EditStage) -> None:
    mp4 = make_files(stage, 1)
    assert stage.get(f"/watch/{stage.recording}/download").status_code == 200
    assert stage.get(f"/watch/{stage.recording}/poster.webp").status_code == 200
    stage.put({**PRIVATE, "kind": "cut"})
    assert stage.get(f"/watch/{stage.recording}/download").status_code == 200  # until the newer one is there
    stage.put(PRIVATE)
    assert stage.get(f"/watch/{stage.recording}/download").status_code == 404
    assert stage.get(f"/watch/{stage.recording}/poster.webp").status_code == 404
    assert not mp4.exists()
    with stage.database.reading() as transaction:
        jobs = transaction.scalars(select(Job).where(Job.subject == stage.recording)).all()
    waiting = {job.kind: job.payload["version"] for job in jobs if job.state == JobState.WAITING}
    assert waiting["mp4"] == waiting["pictures"] == 3


def test_what_a_job_of_before_brings_late_is_not_taken(stage: EditStage) -> None:
    stage.put(PRIVATE)
    make_files(stage, 1)
    assert stage.row().mp4_path is None and stage.row().pictures_version is None
    make_files(stage, 2)
    assert stage.row().mp4_version == 2 and stage.row().pictures_version == 2


def make_files(stage: EditStage, version: int) -> Path:
    """What the jobs of a version leave."""
    path = recordings.mp4_path(stage.settings.recordings_folder, stage.recording, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mp4")
    told = {"path": str(path), "bytes": 3, "version": version}
    kept = recordings.mp4_is_there(stage.database, stage.recording, told)
    recordings.remove_older(stage.settings.recordings_folder, stage.recording, kept)
    folder = pictures.folder_of(stage.settings.pictures_folder, stage.recording, version)
    folder.mkdir(parents=True)
    (folder / "poster.webp").write_bytes(b"webp")
    kept = pictures.pictures_are_there(
        stage.database, stage.recording, {"version": version, "poster": f"p{version}"}
    )
    pictures.remove_older(stage.settings.pictures_folder, stage.recording, kept)
    return path


def test_a_process_that_died_behind_the_file_is_followed_by_adoption(stage: EditStage) -> None:
    edits = EditList(2, (Span(1, 0, 9),), (HiddenSpan(4.5, 5.0, HiddenKind.PRIVATE),), "gone")
    edit_list_files.save(stage.settings.sessions_folder, stage.recording, edits)
    assert stage.hits("secret") == ["the secret word"]
    stage.adopt()
    assert stage.hits("secret") == []
    assert stage.told()["versions"][0]["author"] is None  # nobody knows that account any more


@pytest.mark.parametrize(
    ("hidden", "reason"),
    [
        ([{"start": 3, "end": 2, "kind": "cut"}], "backwards"),
        ([{"start": -1, "end": 2, "kind": "cut"}], "no_time"),
        ([{"start": 0, "end": 1e9, "kind": "cut"}], "no_time"),
        ([{"start": 0, "end": 100, "kind": "cut"}], "nothing_left"),
        ([{"start": n, "end": n + 0.5, "kind": "cut"} for n in range(501)], "too_many"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(
    stage: EditStage, hidden: list[dict[str, Any]], reason: str
) -> None:
    refused = stage.put(*hidden)
    assert (refused.status_code, refused.json["reason"]) == (422, reason)
    assert refused.content_type == "application/problem+json"
    assert stage.told()["version"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"hidden": [], "version": 1},
        {"hidden": [{"start": 1, "end": 2, "kind": "secret"}]},
        {"hidden": [{"start": "a", "end": 2, "kind": "cut"}]},
        {"hidden": [{"start": float("nan"), "end": 2, "kind": "cut"}]},
        {"hidden": {"start": 1}},
        {"version": 0},
    ],
)
def test_what_is_no_edit_is_refused(stage: EditStage, body: dict[str, Any]) -> None:
    assert stage.call("PUT", stage.address, body, user=stage.lecturer).status_code == 422


def test_overlaps_are_joined_and_the_same_again_is_no_new_version(stage: EditStage) -> None:
    one, other = {"start": 6, "end": 9.5, "kind": "cut"}, {"start": 2, "end": 7, "kind": "cut"}
    told = stage.put(one, other).json
    assert told["hidden"] == [{"start": 2.0, "end": 9.5, "kind": "cut"}]
    assert stage.put(other, one, base=2).json["version"] == 2


def test_who_edits_an_older_version_is_told_so(stage: EditStage) -> None:
    stage.put(PRIVATE, base=1)
    assert stage.put(base=1).status_code == 409
    assert stage.put(version=7).status_code == 404
    assert stage.told()["version"] == 2


def test_a_lecture_under_way_is_edited_afterwards(tmp_path: Path) -> None:
    stage = EditStage(tmp_path)
    stage.adopt()
    assert stage.client(stage.lecturer).get(stage.address).status_code == 409
    assert stage.put(PRIVATE).status_code == 409
    stage.close()


def test_off_the_record_is_hidden_as_it_is_said_and_can_be_shown_afterwards(tmp_path: Path) -> None:
    stage = EditStage(tmp_path)
    stage.writer.change(off_record=(OffRecord(4.5, None),))
    stage.adopt()
    with stage.database.session() as transaction:
        version = transcripts.begin(transaction, stage.recording, "en")
        transcripts.append(transaction, stage.recording, version, CUES)
    assert stage.hits("secret") == [] and stage.hits("goodbye") == []
    stage.writer.change(off_record=(OffRecord(4.5, 5.0),))
    stage.adopt()
    assert stage.hits("goodbye") == ["goodbye"] and stage.hits("secret") == []
    stage.writer.end()
    stage.adopt()
    assert stage.told()["hidden"] == [PRIVATE] and stage.told()["version"] == 1
    assert stage.media(2) == 403
    assert stage.put().json["version"] == 2
    assert stage.media(2) == 200 and stage.hits("secret") == ["the secret word"]
    stage.close()
