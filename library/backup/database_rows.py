"""A database as rows in files, independent of its kind: how PostgreSQL is backed up, and either is filled.

`kodo-database/schema.sql`: the statements that make the same schema in SQLite.
`kodo-database/NNN-<table>.jsonl`: first `{"table", "columns"}`, then a JSON list per row, by primary key,
values as SQLite keeps them (times as text in UTC, truth as 0 and 1, JSON as text, bytes as `{"base64"}`); in
the order in which tables refer to each other. Words that are searched come as SQLite's index takes them:
tokens in their order.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from sqlite3 import connect
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    cast,
    insert,
    select,
    text,
)
from sqlalchemy.engine import Connection

from library.backup.errors import DatabaseNotEmpty
from library.database import make_engine, translated_errors
from library.migration import migrate
from library.search_passages import Change, passages_on

SCHEMA_FILE = "schema.sql"
_WORDS = "passage_words"
_AT_ONCE = 1000


def export_rows(url: str, folder: Path) -> str:
    """Everything in a PostgreSQL database as of one moment → its schema's revision.

    `folder`: empty. Raises DatabaseUnavailable, OSError.
    """
    engine = make_engine(url, create=False)
    try:
        with translated_errors(), engine.connect() as plain:
            connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                revision = str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
                tables = _tables(connection)
                for number, table in enumerate(tables, start=1):
                    rows = _words_of(connection) if table.name == _WORDS else _rows_of(connection, table)
                    columns = (
                        ["rowid", "words"] if table.name == _WORDS else [one.name for one in table.columns]
                    )
                    _write(folder / f"{number:03d}-{table.name}.jsonl", table.name, columns, rows)
    finally:
        engine.dispose()
    _write_schema(folder, revision)
    return revision


def import_rows(folder: Path, url: str, revision: str) -> None:
    """Fill a PostgreSQL database, which is empty or not migrated yet, with what `export_rows` wrote.

    All or nothing. Raises DatabaseNotEmpty, DatabaseUnavailable, MigrationFailed.
    """
    migrate(url, revision)
    engine = make_engine(url, create=False)
    try:
        with translated_errors(), engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            tables = {one.name: one for one in _tables(connection)}
            for table in tables.values():
                if table.name != "alembic_version" and connection.execute(select(table).limit(1)).first():
                    raise DatabaseNotEmpty(f"the database has rows in {table.name}: it must be empty")
            for path in sorted(folder.glob("*.jsonl")):
                _fill(connection, tables, path)
            for table in tables.values():
                _count_on(connection, table)
    finally:
        engine.dispose()


def _tables(connection: Connection) -> list[Table]:
    """All there are: the schema may be older than this version's classes."""
    metadata = MetaData()
    metadata.reflect(connection)
    return list(metadata.sorted_tables)


def _rows_of(connection: Connection, table: Table) -> Iterator[list[Any]]:
    wanted = [cast(one, Text) if isinstance(one.type, JSON) else one for one in table.columns]
    query = select(*wanted).order_by(*table.primary_key.columns)
    options = {"stream_results": True, "max_row_buffer": _AT_ONCE}
    for row in connection.execute(query, execution_options=options):
        yield [_stored(value) for value in row]


def _stored(value: Any) -> Any:
    """As SQLite keeps it."""
    if isinstance(value, datetime):
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return naive.isoformat(" ", "microseconds")
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)


def _words_of(connection: Connection) -> Iterator[list[Any]]:
    """The tokens of each passage, in their order."""
    query = text(
        "SELECT id, (SELECT string_agg(lexeme, ' ' ORDER BY place)"
        " FROM unnest(words) AS one (lexeme, places, weights), unnest(places) AS place)"
        " FROM passage_words ORDER BY id"
    )
    for row in connection.execute(query, execution_options={"stream_results": True}):
        yield [row[0], row[1] or ""]


def _write(path: Path, table: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps({"table": table, "columns": columns}) + "\n")
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def _write_schema(folder: Path, revision: str) -> None:
    """What makes an empty SQLite database of the same revision."""
    empty = folder.with_name("empty.db")
    migrate(f"sqlite:///{empty}", revision or "base")
    with closing(connect(empty)) as connection:
        made = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall()
    shadows = tuple(f"{name}_" for _, name, sql in made if sql.startswith("CREATE VIRTUAL"))
    statements = [sql for _, name, sql in made if not name.startswith(("sqlite_", *shadows))]
    (folder / SCHEMA_FILE).write_text(";\n".join(statements) + ";\n", encoding="utf-8")


def _fill(connection: Connection, tables: Mapping[str, Table], path: Path) -> None:
    with open(path, encoding="utf-8") as file:
        head = json.loads(next(file))
        table = tables[head["table"]]
        rows = (json.loads(line) for line in file)
        if table.name == _WORDS:
            while some := list(islice(rows, _AT_ONCE)):
                changes = [Change(number, (), words.split(" ")) for number, words in some if words]
                passages_on(connection).replace(changes)
            return
        if table.name == "alembic_version":
            return
        columns: list[Column[Any]] = [table.columns[name] for name in head["columns"]]
        while some := list(islice(rows, _AT_ONCE)):
            connection.execute(
                insert(table),
                [{c.name: _native(c, value) for c, value in zip(columns, row, strict=True)} for row in some],
            )


def _native(column: Column[Any], value: Any) -> Any:
    """As PostgreSQL's driver takes it."""
    if value is None:
        return None
    kind = column.type
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=UTC if kind.timezone else None)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, Boolean):
        return bool(value)
    if isinstance(kind, JSON):
        return json.loads(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value["base64"])
    return value


def _count_on(connection: Connection, table: Table) -> None:
    """Numbers that the database gives go on behind the highest that came."""
    for column in table.primary_key.columns:
        name = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        )
        if name:
            highest = connection.scalar(select(column).order_by(column.desc()).limit(1))
            connection.execute(
                text("SELECT setval(:name, :value, :used)"),
                {"name": name, "value": highest or 1, "used": highest is not None},
            )
