"""The host names of an address: what its reverse name says, as far as a forward look-up confirms it.

`HostNames` is one per web process: its threads ask the name servers, request threads wait for them at most
WAIT_SECONDS, and at most MAX_WAITING of them at a time; others hear `LATE` at once, as those do whose look-up
takes longer. Its answer is kept all the same when it comes. Whoever owns an address can say any name of it:
only names that lead back to the address count. What cannot be looked up has no name. The standard library's
`gethostbyaddr` cannot be bounded (a thread hangs in the C library for as long as resolv.conf says) and tells
no lifetime, hence dnspython, which comes with aioice. `close()` ends the threads.

Whoever owns a network can make its look-ups hang. One network (/24 of IPv4, /48 of IPv6) has at most
MAX_OF_NETWORK look-ups under way and as many requests that wait, which leaves most threads to others. Whoever
is known by a confirmed name is asked about again before it is too old, while they go on, and keeps the name
for HOLD_SECONDS more where nothing better than `LATE` or `FAILED` is heard: so long may a name that was taken
from an address count.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.rdatatype
import dns.resolver
import dns.reversename

from people.entry_rules import Address
from people.request_address import address_of

WAIT_SECONDS = 1.5
LOOKUP_SECONDS = 3.0  # of one address, all its questions together
THREADS = 16
MAX_WAITING = 8
MAX_UNDER_WAY = 64
MAX_OF_NETWORK = 4
MAX_NAMES = 10  # of an address's names, in alphabetical order; a name more costs a question
SHORTEST_SECONDS = 60.0
LONGEST_SECONDS = 3600.0
FAILED_SECONDS = 15.0
HOLD_SECONDS = 300.0
RENEW_FROM = 0.75  # of its time: from then on a confirmed name is looked up again when it is asked for
MAX_KEPT = 10_000


class State(StrEnum):
    """How a look-up ended."""

    CONFIRMED = "confirmed"  # at least one name leads back to the address
    UNCONFIRMED = "unconfirmed"  # it has names, none of which does
    NAMELESS = "nameless"
    LATE = "late"  # no answer in time
    FAILED = "failed"  # the name servers had none


@dataclass(frozen=True, slots=True)
class Lookup:
    """`names`: confirmed, in small letters; `told`: what the reverse name says, confirmed or not."""

    state: State
    names: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a name server: texts of the records, and for how many seconds they hold."""

    texts: tuple[str, ...]
    seconds: float


class NoAnswer(Exception):
    """The name servers did not say: out of time, or refused."""


Ask = Callable[[str, str, float], Answer]
"""Name, record type and seconds → the records; none where there is no such name. Raises NoAnswer."""


