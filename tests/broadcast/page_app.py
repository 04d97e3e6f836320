"""A Flask application with people's and pages' views and a small archive, for the tests beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask, render_template
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from broadcast import lecture_board, notice_board, pages, poster_views, rate_limits
from broadcast.access import AccessBook
from broadcast.event_log import EventLog
from broadcast.live_poster import LivePosters
from broadcast.live_windows import LiveWindows
from broadcast.recorder_client import RecorderClient
from broadcast.services import KEY, WebServices
from broadcast.session_directory import SessionDirectory
from broadcast.usage_log import UsageLog
from broadcast.viewers import ViewerCounts
from library.database import Database, utc_now
from library.models import LectureSession
from people import accounts, password_views, rooms, session_cookie, sign_in_views
from people.models import Organization, Role, Room, RoomAccess, User
from people.routes import enforce
from settings import Settings
from tests.broadcast.kept_templates import KeptTemplates

PROJECT = Path(__file__).resolve().parents[2]
PUBLIC_URL = "https://kodo.example"
TEMPLATES = KeptTemplates()
PASSWORD = "correct horse 7"


def make_page_app(database: Database, storage: Path, public_url: str = PUBLIC_URL) -> Flask:
    settings = Settings.from_environment({"KODO_STORAGE": str(storage), "KODO_PUBLIC_URL": public_url})
    app = Flask("pages", template_folder=str(PROJECT / "templates"), static_folder=str(PROJECT / "static"))
    app.jinja_env.bytecode_cache = TEMPLATES
    session_cookie.install(app, database, settings, b"s" * 32)
    app.register_blueprint(sign_in_views.blueprint)
    app.register_blueprint(password_views.blueprint)
    viewers = ViewerCounts(30.0, EventLog(database), lambda room: None, lambda hint: None)
    lecture_board.install(app, database, viewers.count)
    notice_board.install(app, database)
    pages.install(app)
    app.register_blueprint(poster_views.blueprint)
    app.extensions[KEY] = _services(settings, database, viewers)
    enforce(app)
    rate_limits.install(app)
    app.register_error_handler(HTTPException, _error_page)
    return app


def _services(settings: Settings, database: Database, viewers: ViewerCounts) -> WebServices:
    return WebServices(
        settings=settings,
        database=database,
        secret=b"s" * 32,
        recorder=RecorderClient(settings.recorder_socket),
        access=AccessBook(b"s" * 32, dict),
        directory=SessionDirectory(settings, database),
        viewers=viewers,
        usage=UsageLog(database),
        event_log=EventLog(database),
        announce=lambda room: None,
        tell=lambda hint: None,
        posters=LivePosters(LiveWindows(settings.session_roots, settings.part_seconds)),
    )


def _error_page(error: HTTPException) -> tuple[str, int]:
    page = render_template("error.html", status=error.code, title=error.name, detail=error.description)
    return page, error.code or 500


class Archive:
    """Two organizations; `hana` (ja) lectures in the first, `ben` in the second, `vera` only watches."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.session() as transaction:
            first = Organization(name="東京大学", slug="tokyo")
            second = Organization(name="Other", slug="other")
            transaction.add_all([first, second])
            transaction.flush()
            self.hana = self._user(transaction, "hana", "山田 花", Role.LECTURER, first)
            self.vera = self._user(transaction, "vera", "Vera", Role.VIEWER, first)
            self.ben = self._user(transaction, "ben", "Ben", Role.LECTURER, second)
            self.hall = rooms.create_room(transaction, slug="hall", title="線形代数 I", owner=self.hana)
            self.members = self._room(transaction, "members", RoomAccess.MEMBERS)
            self.secret = self._room(transaction, "secret", RoomAccess.PASSWORD)

    def _user(self, transaction: Session, user_id: str, name: str, role: Role, home: Organization) -> User:
        return accounts.create_user(
            transaction, user_id=user_id, password=PASSWORD, role=role, organization=home, display_name=name
        )

    def _room(self, transaction: Session, slug: str, access: RoomAccess) -> Room:
        password = "open sesame" if access is RoomAccess.PASSWORD else None
        return rooms.create_room(
            transaction, slug=slug, title=f"Room {slug}", owner=self.hana, access=access, password=password
        )

    def lecture(
        self,
        room: Room,
        identity: str,
        phase: str = "ended",
        title: str = "",
        minutes_ago: int = 90,
        *,
        started_at: datetime | None = None,
        size: int = 1_000_000,
    ) -> str:
        """`minutes_ago` counts back from `started_at`, else from now."""
        started_at = (started_at or utc_now()) - timedelta(minutes=minutes_ago)
        ended_at = started_at + timedelta(minutes=75) if phase == "ended" else None
        session = LectureSession(
            id=identity,
            room_id=room.id,
            organization_id=room.organization_id,
            title=title or f"{room.title} {identity}",
            phase=phase,
            started_at=started_at,
            ended_at=ended_at,
            seconds=75 * 60 if ended_at is not None else 0,
            bytes=size,
        )
        with self.database.session() as transaction:
            owner = transaction.get(User, room.owner_id) if room.owner_id is not None else None
            session.lecturer = owner.display_name if owner is not None else ""
            transaction.add(session)
        return identity

    def give_mp4(self, identity: str) -> None:
        """The recording's file has been made."""
        with self.database.session() as transaction:
            transaction.get_one(LectureSession, identity).mp4_path = f"recordings/{identity}.mp4"


class Reader:
    """A browser of the test, over TLS as PUBLIC_URL says."""

    def __init__(self, app: Flask, language: str = "en") -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"Accept-Language": language}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=PUBLIC_URL, headers=self.headers)

    def post(self, path: str, **form: str) -> TestResponse:
        token = csrf_token(self.get("/").text)
        return self.client.post(
            path, data={"csrf_token": token, **form}, base_url=PUBLIC_URL, headers=self.headers
        )

    def sign_in(self, user_id: str) -> Reader:
        assert self.post("/sign-in", user_id=user_id, password=PASSWORD).status_code == 303
        return self


def csrf_token(page: str) -> str:
    return page.split('<meta name="csrf-token" content="', 1)[1].split('"', 1)[0]
