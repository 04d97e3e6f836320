"""A stage whose backups go into a folder beside its storage, with recordings that play."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from broadcast.adoption import adopt_session
from library import backup_schedule, removals
from library.database import utc_now
from library.keeping import Removal
from library.models import Job, LectureSession
from library.pictures import folder_of
from operation.worker_process import KINDS
from people.command_line import add_user
from people.models import Role
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import PASSWORD, WebStage, stage_environment
from tests.forked_app import run_app
from tests.recorder.media_maker import make_media, make_parts


class BackupStage:
    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.target = folder / "backups"
        environment = {"KODO_BACKUP_DIR": str(self.target), **environment}
        self.environment = stage_environment(folder, **environment)
        self.web = WebStage(folder, **environment)
        self.database, self.settings = self.web.database, self.web.settings
        self.operator = add_user(self.database, "operator", Role.OPERATOR, PASSWORD)

    def close(self) -> None:
        self.web.close()

    def record(self, title: str, *, ended: bool = True) -> str:
        """A recording with an MP4 and pictures; no jobs wait for it."""
        writer = SessionWriter(self.folder, room_id=self.web.hall.id)
        media = make_media(2)
        writer.begin_take(parameters=media.parameters)
        for part in make_parts(media):
            writer.log.append(part)
        writer.change(title=title)
        if not ended:
            adopt_session(self.settings, self.database, writer.session_id)
            return writer.session_id
        writer.end()
        adopt_session(self.settings, self.database, writer.session_id)
        self.settings.recordings_folder.mkdir(exist_ok=True)
        mp4 = self.settings.recordings_folder / f"{writer.session_id}.mp4"
        mp4.write_bytes(b"an MP4 of " + title.encode())
        pictures = folder_of(self.settings.pictures_folder, writer.session_id, 1)
        pictures.mkdir(parents=True)
        (pictures / "poster.webp").write_bytes(b"a poster")
        with self.database.session() as session:
            session.query(Job).delete()
            row = session.get_one(LectureSession, writer.session_id)
            row.mp4_path, row.mp4_bytes, row.pictures_version = str(mp4), mp4.stat().st_size, 1
        return writer.session_id

    def remove(self, recording: str) -> None:
        """For good, as the job `remove` does."""
        with self.database.session() as session:
            row = session.get_one(LectureSession, recording)
            removals.order(session, row, Removal.OWNER, utc_now())
        shutil.rmtree(self.settings.sessions_folder / recording)
        shutil.rmtree(self.settings.pictures_folder / recording)
        (self.settings.recordings_folder / f"{recording}.mp4").unlink()
        removals.is_removed(self.database, recording, ["disk"], utc_now())

    def app(self, *arguments: str) -> tuple[int | None, str, str]:
        return run_app(list(arguments), self.environment)

    def order(self, kind: str, **payload: Any) -> str:
        with self.database.session() as session:
            if kind == backup_schedule.KIND:
                return backup_schedule.order_backup(session, utc_now(), reason="daily").id
            if kind == backup_schedule.CHECK_KIND:
                return backup_schedule.order_check(session, utc_now(), **payload).id
            return backup_schedule.order_restore(session, utc_now(), **payload).id

    def do(self, kind: str, **payload: Any) -> dict[str, Any]:
        """The job in a process of its own, then what the worker does → the last line that it said."""
        return self.do_job(self.order(kind, **payload))

    def do_job(self, job_id: str) -> dict[str, Any]:
        code, out, err = self.app("job", "run", job_id)
        lines = [json.loads(line) for line in out.splitlines()]
        last: dict[str, Any] = {**(lines[-1] if lines else {}), "code": code, "err": err}
        with self.database.reading() as session:
            job = session.get_one(Job, job_id)
        if code == 0 and "result" in last:
            KINDS[job.kind].done(self.settings, self.database, job, last["result"])
        return last
