"""Reads objects back and says which are not what they should be; chooses which old ones a run reads again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from library.backup.codec import Codec
from library.backup.errors import ObjectDamaged, ObjectMissing
from library.backup.objects import Ref, check_object
from library.backup.place import Place

# Of objects that are not new, for each run: to read all of them would take longer than the run.
SCRUB_BYTES = 16 << 20

Count = Callable[[int], None]


def prove(place: Place, codec: Codec, refs: Iterable[Ref], count: Count) -> set[str]:
    """The names of those that are damaged or missing. `count`: so many bytes more are done."""
    damaged = set()
    for ref in refs:
        try:
            check_object(place, codec, ref.name)
        except (ObjectDamaged, ObjectMissing):
            damaged.add(ref.name)
        count(ref.plain)
    return damaged


def to_scrub(refs: Sequence[Ref], after: str, most_bytes: int = SCRUB_BYTES) -> list[Ref]:
    """Some of what is there from before, beginning behind the object where the last run ended: in time all
    are read, and of a small repository each run reads all. Ascending by name, around the end. Pure.
    """
    ordered = sorted(refs, key=lambda ref: (ref.name <= after, ref.name))
    chosen: list[Ref] = []
    total = 0
    for ref in ordered:
        total += ref.stored
        if chosen and total > most_bytes:
            break
        chosen.append(ref)
    return chosen
