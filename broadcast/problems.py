"""Typed errors → answers: RFC 9457 problem details for machines, a page for people.

`install` gives an application its error handlers, the one place that maps errors to HTTP.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, json, render_template, request
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from broadcast.rate_limits import seconds_to_wait
from broadcast.recorder_client import RecorderRefused, RecorderUnavailable
from library.database import DatabaseUnavailable
from people.passwords import TooBusy
from people.throttle import Throttled

log = logging.getLogger(__name__)

MACHINE_PATHS = ("/api/", "/whip/", "/live/", "/oembed", "/metrics", "/healthz", "/readyz")


class Problem(Exception):
    """An answer that is an error. `more`: further members of the document; `headers`: of the answer."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.headers, self.more = headers or {}, more


def install(app: Flask) -> None:
    """Map every error of the packages to an answer."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RecorderRefused, _recorder_refused)
    app.register_error_handler(RecorderUnavailable, _recorder_away)
    app.register_error_handler(DatabaseUnavailable, _database_away)
    app.register_error_handler(Throttled, _throttled)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(TooBusy, _too_busy)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(Exception, _unexpected)


def answer(problem: Problem) -> Response:
    """The problem in the form that its asker reads."""
    if request.path.startswith(MACHINE_PATHS):
        document = {"type": "about:blank", "title": problem.title, "status": problem.status}
        body = json.dumps({**document, "detail": problem.detail, **problem.more})
        response = Response(body, problem.status, content_type="application/problem+json")
    else:
        page = render_template(
            "error.html", status=problem.status, title=problem.title, detail=problem.detail
        )
        response = Response(page, problem.status)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(problem.headers)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400 or error.response is not None:  # a redirect, or an answer made by who raised it
        return error.get_response()  # type: ignore[return-value]
    kept = {
        name: value
        for name, value in error.get_headers()
        if name in ("Allow", "Content-Range", "Retry-After", "WWW-Authenticate")
    }
    title, detail = _words_of(error, status)
    return answer(Problem(status, title, detail, headers=kept))


def _words_of(error: HTTPException, status: int) -> tuple[str, str]:
    """In the reader's language: werkzeug's own words are English."""
    titles = {401: _("Sign in"), 403: _("Not allowed"), 404: _("Not found")}
    title = titles.get(status, error.name)
    if error.description and error.description != type(error).description:
        return title, error.description
    return title, _("There is nothing at this address.") if status == 404 else error.description or title


def _recorder_refused(error: RecorderRefused) -> Response:
    """As the recorder said it. RFC 9725 4.5: 503 tells when to come again."""
    wait = {"Retry-After": "1"} if error.status == 503 else {}
    return answer(Problem(error.status, error.title, error.detail, headers=wait))


def _recorder_away(error: RecorderUnavailable) -> Response:
    log.warning("the recorder does not answer: %s", error)
    return answer(
        Problem(503, _("Not ready"), _("The recorder is starting again."), headers={"Retry-After": "1"})
    )


def _database_away(error: DatabaseUnavailable) -> Response:
    log.warning("the database is away: %s", error)
    detail = _("The database is not to be reached right now. Lectures under way are recorded.")
    return answer(Problem(503, _("Not ready"), detail, headers={"Retry-After": "2"}))


def _throttled(error: Throttled) -> Response:
    detail = _("Too many attempts. Please wait a while and try again.")
    wait = {"Retry-After": str(error.retry_after)}
    return answer(Problem(429, _("Too many attempts"), detail, headers=wait))


def _too_often(_error: RateLimitExceeded) -> Response:
    detail = _("Too many requests come from your address. Please wait a while.")
    return answer(
        Problem(429, _("Too many requests"), detail, headers={"Retry-After": str(seconds_to_wait())})
    )


def _too_busy(_error: TooBusy) -> Response:
    detail = _("Too many people sign in at this moment. Please try again.")
    return answer(Problem(503, _("Busy"), detail, headers={"Retry-After": "2"}))


def _too_deep(error: RecursionError) -> Response:
    """JSON of very many brackets, which its parsers follow into their stack; else a mistake of ours."""
    if not request.is_json:
        return _unexpected(error)
    return answer(Problem(400, _("Not accepted"), _("The document is nested too deeply.")))


def _unexpected(error: Exception) -> Response:
    """A defect: told with an id that the log has too, never with what it was."""
    number = secrets.token_hex(4)
    # Its rule, not its path: there are secrets in addresses.
    log.error("error %s at %s %s", number, request.method, request.url_rule, exc_info=error)
    detail = _("Something went wrong here. The log has it as %(number)s.", number=number)
    return answer(Problem(500, _("Error"), detail))
