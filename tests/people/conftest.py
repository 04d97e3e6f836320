"""Databases for the tests of people and doors."""

from tests.databases import (  # noqa: F401
    database,
    database_url,
    postgresql_server,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)
