"""Pure: an organization's doors. Who is let in, from where, and why; no I/O, clock or Flask.

A rule allows or denies a person (user ID), a network (CIDR) or a host name (exact, or a suffix such as
`.example.ac.jp`). Deny wins, whatever else matches. Where there is an allow list, all others are refused: of
persons for *who* somebody is, of networks and host names together for *where* they are; where both lists
exist, both must let in. Nobody who is not signed in is on a list of persons.

Rules are compiled once: networks by prefix length (one look into a table for each length that occurs), host
names by their suffixes, so that a judgement hardly depends on how many rules there are (decision 0025).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from people.accounts import UnfitUserId, fold_user_id

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_RULES = 10_000
VALUE_LENGTH = 253
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"\.?{_LABEL}(?:\.{_LABEL})*", re.ASCII)


class Effect(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class Kind(StrEnum):
    PERSON = "person"
    NETWORK = "network"
    HOST = "host"


class Flaw(StrEnum):
    """Why a value is no rule."""

    USER_ID = "user_id"
    NETWORK = "network"
    HOST_BITS = "host_bits"
    HOST = "host"
    AMBIGUOUS = "ambiguous"
    KIND = "kind"
    EFFECT = "effect"
    NOTE = "note"


class UnfitRule(ValueError):
    """`flaw` says why `value` is no rule; `meant`: what it may have meant."""

    def __init__(self, flaw: Flaw, value: str, meant: str = "") -> None:
        super().__init__(f"{value[:100]!r}: {flaw}" + (f", {meant}" if meant else ""))
        self.flaw, self.value, self.meant = flaw, value, meant


@dataclass(frozen=True, slots=True)
class Rule:
    """`value` in its one form (`fit_value`)."""

    effect: Effect
    kind: Kind
    value: str
    note: str = ""


class Why(StrEnum):
    """What decided."""

    NO_LIST = "no_list"  # nothing denies, and no allow list exists
    ALLOWED = "allowed"  # on every allow list that exists
    DENIED = "denied"
    NOT_AMONG = "not_among"  # there is a list of persons, and they are not on it
    NOT_FROM = "not_from"  # there is a list of networks or host names, and the place is not on it


@dataclass(frozen=True, slots=True)
class Verdict:
    """True where somebody is let in. `rules`: those that decided; none for a list that somebody is not on."""

    why: Why
    rules: tuple[Rule, ...] = ()

    def __bool__(self) -> bool:
        return self.why in (Why.NO_LIST, Why.ALLOWED)


LET_IN = Verdict(Why.NO_LIST)


def fit_value(kind: Kind, text: str) -> str:
    """The one form of a rule's value. Raises UnfitRule."""
    if kind is Kind.PERSON:
        return _user_id(text)
    return _network(text) if kind is Kind.NETWORK else _host(text)


def kind_of(text: str, persons: Container[str] = frozenset()) -> Kind | None:
    """What a pasted value most likely is: a network, one of `persons` (folded user IDs), a host name where it
    has a dot, else a user ID. None: two words with a dot between (`taro.yamada`, `example.net`) may be a
    user ID or a host name.
    """
    plain = text.strip().lower()
    try:
        ipaddress.ip_network(plain, strict=False)
        return Kind.NETWORK
    except ValueError:
        pass
    host, is_suffix = plain.removeprefix("*").removesuffix("."), plain.startswith((".", "*"))
    if "." not in host or not _HOST.fullmatch(host) or (plain in persons and not is_suffix):
        return Kind.PERSON
    return Kind.HOST if is_suffix or plain.count(".") > 1 else None


def _user_id(text: str) -> str:
    try:
        return fold_user_id(text)
    except UnfitUserId:
        raise UnfitRule(Flaw.USER_ID, text) from None


def _network(text: str) -> str:
    plain = text.strip()
    try:
        network = ipaddress.ip_network(plain, strict=False)
    except ValueError:
        raise UnfitRule(Flaw.NETWORK, text) from None
    if "%" in plain:
        raise UnfitRule(Flaw.NETWORK, text)  # a zone is this machine's, not the asker's
    told = ipaddress.ip_address(plain.partition("/")[0])
    if told != network.network_address:
        raise UnfitRule(Flaw.HOST_BITS, text, str(network))
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        length = network.prefixlen - _MAPPED.prefixlen
        mapped = int(network.network_address) & 0xFFFFFFFF
        return str(ipaddress.IPv4Network((mapped, length)))
    return str(network)


