"""The live addresses as Flask views: Flask alone is complete, under any WSGI server and in tests.

Called in Flask's threads; a held request holds one. Nobody wakes these threads, so each looks for itself
four times a second. Everything is decided by the same functions as in the front.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet

from flask import Blueprint, Response, request

from broadcast.answer import Answer, method_not_allowed, preflight_answer
from broadcast.event_answers import event_answer
from broadcast.event_feed import EventFeed
from broadcast.front import takes_gzip
from broadcast.hint_client import TICK_SECONDS
from broadcast.live_address import Batch
from broadcast.live_answers import LiveAnswers
from broadcast.outcome import FORGED, Hold, Later

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def live_blueprint(
    answers: LiveAnswers, feed: EventFeed, on_forged: Callable[[], None] = lambda: None
) -> Blueprint:
    """Blueprint `live` with the one endpoint `live.answer`. It needs no CSRF protection: it changes
    nothing. `on_forged` is told of each request whose token nobody here has made.
    """
    blueprint = Blueprint("live", __name__)

    @blueprint.route("/live/<path:rest>", methods=METHODS, provide_automatic_options=False)
    def answer(rest: str) -> Response:
        found = _answer(answers, feed, f"/live/{rest}")
        if found is FORGED:
            on_forged()
        return _response(found)

    return blueprint


def _answer(answers: LiveAnswers, feed: EventFeed, path: str) -> Answer:
    if request.method not in ("GET", "HEAD"):
        return preflight_answer() if request.method == "OPTIONS" else method_not_allowed()
    gzip = takes_gzip(request.headers.get("Accept-Encoding", "").encode("latin-1", "replace"))
    if "/events/" in path:
        return _events(answers, feed, path, gzip=gzip)
    outcome = answers.answer(path, request.query_string, gzip=gzip)
    while isinstance(outcome, Later):
        outcome = outcome.work()
    return _held(outcome) if isinstance(outcome, Hold) else outcome


def _held(hold: Hold) -> Answer:
    waiter: Future[Answer] = Future()
    hold.join(waiter)
    while True:
        try:
            return waiter.result(TICK_SECONDS)
        except NotYet:
            hold.window.tick()


def _events(answers: LiveAnswers, feed: EventFeed, path: str, *, gzip: bool) -> Answer:
    asked = answers.room_of_events(path)
    if isinstance(asked, Answer):
        return asked
    if isinstance(asked.resource, Batch):
        found = feed.request(asked.room_id, asked.resource.number)
    else:
        found = feed.request_snapshot(asked.room_id)
    return event_answer(feed.wait(found), public=asked.public, gzip=gzip)


def _response(answer: Answer) -> Response:
    headers = [(name.decode(), value.decode("latin-1")) for name, value in answer.headers]
    # Werkzeug leaves the body out for HEAD and keeps the length.
    response = Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(headers)
    return response
