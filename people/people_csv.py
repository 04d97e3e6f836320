"""Many accounts from a CSV file: read, judged line by line, then made all together or not at all.

`read` and `judge` are pure but for the IDs that are taken. Called in web threads and the command line. The
file is UTF-8 with or without a BOM, UTF-16 with one, or Shift_JIS as Excel writes it in Japan; its first line
names the columns, in English, Japanese or Chinese.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.database import exclusive, new_id
from people.accounts import NAME_LENGTH, UnfitEmail, UnfitUserId, check_email, fold_user_id, one_line
from people.models import Organization, Role, User
from people.standing import By, may_give

MAX_BYTES = 4 << 20
MAX_LINES = 20_000
WRONG_SHOWN = 200
_ENCODINGS = ("utf-8", "cp932")
_COLUMNS = {
    "user_id": ("user_id", "user id", "userid", "id", "ユーザーid", "ユーザid", "用户id", "用户名"),
    "name": ("name", "display_name", "display name", "氏名", "名前", "表示名", "姓名", "显示名"),
    "role": ("role", "役割", "権限", "角色"),
    "email": ("email", "e-mail", "mail", "メールアドレス", "メール", "邮箱", "电子邮件"),
}
_ROLES = {
    Role.VIEWER: ("viewer", "", "視聴者", "观众"),
    Role.LECTURER: ("lecturer", "講師", "讲师"),
    Role.ADMIN: ("admin", "管理者", "管理员"),
    Role.OPERATOR: ("operator", "運用者", "运维人员"),
}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words}


class _Reader(Protocol):
    """As `csv.reader` gives it. `line_num`: of the line's end, where a cell goes over several."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class Wrong(StrEnum):
    """What is wrong with a line."""

    USER_ID = "user_id"
    TAKEN = "taken"
    TWICE = "twice"
    ROLE = "role"
    ABOVE = "above"
    EMAIL = "email"
    COLUMNS = "columns"


class UnreadableFile(ValueError):
    """`reason`: `encoding`, `columns`, `long` (bytes or lines), `empty`, `csv`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the file cannot be read: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Row:
    """`line`: its number in the file, from 1; the texts as they stand there."""

    line: int
    user_id: str
    name: str
    role: str
    email: str
    cells: bool  # no more of them than columns


@dataclass(frozen=True, slots=True)
class WrongLine:
    line: int
    user_id: str
    wrong: Wrong


@dataclass(frozen=True, slots=True)
class NewPerson:
    user_id: str
    name: str
    role: Role
    email: str | None


@dataclass(slots=True)
class Judged:
    """`known`: lines whose account is there already: they change nothing."""

    new: list[NewPerson] = field(default_factory=list)
    wrong: list[WrongLine] = field(default_factory=list)
    known: int = 0


def read(data: bytes) -> list[Row]:
    """The lines behind the first that are not empty. Raises UnreadableFile."""
    if len(data) > MAX_BYTES:
        raise UnreadableFile("long")
    text = _decoded(data)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first.count), strict=True)
    try:
        header = next(reader, None)
        if header is None or not any(header):
            raise UnreadableFile("empty")
        places = _places(header)
        rows = list(_rows(reader, places, len(header)))
    except csv.Error as error:
        raise UnreadableFile("csv") from error
    if len(rows) > MAX_LINES:
        raise UnreadableFile("long")
    return rows


def judge(transaction: Session, by: By, organization: Organization, rows: list[Row]) -> Judged:
    """What would be made of each line."""
    found = transaction.execute(select(User.user_id, User.organization_id))
    taken = {row.user_id: row.organization_id for row in found}
    judged, seen = Judged(), set[str]()
    for row in rows:
        outcome = _judge_one(row, by)
        if isinstance(outcome, Wrong):
            judged.wrong.append(WrongLine(row.line, row.user_id[:NAME_LENGTH], outcome))
        elif outcome.user_id in seen:
            judged.wrong.append(WrongLine(row.line, outcome.user_id, Wrong.TWICE))
        elif outcome.user_id not in taken:
            judged.new.append(outcome)
        elif taken[outcome.user_id] == organization.id:
            judged.known += 1
        else:
            judged.wrong.append(WrongLine(row.line, outcome.user_id, Wrong.TAKEN))
        if not isinstance(outcome, Wrong):
            seen.add(outcome.user_id)
    return judged


def take_in(
    transaction: Session, by: By, organization: Organization, rows: list[Row], *, language: str | None = None
) -> Judged:
    """Make all new accounts, invited, or none where a line is wrong. Of two at once the later sees all."""
    exclusive(transaction, "people-import")
    judged = judge(transaction, by, organization, rows)
    if judged.wrong or not judged.new:
        return judged
    made = [
        {
            "id": new_id(),
            "organization_id": organization.id,
            "user_id": one.user_id,
            "display_name": one.name,
            "password_hash": "",
            "role": one.role.value,
            "email": one.email,
            "language": language,
            "created_at": by.now,
            "active": True,
            "session_epoch": 0,
        }
        for one in judged.new
    ]
    try:
        with transaction.begin_nested():
            transaction.execute(insert(User), made)
    except IntegrityError:  # one of them has just been added by hand
        return take_in(transaction, by, organization, rows, language=language)
    by.note_many(transaction, "user.imported", organization.id, {"accounts": len(made)})
    return judged


def _judge_one(row: Row, by: By) -> NewPerson | Wrong:
    if not row.cells:
        return Wrong.COLUMNS
    role = _ROLE_OF.get(row.role.strip().casefold())
    if role is None:
        return Wrong.ROLE
    if not may_give(by.person, role):
        return Wrong.ABOVE
    try:
        user_id, email = fold_user_id(row.user_id), check_email(row.email)
    except UnfitUserId:
        return Wrong.USER_ID
    except UnfitEmail:
        return Wrong.EMAIL
    return NewPerson(user_id, one_line(row.name)[:NAME_LENGTH] or user_id, role, email)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    else:
        encodings = _ENCODINGS
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("encoding")


def _places(header: list[str]) -> dict[str, int]:
    names = [" ".join(name.strip().casefold().split()) for name in header]
    places = {
        column: next((place for place, name in enumerate(names) if name in words), -1)
        for column, words in _COLUMNS.items()
    }
    if places["user_id"] < 0:
        raise UnreadableFile("columns")
    return places


def _rows(reader: _Reader, places: dict[str, int], width: int) -> Iterator[Row]:
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        texts = {column: _cell(cells, place) for column, place in places.items()}
        yield Row(line=reader.line_num, cells=len(cells) <= width, **texts)


def _cell(cells: list[str], place: int) -> str:
    """Without the apostrophe that our own export puts before what looks like a formula."""
    text = cells[place].strip() if 0 <= place < len(cells) else ""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r＝＋－＠" else text
