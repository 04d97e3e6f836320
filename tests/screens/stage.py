"""What is photographed: installations with lectures live, away and ended, and rooms with every door."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

from broadcast import room_trash
from library import backup_records, chapters, removals, transcripts, watching
from library.alarms import clear_alarm, raise_alarm
from library.chapter_list import Chapter
from library.database import utc_now
from library.keeping import Removal
from library.models import (
    AvailabilityDay,
    BackupGeneration,
    Device,
    Film,
    FilmState,
    Job,
    LectureSession,
    Notice,
)
from library.transcript_formats import Cue, Word
from library.usage import Heard, Quality, write
from library.usage_totals import add_up
from people.accounts import create_user
from people.models import Organization, Role, Room, RoomAccess, User
from people.rooms import change_room
from tests.end_to_end.archive import add_recordings, add_scheduled, database_of
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.encoder import Encoder
from tests.end_to_end.lecturer import PASSWORD, SETUP_LINK
from tests.end_to_end.test_film import make_clock_film
from tests.installation import Installation, wait_for
from tests.publishers.prepared_packets import prepare_video

WATCHING = 128
ROOMS = {
    "algebra": "線形代数学第一 第十二回 行列式の幾何学的な意味と、"
    "多変数の積分における変数変換の公式への応用について",
    "physics": "Physics for engineers",
    "waiting": "研究室セミナー",
    "locked": "社内研修（人事部）",
    "members": "Members' colloquium",
    "past": "情報理論入門",
    "films": "映像資料",
    "seminar": "数理工学セミナー",
}
SAID = (
    ("では", "前回", "の", "続き", "から", "始めます。"),
    ("情報源", "符号化", "定理", "を", "思い出して", "ください。"),
    ("エントロピー", "より", "短く", "は", "できない", "という", "ことでした。"),
    ("今日", "は", "その", "証明", "を", "見ます。"),
    ("まず", "典型", "系列", "の", "話", "から", "です。"),
    ("長さ", "n", "の", "系列", "の", "うち", "典型的", "な", "もの", "は、"),
    ("およそ", "2", "の", "nH", "乗", "個", "しか", "ありません。"),
    ("ですから", "nH", "ビット", "で", "番号", "を", "付けられます。"),
    ("ここ", "まで", "で", "質問", "は", "ありますか。"),
)
CHAPTERS = ("前回の復習", "典型系列とは何か：大数の法則から見た長い系列のふるまい", "Q & A")
DESCRIPTION = """持ち物：教科書 第3章

