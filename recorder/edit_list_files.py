"""Edit lists as files: `edits/0002.json` … of a session's folder, one per version, never changed.

Written by jobs and by who edits (blocking, with fsync), read by readers in every process; the database's
`edit_version` only repeats what lies here. Version 1 has no file: it follows from the log
(`edit_list.without_slates`). A file that is torn or foreign counts as absent, and its version is not given
again.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recorder.durable_file import create_file, make_private_folder, sync_folder
from recorder.edit_list import EditList, Span
from recorder.hidden_spans import HiddenKind, HiddenSpan, UnfitSpans, cleaned
from recorder.log_folders import EDITS_FOLDER, edit_versions, edits_name, is_session_id

_log = logging.getLogger(__name__)

_MAX_BYTES = 4 << 20
# Index records and addresses hold no larger number.
_MAX_NUMBER = (1 << 32) - 1
_MAX_AUTHOR = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadEditList(ValueError):
    """What is no edit list of ours; the message says why."""


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version as its file tells it."""

    edits: EditList
    made_at: datetime


def load(roots: Sequence[Path], session_id: str, version: int) -> EditList | None:
    """Version 2 or later from the first root that has it readable; None where none has."""
    kept = _load(roots, session_id, version)
    return kept.edits if kept is not None else None


def versions(roots: Sequence[Path], session_id: str) -> list[KeptVersion]:
    """All that can be read, the newest first; version 1 has no file."""
    found = (_load(roots, session_id, version) for version in reversed(_versions(roots, session_id)))
    return [kept for kept in found if kept is not None]


def _load(roots: Sequence[Path], session_id: str, version: int) -> KeptVersion | None:
    for root in roots:
        path = _path(root, session_id, version)
        try:
            data = path.read_bytes() if path.stat().st_size <= _MAX_BYTES else b""
            return KeptVersion(parse(data, version), _made_at(data))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, BadEditList) as error:
            _log.warning("%s is passed over: %s", path, error)
    return None


def newest(roots: Sequence[Path], session_id: str) -> int:
    """The newest version that can be read; 1 where there is none."""
    for version in reversed(_versions(roots, session_id)):
        if load(roots, session_id, version) is not None:
            return version
    return 1


def stamps(roots: Sequence[Path], session_id: str) -> tuple[int, ...]:
    """Other than before where a version was saved (but for two within 10 ms): one stat for each root."""
    found = []
    for root in roots:
        try:
            found.append(os.stat(root / session_id / EDITS_FOLDER).st_mtime_ns)
        except (FileNotFoundError, NotADirectoryError):
            found.append(0)
    return tuple(found)


def next_version(roots: Sequence[Path], session_id: str) -> int:
    """The number of the version to be saved next: behind all that have a file, readable or not."""
    return max(_versions(roots, session_id), default=1) + 1


def save_next(
    roots: Sequence[Path], session_id: str, made_of: Callable[[EditList | None, int], EditList]
) -> EditList:
    """Save what `made_of` makes of the newest version (None: there is no file yet) and the new one's number.

    Asked again where somebody else has saved a version meanwhile: nothing of theirs is lost. Raises as
    `save`, and what `made_of` raises.
    """
    while True:
        version = next_version(roots, session_id)
        found = versions(roots, session_id)
        edits = made_of(found[0].edits if found else None, version)
        try:
            save(roots[0], session_id, edits)
        except FileExistsError:
            continue
        return edits


def save(root: Path, session_id: str, edits: EditList) -> Path:
    """Write a version durably, whole or not at all. Raises FileExistsError where it has a file already,
    OSError, ValueError for version 1, for an empty list and for what is no session.
    """
    if not is_session_id(session_id):
        raise ValueError(f"not a session id: {session_id!r}")
    data = serialise(edits, datetime.now(UTC))
    path = _path(root, session_id, edits.version)
    make_private_folder(path.parent)
    create_file(path, data)
    sync_folder(path.parent.parent)  # which may have the folder since just now
    return path


def serialise(edits: EditList, made_at: datetime) -> bytes:
    """The file's bytes. Raises BadEditList for what `parse` would not take."""
    spans = [
        {"take": span.take, "first_segment": span.first_segment, "last_segment": span.last_segment}
        for span in edits.spans
    ]
    hidden = [{"start": one.start, "end": one.end, "kind": one.kind.value} for one in edits.hidden]
    document = {
        "version": edits.version,
        "spans": spans,
        "hidden": hidden,
        "author": edits.author,
        "made_at": made_at.isoformat(),
    }
    data = json.dumps(document, separators=(",", ":")).encode()
    if len(data) > _MAX_BYTES:
        raise BadEditList(f"{len(edits.spans)} spans are more than a file may hold")
    parse(data, edits.version)
    return data


def parse(data: bytes, version: int) -> EditList:
    """Raises BadEditList for anything but a whole file of that version."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadEditList(f"no JSON: {error}") from error
    if not isinstance(raw, dict) or version < 2 or _number(raw.get("version")) != version:
        raise BadEditList(f"it does not say that it is version {version}")
    spans = raw.get("spans")
    if not isinstance(spans, list) or not spans:
        raise BadEditList("it has no spans")
    return EditList(
        version,
        tuple(_span(each) for each in spans),
        _hidden(raw.get("hidden", [])),
        _author(raw.get("author")),
    )


def _span(raw: Any) -> Span:
    if not isinstance(raw, dict):
        raise BadEditList(f"{raw!r} is no span")
    numbers = (_number(raw.get(name)) for name in ("take", "first_segment", "last_segment"))
    try:
        return Span(*numbers)
    except ValueError as error:
        raise BadEditList(str(error)) from error


def _hidden(raw: object) -> tuple[HiddenSpan, ...]:
    """What cannot be read is no reason to show what was hidden: then there is no such version."""
    if not isinstance(raw, list):
        raise BadEditList("what is hidden is no list")
    try:
        return cleaned(HiddenSpan(_seconds(one, "start"), _seconds(one, "end"), _kind(one)) for one in raw)
    except UnfitSpans as error:
        raise BadEditList(f"what is hidden: {error}") from error


def _seconds(raw: Any, name: str) -> float:
    value = raw.get(name) if isinstance(raw, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadEditList(f"{raw!r} is no hidden span")
    return float(value)


def _kind(raw: Any) -> HiddenKind:
    try:
        return HiddenKind(raw["kind"])
    except (KeyError, ValueError, TypeError) as error:
        raise BadEditList(f"{raw!r} is no hidden span") from error


def _author(value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= _MAX_AUTHOR):
        raise BadEditList(f"{value!r} is no author")
    return value


def _made_at(data: bytes) -> datetime:
    """When a file that can be parsed was made; long ago where it does not say."""
    try:
        made = datetime.fromisoformat(json.loads(data)["made_at"])
    except (KeyError, TypeError, ValueError):
        return _EPOCH
    return made if made.tzinfo is not None else made.replace(tzinfo=UTC)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
        raise BadEditList(f"{value!r} is no number of a version, take or segment")
    return value


def _versions(roots: Sequence[Path], session_id: str) -> list[int]:
    return sorted({version for root in roots for version in edit_versions(root / session_id)})


def _path(root: Path, session_id: str, version: int) -> Path:
    return root / session_id / EDITS_FOLDER / edits_name(version)
