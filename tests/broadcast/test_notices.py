"""Notices to all users: who sees which, when, in which language; put away for good; by mail to each once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from library import notices
from library.database import Database, utc_now
from library.models import Job, Notice, NoticeMail
from operation import notice_mail_job
from people.mail import MailPutOff, MailRefused, MailUnavailable, Message
from people.models import AuditRow, Organization, User
from settings import Settings
from tests.broadcast.administrators import admin, operator  # noqa: F401
from tests.broadcast.web_stage import WebStage

API = "/api/v1/admin/notices"
AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
JA, EN = "今夜22時から保守を行います。", "Maintenance begins at 22:00 tonight."


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    one = WebStage(tmp_path, KODO_SMTP_URL="smtp://127.0.0.1:1025", KODO_MAIL_FROM="kodo@example.org")
    yield one
    one.close()


def shown(stage: WebStage, user: User | None = None, language: str = "en", cookie: str = "") -> list[str]:
    client = stage.client(user)
    if cookie:
        client.set_cookie("kodo_notices_read", cookie)
    told = client.get("/api/v1/notices", headers={"Accept-Language": language}).json["notices"]
    page = client.get("/", headers={"Accept-Language": language}).text
    for one in told:
        assert one["text"] in page and f'data-notice="{one["id"]}"' in page
    return [one["text"] for one in told]


def add(stage: WebStage, person: User, **more: object) -> dict[str, object]:
    answer = stage.call("POST", API, {"texts": {"ja": JA, "en": EN}, **more}, user=person)
    assert answer.status_code == 201, answer.text
    told: dict[str, object] = answer.json
    return told


def test_a_notice_of_the_organization_is_for_its_people_in_their_language(
    stage: WebStage, admin: User
) -> None:
    add(stage, admin)
    assert shown(stage, stage.member) == [EN]
    assert shown(stage, stage.member, "ja") == [JA]
    assert shown(stage, stage.member, "zh-CN") == [EN]
    assert shown(stage) == []


def test_operators_speak_to_everybody_and_admins_may_not(
    stage: WebStage, admin: User, operator: User
) -> None:
    one = add(stage, operator, everybody=True, texts={"ja": JA})
    assert shown(stage) == shown(stage, stage.member) == [JA]
    assert shown(stage, cookie=f"x.{one['id']}") == []
    refused = stage.call("POST", API, {"texts": {"ja": JA}, "everybody": True}, user=admin)
    assert refused.status_code == 403
    assert stage.call("POST", f"{API}/{one['id']}/withdraw", user=admin).status_code == 404
    assert stage.call("GET", API, user=admin).json["notices"] == []
    assert stage.call("POST", f"{API}/{one['id']}/withdraw", user=operator).json["state"] == "over"
    assert shown(stage) == []
    with stage.database.reading() as transaction:
        noted = list(transaction.scalars(select(AuditRow.action).order_by(AuditRow.number)))
    assert noted[-2:] == ["notice.added", "notice.withdrawn"]


def test_one_that_is_planned_comes_and_goes_by_itself(stage: WebStage, operator: User) -> None:
    now = utc_now()
    told = add(
        stage,
        operator,
        everybody=True,
        starts_at=(now + timedelta(hours=1)).isoformat(),
        ends_at=(now + timedelta(hours=2)).isoformat(),
    )
    assert told["state"] == "planned"
    assert shown(stage) == []
    with stage.database.reading() as transaction:
        one = transaction.get_one(Notice, told["id"])
    seen = [bool(notices.shown_to([one], None, now + timedelta(minutes=at))) for at in (59, 61, 119, 120)]
    assert seen == [False, True, True, False]


@pytest.mark.parametrize(
    "more",
    [
        {"texts": {"ja": "  \n "}},
        {"texts": {"fr": "Bonjour"}},
        {"texts": {"en": "x" * 1001}},
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"starts_at": "2999-01-01T00:00:00Z"},
        {"starts_at": "2026-01-01T00:00:00"},
    ],
)
def test_unfit_notices(stage: WebStage, admin: User, more: dict[str, object]) -> None:
    answer = stage.call("POST", API, {"texts": {"en": EN}, **more}, user=admin)
    assert answer.status_code == 422, answer.text


def test_what_is_shown_is_remembered_and_survives_the_database(stage: WebStage, operator: User) -> None:
    add(stage, operator, everybody=True)
    assert shown(stage) == [EN]
    answer = stage.client().get("/api/v1/notices")
    again = stage.client().get("/api/v1/notices", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    stage.take_database_away()
    try:
        assert EN in stage.client().get("/rooms/hall").text
    finally:
        stage.bring_database_back()


@given(st.text(max_size=200))
def test_a_cleaned_text_has_nothing_that_nobody_sees(text: str) -> None:
    cleaned = notices.clean(text)
    assert all(character.isprintable() or character == "\n" for character in cleaned)
    assert "\n\n\n" not in cleaned and cleaned == cleaned.strip() == notices.clean(cleaned)


# Mail


@pytest.fixture
def hall(database: Database) -> tuple[Database, str]:
    """Seven people with an address, one without, one who left, one elsewhere; and a notice."""
    with database.session() as transaction:
        home, other = (Organization(name=name, slug=name) for name in ("home", "other"))
        transaction.add_all((home, other))
        transaction.flush()
        for n in range(10):
            transaction.add(
                User(
                    organization_id=(other if n == 9 else home).id,
                    user_id=f"person{n}",
                    display_name=f"Person {n}",
                    password_hash="",
                    role="viewer",
                    email=None if n == 7 else f"person{n}@example.org",
                    active=n != 8,
                    language="ja" if n % 2 else None,
                )
            )
        notice = Notice(organization_id=home.id, texts={"ja": JA, "en": EN}, starts_at=AT)
        transaction.add(notice)
        transaction.flush()
        return database, notice.id


class Box:
    """A mail server that may give up, or be killed before or after it has taken one."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.fails_at: dict[int, BaseException] = {}

    def __call__(self, message: Message) -> None:
        if error := self.fails_at.pop(len(self.sent), None):
            if isinstance(error, SystemExit):
                self.sent.append(message)  # it had gone out
            raise error
        self.sent.append(message)

    @property
    def receivers(self) -> list[str]:
        return [one.to[0] for one in self.sent]


