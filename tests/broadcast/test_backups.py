"""Backups as operators have them: jobs, command line, API and page, over one installation's storage."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select

from broadcast import erasure
from library import alarms, erasure_list
from library.backup.values import no_progress
from library.backup_place import opened_repository
from library.database import make_engine, open_database
from library.keeping import Kept
from library.migration import _configuration, newest_revision
from library.models import Job, LectureSession
from operation import backup_jobs, backup_run, far_files
from people.command_line import add_user
from people.models import AuditRow, Role
from recorder.media_log_reader import SessionReader
from tests.broadcast.backup_stage import BackupStage
from tests.broadcast.web_stage import PASSWORD
from tests.forked_app import run_app

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy

API = "/api/v1/backups"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[BackupStage]:
    stage = BackupStage(tmp_path)
    yield stage
    stage.close()


def open_alarms(stage: BackupStage) -> list[tuple[str, str]]:
    with stage.database.reading() as session:
        return [(one.kind, one.subject) for one in alarms.unfinished(session) if one.is_open]


def is_quiet(stage: BackupStage) -> bool:
    """Whether the one alarm's trouble was looked for and not seen."""
    with stage.database.reading() as session:
        (alarm,) = (one for one in alarms.unfinished(session) if one.is_open)
        return alarm.quiet_since is not None


def plays(folder: Path, recording: str) -> bool:
    with closing(SessionReader((folder / "sessions",), recording)) as reader:
        (take,) = reader.takes
        return bool(reader.segment_bytes(take.number, take.segments[0].segment))


