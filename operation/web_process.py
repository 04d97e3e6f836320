"""The web process, put together: every service once, each opened and closed by the front.

`run` is `app.py web`. One event loop serves the front; Flask, the feed, adoption and the access book have
threads of their own. SIGTERM lets held requests go and returns.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Mapping
from functools import partial

import uvloop

from broadcast import room_trash
from broadcast.access import AccessBook
from broadcast.adoption import SessionAdopter
from broadcast.asgi import Scope
from broadcast.event_feed import EventFeed
from broadcast.event_log import EventLog
from broadcast.front import Front
from broadcast.hint_client import HintClient, HintListener
from broadcast.known_rooms import KnownRooms, rooms_in
from broadcast.live_answers import LiveAnswers
from broadcast.live_poster import LivePosters
from broadcast.live_windows import LiveWindows
from broadcast.recorder_client import RecorderClient
from broadcast.recording_access import RecordingBook, changes_in
from broadcast.request_counts import RequestCounts
from broadcast.services import WebServices
from broadcast.session_directory import SessionDirectory
from broadcast.upload_expiry import UploadExpiry
from broadcast.usage_log import UsageLog
from broadcast.viewers import ViewerCounts
from broadcast.web_app import create_app
from library.backup_place import is_set_up
from library.backup_schedule import BackupCare
from library.database import Database, open_database
from library.object_care import ObjectCare
from library.removal_care import RemovalCare
from library.secret_key import installation_secret
from library.usage_totals import UsageCare
from operation import backup_run, object_jobs
from operation.access_log import AccessLog
from operation.far_reader import far_reader_of_viewers, note_damage
from operation.open_files import warn_if_few
from operation.web_server import serve
from people.entry import Entry
from people.intrusion_signs import Sign, SignCounter
from people.request_address import HEADER, address_behind
from settings import Settings


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT → exit code."""
    warn_if_few()
    uvloop.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = open_database(settings.database_url)
    try:
        front = build_front(settings, database)
        await front.open()
        _rest_the_collector()
        try:
            await serve(AccessLog(front, settings.trusted_proxies), settings, stop)
        finally:
            await front.close()
    finally:
        database.close()


def _rest_the_collector() -> None:
    """Held requests are many and long: walking them all each 700 allocations cost 7 to 17 % of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def build_front(settings: Settings, database: Database) -> Front:
    """The web process's application over an open database; not opened yet."""
    secret = installation_secret(settings.storage)
    far = far_reader_of_viewers(settings, lambda place: note_damage(database, place))
    windows = LiveWindows(settings.session_roots, settings.part_seconds, far=far)
    recordings = RecordingBook(changes_in(database))
    book = AccessBook(
        secret, lambda: rooms_in(database), memory=KnownRooms(settings.storage), recordings=recordings
    )
    listeners: list[HintListener] = [windows.on_hint]
    hints = HintClient(settings.hint_socket, listeners)
    log = EventLog(database)
    feed = EventFeed(log, hints.tell)
    directory = SessionDirectory(settings, database)
    viewers = ViewerCounts(settings.beacon_seconds, log, feed.announce, hints.tell)
    usage = UsageLog(database)
    adopter = SessionAdopter(
        database,
        log,
        feed.announce,
        directory,
        safety_days=settings.safety_days,
        roots=settings.session_roots,
    )
    expiry = UploadExpiry(settings, database)
    care = ObjectCare(
        database, copies=settings.objects is not None, disk_is_low=lambda: object_jobs.disk_is_low(settings)
    )
    removal = RemovalCare(database, rooms=partial(room_trash.empty_due, settings, database))
    listeners += [_batch_listener(feed), _access_listener(book), adopter.on_hint, viewers.on_hint]
    signs = SignCounter(database)
    entry = Entry(database)
    services = WebServices(
        settings=settings,
        database=database,
        secret=secret,
        recorder=RecorderClient(settings.recorder_socket),
        access=book,
        directory=directory,
        viewers=viewers,
        usage=usage,
        event_log=log,
        announce=feed.announce,
        tell=hints.tell,
        posters=LivePosters(windows),
        far=far,
        signs=signs,
        entry=entry,
    )
    answers = LiveAnswers(windows, book)
    app = create_app(services, answers, feed)
    backups = BackupCare(
        database, settings.backup_time if is_set_up(settings) else None, tell_late=backup_run.tell_late
    )
    counts = RequestCounts(settings.storage / "run")
    looks = (expiry, care, removal, backups, UsageCare(database))
    background = (counts, far, entry, book, hints, feed, viewers, usage, adopter, signs, *looks)
    return Front(
        app,
        answers,
        windows,
        feed=feed,
        background=background,
        far=far,
        counts=counts,
        on_forged=_counter_of_forged(signs, settings),
    )


def _counter_of_forged(signs: SignCounter, settings: Settings) -> Callable[[Scope], None]:
    """Of media requests, which Flask does not see."""

    def count(scope: Scope) -> None:
        peer = scope["client"][0] if scope.get("client") else ""
        name = HEADER.lower().encode()
        told = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
        signs.saw(Sign.MEDIA_TOKEN, address_behind(peer, told, settings.trusted_proxies))

    return count


def _batch_listener(feed: EventFeed) -> HintListener:
    def listen(hint: Mapping[str, object]) -> None:
        if hint.get("kind") == "batch":
            feed.on_hint(str(hint.get("room")))

    return listen


def _access_listener(book: AccessBook) -> HintListener:
    def listen(hint: Mapping[str, object]) -> None:
        if hint.get("kind") == "access":
            book.wake()

    return listen
