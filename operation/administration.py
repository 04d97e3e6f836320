"""What `app.py user`, `room`, `token`, `organization`, `doors`, `session`, `jobs`, `library`, `backup`
and `objects` do: print, raise typed errors.

Run in a short-lived process of their own, before the first start as well as while everything runs:
the database is brought to this version first.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from broadcast import erasure, room_keeping, room_trash
from broadcast.event_log import EventLog
from broadcast.recorder_client import RecorderClient, RecorderRefused, RecorderUnavailable
from library import object_moves, object_scan
from library.database import Database, DatabaseUnavailable, open_database, utc_now
from library.jobs import JobNotFound
from library.keeping import TRASH_TIME, RecordingRule
from library.object_store import ObjectStoreError
from library.object_stores import open_stores
from operation import (
    audit_commands,
    backup_commands,
    door_commands,
    job_commands,
    library_commands,
    start_up,
)
from operation.far_files import told_by_marker
from operation.recording_files import files_of
from operation.start_up import DatabaseMissing, prepare
from operation.wrong_use import WrongUse
from people import command_line, user_commands
from people.accounts import one_line, user_of
from people.models import Role
from people.rooms import room_of
from settings import Settings


class RecorderAbsent(Exception):
    """Nobody answers on the recorder's socket."""


class ObjectsDamaged(Exception):
    """Files of recordings are not what they were; they have been named on standard output."""


ERRORS = (
    *start_up.ERRORS,
    *backup_commands.ERRORS,
    *command_line.COMMAND_ERRORS,
    *user_commands.ERRORS,
    audit_commands.ChainBroken,
    *door_commands.ERRORS,
    erasure.StillLive,
    JobNotFound,
    job_commands.JobsNotDone,
    library_commands.CannotBeCopied,
    ObjectsDamaged,
    ObjectStoreError,
    RecorderAbsent,
    RecorderRefused,
    room_trash.RoomIsLive,
)


def _user_add(settings: Settings, parsed: argparse.Namespace) -> None:
    password = _password(parsed.password_stdin)
    with _database(settings) as database:
        command_line.add_user(database, parsed.user_id, Role(parsed.role), password, name=parsed.name)


