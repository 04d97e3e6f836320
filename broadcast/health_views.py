"""Liveness, readiness, metrics. Blueprint `health`.

`/healthz`: this process answers. `/readyz`: a lecture could begin: database and recorder answer too; viewers
of a lecture under way need neither, so an edge should go by `/healthz`. Both tell anyone yes or no.
`/metrics` (Prometheus) tells figures, to this machine and to operators.
"""

from __future__ import annotations

import ipaddress

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import select

from broadcast import health_metrics
from broadcast.problems import Problem
from broadcast.recorder_client import RecorderRefused, RecorderUnavailable
from broadcast.services import services
from library.database import DatabaseUnavailable
from people.models import Role, Room
from people.request_address import client_address
from people.session_cookie import current_user

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return _plain("ok", 200)


@blueprint.get("/readyz")
def readyz() -> Response:
    try:
        with services().database.reading() as transaction:
            transaction.execute(select(Room.id).limit(1)).first()
        services().recorder.status()
    except DatabaseUnavailable:
        return _plain("the database is away", 503)
    except (RecorderUnavailable, RecorderRefused):
        return _plain("the recorder is away", 503)
    return _plain("ready", 200)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Of the installation as this process sees it; the processes' own figures are the system's to tell."""
    if not _is_this_machine() and not _is_operator():
        raise Problem(403, "Forbidden", "Metrics are told to this machine and to operators.")
    registry = CollectorRegistry()
    health_metrics.fill(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_this_machine() -> bool:
    """A proxy on this machine asks for others, and says so."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "Via"))
    try:
        return not forwarded and ipaddress.ip_address(client_address()).is_loopback
    except ValueError:
        return False


def _is_operator() -> bool:
    try:
        person = current_user()
    except DatabaseUnavailable:
        return False
    return person is not None and person.role == Role.OPERATOR


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status, content_type="text/plain", headers={"Cache-Control": "no-store"})
