"""Run by Alembic inside `library.migration.migrate`, in the transaction that it hands over."""

from __future__ import annotations

from alembic import context

from library.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
context.run_migrations()
