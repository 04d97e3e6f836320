"""The pages as the server renders them: who sees what, in which language, with nothing inline or foreign."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from broadcast.languages import LANGUAGES, TAGS
from broadcast.lecture_lists import PAGE_LENGTH
from library import transcripts
from library.database import Database
from library.transcript_formats import Cue
from tests.broadcast.page_app import PROJECT, Archive, Reader, make_page_app


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    return make_page_app(sqlite_database, tmp_path)


@pytest.fixture
def archive(sqlite_database: Database) -> Archive:
    return Archive(sqlite_database)


class Outline(HTMLParser):
    """What a page links to, its ids, and what stands inline."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self._data_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"] or "")
        only_told = found.get("rel") in (
            "alternate",
            "canonical",
        )  # loaded by nobody here
        if tag in ("script", "link", "img", "use", "video", "source", "iframe") and not only_told:
            self.loads += [value for name in ("src", "href") if (value := found.get(name))]
        if tag == "style" or (
            tag == "script" and "src" not in found and found.get("type") != "application/json"
        ):
            self.inline.append(tag)
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        if tag == "label" and found.get("for"):
            self.labelled.add(found["for"] or "")
        if tag in ("input", "select") and found.get("type") not in ("hidden", "radio"):
            self.fields.append(found)


def block(page: str, name: str) -> dict[str, object]:
    match = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)
    assert match is not None, f"no JSON block {name}"
    parsed = json.loads(match[1])
    assert isinstance(parsed, dict)
    return parsed


STUDIO = (
    "studio_page.js",
    "line_test.js",
    "live_bar.js",
    "live_warnings.js",
    "program_view.js",
    "quality_picker.js",
    "scene_picker.js",
    "shortcuts.js",
    "sound_check.js",
    "source_pickers.js",
    "title_editor.js",
)
PAGES = (
    "/",
    "/?q=nothing",
    "/design",
    "/sign-in",
    "/rooms",
    "/rooms/hall",
    "/rooms/hall/settings",
    "/rooms/hall/studio",
    "/watch/s1",
    "/rooms/hall?embed=1",
    "/nowhere",
)


