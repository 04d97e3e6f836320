"""The recorder process: one event loop that owns live rooms, the command socket and the hint hub.

Started by `app.py recorder`. No database is opened here, and nothing waits for another process.
SIGTERM closes the open part, suspends the live sessions and returns; the next recorder resumes them.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import uuid_utils
import uvloop

from recorder.command_server import CommandServer
from recorder.disk_space import DiskSpace
from recorder.hint_hub import HintHub
from recorder.live_rooms import LiveRooms
from recorder.live_session import SessionListener
from recorder.media import PartRecord
from recorder.session_opening import SessionOpener
from recorder.session_state import SessionState
from settings import Settings, SettingsError

log = logging.getLogger(__name__)

TICK_SECONDS = 1 / 30


class AlreadyRunning(RuntimeError):
    """Another recorder serves this storage."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises AlreadyRunning."""
    (settings.storage / "run").mkdir(parents=True, exist_ok=True)
    _make_own_folder(settings.socket_folder)
    with single_recorder(settings.storage / "run" / "recorder.lock"):
        uvloop.run(serve(settings))


def _make_own_folder(folder: Path) -> None:
    """Sockets may lie in a temporary folder that everybody can write to: only one of ours will do."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat = folder.lstat()
    if stat.st_uid != os.getuid() or stat.st_mode & 0o022:
        raise SettingsError("KODO_STORAGE", f"{folder}, which holds its sockets, belongs to somebody else")


async def serve(settings: Settings) -> None:
    """The recorder on the running loop, until a signal."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    epoch = str(uuid_utils.uuid7())
    async with AsyncExitStack() as stack:
        hub = HintHub()
        await hub.open(settings.hint_socket)
        stack.push_async_callback(hub.close)
        space = DiskSpace(settings)
        stack.callback(space.close)
        rooms = LiveRooms(settings, SessionOpener(settings, _listener(hub), epoch, space))
        await rooms.resume()
        stack.push_async_callback(rooms.close)
        commands = CommandServer(settings, rooms, epoch)
        await commands.open()
        stack.push_async_callback(commands.close)
        log.info("recorder %s is ready", epoch)
        await _tick_until(stopped, rooms, space)
    log.info("recorder stopped; live sessions go on when it is back")


async def _tick_until(stopped: asyncio.Event, rooms: LiveRooms, space: DiskSpace) -> None:
    next_tick = time.monotonic()
    while not stopped.is_set():
        rooms.tick()
        space.check()
        next_tick = max(next_tick + TICK_SECONDS, time.monotonic())
        try:
            await asyncio.wait_for(stopped.wait(), next_tick - time.monotonic())
        except TimeoutError:
            continue


def _listener(hub: HintHub) -> SessionListener:
    def on_part(state: SessionState, take: int, record: PartRecord) -> None:
        hub.tell(
            {
                "kind": "part",
                "session": state.session_id,
                "take": take,
                "segment": record.segment,
                "part": record.part,
            }
        )

    def on_state(state: SessionState) -> None:
        hub.tell(
            {
                "kind": "state",
                "session": state.session_id,
                "room": state.room_id,
                "version": state.version,
            }
        )

    return SessionListener(on_part=on_part, on_state=on_state)


@contextmanager
def single_recorder(lock_path: Path) -> Iterator[None]:
    """Hold the storage's recorder lock; it goes with the process, however that ends."""
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(f"another recorder (process {holder}) serves this storage") from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        os.close(descriptor)
