"""A test client that is signed in as somebody, without the time that a password takes."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask
from flask.testing import FlaskClient

from library.database import Database, DatabaseUnavailable, utc_now
from people import sign_ins
from people.models import User


def sign_in_client(app: Flask, client: FlaskClient, user: User) -> str:
    """As `session_cookie.remember` does it → the id of its row. While the database is away: with a cookie of
    before.
    """
    database: Database = app.extensions["kodo.people"].database
    sign_in_id, epoch = "of before", user.session_epoch
    with suppress(DatabaseUnavailable), database.session() as transaction:
        epoch = transaction.get_one(User, user.id).session_epoch  # they may have been signed out everywhere
        row = sign_ins.begin(transaction, user, address="127.0.0.1", user_agent="test", now=utc_now())
        sign_in_id = row.id
    with client.session_transaction() as session:
        session["sign_in"], session["user"], session["epoch"] = sign_in_id, user.id, epoch
    return sign_in_id
