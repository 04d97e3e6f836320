"""Liveness, readiness, metrics. Blueprint `health`.

`/healthz`: this process answers. `/readyz`: a lecture could begin: database and recorder answer too; viewers
of a lecture under way need neither, so an edge should go by `/healthz`. Both tell anyone yes or no.
`/metrics` (Prometheus) tells figures, to this machine and to operators.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func, select

from broadcast.problems import Problem
from broadcast.recorder_client import RecorderRefused, RecorderUnavailable
from broadcast.services import services
from library import object_catalogue
from library.database import DatabaseUnavailable
from library.models import Job
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
    _recorder_figures(registry)
    _database_figures(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _recorder_figures(registry: CollectorRegistry) -> None:
    up = Gauge("kodo_recorder_up", "1 if the recorder answers.", registry=registry)
    try:
        status = services().recorder.status()
    except (RecorderUnavailable, RecorderRefused):
        up.set(0)
        return
    up.set(1)
    disk = Gauge("kodo_disk_free_bytes", "Free disk under the storage folder.", registry=registry)
    disk.set(status["disk_free"])
    sessions = Gauge("kodo_sessions_live", "Sessions under way.", ["recording"], registry=registry)
    for room in status["rooms"].values():
        if room.get("session"):
            sessions.labels(room.get("recording") or "ok").inc()
    viewers = Gauge("kodo_viewers", "Pages that sent a beacon in the last two intervals.", registry=registry)
    viewers.set(sum(_viewers_of(room) for room in status["rooms"].values()))


def _viewers_of(room: dict[str, Any]) -> int:
    return services().viewers.count(str(room.get("room_id")))


def _database_figures(registry: CollectorRegistry) -> None:
    up = Gauge("kodo_database_up", "1 if the database answers.", registry=registry)
    try:
        with services().database.reading() as transaction:
            rows = transaction.execute(
                select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)
            )
            counts = [(kind, str(state), count) for kind, state, count in rows]
            damaged = object_catalogue.count_damaged(transaction)
    except DatabaseUnavailable:
        up.set(0)
        return
    up.set(1)
    jobs = Gauge("kodo_jobs", "Jobs by kind and state.", ["kind", "state"], registry=registry)
    for kind, state, count in counts:
        jobs.labels(kind, state).set(count)
    objects = Gauge("kodo_objects_damaged", "Files of recordings known to be damaged.", registry=registry)
    objects.set(damaged)


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
