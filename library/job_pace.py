"""How long a running job still takes, by how it went so far. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from library.models import Job

LEAST_TIME = timedelta(seconds=3)
LEAST_SHARE = 0.02
LONGEST = timedelta(days=7)


def time_left(job: Job, now: datetime) -> timedelta | None:
    """None while too little of it was seen to say.

    Measured from the first progress that the attempt told: what it took up from an earlier attempt, or the
    time it took to begin, says nothing of its pace. A job that stands still takes longer the longer it does.
    """
    if job.paced_at is None:
        return None
    gone, done = now - job.paced_at, job.progress - job.paced_from
    if gone < LEAST_TIME or done < LEAST_SHARE:
        return None
    left = gone * ((1.0 - job.progress) / done)
    return left if left <= LONGEST else None
