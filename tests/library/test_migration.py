"""The migrations make exactly what the models describe, once, however many start them."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text, true
from sqlalchemy.schema import SchemaItem

import broadcast.event_log  # noqa: F401 - its tables belong to the schema
import library.models  # noqa: F401
import people.models  # noqa: F401
from library.database import Base, Database, DatabaseUnavailable, make_engine, open_database
from library.migration import MigrationFailed, _configuration, known_revisions, migrate, newest_revision
from library.search import SearchIndex


def is_of_the_models(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    # The index of words is FTS5's on SQLite (with tables of its own) and a tsvector on PostgreSQL.
    return not (kind == "table" and str(name).startswith("passage_words"))


def test_the_schema_is_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        options = {"compare_type": True, "include_object": is_of_the_models}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_check_constraints_are_in_the_schema_too(database: Database) -> None:
    # compare_metadata does not look at them.
    with database.session() as session:
        if session.get_bind().dialect.name == "sqlite":
            made = set(session.scalars(text("SELECT sql FROM sqlite_master WHERE type = 'table'")))
            found = " ".join(made)
        else:
            found = " ".join(session.scalars(text("SELECT conname FROM pg_constraint WHERE contype = 'c'")))
    for name in (
        "ck_users_role",
        "ck_rooms_access",
        "ck_sessions_phase",
        "ck_jobs_state",
        "ck_media_state",
        "ck_uploads_state",
        "ck_copies_state",
        "ck_objects_state",
        "ck_transcripts_origin",
        "ck_sessions_visibility",
        "ck_chapters_origin",
        "ck_sessions_kept",
        "ck_sessions_removal",
        "ck_organizations_recording",
    ):
        assert f"{name} " in found + " "


def test_names_of_scripts_say_their_schema_versions() -> None:
    scripts = ScriptDirectory.from_config(_configuration())
    assert known_revisions() == {one.revision for one in scripts.walk_revisions()}
    assert newest_revision() == scripts.get_current_head()


def test_migrating_again_changes_nothing(database_url: str, database: Database) -> None:
    with database.session() as session:
        row = "(id, name, slug, created_at) VALUES ('1', 'n', 's', '2026-01-01 00:00:00')"
        session.execute(text(f"INSERT INTO organizations {row}"))
    migrate(database_url)
    with database.reading() as session:
        assert session.execute(text("SELECT id FROM organizations")).scalar_one() == "1"
        assert (
            session.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == newest_revision()
        )


def test_lectures_from_before_there_was_a_search_are_found_by_what_they_are_called(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kodo.db'}"
    engine = make_engine(url, create=True)
    with engine.begin() as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "0006")
        for row in (
            "organizations VALUES ('o', 'n', 's', '2026-01-01 00:00:00')",
            (
                "users (id, organization_id, user_id, display_name, password_hash, role, active,"
                " session_epoch, created_at)"
                " VALUES ('u', 'o', 'u', '山田 花子', 'x', 'lecturer', 1, 0, '2026-01-01 00:00:00')"
            ),
            (
                "rooms (id, organization_id, owner_id, slug, title, access, access_epoch, created_at)"
                " VALUES ('r', 'o', 'u', 'hall', 'Hall', 'open', 1, '2026-01-01 00:00:00')"
            ),
            (
                "sessions (id, room_id, organization_id, title, phase, started_at, state_version, bytes)"
                " VALUES ('a', 'r', 'o', '線形代数', 'ended', '2026-01-02 00:00:00', 1, 1),"
                " ('b', 'r', 'o', '幾何', 'ended', '2026-01-02 00:00:00', 1, 1)"
            ),
        ):
            connection.execute(text(f"INSERT INTO {row}"))
    engine.dispose()
    migrate(url)
    database = open_database(url)
    found = [SearchIndex(database).find(query, true()).recordings for query in ("代数", "花子")]
    assert [{one.session_id for one in some} for some in found] == [{"a"}, {"a", "b"}]
    database.close()


def test_many_may_migrate_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'kodo.db'}"
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=migrate, args=(url,)) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(100)
    assert [starter.exitcode for starter in starters] == [0] * 4


def test_a_database_of_a_newer_version_is_refused(sqlite_url: str, sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationFailed, match="9999"):
        migrate(sqlite_url)


def test_the_new_file_is_its_owners_only_and_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'kodo.db'}")
    assert (tmp_path / "kodo.db").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "kodo.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_where_no_file_can_be_made_it_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable):
        migrate(f"sqlite:///{tmp_path / 'file' / 'kodo.db'}")
