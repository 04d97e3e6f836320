"""The Flask application: blueprints, rules of access, errors, headers. Complete under any WSGI server.

`create_app` is called once in each web process; what it works with is opened and closed by the caller.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from apiflask import APIFlask, HTTPError
from flask import Response, request

from broadcast import (
    account_api,
    api_description,
    audit_pages,
    backup_api,
    chapter_api,
    copy_api,
    doors_api,
    doors_pages,
    download_views,
    edit_api,
    health_api,
    health_pages,
    health_views,
    job_api,
    keeping_api,
    lecture_api,
    lecture_board,
    line_test,
    live_views,
    media_api,
    notice_board,
    notice_views,
    oembed_views,
    pages,
    people_api,
    personal_views,
    picture_views,
    poster_api,
    poster_views,
    problems,
    rate_limits,
    recording_api,
    room_api,
    room_guests,
    scheduled_api,
    search_api,
    session_api,
    stream_key_api,
    transcript_api,
    transcription_api,
    tus,
    upload_api,
    usage_views,
    watched_api,
    whip_views,
)
from broadcast.content_policy import content_policy
from broadcast.event_feed import EventFeed
from broadcast.live_answers import LiveAnswers
from broadcast.packed_static import pack
from broadcast.services import KEY, WebServices, services
from people import acts, password_views, routes, session_cookie, sign_in_views
from people.intrusion_signs import Sign

PROJECT = Path(__file__).resolve().parent.parent
MAX_BODY_BYTES = 2 << 20
VENDORED_SECONDS = 3600

SECURITY_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What other sites show or read: pictures of embedded recordings, media, WHIP; whatever else is for our pages.
FOR_OTHER_SITES = ("pictures.", "posters.", "live.", "whip.", "oembed.", "downloads.")


class KodoFlask(APIFlask):
    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """How long static files are kept unasked: our own never (`no-cache`, with their ETag), or an
        upgrade would mix old modules with new ones; vendored ones have their version in the address.
        """
        return VENDORED_SECONDS if filename is not None and filename.startswith("vendor/") else None

    def send_static_file(self, filename: str) -> Response:
        return pack(super().send_static_file(filename), Path(self.static_folder or "") / filename)


def create_app(services: WebServices, live_answers: LiveAnswers, feed: EventFeed) -> APIFlask:
    """Build the application over `services`."""
    app = KodoFlask(
        "kodo",
        title="Kodo",
        version="1",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        json_errors=False,  # broadcast.problems answers them all
        template_folder=str(PROJECT / "templates"),
        static_folder=str(PROJECT / "static"),
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[KEY] = services
    app.before_request(tus.lift_limit)  # before anything looks into the body
    app.before_request(transcript_api.lift_limit)
    lecture_board.install(app, services.database, services.viewers.count)
    notice_board.install(app, services.database)
    protection = session_cookie.install(
        app,
        services.database,
        services.settings,
        services.secret,
        signs=services.signs,
        entry=services.entry,
    )
    acts.install(app)
    routes.enforce(app)
    rate_limits.install(app)
    _register(app, live_answers, feed)
    for name in ("whip", "live"):  # no cookie counts there
        protection.exempt(app.blueprints[name])
    # It changes nothing but a count, and an embedded player has no cookie to hold the page's token against.
    protection.exempt(room_api.beacon)
    api_description.install(app)
    problems.install(app)
    app.register_error_handler(HTTPError, _api_error)
    app.after_request(_secure)
    return app


def _register(app: APIFlask, live_answers: LiveAnswers, feed: EventFeed) -> None:
    app.register_blueprint(sign_in_views.blueprint)
    app.register_blueprint(password_views.blueprint)
    pages.install(app)
    app.register_blueprint(people_api.blueprint)
    app.register_blueprint(account_api.blueprint)
    app.register_blueprint(room_api.blueprint)
    app.register_blueprint(room_guests.blueprint)
    app.register_blueprint(room_guests.entrance)
    app.register_blueprint(doors_api.blueprint)
    app.register_blueprint(doors_pages.blueprint)
    app.register_blueprint(stream_key_api.blueprint)
    app.register_blueprint(media_api.blueprint)
    app.register_blueprint(upload_api.blueprint)
    app.register_blueprint(lecture_api.blueprint)
    app.register_blueprint(recording_api.blueprint)
    app.register_blueprint(edit_api.blueprint)
    app.register_blueprint(session_api.blueprint)
    app.register_blueprint(keeping_api.blueprint)
    app.register_blueprint(scheduled_api.blueprint)
    app.register_blueprint(poster_api.blueprint)
    app.register_blueprint(copy_api.blueprint)
    app.register_blueprint(job_api.blueprint)
    app.register_blueprint(backup_api.blueprint)
    app.register_blueprint(health_api.blueprint)
    app.register_blueprint(health_pages.blueprint)
    app.register_blueprint(transcript_api.blueprint)
    app.register_blueprint(transcription_api.blueprint)
    app.register_blueprint(search_api.blueprint)
    app.register_blueprint(watched_api.blueprint)
    app.register_blueprint(chapter_api.blueprint)
    app.register_blueprint(usage_views.api)
    app.register_blueprint(notice_views.api)
    app.register_blueprint(personal_views.api)
    app.register_blueprint(line_test.blueprint)
    app.register_blueprint(whip_views.blueprint)
    app.register_blueprint(download_views.blueprint)
    app.register_blueprint(poster_views.blueprint)
    app.register_blueprint(picture_views.blueprint)
    app.register_blueprint(oembed_views.blueprint)
    app.register_blueprint(audit_pages.blueprint)
    app.register_blueprint(health_views.blueprint)
    forged = partial(acts.saw, Sign.MEDIA_TOKEN)
    app.register_blueprint(live_views.live_blueprint(live_answers, feed, forged))


def _api_error(error: HTTPError) -> Response:
    """APIFlask's own errors (a body that does not fit its schema) in the form of all others."""
    message = error.message or "The request does not fit."
    problem = problems.Problem(error.status_code, message, message, fields=error.detail)
    return problems.answer(problem)


def _secure(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    elsewhere = (request.endpoint or "").startswith(FOR_OTHER_SITES)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if elsewhere else "same-origin"
    settings = services().settings
    if settings.secure and settings.hsts_seconds:
        response.headers["Strict-Transport-Security"] = f"max-age={settings.hsts_seconds}"
    return response
