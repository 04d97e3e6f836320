"""A small Flask application with the people's views and a few guarded endpoints, for the tests beside it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from flask import Flask, g
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from jinja2 import DictLoader
from werkzeug.test import TestResponse

from broadcast import languages
from library.database import Database, utc_now
from people import password_views, session_cookie
from people.routes import RULES, Rule, enforce
from people.session_cookie import current_user
from people.sign_in_views import blueprint
from settings import Settings

TOKEN = "<input name=csrf_token value={{ csrf_token() }}>"
TEMPLATES = {
    "sign_in.html": TOKEN + "<p>{{ error }}<p>{{ user_id }}<p>{{ next }}",
    "forgotten_password.html": TOKEN + "<p>{{ by_mail }} {{ asked }}",
    "set_password.html": TOKEN + "<p>{{ error }}<p>{{ holder.user_id }}<p>{{ invited }}",
    "setup.html": TOKEN + "<p>{{ error }}<p>{{ organization }}",
}
GUARDED = {
    "signed_in": Rule.SIGNED_IN,
    "hosts": Rule.HOSTS,
    "studio": Rule.ROOM_HOSTS,
    "api_settings": Rule.ROOM_MANAGERS,
    "who": Rule.ANYONE,
    "token": Rule.ANYONE,
}


class Clock:
    now = utc_now()

    def __call__(self) -> datetime:
        return self.now


def make_app(
    database: Database, storage: Path, *, public_url: str = "http://localhost:8000", **environment: str
) -> Flask:
    """Endpoints: /who tells the user ID; /forgotten has no rule."""
    addresses = {"KODO_STORAGE": str(storage), "KODO_PUBLIC_URL": public_url}
    settings = Settings.from_environment({**addresses, **environment})
    app = Flask("front_door", static_folder=None)
    app.jinja_loader = DictLoader(TEMPLATES)
    languages.install(app)
    session_cookie.install(app, database, settings, b"s" * 32)
    app.register_blueprint(blueprint)
    app.register_blueprint(password_views.blueprint)
    app.add_url_rule("/in", "signed_in", lambda: "in")
    app.add_url_rule("/rooms", "hosts", lambda: "rooms")
    app.add_url_rule("/rooms/<slug>/studio", "studio", lambda slug: str(g.room.slug))
    app.add_url_rule("/api/v1/rooms/<slug>", "api_settings", lambda slug: "changed", methods=["PATCH", "GET"])
    app.add_url_rule("/who", "who", lambda: getattr(current_user(), "user_id", "nobody"))
    app.add_url_rule("/token", "token", generate_csrf)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    enforce(app, {**RULES, **GUARDED})
    return app


class Browser:
    """A client that sends forms as a browser does: with the page's CSRF token."""

    def __init__(self, app: Flask, base_url: str = "http://localhost:8000") -> None:
        self.client: FlaskClient = app.test_client()
        self.base_url = base_url

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=self.base_url)

    def submit(self, path: str, **form: str) -> TestResponse:
        return self.client.post(
            path,
            data={"csrf_token": self.csrf_token(), **form},
            base_url=self.base_url,
            headers={"Referer": f"{self.base_url}/"},
        )

    def csrf_token(self) -> str:
        page = self.get("/sign-in")
        if page.status_code != 200:  # signed in already
            return ""
        match = re.search(r"name=csrf_token value=([^\s>]+)>", page.text)
        assert match is not None
        return match[1]

    def sign_in(self, user_id: str, password: str, then: str = "") -> TestResponse:
        return self.submit("/sign-in", user_id=user_id, password=password, next=then)