def damage(stage: BackupStage) -> str:
    """One bit of the largest object → its name."""
    largest = max(stage.target.rglob("objects/*/*"), key=lambda one: one.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.chmod(0o600)
    largest.write_bytes(data)
    return largest.name


def test_a_day_of_backups_by_jobs(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues")
    stage.record("Norms", ended=False)  # which is in the backup, and not in its proof
    told = stage.do("backup")
    run = told["result"]["run"]
    assert (told["code"], run["verified"]) == (0, True), told["err"]
    proof = stage.do("backup-check", how="proof")["result"]
    assert proof["problems"] == [] and proof["generation"] == run["generation"]
    assert (proof["details"]["recordings"], proof["details"]["played"]) == (1, 1), (
        "what is live is not proven"
    )
    assert proof["details"]["compared"] == 2
    drill = stage.do("backup-check", how="drill")["result"]
    assert drill["problems"] == [] and drill["details"]["files"] > 6
    assert stage.do("backup-check", how="verify")["result"]["problems"] == []
    board = stage.web.call("GET", API, user=stage.operator).json
    assert board["generations"][0]["generation"] == run["generation"] and not board["late"]
    assert {name: one["ok"] for name, one in board["results"].items()} == dict.fromkeys(
        ("backup", "proof", "verify", "drill"), True
    )
    page = stage.web.client(stage.operator).get("/admin/backups").text
    assert "It can be restored" in page and run["generation"] in page and "same disk" in page
    table = stage.web.client(stage.operator).get("/admin/backups.csv").text
    assert run["generation"] in table

    name = damage(stage)
    found = stage.do("backup-check", how="verify")["result"]
    assert any(name in one for one in found["problems"])
    assert open_alarms(stage) == [("backup.damaged", "")]
    assert "Not verified" in stage.web.client(stage.operator).get("/admin/backups").text
    assert stage.do("backup")["result"]["run"]["verified"]
    assert stage.do("backup-check", how="verify")["result"]["problems"] == [], "it was written again"
    assert open_alarms(stage) == []
    assert plays(stage.settings.storage, recording)


def test_a_proof_that_meets_damage_notes_it_and_never_says_that_it_is_over(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues")
    generation = stage.do("backup")["result"]["run"]["generation"]
    damage(stage)
    proof = stage.do("backup-check", how="proof")["result"]
    assert len(proof["problems"]) == 1 and recording in proof["problems"][0]
    assert [one["verified"] for one in proof["generations"]] == [False]
    assert open_alarms(stage) == [("backup.damaged", generation)]
    said = stage.do("backup")["result"]
    assert said["rewritten"] == 1 and all(one["verified"] for one in said["generations"])
    assert stage.do("backup-check", how="proof", generation=generation)["result"]["problems"] == []
    assert open_alarms(stage) == [("backup.damaged", generation)], "it may not have been drawn"
    assert stage.do("backup-check", how="drill", generation=generation)["result"]["problems"] == []
    assert open_alarms(stage) == []

    damage(stage)
    drill = stage.do("backup-check", how="drill", generation=generation)["result"]
    assert any(recording in one for one in drill["problems"])
    assert stage.do("backup")["result"]["rewritten"] == 1


def test_a_head_that_is_lost_raises_an_alarm_until_it_is_found(stage: BackupStage) -> None:
    first = stage.do("backup")["result"]["run"]["generation"]
    (head,) = stage.target.rglob(f"generations/{first}.json")
    whole = head.read_bytes()
    head.unlink()
    assert stage.do("backup")["result"]["blocked"] == [first]
    assert open_alarms(stage) == [("backup.damaged", "")]
    assert first in stage.web.client(stage.operator).get("/admin/health").text
    head.write_bytes(whole)
    assert stage.do("backup")["result"]["blocked"] == []
    assert open_alarms(stage) == []

    head.unlink()
    assert stage.do("backup-check", how="verify")["result"]["problems"] != []
    head.write_bytes(whole)
    stage.do("backup")
    assert not is_quiet(stage), "what read everything found it"
    stage.do("backup-check", how="verify")
    assert is_quiet(stage)  # an alarm that came back so soon is held open for a while


def test_a_restore_into_a_folder_is_done_once_it_can_be_served(stage: BackupStage, monkeypatch) -> None:
    recording = stage.record("Eigenvalues")
    stage.do("backup")
    to = stage.folder / "new"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with opened_repository(stage.settings) as repository:
        monkeypatch.setattr(far_files, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            backup_jobs.restore_all(stage.settings, repository, "latest", to, no_progress)
        monkeypatch.undo()
        code, _, err = run_app([], {**stage.environment, "KODO_STORAGE": str(to)})
        assert code == 2 and "half of a backup" in err
        backup_jobs.restore_all(stage.settings, repository, "latest", to, no_progress)
    assert plays(to, recording) and not (to / ".kodo-restoring").exists()


def test_files_that_cannot_be_read_raise_an_alarm_until_they_can(stage: BackupStage) -> None:
    stage.record("Eigenvalues")
    said = stage.do("backup")["result"]
    assert (said["unread"], open_alarms(stage)) == (0, [])
    backup_run.note_made(stage.database, {**said, "unread": 2, "first_unread": "sessions/s/a.mp4"})
    assert open_alarms(stage) == [("backup.unread", "")]
    assert "sessions/s/a.mp4" in stage.web.client(stage.operator).get("/admin/health").text
    assert stage.do("backup")["result"]["unread"] == 0
    assert open_alarms(stage) == []


def test_what_was_removed_for_good_comes_back_by_the_page(stage: BackupStage) -> None:
    recording = stage.record("線形代数 第7回")
    other = stage.record("Norms")
    stage.do("backup")
    stage.remove(recording)
    stage.do("backup")
    assert stage.web.call("GET", f"/api/v1/recordings/{recording}", user=stage.operator).status_code == 404

    look = f"{API}/recordings"
    (gone,) = stage.web.call("GET", look, user=stage.operator).json["recordings"]
    assert (gone["id"], gone["title"], gone["gone"]) == (recording, "線形代数 第7回", "removed")
    assert stage.web.call("GET", f"{look}?q=norms", user=stage.operator).json["recordings"] == []
    of_it = f"{look}?generation={gone['generation']}&q=norms"
    (here,) = stage.web.call("GET", of_it, user=stage.operator).json["recordings"]
    assert (here["id"], here["gone"]) == (other, None)

    restore = f"{API}/{gone['generation']}/restore"
    answer = stage.web.call("POST", restore, {"recording": recording}, user=stage.operator)
    assert answer.status_code == 202
    assert stage.do_job(answer.json["job"])["code"] == 0
    told = stage.web.call("GET", f"/api/v1/recordings/{recording}", user=stage.operator).json
    assert (told["title"], told["state"]) == ("線形代数 第7回", "ready")
    assert plays(stage.settings.storage, recording)
    assert (stage.settings.recordings_folder / f"{recording}.mp4").read_bytes().startswith(b"an MP4 of")
    assert stage.web.call("GET", look, user=stage.operator).json["recordings"] == []
    with stage.database.reading() as session:
        assert "backup.restored" in session.scalars(select(AuditRow.action)).all()
        assert session.scalars(select(Job.kind).where(Job.subject == recording)).all() == ["transcribe"]

    stage.remove(recording)  # and again for good
    with stage.database.reading() as session:
        assert session.scalars(select(Job.kind).where(Job.subject == recording)).all() == ["remove"]


def test_a_lecture_that_was_live_in_the_backup_comes_back_as_one_that_is_over(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues", ended=False)
    generation = stage.do("backup")["result"]["run"]["generation"]
    told = stage.do("restore", generation=generation, recording=recording)
    assert told["code"] == 1 and "StillLive" in told["err"]
    with stage.database.session() as session:
        row = session.get_one(LectureSession, recording)
        row.phase, row.kept = "ended", Kept.PUBLISHED
    assert stage.do("restore", generation=generation, recording=recording)["code"] == 0
    with closing(SessionReader(stage.settings.session_roots, recording)) as reader:
        assert reader.state.phase == "ended" and reader.state.end_reason == "restored"
        assert reader.takes[0].closed


def test_what_cannot_be_done_is_said(stage: BackupStage) -> None:
    generation = stage.do("backup")["result"]["run"]["generation"]
    admin = add_user(stage.database, "admin", Role.ADMIN, PASSWORD)
    assert stage.web.call("GET", API, user=admin).status_code == 403
    assert "/admin/backups" not in stage.web.client(admin).get("/admin/jobs").text
    restore = f"{API}/{generation}/restore"
    (stage.folder / "full").mkdir()
    (stage.folder / "full" / "file").touch()
    for body, status in (
        ({}, 422),
        ({"recording": "x", "to": "/srv/x"}, 422),
        ({"to": "kodo"}, 422),
        ({"to": str(stage.folder / "a" / "b")}, 422),
        ({"recording": "../secret.key"}, 422),
        ({"to": f"/srv/{'x' * 300}"}, 422),
        ({"to": "/srv/x\0y"}, 422),
        ({"to": f"{stage.folder}/new\nline"}, 422),
        ({"to": str(stage.settings.storage)}, 409),
        ({"to": str(stage.settings.storage / "new")}, 409),
        ({"to": str(stage.folder)}, 409),
        ({"to": str(stage.target / "new")}, 409),
        ({"to": str(stage.folder / "full")}, 409),
    ):
        assert stage.web.call("POST", restore, body, user=stage.operator).status_code == status, body
    assert (
        stage.web.call("POST", f"{API}/x/restore", {"recording": "x"}, user=stage.operator).status_code == 404
    )
    assert stage.web.call("GET", f"{API}/recordings?generation=x", user=stage.operator).status_code == 404
    told = stage.do("restore", generation=generation, recording="01a2170c-03fb-77df-93e4-62ba5fcd2858")
    assert told["code"] == 1 and "RowsMissing" in told["err"]

    (stage.target).rename(stage.folder / "unplugged")
    told = stage.do("backup")
    assert told["code"] == 0 and told["postpone"] and told["message"].startswith("OtherRepository")
    assert open_alarms(stage) == [("backup.failed", "")]
    stage.target.mkdir()  # the mount point, without its disk
    told = stage.do("backup")
    assert told["code"] == 0 and told["message"].startswith("OtherRepository")
    assert list(stage.target.iterdir()) == []
    stage.target.rmdir()
    (stage.folder / "unplugged").rename(stage.target)
    assert stage.do("backup")["result"]["run"]["verified"]
    assert open_alarms(stage) == []


def test_who_was_erased_since_comes_back_with_nothing(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues")
    generation = stage.do("backup")["result"]["run"]["generation"]
    lecturer, called = stage.web.lecturer, stage.web.lecturer.display_name
    with stage.database.reading() as session:
        assert session.get_one(LectureSession, recording).lecturer == called
    erasure.erase(stage.settings, stage.database, lecturer, erasure.Lectures.KEEP, name="Former", by=None)
    job = stage.order("restore", generation=generation, recording=recording)
    assert stage.do_job(job)["code"] == 0
    with stage.database.reading() as session:
        assert session.get_one(LectureSession, recording).lecturer == "Former"
    job = stage.order("restore", generation=generation, to=str(stage.folder / "new"))
    assert stage.do_job(job)["code"] == 0
    assert [one.person for one in erasure_list.load(stage.folder / "new")] == [lecturer.id]


def test_everything_into_a_new_folder_by_the_page(stage: BackupStage) -> None:
    recording = stage.record("Eigenvalues")
    generation = stage.do("backup")["result"]["run"]["generation"]
    to = stage.folder / "new"
    answer = stage.web.call("POST", f"{API}/{generation}/restore", {"to": str(to)}, user=stage.operator)
    told = stage.do_job(answer.json["job"])
    assert told["code"] == 0 and f"KODO_STORAGE={to}" in told["result"]["command"], told["err"]
    assert plays(to, recording)
    jobs = stage.web.call("GET", API, user=stage.operator).json["jobs"]
    assert [one["message"] for one in jobs if one["kind"] == "restore"] == [told["result"]["command"]]
    database = open_database(f"sqlite:///{to / 'kodo.db'}")
    with database.reading() as session:
        assert session.get_one(LectureSession, recording).title == "Eigenvalues"
    database.close()


def test_the_command_line(stage: BackupStage, tmp_path: Path) -> None:
    recording = stage.record("Eigenvalues")
    code, out, err = stage.app("backup", "run", "--json")
    assert code == 0, err
    run = json.loads(out)
    assert run.keys() == {"generation", "objects", "bytes_new", "verified"} and run["verified"]
    listed = json.loads(stage.app("backup", "list", "--json")[1])
    assert listed == [{**run, "at": listed[0]["at"]}]
    assert json.loads(stage.app("backup", "verify", "--json")[1]) == {
        "ok": True,
        "damaged": [],
        "missing": [],
    }
    drilled = json.loads(stage.app("backup", "drill", "--json")[1])
    assert (drilled["ok"], drilled["recordings"], drilled["played"]) == (True, 1, 1)
    alone = tmp_path / "alone"
    code, out, err = stage.app("backup", "restore", "latest", "--to", str(alone), "--recording", recording)
    assert code == 0 and f"KODO_STORAGE={alone}" in out and plays(alone, recording), err
    assert stage.app("backup", "restore", "latest", "--to", str(alone))[0] == 2, "it is not empty"
    assert stage.app("backup", "restore", "7", "--to", str(tmp_path / "other"))[0] == 2
    for typo in (recording[:-1], "../secret.key", ""):
        code, out, err = stage.app("backup", "restore", "1", "--to", str(tmp_path / "o"), "--recording", typo)
        assert (code, out) == (2, "") and typo in err and not (tmp_path / "o").exists()
    assert stage.app("backup", "restore", "1", "--recording", "../secret.key")[0] == 2
    assert stage.app("backup", "restore", "latest")[0] == 2, "what runs is never written over"
    job = json.loads(stage.app("backup", "restore", "1", "--recording", recording, "--json")[1])["job"]
    assert stage.do_job(job)["code"] == 0

    name = damage(stage)
    code, out, err = stage.app("backup", "verify", "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["missing"]) == (1, False, []) and name in told["damaged"][0]
    assert run["generation"] in err


def test_a_key_is_made_once_and_is_needed_from_then_on(stage: BackupStage, tmp_path: Path) -> None:
    key = tmp_path / "backup.key"
    code, out, _ = stage.app("backup", "key", str(key))
    assert (code, out) == (0, f"KODO_BACKUP_KEY_FILE={key}\n")
    assert key.stat().st_mode & 0o777 == 0o600
    assert stage.app("backup", "key", str(key))[0] == 2
    secret = {**stage.environment, "KODO_BACKUP_KEY_FILE": str(key)}
    assert run_app(["backup", "run", "--json"], secret)[0] == 0
    assert run_app(["backup", "restore", "latest", "--to", str(tmp_path / "new")], secret)[0] == 0
    code, _, err = stage.app("backup", "list")
    assert code == 1 and "encrypted" in err


def set_back(stage: BackupStage, to: str = "-1") -> str:
    """The database at an older revision → which."""
    engine = make_engine(stage.settings.database_url, create=False)
    with engine.begin() as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, to)
    engine.dispose()
    return revision(stage)


def revision(stage: BackupStage) -> str:
    with closing(sqlite3.connect(stage.settings.storage / "kodo.db")) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_before_a_migration_a_disk_that_is_not_mounted_is_not_taken_for_a_new_one(stage: BackupStage) -> None:
    stage.record("Eigenvalues")
    assert stage.do("backup")["result"]["run"]["verified"]
    stage.database.close()
    before = set_back(stage)
    stage.target.rename(stage.folder / "unplugged")
    for _ in ("it is not there", "its mount point is"):
        code, _, err = stage.app("migrate")
        assert (code, revision(stage)) == (1, before), err
        assert "OtherRepository" in err and "--without-backup" in err
        assert not stage.target.exists() or list(stage.target.iterdir()) == []
        stage.target.mkdir(exist_ok=True)
    stage.target.rmdir()
    (stage.folder / "unplugged").rename(stage.target)
    assert stage.app("migrate")[0] == 0 and revision(stage) == newest_revision()
    elsewhere = {**stage.environment, "KODO_BACKUP_DIR": str(stage.folder / "elsewhere")}
    set_back(stage)
    assert run_app(["migrate"], elsewhere)[0] == 0, "another target has nothing to expect"


def test_a_schema_from_before_backups_expects_no_repository(stage: BackupStage) -> None:
    stage.do("backup")
    stage.database.close()
    assert backup_run.repository_before(stage.settings) is not None
    set_back(stage, "0019")
    assert backup_run.repository_before(stage.settings) is None


def test_before_a_migration_there_is_a_backup_or_no_migration(stage: BackupStage) -> None:
    stage.record("Eigenvalues")
    stage.database.close()
    newest = newest_revision()

    assert set_back(stage) != newest
    code, _, err = stage.app("migrate")
    assert (code, revision(stage)) == (0, newest) and "a backup is made first" in err, err
    (made,) = json.loads(stage.app("backup", "list", "--json")[1])
    assert made["verified"]
    assert len(json.loads(stage.app("backup", "list", "--json")[1])) == 1, (
        "nothing changes, so nothing is made"
    )

    before = set_back(stage)
    broken = {**stage.environment, "KODO_BACKUP_DIR": "/proc/kodo"}
    code, _, err = run_app(["migrate"], broken)
    assert (code, revision(stage)) == (1, before) and "--without-backup" in err
    assert run_app(["migrate", "--without-backup"], broken)[0] == 0 and revision(stage) == newest
