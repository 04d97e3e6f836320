"""Transcribes a log by the scripted engine; prints its memory in MB, before it began and at most:
`python -m tests.library.transcription.memory_of_hours JOB`.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from library.database import open_database
from library.jobs import Jobs
from operation import transcription_job
from settings import Settings
from tests.library.transcription.scripted_engine import ScriptedEngine


def peak_megabytes() -> float:
    """This program's own: what `getrusage` tells begins with what the test's process had."""
    kilobytes = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert kilobytes is not None
    return int(kilobytes[1]) / 1024


def main() -> int:
    settings = Settings.from_environment(os.environ)
    database = open_database(settings.database_url)
    job = Jobs(database).get(sys.argv[1])
    database.close()
    before = peak_megabytes()
    code = transcription_job.transcribe(settings, job, ScriptedEngine)
    print(f"{before:.0f} {peak_megabytes():.0f}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
