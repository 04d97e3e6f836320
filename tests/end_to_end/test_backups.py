"""An operator brings back what was deleted for good, in real Chromium, in at most five clicks; then the whole
installation on a new machine.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urljoin

import av
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from broadcast import room_trash, session_rows
from library import catalogue, removals
from library.database import utc_now
from library.keeping import TRASH_TIME, Removal
from library.models import LectureSession
from people.models import Room
from settings import Settings
from tests.broadcast.session_writer import SessionWriter
from tests.end_to_end import axe
from tests.end_to_end.archive import database_of
from tests.end_to_end.chromium import Console, fresh_page
from tests.end_to_end.lecturer import PASSWORD
from tests.installation import Installation, wait_for
from tests.recorder.media_maker import make_media, make_parts

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow, pytest.mark.timeout(180)]
TITLE = "線形代数 第7回"


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str]]:
    """An installation with one recording, in its backup → the recording."""
    installation = Installation(tmp_path_factory.mktemp("installation"), KODO_BACKUP="disk")
    try:
        stdin = f"{PASSWORD}\n"
        installation.run("user", "add", "soumu", "--role", "operator", "--password-stdin", stdin=stdin)
        installation.run("room", "add", "algebra", "--owner", "soumu")
        installation.start()
        recording = record(installation)
        # Its pictures, too; and the day's own backup, which begins with the installation.
        installation.run("jobs", "wait", "--timeout", "90")
        made = json.loads(installation.run("backup", "run", "--json"))
        assert made["verified"]
        yield installation, recording
    finally:
        installation.stop()


def record(installation: Installation) -> str:
    database = database_of(installation)
    with database.reading() as session:
        room = session.scalars(select(Room.id).where(Room.slug == "algebra")).one()
    writer = SessionWriter(installation.folder, room_id=room)
    media = make_media(4)
    writer.begin_take(parameters=media.parameters)
    for part in make_parts(media):
        writer.log.append(part)
    writer.end()
    wait_for("its MP4", lambda: json.loads(told(installation, writer.session_id)).get("mp4_url"))
    with database.session() as session:
        row = session.get_one(LectureSession, writer.session_id)
        catalogue.change(session, row, {"title": TITLE})
        session_rows.describe(session, row)
    database.close()
    return writer.session_id


def told(installation: Installation, recording: str) -> bytes:
    return installation.get(f"/api/v1/recordings/{recording}")[1]


def remove_for_good(installation: Installation, recording: str) -> None:
    """As the job does, without its quiet time."""
    database = database_of(installation)
    with database.session() as session:
        removals.order(session, session.get_one(LectureSession, recording), Removal.OWNER, utc_now())
    for folder in ("sessions", "pictures"):
        shutil.rmtree(installation.storage / folder / recording)
    removals.is_removed(database, recording, ["disk"], utc_now())
    database.close()


def remove_room_for_good(installation: Installation) -> None:
    """As it goes after its time in the trash."""
    database = database_of(installation)
    with database.session() as session:
        room = session.scalars(select(Room).where(Room.slug == "algebra")).one()
        room.deleted_at = utc_now() - TRASH_TIME
    room_trash.empty_due(Settings.from_environment(installation.environment), database, utc_now())
    database.close()


def check(page: Page, name: str) -> None:
    assert axe.violations(page, name) + axe.small_targets(page, name) == []


def test_a_deleted_recording_comes_back_in_five_clicks(
    backed_up: tuple[Installation, str], browser: Browser
) -> None:
    installation, recording = backed_up
    remove_for_good(installation, recording)
    page, console = signed_in(installation, browser)
    page.get_by_role("link", name="Administration").click()  # 1
    page.get_by_role("link", name="Backups").click()  # 2
    line = page.locator(f"#found [data-id='{recording}']")
    expect(line).to_contain_text(TITLE)
    check(page, "backups")
    line.get_by_role("button").click()  # 3
    expect(page.locator("#return-words")).to_contain_text(TITLE)
    check(page, "backups-return")
    page.click("#return-dialog button[value=yes]")  # 4
    expect(page.locator("#jobs [data-state=done]")).to_have_count(1)
    expect(line).to_have_count(0)
    page.locator("#jobs a").click()  # 5
    page.wait_for_selector("#room[data-state=replay]")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    assert console.fatal == []
    page.context.close()


def test_a_room_that_is_gone_for_good_comes_back(
    backed_up: tuple[Installation, str], browser: Browser
) -> None:
    installation, recording = backed_up
    remove_for_good(installation, recording)
    remove_room_for_good(installation)
    assert installation.get("/rooms/algebra")[0] == 404
    page, console = signed_in(installation, browser)
    page.goto(installation.url + "/admin/backups")
    line = page.locator("#found [data-room=algebra]")
    expect(line).to_contain_text("Recordings: 1")
    line.get_by_role("button").press("Enter")
    expect(page.locator("#room-slug")).to_have_value("algebra")
    check(page, "backups-room")
    page.locator("#room-slug").press("Enter")
    job = page.locator("#jobs [data-state=done]", has_text="/rooms/algebra")
    expect(job).to_have_count(1, timeout=60_000)
    expect(line).to_have_count(0)
    page.goto(installation.url + "/rooms/algebra")
    page.wait_for_selector("#room[data-state=replay]")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    assert console.fatal == []
    page.context.close()


def signed_in(installation: Installation, browser: Browser) -> tuple[Page, Console]:
    page, console = fresh_page(browser)
    axe.install(page)
    page.goto(installation.url + "/sign-in")
    page.fill("#user_id", "soumu")
    page.fill("#password", PASSWORD)
    page.click("form.card button.primary")
    page.wait_for_url("**/rooms")
    return page, console


def by_kodo(target: Path, machine: Installation) -> None:
    machine.run("backup", "restore", "latest", "--to", str(machine.storage))


def by_the_script(target: Path, machine: Installation) -> None:
    """With a Python that has nothing but its standard library, and not even Kodo's own folder."""
    script = str(target / "kodo-backup" / "restore.py")
    restore = [sys.executable, "-I", "-S", script, "restore", "latest", "--to", str(machine.storage)]
    subprocess.run(restore, cwd=target, env={}, check=True)


