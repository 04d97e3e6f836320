"""What a recording's pictures cost: CPU for each recorded hour of full HD, and memory over its length.

The job runs in a process of its own, which tells what it has used:
python -m bench.pictures SESSIONS SESSION FOLDER
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.long_log import make_log
from recorder.pictures import make_pictures
from tests.installation import PROJECT
from tests.recorder.media_maker import make_media, make_settings


def run(folder: Path, hours: float) -> dict[str, object]:
    """Of a log of one take, 1080p30 at about 2 Mbit/s."""
    settings = make_settings(folder)
    media = make_media(4.0, width=1920, height=1080, kilobits=2_000)
    log = make_log(settings, seconds=hours * 3600, takes=1, media=media)
    told = _measured(settings.sessions_folder, log.session_id, folder / "pictures")
    return {
        "hours": hours,
        "gigabytes": round(log.bytes / 1e9, 2),
        "cpu_seconds_an_hour": round(told["cpu"] / hours, 1),
        "seconds": round(told["seconds"], 1),
        "megabytes": told["megabytes"],
        "pictures": told["pictures"],
        "poster_bytes": (folder / "pictures" / "poster.webp").stat().st_size,
        "storyboard_bytes": sum(path.stat().st_size for path in (folder / "pictures").glob("storyboard-*")),
    }


def _measured(sessions: Path, session_id: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.pictures", str(sessions), session_id, str(folder)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    sessions, session_id, folder = sys.argv[1:]
    began, used = time.monotonic(), time.process_time()
    made = make_pictures((Path(sessions),), session_id, Path(folder), lambda share, word: None)
    told = {
        "cpu": time.process_time() - used,
        "seconds": time.monotonic() - began,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "pictures": made.pictures,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
