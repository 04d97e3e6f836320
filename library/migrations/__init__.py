"""Alembic's scripts: each version is written by hand and never changed once released."""
