"""Usage: what beacons tell becomes figures of a page, of the API and of tables, to each admin their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from library import usage_totals
from library.database import utc_now
from library.models import LectureSession, Visit
from people.command_line import add_user
from people.models import Organization, Role, User
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import PASSWORD, WebStage

BEACON = "/api/v1/rooms/hall/beacon"
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    one = WebStage(tmp_path)
    yield one
    one.close()


@pytest.fixture
def admins(stage: WebStage) -> dict[str, User]:
    """Of the stage's organization, of another one, and an operator."""
    people = {role: add_user(stage.database, role, Role(role), PASSWORD) for role in ("admin", "operator")}
    stranger = add_user(stage.database, "stranger", Role.ADMIN, PASSWORD)
    with stage.database.session() as transaction:
        other = Organization(name="Elsewhere", slug="elsewhere")
        transaction.add(other)
        transaction.flush()
        transaction.get_one(User, stranger.id).organization_id = other.id
    with stage.database.reading() as transaction:
        return {**people, "stranger": transaction.get_one(User, stranger.id)}


def lecture(stage: WebStage, title: str = "=1+1") -> str:
    now = utc_now()
    row = LectureSession(
        id="lecture",
        room_id=stage.hall.id,
        organization_id=stage.hall.organization_id,
        title=title,
        phase="ended",
        started_at=now,  # not before: on the first of a month it would be last month's
        ended_at=now,
        bytes=1,
    )
    with stage.database.session() as transaction:
        transaction.add(row)
    return row.id


def watch(stage: WebStage, page: str, *, user: User | None = None, **told: object) -> int:
    body = {"viewer": f"tab of {page}", "page": page, **told}
    return stage.client(user).post(BEACON, json=body, headers=FIREFOX).status_code


def write(stage: WebStage) -> list[Visit]:
    stage.usage.step()
    usage_totals.add_up(stage.database, utc_now())
    with stage.database.reading() as transaction:
        return list(transaction.scalars(select(Visit).order_by(Visit.viewer)))


def table(stage: WebStage, path: str, user: User) -> list[dict[str, str]]:
    answer = stage.client(user).get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_a_beacon_is_a_visit_with_what_the_page_told(stage: WebStage) -> None:
    session = lecture(stage)
    assert watch(stage, "page-one", session=session, replay=True, seconds=20, height=720, kbps=900) == 204
    assert watch(stage, "page-one", session=session, replay=True, seconds=50, stalled=2, stalls=1) == 204
    (visit,) = write(stage)
    assert (visit.session_id, visit.room_id, visit.live) == (session, stage.hall.id, False)
    assert (visit.seconds, visit.stalled, visit.stalls, visit.height, visit.kbps) == (50, 2, 1, None, None)
    assert (visit.device, visit.user_id) == ("desktop", None)
    assert "page-one" not in visit.viewer + visit.id
    assert stage.viewers.count(stage.hall.id) == 0, "who watches a recording is no viewer of now"


def test_a_signed_in_viewer_is_known_and_a_foreign_session_is_not(stage: WebStage) -> None:
    SessionWriter(stage.settings.storage, room_id="another")
    assert watch(stage, "page-one", user=stage.member, session="\0", latency_ms=2000) == 204
    (visit,) = write(stage)
    assert (visit.user_id, visit.session_id, visit.live, visit.latency_ms) == (
        stage.member.id,
        None,
        True,
        2000,
    )
    assert stage.viewers.count(stage.hall.id) == 1


@pytest.mark.parametrize(
    "told",
    [{"seconds": -1}, {"seconds": 10**9}, {"stalls": 10**6}, {"height": 0}, {"kbps": "x"}, {"page": "x"}],
)
def test_hostile_figures_are_refused(stage: WebStage, told: dict[str, object]) -> None:
    assert stage.client().post(BEACON, json={"viewer": "viewer-one", **told}).status_code == 422


def test_each_admin_sees_their_own_organization_and_operators_all(
    stage: WebStage, admins: dict[str, User]
) -> None:
    session = lecture(stage)
    watch(stage, "page-one", session=session, seconds=40)
    watch(stage, "page-two", user=stage.member, session=session, seconds=10, stalled=5)
    write(stage)
    figures = {}
    for name, person in admins.items():
        told = stage.client(person).get("/api/v1/usage").json
        figures[name] = told["periods"][0]["figures"]
        assert [room["room"] for room in told["rooms"]] == ([] if name == "stranger" else ["hall"])
        page = stage.client(person).get("/admin/usage").text
        assert ("講堂 Hall" in page) is (name != "stranger")
    assert figures["admin"] == figures["operator"]
    assert (figures["admin"]["lectures"], figures["admin"]["viewers"]) == (1, 2)
    assert (figures["admin"]["seconds"], figures["admin"]["desktops"]) == (50, 2)
    assert figures["admin"]["smooth_share"] == 0.5
    assert (figures["stranger"]["visits"], figures["stranger"]["lectures"]) == (0, 0)
    assert stage.client(stage.member).get("/admin/usage").status_code == 403


def test_tables_have_every_visit_and_no_formula(stage: WebStage, admins: dict[str, User]) -> None:
    session = lecture(stage)
    watch(stage, "page-one", user=stage.member, session=session, seconds=30)
    write(stage)
    (visit,) = table(stage, "/admin/usage/visits.csv", admins["admin"])
    assert (visit["person"], visit["room"], visit["title"]) == ("member", "hall", "'=1+1")
    assert (visit["seconds_watched"], visit["device"], visit["live"]) == ("30", "desktop", "true")
    assert table(stage, "/admin/usage/visits.csv", admins["stranger"]) == []
    assert table(stage, "/admin/usage/visits.csv?until=2020-01-01&from=2019-01-01", admins["admin"]) == []
    (room,) = table(stage, "/admin/usage/rooms.csv", admins["operator"])
    assert (room["room"], room["hours_watched"]) == ("hall", "0.01")
    assert len(table(stage, "/admin/usage/periods.csv?span=week", admins["admin"])) == 27


@pytest.mark.parametrize("query", ["span=year", "first=yesterday", "first=0001-01-01", "first=9999-12-31"])
def test_periods_that_cannot_be(stage: WebStage, admins: dict[str, User], query: str) -> None:
    assert stage.client(admins["admin"]).get(f"/admin/usage?{query}").status_code == 404


def test_rooms_are_filtered_by_their_title(stage: WebStage, admins: dict[str, User]) -> None:
    watch(stage, "page-one", seconds=10)
    write(stage)
    client = stage.client(admins["admin"])
    assert "講堂 Hall" in client.get("/admin/usage?q=hall").text
    assert "講堂 Hall" not in client.get("/admin/usage?q=annex").text
