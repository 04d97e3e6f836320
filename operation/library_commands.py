"""What `app.py library add` does: copy a file into the storage and have it made a recording.

The file is copied by the kernel, so that its size costs no memory; it stays where it was.
"""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from broadcast.recording_words import UnfitLanguage, cleaned
from library import uploads
from library.database import Database, utc_now
from library.models import Upload
from library.upload_file import create, has_room, upload_path
from library.uploads import NewRecording
from operation.wrong_use import WrongUse
from people.accounts import default_organization, hosts, one_line, user_of
from people.command_line import OwnerMayNotHost, note_command
from people.rooms import TITLE_LENGTH, uploads_room
from settings import Settings


class CannotBeCopied(Exception):
    """The file, or the disk that it is to be copied to."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`owner`: a user ID, or nobody."""

    file: Path
    title: str
    language: str | None
    visibility: str
    owner: str | None


def checked(parsed: argparse.Namespace) -> Wanted:
    """Raises WrongUse."""
    if not parsed.file.is_file():
        raise WrongUse(f"there is no file {parsed.file}")
    title = one_line(parsed.file.stem if parsed.title is None else parsed.title)
    if not 1 <= len(title) <= TITLE_LENGTH:
        raise WrongUse(f"a title has 1 to {TITLE_LENGTH} characters")
    try:
        language = cleaned({"language": parsed.lang or ""})["language"]
    except UnfitLanguage as error:
        raise WrongUse("a language is given by its tag, such as ja, en or zh-Hans") from error
    return Wanted(parsed.file, title, language, parsed.visibility, parsed.owner)


def add(settings: Settings, database: Database, wanted: Wanted) -> str:
    """The recording's id; the worker makes it. Raises CannotBeCopied, UserNotFound, OwnerMayNotHost."""
    _check_room(settings, wanted.file)
    upload = _begin(database, wanted)
    path = upload_path(settings.uploads_folder, upload.id)
    try:
        _copy(wanted.file, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        with database.session() as transaction:
            uploads.remove(transaction, transaction.get_one(Upload, upload.id))
        raise CannotBeCopied(f"{wanted.file} cannot be copied into the storage: {error}") from error
    with database.session() as transaction:
        uploads.prepare(transaction, transaction.get_one(Upload, upload.id), path)
    return upload.session_id


def _check_room(settings: Settings, file: Path) -> None:
    try:
        settings.uploads_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fits = has_room(settings.uploads_folder, file.stat().st_size, settings.disk_floor_bytes)
    except OSError as error:
        raise CannotBeCopied(f"{file} cannot be copied into the storage: {error}") from error
    if not fits:
        raise CannotBeCopied(f"too little disk is free for {file}")


def _begin(database: Database, wanted: Wanted) -> Upload:
    with database.session() as transaction:
        owner = user_of(transaction, wanted.owner) if wanted.owner is not None else None
        if owner is not None and not hosts(owner):
            raise OwnerMayNotHost(f"{owner.user_id} is a {owner.role}, who may not hold lectures")
        organization_id = owner.organization_id if owner is not None else default_organization(transaction).id
        owner_id = owner.id if owner is not None else None
        room = uploads_room(transaction, organization_id, owner_id)
        new = NewRecording(
            room_id=room.id,
            organization_id=organization_id,
            title=wanted.title,
            lecturer=owner.display_name if owner is not None else "",
            language=wanted.language,
            visibility=wanted.visibility,
        )
        filename, size = one_line(wanted.file.name), wanted.file.stat().st_size
        begun = uploads.begin(
            transaction, new, owner_id=owner_id, filename=filename, size=size, now=utc_now()
        )
        note_command(transaction, "recording.added", organization_id, begun.session_id)
        return begun


def _copy(source: Path, destination: Path) -> None:
    create(destination)
    shutil.copyfile(source, destination)
    with open(destination, "rb") as file:
        os.fsync(file.fileno())
