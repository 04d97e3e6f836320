"""Host names of addresses, from a real name server that is honest, lies, hangs, or has a hundred names."""

from __future__ import annotations

import ipaddress
import threading
import time

import pytest

from people import host_names
from people.entry import judged
from people.entry_rules import Effect, Kind, Rule, Why, compile_rules
from people.host_names import Answer, HostNames, Lookup, NoAnswer, Resolver, State, look_up
from tests.people.name_server import NameServer, reverse, take_time

HERE = ipaddress.ip_address("192.0.2.7")
PTR = (reverse("192.0.2.7"), "PTR")
GOOD = {PTR: ["pc1.example.ac.jp."], ("pc1.example.ac.jp", "A"): ["192.0.2.7"]}


def _clock() -> float:
    """Stands still: however slow this machine is, there is time for all questions."""
    return 0.0


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    take_time(monkeypatch)


def test_a_name_that_leads_back_is_confirmed() -> None:
    with NameServer(GOOD) as server:
        found, seconds = look_up(server.resolver(), HERE, _clock)
    assert found == Lookup(State.CONFIRMED, ("pc1.example.ac.jp",), ("pc1.example.ac.jp",))
    assert seconds == 300


def test_of_ipv6_too() -> None:
    address = ipaddress.ip_address("2001:db8::7")
    records = {
        (address.reverse_pointer, "PTR"): ["pc6.example.ac.jp."],
        ("pc6.example.ac.jp", "AAAA"): ["2001:db8::7"],
        ("pc6.example.ac.jp", "A"): ["192.0.2.7"],
    }
    with NameServer(records) as server:
        assert look_up(server.resolver(), address, _clock)[0].names == ("pc6.example.ac.jp",)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("forward", [[], ["198.51.100.1"], ["192.0.2.70", "192.0.2.77"]])
def test_a_name_that_lies_counts_for_nothing(forward: list[str]) -> None:
    """Whoever owns an address may call it as they like; only the name's owner can lead back to it."""
    rules = compile_rules([Rule(Effect.ALLOW, Kind.HOST, ".example.ac.jp")])
    with NameServer({PTR: ["rector.example.ac.jp."], ("rector.example.ac.jp", "A"): forward}) as server:
        names = server.names()
        found = judged(rules, None, HERE, names)
        names.close()
    assert found.lookup == Lookup(State.UNCONFIRMED, (), ("rector.example.ac.jp",))
    assert found.verdict.why is Why.NOT_FROM


def test_who_has_no_name_has_none() -> None:
    with NameServer({}) as server:
        assert look_up(server.resolver(), HERE, _clock)[0] == Lookup(State.NAMELESS)


def test_a_hundred_names_cost_no_more_than_ten() -> None:
    told = [f"n{number:03}.example.net." for number in range(100)]
    records = {PTR: told, **{(name[:-1], "A"): ["192.0.2.7"] for name in told}}
    with NameServer(records) as server:
        found, _ = look_up(server.resolver(), HERE, _clock)
        assert found.names == tuple(name[:-1] for name in told[: host_names.MAX_NAMES])
        assert len(server.asked) <= 1 + host_names.MAX_NAMES + 1  # a long answer may be asked for anew


@pytest.mark.serial
def test_a_server_that_hangs_holds_nobody_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_names, "LOOKUP_SECONDS", 1.0)
    with NameServer(GOOD, silent=("7.2.0.192",)) as server:
        names = server.names()
        begun = time.monotonic()
        assert names.of(HERE, 0.2).state is State.LATE
        assert time.monotonic() - begun < 3
        names.close()


class Gate:
    """A name server of which a test says when it answers."""

    def __init__(self) -> None:
        self.open, self.asked = threading.Event(), 0

    def __call__(self, name: str, kind: str, _seconds: float) -> Answer:
        self.asked += 1
        self.open.wait(100)
        return Answer(("pc1.example.ac.jp.",) if kind == "PTR" else ("192.0.2.7",), 300)


