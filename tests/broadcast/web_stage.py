"""A whole web application over a real database and a real recorder process, driven by Flask's test client."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpSender
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broadcast.access import AccessBook
from broadcast.event_feed import EventFeed
from broadcast.event_log import EventLog
from broadcast.known_rooms import rooms_in
from broadcast.live_answers import LiveAnswers
from broadcast.live_poster import LivePosters
from broadcast.live_windows import LiveWindows
from broadcast.rate_limits import limiter
from broadcast.recorder_client import RecorderClient
from broadcast.recording_access import RecordingBook, changes_in
from broadcast.services import WebServices
from broadcast.session_directory import SessionDirectory
from broadcast.usage_log import UsageLog
from broadcast.viewers import ViewerCounts
from broadcast.web_app import create_app
from library.database import Database, open_database
from library.migration import migrate
from people.accounts import user_of
from people.command_line import add_room, add_user
from people.models import Role, Room, User
from people.rooms import room_of
from people.stream_keys import create_stream_key
from recorder.far_media import FarMedia
from settings import Settings
from tests.broadcast.kept_routes import keep_routes
from tests.broadcast.kept_templates import KeptTemplates
from tests.people.signed_in import sign_in_client

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
SECRET = b"s" * 32
TEMPLATES = KeptTemplates()
keep_routes()
SDP = "application/sdp"


def stage_settings(folder: Path, **environment: str) -> Settings:
    return Settings.from_environment(stage_environment(folder, **environment))


def stage_environment(folder: Path, **environment: str) -> dict[str, str]:
    return {
        "KODO_STORAGE": str(folder / "storage"),
        "KODO_SPILL_FOLDER": str(folder / "spill"),
        "KODO_PUBLIC_URL": "http://localhost:8000",
        "KODO_DISK_FLOOR": "16M",
        **environment,
    }


class RecorderProcess:
    """`app.py recorder` on the stage's storage."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.environment = stage_environment(folder, **environment)
        self.settings = Settings.from_environment(self.environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.settings.sessions_folder.mkdir(parents=True, exist_ok=True)
        with open(self.settings.storage / "recorder.log", "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(PROJECT / "app.py"), "recorder"],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, (self.settings.storage / "recorder.log").read_text()
            assert time.monotonic() < deadline, "the recorder does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(60)

    def _answers(self) -> bool:
        try:
            RecorderClient(self.settings.recorder_socket).status()
        except Exception:
            return False
        return True


class WebStage:
    """The application; `lecturer` owns the room `hall` (open), `member` belongs to its organization.

    `far`: reads what was moved into an object store.
    """

    def __init__(self, folder: Path, far: FarMedia | None = None, **environment: str) -> None:
        self.settings = stage_settings(folder, **environment)
        self.settings.sessions_folder.mkdir(parents=True, exist_ok=True)
        self.database_path = self.settings.storage / "kodo.db"
        self.database_path.write_bytes(_prepared_database())
        self.database: Database = open_database(self.settings.database_url)
        self.hints: list[Mapping[str, object]] = []
        self.log = EventLog(self.database)
        self.feed = EventFeed(self.log, self.hints.append)
        self.book = AccessBook(
            SECRET, lambda: rooms_in(self.database), recordings=RecordingBook(changes_in(self.database))
        )
        self.directory = SessionDirectory(self.settings, self.database)
        self.viewers = ViewerCounts(
            self.settings.beacon_seconds, self.log, self.feed.announce, self.hints.append
        )
        self.usage = UsageLog(self.database)
        self.windows = LiveWindows(self.settings.session_roots, self.settings.part_seconds, far=far)
        self.services = WebServices(
            settings=self.settings,
            database=self.database,
            secret=SECRET,
            recorder=RecorderClient(self.settings.recorder_socket),
            access=self.book,
            directory=self.directory,
            viewers=self.viewers,
            usage=self.usage,
            event_log=self.log,
            announce=self.feed.announce,
            tell=self.hints.append,
            posters=LivePosters(self.windows),
            far=far,
        )
        self.app = create_app(self.services, LiveAnswers(self.windows, self.book), self.feed)
        self.app.jinja_env.bytecode_cache = TEMPLATES
        limiter.reset()
        with self.database.reading() as session:
            self.lecturer = user_of(session, "lecturer")
            self.member = user_of(session, "member")
            self.hall: Room = room_of(session, "hall")
        self.feed.open()

    def close(self) -> None:
        self.feed.close()
        self.windows.close()
        self.database.close()

    def stream_key(self, room: Room | None = None) -> tuple[str, str]:
        """The id and the token of a new key."""
        with self.database.session() as session:
            key, token = create_stream_key(session, room or self.hall, "OBS")
            return key.id, token

    def client(self, user: User | None = None) -> FlaskClient:
        """A browser, signed in as `user`."""
        client = self.app.test_client()
        if user is not None:
            sign_in_client(self.app, client, user)
        return client

    def call(
        self, method: str, path: str, body: Any = None, *, user: User | None = None, csrf: bool = True
    ) -> TestResponse:
        """As the pages' scripts call the API: JSON, with the page's CSRF token."""
        client = self.client(user)
        headers = {"X-CSRFToken": csrf_token(client)} if csrf and method != "GET" else {}
        return client.open(path, method=method, json=body, headers=headers)

    def take_database_away(self) -> None:
        self.database_path.rename(self.database_path.with_suffix(".away"))

    def bring_database_back(self) -> None:
        self.database_path.with_suffix(".away").rename(self.database_path)


@cache
def _prepared_database() -> bytes:
    """A migrated database with the stage's people and room: made once, for hashing takes its time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kodo.db"
        migrate(f"sqlite:///{path}")
        database = open_database(f"sqlite:///{path}")
        add_user(database, "lecturer", Role.LECTURER, PASSWORD)
        add_user(database, "member", Role.VIEWER, PASSWORD)
        add_room(database, "hall", "lecturer", title="講堂 Hall")
        database.close()
        return path.read_bytes()


def csrf_token(client: FlaskClient) -> str:
    page = client.get("/").text
    found = re.search(r'name="csrf-token"\s+content="([^"]+)"', page)
    assert found is not None, page[:400]
    return found[1]


def make_offer(video: str | None = "video/h264", *, audio: bool = True) -> str:
    """A real offer of aiortc; `video` None: sound only."""

    async def offer() -> str:
        pc = RTCPeerConnection()
        if audio:
            pc.addTransceiver("audio", direction="sendonly")
        if video is not None:
            transceiver = pc.addTransceiver("video", direction="sendonly")
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() == video])
        await pc.setLocalDescription(await pc.createOffer())
        sdp = pc.localDescription.sdp
        await pc.close()
        return sdp

    return asyncio.run(offer())
