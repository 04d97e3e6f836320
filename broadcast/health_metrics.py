"""The figures of `/metrics` (Prometheus): of the installation as web and watching process see it.

Called in web threads, with a registry of its own for each scrape. Every name that may come is in NAMES, which
the dashboard file for Grafana and the rules in `deploy/` are held against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily
from sqlalchemy import func, select

from broadcast import request_counts
from broadcast.recorder_client import RecorderRefused, RecorderUnavailable
from broadcast.services import services
from library import health_state, object_catalogue
from library.database import DatabaseUnavailable, utc_now
from library.health_state import HealthState, State
from library.models import Job
from people import probe_room

NAMES: Mapping[str, str] = {
    "kodo_recorder_up": "1 if the recorder answers.",
    "kodo_disk_free_bytes": "Free disk under the storage folder.",
    "kodo_disk_floor_bytes": "With less no lecture begins.",
    "kodo_disk_growth_bytes_per_second": "How fast the disk fills, over a week.",
    "kodo_disk_seconds_left": "Until the floor is reached, as things are.",
    "kodo_sessions_live": "Sessions under way.",
    "kodo_viewers": "Pages that sent a beacon in the last two intervals.",
    "kodo_session_viewers": "The same of each room.",
    "kodo_session_ingest_bits_per_second": "What each session takes in.",
    "kodo_session_losses_total": "What of each session's source was lost for good.",
    "kodo_session_last_part_age_seconds": "Since the last part of each session was recorded.",
    "kodo_database_up": "1 if the database answers.",
    "kodo_jobs": "Jobs by kind and state.",
    "kodo_objects_damaged": "Files of recordings known to be damaged.",
    "kodo_check_good": "1 if a check found its thing well, 0 if not; skipped ones are absent.",
    "kodo_check_age_seconds": "Since each check was made.",
    "kodo_alarms_open": "Alarms that are open, by kind.",
    "kodo_probe_seconds": "From publisher to viewer, as the synthetic lecture took it.",
    "kodo_probe_cpu_seconds": "Processor time of that probe.",
    "kodo_clock_offset_seconds": "How far the clock is off.",
    "kodo_certificate_days_left": "Until the TLS certificate ends.",
    "kodo_backup_age_seconds": "Since a backup was made or proven.",
    "kodo_http_requests_total": "Requests answered, by class of address and status.",
}


def fill(registry: CollectorRegistry) -> None:
    """All of them, as far as they can be told now."""
    now = utc_now()
    _recorder_figures(registry, now)
    _database_figures(registry)
    _watched_figures(registry, health_state.load(services().settings.storage), now)
    registry.register(_Requests())


def _gauge(registry: CollectorRegistry, name: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(name, NAMES[name], tuple(labels), registry=registry)


def _recorder_figures(registry: CollectorRegistry, now: datetime) -> None:
    up = _gauge(registry, "kodo_recorder_up")
    try:
        status = services().recorder.status()
    except (RecorderUnavailable, RecorderRefused):
        up.set(0)
        return
    up.set(1)
    _gauge(registry, "kodo_disk_free_bytes").set(status["disk_free"])
    rooms = {slug: room for slug, room in status["rooms"].items() if slug != probe_room.SLUG}
    viewers = {slug: services().viewers.count(str(room.get("room_id"))) for slug, room in rooms.items()}
    _gauge(registry, "kodo_viewers").set(sum(viewers.values()))
    live = {slug: room for slug, room in rooms.items() if room.get("session")}
    sessions = _gauge(registry, "kodo_sessions_live", ["recording"])
    of_room = _gauge(registry, "kodo_session_viewers", ["room"])
    rates = _gauge(registry, "kodo_session_ingest_bits_per_second", ["room"])
    losses = Counter("kodo_session_losses", NAMES["kodo_session_losses_total"], ["room"], registry=registry)
    ages = _gauge(registry, "kodo_session_last_part_age_seconds", ["room"])
    for slug, room in live.items():
        sessions.labels(room.get("recording") or "ok").inc()
        of_room.labels(slug).set(viewers[slug])
        losses.labels(slug).inc(float((room.get("program") or {}).get("losses") or 0))
        summary = services().directory.by_id(str(room["session"]))
        if summary is not None:
            seconds = now.timestamp() - summary.started_at
            rates.labels(slug).set(services().rates.rate(summary.id, int(room["bytes"]), seconds))
            if summary.last_part_at is not None:
                ages.labels(slug).set(max(0.0, now.timestamp() - summary.last_part_at))


def _database_figures(registry: CollectorRegistry) -> None:
    up = _gauge(registry, "kodo_database_up")
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
    jobs = _gauge(registry, "kodo_jobs", ["kind", "state"])
    for kind, state, count in counts:
        jobs.labels(kind, state).set(count)
    _gauge(registry, "kodo_objects_damaged").set(damaged)


def _watched_figures(registry: CollectorRegistry, state: HealthState, now: datetime) -> None:
    good = _gauge(registry, "kodo_check_good", ["check"])
    age = _gauge(registry, "kodo_check_age_seconds", ["check"])
    for name, checked in state.checks.items():
        age.labels(name).set(max(0.0, (now - checked.at).total_seconds()))
        if checked.finding.state is not State.SKIPPED:
            good.labels(name).set(1 if checked.finding.state is State.GOOD else 0)
    opened = _gauge(registry, "kodo_alarms_open", ["kind"])
    for one in state.alarms:
        if one.alarm.is_open:
            opened.labels(one.alarm.kind).inc()
    for name, check, figure in (
        ("kodo_disk_floor_bytes", "disk", "floor"),
        ("kodo_disk_growth_bytes_per_second", "disk", "growth"),
        ("kodo_disk_seconds_left", "disk", "seconds_left"),
        ("kodo_probe_seconds", "chain", "seconds"),
        ("kodo_probe_cpu_seconds", "chain", "cpu_seconds"),
        ("kodo_clock_offset_seconds", "clock", "offset"),
        ("kodo_certificate_days_left", "certificate", "days"),
    ):
        checked_one = state.checks.get(check)
        value: Any = checked_one.finding.figures.get(figure) if checked_one is not None else None
        if isinstance(value, int | float):
            _gauge(registry, name).set(value)
    _backup_ages(registry, state, now)


def _backup_ages(registry: CollectorRegistry, state: HealthState, now: datetime) -> None:
    ages = _gauge(registry, "kodo_backup_age_seconds", ["what"])
    checked = state.checks.get("backup")
    for what, figure in (("made", "backup"), ("proven", "backup_check")):
        at = checked.finding.figures.get(figure) if checked is not None else None
        if isinstance(at, str):
            ages.labels(what).set((now - datetime.fromisoformat(at)).total_seconds())


class _Requests:
    """A collector: the counts are other processes', too."""

    def collect(self) -> Iterable[CounterMetricFamily]:
        name = "kodo_http_requests"
        family = CounterMetricFamily(name, NAMES[f"{name}_total"], labels=["class", "status"])
        folder = services().settings.storage / "run"
        for (kind, status), count in sorted(request_counts.totals(folder).items()):
            family.add_metric([kind, str(status)], count)
        yield family
