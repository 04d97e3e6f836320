"""Moves the files of a recording into the bucket and brings them home; nothing is ever without a whole copy.

Called by the jobs `move` and `home`, by the jobs that need all of a recording on the disk (`at_home`) and by
the command line. One at a time per recording moves or brings home (a lock on a file), and not while a job
reads it. Every step can be killed and done again:

    move:  the bucket's copy is read through → marker → the row says it has gone → the file is cut
    home:  blocks beside the file, each checked → all checked → renamed → the row says it is here → no marker
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from broadcast import last_played
from library import object_catalogue, object_moves
from library.database import Database, open_database
from library.disk_store import NAME as DISK
from library.models import LectureSession, MediaObject
from library.object_store import ObjectStore, StoredObject, facts_of
from operation.far_reader import far_reader_of_jobs
from operation.recording_files import files_of
from recorder import far_media
from recorder.durable_file import sync_folder
from recorder.far_media import BLOCK_BYTES, FarMedia, FarPlace, MediaDamaged
from recorder.log_folders import MEDIA_FILE, healed_number, take_number
from recorder.media_log_reader import NotInLog, SessionReader
from settings import Settings

Progress = Callable[[int, int], None]  # bytes done, bytes in all


def _tell_nobody(done: int, total: int) -> None: ...


class BusyNow(Exception):
    """Somebody moves, brings home or reads the recording just now."""


class NoRoom(Exception):
    """The disk has no room for what is to come home."""


class CopyDamaged(Exception):
    """The bucket's copy is not what the file was: the file stays where it is."""


def told_by_marker(settings: Settings) -> Callable[[str], StoredObject | None]:
    """What a key's file was, if the disk has given it up: for rows that were lost."""

    def told(key: str) -> StoredObject | None:
        place = far_media.away(settings.storage / key)
        return None if place is None else StoredObject(key, place.length, place.sha256)

    return told


def move(
    settings: Settings,
    database: Database,
    target: ObjectStore,
    session_id: str,
    rows: Sequence[MediaObject],
    on_bytes: Callable[[int], None],
) -> int:
    """Move these files of a recording, whose copies are in `target` → bytes that were freed.

    `on_bytes`: so many more of the copies were read. Raises BusyNow, CopyDamaged, StoreUnavailable,
    StoreRefused, SourceChanged, OSError: what was moved by then is noted.
    """
    freed = 0
    with _locked(settings, session_id, fcntl.LOCK_EX):
        for row in rows:
            kept = _kept(settings, row)
            if kept is None or kept >= row.bytes:
                continue
            _move_file(settings, database, target, row, kept, on_bytes)
            freed += row.bytes - kept
    return freed


def _move_file(
    settings: Settings,
    database: Database,
    target: ObjectStore,
    row: MediaObject,
    kept: int,
    on_bytes: Callable[[int], None],
) -> None:
    path = settings.storage / row.key
    facts = facts_of(path)
    if (facts.bytes, facts.sha256) != (row.bytes, row.sha256):
        raise CopyDamaged(f"{row.key} on the disk is not what it was")
    place = _verified(target, row, kept, on_bytes)
    facts.check_unchanged(path)
    far_media.mark(path, place)
    with database.session() as session:
        told = StoredObject(row.key, row.bytes, row.sha256)
        object_catalogue.note(session, target.name, told, kind=row.kind, session_id=row.session_id)
        object_catalogue.note_moved(session, DISK, told, kind=row.kind, session_id=row.session_id)
    far_media.send_away(path, place)


def _verified(target: ObjectStore, row: MediaObject, kept: int, on_bytes: Callable[[int], None]) -> FarPlace:
    """The copy, read from end to end. Raises CopyDamaged, and what the store raises."""
    digest, sums = hashlib.sha256(), _BlockSums()
    for chunk in target.chunks(row.key):
        digest.update(chunk)
        sums.add(chunk)
        on_bytes(len(chunk))
    if (sums.bytes, digest.hexdigest()) != (row.bytes, row.sha256):
        raise CopyDamaged(f"{row.key} in {target.name} is not what it was")
    return FarPlace(target.name, row.key, row.bytes, row.sha256, kept, sums.finished())


