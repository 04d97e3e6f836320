"""`/api/v1/backups`: how backups stand, making and checking them now, and bringing things back. JSON API.

Blueprint `backups`, in web threads, for operators. Whatever takes long is a job, which is cancelled as any.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from broadcast import backup_board
from broadcast.job_reasons import in_words
from broadcast.private_answer import private_answer
from broadcast.problems import Problem
from broadcast.services import services
from library import backup_look, backup_records, backup_schedule
from library.backup.errors import BackupError
from library.backup_place import is_set_up
from library.database import utc_now
from library.models import BackupGeneration, Job
from people.accounts import UnfitUserId, UserNotFound, hosts, user_of
from people.acts import note_act
from people.error_words import room_error
from people.rooms import SlugTaken, UnfitSlug, must_be_free
from recorder.log_folders import is_session_id
from settings import Settings

blueprint = APIBlueprint("backups", __name__, url_prefix="/api/v1", tag="Backups")

WHAT = (backup_records.BACKUP, backup_records.PROOF, backup_records.VERIFY, backup_records.DRILL)


class GenerationOut(Schema):
    generation = String(metadata={"description": "its name"})
    at = String()
    reason = String(metadata={"description": "daily, manual, migration"})
    objects = Integer()
    bytes = Integer(metadata={"description": "of all in it"})
    bytes_new = Integer(metadata={"description": "of what no earlier one had"})
    verified = Boolean(metadata={"description": "all that was new was read again"})


class BackupsOut(Schema):
    set_up = Boolean(metadata={"description": "whether there are backups at all"})
    target = String(metadata={"description": "folder, or s3://bucket/prefix"})
    encrypted = Boolean()
    same_disk = Boolean(metadata={"description": "one broken disk would take lectures and backups"})
    leaves_unencrypted = Boolean(metadata={"description": "in a bucket, and readable for who has that"})
    late = Boolean()
    next_at = String(allow_none=True)
    keep = Integer()
    results = Dict(metadata={"description": "the last backup, proof, verify, drill; null: none"})
    generations = List(Nested(GenerationOut), metadata={"description": "the newest first"})
    drill_bytes = Integer(metadata={"description": "free disk that a full drill needs"})
    jobs = List(Dict(), metadata={"description": "as in /jobs, with how, generation and recording"})


class OrderIn(Schema):
    what = String(required=True, validate=OneOf(WHAT))
    generation = String(load_default=None, allow_none=True, validate=Length(1, 100))


class RestoreIn(Schema):
    recording = String(load_default=None, validate=Length(1, 36))
    to = String(load_default=None, validate=Length(1, 1000))
    room = String(
        load_default=None,
        validate=Length(1, 64),
        metadata={"description": "its address then, of one that is gone for good"},
    )
    slug = String(
        load_default=None, validate=Length(1, 64), metadata={"description": "the room's from now on"}
    )
    owner = String(
        load_default=None,
        validate=Length(1, 64),
        metadata={"description": "user ID of whose the room is to be, where its owner is no more"},
    )


class OrderedOut(Schema):
    job = String(metadata={"description": "its id, for /jobs"})


class LookIn(Schema):
    q = String(load_default="", validate=Length(0, 200))
    generation = String(load_default=None, validate=Length(1, 100))


class KeptOut(Schema):
    id = String()
    title = String()
    lecturer = String()
    room = String()
    started_at = String()
    seconds = Float()
    generation = String()
    generation_at = String()
    gone = String(allow_none=True, metadata={"description": "trash or removed; null: it is there now, too"})


class KeptRoomOut(Schema):
    slug = String()
    title = String()
    owner = String(allow_none=True, metadata={"description": "user ID of whose it was"})
    owner_here = Boolean(metadata={"description": "it can be theirs again"})
    slug_free = Boolean(metadata={"description": "no other room has its address now"})
    recordings = Integer(metadata={"description": "that come back with it"})
    generation = String()
    generation_at = String()


class LookOut(Schema):
    recordings = List(Nested(KeptOut))
    rooms = List(Nested(KeptRoomOut), metadata={"description": "that are gone for good"})


@blueprint.get("/backups")
@blueprint.output(BackupsOut)
def get_backups() -> BaseResponse:
    """How backups stand, as they were looked at last; with an ETag to ask again by."""
    with services().database.reading() as transaction:
        return private_answer(backup_board.board(transaction, services().settings, utc_now()))


@blueprint.post("/backups")
@blueprint.input(OrderIn, location="json")
@blueprint.output(OrderedOut, status_code=202)
def order(json_data: dict[str, Any]) -> dict[str, Any]:
    """Make one now, prove or read one (None: all, or any), or restore one into scratch, by a job."""
    _must_be_set_up()
    what, name = json_data["what"], json_data["generation"]
    with services().database.session() as transaction:
        if name is not None:
            _generation(transaction, name)
        if what == backup_records.BACKUP:
            job = backup_schedule.open_job(transaction, backup_schedule.KIND)
            job = job or backup_schedule.order_backup(transaction, utc_now(), reason="manual")
        else:
            job = backup_schedule.order_check(transaction, utc_now(), what, generation=name)
        _note(transaction, "backup.ordered", name or "", what=what)
    return {"job": job.id}


@blueprint.get("/backups/recordings")
@blueprint.input(LookIn, location="query")
@blueprint.output(LookOut)
def look(query_data: dict[str, Any]) -> dict[str, Any]:
    """Recordings that a generation has, and rooms that are gone; without one, those recordings and rooms that
    were removed for good and can come back.
    """
    _must_be_set_up()
    words, name = query_data["q"], query_data["generation"]
    settings = services().settings
    with services().database.reading() as transaction:
        try:
            if name is not None:
                chosen = _generation(transaction, name)
                found = backup_look.recordings_in(settings, transaction, chosen, words=words)
                rooms = backup_look.rooms_gone_since(settings, transaction, chosen, words=words)
            else:
                found = backup_look.gone_now(settings, transaction, words=words)
                rooms = backup_look.rooms_gone(settings, transaction, words=words)
        except BackupError as error:
            raise Problem(503, _("Not available now"), in_words(_line(error))) from error
        told = [backup_board.room(transaction, one) for one in rooms]
    return {"recordings": [backup_board.recording(one) for one in found], "rooms": told}


@blueprint.post("/backups/<generation>/restore")
@blueprint.input(RestoreIn, location="json")
@blueprint.output(OrderedOut, status_code=202)
def restore(generation: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """One recording or room back into this installation, or everything into a new folder `to`, by a job."""
    _must_be_set_up()
    recording, to, room = json_data["recording"], json_data["to"], json_data["room"]
    if sum(one is not None for one in (recording, to, room)) != 1:
        raise Problem(422, _("Not accepted"), _("Name a recording, a room, or a new folder."))
    if recording is not None and not is_session_id(recording):
        raise Problem(422, _("Not accepted"), _("This backup does not have the recording."))
    if to is not None:
        _check_folder(services().settings, to)
    with services().database.session() as transaction:
        row = _generation(transaction, generation)
        what: dict[str, str | None] = {"recording": recording, "to": to}
        if room is not None:
            what = {name: json_data[name] for name in ("room", "slug", "owner")}
            _check_room(transaction, json_data["slug"] or room, json_data["owner"])
        job: Job = backup_schedule.order_restore(transaction, utc_now(), row.id, **what)
        told = {name: value for name, value in what.items() if name != "recording"}
        _note(transaction, "backup.restored", recording or room or "", generation=row.id, **told)
    return {"job": job.id}


def _check_room(transaction: Session, slug: str, owner: str | None) -> None:
    """What can be said before anybody looks into the backup. Raises Problem."""
    try:
        must_be_free(transaction, slug)
    except UnfitSlug as error:
        raise Problem(422, _("Not accepted"), room_error(error)) from error
    except SlugTaken as error:
        words = _("A room has this address, or one in the trash. Restore it there, or give another address.")
        raise Problem(409, _("Not accepted"), words) from error
    try:
        if owner is not None and not hosts(user_of(transaction, owner)):
            raise UserNotFound(owner)
    except (UnfitUserId, UserNotFound) as error:
        words = _("Nobody of this user ID may hold lectures.")
        raise Problem(422, _("Not accepted"), words) from error


def _check_folder(settings: Settings, name: str) -> None:
    """What runs is never written over, and nothing that is there."""
    to = Path(name)
    if not name.isprintable() or not to.is_absolute() or ".." in to.parts:
        raise Problem(
            422, _("Not accepted"), _("Give the whole path of a new folder, such as /srv/kodo-restored.")
        )
    own = (settings.storage, settings.backup_folder)
    if any(to.is_relative_to(one) or one.is_relative_to(to) for one in own):
        words = _(
            "Nothing is restored over what runs: a mistake could not be taken back. "
            "Choose a new folder, look whether all is there, then serve it."
        )
        raise Problem(409, _("Not accepted"), words)
    try:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise Problem(409, _("Not accepted"), _("This folder is not empty."))
        lies = to.parent.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, a folder that may not be looked into
        raise Problem(422, _("Not accepted"), _("This folder cannot be written to.")) from error
    if not lies:
        raise Problem(422, _("Not accepted"), _("The folder that it is to lie in is not there."))


def _generation(transaction: Session, name: str) -> BackupGeneration:
    row = transaction.get(BackupGeneration, name) if name.isprintable() else None
    if row is None:
        raise NotFound(_("There is no such backup."))
    return row


def _must_be_set_up() -> None:
    if not is_set_up(services().settings):
        raise Problem(409, _("Not possible now"), _("Backups are switched off (KODO_BACKUP)."))


def _note(transaction: Session, action: str, subject: str, **details: str | None) -> None:
    note_act(transaction, action, organization_id=None, subject=subject, details=details)


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
