"""Proof that a generation restores: into a scratch folder, checked, played, compared with what is there now.

A **sample** is the database and ten recordings; a **drill** is everything. *Played*: the first segment of
each of a recording's takes, through the reader that viewers' media come from, decodes to a picture or sound.
*Compared*: files of its log that are there today, too, are the same.
"""

from __future__ import annotations

import hashlib
import io
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from library.backup.errors import (
    BackupError,
    GenerationIncomplete,
    NewerSchema,
    NoRoom,
    ObjectDamaged,
    ObjectMissing,
)
from library.backup.repository import Repository, recording_prefixes
from library.backup.values import Generation, Progress, no_progress
from library.backup_place import DATABASE_FILE, opened_at
from library.database import Database
from library.models import LectureSession
from recorder import far_media
from recorder.media_log_reader import NotInLog, SessionReader
from settings import Settings

SAMPLE = 10
PROBLEMS = (ObjectMissing, ObjectDamaged, GenerationIncomplete, NewerSchema)  # of the generation itself
_OF_RECORDINGS = ("sessions", "recordings", "pictures")  # see `recording_prefixes`
_LOG_FILES = ("program.mp4", "program.index")
_BLOCK = 1 << 20


@dataclass(slots=True)
class Proof:
    """`played`: takes whose first segment was decoded; `compared`: files that are there today, too."""

    generation: str
    recordings: int = 0
    played: int = 0
    compared: int = 0
    files: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)


def choose(generations: Sequence[Generation], randomly: random.Random) -> Generation | None:
    """Any of them."""
    return randomly.choice(generations) if generations else None


def sample(
    settings: Settings,
    repository: Repository,
    generation: str,
    folder: Path,
    randomly: random.Random,
    progress: Progress = no_progress,
) -> Proof:
    """The database and SAMPLE recordings. `folder`: empty. What does not restore is a problem.

    Lectures keep their room: a recording that does not fit beside it is passed over for another. Raises
    NoRoom where nothing fits, and whatever says nothing of the generation itself: a target that is away, a
    scratch folder that takes nothing, NoSuchGeneration.
    """
    proof = Proof(generation)
    try:
        with _noting(repository):
            of_database, sizes = _sizes(repository, generation)
            if of_database > _room(settings, folder):
                raise NoRoom(f"a proof needs {of_database} bytes beside lectures' own for the database alone")
            proof.bytes += repository.restore(generation, folder / "it", only=(DATABASE_FILE,)).bytes
    except PROBLEMS as error:
        return _with_problem(proof, error)
    with closing(opened_at(folder / "it")) as database:
        _check_database(database, proof)
        with database.reading() as session:
            drawn = list(_recordings(session))
    randomly.shuffle(drawn)
    room = _room(settings, folder)
    total = proof.bytes + sum([sizes[one] for one in drawn if sizes[one] <= room][:SAMPLE])
    fitting = (one for one in drawn if sizes[one] <= _room(settings, folder))  # looked at when its turn comes
    tried = 0
    for session_id in islice(fitting, SAMPLE):
        tried += 1
        storage = folder / session_id

        def tell(done: int, _total: int, before: int = proof.bytes) -> None:
            progress(before + done, total)

        try:
            with _noting(repository):
                restored = repository.restore(
                    generation, storage, only=recording_prefixes(session_id), progress=tell
                )
            proof.files += restored.files
            proof.bytes += restored.bytes
            _prove_recording(settings, storage, session_id, proof)
        except PROBLEMS as error:
            _with_problem(proof, error, session_id)
        shutil.rmtree(storage, ignore_errors=True)
    if drawn and not tried:
        raise NoRoom(f"none of {len(drawn)} recordings fits into what is free beside lectures' own")
    return proof


def _sizes(repository: Repository, generation: str) -> tuple[int, Counter[str]]:
    """Bytes that the database takes while it is restored, and those of each recording. Raises BackupError."""
    of_database, of_recordings = 0, Counter[str]()
    for path, size in repository.sizes(generation):
        folder, _, rest = path.partition("/")
        if path == DATABASE_FILE:
            of_database += size
        elif folder in _OF_RECORDINGS:
            of_recordings[re.split(r"[/.]", rest, maxsplit=1)[0]] += size
    rows = repository.generation(generation).database != "sqlite"
    return of_database * (2 if rows else 1), of_recordings  # a database is built beside its rows


