"""Which generations stay: pure. `Repository.collect` carries it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from library.backup.values import Generation

KEEP = 30


@dataclass(frozen=True, slots=True)
class Decision:
    """Both newest first. `reasons`: by id, in words for people."""

    keep: tuple[Generation, ...]
    remove: tuple[Generation, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)


def policy(generations: Iterable[Generation], keep: int = KEEP) -> Decision:
    """The `keep` newest successful (verified) generations stay, and what is newer than the oldest of them.

    Newer means a higher sequence, whatever the clock said. Failures push nothing out: while fewer than `keep`
    are successful, nothing goes. Raises ValueError for a `keep` below 1.
    """
    if keep < 1:
        raise ValueError("at least one generation is kept")
    newest_first = sorted(generations, key=lambda one: one.sequence, reverse=True)
    kept: list[Generation] = []
    removed: list[Generation] = []
    reasons: dict[str, str] = {}
    successful = 0
    for one in newest_first:
        if successful >= keep:
            removed.append(one)
            reasons[one.id] = f"{keep} newer successful generations are kept"
            continue
        kept.append(one)
        successful += one.verified
        reasons[one.id] = (
            f"successful generation {successful} of {keep}"
            if one.verified
            else f"not successful, but only {successful} of {keep} newer ones are"
        )
    return Decision(tuple(kept), tuple(removed), reasons)
