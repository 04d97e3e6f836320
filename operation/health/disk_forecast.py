"""How fast the disk fills, and when it reaches its floor: pure, from looks at its free space over a week."""

from __future__ import annotations

from collections.abc import Sequence

SAMPLE_SECONDS = 3600.0
KEPT_SECONDS = 7 * 86_400.0
SHORTEST_SECONDS = 6 * 3600.0  # less of a past says nothing of a future

Samples = tuple[tuple[float, int], ...]


def sampled(samples: Samples, now: float, free: int) -> Samples:
    """With this look among them, if the last one is an hour old; without what is older than a week.

    A clock that was set back begins anew.
    """
    kept = tuple(one for one in samples if now - KEPT_SECONDS <= one[0] <= now)
    if kept and now - kept[-1][0] < SAMPLE_SECONDS:
        return kept
    return (*kept, (now, free))


def growth(samples: Sequence[tuple[float, int]]) -> float | None:
    """Bytes a second that the disk fills by (least squares); below 0: it empties. None: nobody can say."""
    if len(samples) < 2 or samples[-1][0] - samples[0][0] < SHORTEST_SECONDS:
        return None
    middle = sum(at for at, _ in samples) / len(samples)
    mean = sum(free for _, free in samples) / len(samples)
    spread = sum((at - middle) ** 2 for at, _ in samples)
    return -sum((at - middle) * (free - mean) for at, free in samples) / spread


def seconds_left(free: int, floor: int, bytes_a_second: float | None) -> float | None:
    """Until the floor is reached; None: it is not, as things are."""
    if bytes_a_second is None or bytes_a_second <= 0:
        return None
    return max(0.0, (free - floor) / bytes_a_second)