def _room(settings: Settings, folder: Path) -> int:
    return shutil.disk_usage(folder).free - settings.disk_floor_bytes


def drill(
    settings: Settings, repository: Repository, generation: Generation, folder: Path, progress: Progress
) -> Proof:
    """Everything. Raises NoRoom before anything is written, and BackupError."""
    need, free = generation.bytes, _room(settings, folder)
    if need > free:
        raise NoRoom(f"a full restore needs {need} bytes, and {max(0, free)} are free beside lectures' own")
    proof = Proof(generation.id)
    storage = folder / "it"
    with _noting(repository):
        restored = repository.restore(generation.id, storage, leave_out_damaged=True, progress=progress)
    if restored.damaged:
        repository.note_damaged(restored.damaged)
    proof.files, proof.bytes = restored.files, restored.bytes
    proof.problems += [f"damaged or missing: {one}" for one in restored.left_out]
    with closing(opened_at(storage)) as database:
        _check_database(database, proof)
        with database.reading() as session:
            recordings = _recordings(session)
    for session_id in recordings:
        _prove_recording(settings, storage, session_id, proof)
        progress(proof.bytes, proof.bytes)  # it goes on
    return proof


@contextmanager
def _noting(repository: Repository) -> Iterator[None]:
    """What stops a restore is noted in the repository: the next backup writes it again, if it still can."""
    try:
        yield
    except BackupError as error:
        for one in (error, error.__cause__):  # behind a list that cannot be read is the object that it is
            if isinstance(one, ObjectMissing | ObjectDamaged):
                repository.note_damaged([one.name])
        raise


def _recordings(session: Session) -> Sequence[str]:
    """What has ended and left media, by the generation's own database."""
    query = select(LectureSession.id).where(
        LectureSession.phase == "ended", LectureSession.bytes > 0, LectureSession.removal.is_(None)
    )
    return session.scalars(query.order_by(LectureSession.id)).all()


def _check_database(database: Database, proof: Proof) -> None:
    with database.reading() as session:
        said = session.scalar(text("PRAGMA integrity_check"))
        broken = session.execute(text("PRAGMA foreign_key_check")).first()
    if said != "ok":
        proof.problems.append(f"the database: {said}")
    if broken is not None:
        proof.problems.append(f"the database: a row of {broken[0]} refers to nothing")


def _prove_recording(settings: Settings, storage: Path, session_id: str, proof: Proof) -> None:
    proof.recordings += 1
    try:
        proof.played += _played(storage, session_id)
    except (NotInLog, OSError, ValueError, av.FFmpegError) as error:
        proof.problems.append(f"recording {session_id}: {type(error).__name__}: {error}")
    for path in _log_files(storage, session_id):
        live = settings.storage / path
        if not live.is_file() or far_media.away(live) is not None:
            continue
        proof.compared += 1
        if _digest(live) != _digest(storage / path):
            proof.problems.append(f"{path} is another in the backup than on the disk")


def _played(storage: Path, session_id: str) -> int:
    """How many takes of it show a picture, or sound, at their beginning. Raises for one that does not."""
    count = 0
    with closing(SessionReader((storage / "sessions",), session_id)) as reader:
        for take in reader.takes:
            first = next((one for one in take.segments if one.complete), None)
            if first is None or take.lost:
                continue
            media = reader.init_bytes(take.number) + reader.segment_bytes(take.number, first.segment)
            _decode(media)
            count += 1
    return count


def _decode(media: bytes) -> None:
    """Raises ValueError for what shows and sounds like nothing, FFmpegError."""
    with av.open(io.BytesIO(media), "r", format="mp4") as container:
        if next(container.decode(), None) is None:
            raise ValueError("its first segment has neither picture nor sound")


def _log_files(storage: Path, session_id: str) -> Iterator[str]:
    for file in sorted((storage / "sessions" / session_id).glob("*/program.*")):
        if file.name in _LOG_FILES:
            yield file.relative_to(storage).as_posix()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _with_problem(proof: Proof, error: BaseException, session_id: str = "") -> Proof:
    of = f"recording {session_id}: " if session_id else ""
    proof.problems.append(f"{of}{type(error).__name__}: {error}")
    return proof
