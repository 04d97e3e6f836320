"""From where a request comes: forged headers, chains of proxies, every way of writing an address."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.database import Database
from people import session_cookie
from people.command_line import add_user
from people.models import Role
from people.request_address import MAX_HOPS, address_behind, address_of, client_address
from people.throttle import PER_ACCOUNT_AND_ADDRESS
from settings import Network, Settings, SettingsError
from tests.people.front_door import Browser, make_app

PROXIES = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1"),
    ipaddress.ip_network("10.1.0.0/16"),
)
STRANGER = "203.0.113.9"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7:51234", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:443", "192.0.2.7"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]", "fe80::1"),
        *(
            (text, None)
            for text in ("", "unknown", "_hidden", "unix:", "192.0.2", "1.2.3.4.5", "[", "::ffff:")
        ),
        ("0300.0250.1.1", None),  # octal, as some resolvers read it
    ],
)
def test_an_address_has_one_form(written: str, meant: str | None) -> None:
    assert address_of(written) == (None if meant is None else ipaddress.ip_address(meant))


@pytest.mark.parametrize(
    ("peer", "lines", "expected"),
    [
        (STRANGER, ["192.0.2.7"], STRANGER),  # nobody whom we know said so
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [STRANGER], STRANGER),
        ("::ffff:127.0.0.1", [STRANGER], STRANGER),
        ("127.0.0.1", ["192.0.2.7, " + STRANGER], STRANGER),  # the client typed what stands before
        ("127.0.0.1", ["192.0.2.7", STRANGER], STRANGER),
        ("127.0.0.1", [STRANGER + ", 10.1.0.5"], STRANGER),  # two proxies
        ("127.0.0.1", ["10.1.9.9, " + STRANGER + ",10.1.0.5"], STRANGER),
        ("127.0.0.1", ["10.1.0.9, 10.1.0.5"], "10.1.0.9"),  # somebody beside the proxies
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", [STRANGER + ", unknown, 10.1.0.5"], "10.1.0.5"),
        ("127.0.0.1", ["::ffff:" + STRANGER], STRANGER),
        ("127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("", [STRANGER], ""),
    ],
)
def test_only_what_trusted_proxies_added_counts(peer: str, lines: list[str], expected: str) -> None:
    assert address_behind(peer, lines, PROXIES) == expected
    assert address_behind(peer, lines, ()) == str(address_of(peer) or "")


@given(
    st.lists(st.sampled_from([STRANGER, "10.1.0.5", "unknown", "", ",", "x" * 50]), max_size=30),
    st.ip_addresses().filter(lambda one: not any(one.version == n.version and one in n for n in PROXIES)),
)
def test_whatever_a_client_forges_its_own_address_is_found(forged: list[str], client: object) -> None:
    lines = [*forged, str(client)]  # the proxy appends
    found = address_behind("10.1.0.7", lines, PROXIES)
    assert found == str(address_of(str(client)))
    assert address_behind(str(client), forged, PROXIES) == found


def test_a_long_chain_is_read_no_further_than_it_may_be() -> None:
    chain = [STRANGER] + ["10.1.0.5"] * (MAX_HOPS + 5)
    assert address_behind("127.0.0.1", [", ".join(chain)], PROXIES) == "10.1.0.5"


def test_the_setting() -> None:
    def networks(text: str) -> tuple[Network, ...]:
        return Settings.from_environment({"KODO_TRUSTED_PROXIES": text}).trusted_proxies

    assert networks("") == ()
    assert networks("127.0.0.1, ::1,10.1.0.0/16") == tuple(
        map(ipaddress.ip_network, ("127.0.0.1", "::1", "10.1.0.0/16"))
    )
    for wrong in ("nginx", "10.1.0.1/16", "127.0.0.1;::1"):
        with pytest.raises(SettingsError, match="KODO_TRUSTED_PROXIES"):
            networks(wrong)


def test_a_forged_header_does_not_slip_past_the_throttle(sqlite_database: Database, tmp_path: Path) -> None:
    """Each attempt names another address; where no proxy is trusted they count as one place."""
    add_user(sqlite_database, "tanaka", Role.LECTURER, "a long enough secret")
    for environment, refused in (({}, True), ({"KODO_TRUSTED_PROXIES": "127.0.0.1"}, False)):
        app = make_app(sqlite_database, tmp_path, **environment)
        browser = Browser(app)
        statuses = set()
        for number in range(PER_ACCOUNT_AND_ADDRESS + 1):
            browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{number}"
            statuses.add(browser.sign_in("tanaka", "wrong").status_code)
        assert (429 in statuses) is refused


def test_views_are_told_the_address(sqlite_database: Database, tmp_path: Path) -> None:
    app = make_app(sqlite_database, tmp_path, KODO_TRUSTED_PROXIES="127.0.0.1")
    forwarded = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", STRANGER)]
    for headers, address in (
        ([], "127.0.0.1"),
        (forwarded, STRANGER),
        ([("Forwarded", f"for={STRANGER}")], "127.0.0.1"),
    ):
        with app.test_request_context("/", headers=headers, environ_base={"REMOTE_ADDR": "::ffff:127.0.0.1"}):
            assert session_cookie.people().settings.trusted_proxies
            assert client_address() == address