class Resolver:
    """Asks the name servers of this machine, or those given (addresses, port)."""

    def __init__(self, servers: Sequence[str] | None = None, port: int = 53) -> None:
        self._resolver: dns.resolver.Resolver | None = None
        try:
            self._resolver = dns.resolver.Resolver(configure=servers is None)
        except dns.resolver.NoResolverConfiguration:
            return
        if servers is not None:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port

    def __call__(self, name: str, kind: str, seconds: float) -> Answer:
        if self._resolver is None or seconds <= 0:
            raise NoAnswer(name)
        try:
            found = self._resolver.resolve(name, kind, lifetime=seconds, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Answer((), SHORTEST_SECONDS)
        except (dns.exception.DNSException, OSError, ValueError, UnicodeError) as error:
            raise NoAnswer(name) from error
        seconds = float(found.rrset.ttl) if found.rrset is not None else 0.0
        return Answer(tuple(record.to_text() for record in found), seconds)


def look_up(ask: Ask, address: Address, clock: Callable[[], float]) -> tuple[Lookup, float]:
    """The confirmed names of `address`, and for how many seconds they hold."""
    deadline = clock() + LOOKUP_SECONDS
    try:
        reverse = ask(dns.reversename.from_address(str(address)).to_text(), "PTR", deadline - clock())
    except NoAnswer:
        return Lookup(State.FAILED), FAILED_SECONDS
    told = tuple(sorted({text.rstrip(".").lower() for text in reverse.texts}))[:MAX_NAMES]
    seconds, names, failed = reverse.seconds, [], False
    for name in told:
        try:
            forward = ask(name, "A" if address.version == 4 else "AAAA", deadline - clock())
        except NoAnswer:
            failed = True
            continue
        seconds = min(seconds, forward.seconds)
        if any(address_of(text) == address for text in forward.texts):
            names.append(name)
    if names:
        state = State.CONFIRMED
    else:
        state = State.FAILED if failed else State.UNCONFIRMED if told else State.NAMELESS
    kept = FAILED_SECONDS if failed else min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
    return Lookup(state, tuple(names), told), kept


@dataclass(frozen=True, slots=True)
class _Kept:
    """Told as it is until `until`, looked up again from `renew_from` on, and until `held_until` better than
    no answer.
    """

    lookup: Lookup
    until: float
    renew_from: float
    held_until: float


class HostNames:
    """Look-ups, remembered for as long as their records hold (a minute to an hour; `_Kept`)."""

    def __init__(self, ask: Ask | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask or Resolver()
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Address, _Kept] = OrderedDict()
        self._under_way: dict[Address, Future[Lookup]] = {}
        self._waiting: Counter[tuple[int, int]] = Counter()  # requests, by network
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False

    def of(self, address: Address, wait_seconds: float = WAIT_SECONDS) -> Lookup:
        """What is known of the address within `wait_seconds`."""
        network = _network(address)
        with self._lock:
            kept, now = self._kept.get(address), self._clock()
            if kept is not None and now < kept.until:
                if now >= kept.renew_from:
                    self._future(address)
                return kept.lookup
            late = kept.lookup if kept is not None and now < kept.held_until else Lookup(State.LATE)
            future = self._future(address)
            if future is None or not self._may_wait(network):
                return late
            self._waiting[network] += 1
        try:
            return future.result(wait_seconds)
        except LateError:
            return late
        finally:
            with self._lock:
                self._waiting[network] -= 1
                if not self._waiting[network]:
                    del self._waiting[network]

    def close(self) -> None:
        """Idempotent; a look-up under way ends by its own limit."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)

    def _may_wait(self, network: tuple[int, int]) -> bool:
        return self._waiting.total() < MAX_WAITING and self._waiting[network] < MAX_OF_NETWORK

    def _future(self, address: Address) -> Future[Lookup] | None:
        """The look-up of this address that is under way, begun if need be; None: too many are."""
        known = self._under_way.get(address)
        if known is not None:
            return known
        network = _network(address)
        of_network = sum(_network(other) == network for other in self._under_way)
        if self._closed or len(self._under_way) >= MAX_UNDER_WAY or of_network >= MAX_OF_NETWORK:
            return None
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="host-names")
        future = self._under_way[address] = self._threads.submit(self._look_up, address)
        return future

    def _look_up(self, address: Address) -> Lookup:
        """What is to be told from now on: a name that is held, where the name servers do not answer."""
        found, seconds = Lookup(State.FAILED), FAILED_SECONDS
        try:
            found, seconds = look_up(self._ask, address, self._clock)
        finally:
            with self._lock:
                self._under_way.pop(address, None)
                kept = _kept_now(self._kept.get(address), found, seconds, self._clock())
                self._kept[address] = kept
                self._kept.move_to_end(address)
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        return kept.lookup


def _kept_now(before: _Kept | None, found: Lookup, seconds: float, now: float) -> _Kept:
    """What to remember once `found` came, which holds for `seconds`. A failure never prolongs a name."""
    until = now + seconds
    if found.state is State.CONFIRMED:
        return _Kept(found, until, now + seconds * RENEW_FROM, until + HOLD_SECONDS)
    if found.state is State.FAILED and before is not None and now < before.held_until:
        until_then = min(max(before.until, until), before.held_until)
        return _Kept(before.lookup, until_then, until, before.held_until)
    return _Kept(found, until, until, until)


def _network(address: Address) -> tuple[int, int]:
    """What addresses of one network have in common: as much as one outsider can be expected to own."""
    return address.version, int(address) >> (8 if address.version == 4 else 80)
