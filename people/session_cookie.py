"""Who is asking: a browser by its signed cookie, with all that Flask must be told of it, or a program.

Used in web threads, per request. The cookie names a row of `people.sign_ins` and holds the account's id
(for a studio that is live while the database is away) and session epoch; row and account are read anew, in
one query, for each request that asks, so that an ended sign-in and a deactivated or changed account are out
at once. A request with `Authorization: Bearer` is a program's: its cookies do not count, none of them, and
it needs no page's token, for no page of another site can send that header.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, Request, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_babel import gettext as _
from flask_wtf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from library.database import Database, DatabaseUnavailable, utc_now
from people import api_tokens, sign_ins
from people.entry import Entry, Judged
from people.intrusion_signs import Sign, SignCounter
from people.models import User
from people.postman import Postman
from people.request_address import TRUSTED, client_address
from people.throttle import RoomThrottle, Throttle
from settings import Settings

_KEY = "kodo.people"
log = logging.getLogger(__name__)

_OTHER_BEARERS = ("/whip/", "/live/")  # stream keys and publish tokens; addresses that need none


@dataclass(frozen=True, slots=True)
class People:
    """What the views of this package work with; one per Flask application."""

    database: Database
    settings: Settings
    secret: bytes
    throttle: Throttle
    room_throttle: RoomThrottle
    postman: Postman
    signs: SignCounter
    entry: Entry
    clock: Callable[[], datetime]


def install(
    app: Flask,
    database: Database,
    settings: Settings,
    secret: bytes,
    *,
    signs: SignCounter | None = None,
    clock: Callable[[], datetime] = utc_now,
    entry: Entry | None = None,
) -> CSRFProtect:
    """Set up cookies and CSRF protection. The result exempts views that take no cookie (WHIP).

    `signs`: whoever gives it opens and closes it; without, they are only counted in memory. `entry`: the
    organizations' doors, if the caller opens and closes them.
    """
    app.secret_key = secret
    app.session_interface = _BrowserSessions()
    app.config.update(
        # No other host of the domain, and no page without TLS, can set one of this name.
        SESSION_COOKIE_NAME="__Host-kodo_session" if settings.secure else "kodo_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        PERMANENT_SESSION_LIFETIME=sign_ins.LIFETIME,
        # A studio page stays open for hours: the token lives as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
        # The strict check compares Referer with Host, which an edge in front may have rewritten.
        WTF_CSRF_SSL_STRICT=False,
    )
    throttle, room_throttle = Throttle(database, clock=clock), RoomThrottle(database, clock=clock)
    counted = signs or SignCounter(database, clock=clock)
    app.config[TRUSTED] = settings.trusted_proxies
    app.extensions[_KEY] = People(
        database,
        settings,
        secret,
        throttle,
        room_throttle,
        Postman(app),
        counted,
        entry or Entry(database),
        clock,
    )
    return _PageTokens(app)


class _BrowserSessions(SecureCookieSessionInterface):
    """Takes a program's cookies away before anything reads them."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if bearer_of(request) is not None:
            request.environ.pop("HTTP_COOKIE", None)
        return super().open_session(app, request)


class _PageTokens(CSRFProtect):  # type: ignore[misc]
    """CSRF protection of what comes with a cookie."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if bearer_of(request) is None:
            super().protect(apply_exemptions=apply_exemptions)


def bearer_of(request: Request) -> str | None:
    """The token of a program that acts for a person; None for a browser, and where other bearers count."""
    given = request.authorization
    if given is None or given.type != "bearer" or request.path.startswith(_OTHER_BEARERS):
        return None
    return given.token or ""


def people() -> People:
    """Of the application that answers this request."""
    installed: People = current_app.extensions[_KEY]
    return installed


def current_user() -> User | None:
    """The signed-in, active account, or None; also none where its organization does not let it in from here.
    Read once per request.

    Raises DatabaseUnavailable; Unauthorized, once, for a bearer token that opens nothing.
    """
    if "kodo_user" not in g:
        known = known_user()
        g.kodo_user = known if known is not None and doors_of(known.organization_id).verdict else None
    user: User | None = g.kodo_user
    return user


def known_user() -> User | None:
    """Whose cookie or token it is, let in or not. Raises as `current_user` does."""
    if "kodo_known" not in g:
        bearer = bearer_of(request)
        g.kodo_known = _load_user() if bearer is None else _user_of_token(bearer)
    known: User | None = g.kodo_known
    return known


def is_kept_out() -> bool:
    """Whether this is somebody whom their own organization does not let in from here."""
    return known_user() is not None and current_user() is None


def doors_of(organization_id: str) -> Judged:
    """Whether an organization lets in whoever asks, from where they ask. Judged once per request.

    Raises DatabaseUnavailable.
    """
    judged: dict[str, Judged] = g.setdefault("kodo_doors", {})
    if organization_id not in judged:
        known, entry = known_user(), people().entry
        name = known.user_id if known is not None else None
        judged[organization_id] = entry.judge(entry.rules_of(organization_id), name, client_address())
        if not judged[organization_id].verdict:
            people().signs.saw(Sign.ADDRESS, client_address(), organization_id)
    return judged[organization_id]


def remember(user: User, address: str) -> None:
    """Sign this browser in, with nothing kept of the session before (fixation, old CSRF token).

    Raises DatabaseUnavailable.
    """
    now, agent = people().clock(), request.user_agent.string
    with people().database.session() as transaction:
        row = sign_ins.begin(transaction, user, address=address, user_agent=agent, now=now)
    session.clear()
    session.permanent = True
    session["sign_in"], session["user"] = row.id, user.id
    session["epoch"] = user.session_epoch
    g.kodo_user = g.kodo_known = user
    g.kodo_sign_in = row.id


def forget() -> None:
    """Sign this browser out: its cookie is worth nothing any more, wherever it has been copied to."""
    user_id, row = session.get("user"), session.get("sign_in")
    session.clear()
    g.kodo_user = g.kodo_known = g.kodo_sign_in = None
    if user_id is None or row is None:
        return
    try:
        with people().database.session() as transaction:
            sign_ins.end(transaction, user_id, row)
    except DatabaseUnavailable as error:
        log.warning("sign-in %s could not be ended: %s", row, error)


def current_sign_in() -> str | None:
    """The row of the browser that asks; None for programs and strangers."""
    return g.kodo_sign_in if current_user() is not None and "kodo_sign_in" in g else None


def browser_id() -> str:
    """An opaque name of this browser, signed in or not, kept in its cookie from the first call on."""
    known = session.get("browser")
    if not isinstance(known, str):
        known = session["browser"] = secrets.token_hex(8)
    return known


def _user_of_token(text: str) -> User:
    try:
        return api_tokens.authenticate(people().database, text, people().clock())
    except api_tokens.ApiTokenRefused as error:
        g.kodo_refused_bearer = True  # `people.acts` counts it
        g.kodo_user = g.kodo_known = None  # the page or problem that says so asks again
        door = WWWAuthenticate("Bearer", {"realm": "Kodo", "error": "invalid_token"})
        raise Unauthorized(_("This token is not valid."), www_authenticate=door) from error


def _load_user() -> User | None:
    name, epoch = session.get("sign_in"), session.get("epoch")
    if not isinstance(name, str):
        return None
    now = people().clock()
    found = sign_ins.look_up(people().database, name, now)
    if found is None or found[1].id != session.get("user"):
        return None
    if not found[1].active or found[1].session_epoch != epoch:
        return None
    row, user = found
    sign_ins.note_use(people().database, row, now)
    g.kodo_sign_in = row.id
    return user