資料：https://example.org/algebra/12（要ログイン）
行列式の定義から始めて、体積の変化率としての意味までを一回で扱います。"""
USERS = {"owner": "yamada", "admin": "soumu", "another": "another-admin", "operator": "unyou"}
DELETED_ROOMS = {"spring": "春の公開講座 2026", "guests": "客員教授セミナー"}
REASON = "moov atom not found (exit code 1)"
LOG = """[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55f0] moov atom not found
2026-11-26T01:02:03.004Z WARNING job operation.film_job: FFmpeg: Invalid data found when processing input
moov atom not found"""
TITLES = (
    "情報理論入門 第4回 符号化定理",
    "Signals and systems: sampling",
    "日本語学概論 音韻と表記",
    "机器学习导论：梯度下降",
    "統計学基礎 第9回 推定と検定",
    "Onboarding for new colleagues",
    "有機化学 反応機構の読み方",
    "量子力学 II",
    "安全衛生講習 2026年度",
    "Introduction to type theory",
    "経済史 産業革命と都市",
    "高分子物理化学演習 解説",
    "Operating systems: scheduling",
    "心理学実験法",
)


@dataclass(frozen=True)
class Stage:
    """`cookies`: by who is signed in: the rooms' `owner`, the `admin` of their organization, and that of
    `another`, which has nothing. `setup`: a link that still works, of the empty installation; `invitation`:
    one of the other. `film`: to be uploaded.
    `another`, which has nothing. `setup`: a link that still works, of the empty installation. `film`: to be
    uploaded. `owner`: that person's id.
    """

    full: Installation
    empty: Installation
    cookies: dict[str, Any]
    past: str
    setup: str
    invitation: str
    film: Path
    owner: str


@contextmanager
def built(browser: Browser) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="kodo-screens-") as folder:
        full = Installation(
            Path(folder) / "full", KODO_BEACON_SECONDS="600", KODO_ABSENCE_SECONDS="3600", KODO_BACKUP="disk"
        )
        empty = Installation(Path(folder) / "empty")
        for one in (full, empty):
            one.folder.mkdir()
        encoders: list[Encoder] = []
        try:
            full.start()
            empty.start()
            yield _people_in(browser, full, empty, encoders)
        finally:
            for encoder in encoders:
                encoder.stop()
            for one in (full, empty):
                one.stop()


def _people_in(browser: Browser, full: Installation, empty: Installation, encoders: list[Encoder]) -> Stage:
    user = ("user", "add", "yamada", "--role", "lecturer", "--name", "山田 花子", "--password-stdin")
    full.run(*user, stdin=PASSWORD + "\n")
    keys = {}
    for slug, title in ROOMS.items():
        full.run("room", "add", slug, "--owner", "yamada", "--title", title)
        keys[slug] = full.new_key(slug)
    _shut(full, "locked", RoomAccess.PASSWORD)
    _shut(full, "members", RoomAccess.MEMBERS)
    past = _lecture_that_ended(full, keys["past"])
    _said(full, past)
    add_recordings(full, "past", TITLES)
    _posters(full, past)
    _learn(full, past)
    _schedule(full)
    _films(full)
    _admins(full)
    _jobs(full, past)
    _backups(full)
    _watched(full)
    for slug in ("physics", "algebra"):
        encoders.append(Encoder(keys[slug], prepare_video(1280, 720, kilobits=1500)))
        encoders[-1].connect()
        full.wait_for_state(slug, "live")
    encoders[0].leave()
    full.wait_for_state("physics", "slate")
    setup = wait_for("the set-up link", lambda: SETUP_LINK.search(empty.log()))[0]
    cookies = {who: _signed_in(browser, full, user_id) for who, user_id in USERS.items()}
    _crowd(browser, full, cookies["owner"])
    invitation = _people(full)
    film = make_clock_film(full.folder / "実験の記録.mp4")
    return Stage(full, empty, cookies, past, setup, invitation, film, _usage(full, past))


def _posters(installation: Installation, session_id: str) -> None:
    """That of a real recording for most of those that are only rows; some have none."""
    made = wait_for("pictures", lambda: (installation.room("past")["session"] or {}).get("poster_url"), 60)
    database = database_of(installation)
    folder = installation.storage / "pictures"
    with database.session() as transaction:
        rows = transaction.scalars(select(LectureSession).where(LectureSession.id != session_id))
        for number, row in enumerate(rows.all()):
            if number % 4 != 2:
                row.pictures_version, row.poster = 1, made.rpartition("=")[2]
                shutil.copytree(folder / session_id, folder / row.id)


def _said(installation: Installation, session_id: str) -> None:
    """What was said in the lecture that has ended, with the times of its words."""
    database = database_of(installation)
    with database.session() as transaction:
        cues = []
        for number, words in enumerate(SAID):
            start = 1.5 * number
            step = 1.5 / len(words)
            heard = tuple(
                Word(start + step * place, start + step * (place + 1), word)
                for place, word in enumerate(words)
            )
            cues.append(Cue(start, start + 1.5, "".join(words), heard))
        transcripts.save(transaction, session_id, "ja", cues, origin="engine")
    database.close()


def _learn(installation: Installation, session_id: str) -> None:
    """Chapters of the lecture that has ended; its owner has watched some of the recordings."""
    database = database_of(installation)
    with database.session() as transaction:
        chapters.save(transaction, session_id, [Chapter(2.5 * n, title) for n, title in enumerate(CHAPTERS)])
        owner = transaction.scalars(select(User).where(User.user_id == USERS["owner"])).one()
        rows = transaction.scalars(select(LectureSession).where(LectureSession.id != session_id))
        for number, row in enumerate(rows.all()):
            begun = utc_now() - timedelta(hours=3)
            watching.note(transaction, owner.id, row, [], 0.0, begun)
            watched = row.seconds * (number % 5) / 4
            watching.note(transaction, owner.id, row, [(0.0, watched)], watched, begun + timedelta(hours=2))
    database.close()


def _schedule(installation: Installation) -> None:
    """One that is due, one that is late, and later ones; `waiting` has none."""
    for slug, title, by in (
        ("seminar", "行列式の幾何学的な意味", timedelta(minutes=20)),
        ("past", "情報理論入門 第5回 通信路符号化", timedelta(minutes=-25)),
        ("past", "Channel coding: exercises", timedelta(days=6)),
        ("seminar", "変数変換の公式とその応用", timedelta(days=7)),
    ):
        add_scheduled(installation, slug, title, utc_now() + by, DESCRIPTION)


def _films(installation: Installation) -> None:
    """Rows in every state but the one that only a page which uploads shows."""
    database = database_of(installation)
    with database.session() as transaction:
        room = transaction.scalars(select(Room).where(Room.slug == "seminar")).one()
        common = {"room_id": room.id, "organization_id": room.organization_id, "owner_id": room.owner_id}
        for title, state, more in (
            ("実験の記録 粘性流体", FilmState.READY, {"seconds": 754.0}),
            ("Interview, cut short", FilmState.READY, {"seconds": 61.0, "cut": True}),
            ("現地調査", FilmState.FAILED, {"reason": "no_picture"}),
            ("Laboratory safety", FilmState.PREPARING, {}),
        ):
            transaction.add(Film(title=title, state=state, bytes=48_000_000, **common, **more))
    database.close()


def _admins(installation: Installation) -> None:
    database = database_of(installation)
    with database.session() as transaction:
        own = transaction.scalars(select(Organization)).one()
        another = Organization(name="Another", slug="another")
        transaction.add(another)
        transaction.flush()
        for who, home, role in (
            ("admin", own, Role.ADMIN),
            ("another", another, Role.ADMIN),
            ("operator", own, Role.OPERATOR),
        ):
            create_user(
                transaction,
                user_id=USERS[who],
                password=PASSWORD,
                role=role,
                organization=home,
                display_name=who,
            )
    database.close()


def _people(installation: Installation) -> str:
    """More of them than go on a page, in every state → the link of one who is invited."""
    lines = [f"s26{n:04},{name},viewer,s26{n:04}@example.ac.jp" for n in range(30) for name in (f"学生 {n}",)]
    lines += [f"guest{n:02},Visiting lecturer {n},lecturer," for n in range(30)]
    file = installation.folder / "people.csv"
    file.write_text("user_id,name,role,email\n" + "\n".join(lines))
    installation.run("user", "import", str(file))
    installation.run("user", "deactivate", "guest03")
    who = ("mori", "--role", "lecturer", "--name", "森 由紀子", "--email", "mori@example.ac.jp")
    return installation.run("user", "invite", *who).split()[-1]


def _backups(installation: Installation) -> None:
    """A real generation, some from before; what was removed since, and a room that is in the trash."""
    for slug, title in DELETED_ROOMS.items():
        installation.run("room", "add", slug, "--owner", "yamada", "--title", title)
        add_recordings(installation, slug, (title,))
    installation.run("backup", "run")
    installation.run("room", "remove", "guests")
    database = database_of(installation)
    now = utc_now()
    with database.session() as transaction:
        gone = transaction.scalars(select(Room).where(Room.slug == "spring")).one()
        gone.deleted_at = now - timedelta(days=1)
        transaction.execute(
            update(LectureSession)
            .where(LectureSession.room_id == gone.id)
            .values(removal=Removal.TRASH, deleted_at=now, removed_at=now)
        )
        room_trash.forget(transaction, gone, now)
        for day in range(1, 6):
            at = now - timedelta(days=day)
            values = {"objects": 900 - day, "bytes": 48_000_000_000 - day, "bytes_new": 910_000_000 * day}
            name = f"{42 - day:06}-{at:%Y%m%dT%H%M%SZ}"
            reason = "migration" if day == 3 else "daily"
            transaction.add(BackupGeneration(id=name, at=at, reason=reason, verified=day != 4, **values))
        details = {"recordings": 10, "played": 14, "compared": 26, "files": 130, "bytes": 4_100_000_000}
        backup_records.note(
            transaction, "proof", generation=name, at=now, seconds=81.0, ok=True, details=details
        )
        row = transaction.scalars(select(LectureSession).where(LectureSession.title == TITLES[-1])).one()
        removals.order(transaction, row, Removal.OWNER, now, after=timedelta(hours=5))
    database.close()


def _watched(installation: Installation) -> None:
    """Months of looks, and alarms that are over and open."""
    now = utc_now()
    database = database_of(installation)
    with database.session() as transaction:
        for day in range(70):
            date = (now - timedelta(days=day + 1)).date().isoformat()
            for probe, bad in (
                ("service", 40.0 if day % 9 == 3 else 0.0),
                ("chain", 90.0 if day % 20 == 7 else 0.0),
            ):
                row = AvailabilityDay(day=date, probe=probe, good=86_400.0 - bad, bad=bad, skipped=0.0)
                transaction.add(row)
        raise_alarm(transaction, "backup.failed", now=now - timedelta(days=3))
        clear_alarm(transaction, "backup.failed", now=now - timedelta(days=3))
        details = {"by": "address", "name": "192.0.2.7", "count": 46}
        raise_alarm(transaction, "intrusion.sign_in", "address:192.0.2.7", details=details)
    database.close()


def _jobs(installation: Installation, past: str) -> None:
    """In every state; the installation's own worker takes none of them."""
    now, far = utc_now(), utc_now() + timedelta(hours=5)
    running = {"state": "running", "owner": "another", "lease_until": far, "started_at": now}
    ended = {"attempt": 1, "finished_at": now - timedelta(hours=3)}
    jobs: tuple[tuple[str, dict[str, Any]], ...] = (
        ("transcribe", {**running, "progress": 0.42, "paced_at": now - timedelta(minutes=4)}),
        ("mp4", {**running, "progress": 0.03}),
        ("pictures", {"waits_for": "disk", "message": "the pictures need 40 MB, and 3 MB are free"}),
        ("heal", {"waits_for": "retry", "attempt": 1, "error": "killed by SIGKILL", "log": LOG}),
        ("media", {"state": "failed", "attempt": 3, "finished_at": now, "error": REASON, "log": LOG}),
        ("move", {**ended, "state": "cancelled"}),
        ("scan", {**ended, "state": "done", "progress": 1.0}),
    )
    database = database_of(installation)
    with database.session() as transaction:
        subjects = [past, *transaction.scalars(select(LectureSession.id).where(LectureSession.id != past))]
        for number, (kind, values) in enumerate(jobs):
            common = {"key": f"screens:{number}", "subject": subjects[number], "lane": "screens"}
            transaction.add(Job(kind=kind, not_before=far, **common, **values))
    database.close()


