"""Each trouble is provoked for real: mail and webhook hear of it once, in time, and of its end once.

Looks are a second apart here and 30 s in an installation; what counts is in looks and attempts. `make test`
has those that stand for the others, `make faults` has all.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from library.alarms import raise_alarm
from library.database import utc_now
from operation.certificate import make_certificate, write_certificate
from operation.health.live_chain import CPU_SECONDS
from people.intrusion_signs import Seen, Sign, add
from tests.end_to_end.archive import database_of
from tests.faults import FULL
from tests.installation import Installation, wait_for
from tests.mail_server import MailServer, running_mail_server
from tests.webhook_server import (
    SECRET,
    TimeServer,
    WebhookServer,
    running_time_server,
    running_webhook_server,
)

LOOK_SECONDS = 1.0
# A look within 30 s, at most 12 s for it, 10 s for a mail: told in 60 s. Here a busy machine has time enough.
WITHIN_SECONDS = 60.0
TO = "admin@example.jp"


@dataclass
class Watched:
    installation: Installation
    mail: MailServer
    hook: WebhookServer
    time: TimeServer

    def told(self, kind: str, event: str, seconds: float = WITHIN_SECONDS) -> float:
        """Wait until both have it → when the webhook had it."""
        posted = wait_for(f"{event} of {kind}", lambda: self.hook.of(kind, event), seconds)
        word = {"trouble": "障害", "recovery": "復旧"}[event]
        wait_for(f"mail of {event} of {kind}", lambda: self._mails(word, posted[0].values["title"]), seconds)
        return posted[0].at

    def counts(self, kind: str) -> tuple[int, int]:
        return len(self.hook.of(kind, "trouble")), len(self.hook.of(kind, "recovery"))

    def _mails(self, word: str, title: str) -> list[str]:
        texts = [one.text for one in self.mail.taken]
        return [text for text in texts if word in text and title in text]


@contextmanager
def watched(folder: Path, **settings: str) -> Iterator[Watched]:
    with ExitStack() as stack:
        mail = stack.enter_context(running_mail_server())
        hook = stack.enter_context(running_webhook_server())
        clock = stack.enter_context(running_time_server())
        made = Installation(
            folder,
            KODO_CHECK_SECONDS=str(LOOK_SECONDS),
            KODO_SMTP_URL=mail.url,
            KODO_MAIL_FROM="Kodo <kodo@example.jp>",
            KODO_ALARM_MAIL=TO,
            KODO_ALARM_WEBHOOK=hook.url,
            KODO_ALARM_WEBHOOK_SECRET=SECRET,
            KODO_NTP_SERVER=f"127.0.0.1:{clock.port}",
            **settings,
        )
        try:
            made.start()
            yield Watched(made, mail, hook, clock)
        finally:
            made.stop()
            print(made.log()[-6000:])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("alarms")
    chain = "yes" if FULL else "no"  # a second of the processor for each
    disk = _small_disk(folder / "storage") if FULL and os.geteuid() == 0 else False
    try:
        with watched(folder, KODO_LIVE_PROBE=chain, KODO_DISK_FLOOR="24M" if disk else "1M") as made:
            yield made
    finally:
        if disk:
            subprocess.run(["umount", "-l", str(folder / "storage")], check=True)


def _small_disk(storage: Path) -> bool:
    storage.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=96M", "kodo-alarms", str(storage)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


Act = Callable[[Watched], None]


def _kill(name: str) -> Act:
    def kill(stage: Watched) -> None:
        stage.installation.kill(name)

    return kill


def _signal(name: str, number: signal.Signals) -> Act:
    def send(stage: Watched) -> None:
        pid = stage.installation.pid(name)
        assert pid is not None
        os.kill(pid, number)

    return send


def _move_database(stage: Watched, *, back: bool) -> None:
    names = ("kodo.db", "kodo.away")
    source, target = (stage.installation.storage / name for name in (reversed(names) if back else names))
    os.rename(source, target)


def _set_clock(seconds: float) -> Act:
    return lambda stage: setattr(stage.time, "ahead", seconds)


def _fill(stage: Watched) -> None:
    """Down to a little above the floor: there is time to do something."""
    storage = stage.installation.storage
    usage = os.statvfs(storage)
    size = usage.f_bavail * usage.f_frsize - (27 << 20)
    with open(storage / "filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, size)


def _empty(stage: Watched) -> None:
    (stage.installation.storage / "filler").unlink()


def _forge(stage: Watched) -> None:
    database = database_of(stage.installation)
    try:
        with database.session() as transaction:
            add(transaction, [Seen(Sign.PUBLISH_TOKEN, "192.0.2.7", "algebra", 25)], utc_now())
    finally:
        database.close()


def _fail_a_backup(stage: Watched) -> None:
    """As its job does."""
    database = database_of(stage.installation)
    try:
        with database.session() as transaction:
            raise_alarm(transaction, "backup.failed", details={"error": "no room"})
    finally:
        database.close()


def _nothing(_: Watched) -> None:
    return


NEVER_OVER_HERE = {"intrusion.publish_token", "backup.failed"}  # not while a test waits
TROUBLES: dict[str, tuple[str, Act, Act]] = {
    "a worker that is killed": ("health.worker", _kill("worker"), _nothing),
    "a clock that is off": ("health.clock", _set_clock(90.0), _set_clock(0.0)),
    "a database that is away": (
        "health.database",
        lambda stage: _move_database(stage, back=False),
        lambda stage: _move_database(stage, back=True),
    ),
    "forged keys": ("intrusion.publish_token", _forge, _nothing),
    "a backup that failed": ("backup.failed", _fail_a_backup, _nothing),
}
IN_FULL: dict[str, tuple[str, Act, Act]] = {
    "a recorder that is killed": ("health.recorder", _kill("recorder"), _nothing),
    "a web process that is halted": (
        "health.web",
        _signal("web", signal.SIGSTOP),
        _signal("web", signal.SIGCONT),
    ),
    "a disk that fills": ("health.disk", _fill, _empty),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trouble", [*TROUBLES, *(IN_FULL if FULL else ())])
def test_trouble_is_told_once_and_its_end_once(stage: Watched, trouble: str, capsys) -> None:
    kind, provoke, mend = (TROUBLES | IN_FULL)[trouble]
    if kind == "health.disk" and not os.path.ismount(stage.installation.storage):
        pytest.skip("mounting a small file system needs root")
    wait_for("a look that is good", lambda: not stage.hook.of(kind, "trouble") and _is_looking(stage))
    began = time.monotonic()
    provoke(stage)
    told_after = stage.told(kind, "trouble") - began
    for _ in range(2):
        looks = _looks(stage)
        wait_for("one more look", lambda seen=looks: _looks(stage) != seen)
    assert stage.counts(kind)[0] == 1, "once"
    mend(stage)
    over = ""
    if kind not in NEVER_OVER_HERE:
        mended = time.monotonic()
        over = f", its end {max(0.0, stage.told(kind, 'recovery') - mended):.1f} s"
        assert stage.counts(kind) == (1, 1)
    assert all(one.is_genuine for one in stage.hook.posted)
    assert all(one.to == [TO] for one in stage.mail.taken)
    with capsys.disabled():
        print(f"\n{trouble}: told after {told_after:.1f} s{over}, looks each {LOOK_SECONDS:g} s")


@pytest.mark.timeout(120)
def test_a_synthetic_lecture_goes_round_and_leaves_nothing(stage: Watched, capsys) -> None:
    told = json.loads(stage.installation.run("probe"))
    assert told["state"] == "good", told
    assert told["cpu_seconds"] < CPU_SECONDS
    storage = stage.installation.storage
    # The watching process may be at one itself.
    wait_for(
        "its folder to be gone", lambda: not [one for one in (storage / "sessions").iterdir() if one.is_dir()]
    )
    with sqlite3.connect(f"file:{storage / 'kodo.db'}?mode=ro", uri=True) as database:
        for table in ("sessions", "rooms", "jobs", "events"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    with capsys.disabled():
        print(f"\nlive chain: read back after {told['seconds']} s, {told['cpu_seconds']} s of CPU")


@pytest.mark.timeout(300)
@pytest.mark.full
def test_the_supervisors_death_is_told_by_what_outlives_it_and_its_return_too(tmp_path: Path) -> None:
    with watched(tmp_path, KODO_LIVE_PROBE="no") as stage:
        wait_for("a look", lambda: _looks(stage))
        stage.mail.busy.add(TO)  # the mail server does not take it just now
        os.kill(stage.installation.supervisor_pid, signal.SIGKILL)
        posted = wait_for("trouble", lambda: stage.hook.of("health.supervisor", "trouble"), WITHIN_SECONDS)
        assert posted[0].values["details"]["reason"] == "gone"
        wait_for("the last process to end", lambda: "app.py" not in _processes(stage.installation), 30)
        stage.mail.busy.clear()
        stage.installation.start()
        stage.told("health.supervisor", "trouble")  # by mail, too, now that there is one
        stage.told("health.supervisor", "recovery")
        assert stage.counts("health.supervisor") == (1, 1)
        stage.installation.stop()
        stage.installation.start()
        looks = _looks(stage)
        wait_for("a look after a proper end", lambda: _looks(stage) != looks)
        assert stage.counts("health.supervisor") == (1, 1), "to be stopped is no trouble"


@pytest.mark.skipif(not FULL, reason="in make faults")
@pytest.mark.timeout(300)
def test_a_certificate_that_ends_soon_is_told_in_time(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old = make_certificate(["localhost"], now - timedelta(days=390))
    chain, key, _ = write_certificate(old, tmp_path / "tls")
    settings = {"KODO_TLS_CERTIFICATE": str(chain), "KODO_TLS_KEY": str(key), "KODO_LIVE_PROBE": "no"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Installation, "_is_ready", lambda self: "Kodo is ready" in self.log())
        with watched(tmp_path, **settings) as stage:
            stage.told("health.certificate", "trouble")
            assert stage.hook.of("health.certificate", "trouble")[0].values["details"]["days"] < 14


def _looks(stage: Watched) -> int:
    """A number that differs after each look."""
    try:
        return os.stat(stage.installation.storage / "health" / "state.json").st_mtime_ns
    except OSError:
        return 0


def _is_looking(stage: Watched) -> bool:
    return _looks(stage) > 0


def _processes(installation: Installation) -> str:
    found = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    return "\n".join(line for line in found.splitlines() if f"--parent {installation.supervisor_pid}" in line)
