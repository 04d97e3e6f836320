"""Reads a repository through: every object, every list of files, every head, and what it says of itself.

Needs no lease: what a collection removes meanwhile is not taken for missing. What is found is noted in the
catalogue if the lease is to be had, so that the next run writes it again and rotation counts it as no
success.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from library.backup import heads as names
from library.backup.codec import Codec
from library.backup.errors import (
    GenerationIncomplete,
    NoSuchGeneration,
    ObjectDamaged,
    ObjectMissing,
    RepositoryBusy,
    TargetRefused,
    TargetUnavailable,
)
from library.backup.heads import Catalogue, Head, Heads
from library.backup.lists import entries_of_head
from library.backup.objects import FOLDER, check_object, name_at, path_of
from library.backup.place import DamagedInPlace, Place
from library.backup.values import Progress, Report

log = logging.getLogger(__name__)


class Checking:
    """One check. `damaged`, `missing`: names in the repository."""

    def __init__(self, place: Place, codec: Codec, heads: Heads, progress: Progress) -> None:
        self._place, self._codec, self._heads, self._progress = place, codec, heads, progress
        self._damaged: set[str] = set()
        self._missing: set[str] = set()
        self._checked = self._bytes = 0

    def all(self) -> Report:
        """Everything of ours that is in the target, and what should be there."""
        catalogue = self._check_catalogue()
        ids = self._heads.ids()
        self._missing |= {names.path_of(one) for one in set(catalogue.generations) - set(ids)}
        self._check_texts(catalogue)
        needed = self._needed_by(self._readable(ids))
        present = {name: one.bytes for one in self._place.stored(FOLDER) if (name := name_at(one.name))}
        self._check_objects({**dict.fromkeys(needed, 0), **present})
        self._forget_collected()
        return self._report(self._readable(self._heads.ids()), everything=True)

    def one(self, identity: str) -> Report:
        """What one generation needs. Raises NoSuchGeneration."""
        try:
            head = self._heads.load(identity)
        except GenerationIncomplete:
            self._damaged.add(names.path_of(identity))
            return Report(1, 0, tuple(self._damaged), (), (identity,))
        self._check_objects(self._needed_by([head]))
        return self._report([head], everything=False)

    def _check_objects(self, wanted: dict[str, int]) -> None:
        done, total = 0, sum(wanted.values())
        for name in sorted(wanted):
            try:
                self._bytes += check_object(self._place, self._codec, name)
                self._checked += 1
            except ObjectDamaged:
                self._damaged.add(path_of(name))
            except ObjectMissing:
                self._missing.add(path_of(name))
            done += wanted[name]
            self._progress(done, max(done, total))

    def _readable(self, ids: Iterable[str]) -> list[Head]:
        found = []
        for identity in ids:
            try:
                found.append(self._heads.load(identity))
            except GenerationIncomplete:
                self._damaged.add(names.path_of(identity))
            except NoSuchGeneration:
                continue  # rotated meanwhile
        return found

    def _needed_by(self, heads: Iterable[Head]) -> dict[str, int]:
        """Stored lengths by name. What a list that cannot be read needs nobody knows: the list is named."""
        needed: dict[str, int] = {}
        for head in heads:
            needed[head.files.name] = head.files.stored
            with suppress(GenerationIncomplete):
                for entry in entries_of_head(self._place, self._codec, head):
                    needed.update((ref.name, ref.stored) for ref in entry.objects)
        return needed

    def _check_catalogue(self) -> Catalogue:
        found = self._heads.catalogue()
        if found is not None:
            return found
        try:
            self._place.read(names.CATALOGUE)
            self._damaged.add(names.CATALOGUE)
        except FileNotFoundError:
            self._missing.add(names.CATALOGUE)
        except DamagedInPlace:
            self._damaged.add(names.CATALOGUE)
        return Catalogue()

    def _check_texts(self, catalogue: Catalogue) -> None:
        for name, told in catalogue.texts.items():
            try:
                if sha256(self._place.read(name)).hexdigest() != told:
                    self._damaged.add(name)
            except FileNotFoundError:
                self._missing.add(name)
            except DamagedInPlace:
                self._damaged.add(name)

    def _forget_collected(self) -> None:
        if self._missing:
            needed = {path_of(name) for name in self._needed_by(self._readable(self._heads.ids()))}
            self._missing = {
                one for one in self._missing if not one.startswith(f"{FOLDER}/") or one in needed
            }

    def _report(self, heads: list[Head], *, everything: bool) -> Report:
        bad = self._damaged | self._missing
        objects = {name for one in bad if (name := name_at(one))}
        touched = (
            {one.generation.id for one in heads if not objects.isdisjoint(self._needed_by([one]))}
            if objects
            else set()
        )
        touched |= {
            one.removeprefix(f"{names.FOLDER}/").removesuffix(".json")
            for one in bad
            if one.startswith(names.FOLDER)
        }
        note_damage(self._place, self._heads, objects, everything=everything)
        return Report(
            self._checked,
            self._bytes,
            tuple(sorted(self._damaged)),
            tuple(sorted(self._missing)),
            tuple(sorted(touched)),
        )


def note_damage(place: Place, heads: Heads, objects: AbstractSet[str], *, everything: bool) -> None:
    """These objects are damaged or missing; `everything`: and no others. Passed over, and logged, while
    somebody else has the lease or nothing can be written.
    """
    known = heads.catalogue()
    if known is None or (known.damaged == objects if everything else objects <= known.damaged):
        return
    try:
        with place.lease("noting damage"):
            found = heads.catalogue() or Catalogue()
            damaged = frozenset(objects) if everything else found.damaged | objects
            heads.save_catalogue(replace(found, damaged=damaged))
    except (RepositoryBusy, TargetRefused, TargetUnavailable) as error:
        log.warning("damage in the backups is not noted: %s", error)
