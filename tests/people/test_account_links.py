"""Links that set a password: once, in time, of the right account; also when two come at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from library.database import Database, open_database
from people import account_links, sign_ins, standing
from people.account_links import ASKED_AT_ONCE, ASKED_RESET_VALID, INVITATION_VALID, Link, LinkRefused
from people.accounts import default_organization
from people.models import AccountLink, AuditRow, LinkKind, Role, SignIn, User
from people.passwords import UnfitPassword, matches
from people.standing import By

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
BY = By(None, "", NOW)
GOOD = "a long enough secret"


@pytest.fixture
def invited(database: Database) -> tuple[User, Link]:
    with database.session() as session:
        return standing.invite(
            session, BY, default_organization(session), user_id="sato", role=Role.LECTURER, email="s@x.jp"
        )


def _redeem(database: Database, link: Link, password: str = GOOD, now: datetime = NOW) -> User:
    kind, token = link.path.strip("/").split("/")
    return account_links.redeem(database, LinkKind(kind), token, password, address="192.0.2.7", now=now)


def test_an_invitation_makes_the_account_one_to_sign_in_with(
    database: Database, invited: tuple[User, Link]
) -> None:
    user, link = invited
    assert (link.kind, user.password_hash) == (LinkKind.INVITATION, "")
    assert not matches(user.password_hash, "nobody signs in with this")  # what strangers are compared with
    joined = _redeem(database, link)
    assert matches(joined.password_hash, GOOD)
    with pytest.raises(LinkRefused):
        _redeem(database, link, "another good secret")
    with database.reading() as session:
        assert session.scalars(select(AccountLink)).all() == []
        noted = [
            (row.action, row.address) for row in session.scalars(select(AuditRow).order_by(AuditRow.number))
        ]
    assert noted == [("user.invited", ""), ("user.joined", "192.0.2.7")]


def test_only_a_digest_is_kept(database: Database, invited: tuple[User, Link]) -> None:
    token = invited[1].path.rsplit("/", 1)[1]
    with database.reading() as session:
        (row,) = session.scalars(select(AccountLink))
        audit = " ".join(str(vars(one)) for one in session.scalars(select(AuditRow)))
    assert token not in str(vars(row)) and token not in audit and len(token) == 43


@pytest.mark.parametrize(
    "how", ["forged", "short", "long", "surrogate", "other kind", "old", "deactivated", "none"]
)
def test_what_is_no_link_opens_nothing(database: Database, invited: tuple[User, Link], how: str) -> None:
    user, link = invited
    token = link.path.rsplit("/", 1)[1]
    forged = {
        "forged": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "short": token[:-1],
        "long": token + "A",
        "surrogate": "\ud800" + token[1:],
        "none": "",
    }
    kind = LinkKind.RESET if how == "other kind" else LinkKind.INVITATION
    now = NOW + INVITATION_VALID if how == "old" else NOW
    if how == "deactivated":
        with database.session() as session:
            session.get_one(User, user.id).active = False
    with pytest.raises(LinkRefused):
        account_links.redeem(database, kind, forged.get(how, token), GOOD, address="", now=now)
    with database.reading() as session:
        assert session.get_one(User, user.id).password_hash == ""


def test_a_weak_password_leaves_the_link_good(database: Database, invited: tuple[User, Link]) -> None:
    for weak in ("short", "sato123456", "sakura2025", "ｐａｓｓｗｏｒｄ１２３"):
        with pytest.raises(UnfitPassword):
            _redeem(database, invited[1], weak)
    assert _redeem(database, invited[1]).user_id == "sato"


def test_a_reset_signs_out_everywhere_and_voids_all_links(
    database: Database, invited: tuple[User, Link]
) -> None:
    user = _redeem(database, invited[1])
    with database.session() as session:
        row = sign_ins.begin(session, user, address="", user_agent="", now=NOW)
        links = [
            account_links.issue(session, user, NOW, valid=ASKED_RESET_VALID, more=True) for _ in range(3)
        ]
        assert not account_links.may_ask_again(session, user, NOW)
        assert account_links.may_ask_again(session, user, NOW + ASKED_RESET_VALID)
    assert len(links) == ASKED_AT_ONCE  # each of them is good until one is used
    changed = _redeem(database, links[1], "another good secret", NOW + timedelta(minutes=59))
    assert changed.session_epoch > user.session_epoch
    assert sign_ins.look_up(database, row.id, NOW) is None
    for link in links:
        with pytest.raises(LinkRefused):
            _redeem(database, link)


def test_a_new_link_or_address_voids_those_before(database: Database, invited: tuple[User, Link]) -> None:
    user = _redeem(database, invited[1])
    with database.session() as session:
        first = standing.new_link(session, BY, session.get_one(User, user.id))
        second = standing.new_link(session, BY, session.get_one(User, user.id))
    with pytest.raises(LinkRefused):
        _redeem(database, first)
    with database.session() as session:
        standing.describe(session, BY, session.get_one(User, user.id), email="other@x.jp")
    with pytest.raises(LinkRefused):
        _redeem(database, second)


@pytest.fixture
def processes(database_url: str) -> Iterator[list[Database]]:
    """Each with connections of its own."""
    opened = [open_database(database_url) for _ in range(4)]
    yield opened
    for one in opened:
        one.close()


@pytest.mark.usefixtures("patient")
def test_of_many_who_accept_at_once_one_has_it(
    database: Database, invited: tuple[User, Link], processes: list[Database]
) -> None:
    together = threading.Barrier(len(processes))

    def accept(number: int) -> bool:
        together.wait(60)
        try:
            _redeem(processes[number], invited[1], f"the good secret of {number}")
        except LinkRefused:
            return False
        return True

    with ThreadPoolExecutor(len(processes)) as pool:
        won = list(pool.map(accept, range(len(processes))))
    assert sum(won) == 1
    with database.reading() as session:
        kept = session.get_one(User, invited[0].id).password_hash
        assert session.scalars(select(SignIn)).all() == []
        joined = session.scalars(select(AuditRow).where(AuditRow.action == "user.joined")).all()
    assert matches(kept, f"the good secret of {won.index(True)}") and len(joined) == 1
