"""One run: snapshot of the database → files → everything new is read back → the list of files → the head.

Under the repository's lease, in one thread. Nothing that an older generation needs is touched. What does not
come back as it was written, and what is found damaged of older objects, is written again from the live
system, in up to ATTEMPTS passes; then the run fails.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from library.backup.codec import Codec
from library.backup.errors import (
    Cancelled,
    GenerationIncomplete,
    NoSuchGeneration,
    ObjectDamaged,
    SourceUnavailable,
)
from library.backup.file_list import Entry, entries_in, line_of
from library.backup.heads import Catalogue, Head, Heads, new_id, sequence_of
from library.backup.lease import Lease
from library.backup.lists import entries_of_head
from library.backup.objects import FOLDER, ObjectWriter, Ref, name_at
from library.backup.place import Place
from library.backup.proving import prove, to_scrub
from library.backup.reading import Parent, Unread, take_file
from library.backup.scratch import blocks_of, own_scratch
from library.backup.snapshot import Snapshot, chunks_of, is_of_database, take_snapshot
from library.backup.values import Generation, IsCancelled, Progress, RunResult, Source, SourceFile

ATTEMPTS = 3
SETTINGS_FILE = "kodo-settings.json"

log = logging.getLogger(__name__)

Entries = Callable[[], Iterator[Entry]]


@dataclass(slots=True)
class Pass:
    """What one pass over the installation found. `refs`: its objects by name, with the list of files
    itself.
    """

    files: int = 0
    bytes: int = 0
    refs: dict[str, Ref] = field(default_factory=dict)
    list: Ref | None = None


class Run:
    """Makes one generation. `now_ns`: of the clock that files' times are by."""

    def __init__(
        self,
        place: Place,
        codec: Codec,
        heads: Heads,
        source: Source,
        *,
        now_ns: int,
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._place, self._codec, self._heads, self._source = place, codec, heads, source
        self._now_ns = now_ns
        self._progress, self._cancelled = progress, cancelled
        self._done = self._total = 0
        self._catalogue = heads.catalogue() or Catalogue()
        self._ids = heads.ids()
        self._older = self._newest()
        # What the last generation consists of; what of that is not there as a whole is written again.
        self._old = {ref.name: ref for entry in self._older_entries() for ref in entry.objects}
        self._writer = ObjectWriter(place, codec, self._present())
        self._lacking = {
            n for n in self._old.keys() | self._catalogue.damaged if n not in self._writer.present
        }
        self._proved: set[str] = set()
        self._unread: set[str] = set()

    def make(self, reason: str, at: datetime, lease: Lease) -> RunResult:
        """Raises what `Repository.run` names."""
        try:
            with own_scratch(self._source.scratch) as scratch:
                snapshot = take_snapshot(self._source.database_url, scratch)
                settings = json.dumps(dict(self._source.settings), indent=1, ensure_ascii=False)
                (scratch / SETTINGS_FILE).write_text(settings + "\n", encoding="utf-8")
                found = self._passes(snapshot, scratch, lease)
        except OSError as error:
            raise SourceUnavailable(f"{self._source.scratch} cannot be used: {error}") from error
        assert found.list is not None, "a pass that is over has a list"
        generation = Generation(
            id=(identity := new_id(self._next_sequence(), at)),
            sequence=sequence_of(identity),
            at=at.replace(microsecond=0),
            reason=reason,
            files=found.files,
            objects=len(found.refs),
            bytes=found.bytes,
            bytes_new=self._writer.bytes_new,
            verified=True,
            schema=snapshot.schema,
            database=snapshot.database,
            unread=len(self._unread),
        )
        lease.check()
        self._commit(Head(generation, found.list))
        rewritten = tuple(sorted(self._lacking & self._writer.present.keys()))
        return RunResult(
            generation,
            generation.objects,
            generation.bytes_new,
            generation.verified,
            rewritten,
            tuple(sorted(self._unread)),
        )

    def _passes(self, snapshot: Snapshot, scratch: Path, lease: Lease) -> Pass:
        """Again until everything comes back as it was written. If it never does, that is noted."""
        parent: Entries = self._older_entries
        for attempt in range(ATTEMPTS):
            listing = scratch / f"list-{attempt}"
            found = self._pass(snapshot, scratch, parent, listing)
            damaged = self._prove(found)
            if not damaged:
                return found
            self._lacking |= damaged
            for name in damaged:
                self._writer.forget(name)
            parent = _Listed(listing)
        lease.check()
        self._heads.save_catalogue(replace(self._catalogue, damaged=self._damaged()))
        raise ObjectDamaged(min(damaged))

    def _pass(self, snapshot: Snapshot, scratch: Path, parent: Entries, listing: Path) -> Pass:
        """Everything once; the entries go into `listing`."""
        found, known = Pass(), Parent(_files_alone(parent()))
        self._done, self._total = 0, self._expected(snapshot)
        with open(listing, "wb") as file:
            for entry in self._entries(snapshot, scratch, known):
                found.files += 1
                found.bytes += entry.size
                found.refs.update((ref.name, ref) for ref in entry.objects)
                file.write(line_of(entry))
        found.list = self._writer.put_stream(blocks_of(listing), compressed=True)
        found.refs[found.list.name] = found.list
        self._writer.flush()
        return found

    def _entries(self, snapshot: Snapshot, scratch: Path, known: Parent) -> Iterator[Entry]:
        for path, file in sorted(snapshot.files.items()):
            yield self._chunked(path, file)
        yield self._chunked(SETTINGS_FILE, scratch / SETTINGS_FILE)
        for source in self._files():
            older = known.find(source.path)
            try:
                entry = take_file(self._writer, source, older, self._now_ns, self._count)
            except Unread as error:
                log.warning("%s", error)
                self._unread.add(source.path)
                entry = older if older is not None and self._has(older) else None  # what it last was
            if entry is not None:
                yield entry

    def _files(self) -> Iterator[SourceFile]:
        """Raises SourceUnavailable for what cannot even be listed: that is not the scratch folder's doing."""
        try:
            yield from self._source.files()
        except OSError as error:
            raise SourceUnavailable(f"the installation's files cannot be listed: {error}") from error

    def _has(self, entry: Entry) -> bool:
        return all(self._writer.has(ref) for ref in entry.objects)

    def _chunked(self, path: str, file: Path) -> Entry:
        refs, size = [], 0
        for chunk in chunks_of(file):
            refs.append(self._writer.put(chunk))
            size += len(chunk)
            self._count(len(chunk))
        return Entry(path, size, 0o600, 0, tuple(refs))  # no time: unchanged, it is the same line

    def _prove(self, found: Pass) -> set[str]:
        """Read back what this generation has and the last one had not, what this run has written again, and
        in turn some of the others → what is damaged.
        """
        names = found.refs.keys()
        must = (names - self._old.keys()) | (names & self._writer.written)
        fresh = [found.refs[name] for name in sorted(must - self._proved)]
        others = [found.refs[name] for name in sorted(names - must - self._proved)]
        scrubbed = to_scrub(others, self._catalogue.scrubbed)
        self._total += sum(ref.plain for ref in (*fresh, *scrubbed))
        damaged = prove(self._place, self._codec, (*fresh, *scrubbed), self._count)
        self._proved |= {ref.name for ref in (*fresh, *scrubbed)} - damaged
        if scrubbed:
            self._catalogue = replace(self._catalogue, scrubbed=scrubbed[-1].name)
        return damaged

    def _commit(self, head: Head) -> None:
        """From here on the generation exists."""
        one = head.generation
        self._heads.save(head)
        if self._heads.load(one.id) != head:
            raise GenerationIncomplete(one.id, "its head does not come back as it was written")
        self._heads.save_catalogue(
            replace(
                self._catalogue,
                generations=tuple(
                    sorted({*self._catalogue.generations, *self._ids, one.id}, key=sequence_of)
                ),
                last_sequence=one.sequence,
                damaged=self._damaged(),
            )
        )

    def _damaged(self) -> frozenset[str]:
        """What older generations may need and is not there as a whole, as far as this run knows."""
        return (self._catalogue.damaged | self._lacking) - self._writer.present.keys()

    def _newest(self) -> Head | None:
        """Of the generations that can be read."""
        for identity in reversed(self._ids):
            try:
                head = self._heads.load(identity)
                for _ in entries_of_head(self._place, self._codec, head):
                    pass
            except (GenerationIncomplete, NoSuchGeneration):
                continue
            return head
        return None

    def _older_entries(self) -> Iterator[Entry]:
        return iter(()) if self._older is None else entries_of_head(self._place, self._codec, self._older)

    def _present(self) -> dict[str, int]:
        """Objects in the target, but for those that are known to be damaged, or have another length than the
        last generation says.
        """
        there = {name: one.bytes for one in self._place.stored(FOLDER) if (name := name_at(one.name))}
        return {
            name: length
            for name, length in there.items()
            if name not in self._catalogue.damaged
            and (name not in self._old or self._old[name].stored == length)
        }

    def _next_sequence(self) -> int:
        known = (*map(sequence_of, (*self._ids, *self._catalogue.generations)), self._catalogue.last_sequence)
        return 1 + max(known)

    def _expected(self, snapshot: Snapshot) -> int:
        sizes = (_size(one) for one in self._files())
        return sum(sizes) + sum(path.stat().st_size for path in snapshot.files.values())

    def _count(self, more: int) -> None:
        if self._cancelled():
            raise Cancelled("the backup was cancelled")
        self._done += more
        self._progress(self._done, max(self._done, self._total))


@dataclass(frozen=True, slots=True)
class _Listed:
    """The entries of a list in the scratch folder."""

    path: Path

    def __call__(self) -> Iterator[Entry]:
        return entries_in(self.path)


def _files_alone(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Without what the run itself puts before them."""
    return (one for one in entries if not is_of_database(one.path) and one.path != SETTINGS_FILE)


def _size(source: SourceFile) -> int:
    if source.far is not None:
        return source.far.length
    if source.length is not None:
        return source.length
    try:
        return os.stat(source.file).st_size
    except OSError:
        return 0
