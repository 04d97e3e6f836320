"""The library's pages over a real database: what they list, their addresses, what an editor can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert

from library import jobs, recordings
from library.database import utc_now
from library.models import JobState, LectureSession
from people.models import User
from tests.broadcast.test_recording_api import API, patch
from tests.broadcast.web_stage import WebStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    stage.book.refresh()
    yield stage
    stage.close()


def add(stage: WebStage, count: int = 1) -> list[str]:
    """Recordings s00, s01, …: the first the newest."""
    ids, now = [f"s{n:02}" for n in range(count)], utc_now()
    rows = [
        {
            "id": identity,
            "room_id": stage.hall.id,
            "organization_id": stage.hall.organization_id,
            "title": f"Lecture {identity}",
            "phase": "ended",
            "started_at": now - timedelta(minutes=90 + n),
            "ended_at": now - timedelta(minutes=15 + n),
            "bytes": 1,
        }
        for n, identity in enumerate(ids)
    ]
    with stage.database.session() as session:
        session.execute(insert(LectureSession), rows)
    return ids


def page(stage: WebStage, path: str = "/library", user: User | None = None) -> str:
    answer = stage.client(user).get(path)
    assert answer.status_code == 200, answer.text
    text: str = answer.text
    return text


def listed(text: str) -> list[str]:
    return re.findall(r'<li class="lecture" data-id="(\w+)"', text)


def test_every_page_leads_there(stage: WebStage) -> None:
    for path in ("/", "/rooms/hall", "/sign-in"):
        assert 'href="/library"' in page(stage, path)


def test_what_to_do_where_nothing_is(stage: WebStage) -> None:
    assert "There is no recording yet." in page(stage)
    assert 'href="/rooms"' in page(stage, user=stage.lecturer).split('id="nothing"')[1]
    add(stage)
    nothing = page(stage, "/library?q=xyzzy")
    assert listed(nothing) == [] and "No recording fits" in nothing
    assert "The trash is empty." in page(stage, "/library?trash=1", stage.lecturer)


def test_more_goes_on_behind_the_last_one(stage: WebStage) -> None:
    made = add(stage, 30)
    first = page(stage, "/library?sort=oldest&view=list")
    (more,) = (unescape(one) for one in re.findall(r'href="(/library\?[^"]*after=[^"]*)"', first))
    second = page(stage, more)
    assert listed(first) + listed(second) == made[::-1]
    assert parse_qs(urlsplit(more).query).keys() == {"sort", "view", "after"}
    assert 'id="more"' not in second


@pytest.mark.parametrize("query", ["after=x", "after=" + "x" * 3000, "after=WzEsIngiXQ"])
def test_no_such_place(stage: WebStage, query: str) -> None:
    assert stage.client().get(f"/library?{query}").status_code == 404


NONSENSE = ["sort=size", "view=x", "visibility=all", "language=%00", "q=%00", "tag=" + "x" * 900]


@pytest.mark.parametrize("query", NONSENSE)
def test_what_makes_no_sense_is_not_there(stage: WebStage, query: str) -> None:
    add(stage)
    assert listed(page(stage, f"/library?{query}")) == ([] if query.startswith("tag") else ["s00"])


def test_filters_have_a_way_back(stage: WebStage) -> None:
    add(stage, 2)
    patch(stage, "s01", series="A & B", tags=["数学"], language="ja")
    text = page(stage, "/library?series=A+%26+B&language=ja&q=lecture")
    assert listed(text) == ["s01"]
    assert 'href="/library?series=A+%26+B"' in text and 'href="/library?tag=%E6%95%B0%E5%AD%A6"' in text
    chip = unescape(re.findall(r'<a class="button chip" href="([^"]*)"', text)[0])
    assert parse_qs(urlsplit(chip).query) == {"language": ["ja"], "q": ["lecture"]}
    assert '<option value="ja" lang="ja" selected>' in text


def test_only_who_may_edit_sees_how_it_stands_and_acts(stage: WebStage) -> None:
    add(stage)
    patch(stage, "s00", visibility="public", expires_at="2999-01-01T00:00:00Z")
    with stage.database.session() as session:
        recordings.order_mp4(session, "s00", 1)
        job = jobs.newest_of(session, "mp4", "s00")
        assert job is not None
        job.state, job.error = JobState.FAILED.value, "Traceback\nOSError: the disk is full"
    stranger, owner = page(stage), page(stage, user=stage.lecturer)
    for words in ("/watch/s00/edit", "the disk is full", "MP4: failed", "Public"):
        assert (words in stranger, words in owner) == (False, True), words
    assert "Traceback" not in owner


def test_how_far_an_mp4_is(stage: WebStage) -> None:
    add(stage)
    with stage.database.session() as session:
        recordings.order_mp4(session, "s00", 1)
    assert "MP4: waiting" in page(stage).split('id="recordings"')[1]
    with stage.database.session() as session:
        job = jobs.newest_of(session, "mp4", "s00")
        assert job is not None
        job.state, job.progress = JobState.RUNNING.value, 0.42
    assert "MP4: 42 percent" in page(stage)


def test_the_trash_is_its_editors(stage: WebStage) -> None:
    add(stage)
    assert stage.call("DELETE", f"{API}/s00", user=stage.lecturer).status_code == 204
    assert listed(page(stage)) == listed(page(stage, user=stage.lecturer)) == []
    own = page(stage, "/library?trash=1", stage.lecturer)
    assert listed(own) == ["s00"] and 'data-act="restore"' in own and 'href="/watch/s00"' not in own
    for user in (None, stage.member):
        assert listed(page(stage, "/library?trash=1", user)) == []
    assert "in the trash" in page(stage, "/watch/s00/edit", stage.lecturer)


def test_the_form_says_what_was_said(stage: WebStage) -> None:
    add(stage, 2)
    words = {"title": 'A "title" <b>', "description": "one\ntwo", "series": "S", "tags": ["x", "y"]}
    words["glossary"] = ["v", "w"]
    doors = {"visibility": "organization", "publish_at": "2026-01-01T00:00:00Z"}
    patch(stage, "s00", **words, **doors, language="nl", license="CC0 1.0")
    patch(stage, "s01", series="T")
    text = unescape(page(stage, "/watch/s00/edit", stage.lecturer))
    for said in (
        'value="A "title" <b>"',
        ">one\ntwo</textarea>",
        'value="x, y"',
        'value="v, w"',
        "<option selected>nl</option>",
        'value="organization" checked',
        'data-moment="2026-01-01T00:00:00.000Z"',
        '<option value="S"></option><option value="T"></option>',
    ):
        assert said in text, said


def test_the_form_is_its_editors(stage: WebStage) -> None:
    add(stage)
    assert stage.client().get("/watch/s00/edit").status_code == 302
    assert stage.client(stage.member).get("/watch/s00/edit").status_code == 403
    for path in ("/watch/none/edit", "/watch/none"):
        assert stage.client(stage.lecturer).get(path).status_code == 404
    assert 'href="/watch/s00/edit"' in page(stage, "/watch/s00", stage.lecturer)
    assert "/watch/s00/edit" not in page(stage, "/watch/s00", stage.member)


def test_a_lecture_under_way_can_be_described_but_not_thrown_away(stage: WebStage) -> None:
    add(stage)
    with stage.database.session() as session:
        session.get_one(LectureSession, "s00").phase = "live"
    text = page(stage, "/watch/s00/edit", stage.lecturer)
    assert re.search(r'id="throw-away"[^>]* hidden', text)
