"""The media of an ended session replaced by those of another file: its address stays, the old media go last.

Called in a job's own process. The new take lies behind all others, under numbers that no cache has, and the
next version of the edit list shows it alone; what was there before is removed once `session.json` says so. An
attempt that was killed goes on by the plan that it left in its folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from recorder import edit_list_files, session_state
from recorder.durable_file import replace_file, sync_folder
from recorder.edit_list import EditList, Span
from recorder.log_folders import (
    EDITS_FOLDER,
    INDEX_FILE,
    MEDIA_FILE,
    edit_versions,
    edits_name,
    healed_name,
    healed_numbers,
    take_name,
    take_numbers,
)
from recorder.media_log_reader import SessionReader
from recorder.session_state import SessionState

_PLAN_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of the new take and of its first segment."""

    take: int
    first_segment: int


def planned(roots: Sequence[Path], session_id: str, work: Path) -> Plan:
    """The plan that an attempt has left in `work`, else a new one. Raises NotInLog, OSError."""
    path = work / _PLAN_FILE
    if path.exists():
        return Plan(**json.loads(path.read_bytes()))
    reader = SessionReader(roots, session_id)
    try:
        takes = reader.takes
        last = max((take.number for take in takes), default=0)
        segment = max((take.last_segment for take in takes), default=-1)
    finally:
        reader.close()
    plan = Plan(last + 1, segment + 1)
    replace_file(path, json.dumps(asdict(plan)).encode())
    return plan


def put(root: Path, work: Path, plan: Plan, segments: int, state: SessionState) -> None:
    """Put the take that lies below `work` into its place, and show it by a version behind all others. Raises
    OSError.
    """
    session_id = state.session_id
    folder = root / session_id
    take = folder / take_name(plan.take)
    shutil.rmtree(take, ignore_errors=True)  # of an attempt that was killed in the middle of this
    os.rename(work / session_id / take_name(plan.take), take)
    sync_folder(folder)
    span = Span(plan.take, plan.first_segment, plan.first_segment + segments - 1)
    edit_list_files.save_next((root,), session_id, lambda _, version: EditList(version, (span,)))
    session_state.save(root, state)


def replaced_files(root: Path, session_id: str) -> Iterator[Path]:
    """What the newest edit list shows no more, where a file of it was put in the place of all others."""
    folder, kept = root / session_id, _shown(root, session_id)
    takes = [take_name(number) for number in take_numbers(folder) if number not in kept]
    takes += [healed_name(number) for number in healed_numbers(folder) if number not in kept]
    for name in takes:
        yield from (folder / name / file for file in (MEDIA_FILE, INDEX_FILE))
    for version in edit_versions(folder)[:-1]:
        yield folder / EDITS_FOLDER / edits_name(version)


def remove_replaced(root: Path, session_id: str) -> None:
    """Idempotent. Raises OSError."""
    for path in list(replaced_files(root, session_id)):
        if path.parent.name == EDITS_FOLDER:
            path.unlink(missing_ok=True)
        else:
            shutil.rmtree(path.parent, ignore_errors=True)
    sync_folder(root / session_id)


def _shown(root: Path, session_id: str) -> set[int]:
    version = edit_list_files.newest((root,), session_id)
    edits = edit_list_files.load((root,), session_id, version)
    return {span.take for span in edits.spans} if edits is not None else set(take_numbers(root / session_id))