def _user_invite(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        role, more = Role(parsed.role), {"name": parsed.name or "", "email": parsed.email or ""}
        print(user_commands.invite(database, settings.public_url, parsed.user_id, role, **more))


def _user_list(database: Database, parsed: argparse.Namespace) -> None:
    lines = user_commands.list_users(database)
    if parsed.json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
        return
    for line in lines:
        print(f"{line.user_id}\t{line.role}\t{line.state}\t{line.last_sign_in_at or '-'}\t{line.name}")


def _user_role(database: Database, parsed: argparse.Namespace) -> None:
    user_commands.change_role(database, parsed.user_id, Role(parsed.role))


def _user_deactivate(database: Database, parsed: argparse.Namespace) -> None:
    user_commands.set_active(database, parsed.user_id, active=False)


def _user_activate(database: Database, parsed: argparse.Namespace) -> None:
    user_commands.set_active(database, parsed.user_id, active=True)


def _user_reset_link(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        print(user_commands.reset_link(database, settings.public_url, parsed.user_id))


def _user_import(settings: Settings, parsed: argparse.Namespace) -> None:
    try:
        with _database(settings) as database:
            judged = user_commands.import_users(database, parsed.file, dry_run=parsed.dry_run)
    except OSError as error:
        raise WrongUse(f"{parsed.file}: {error.strerror}") from error
    print(f"{'would be ' if parsed.dry_run else ''}invited: {len(judged.new)}, there already: {judged.known}")


def _user_erase(settings: Settings, parsed: argparse.Namespace) -> None:
    """Says what would happen; with `--yes` it does."""
    with _database(settings) as database:
        with database.reading() as transaction:
            person = user_of(transaction, parsed.user_id)
            extent = erasure.extent(transaction, person)
        for name, count in asdict(extent).items():
            print(f"{name}: {count}")
        if not parsed.yes:
            print(f"Nothing was changed. With --yes {person.user_id} is erased; lectures: {parsed.lectures}.")
            return
        erasure.erase(
            settings, database, person, erasure.Lectures(parsed.lectures), name=one_line(parsed.name), by=None
        )
    print("erased")


def _room_add(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        room = command_line.add_room(database, parsed.slug, parsed.owner, title=parsed.title)
    print(command_line.room_url(settings, room.slug))


def _room_list(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        lines = command_line.list_rooms(database, settings)
    if parsed.json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
        return
    for line in lines:
        print(f"{line.slug}\t{line.access}\t{line.owner or '-'}\t{line.room_url}\t{line.title}")


def _room_remove(settings: Settings, parsed: argparse.Namespace) -> None:
    """Into the trash; the processes that run hear of it within a second."""
    with _database(settings) as database:
        with database.reading() as transaction:
            room = room_of(transaction, parsed.slug)
        room_trash.must_be_over(RecorderClient(settings.recorder_socket), room)
        with database.session() as transaction:
            room_trash.throw_away(transaction, room.id, utc_now())
            command_line.note_command(
                transaction, "room.deleted", room.organization_id, room.id, room=parsed.slug
            )
    print(f"{parsed.slug} is in the trash for {TRASH_TIME.days} days, with its recordings")


def _room_key(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        key = command_line.new_key(database, parsed.slug, settings)
    if parsed.json:
        print(json.dumps(key, indent=2))
        return
    for name, value in key.items():
        print(f"{name}: {value}")


def _token_add(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        token = command_line.add_token(database, parsed.user_id, parsed.label)
    print(json.dumps({"token": token}) if parsed.json else token)


def _token_list(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        lines = command_line.list_tokens(database)
    if parsed.json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
        return
    for line in lines:
        print(f"{line.id}\t{line.user}\t{line.label}\t{line.last_used_at or '-'}")


def _token_remove(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        command_line.remove_token(database, parsed.id)


def _organization_list(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        lines = command_line.list_organizations(database)
    if parsed.json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
        return
    for line in lines:
        print(f"{line.slug}\t{line.recording}\t{line.name}")


def _organization_set(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database, database.session() as transaction:
        organization = command_line.organization_of(transaction, parsed.slug)
        rule = RecordingRule(parsed.recording)
        change = {"from": organization.recording, "to": rule.value}
        command_line.note_command(
            transaction, "organization.recording", organization.id, organization.id, **change
        )
        room_keeping.set_rule(transaction, EventLog(database), organization, rule, settings.safety_days)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise WrongUse("no terminal to ask for the password: use --password-stdin")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise WrongUse("the two are not the same")
    return password


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    prepare(settings)
    database = open_database(settings.database_url)
    try:
        yield database
    finally:
        database.close()


def _session_end(settings: Settings, parsed: argparse.Namespace) -> None:
    """Straight to the recorder: it needs no database, so this works while that is away."""
    try:
        RecorderClient(settings.recorder_socket).end_session(parsed.slug, by="command line")
    except RecorderUnavailable as error:
        raise RecorderAbsent(f"no recorder answers for {settings.storage}: is Kodo running?") from error
    try:
        with _database(settings) as database, database.session() as transaction:
            command_line.note_command(transaction, "lecture.ended", None, parsed.slug)
    except (DatabaseMissing, DatabaseUnavailable) as error:
        print(f"app.py: it could not be noted in the audit log: {error}", file=sys.stderr)


def _with_database(
    command: Callable[[Database, argparse.Namespace], None],
) -> Callable[[Settings, argparse.Namespace], None]:
    def run(settings: Settings, parsed: argparse.Namespace) -> None:
        with _database(settings) as database:
            command(database, parsed)

    return run


def _with_both(
    command: Callable[[Database, Settings, argparse.Namespace], None],
) -> Callable[[Settings, argparse.Namespace], None]:
    def run(settings: Settings, parsed: argparse.Namespace) -> None:
        with _database(settings) as database:
            command(database, settings, parsed)

    return run


def _library_add(settings: Settings, parsed: argparse.Namespace) -> None:
    wanted = library_commands.checked(parsed)
    with _database(settings) as database:
        recording = library_commands.add(settings, database, wanted)
    print(json.dumps({"recording": recording}) if parsed.json else recording)


def _backup_restore(settings: Settings, parsed: argparse.Namespace) -> None:
    if (parsed.slug or parsed.owner) and (parsed.room is None or parsed.to is not None):
        raise WrongUse("--as and --owner are of a room that comes back here (--room, without --to)")
    if parsed.room is not None and parsed.recording is not None:
        raise WrongUse("a room has its recordings with it: either --room or --recording")
    if parsed.to is not None:
        backup_commands.restore(settings, parsed)
    elif parsed.room is not None:
        with _database(settings) as database:
            backup_commands.bring_room_back(database, parsed)
    elif parsed.recording is not None:
        with _database(settings) as database:
            backup_commands.bring_back(database, parsed)
    else:
        raise WrongUse(
            "name an empty folder (--to), or what is to come back here (--recording or --room): "
            "what runs is never written over"
        )


def _backup_run(settings: Settings, parsed: argparse.Namespace) -> None:
    with _database(settings) as database:
        backup_commands.run(settings, database, parsed)


def _objects_verify(settings: Settings, parsed: argparse.Namespace) -> None:
    """Reads everything now, beside whatever runs. Raises ObjectsDamaged."""
    with _database(settings) as database, open_stores(settings) as stores:
        scanned = object_scan.take_up_and_scan(
            database,
            stores,
            settings.storage,
            lambda one: files_of(settings, one),
            before=utc_now(),
            moved=told_by_marker(settings),
        )
    if parsed.json:
        print(json.dumps(asdict(scanned), indent=2))
    for one in () if parsed.json else (*scanned.mended, *scanned.damaged):
        print(f"{one.reason}\t{one.store}\t{one.key}\t{one.session or '-'}")
    if scanned.damaged:
        raise ObjectsDamaged(
            object_scan.summary(
                scanned.checked,
                mended=[one.key for one in scanned.mended],
                damaged=[one.key for one in scanned.damaged],
            )
        )


def _objects_move(database: Database, parsed: argparse.Namespace) -> None:
    """Orders the job, whatever the settings say of these recordings; prints its id."""
    with database.session() as session:
        job = object_moves.order(session, f"by-hand:{utc_now().isoformat()}", parsed.id)
        for one in parsed.id:
            command_line.note_command(session, "recording.moved", None, one)
    print(job.id)


def _objects_home(database: Database, parsed: argparse.Namespace) -> None:
    """Orders a job for each of these recordings; prints their ids."""
    with database.session() as session:
        ordered = [object_moves.order_home(session, one, utc_now()) for one in parsed.id]
        for one in parsed.id:
            command_line.note_command(session, "recording.brought_home", None, one)
    for job in ordered:
        print(job.id)


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "user add": _user_add,
    "user invite": _user_invite,
    "user list": _with_database(_user_list),
    "user role": _with_database(_user_role),
    "user deactivate": _with_database(_user_deactivate),
    "user activate": _with_database(_user_activate),
    "user reset-link": _user_reset_link,
    "user import": _user_import,
    "user erase": _user_erase,
    "room add": _room_add,
    "room list": _room_list,
    "room key": _room_key,
    "room remove": _room_remove,
    "token add": _token_add,
    "token list": _token_list,
    "token remove": _token_remove,
    "organization list": _organization_list,
    "organization set": _organization_set,
    "doors list": _with_database(door_commands.listing),
    "doors add": _with_both(door_commands.add),
    "doors remove": _with_both(door_commands.remove),
    "doors clear": _with_database(door_commands.clear),
    "doors try": _with_database(door_commands.attempt),
    "session end": _session_end,
    "jobs list": _with_database(job_commands.list_jobs),
    "jobs wait": _with_database(job_commands.wait),
    "jobs cancel": _with_database(job_commands.cancel),
    "jobs retry": _with_database(job_commands.retry),
    "audit verify": _with_database(audit_commands.verify),
    "audit export": _with_database(audit_commands.export),
    "library add": _library_add,
    "backup run": _backup_run,
    "backup list": backup_commands.list_generations,
    "backup verify": backup_commands.verify,
    "backup restore": _backup_restore,
    "backup drill": backup_commands.drill,
    "backup key": backup_commands.key,
    "objects verify": _objects_verify,
    "objects move": _with_database(_objects_move),
    "objects home": _with_database(_objects_home),
}