class _BlockSums:
    """CRC-32 of each block of content that comes in pieces of any length."""

    def __init__(self) -> None:
        self.bytes = 0
        self._sums: list[int] = []
        self._begun = 0

    def add(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            room = BLOCK_BYTES - self.bytes % BLOCK_BYTES
            self._begun = zlib.crc32(view[:room], self._begun)
            self.bytes += len(view[:room])
            view = view[room:]
            if self.bytes % BLOCK_BYTES == 0:
                self._end_block()

    def finished(self) -> tuple[int, ...]:
        if self.bytes % BLOCK_BYTES:
            self._end_block()
        return tuple(self._sums)

    def _end_block(self) -> None:
        self._sums.append(self._begun)
        self._begun = 0


def _kept(settings: Settings, row: MediaObject) -> int | None:
    """How much of a file stays: of a take its init and first segment, so that it begins at once and tells its
    picture rate; None for what is not moved.
    """
    if row.kind == object_catalogue.MP4:
        return 0
    path = settings.storage / row.key
    number = take_number(path.parent.name) or healed_number(path.parent.name)
    if path.name != MEDIA_FILE or number is None:
        return None
    try:
        reader = SessionReader((settings.sessions_folder,), path.parent.parent.name)
    except NotInLog:
        return None
    try:
        first = reader.take(number).segments[0]
        return first.offset + first.bytes
    except NotInLog:
        return None
    finally:
        reader.close()


@dataclass(frozen=True, slots=True)
class Away:
    """A file that is not on the disk."""

    path: Path
    place: FarPlace


def away_of(settings: Settings, lecture: LectureSession, kinds: Sequence[str]) -> list[Away]:
    """The files of these kinds that a recording has elsewhere. Raises OSError."""
    paths = [settings.storage / key for key, kind in files_of(settings, lecture) if kind in kinds]
    return [Away(path, place) for path in paths if (place := far_media.away(path)) is not None]


def bring_home(
    settings: Settings,
    database: Database,
    far: FarMedia,
    lecture: LectureSession,
    kinds: Sequence[str] = object_moves.MOVED_KINDS,
    progress: Progress = _tell_nobody,
) -> int:
    """Bring what is elsewhere to the disk → bytes. Goes on where an attempt that was killed stopped.

    Raises BusyNow, NoRoom, MediaUnavailable, MediaDamaged, OSError.
    """
    with _locked(settings, lecture.id, fcntl.LOCK_EX):
        files = away_of(settings, lecture, kinds)
        total = sum(one.place.length for one in files)
        _check_room(settings, files)
        done = 0
        for one in files:
            _bring_file(far, one, lambda part, begin=done: progress(begin + part, total))  # type: ignore[misc]
            done += one.place.length
        _settle(settings, database, lecture)
        last_played.note(settings.session_roots, lecture.id)
    return total


def _bring_file(far: FarMedia, file: Away, progress: Callable[[int], None]) -> None:
    part = file.path.with_name(f".{file.path.name}.home")
    place = file.place
    with open(part, "ab") as growing:
        growing.truncate(growing.tell() // place.block_bytes * place.block_bytes)
        while (at := growing.seek(0, os.SEEK_END)) < place.length:
            growing.write(far.read(place, at, min(place.block_bytes, place.length - at), keep=False))
            progress(growing.tell())
        growing.flush()
        os.fsync(growing.fileno())
    if facts_of(part).sha256 != place.sha256:  # a block that an attempt before this one left
        part.unlink()
        raise MediaDamaged(f"{place.key}: what came home is not what was moved")
    os.chmod(part, 0o640)
    os.rename(part, file.path)
    sync_folder(file.path.parent)


def _settle(settings: Settings, database: Database, lecture: LectureSession) -> None:
    """Rows and markers of files that are whole on the disk again, also of an attempt that was killed."""
    whole = []
    with database.reading() as session:
        moved = {row.key for row in object_moves.moved_of(session, lecture.id)}
    for key, kind in files_of(settings, lecture):
        path = settings.storage / key
        place = far_media.load(path)
        if place is None or far_media.away(path) is not None:
            continue
        whole.append(path)
        if key in moved and path.stat().st_size == place.length:
            told = StoredObject(key, place.length, place.sha256)
            with database.session() as session:
                object_catalogue.note(session, DISK, told, kind=kind, session_id=lecture.id)
    far_media.unmark(whole)


def settle(settings: Settings, database: Database) -> None:
    """What a killed move or homecoming left half told: files that are whole here are told of as such."""
    with database.reading() as session:
        half_told = {
            row.session_id
            for row in object_moves.moved_of(session)
            if far_media.away(settings.storage / row.key) is None
        }
        lectures = [session.get(LectureSession, one) for one in half_told]
    for lecture in lectures:
        if lecture is not None:
            # Who is at work on it settles it.
            with suppress(BusyNow), _locked(settings, lecture.id, fcntl.LOCK_EX):
                _settle(settings, database, lecture)


@contextmanager
def at_home(settings: Settings, session_id: str, kinds: Sequence[str], progress: Progress) -> Iterator[None]:
    """All of a recording's files of these kinds are on the disk, and stay there meanwhile.

    Raises BusyNow, NoRoom, MediaUnavailable, MediaDamaged, OSError.
    """
    database = open_database(settings.database_url)
    far = far_reader_of_jobs(settings)
    try:
        with database.reading() as session:
            lecture = session.get(LectureSession, session_id)
        while True:
            with _locked(settings, session_id, fcntl.LOCK_SH):
                if lecture is None or not away_of(settings, lecture, kinds):
                    yield
                    return
            bring_home(settings, database, far, lecture, kinds, progress)
    finally:
        far.close()
        database.close()


def _check_room(settings: Settings, files: Sequence[Away]) -> None:
    missing = 0
    for one in files:
        part = one.path.with_name(f".{one.path.name}.home")
        missing += one.place.length - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(settings.storage).free
    if missing and free < missing + settings.disk_floor_bytes:
        raise NoRoom(
            f"the recording needs {-(-missing // 1_000_000)} MB beside the "
            f"{-(-settings.disk_floor_bytes // 1_000_000)} MB kept for lectures"
        )


@contextmanager
def _locked(settings: Settings, session_id: str, how: int) -> Iterator[None]:
    """A lock on the recording's folder, which goes with its process. Raises BusyNow.

    Without a folder on the disk nothing of it can be moved: it is all in the spill, or gone.
    """
    try:
        folder = os.open(settings.sessions_folder / session_id, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield
        return
    try:
        _take_lock(folder, how, session_id)
        yield
    finally:
        os.close(folder)


def _take_lock(folder: int, how: int, session_id: str) -> None:
    try:
        fcntl.flock(folder, how | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BusyNow(f"recording {session_id} is being moved, or read for a job") from error
