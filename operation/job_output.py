"""What the process of a job says to its worker, as JSON lines on its standard output (`library.job_process`).

Called by the `work` of each kind, in the job's own process.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from library.models import JobWait

DISK_SECONDS = 300  # a full disk is looked at again after this


def tell_progress(share: float, message: str = "") -> None:
    """`share`: 0 to 1 of the work; as often as it likes, for the worker hands on every third second's."""
    _tell({"progress": round(share, 3), "message": message})


def tell_result(result: dict[str, Any]) -> None:
    """What it made, for the kind's `done`: the last line of a job that did well."""
    _tell({"result": result})


def postpone(seconds: int, message: str, waits_for: str = JobWait.LATER) -> None:
    """It cannot be done now, and `message` says why: again after `seconds`, at the cost of no attempt.

    `waits_for`: a JobWait, which the page of jobs has words for.
    """
    _tell({"postpone": seconds, "message": message, "waits_for": waits_for})


def wait_for_disk(message: str) -> None:
    postpone(DISK_SECONDS, message, JobWait.DISK)


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
