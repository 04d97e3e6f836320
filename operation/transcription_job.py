"""The job `transcribe`: what is said in a lecture, chunk by chunk, while it runs and when it has ended."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from library.database import Database, open_database, utc_now
from library.jobs import LeaseLost
from library.models import Job, JobWait
from library.transcription import orders
from library.transcription.engine import Engine, NoModel
from library.transcription.engines import open_engine
from operation.far_reader import far_reader_of_jobs
from operation.job_output import postpone, tell_progress, tell_result
from recorder.media_log_reader import NotInLog, SessionReader
from settings import Settings

if TYPE_CHECKING:
    from library.transcription.lecture import Bounds

NICENESS = 10  # beside lectures that are live
LEAST_WAIT_SECONDS = 20
MEMORY_BYTES = 16 << 30  # the largest model has six gigabytes

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    os.nice(NICENESS)
    _leave_a_core()
    if settings.transcription_engine == "none":
        tell_result({"words": "transcription is switched off"})
        return 0
    return transcribe(
        settings,
        job,
        lambda: open_engine(
            settings.transcription_engine, settings.whisper_model, settings.models_folder, tell_progress
        ),
    )


def transcribe(
    settings: Settings, job: Job, open_engine: Callable[[], Engine], bounds: Bounds | None = None
) -> int:
    """With an engine that is opened when there is speech to hear → exit code."""
    far = far_reader_of_jobs(settings)
    try:
        reader = SessionReader(settings.session_roots, job.subject, far)
    except NotInLog as error:
        log.error("nothing to transcribe: %s", error)
        return 1
    database = open_database(settings.database_url)
    try:
        _transcribe(database, reader, job, open_engine, bounds)
    except ImportError as error:
        _wait_for_model(database, f"nothing that transcribes is installed here ({error})")
    except NoModel as error:
        _wait_for_model(database, str(error))
    except LeaseLost:
        log.info("job %s was cancelled or taken over", job.id)
        return 1
    except LookupError as error:
        log.warning("what was to be transcribed is gone: %s", error)
        tell_result({"words": "the recording is gone"})
    finally:
        database.close()
        reader.close()
        far.close()
    return 0


def _leave_a_core() -> None:
    """To lectures; and threads that wait for others sleep. Before torch is loaded, which reads it then."""
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) - 1)))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _transcribe(
    database: Database,
    reader: SessionReader,
    job: Job,
    open_engine: Callable[[], Engine],
    bounds: Bounds | None,
) -> None:
    # numpy, which comes with what transcribes
    from library.transcription.lecture import Bounds, Lecture
    from recorder.log_sound import LogSound

    sound = LogSound(reader)
    lecture = Lecture(database, job, sound, open_engine, tell_progress, bounds=bounds or Bounds())
    if lecture.transcribe():
        tell_result({"position": lecture.done.position, "language": lecture.done.language})
    else:
        wait = max(LEAST_WAIT_SECONDS, round(lecture.seconds_to_next_chunk))
        postpone(wait, "the lecture goes on", orders.WAITS_FOR_LECTURE)


def _wait_for_model(database: Database, message: str) -> None:
    orders.hold_back(database, message, utc_now())
    postpone(round(orders.MODEL_WAIT.total_seconds()), message, JobWait.MODEL)


def done(_settings: Settings, _database: Database, _job: Job, _result: dict[str, Any]) -> None:
    """Nothing: the job has kept its cues itself, chunk by chunk."""