def _host(text: str) -> str:
    plain = text.strip().removesuffix(".").lower()
    if plain.startswith("*."):
        plain = plain[1:]
    if not plain.isascii():
        plain = _in_ascii(plain)
    if len(plain) > VALUE_LENGTH or "." not in plain.lstrip(".") or not _HOST.fullmatch(plain):
        raise UnfitRule(Flaw.HOST, text)
    return plain


def _in_ascii(name: str) -> str:
    try:
        dot = "." if name.startswith(".") else ""
        return dot + name.removeprefix(".").encode("idna").decode("ascii")
    except UnicodeError:
        raise UnfitRule(Flaw.HOST, name) from None


@dataclass(frozen=True, slots=True)
class _Matcher:
    """The rules of one effect."""

    persons: dict[str, Rule] = field(default_factory=dict)
    hosts: dict[str, Rule] = field(default_factory=dict)
    # By version, then by prefix length: the longest first, so that the narrowest rule is named.
    networks: dict[int, dict[int, dict[int, Rule]]] = field(default_factory=dict)

    def add(self, rule: Rule) -> None:
        if rule.kind is Kind.PERSON:
            self.persons[rule.value] = rule
        elif rule.kind is Kind.HOST:
            self.hosts[rule.value] = rule
        else:
            network = ipaddress.ip_network(rule.value)
            lengths = self.networks.setdefault(network.version, {})
            shift = network.max_prefixlen - network.prefixlen
            lengths.setdefault(shift, {})[int(network.network_address) >> shift] = rule

    def settle(self) -> None:
        for version, lengths in self.networks.items():
            self.networks[version] = dict(sorted(lengths.items()))

    @property
    def names_places(self) -> bool:
        return bool(self.networks or self.hosts)

    def of_place(self, address: Address | None, names: Iterable[str]) -> Rule | None:
        return self._of_address(address) or self._of_names(names)

    def _of_address(self, address: Address | None) -> Rule | None:
        if address is None:
            return None
        number = int(address)
        for shift, rules in self.networks.get(address.version, {}).items():
            if (rule := rules.get(number >> shift)) is not None:
                return rule
        return None

    def _of_names(self, names: Iterable[str]) -> Rule | None:
        if not self.hosts:
            return None
        found = (self.hosts.get(form) for name in names for form in _forms(name))
        return next((rule for rule in found if rule is not None), None)


def _forms(name: str) -> Iterator[str]:
    """How rules may speak of a host name: itself, then `.` and each of its suffixes, the longest first."""
    plain = name.rstrip(".").lower()
    yield plain
    rest = plain
    while rest:
        rest = rest.partition(".")[2]
        if rest:
            yield f".{rest}"


@dataclass(frozen=True, slots=True)
class Rules:
    """Compiled. `version`: of the organization's lists."""

    allow: _Matcher
    deny: _Matcher
    version: int = 0

    @property
    def names_hosts(self) -> bool:
        """Whether host names are of any use to judge by these."""
        return bool(self.allow.hosts or self.deny.hosts)

    @property
    def any(self) -> bool:
        sides = (self.allow, self.deny)
        return any(side.persons or side.names_places for side in sides)


def compile_rules(rules: Iterable[Rule], version: int = 0) -> Rules:
    """From rules whose values are in their one form."""
    compiled = Rules(_Matcher(), _Matcher(), version)
    for rule in rules:
        (compiled.allow if rule.effect is Effect.ALLOW else compiled.deny).add(rule)
    compiled.allow.settle()
    compiled.deny.settle()
    return compiled


def judge(rules: Rules, person: str | None, address: Address | None, host_names: Sequence[str]) -> Verdict:
    """Whether somebody gets in, and why.

    `person`: the folded user ID, None for a stranger; `address`: None where it is not known; `host_names`:
    confirmed ones (`people.host_names`).
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    denied = _named(rules.deny, person) or rules.deny.of_place(address, host_names)
    if denied is not None:
        return Verdict(Why.DENIED, (denied,))
    who = _named(rules.allow, person)
    if rules.allow.persons and who is None:
        return Verdict(Why.NOT_AMONG)
    where = rules.allow.of_place(address, host_names)
    if rules.allow.names_places and where is None:
        return Verdict(Why.NOT_FROM)
    matched = tuple(rule for rule in (who, where) if rule is not None)
    return Verdict(Why.ALLOWED, matched) if matched else LET_IN


def _named(matcher: _Matcher, person: str | None) -> Rule | None:
    return matcher.persons.get(person) if person is not None else None