def _usage(installation: Installation, past: str) -> str:
    """Months of visits, and notices that are planned and over → the owner's id."""
    database, now = database_of(installation), utc_now()
    with database.session() as transaction:
        owner = transaction.scalars(select(User).where(User.user_id == USERS["owner"])).one()
        rooms = transaction.scalars(select(Room).where(Room.slug.in_(("algebra", "physics", "past")))).all()
        for number in range(900):
            room, at = rooms[number % 7 % 3], now - timedelta(hours=7 * number)
            device = list(Device)[(number % 10 > 5) + (number % 10 > 8)]
            person = owner.id if number % 50 == 0 else None
            told = (room.organization_id, room.id, past, person, f"viewer {number % 211}", str(number), True)
            played = Quality(600 + number * 17 % 4800, number % 4, number % 2, 720, 1500, 1700 + number % 400)
            write(transaction, [Heard(*told, device, at, at + timedelta(hours=1.5), played)])
        texts = {
            "ja": "土曜日の10時から11時まで、更新のため停止します。",
            "en": "Down for an update, Saturday 10 to 11.",
        }
        common = {"organization_id": owner.organization_id, "created_by": owner.id}
        planned = {"starts_at": now + timedelta(days=2), "ends_at": now + timedelta(days=4)}
        over = {"starts_at": now - timedelta(days=9), "ends_at": now - timedelta(days=8)}
        transaction.add(Notice(texts=texts, **planned, **common))
        transaction.add(Notice(texts={"ja": "新しい字幕機能を始めました。"}, **over, **common))
    add_up(database, now)
    database.close()
    return owner.id


