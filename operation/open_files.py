"""How many files and sockets a process may hold open: as many as the system allows.

Ordinary shells start programs with 1,024, and each viewer is two or three sockets of a web process. Raised
by `app.py` before anything else; children inherit it. The web process says so where it stays low.
"""

from __future__ import annotations

import logging
import resource

log = logging.getLogger(__name__)

# Some containers allow a thousand times more; what nobody can use only costs whoever counts it through.
MOST_OPEN_FILES = 1 << 20
ENOUGH_OPEN_FILES = 16_384


def raise_limit() -> None:
    """Raise the soft limit to the hard one, at most to MOST_OPEN_FILES. Never lowers it, never raises."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:  # a sandbox forbids it, or fs.nr_open is lower
        log.warning("the limit of open files stays at %d: %s", soft, error)


def warn_if_few() -> None:
    """Say how many may watch where the system allows few open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < ENOUGH_OPEN_FILES:
        log.warning(
            "only %d open files are allowed, enough for about %d viewers: raise the hard limit "
            "(`ulimit -Hn`, LimitNOFILE= in a systemd unit)",
            soft,
            soft // 3,
        )