PLAYER_SCRIPTS = (
    "room_page.js",
    "player_bar.js",
    "player_keys.js",
    "player_chrome.js",
    "mark_strip.js",
    "troubles.js",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_keep_to_the_content_security_policy(
    app: Flask, archive: Archive, path: str, language: str
) -> None:
    archive.lecture(archive.hall, "s1")
    reader = Reader(app, language)
    if path != "/sign-in":
        reader.sign_in("hana")
    page = reader.get(path).text
    outline = Outline(page)
    assert f'<html lang="{TAGS[language]}"' in page
    assert outline.inline == []
    assert all(address.startswith("/static/") for address in outline.loads), outline.loads
    for address in outline.loads:
        assert (PROJECT / address.lstrip("/").split("#")[0]).is_file(), address
    assert len(outline.ids) == len(set(outline.ids))
    assert {field["id"] for field in outline.fields} <= outline.labelled


@pytest.mark.parametrize("path", PAGES)
def test_icons_are_in_the_sprite(app: Flask, archive: Archive, path: str) -> None:
    archive.lecture(archive.hall, "s1")
    archive.lecture(archive.members, "s2", "slate")
    sprite = (PROJECT / "static/vendor/lucide-1.62.0/sprite.svg").read_text(encoding="utf-8")
    page = Reader(app).sign_in("hana").get(path).text
    for name in set(re.findall(r"sprite\.svg#([\w-]+)", page)):
        assert f'id="{name}"' in sprite


def test_elements_that_scripts_need_are_in_their_pages(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1")
    reader = Reader(app).sign_in("hana")
    pages = {
        "/": ("front_page.js", "lecture_cards.js"),
        "/design": ("design_page.js",),
        "/rooms": ("rooms_page.js",),
        "/rooms/hall": (*PLAYER_SCRIPTS, "share_dialog.js", "unlock_form.js", "download_link.js"),
        "/watch/s1": (*PLAYER_SCRIPTS, "share_dialog.js", "unlock_form.js", "download_link.js"),
        "/watch/s1?embed=1": PLAYER_SCRIPTS,
        "/rooms/hall/settings": ("settings_page.js",),
        "/rooms/hall/studio": (*STUDIO, "media_panel.js", "film_list.js", "film_controls.js"),
    }
    for path, scripts in pages.items():
        ids = set(Outline(reader.get(path).text).ids)
        for script in scripts:
            source = (PROJECT / "static/js" / script).read_text(encoding="utf-8")
            needed = set(re.findall(r'need\("#([\w-]+)', source))
            assert needed, script
            assert needed <= ids, f"{path} lacks {needed - ids} of {script}"


def test_front_lists_what_a_stranger_may_see(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1", "live", "行列式")
    archive.lecture(archive.members, "s2", "live")
    archive.lecture(archive.secret, "s3", "ended")
    page = Reader(app).get("/").text
    assert "行列式" in page
    assert "山田 花" in page
    assert "Room members" not in page
    assert "Room secret" not in page
    assert "Open studio" not in page


def test_front_lists_rooms_for_members_to_members_only(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.members, "s2", "live")
    assert "Room members" in Reader(app).sign_in("vera").get("/").text
    assert "Room members" not in Reader(app).sign_in("ben").get("/").text


def test_front_puts_the_lecturers_studio_first(app: Flask, archive: Archive) -> None:
    page = Reader(app).sign_in("hana").get("/").text
    assert page.index("/rooms/hall/studio") < page.index("Live now")


def test_the_front_page_needs_no_script_to_go_on_and_to_search(app: Flask, archive: Archive) -> None:
    for n in range(PAGE_LENGTH + 2):
        archive.lecture(archive.hall, f"s{n:02}", title=f"Lecture {n:02}", minutes_ago=100 + n)
    archive.lecture(archive.hall, "other", title="Geometry", minutes_ago=300)
    reader = Reader(app)
    first = reader.get("/").text
    more = re.search(r'id="more" href="([^"]+)"', first)
    assert more is not None
    second = reader.get(more[1].replace("&amp;", "&")).text
    assert re.findall(r"/watch/(\w+)", first)[-1] == "s11"
    assert set(re.findall(r"/watch/(\w+)", second)) == {"s12", "s13", "other"}
    assert 'id="live-now"' not in second
    found = reader.get("/?q=geometry").text
    assert set(re.findall(r"/watch/(\w+)", found)) == {"other"}


def test_the_front_page_tells_what_was_not_found_as_it_was_typed(app: Flask, archive: Archive) -> None:
    page = Reader(app).get("/?q=%3Cb%3E%25").text
    assert "Nothing was found for “&lt;b&gt;%”." in page
    assert "<b>" not in page


def test_a_forged_place_in_the_list_is_not_found(app: Flask, archive: Archive) -> None:
    assert Reader(app).get("/?before=' OR 1").status_code == 404
    assert Reader(app).get("/?q=" + "x" * 5_000).status_code == 200


def test_the_design_page_is_linked_from_nowhere(app: Flask, archive: Archive) -> None:
    reader = Reader(app).sign_in("hana")
    assert all('href="/design' not in reader.get(path).text for path in PAGES if path != "/design")


def test_every_language_is_in_the_menu_and_the_present_one_marked(app: Flask, archive: Archive) -> None:
    page = Reader(app, "zh-CN").get("/").text
    for code in LANGUAGES:
        assert f'value="{code}" lang="{TAGS[code]}"' in page
    assert re.findall(r'value="(\w+)" lang="[\w-]+" aria-current="true"', page) == ["zh"]


def test_own_rooms_with_state_and_absolute_address(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1", "slate", minutes_ago=5)
    archive.lecture(archive.members, "s2", "ended", "Last time")
    page = Reader(app).sign_in("hana").get("/rooms").text
    assert "https://kodo.example/rooms/hall" in page
    assert "Back soon" in page
    assert "Last time" in page


def test_viewers_have_no_own_rooms_and_come_to_the_front(app: Flask, archive: Archive) -> None:
    answer = Reader(app).sign_in("vera").get("/rooms")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_locked_room_shows_its_page_but_no_address_of_media(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.secret, "s3", "live")
    answer = Reader(app).get("/rooms/secret")
    assert answer.status_code == 200
    assert "m3u8" not in answer.text
    page = block(answer.text, "page")
    assert set(page) == {"api", "room_api", "watch", "share", "poster", "modules"}
    assert page["poster"] is None
    assert page["api"] == page["room_api"] == "/api/v1/rooms/secret"
    assert "oembed" not in answer.text


def test_an_unknown_room_or_recording_is_not_found(app: Flask, archive: Archive) -> None:
    reader = Reader(app, "ja")
    assert "このアドレスに部屋はありません。" in reader.get("/rooms/nobody").text
    assert reader.get("/rooms/nobody").status_code == 404
    assert reader.get("/watch/none").status_code == 404
    assert reader.get("/watch/" + "x" * 3_000).status_code == 404


def test_a_recordings_page_asks_for_its_session(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1", "ended", "<b>行列</b>")
    page = Reader(app).get("/watch/s1").text
    assert block(page, "page")["api"] == "/api/v1/rooms/hall?session=s1"
    assert "&lt;b&gt;行列" in page
    assert "<b>行列" not in page


def test_watching_a_lecture_that_runs_leads_to_its_room(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1", "live")
    answer = Reader(app).get("/watch/s1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/rooms/hall")


@pytest.mark.parametrize("page", ["studio", "settings"])
def test_only_hosts_enter_studio_and_settings(app: Flask, archive: Archive, page: str) -> None:
    path = f"/rooms/hall/{page}"
    assert Reader(app).get(path).headers["Location"].startswith("/sign-in?next=")
    assert Reader(app).sign_in("vera").get(path).status_code == 403
    assert Reader(app).sign_in("ben").get(path).status_code == 403
    assert Reader(app).sign_in("hana").get(path).status_code == 200


def test_the_chosen_language_stays(app: Flask, archive: Archive) -> None:
    reader = Reader(app, "en")
    answer = reader.post("/language", language="ja", next="/rooms/hall")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/rooms/hall")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert '<html lang="ja"' in reader.get("/").text


def test_a_language_choice_leads_nowhere_else(app: Flask, archive: Archive) -> None:
    reader = Reader(app)
    assert reader.post("/language", language="ja", next="//evil.example/").headers["Location"] == "/rooms"
    assert reader.post("/language", language="xx").status_code == 400
    forged = reader.client.post("/language", data={"language": "ja"}, base_url="https://kodo.example")
    assert forged.status_code == 400


@pytest.mark.parametrize(
    ("asked", "given"), [("ja-JP,en;q=0.5", "ja"), ("fr,de", "en"), ("", "en"), ("en-GB", "en")]
)
def test_the_browsers_language_is_the_first_guess(
    app: Flask, archive: Archive, asked: str, given: str
) -> None:
    assert f'<html lang="{given}"' in Reader(app, asked).get("/").text


def test_a_link_at_a_time_stays_one(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1", "live")
    answer = Reader(app).get("/watch/s1?t=90&embed=1&other=x")
    assert answer.headers["Location"] == "/rooms/hall?t=90&embed=1"


def test_without_scripts_there_is_a_sentence_and_the_file(app: Flask, archive: Archive) -> None:
    archive.lecture(archive.hall, "s1", "ended")
    archive.lecture(archive.secret, "s3", "ended")
    reader = Reader(app)
    assert "needs JavaScript" in without_scripts(reader.get("/rooms/hall").text)
    assert "download" not in without_scripts(reader.get("/rooms/hall").text)
    for session_id in ("s1", "s3"):
        archive.give_mp4(session_id)
    for path in ("/rooms/hall", "/watch/s1", "/watch/s1?embed=1"):
        assert 'href="/watch/s1/download"' in without_scripts(reader.get(path).text), path
    assert "download" not in without_scripts(reader.get("/rooms/secret").text), "its password comes first"
    archive.lecture(archive.hall, "s4", "live", minutes_ago=1)
    assert "download" not in without_scripts(reader.get("/rooms/hall").text)


def without_scripts(page: str) -> str:
    """What a browser without JavaScript shows on the picture."""
    match = re.search(r"<noscript>(.*?)</noscript>", page, re.S)
    assert match is not None
    return match[1]


def test_a_rooms_page_needs_no_database(app: Flask, archive: Archive, sqlite_url: str) -> None:
    os.unlink(sqlite_url.removeprefix("sqlite:///"))
    answer = Reader(app).get("/rooms/hall")
    assert answer.status_code == 200
    assert block(answer.text, "page")["api"] == "/api/v1/rooms/hall"


def test_the_box_finds_what_was_said(app: Flask, archive: Archive) -> None:
    identity = archive.lecture(archive.hall, "s1", title="線形代数")
    with archive.database.session() as transaction:
        said = [Cue(61.5, 64.0, "固有値とは <何> か")]
        transcripts.save(transaction, identity, "ja", said, origin="engine")
    page = Reader(app).get("/?q=固有値").text
    section = page.split('id="said-section"', 1)[1].split("</section>", 1)[0]
    assert 'href="/watch/s1?t=61"' in section
    assert "<mark>固有値</mark>とは &lt;何&gt; か" in section
    assert 'id="said-section" aria-labelledby="said-title" hidden' in Reader(app).get("/?q=線形").text
    assert Reader(app).get("/?q=固有値&said=x").status_code == 404
