"""The pure judgement of an organization's doors, against a naive model that looks at every rule."""

from __future__ import annotations

import contextlib
import ipaddress
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.entry_rules import (
    MAX_RULES,
    Address,
    Effect,
    Flaw,
    Kind,
    Rule,
    UnfitRule,
    Why,
    compile_rules,
    fit_value,
    judge,
    kind_of,
)

PERSONS = ("tanaka", "sato", "suzuki")
NAMES = ("pc1.example.ac.jp", "pc2.lab.example.ac.jp", "example.ac.jp", "evil-example.ac.jp", "a.net")
HOSTS = (*NAMES, ".example.ac.jp", ".lab.example.ac.jp", ".ac.jp", ".net")
# Few addresses and lengths, so that rules often meet them.
BASES = ("192.0.2.0", "192.0.2.128", "10.0.0.0", "2001:db8::", "2001:db8:0:1::", "fe80::")


def _networks() -> st.SearchStrategy[str]:
    def network(base: str, length: int) -> str:
        most = 32 if ":" not in base else 128
        return str(ipaddress.ip_network((base, min(length, most)), strict=False))

    return st.builds(network, st.sampled_from(BASES), st.sampled_from((0, 8, 24, 25, 32, 64, 128)))


RULES = st.lists(
    st.one_of(
        st.builds(Rule, st.sampled_from(Effect), st.just(Kind.PERSON), st.sampled_from(PERSONS)),
        st.builds(Rule, st.sampled_from(Effect), st.just(Kind.NETWORK), _networks()),
        st.builds(Rule, st.sampled_from(Effect), st.just(Kind.HOST), st.sampled_from(HOSTS)),
    ),
    max_size=12,
)
ADDRESSES = st.one_of(
    st.none(),
    st.builds(
        lambda base, offset: ipaddress.ip_address(base) + offset,
        st.sampled_from(BASES),
        st.sampled_from((0, 1, 127, 255, 2**16)),
    ),
    st.ip_addresses(),
)


def _matches(rule: Rule, person: str | None, address: Address | None, names: Sequence[str]) -> bool:
    if rule.kind is Kind.PERSON:
        return person == rule.value
    if rule.kind is Kind.NETWORK:
        network = ipaddress.ip_network(rule.value)
        return address is not None and address.version == network.version and address in network
    if rule.value.startswith("."):
        return any(name.endswith(rule.value) for name in names)
    return rule.value in names


