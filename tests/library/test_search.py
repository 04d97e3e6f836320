"""Words are found, on either database: the shortest, across cues, newest lecture first, by who may know."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, true

from library import search, search_index, transcripts
from library.database import Database
from library.models import LectureSession
from library.search import Found, SearchIndex
from library.transcript_formats import Cue
from people.models import Room
from tests.library.archive_rows import make_recording, make_room

LECTURE = (
    "今日は二分探索木を",
    "扱います。計算量は",
    "O(log n)です",
    "次に B-tree と",
    "ハッシュ表",
    "を比べます",
    "Binary search halves the",
    "interval each time",
    "复杂度分析",
)


@pytest.fixture
def room(database: Database) -> Room:
    return make_room(database)


def cues(texts, start: float = 0.0) -> list[Cue]:
    return [Cue(start + 2 * number, start + 2 * number + 2, text) for number, text in enumerate(texts)]


def say(database: Database, recording: str, texts, origin: str = "engine") -> None:
    with database.session() as transaction:
        transcripts.save(transaction, recording, "ja", cues(texts), origin=origin)


def ask(database: Database, query: str, visible=None, **words) -> Found:
    return SearchIndex(database).find(query, true() if visible is None else visible, **words)


def sentences(database: Database, query: str) -> list[tuple[float, str]]:
    """(when, the sentence with its words in brackets)."""
    told = []
    for recording in ask(database, query).recordings:
        for hit in recording.hits:
            text = hit.text
            for start, end in reversed(hit.marks):
                text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
            told.append((hit.at, text))
    return told


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("木", [(0, "今日は二分探索[木]を")]),
        ("二分", [(0, "今日は[二分]探索木を")]),
        ("探索木", [(0, "今日は二分[探索木]を")]),
        ("量", [(2, "扱います。計算[量]は")]),
        ("木を扱い", [(0, "今日は二分探索[木を 扱い]ます。計算量は")]),
        ("表を比べ", [(8, "ハッシュ[表 を比べ]ます")]),
        ("ﾊｯｼｭ", [(8, "[ハッシュ]表")]),
        ("LOG", [(4, "O([log] n)です")]),
        ('"b tree"', [(6, "次に [B-tree] と")]),
        ('"halves the interval"', [(12, "Binary search [halves the interval] each time")]),
        ("binary HALVES", [(12, "[Binary] search [halves] the")]),
        ("复杂", [(16, "[复杂]度分析")]),
        ("复杂度分析", [(16, "[复杂度分析]")]),
        ("探木", []),
        ("bina", []),
        ("NEAR(binary halves)", []),
        ("binary* OR halves", []),
        ("words:binary", []),
    ],
)
def test_words_are_found_where_they_were_said(
    database: Database, room: Room, query: str, found: list[tuple[float, str]]
) -> None:
    say(database, make_recording(database, room), LECTURE)
    assert sentences(database, query) == found


@pytest.mark.parametrize(
    "query", ["", " ", "。", "!?", "😀", '"', "'", "*", "-", "\0", "\\", "a" * 10_000, "あ" * 10_000, "()"]
)
def test_odd_questions_find_nothing(database: Database, room: Room, query: str) -> None:
    say(database, make_recording(database, room), LECTURE)
    assert ask(database, query) == Found((), None)


def test_titles_and_lecturers_are_found(database: Database, room: Room) -> None:
    recording = make_recording(database, room)
    with database.session() as transaction:
        search_index.describe(transaction, recording, "アルゴリズム入門", "山田 花子", "")
    for query in ("ゴリ", "花", "アルゴリズム 花子"):
        assert [one.session_id for one in ask(database, query).recordings] == [recording]
    assert ask(database, "門山").recordings == ()
    with database.session() as transaction:
        search_index.describe(transaction, recording, "幾何", "山田 花子")
    assert ask(database, "アルゴリズム").recordings == ()
    assert [one.hits for one in ask(database, "幾何").recordings] == [()]


def test_a_new_version_takes_the_old_ones_place(database: Database, room: Room) -> None:
    recording = make_recording(database, room)
    say(database, recording, LECTURE)
    corrected = ["線形探索木を", *LECTURE[1:6]]
    say(database, recording, corrected, "person")
    assert sentences(database, "二分") == [] and sentences(database, "interval") == []
    assert sentences(database, "線形") == [(0, "[線形]探索木を")]
    say(database, recording, LECTURE)  # an engine's, again
    assert sentences(database, "二分") == []


def test_what_grows_is_found_chunk_by_chunk(database: Database, room: Room) -> None:
    recording = make_recording(database, room)
    with database.session() as transaction:
        version = transcripts.begin(transaction, recording, "ja")
    for number, text in enumerate(LECTURE):
        with database.session() as transaction:
            transcripts.append(transaction, recording, version, cues([text], 2.0 * number))
        for query in ("今日は", text.split()[0]):
            assert sentences(database, query), (number, query)
    with database.session() as transaction:
        transcripts.finish(transaction, recording, version)
    assert [at for at, _ in sentences(database, "木を扱")] == [0]
    assert [at for at, _ in sentences(database, '"the interval"')] == [12]


def test_a_transaction_that_fails_leaves_nothing_to_be_found(database: Database, room: Room) -> None:
    recording = make_recording(database, room)
    with pytest.raises(ZeroDivisionError), database.session() as transaction:
        transcripts.save(transaction, recording, "ja", cues(LECTURE), origin="engine")
        raise ZeroDivisionError
    assert sentences(database, "二分") == []


def test_what_is_removed_is_not_found(database: Database, room: Room) -> None:
    gone, stays = (make_recording(database, room, day=day) for day in (0, 1))
    for one in (gone, stays):
        say(database, one, LECTURE)
        with database.session() as transaction:
            search_index.describe(transaction, one, "二分探索")
    with database.session() as transaction:
        search_index.remove(transaction, gone)
        transcripts.remove(transaction, gone)
    assert [one.session_id for one in ask(database, "二分").recordings] == [stays]
    if database.engine.dialect.name == "sqlite":
        with database.session() as transaction:
            transcripts.remove(transaction, stays)
            search_index.remove(transaction, stays)
            connection = transaction.connection()
            connection.exec_driver_sql("INSERT INTO passage_words(passage_words) VALUES ('optimize')")
            assert connection.exec_driver_sql("SELECT count(*) FROM passage_words_idx").scalar_one() == 0


def test_the_newest_lecture_comes_first_and_pages_go_on(database: Database, room: Room) -> None:
    recordings = [make_recording(database, room, day=day) for day in (3, 1, 2, 0)]
    for one in recordings:
        say(database, one, LECTURE)
    newest_first = [recordings[index] for index in (0, 2, 1, 3)]
    first = ask(database, "二分", most=3)
    rest = ask(database, "二分", most=3, before=first.more)
    found = [one.session_id for page in (first, rest) for one in page.recordings]
    assert (found, rest.more) == (newest_first, None)


def test_lectures_that_began_together_have_places_of_their_own(database: Database, room: Room) -> None:
    recordings = {make_recording(database, room) for _ in range(3)}
    for one in recordings:
        say(database, one, LECTURE)
    assert {one.session_id for one in ask(database, "二分").recordings} == recordings


def test_only_what_the_reader_may_see(database: Database, room: Room) -> None:
    secret = make_room(database, "secret", access="members")
    for day, place in enumerate((room, secret)):
        say(database, make_recording(database, place, day=day), LECTURE)
    assert len(ask(database, "二分").recordings) == 2
    assert len(ask(database, "二分", Room.access == "open").recordings) == 1
    assert len(ask(database, "二分", LectureSession.title == "").recordings) == 0


def test_a_word_said_all_the_time_shows_its_first_moments_and_other_lectures(
    database: Database, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_BATCH", 4)
    older, newer = (make_recording(database, room, day=day) for day in (0, 1))
    for one in (older, newer):
        say(database, one, [f"これは{number}番の木です" for number in range(100)])
    found = ask(database, "木").recordings
    assert [one.session_id for one in found] == [newer, older]
    assert [[hit.at for hit in one.hits] for one in found] == [[0, 2, 4, 6, 8]] * 2


@pytest.mark.parametrize(("batch", "step"), [(8, 2), (12, 3), (60, 32)])
def test_recordings_are_found_however_often_the_word_was_said(
    database: Database, room: Room, monkeypatch: pytest.MonkeyPatch, batch: int, step: int
) -> None:
    """All the time, now and then, never; some in a room that the reader does not see; page by page."""
    monkeypatch.setattr(search, "_BATCH", batch)
    monkeypatch.setattr(search, "_STEP", step)
    draw = random.Random(batch)
    secret = make_room(database, "secret", access="members")
    expected = []
    for day in range(24):
        every = draw.choice((1, 1, 3, 9, 30, 1000))
        said = [number % every == every - 1 for number in range(draw.choice((5, 40, 90)))]
        hidden = draw.random() < 0.3
        recording = make_recording(database, secret if hidden else room, day=day)
        say(database, recording, ["木です" if one else "花です" for one in said])
        if any(said) and not hidden:
            times = [2 * number for number, one in enumerate(said) if one][:5]
            expected.insert(0, (recording, times))
    found, place = [], None
    while page := ask(database, "木", Room.access == "open", most=3, before=place):
        found += [(one.session_id, [hit.at for hit in one.hits]) for one in page.recordings]
        place = page.more
        if place is None:
            break
    assert found == expected


def test_a_word_said_all_the_time_is_found_with_few_queries(database: Database, room: Room) -> None:
    for day in range(30):
        say(database, make_recording(database, room, day=day), ["これは木です"] * 300)
    statements: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]), named=False
    )
    found = ask(database, "木")
    assert len(found.recordings) == search.PAGE_LENGTH and found.more is not None
    looks = [one for one in statements if "passage_words" in one]
    assert len(looks) <= 2 if database.engine.dialect.name == "postgresql" else len(looks) <= 1 + search._STEP
    assert sum("cues" in one for one in statements) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=12), st.text(max_size=20))
def test_any_text_is_kept_and_any_question_answered(
    database: Database, room: Room, texts: list[str], query: str
) -> None:
    say(database, make_recording(database, room), texts)
    ask(database, query)
    for recording in ask(database, texts[0]).recordings:
        assert all(start < end <= len(hit.text) for hit in recording.hits for start, end in hit.marks)
