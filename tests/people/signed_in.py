"""A test client that is signed in as somebody, without the time that a password takes."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from library.database import Database, utc_now
from people import sign_ins
from people.models import User


def sign_in_client(app: Flask, client: FlaskClient, user: User) -> str:
    """As `session_cookie.remember` does it → the id of its row."""
    database: Database = app.extensions["kodo.people"].database
    with database.session() as transaction:
        now = transaction.get_one(User, user.id)  # it may have been signed out everywhere
        row = sign_ins.begin(transaction, now, address="127.0.0.1", user_agent="test", now=utc_now())
    with client.session_transaction() as session:
        session["sign_in"], session["epoch"] = row.id, now.session_epoch
    return row.id
