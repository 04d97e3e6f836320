"""The dashboard, the page of health, their API and `/metrics`: who sees what, and what of it is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcast import health_metrics, request_counts
from broadcast.alarm_messages import mail_of
from broadcast.alarm_words import reason_of, sentence_of
from broadcast.ingest_rates import IngestRates
from broadcast.request_counts import RequestCounts, class_of
from library import health_state
from library.alarm_states import Alarm, Notice
from library.alarms import clear_alarm, raise_alarm
from library.database import utc_now
from library.health_state import CHECKS, Finding, HealthState, State
from library.models import AvailabilityDay, LectureSession
from people import probe_room
from people.command_line import add_user
from people.models import Role, User
from people.rooms import UnfitSlug, check_slug
from recorder.media import RecordingState, SessionPhase
from recorder.session_state import SessionState, save
from tests.broadcast.administrators import admin, foreigner, operator  # noqa: F401
from tests.broadcast.web_stage import PASSWORD, WebStage
from tests.installation import PROJECT


def looked(stage: WebStage, *findings: Finding, ago: timedelta = timedelta(0), **changes: Any) -> None:
    """As the watching process leaves it."""
    now = utc_now() - ago
    state = HealthState(at=now)
    for finding in findings:
        state = state.with_finding(finding, now)
    health_state.save(stage.settings.storage, replace(state, **changes))


def live(stage: WebStage) -> str:
    now = utc_now()
    with stage.database.session() as session:
        row = LectureSession(id="s1", room_id=stage.hall.id, organization_id=stage.hall.organization_id)
        row.title, row.phase, row.started_at, row.bytes = "線形代数", "live", now, 10_000_000
        row.lecturer = "佐藤"
        session.add(row)
    return "s1"


def dashboard(stage: WebStage, user: User) -> dict[str, Any]:
    answer = stage.call("GET", "/api/v1/dashboard", user=user)
    assert answer.status_code == 200
    return json.loads(answer.text)


def test_four_answers(stage: WebStage, operator: User) -> None:
    looked(
        stage,
        Finding("web", State.GOOD),
        Finding("clock", State.SKIPPED, "nobody_tells"),
        Finding(
            "disk",
            State.GOOD,
            figures={"free": 5 << 30, "total": 9 << 30, "growth": 1.0, "seconds_left": 9e5},
        ),
        Finding("backup", State.GOOD, figures={"backup_check": "2026-11-26T03:00:00+00:00"}),
    )
    tiles = dashboard(stage, operator)["tiles"]
    assert {name: tile["kind"] for name, tile in tiles.items()} == {
        "running": "good",
        "live": "",
        "room": "good",
        "backup": "good",
    }
    assert tiles["room"]["detail"] == "5.0 GiB free · full in about 10 days"
    assert tiles["backup"]["at"] == "2026-11-26T03:00:00+00:00"


def test_what_is_wrong_is_named(stage: WebStage, operator: User) -> None:
    looked(
        stage, Finding("web", State.BAD, "silent"), Finding("disk", State.BAD, "low", {"free": 1, "floor": 2})
    )
    tiles = dashboard(stage, operator)["tiles"]
    assert tiles["running"]["kind"] == tiles["room"]["kind"] == "bad"
    assert tiles["running"]["detail"] == "Web processes · Disk"


@pytest.mark.parametrize("how", ["never", "long ago", "stopped"])
def test_that_nobody_looks_is_said(stage: WebStage, operator: User, how: str) -> None:
    if how != "never":
        ago = timedelta(hours=1) if how == "long ago" else timedelta(0)
        looked(stage, Finding("web", State.GOOD), ago=ago, stopped=how == "stopped")
    assert dashboard(stage, operator)["tiles"]["running"]["words"] == "Nobody is watching"
    assert "stands here is old" in stage.client(operator).get("/admin/health").text


def test_each_admin_sees_their_lectures_and_operators_all(
    stage: WebStage, admin: User, foreigner: User, operator: User
) -> None:
    live(stage)
    with stage.database.session() as session:
        raise_alarm(session, "health.web", details={"reason": "silent"})
        raise_alarm(session, "room.x", organization_id=admin.organization_id)
    seen = {user.user_id: dashboard(stage, user) for user in (admin, foreigner, operator)}
    assert {name: len(told["live"]) for name, told in seen.items()} == {
        "admin": 1,
        "foreigner": 0,
        "operator": 1,
    }
    assert {name: {one["kind"] for one in told["alarms"]} for name, told in seen.items()} == {
        "admin": {"room.x"},
        "foreigner": set(),
        "operator": {"health.web", "room.x"},
    }
    (lecture,) = seen["admin"]["live"]
    assert (lecture["title"], lecture["bits_per_second"]) == ("線形代数", 80_000_000)
    page = stage.client(admin).get("/admin").text
    assert "線形代数" in page and "/admin/health" not in page
    assert "/admin/health" in stage.client(operator).get("/admin").text


def test_the_page_of_health_has_history_alarms_and_months(stage: WebStage, operator: User) -> None:
    looked(stage, Finding("database", State.BAD, "away"), Finding("web", State.GOOD))
    day = (utc_now().replace(day=1) - timedelta(days=1)).date().isoformat()  # the last of last month
    with stage.database.session() as session:
        raise_alarm(session, "backup.failed", details={"error": "full"}, now=utc_now() - timedelta(hours=2))
        clear_alarm(session, "backup.failed")
        session.add(AvailabilityDay(day=day, probe="service", good=86_000.0, bad=400.0, skipped=0.0))
    page = stage.client(operator).get("/admin/health").text
    for words in ("The database does not answer.", "The last backup failed: full", "Send a test message"):
        assert words in page
    told = json.loads(stage.call("GET", "/api/v1/health", user=operator).text)
    assert [one["name"] for one in told["checks"]] == ["web", "database"] and told["watched"]
    last_month = [one for one in told["availability"] if one["month"] == day[:7]]
    assert last_month[0]["share"] == round(86_000 / 86_400, 6)
    csv = stage.client(operator).get("/admin/health/availability.csv").text.splitlines()
    assert csv[0].startswith("\ufeffMonth,Check,") and any(
        line.startswith(f"{day[:7]},service,0.99") for line in csv
    )
    alarms = stage.client(operator).get("/admin/health/alarms.csv").text.splitlines()
    assert len(alarms) == 2 and "backup.failed" in alarms[1]


def test_a_trial_message_is_asked_for_by_a_file(stage: WebStage, operator: User, tmp_path: Path) -> None:
    assert stage.call("POST", "/api/v1/health/test", {}, user=operator).status_code == 409  # nobody is told
    other = WebStage(tmp_path / "other", KODO_ALARM_WEBHOOK="http://127.0.0.1:1/x")
    try:
        person = add_user(other.database, "operator", Role.OPERATOR, PASSWORD)
        assert other.call("POST", "/api/v1/health/test", {}, user=person).status_code == 202
        assert (other.settings.storage / "health" / "test-alarm").exists()
        page = other.client(person).get("/admin/health").text
        assert "webhooks: 1" in page and "127.0.0.1:1/x" not in page
    finally:
        other.close()


# The room of the synthetic lecture


def probe_session(stage: WebStage) -> None:
    state = SessionState(
        session_id="probe1",
        room_id=probe_room.ROOM_ID,
        room_slug=probe_room.SLUG,
        organization_id="",
        title=probe_room.TITLE,
        access=probe_room.ACCESS,
        phase=SessionPhase.LIVE,
        started_at=utc_now().timestamp(),
        ended_at=None,
        version=1,
        recorder_epoch="e",
        credentials=(),
        recording=RecordingState.OK,
        last_source=None,
        end_reason=None,
        started_monotonic=0.0,
        boot_id="b",
    )
    save(stage.settings.sessions_folder, state)


def test_its_sessions_are_nowhere(stage: WebStage, operator: User) -> None:
    probe_session(stage)
    assert stage.directory.states() == {}
    for path in ("/api/v1/lectures", "/api/v1/recordings", "/api/v1/dashboard", "/"):
        assert "probe" not in stage.client(operator).get(path).text.lower(), path
    for path in ("/rooms/_probe", "/api/v1/rooms/_probe", "/watch/probe1"):
        assert stage.client(operator).get(path).status_code == 404, path


def test_nobody_publishes_in_it_without_this_installations_token(stage: WebStage) -> None:
    def post(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        return stage.client().post("/whip/_probe", data="v=0", headers=headers).status_code

    _, key = stage.stream_key()
    forged = probe_room.publish_token(b"another secret of thirty-two byt")
    old = probe_room.publish_token(stage.services.secret, clock=lambda: 1e9)
    assert [post(token) for token in ("x", key, forged, old)] == [401] * 4
    assert post(probe_room.publish_token(stage.services.secret)) == 503  # let in; there is no recorder here
    with pytest.raises(UnfitSlug):
        check_slug(probe_room.SLUG)


# Metrics


def test_every_query_of_the_dashboard_file_and_the_rules_names_a_metric() -> None:
    board = json.loads((PROJECT / "deploy/grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = re.findall(
        r"^\s+expr: (.+)$", (PROJECT / "deploy/prometheus-rules.yml").read_text(), re.MULTILINE
    )
    assert len(rules) == 5 and len(queries) > 20
    used = {name for query in (*queries, *rules) for name in re.findall(r"kodo_\w+", query)}
    assert used - set(health_metrics.NAMES) == set()
    assert set(health_metrics.NAMES) - used == set(), "each is shown somewhere"


def test_metrics_tell_what_is_watched_and_only_known_names(stage: WebStage) -> None:
    looked(
        stage,
        Finding("web", State.BAD, "silent"),
        Finding("clock", State.SKIPPED, "nobody_tells"),
        Finding("chain", State.GOOD, figures={"seconds": 0.9, "cpu_seconds": 0.8}),
        Finding("disk", State.GOOD, figures={"floor": 7, "growth": None}),
        Finding("backup", State.GOOD, figures={"backup_check": utc_now().isoformat()}),
    )
    counts = RequestCounts(stage.settings.storage / "run")
    (stage.settings.storage / "run").mkdir(exist_ok=True)
    counts.note("/live/open/s/index.m3u8", 200)
    counts.note("/admin", 500)
    counts.write()
    text = stage.client().get("/metrics").text
    for line in (
        'kodo_check_good{check="web"} 0.0',
        "kodo_probe_seconds 0.9",
        "kodo_disk_floor_bytes 7.0",
        'kodo_http_requests_total{class="live",status="200"} 1.0',
        'kodo_http_requests_total{class="admin",status="500"} 1.0',
    ):
        assert line in text
    told = set(re.findall(r"^(kodo_\w+)(?:\{| )", text, re.MULTILINE))
    assert {name for name in told if not name.endswith("_created")} - set(health_metrics.NAMES) == set()


def test_counts_of_processes_that_ended_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "requests-999999999.json").write_text('[["api", 200, 5]]')
    (tmp_path / "requests-1.json").write_text('[["api", 200, 5], ["live", 304, 2]]')
    (tmp_path / "requests-2.json").write_text("torn")
    assert request_counts.totals(tmp_path) == {("api", 200): 5, ("live", 304): 2}
    counts = RequestCounts(tmp_path)
    counts.open()
    counts.close()
    assert not (tmp_path / "requests-999999999.json").exists()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "pages"), ("/live/open/x", "live"), ("/api/v1/rooms", "api"), ("//x", "pages"), ("x", "pages")],
)
def test_addresses_have_classes(path: str, kind: str) -> None:
    assert class_of(path) == kind


def test_the_rate_is_that_of_the_last_seconds() -> None:
    clock = [100.0]
    rates = IngestRates(clock=lambda: clock[0])
    assert rates.rate("s", 1000, 8.0) == 1000.0  # since it began
    clock[0] += 1
    assert rates.rate("s", 1500, 9.0) == 1500 * 8 / 9
    clock[0] += 3
    assert rates.rate("s", 3000, 12.0) == 4000.0
    clock[0] += 1
    assert rates.rate("s", 3100, 13.0) == 4000.0
    clock[0] += 1000
    assert rates.rate("s", 3100, 1013.0) == 3100 * 8 / 1013


# Words


def test_every_check_has_words_and_figures_are_filled_in() -> None:
    assert reason_of("disk", "low", {"free": 3 << 30, "floor": 2 << 30}, str) == (
        "3.0 GiB are free. Below 2.0 GiB no lecture begins."
    )
    assert reason_of("web", "", {}, str) == ""
    assert reason_of("web", "new", {}, str) == "web: new"
    details = {"by": "address", "name": "192.0.2.7", "count": 31}
    told = sentence_of("intrusion.sign_in", details, str)
    assert told == "Failed sign-ins within ten minutes: 31 (from 192.0.2.7)"
    assert sentence_of("new.kind", {}, str) == "new.kind"
    assert len(set(CHECKS)) == len(CHECKS)


def test_one_mail_tells_all_that_is_due_in_two_languages() -> None:
    at = utc_now()
    due = [
        (Alarm("a", "health.web", "", at, details={"reason": "silent"}), Notice.TROUBLE),
        (Alarm("b", "backup.failed", "", at, details={"error": "full"}, recovered_at=at), Notice.RECOVERY),
    ]
    subject, text = mail_of(due, "https://k.example")
    assert subject == "[Kodo] 障害: ウェブプロセス (+1) / [Kodo] Trouble: Web processes (+1)"
    assert "The last backup failed: full" in text and "直近のバックアップに失敗しました：full" in text
    assert text.count("https://k.example/admin/health") == 2
    assert "test message" in mail_of((), "https://k.example")[1]
