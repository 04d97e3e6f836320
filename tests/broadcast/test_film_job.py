"""From a complete upload to a film that plays: the job as the worker runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from library import films
from library.models import Film, FilmState
from library.upload_file import create, upload_path
from recorder.media_reader import MediaReader
from settings import Settings
from tests.broadcast.web_stage import PROJECT, WebStage
from tests.installation import wait_for
from tests.recorder.film_maker import make_film


def upload(stage: WebStage, content: bytes) -> str:
    """What a complete upload leaves."""
    with stage.database.session() as session:
        film = films.add(
            session,
            room_id=stage.hall.id,
            organization_id=stage.hall.organization_id,
            owner_id=stage.lecturer.id,
            title="A film",
            size=len(content),
        )
        path = upload_path(stage.settings.uploads_folder, film.id)
        create(path)
        path.write_bytes(content)
        films.prepare(session, film, str(path))
        return film.id


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """`app.py worker` over the installation's storage."""
    environment = {**os.environ, "KODO_STORAGE": str(settings.storage), "KODO_DISK_FLOOR": "16M"}
    process = subprocess.Popen([sys.executable, str(PROJECT / "app.py"), "worker"], env=environment)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(60) == 0


def film_of(stage: WebStage, film_id: str) -> Film:
    with stage.database.reading() as session:
        film = session.get(Film, film_id)
    assert film is not None
    return film


@pytest.mark.timeout(300)  # two jobs, and the machine may be busy
def test_an_upload_becomes_a_film_and_what_is_none_fails_once(stage: WebStage, tmp_path: Path) -> None:
    good = upload(stage, make_film(tmp_path / "a.mp4", 2).read_bytes())
    bad = upload(stage, b"no film at all" * 100)

    def both_done() -> bool:
        states = {film_of(stage, film_id).state for film_id in (good, bad)}
        return states == {FilmState.READY, FilmState.FAILED}

    with worker(stage.settings):
        wait_for("both jobs", both_done, 100)
    film = film_of(stage, good)
    assert film.seconds == pytest.approx(2, abs=0.1) and (film.width, film.height) == (320, 180)
    MediaReader(stage.settings.media_folder / f"{good}.mkv").close()
    assert film_of(stage, bad).reason == "unreadable"
    assert list(stage.settings.uploads_folder.iterdir()) == []
    assert [path.stem for path in stage.settings.media_folder.iterdir()] == [good]
