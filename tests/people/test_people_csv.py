"""CSV of people: encodings, wrong lines by their number, formulas, 10,000 lines, and all or nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from broadcast.csv_table import table
from library.database import Database
from people import people_csv
from people.accounts import default_organization
from people.models import AuditRow, Role, User
from people.people_csv import Judged, Row, UnreadableFile, Wrong
from people.standing import By
from tests.people.test_standing import make

BY = By(None, "", datetime(2026, 11, 26, tzinfo=UTC))
JAPANESE = "ユーザーID,氏名,役割,メールアドレス\r\nyama,山田 太郎,講師,Yama@X.jp\r\n髙橋,髙橋 花子,,\r\n"


def _take_in(database: Database, data: bytes, by: By = BY) -> Judged:
    with database.session() as session:
        return people_csv.take_in(session, by, default_organization(session), people_csv.read(data))


def _count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_files_as_excel_writes_them(sqlite_database: Database, encoding: str) -> None:
    judged = _take_in(sqlite_database, JAPANESE.encode(encoding))
    assert (judged.wrong, judged.known) == ([], 0)
    with sqlite_database.reading() as session:
        made = {
            user.user_id: (user.display_name, user.role, user.email, user.password_hash)
            for user in session.scalars(select(User))
        }
    assert made == {
        "yama": ("山田 太郎", "lecturer", "yama@x.jp", ""),
        "髙橋": ("髙橋 花子", "viewer", None, ""),
    }
    again = _take_in(sqlite_database, JAPANESE.encode(encoding))
    assert (again.new, again.known, _count(sqlite_database)) == ([], 2, 2)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_in_any_order_with_others_between(sign: str) -> None:
    text = sign.join(["Email", "Note", "USER ID"]) + "\n\n" + sign.join(["a@x.jp", "x", "a"]) + "\n"
    assert people_csv.read(text.encode()) == [Row(3, "a", "", "", "a@x.jp", cells=True)]


def test_wrong_lines_are_named_and_nothing_is_made(sqlite_database: Database) -> None:
    make(sqlite_database, "elsewhere", Role.VIEWER, elsewhere=True)
    admin = make(sqlite_database, "admin", Role.ADMIN)
    before = _count(sqlite_database)
    lines = [
        "user_id,name,role,email",
        "good,Good,viewer,g@x.jp",
        '"with space, and comma","x",viewer,',
        'two,"a name of\ntwo lines",viewer,',
        ",nobody,viewer,",
        "x,X,professor,",
        "boss,Boss,operator,",
        'mail,M,viewer,"a@x.jp\nBcc: b@x.jp"',
        "GOOD,Again,viewer,",
        "elsewhere,E,viewer,",
        "admin,Known,viewer,",
        "many,M,viewer,,,more",
    ]
    judged = _take_in(sqlite_database, "\n".join(lines).encode(), By(admin, "", BY.now))
    assert [(one.line, one.wrong) for one in judged.wrong] == [
        (3, Wrong.USER_ID),
        (6, Wrong.USER_ID),
        (7, Wrong.ROLE),
        (8, Wrong.ABOVE),
        (10, Wrong.EMAIL),
        (11, Wrong.TWICE),
        (12, Wrong.TAKEN),
        (14, Wrong.COLUMNS),
    ]
    assert (judged.known, _count(sqlite_database)) == (1, before)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"name,role\nx,viewer\n", "columns"),
        (b"user_id\n\x81\n", "encoding"),
        (b"\xff\xfeu", "encoding"),
        (b'user_id\n"open\n', "csv"),
        (b'user_id\n"a"b\n', "csv"),
        (b"user_id\n" + b"x" * 200_000 + b"\n", "csv"),
        (b"user_id\n" + b"x\n" * (people_csv.MAX_LINES + 1), "long"),
        (b" " * (people_csv.MAX_BYTES + 1), "long"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        people_csv.read(data)
    assert refused.value.reason == reason


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(UnreadableFile):
        people_csv.read(b"user_id,name\n" + data)


def test_formulas_come_back_as_they_went(sqlite_database: Database) -> None:
    """Our own export puts an apostrophe before them; reading it in again takes that away."""
    names = ["=cmd|'/c calc'!A0", "+1", "-2", "@SUM(A1)", "'quoted'", "plain"]
    rows = [(f"u{number}", name) for number, name in enumerate(names)]
    text = "".join(table(["user_id", "name"], rows))
    assert all(f",{sign}" not in text for sign in "=+-@")
    _take_in(sqlite_database, text.encode())
    with sqlite_database.reading() as session:
        kept = list(session.scalars(select(User.display_name).order_by(User.user_id)))
    assert kept == names


def test_ten_thousand_lines(database: Database) -> None:
    lines = [f"学生{n:05},学生 {n},viewer,s{n}@x.jp" for n in range(10_000)]
    data = ("user_id,name,role,email\r\n" + "\r\n".join(lines)).encode("cp932")
    judged = _take_in(database, data)
    assert (len(judged.new), judged.wrong, _count(database)) == (10_000, [], 10_000)
    with database.reading() as session:
        (row,) = session.scalars(select(AuditRow))
    assert (row.action, '"accounts":10000' in (row.details or "")) == ("user.imported", True)
