"""Kodo's command line: `app.py` alone serves everything; each process and each act also has a command.

Parses, wires, and turns errors into exit codes: 0 done, 1 failed, 2 wrong use (or a wrong setting).
The only module that knows every package; imported by none. Imports wait until a command needs them,
so that the supervisor and the recorder stay small and start at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from operation import log_redaction, logging_setup, open_files
from operation.supervisor.parent_death import die_with_parent
from settings import Settings, SettingsError, secret_values

Command = Callable[[argparse.Namespace], int]

JOB_STATES = ("waiting", "running", "done", "failed", "cancelled")
ROLES = ("viewer", "lecturer", "admin", "operator")
VISIBILITIES = ("private", "unlisted", "organization", "public")
RECORDING_RULES = ("always", "choice", "off")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command → exit code."""
    parsed = _parser().parse_args(arguments)
    if parsed.parent:
        die_with_parent(parsed.parent)
    os.umask(0o027)
    open_files.raise_limit()
    command: Command = parsed.command
    try:
        return command(parsed)
    except SettingsError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 1


@contextmanager
def _loading() -> Iterator[None]:
    """Of a process's modules, which leave no garbage: without looking for it they load in 4/5 of the time."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def _serve_all(_: argparse.Namespace) -> int:
    settings = _settings()
    from operation.serving import serve_all

    return serve_all(settings)


def _recorder(_: argparse.Namespace) -> int:
    settings = _settings_of_process("recorder")
    with _loading():
        from recorder import server
    try:
        server.run(settings)
    except server.AlreadyRunning as error:
        return _failed(error)
    return 0


def _web(_: argparse.Namespace) -> int:
    settings = _settings_of_process("web")
    with _loading():
        from operation.web_process import run
    return run(settings)


def _worker(_: argparse.Namespace) -> int:
    settings = _settings_of_process("worker")
    with _loading():
        from operation.worker_process import run
    return run(settings)


def _watch(_: argparse.Namespace) -> int:
    settings = _settings_of_process("watch")
    with _loading():
        from operation.health.watch_process import run
    return run(settings)


def _probe(_: argparse.Namespace) -> int:
    settings = _settings_of_process("probe")
    from operation.health.live_chain import run

    return run(settings)


def _job_run(parsed: argparse.Namespace) -> int:
    settings = _settings_of_process("job")
    from operation.worker_process import run_job

    return run_job(settings, parsed.id)


def _cert(parsed: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from operation.certificate import InvalidName, make_certificate, write_certificate

    try:
        certificate, key, authority = write_certificate(
            make_certificate(parsed.names, datetime.now(UTC)), parsed.out
        )
    except (InvalidName, OSError) as error:
        return _failed(error)
    print(f"KODO_TLS_CERTIFICATE={certificate.absolute()}")
    print(f"KODO_TLS_KEY={key.absolute()}")
    print(f"Let the devices that try it trust {authority.absolute()}", file=sys.stderr)
    return 0


def _logs(parsed: argparse.Namespace) -> int:
    settings = _settings()
    from operation import log_commands

    known = log_commands.names(settings.logs_folder)
    if parsed.name not in known:
        print(f"app.py logs: there are {', '.join(known) or 'none'}", file=sys.stderr)
        return 1
    log_commands.show(
        settings.logs_folder,
        parsed.name,
        lines=parsed.lines,
        level=parsed.level,
        words=parsed.words,
        follow=parsed.follow,
    )
    return 0


def _administer(name: str) -> Command:
    """A command of `start_up` or `administration`, with its errors told in one line."""

    def run(parsed: argparse.Namespace) -> int:
        settings = _settings()
        logging_setup.configure(name, "WARNING", _log_folder(settings), file="command")
        command, errors = _command(name)
        from library.database import DatabaseUrlError
        from operation.wrong_use import WrongUse

        try:
            command(settings, parsed)
        except WrongUse as error:
            print(f"app.py {name}: {error}", file=sys.stderr)
            return 2
        except DatabaseUrlError as error:
            raise SettingsError("KODO_DATABASE_URL", str(error)) from error
        except errors as error:
            return _failed(error)
        return 0

    return run


def _command(
    name: str,
) -> tuple[Callable[[Settings, argparse.Namespace], None], tuple[type[Exception], ...]]:
    """What it does, and its errors."""
    from operation import start_up

    if name in start_up.COMMANDS:
        return start_up.COMMANDS[name], start_up.ERRORS
    from operation import administration

    return administration.COMMANDS[name], administration.ERRORS


def _settings() -> Settings:
    settings = Settings.from_environment(os.environ)
    log_redaction.hide(secret_values(os.environ))
    return settings


def _settings_of_process(name: str) -> Settings:
    settings = _settings()
    logging_setup.configure(name, settings.log_level, _log_folder(settings))
    return settings


def _log_folder(settings: Settings) -> logging_setup.LogFolder:
    return logging_setup.LogFolder(settings.logs_folder, settings.log_bytes)


def _failed(error: BaseException) -> int:
    print(f"app.py: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py", description="Kodo: broadcast, record and replay lectures."
    )
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)  # end when this process ends
    parser.set_defaults(command=_serve_all)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands (none: serve everything)")
    _add(commands, "web", _web, "serve pages, API and media")
    _add(commands, "recorder", _recorder, "receive and record lectures")
    _add(commands, "worker", _worker, "do heavy work, such as MP4 files")
    _add(commands, "watch", _watch, "look whether all is well, and tell the people named")
    _add(commands, "probe", _probe, "try the live chain once, from publisher to viewer")
    migrate = _add(commands, "migrate", _administer("migrate"), "bring the database to this version")
    migrate.add_argument("--new-database", action="store_true", help="begin anew where the old one is gone")
    migrate.add_argument("--without-backup", action="store_true", help="make no backup before it changes")
    _add(commands, "setup-link", _administer("setup-link"), "print a link that makes the first admin")
    _add_people(commands)
    cert = _add(commands, "cert", _cert, "make a TLS certificate to try Kodo in a LAN")
    cert.add_argument("names", metavar="NAME", nargs="+", help="host name or IP address")
    cert.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("certificate"), help="folder to write to"
    )
    logs = _add(commands, "logs", _logs, "show a log: web, recorder, worker, security, access, …")
    logs.add_argument("name", metavar="LOG")
    logs.add_argument("--lines", type=int, default=100, help="the last so many (default: 100)")
    logs.add_argument("--level", choices=("debug", "info", "warning", "error"), default="debug")
    logs.add_argument("--words", default="", help="only lines with these in them")
    logs.add_argument("--follow", action="store_true", help="go on with what comes")
    _add_jobs(commands)
    _add_library(commands)
    _add_backups(commands)
    _add_audit(commands)
    objects = _add_group(commands, "objects", "files of recordings, on the disk and in a bucket")
    verify = _add(objects, "verify", _administer("objects verify"), "read them all, name the damaged ones")
    verify.add_argument("--json", action="store_true")
    move = _add(objects, "move", _administer("objects move"), "move recordings from the disk into the bucket")
    move.add_argument("id", metavar="ID", nargs="+", help="of the recording")
    home = _add(objects, "home", _administer("objects home"), "bring recordings back to the disk")
    home.add_argument("id", metavar="ID", nargs="+", help="of the recording")
    return parser


def _add_jobs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    jobs = _add_group(commands, "jobs", "heavy work, such as MP4 files", aliases=["job"])
    listing = _add(jobs, "list", _administer("jobs list"), "list them, the newest first")
    listing.add_argument("--state", action="append", choices=JOB_STATES, help="only these; may be repeated")
    listing.add_argument("--limit", type=int, default=1000, help="at most so many (default: 1000)")
    listing.add_argument("--json", action="store_true")
    wait = _add(jobs, "wait", _administer("jobs wait"), "wait until all are done, or those that IDs name")
    wait.add_argument("id", metavar="ID", nargs="*", help="of a job or of its session")
    wait.add_argument("--timeout", type=float, metavar="SECONDS", help="give up then (exit code 1)")
    cancel = _add(jobs, "cancel", _administer("jobs cancel"), "stop jobs that wait or run")
    cancel.add_argument("id", metavar="ID", nargs="+", help="of a job or of its session")
    retry = _add(jobs, "retry", _administer("jobs retry"), "do again what failed, or what an ID names")
    retry.add_argument("id", metavar="ID", nargs="?", help="of the job or of its session")
    run = _add(jobs, "run", _job_run, "do it in this process (started by the worker)")
    run.add_argument("id", metavar="ID")


def _add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = _add_group(commands, "audit", "who did what, when and from where")
    verify = _add(audit, "verify", _administer("audit verify"), "check that no row was changed or taken out")
    verify.add_argument("--seen", metavar="NUMBER:HASH", help="what it printed before: must still be there")
    verify.add_argument("--json", action="store_true")
    _add(audit, "export", _administer("audit export"), "print all of it as CSV, the newest first")


def _add_library(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    library = _add_group(commands, "library", "recordings that were no lectures here")
    add = _add(library, "add", _administer("library add"), "have a file made a recording; returns at once")
    add.add_argument("file", metavar="FILE", type=Path)
    add.add_argument("--title", help="what it is called (default: as the file is)")
    add.add_argument("--lang", metavar="TAG", help="language of the lecture, such as ja")
    add.add_argument("--visibility", choices=VISIBILITIES, default="private", help="default: private")
    add.add_argument("--owner", metavar="USERID", help="who may edit it besides admins (default: nobody)")
    add.add_argument("--json", action="store_true")


def _add_backups(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    backup = _add_group(commands, "backup", "everything, again and again, in another place")
    run = _add(backup, "run", _administer("backup run"), "make a generation now")
    run.add_argument("--new-place", action="store_true", help="another place than last time is meant")
    listing = _add(backup, "list", _administer("backup list"), "list the generations, the newest first")
    verify = _add(backup, "verify", _administer("backup verify"), "read them all, name what is damaged")
    verify.add_argument("generation", metavar="GENERATION", nargs="?", help="only this one")
    restore = _add(
        backup, "restore", _administer("backup restore"), "get everything, a recording or a room back"
    )
    restore.add_argument("generation", metavar="GENERATION", help="its name, or latest")
    restore.add_argument("--to", metavar="FOLDER", type=Path, help="empty; a new storage, to be served")
    restore.add_argument(
        "--recording", metavar="ID", help="only this one; without --to it comes back into what runs, by a job"
    )
    restore.add_argument(
        "--room", metavar="SLUG", help="only this room, with its recordings; without --to by a job, as above"
    )
    restore.add_argument("--as", dest="slug", metavar="SLUG", help="the room's address from now on")
    restore.add_argument("--owner", metavar="USERID", help="whose room it is to be, if its owner is no more")
    drill = _add(
        backup, "drill", _administer("backup drill"), "restore all into a scratch folder, and play it"
    )
    drill.add_argument("generation", metavar="GENERATION", nargs="?", help="its name (default: the newest)")
    for one in (run, listing, verify, restore, drill):
        one.add_argument("--json", action="store_true")
    key = _add(backup, "key", _administer("backup key"), "make a key that backups are encrypted with")
    key.add_argument("file", metavar="FILE", type=Path)


def _add_people(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    user = _add_group(commands, "user", "accounts")
    add = _add(user, "add", _administer("user add"), "add an account")
    add.add_argument("user_id", metavar="USERID")
    add.add_argument("--role", choices=ROLES, required=True)
    add.add_argument("--name", help="name that others see (default: the user ID)")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    _add_user_changes(user)
    erase = _add(user, "erase", _administer("user erase"), "remove a person's data for good")
    erase.add_argument("user_id", metavar="USERID")
    erase.add_argument(
        "--lectures",
        choices=("keep", "remove"),
        required=True,
        help="keep: they stay, under --name; remove: they are deleted",
    )
    erase.add_argument("--name", default="Former lecturer", help="what stands in place of theirs")
    erase.add_argument("--yes", action="store_true", help="do it; without, it only says what would happen")
    room = _add_group(commands, "room", "rooms and their stream keys")
    add = _add(room, "add", _administer("room add"), "add a room")
    add.add_argument("slug", metavar="SLUG")
    add.add_argument("--owner", metavar="USERID", required=True)
    add.add_argument("--title")
    _add(room, "list", _administer("room list"), "list all rooms").add_argument("--json", action="store_true")
    key = _add(room, "key", _administer("room key"), "make one more stream key; others stay valid")
    key.add_argument("slug", metavar="SLUG")
    key.add_argument("--json", action="store_true")
    _add(
        room, "remove", _administer("room remove"), "move a room and its recordings to the trash, for 30 days"
    ).add_argument("slug", metavar="SLUG")
    _add_tokens(commands)
    _add_organizations(commands)
    _add_doors(commands)
    session = _add_group(commands, "session", "lectures under way")
    _add(session, "end", _administer("session end"), "end a room's lecture").add_argument(
        "slug", metavar="SLUG"
    )


def _add_user_changes(user: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    invite = _add(
        user, "invite", _administer("user invite"), "add an account, print a link that sets its password"
    )
    invite.add_argument("user_id", metavar="USERID")
    invite.add_argument("--role", choices=ROLES, required=True)
    invite.add_argument("--name", help="name that others see (default: the user ID)")
    invite.add_argument("--email", help="where a link for a new password may be mailed to")
    _add(user, "list", _administer("user list"), "list all accounts").add_argument(
        "--json", action="store_true"
    )
    role = _add(user, "role", _administer("user role"), "change what somebody may do")
    role.add_argument("user_id", metavar="USERID")
    role.add_argument("role", choices=ROLES)
    for name, meaning in (
        ("deactivate", "sign somebody out for good; their rooms and recordings stay"),
        ("activate", "let them in again"),
        ("reset-link", "print a link that sets a new password, once"),
    ):
        _add(user, name, _administer(f"user {name}"), meaning).add_argument("user_id", metavar="USERID")
    take_in = _add(user, "import", _administer("user import"), "add accounts from a CSV file, all or none")
    take_in.add_argument("file", metavar="FILE", type=Path, help="columns user_id, name, role, email")
    take_in.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _add_tokens(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    token = _add_group(commands, "token", "API tokens, with which programs act for a person")
    add = _add(token, "add", _administer("token add"), "make a token; it is shown this once")
    add.add_argument("user_id", metavar="USERID")
    add.add_argument("--label", default="command line", help="what it is for")
    add.add_argument("--json", action="store_true")
    tokens = _add(token, "list", _administer("token list"), "list all tokens")
    tokens.add_argument("--json", action="store_true")
    remove = _add(token, "remove", _administer("token remove"), "have a token open nothing any more")
    remove.add_argument("id", metavar="ID")


def _add_organizations(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    organization = _add_group(commands, "organization", "whether lectures are kept")
    listing = _add(organization, "list", _administer("organization list"), "list all organizations")
    listing.add_argument("--json", action="store_true")
    change = _add(organization, "set", _administer("organization set"), "change one")
    change.add_argument("slug", metavar="SLUG")
    change.add_argument(
        "--recording",
        choices=RECORDING_RULES,
        required=True,
        help="always: published; choice: as the lecturer says, else held for a while; off: nothing is kept",
    )


def _add_doors(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doors = _add_group(commands, "doors", "who is let in from where: an organization's allow and deny lists")
    listing = _add(doors, "list", _administer("doors list"), "print the rules")
    listing.add_argument("--json", action="store_true")
    add = _add(doors, "add", _administer("doors add"), "add rules")
    add.add_argument("effect", choices=["allow", "deny"])
    add.add_argument(
        "value", metavar="VALUE", nargs="*", help="a user ID, network, host name, or EFFECT,KIND,VALUE"
    )
    add.add_argument("--file", type=Path, help="values or CSV, a rule a line; - for standard input")
    add.add_argument("--replace", action="store_true", help="these are all rules from now on")
    remove = _add(doors, "remove", _administer("doors remove"), "take rules away")
    remove.add_argument("value", metavar="VALUE", nargs="+", help="as `doors list` prints it")
    clear = _add(doors, "clear", _administer("doors clear"), "take all rules away: nobody is kept out")
    attempt = _add(doors, "try", _administer("doors try"), "say whether somebody would get in, and why")
    attempt.add_argument("address", metavar="ADDRESS")
    attempt.add_argument("--user", metavar="USERID", help="default: somebody who is not signed in")
    for parser in (listing, add, remove, clear, attempt):
        parser.add_argument("--organization", metavar="SLUG", default="default", help="default: default")


def _add_group(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    meaning: str,
    aliases: Sequence[str] = (),
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    group = commands.add_parser(name, help=meaning, description=meaning, aliases=aliases)
    return group.add_subparsers(metavar="COMMAND", required=True)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: Command, meaning: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
