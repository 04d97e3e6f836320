"""Removes what is not needed any more: generations by `retention.policy`, then objects of no generation.

Under the repository's lease. What is decided is written down before anything goes: a collection that is
killed leaves generations that are whole, or none, and objects that the next one removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from library.backup.codec import Codec
from library.backup.errors import GenerationIncomplete
from library.backup.heads import Catalogue, Heads, sequence_of
from library.backup.lease import Lease
from library.backup.lists import entries_of_head
from library.backup.objects import FOLDER, name_at
from library.backup.place import Place, Stored
from library.backup.retention import policy
from library.backup.values import Collected, Generation

SPARED = timedelta(
    hours=24
)  # what is younger may belong to a run that was killed and is going to be repeated
_AT_ONCE = 500


def collect(
    place: Place,
    codec: Codec,
    heads: Heads,
    lease: Lease,
    generations: Sequence[Generation],
    now: datetime,
    keep: int,
) -> Collected:
    """`generations`: all, with those that cannot be read as no successes. Raises LeaseLost."""
    decision = policy(generations, keep)
    if decision.remove:
        _rotate(heads, lease, [one.id for one in decision.remove])
    needed, blocked = _needed(place, codec, heads)
    removed: list[Stored] = []
    if not blocked:
        _forget_damage(heads, lease, needed)
        oldest = (now - SPARED).timestamp()
        removed = [one for one in _unneeded(place, needed) if one.at < oldest]
        for at in range(0, len(removed), _AT_ONCE):
            lease.check()
            place.delete([one.name for one in removed[at : at + _AT_ONCE]])
    return Collected(
        tuple(one.id for one in decision.remove),
        len(removed),
        sum(one.bytes for one in removed),
        decision.reasons,
        tuple(blocked),
    )


def _rotate(heads: Heads, lease: Lease, removed: Sequence[str]) -> None:
    catalogue = heads.catalogue() or Catalogue()
    last = max(map(sequence_of, removed))
    stay = tuple(one for one in catalogue.generations if one not in removed and sequence_of(one) > last)
    # A head that was lost is missed until its turn to go has come.
    highest = max(catalogue.last_sequence, *map(sequence_of, heads.ids()))
    lease.check()
    heads.save_catalogue(replace(catalogue, generations=stay, last_sequence=highest))
    heads.remove(removed)


def _needed(place: Place, codec: Codec, heads: Heads) -> tuple[set[str], list[str]]:
    """Objects of all generations, and the generations of which nobody can say what they need: those with a
    damaged head or list, and those whose head was lost and whose turn to go has not come.
    """
    needed: set[str] = set()
    ids = heads.ids()
    known = heads.catalogue() or Catalogue()
    blocked = sorted(set(known.generations) - set(ids), key=sequence_of)
    for identity in ids:
        try:
            head = heads.load(identity)
            needed.add(head.files.name)
            for entry in entries_of_head(place, codec, head):
                needed.update(ref.name for ref in entry.objects)
        except GenerationIncomplete:
            blocked.append(identity)
    return needed, blocked


def _forget_damage(heads: Heads, lease: Lease, needed: set[str]) -> None:
    """Damage in what no generation needs any more is nobody's trouble."""
    known = heads.catalogue() or Catalogue()
    if not known.damaged <= needed:
        lease.check()
        heads.save_catalogue(replace(known, damaged=known.damaged & needed))


def _unneeded(place: Place, needed: set[str]) -> Iterable[Stored]:
    return (one for one in place.stored(FOLDER) if (name := name_at(one.name)) and name not in needed)
