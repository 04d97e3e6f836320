"""Accounts: user IDs in any script, passwords, and signing in."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from library.database import Database
from people import passwords
from people.accounts import (
    SignInRefused,
    UnfitUserId,
    UserIdTaken,
    create_user,
    default_organization,
    fold_user_id,
    sign_in,
)
from people.models import Organization, Role, SignInAttempt, User
from people.passwords import UnfitPassword, check_fitness
from people.throttle import PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS, Throttle, Throttled, network_of

GOOD = "a long enough secret"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(database: Database, clock: Clock) -> Throttle:
    return Throttle(database, clock=clock)


@pytest.fixture
def tanaka(database: Database) -> User:
    with database.session() as session:
        organization = default_organization(session)
        return create_user(
            session, user_id="Ｔanaka", password=GOOD, role=Role.LECTURER, organization=organization
        )


def _sign_in(
    database: Database,
    throttle: Throttle,
    user_id: str = "tanaka",
    password: str = GOOD,
    address: str = "192.0.2.1",
) -> User:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return sign_in(database, throttle, user_id=user_id, password=password, address=address, now=now)


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("Tanaka", "tanaka"),
        ("  ＴＡＮＡＫＡ ", "tanaka"),
        ("田中", "田中"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("ﾀﾅｶ", "タナカ"),
        ("t@example.ac.jp", "t@example.ac.jp"),
        ("a" * 64, "a" * 64),
    ],
)
def test_ids_are_compared_as_people_read_them(raw: str, folded: str) -> None:
    assert fold_user_id(raw) == folded


@pytest.mark.parametrize(
    "raw", ["", "   ", "a" * 65, "a b", "a\x00", "a\u200bb", "a\u202eb", "\ud800", "a\nb", "ﷺ" * 60]
)
def test_unfit_ids_are_refused(raw: str) -> None:
    with pytest.raises(UnfitUserId):
        fold_user_id(raw)


@given(st.text(max_size=80))
def test_folding_twice_is_folding_once(raw: str) -> None:
    try:
        folded = fold_user_id(raw)
    except UnfitUserId:
        return
    assert fold_user_id(folded) == folded


@pytest.mark.parametrize(
    "password",
    [
        *["short", "a" * 1001, "password123", "PASSWORD123", "aaaaaaaaaaaa", "tanaka@here", "ababcabcab"],
        *[
            "Sakura2025!",
            "ｐａｓｓｗｏｒｄ１２３",
            "ありがとう12345",
            "arigatouarigatou",
            "1qaz2wsx3edc",
            "kodo2026kodo",
        ],
        *["tanaka1234", "Tanaka-Tanaka", "tanaka@heretanaka@here", "!!doraemon!!"],
    ],
)
def test_unfit_passwords_are_refused(password: str) -> None:
    with pytest.raises(UnfitPassword):
        check_fitness(password, user_id="tanaka@here")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "桜の下で会いましょう、毎年",
        "sakura blooms late",
        "sakura-83#62!90$55",
        "k7RtQ2mX9w",
    ],
)
def test_what_is_not_among_the_first_is_let_in(password: str) -> None:
    check_fitness(password, user_id="tanaka@here")


@given(st.text(min_size=10, max_size=60), st.text(max_size=20))
def test_any_text_is_judged(password: str, user_id: str) -> None:
    with suppress(UnfitPassword):
        check_fitness(password, user_id=user_id)


def test_a_password_typed_in_another_composition_is_the_same() -> None:
    assert passwords.matches(passwords.hash_password("caf\u00e9 au lait"), "cafe\u0301 au lait")


def test_half_of_a_surrogate_pair_is_a_character_as_any_other() -> None:
    """JSON may bring it."""
    made = passwords.hash_password("\ud800 and more of it")
    assert passwords.matches(made, "\ud800 and more of it") and not passwords.matches(made, "\udfff")


def test_hashes_are_argon2id_and_salted(slow_hashes: None) -> None:
    one, two = passwords.hash_password(GOOD), passwords.hash_password(GOOD)
    assert one.startswith("$argon2id$v=19$m=65536,t=3")
    assert one != two


def test_a_damaged_hash_matches_nothing() -> None:
    assert not passwords.matches("damaged", GOOD)


def test_signing_in_with_any_spelling_of_the_id(database: Database, throttle: Throttle, tanaka: User) -> None:
    assert _sign_in(database, throttle, "TANAKA").id == tanaka.id


@pytest.mark.parametrize(
    ("user_id", "password"),
    [
        ("tanaka", "wrong"),
        ("tanaka", ""),
        ("nobody", GOOD),
        ("", GOOD),
        ("a" * 9000, GOOD),
        ("tanaka", "x" * 9000),
    ],
)
def test_wrong_words_are_all_refused_alike(
    database: Database, throttle: Throttle, tanaka: User, user_id: str, password: str
) -> None:
    with pytest.raises(SignInRefused, match="the user ID or the password is wrong"):
        _sign_in(database, throttle, user_id, password)


@pytest.mark.serial
def test_an_unknown_user_takes_as_long(
    slow_hashes: None, database: Database, throttle: Throttle, tanaka: User
) -> None:
    def cost(user_id: str) -> float:
        spent = []
        for _ in range(3):
            before = time.process_time()
            with pytest.raises(SignInRefused):
                _sign_in(database, throttle, user_id, "wrong")
            spent.append(time.process_time() - before)
        return min(spent)

    known, unknown = cost("tanaka"), cost("nobody")
    assert 0.5 < unknown / known < 2  # without a hash it is below 0.1
    assert not passwords.matches(None, "nobody signs in with this")


def test_a_deactivated_account_is_refused(database: Database, throttle: Throttle, tanaka: User) -> None:
    with database.session() as session:
        session.get_one(User, tanaka.id).active = False
    with pytest.raises(SignInRefused):
        _sign_in(database, throttle)


@pytest.mark.parametrize("change", ["signed out everywhere", "deactivated", "removed"])
def test_what_changed_while_the_hash_was_made_counts(
    database: Database, throttle: Throttle, tanaka: User, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A password that was set anew also raises the epoch: the old one must not come in behind it."""
    right = passwords.matches

    def slowly(stored: str | None, typed: str) -> bool:
        with database.session() as session:
            user = session.get_one(User, tanaka.id)
            if change == "removed":
                session.delete(user)
            elif change == "deactivated":
                user.active = False
            else:
                user.session_epoch += 1
        return right(stored, typed)

    monkeypatch.setattr(passwords, "matches", slowly)
    with pytest.raises(SignInRefused):
        _sign_in(database, throttle)