@pytest.mark.parametrize("restore", [by_kodo, by_the_script])
def test_on_a_new_machine_all_is_there(
    backed_up: tuple[Installation, str], tmp_path: Path, restore: Callable[[Path, Installation], None]
) -> None:
    installation, recording = backed_up
    target = installation.storage / "backups"
    machine = Installation(tmp_path, KODO_BACKUP="disk", KODO_BACKUP_DIR=str(target))
    restore(target, machine)
    machine.start()
    try:
        facts = json.loads(told(machine, recording))
        assert (facts["title"], facts["state"]) == (TITLE, "ready")
        assert pictures_in(machine, facts["hls_url"]) > 0
        status, mp4 = machine.get(facts["mp4_url"])
        assert status == 200 and mp4[4:8] == b"ftyp"
        found = json.loads(machine.get("/api/v1/search?" + urlencode({"q": "線形代数"}))[1])
        assert [one["id"] for one in found["recordings"]] == [recording]
        assert sign_in(machine, "soumu", "wrong") == 401
        assert sign_in(machine, "soumu", PASSWORD) == 200
    finally:
        machine.stop()


def pictures_in(installation: Installation, url: str) -> int:
    """Of the replay's first segment, as a player fetches it."""
    lines = installation.get(url)[1].decode().splitlines()
    first = next(line for line in lines if line and not line.startswith("#"))
    init = [line.split('"')[1] for line in lines if line.startswith("#EXT-X-MAP")]
    if not init:
        return pictures_in(installation, urljoin(url, first))
    media = b"".join(installation.get(urljoin(url, name))[1] for name in (init[0], first))
    with av.open(io.BytesIO(media), "r", format="mp4") as container:
        return sum(1 for _ in container.decode(video=0))


def sign_in(installation: Installation, user_id: str, password: str) -> int:
    """The status of the page that follows."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{installation.url}/sign-in").read().decode()
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "user_id": user_id, "password": password}
    try:
        return int(browser.open(f"{installation.url}/sign-in", urlencode(form).encode()).status)
    except urllib.request.HTTPError as error:
        return error.code