def send(hall: tuple[Database, str], box: Box) -> int:
    return notice_mail_job.send_all(hall[0], hall[1], "https://kodo.example", box).sent


def test_a_notice_goes_once_to_each_active_person_in_their_language(hall: tuple[Database, str]) -> None:
    box = Box()
    assert send(hall, box) == 7
    assert sorted(box.receivers) == [f"person{n}@example.org" for n in range(7)]
    texts = {one.to[0]: one.text for one in box.sent}
    assert JA in texts["person1@example.org"] and EN not in texts["person1@example.org"]
    assert JA in texts["person0@example.org"] and EN in texts["person0@example.org"]
    assert send(hall, box) == 0


def test_killed_at_any_mail_nobody_gets_it_twice(hall: tuple[Database, str]) -> None:
    box = Box()
    for at in (1, 3, 4):
        box.fails_at[at] = SystemExit()
        with pytest.raises(SystemExit):
            send(hall, box)
    send(hall, box)
    assert len(box.receivers) == len(set(box.receivers)) == 7
    with hall[0].reading() as transaction:
        uncertain = select(NoticeMail).where(NoticeMail.sent_at.is_(None))
        assert len(transaction.scalars(uncertain).all()) == 3


def test_a_server_that_gives_up_is_asked_again_and_a_refused_address_is_not(
    hall: tuple[Database, str],
) -> None:
    box = Box()
    box.fails_at = {2: MailUnavailable("asks to come again"), 4: MailRefused("no such user")}
    with pytest.raises(MailUnavailable):
        send(hall, box)
    send(hall, box)
    assert len(box.receivers) == len(set(box.receivers)) == 6
    with hall[0].reading() as transaction:
        assert notices.mailed(transaction, [hall[1]]) == {hall[1]: (7, 1)}


class Full(Box):
    """Two mailboxes take nothing now, as long as the test says."""

    full = frozenset({"person0@example.org", "person3@example.org"})

    def __call__(self, message: Message) -> None:
        if message.to[0] in self.full:
            raise MailPutOff("452")
        super().__call__(message)


def test_a_full_mailbox_keeps_nobody_else_from_the_notice(
    hall: tuple[Database, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, notice_id = hall
    url = database.engine.url.render_as_string(hide_password=False)
    settings = Settings.from_environment({"KODO_STORAGE": str(tmp_path), "KODO_DATABASE_URL": url})
    with database.session() as transaction:
        ordered = notices.order_mail(transaction, transaction.get_one(Notice, notice_id), AT)

    def attempt(box: Box) -> list[dict[str, object]]:
        with database.reading() as transaction:
            job = transaction.get_one(Job, ordered.id)
        assert notice_mail_job.do_work(settings, job, box) == 0
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [one for one in said if "postpone" in one or "result" in one]

    box = Full()
    assert [one["postpone"] for one in attempt(box)] == [300]
    assert sorted(box.receivers) == [f"person{n}@example.org" for n in (1, 2, 4, 5, 6)]
    box.full = frozenset({"person3@example.org"})
    assert [one["postpone"] for one in attempt(box)] == [300]
    assert box.receivers[5:] == ["person0@example.org"]
    waits = [attempt(box)[0]["postpone"] for _ in range(5)]
    assert waits == [900, 3600, 3 * 3600, 6 * 3600, 12 * 3600]
    (ended,) = attempt(box)
    assert ended["result"] == {"sent": 0}
    with database.reading() as transaction:
        assert notices.mailed(transaction, [notice_id]) == {notice_id: (7, 1)}


def test_a_notice_that_is_withdrawn_meanwhile_is_sent_no_further(hall: tuple[Database, str]) -> None:
    with hall[0].session() as transaction:
        notices.withdraw(transaction.get_one(Notice, hall[1]), utc_now())
    box = Box()
    assert send(hall, box) == 0 and box.sent == []


def test_mail_is_ordered_once_as_a_job(stage: WebStage, admin: User) -> None:
    told = add(stage, admin, mail=True)
    assert stage.call("POST", f"{API}/{told['id']}/mail", user=admin).status_code == 202
    with stage.database.reading() as transaction:
        (job,) = transaction.scalars(select(Job)).all()
    assert (job.kind, job.subject) == ("notice-mail", told["id"])