def naive(rules: Sequence[Rule], person: str | None, address: Address | None, names: Sequence[str]) -> bool:
    """The words of the decision, rule by rule."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    met = [rule for rule in rules if _matches(rule, person, address, names)]
    if any(rule.effect is Effect.DENY for rule in met):
        return False
    allowed = [rule for rule in rules if rule.effect is Effect.ALLOW]
    for kinds in ((Kind.PERSON,), (Kind.NETWORK, Kind.HOST)):
        listed = any(rule.kind in kinds for rule in allowed)
        if listed and not any(rule.kind in kinds and rule.effect is Effect.ALLOW for rule in met):
            return False
    return True


@settings(max_examples=300)
@given(
    RULES,
    st.sampled_from([None, *PERSONS, "nobody"]),
    ADDRESSES,
    st.lists(st.sampled_from(NAMES), max_size=3),
)
def test_it_says_what_the_naive_model_says(
    rules: list[Rule], person: str | None, address: Address | None, names: list[str]
) -> None:
    verdict = judge(compile_rules(rules), person, address, names)
    assert bool(verdict) == naive(rules, person, address, names)
    for rule in verdict.rules:  # what is named has indeed decided
        assert rule in rules and _matches(rule, person, address, names)
        assert (rule.effect is Effect.ALLOW) == bool(verdict)


@given(RULES, st.sampled_from([None, *PERSONS]), st.ip_addresses(v=4))
def test_an_ipv4_address_mapped_into_ipv6_is_that_address(
    rules: list[Rule], person: str | None, address: ipaddress.IPv4Address
) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    compiled = compile_rules(rules)
    assert judge(compiled, person, mapped, ()) == judge(compiled, person, address, ())


def _judge(lines: str, person: str | None, address: str, *names: str) -> Why:
    rules = []
    for line in lines.split(";"):
        effect, value = line.split()
        kind = kind_of(value)
        assert kind is not None
        rules.append(Rule(Effect(effect), kind, fit_value(kind, value)))
    return judge(compile_rules(rules), person, ipaddress.ip_address(address), names).why


@pytest.mark.parametrize(
    ("rules", "person", "address", "why"),
    [
        ("deny 192.0.2.0/24", "tanaka", "192.0.2.9", Why.DENIED),
        ("deny 192.0.2.0/24", "tanaka", "192.0.3.9", Why.NO_LIST),
        ("allow 192.0.2.0/24", "tanaka", "192.0.2.9", Why.ALLOWED),
        ("allow 192.0.2.0/24", "tanaka", "2001:db8::1", Why.NOT_FROM),
        ("allow 192.0.2.0/24;deny 192.0.2.9", "tanaka", "192.0.2.9", Why.DENIED),
        ("deny 192.0.2.0/24;allow 192.0.2.9", "tanaka", "192.0.2.9", Why.DENIED),  # deny wins, wide or narrow
        ("allow tanaka", "tanaka", "192.0.2.9", Why.ALLOWED),
        ("allow tanaka", None, "192.0.2.9", Why.NOT_AMONG),
        ("allow tanaka;allow 192.0.2.0/24", "tanaka", "10.0.0.1", Why.NOT_FROM),  # both lists must let in
        ("allow tanaka;allow 192.0.2.0/24", "sato", "192.0.2.9", Why.NOT_AMONG),
        ("deny ::/0;deny 0.0.0.0/0", "tanaka", "192.0.2.9", Why.DENIED),
        ("allow fe80::/10", None, "fe80::1", Why.ALLOWED),
    ],
)
def test_how_lists_combine(rules: str, person: str | None, address: str, why: Why) -> None:
    assert _judge(rules, person, address) is why


def test_a_suffix_is_what_stands_below_a_name() -> None:
    for name, why in (
        ("pc1.example.ac.jp", Why.ALLOWED),
        ("a.b.example.ac.jp", Why.ALLOWED),
        ("PC1.Example.AC.JP.", Why.ALLOWED),
        ("example.ac.jp", Why.NOT_FROM),
        ("evil-example.ac.jp", Why.NOT_FROM),
        ("example.ac.jp.evil.net", Why.NOT_FROM),
    ):
        assert _judge("allow .example.ac.jp", None, "192.0.2.9", name) is why, name
    assert _judge("allow example.ac.jp", None, "192.0.2.9", "example.ac.jp") is Why.ALLOWED
    assert _judge("allow example.ac.jp", None, "192.0.2.9", "pc1.example.ac.jp") is Why.NOT_FROM


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.NETWORK, " 192.0.2.7 ", "192.0.2.7/32"),
        (Kind.NETWORK, "192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        (Kind.NETWORK, "2001:DB8::/32", "2001:db8::/32"),
        (Kind.NETWORK, "::ffff:192.0.2.0/120", "192.0.2.0/24"),
        (Kind.NETWORK, "::ffff:0:0/96", "0.0.0.0/0"),
        (Kind.HOST, "*.Example.AC.jp.", ".example.ac.jp"),
        (Kind.HOST, "日本.jp", "xn--wgv71a.jp"),
        (Kind.PERSON, "Ｔａｎａｋａ", "tanaka"),
    ],
)
def test_a_value_has_one_form(kind: Kind, text: str, value: str) -> None:
    assert fit_value(kind, text) == value == fit_value(kind, value)


@pytest.mark.parametrize(
    ("kind", "text", "flaw"),
    [
        (Kind.NETWORK, "192.0.2.7/24", Flaw.HOST_BITS),
        (Kind.NETWORK, "192.0.2.0/33", Flaw.NETWORK),
        (Kind.NETWORK, "fe80::1%eth0/64", Flaw.NETWORK),
        (Kind.NETWORK, "campus", Flaw.NETWORK),
        (Kind.HOST, "localhost", Flaw.HOST),
        (Kind.HOST, "a..b", Flaw.HOST),
        (Kind.HOST, "." + "a" * 64 + ".jp", Flaw.HOST),
        (Kind.HOST, "a b.jp", Flaw.HOST),
        (Kind.HOST, ".", Flaw.HOST),
        (Kind.PERSON, "two words", Flaw.USER_ID),
        (Kind.PERSON, "", Flaw.USER_ID),
    ],
)
def test_what_is_no_rule_is_told_with_its_flaw(kind: Kind, text: str, flaw: Flaw) -> None:
    with pytest.raises(UnfitRule) as caught:
        fit_value(kind, text)
    assert caught.value.flaw is flaw


@given(st.sampled_from(Kind), st.text(max_size=80))
def test_any_text_is_a_value_or_unfit(kind: Kind, text: str) -> None:
    with contextlib.suppress(UnfitRule):
        assert fit_value(kind, fit_value(kind, text)) == fit_value(kind, text)
    assert kind_of(text) in (*Kind, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("tanaka", Kind.PERSON),
        ("Taro.Yamada", Kind.PERSON),  # has an account
        ("taro.j.yamada", Kind.PERSON),  # too
        ("jiro.yamada", None),
        ("example.net", None),
        ("jiro.j.yamada", Kind.HOST),
        ("pc1.Example.ac.jp", Kind.HOST),
        (".example.net", Kind.HOST),
        ("*.example.net", Kind.HOST),
        (".taro.yamada", Kind.HOST),
        ("*.taro.yamada", Kind.HOST),
        ("example.net.", Kind.HOST),
        ("taro@example.ac.jp", Kind.PERSON),
        ("山田.太郎", Kind.PERSON),
        ("192.0.2.9", Kind.NETWORK),
        ("10.1", None),
    ],
)
def test_what_a_value_without_a_kind_is(text: str, kind: Kind | None) -> None:
    assert kind_of(text, {"taro.yamada", "taro.j.yamada"}) is kind


def test_ten_thousand_rules_cost_what_ten_do() -> None:
    """Counted, not timed: whoever looked at each rule would make a thousand times the calls."""

    def rules(count: int) -> list[Rule]:
        thirds = count // 3
        nets = [Rule(Effect.DENY, Kind.NETWORK, f"10.{n >> 8}.{n & 255}.0/24") for n in range(thirds)]
        hosts = [Rule(Effect.DENY, Kind.HOST, f".d{n}.example.net") for n in range(thirds)]
        return [*nets, *hosts, *(Rule(Effect.DENY, Kind.PERSON, f"u{n}") for n in range(count - 2 * thirds))]

    def calls(count: int) -> int:
        compiled, seen = compile_rules(rules(count)), 0

        def count_call(_frame: object, event: str, _what: object) -> None:
            nonlocal seen
            seen += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            verdict = judge(compiled, "tanaka", ipaddress.ip_address("192.0.2.9"), ("pc1.example.ac.jp",))
        finally:
            sys.setprofile(None)
        assert verdict
        return seen

    assert calls(MAX_RULES) == calls(10)
