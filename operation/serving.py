"""What `app.py` alone does: the processes of an installation and their order, under the supervisor.

The recorder waits for nothing, so that a lecture under way goes on at once; the migration is repeated
until the database is there; then come web, worker and the set-up link.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path

from operation import logging_setup
from operation.health.supervisor_report import SUPERVISOR_REPORT, write_report
from operation.supervisor.child import ChildSpec
from operation.supervisor.probes import listening_problem, unix_socket_answers, web_answers
from operation.supervisor.process_lock import AlreadyRunning, only_one
from operation.supervisor.supervisor import Supervisor
from settings import Settings, SettingsError, unknown_names

log = logging.getLogger(__name__)

APP = Path(__file__).resolve().parent.parent / "app.py"
RESTORING = ".kodo-restoring"  # `library.backup.restoring.MARKER`; this process loads no library
PORT_SECONDS = 5.0  # a web process whose supervisor was killed needs some to let go of the port


def serve_all(settings: Settings) -> int:
    """Serve until a signal → exit code. Raises SettingsError."""
    folder = logging_setup.LogFolder(settings.logs_folder, settings.log_bytes)
    logging_setup.configure("supervisor", settings.log_level, folder)
    for name in unknown_names(os.environ):
        log.warning("%s means nothing here: misspelt?", name)
    _check_storage(settings)
    try:
        with only_one(settings.storage / "run" / "supervisor.lock"):
            return _supervise(settings)
    except AlreadyRunning as error:
        return _refused(f"process {error.pid} serves {settings.storage} already")


def _supervise(settings: Settings) -> int:
    if problem := _port_problem(settings):
        return _refused(f"KODO_PORT: cannot listen on {settings.host} port {settings.port}: {problem}")
    with asyncio.Runner() as runner:
        return runner.run(_run_supervisor(settings))


async def _run_supervisor(settings: Settings) -> int:
    report_path = settings.storage / "run" / SUPERVISOR_REPORT
    supervisor = Supervisor(
        processes(settings), lambda: _say_ready(settings), lambda report: write_report(report_path, report)
    )
    return await supervisor.run()


def processes(settings: Settings) -> list[ChildSpec]:
    """The processes of an installation, with the order they start in."""
    tls = settings.tls_certificate is not None
    web_ready = web_answers(settings.host, settings.port, "/healthz", tls=tls)
    return [
        ChildSpec(
            "recorder",
            _command("recorder"),
            stage=0,
            ready=unix_socket_answers(settings.recorder_socket, "/status"),
            stop_seconds=10.0,
            longest_pause_seconds=2.0,
            healthy_seconds=5.0,
        ),
        # Before the database is there, for that it stays away is the first thing somebody must be told.
        ChildSpec("watch", _command("watch"), stage=0, dispensable=100, niceness=5),
        ChildSpec("migrate", _command("migrate"), stage=0, once=True, first_start_seconds=float("inf")),
        *(
            ChildSpec(
                name, _command("web"), stage=1, ready=web_ready, longest_pause_seconds=5.0, dispensable=200
            )
            for name in _web_names(settings.web_workers)
        ),
        ChildSpec("worker", _command("worker"), stage=1, stop_seconds=8.0, dispensable=500, niceness=10),
        ChildSpec("setup-link", _command("setup-link"), stage=1, once=True, first_start_seconds=float("inf")),
    ]


def _web_names(count: int) -> list[str]:
    return ["web"] if count == 1 else [f"web-{number}" for number in range(1, count + 1)]


def _command(name: str) -> tuple[str, ...]:
    return (sys.executable, str(APP), "--parent", str(os.getpid()), name)


def _check_storage(settings: Settings) -> None:
    if (settings.storage / RESTORING).exists():
        raise SettingsError(
            "KODO_STORAGE", f"{settings.storage} is half of a backup: the restore into it has to be finished"
        )
    try:
        settings.sessions_folder.mkdir(parents=True, exist_ok=True)
        (settings.storage / "run").mkdir(exist_ok=True)
    except OSError as error:
        raise SettingsError("KODO_STORAGE", f"{settings.storage}: {error.strerror}") from error
    if not os.access(settings.storage, os.W_OK | os.X_OK):
        raise SettingsError("KODO_STORAGE", f"{settings.storage} cannot be written to")


def _port_problem(settings: Settings) -> str | None:
    deadline = time.monotonic() + PORT_SECONDS
    while problem := listening_problem(settings.host, settings.port):
        if time.monotonic() > deadline:
            return problem
        time.sleep(0.1)
    return None


def _say_ready(settings: Settings) -> None:
    log.info("all processes are ready")
    print(f"Kodo is ready: {settings.public_url}", flush=True)
    if settings.host in ("0.0.0.0", "::") and not os.environ.get("KODO_PUBLIC_URL"):
        log.warning(
            "KODO_PUBLIC_URL is not set: links say %s, which is this machine only", settings.public_url
        )


def _refused(problem: str) -> int:
    print(f"app.py: {problem}", file=sys.stderr)
    return 1