def test_one_look_up_serves_all_who_wait_and_a_late_one_is_kept() -> None:
    gate = Gate()
    names = HostNames(gate)
    assert [names.of(HERE, 0.01).state for _ in range(3)] == [State.LATE] * 3
    gate.open.set()
    assert names.of(HERE, 60).state is State.CONFIRMED
    asked = gate.asked
    assert names.of(HERE).names == ("pc1.example.ac.jp",) and gate.asked == asked == 2
    names.close()
    names.close()


def test_only_so_many_wait_and_only_so_many_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of addresses whose name servers hang costs no request thread more than a moment."""
    monkeypatch.setattr(host_names, "MAX_WAITING", 2)
    monkeypatch.setattr(host_names, "MAX_UNDER_WAY", 4)
    gate = Gate()
    names = HostNames(gate)
    addresses = [HERE + number for number in range(6)]
    waiting = [threading.Thread(target=names.of, args=(one, 100)) for one in addresses[:2]]
    for one in waiting:
        one.start()
    while names._waiting.total() < 2:
        time.sleep(0.001)
    begun = time.monotonic()
    assert {names.of(one, 100).state for one in addresses} == {State.LATE}
    assert time.monotonic() - begun < 50
    assert len(names._under_way) == 4
    gate.open.set()
    for one in waiting:
        one.join()
    names.close()


def test_one_network_whose_name_servers_hang_keeps_out_nobody_else() -> None:
    """Of IPv6 an outsider has thousands of addresses at hand: they take a few places, not all."""
    hanging, friend = threading.Event(), ipaddress.ip_address("2001:db8:2::7")
    outsiders = [ipaddress.ip_address("2001:db8:1::") + (number << 64) for number in range(200)]

    def ask(name: str, kind: str, _seconds: float) -> Answer:
        if name.endswith("1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."):
            hanging.wait(100)
        return Answer(("pc1.example.ac.jp.",) if kind == "PTR" else (str(friend),), 300)

    names = HostNames(ask)
    assert {names.of(one, 0).state for one in outsiders} == {State.LATE}
    assert len(names._under_way) == host_names.MAX_OF_NETWORK
    waiting = [threading.Thread(target=names.of, args=(one, 100)) for one in outsiders[:4] * 3]
    for one in waiting:
        one.start()
    assert names.of(friend, 60).state is State.CONFIRMED
    hanging.set()
    for one in waiting:
        one.join()
    assert names.of(outsiders[-1], 60).state is State.UNCONFIRMED  # the places are free again
    assert not names._waiting
    names.close()


def test_of_ipv4_a_network_is_a_24() -> None:
    gate = Gate()
    names = HostNames(gate)
    for number in range(0, 512, 16):
        assert names.of(HERE + number, 0).state is State.LATE
    networks = [str(one).rpartition(".")[0] for one in names._under_way]
    assert sorted(networks) == ["192.0.2"] * 4 + ["192.0.3"] * 4
    gate.open.set()
    names.close()


class Records:
    """A name server that knows HERE, until it fails or says something else; `asked`: how often."""

    def __init__(self, seconds: float = 100) -> None:
        self.fails, self.forward, self.seconds, self.asked = False, "192.0.2.7", seconds, 0

    def __call__(self, name: str, kind: str, _seconds: float) -> Answer:
        self.asked += kind == "PTR"
        if self.fails:
            raise NoAnswer(name)
        return Answer(("pc1.example.ac.jp.",) if kind == "PTR" else (self.forward,), self.seconds)


def _settle(names: HostNames) -> None:
    """Once what is under way has come."""
    for future in list(names._under_way.values()):
        future.result(60)


def test_a_confirmed_name_is_renewed_before_it_is_too_old_and_nobody_waits_for_that() -> None:
    now, records = [0.0], Records()
    names = HostNames(records, clock=lambda: now[0])
    assert names.of(HERE, 60).state is State.CONFIRMED
    now[0] = 74
    assert names.of(HERE, 0).state is State.CONFIRMED
    _settle(names)
    assert records.asked == 1
    now[0] = 76
    assert names.of(HERE, 0).state is State.CONFIRMED
    _settle(names)
    assert records.asked == 2
    now[0] = 149  # of the first answer nothing would be left
    assert names.of(HERE, 0).state is State.CONFIRMED
    _settle(names)
    records.forward, now[0] = "192.0.2.8", 149 + 76
    assert names.of(HERE, 0).state is State.CONFIRMED
    _settle(names)
    assert names.of(HERE, 0).state is State.UNCONFIRMED  # what was heard replaces it
    names.close()


def test_a_confirmed_name_holds_while_the_name_servers_fail_but_not_for_ever() -> None:
    now, records = [0.0], Records()
    names = HostNames(records, clock=lambda: now[0])
    assert names.of(HERE, 60).state is State.CONFIRMED
    records.fails = True
    end = 100 + host_names.HOLD_SECONDS
    while now[0] < end - 1:
        now[0] += 1
        assert names.of(HERE, 60).names == ("pc1.example.ac.jp",), now
        _settle(names)
    # Not at each request: as seldom as for whoever has failed before.
    assert records.asked <= 2 + (end - 75) / host_names.FAILED_SECONDS
    now[0] = end
    assert names.of(HERE, 60).state is State.FAILED
    records.fails, now[0] = False, end + host_names.FAILED_SECONDS
    assert names.of(HERE, 60).state is State.CONFIRMED
    names.close()


def test_a_confirmed_name_holds_where_a_look_up_is_late_or_there_is_no_place_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, gate = [0.0], Gate()
    names = HostNames(gate, clock=lambda: now[0])
    gate.open.set()
    assert names.of(HERE, 60).state is State.CONFIRMED
    gate.open.clear()
    now[0] = 301
    with monkeypatch.context() as full:
        full.setattr(host_names, "MAX_UNDER_WAY", 0)
        assert names.of(HERE, 60).state is State.CONFIRMED
    assert names.of(HERE, 0).state is State.CONFIRMED
    now[0] = 300 + host_names.HOLD_SECONDS
    assert names.of(HERE, 0).state is State.LATE
    gate.open.set()
    names.close()


@pytest.mark.usefixtures("unhurried")
def test_what_is_known_is_asked_again_when_it_is_too_old() -> None:
    now = [0.0]
    with NameServer(GOOD, ttl=100) as server:
        names = HostNames(server.resolver(), clock=lambda: now[0])
        assert names.of(HERE, 60).state is State.CONFIRMED
        server.records[("pc1.example.ac.jp", "A")] = ["192.0.2.8"]
        now[0] = 99
        assert names.of(HERE, 60).state is State.CONFIRMED
        now[0] = 101
        assert names.of(HERE, 60).state is State.UNCONFIRMED
        names.close()


def test_short_and_endless_lifetimes_are_bounded() -> None:
    for ttl, kept in ((0, host_names.SHORTEST_SECONDS), (10**6, host_names.LONGEST_SECONDS)):
        with NameServer(GOOD, ttl=ttl) as server:
            assert look_up(server.resolver(), HERE, _clock)[1] == kept


def test_a_server_that_fails_is_asked_again_soon() -> None:
    def refuses(name: str, _kind: str, _seconds: float) -> Answer:
        raise NoAnswer(name)

    assert look_up(refuses, HERE, _clock) == (Lookup(State.FAILED), host_names.FAILED_SECONDS)
    assert Resolver([], 53)  # none configured: every question fails
    with pytest.raises(NoAnswer):
        Resolver([])("example.net", "A", 1.0)


def test_nothing_is_looked_up_that_could_not_matter() -> None:
    gate = Gate()
    names = HostNames(gate)
    host = Rule(Effect.ALLOW, Kind.HOST, ".example.ac.jp")
    for rules in (
        [],
        [Rule(Effect.ALLOW, Kind.NETWORK, "192.0.2.0/24")],
        [host, Rule(Effect.DENY, Kind.NETWORK, "192.0.2.0/24")],
        [host, Rule(Effect.ALLOW, Kind.PERSON, "tanaka")],
    ):
        assert judged(compile_rules(rules), None, HERE, names).lookup is None
    assert gate.asked == 0
    names.close()
