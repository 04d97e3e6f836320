"""Which files make up an ended recording, as keys of an object store: what recorder and library know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from library import object_catalogue
from library.models import LectureSession
from recorder import log_folders
from settings import Settings


def files_of(settings: Settings, lecture: LectureSession) -> Iterator[tuple[str, str]]:
    """Key (the path below the storage) and kind of each file that never changes again and is at home.

    What lies in the spill comes home first.
    """
    folder = settings.sessions_folder / lecture.id
    names = [log_folders.take_name(number) for number in log_folders.take_numbers(folder)]
    names += [log_folders.healed_name(number) for number in log_folders.healed_numbers(folder)]
    for name in names:
        for file, kind in (
            (log_folders.MEDIA_FILE, object_catalogue.TAKE),
            (log_folders.INDEX_FILE, object_catalogue.INDEX),
        ):
            if (folder / name / file).is_file():
                yield f"sessions/{lecture.id}/{name}/{file}", kind
    for version in log_folders.edit_versions(folder):
        name = f"{log_folders.EDITS_FOLDER}/{log_folders.edits_name(version)}"
        yield f"sessions/{lecture.id}/{name}", object_catalogue.EDITS
    if lecture.mp4_path is not None and Path(lecture.mp4_path).parent == settings.recordings_folder:
        yield f"recordings/{Path(lecture.mp4_path).name}", object_catalogue.MP4