def _shut(installation: Installation, slug: str, access: RoomAccess) -> None:
    database = database_of(installation)
    password = "higashiyama 7" if access is RoomAccess.PASSWORD else None
    with database.session() as transaction:
        room = transaction.scalars(select(Room).where(Room.slug == slug)).one()
        change_room(room, access=access, password=password)
    database.close()


def _lecture_that_ended(installation: Installation, key: dict[str, str]) -> str:
    encoder = Encoder(key, prepare_video(1280, 720, kilobits=1500))
    encoder.connect()
    session: str = installation.wait_for_state("past", "live")["id"]
    wait_for("some seconds", lambda: installation.room("past")["session"]["recording"]["bytes"] > 1_000_000)
    encoder.stop()
    installation.end("past")
    installation.wait_for_state("past", "ended")
    return session


def _signed_in(browser: Browser, installation: Installation, user_id: str) -> Any:
    page, _ = fresh_page(browser)
    sign_in(page, installation, user_id=user_id)
    cookies = page.context.storage_state()
    page.context.close()
    return cookies


def sign_in(
    page: Page, installation: Installation, password: str = PASSWORD, user_id: str = USERS["owner"]
) -> None:
    page.goto(installation.url + "/sign-in")
    page.fill("#user_id", user_id)
    page.fill("#password", password)
    page.click("form.card button.primary")
    page.wait_for_load_state()


def _crowd(browser: Browser, installation: Installation, cookies: Any) -> None:
    """Many who watch, as far as the count knows."""
    page, _ = fresh_page(browser, storage_state=cookies)
    page.goto(installation.url)
    page.evaluate(
        """async (count) => {
          const token = document.querySelector('meta[name="csrf-token"]').content;
          for (let n = 0; n < count; n += 1) {
            const body = JSON.stringify({ viewer: `viewer-${n}` });
            const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
            await fetch("/api/v1/rooms/algebra/beacon", { method: "POST", body, headers });
          }
        }""",
        WATCHING,
    )
    page.context.close()