def test_an_old_hash_is_renewed(
    slow_hashes: None, database: Database, throttle: Throttle, tanaka: User
) -> None:
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD)
    with database.session() as session:
        session.get_one(User, tanaka.id).password_hash = weak
    renewed = _sign_in(database, throttle).password_hash
    assert "m=65536" in renewed
    assert passwords.matches(renewed, GOOD)


def test_one_id_is_one_account(database: Database, tanaka: User) -> None:
    with database.session() as session:
        organization = session.get_one(Organization, tanaka.organization_id)
        with pytest.raises(UserIdTaken):
            create_user(session, user_id="tanaka", password=GOOD, role=Role.VIEWER, organization=organization)


def test_too_many_failures_shut_one_door_only(
    database: Database, throttle: Throttle, clock: Clock, tanaka: User
) -> None:
    for _ in range(PER_ACCOUNT_AND_ADDRESS):
        with pytest.raises(SignInRefused):
            _sign_in(database, throttle, password="wrong")
    with pytest.raises(Throttled) as throttled:
        _sign_in(database, throttle)  # even with the right password
    assert 890 < throttled.value.retry_after <= 901
    assert _sign_in(database, throttle, address="192.0.2.2").id == tanaka.id  # the owner, from home
    clock.now += timedelta(seconds=throttled.value.retry_after)
    assert _sign_in(database, throttle).id == tanaka.id


def test_one_address_cannot_try_many_accounts(throttle: Throttle) -> None:
    for number in range(PER_ADDRESS):
        throttle.begin(f"user{number}", "192.0.2.1")
    with pytest.raises(Throttled):
        throttle.begin("another", "192.0.2.1")
    throttle.begin("another", "192.0.2.2")


def test_success_forgets_the_failures_and_the_count_survives_a_restart(
    database: Database, throttle: Throttle, clock: Clock, tanaka: User
) -> None:
    for _ in range(PER_ACCOUNT_AND_ADDRESS - 1):
        throttle.begin("tanaka", "192.0.2.1")
    with database.reading() as session:
        assert len(session.scalars(select(SignInAttempt)).all()) == PER_ACCOUNT_AND_ADDRESS - 1
    _sign_in(database, Throttle(database, clock=clock))
    with database.reading() as session:
        assert session.scalars(select(SignInAttempt)).all() == []


def test_old_attempts_are_removed_and_ids_are_not_kept(
    database: Database, throttle: Throttle, clock: Clock
) -> None:
    throttle.begin("my password by mistake", "192.0.2.1")
    clock.now += timedelta(minutes=16)
    throttle.begin("other", "192.0.2.1")
    with database.reading() as session:
        (kept,) = session.scalars(select(SignInAttempt))
    assert "other" not in kept.account_sha256


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:0:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_what_counts_as_one_place(address: str, network: str) -> None:
    assert network_of(address) == network
