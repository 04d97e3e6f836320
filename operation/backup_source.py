"""What of an installation goes into a backup: its database, sessions' and films' files, key, settings.

Used by whatever runs a backup. Left out is what can be had again from elsewhere or belongs to a process:
models of speech, caches of objects, sockets, logs, the quarantine, folders on their way in or out. The spill
is taken with the disk, as one tree. A take that is being written goes up to the last part that its index
tells of: a log that ends there is whole. What was moved into the object store is fetched from there, once: a
restored installation has all of it on its disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from library import erasure_list
from library.backup.values import FarContent, Source, SourceFile
from operation.far_reader import far_reader_of_jobs
from recorder import far_media, session_state, take_index
from recorder.far_media import FarMedia, FarPlace
from recorder.log_folders import INDEX_FILE, MEDIA_FILE, STATE_FILE
from recorder.take_index import HEADER_BYTES, RECORD_BYTES, Mark
from settings import FIELDS, Settings

_FAR = far_media.marker_path(Path("x")).suffix


@contextmanager
def opened_source(settings: Settings) -> Iterator[Source]:
    """For one run of a backup; what lies in the object store is fetched from there while it is open."""
    with closing(far_reader_of_jobs(settings)) as far:
        yield Source(
            settings.database_url,
            lambda: files_of_installation(settings, far),
            settings.storage / ".backup",
            effective_settings(settings),
        )


def files_of_installation(settings: Settings, far: FarMedia) -> Iterator[SourceFile]:
    """Ascending by `path.split("/")`. Raises OSError."""
    yield from _tree(".objects/sums", (settings.storage / ".objects" / "sums",), far)
    if (erasures := settings.storage / erasure_list.NAME).exists():
        yield SourceFile(erasure_list.NAME, erasures)
    for name in ("media", "pictures", "recordings"):
        yield from _tree(name, (settings.storage / name,), far)
    yield SourceFile("secret.key", settings.storage / "secret.key")
    yield from _tree("sessions", settings.session_roots, far)
    yield from _tree("uploads", (settings.uploads_folder,), far)


def effective_settings(settings: Settings) -> dict[str, str]:
    """By variable, as text; without those that are secret, or empty."""
    values = {name: getattr(settings, one.field) for name, one in FIELDS.items() if not one.secret}
    return {name: str(value) for name, value in sorted(values.items()) if value is not None}


def _tree(path: str, folders: Sequence[Path], far: FarMedia) -> Iterator[SourceFile]:
    """Folders that are one: of a file that is in several, the first one's counts."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for name in _names(folder):
            found.setdefault(name.removesuffix(_FAR), []).append(folder / name.removesuffix(_FAR))
    lengths = _told_lengths(folders) if INDEX_FILE in found else {}
    for name in sorted(found):
        places = list(dict.fromkeys(found[name]))
        inner = [one for one in places if one.is_dir()]
        if inner:
            yield from _tree(f"{path}/{name}", inner, far)
        else:
            yield _file(f"{path}/{name}", _chosen(name, places), lengths.get(name), far)


def _file(path: str, file: Path, length: int | None, far: FarMedia) -> SourceFile:
    place = far_media.away(file)
    if place is None:
        return SourceFile(path, file, length)
    return SourceFile(path, file, far=FarContent(place.length, place.sha256, lambda: _fetched(far, place)))


def _fetched(far: FarMedia, place: FarPlace) -> Iterator[bytes]:
    for at in range(0, place.length, place.block_bytes):
        yield far.read(place, at, min(place.block_bytes, place.length - at), keep=False)


def _chosen(name: str, places: Sequence[Path]) -> Path:
    """While the disk is full a session's state may be written in the spill: the newer one counts."""
    if name != STATE_FILE or len(places) == 1:
        return places[0]
    versions = {one: session_state.load((one.parent.parent,), one.parent.name) for one in places}
    return max(places, key=lambda one: -1 if (state := versions[one]) is None else state.version)


def _told_lengths(folders: Sequence[Path]) -> dict[str, int]:
    """Of an index that goes meanwhile, or cannot be read, nothing is known: its files are taken as they are,
    where whoever takes them leaves out, or names, the one that cannot be.
    """
    try:
        return _whole_lengths(folders)
    except OSError:
        return {}


def _whole_lengths(folders: Sequence[Path]) -> dict[str, int]:
    """Of a take that is still written: how long its index and media are up to the last part told of.

    Raises OSError.
    """
    index = next((one for one in (folder / INDEX_FILE for folder in folders) if one.exists()), None)
    if index is None or _is_closed(index):
        return {}
    data = index.read_bytes()
    header = take_index.parse_header(data)
    if header is None:
        return {}  # recovery makes it anew from the media
    records = data[HEADER_BYTES:]
    parts, _ = take_index.parts_and_marks(records)
    media = header.init_length
    if parts:
        last = take_index.record_at(records, parts - 1)
        media = last.offset + last.length
    return {INDEX_FILE: HEADER_BYTES + parts * RECORD_BYTES, MEDIA_FILE: media}


def _is_closed(index: Path) -> bool:
    """Whether its last record is an end mark; without reading the rest."""
    with open(index, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < HEADER_BYTES + RECORD_BYTES or size % RECORD_BYTES:
            return False
        file.seek(size - RECORD_BYTES)
        last = file.read(RECORD_BYTES)
    return take_index.whole_records(last) == 1 and take_index.mark_of(last, 0) is not Mark.PART


def _names(folder: Path) -> list[str]:
    """Without what is on its way in or out: such names begin with a dot."""
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
