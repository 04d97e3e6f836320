"""Hours of sound take no more memory than minutes: three hours with KODO_FULL, else a quarter of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.long_log import end_log, make_log
from broadcast.adoption import adopt_session
from library.database import open_database
from library.jobs import Jobs
from library.migration import migrate
from library.models import Job
from library.transcription import orders
from library.worker import LEASE
from recorder.media import AudioSample
from tests.broadcast.web_stage import PROJECT
from tests.library.transcription.spoken_lecture import encoded, script
from tests.recorder.media_maker import Media, make_media, make_settings

FULL = bool(os.environ.get("KODO_FULL"))
SECONDS = 10_800 if FULL else 900
MOST_MEGABYTES = 700


@pytest.mark.timeout(1_200)
def test_hours_take_the_memory_of_a_chunk(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    settings.storage.mkdir(parents=True, exist_ok=True)
    migrate(settings.database_url)
    pictures = make_media(4.0, gop=60)
    spoken = tuple(AudioSample(one.data, one.pts) for one in encoded(script(28)))
    media = Media(pictures.parameters, pictures.video, spoken)
    made = make_log(settings, seconds=SECONDS, takes=3, media=media)
    end_log(settings, made.session_id)
    database = open_database(settings.database_url)
    adopt_session(settings, database, made.session_id)
    job = Jobs(database).lease("worker", orders.LANE, [orders.KIND], LEASE)
    assert job is not None
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KODO_")}
    environment |= {"KODO_STORAGE": str(settings.storage), "KODO_SPILL_FOLDER": str(settings.spill_folder)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.library.transcription.memory_of_hours", job.id],
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    before, peak = (int(number) for number in done.stderr.split()[-2:])
    with database.reading() as session:
        kept = session.get_one(Job, job.id).payload
    database.close()
    assert kept["position"] / 16_000 == pytest.approx(SECONDS + 1, abs=2)
    assert kept["version"] == 1
    print(f"{SECONDS} s: {before} MB before, {peak} MB at most")
    assert peak - before <= MOST_MEGABYTES
