"""The host names of an address: what its reverse name says, as far as a forward look-up confirms it.

`HostNames` is one per web process: its threads ask the name servers, request threads wait for them at most
WAIT_SECONDS, and at most MAX_WAITING of them at a time; others hear `LATE` at once, as those do whose look-up
takes longer. Its answer is kept all the same when it comes. Whoever owns an address can say any name of it:
only names that lead back to the address count. What cannot be looked up has no name. The standard library's
`gethostbyaddr` cannot be bounded (a thread hangs in the C library for as long as resolv.conf says) and tells
no lifetime, hence dnspython, which comes with aioice. `close()` ends the threads.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
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
THREADS = 4
MAX_WAITING = 8
MAX_UNDER_WAY = 64
MAX_NAMES = 10  # of an address's names, in alphabetical order; a name more costs a question
SHORTEST_SECONDS = 60.0
LONGEST_SECONDS = 3600.0
FAILED_SECONDS = 15.0
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


class HostNames:
    """Look-ups, remembered for as long as their records hold (a minute to an hour)."""

    def __init__(self, ask: Ask | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask or Resolver()
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Address, tuple[float, Lookup]] = OrderedDict()
        self._under_way: dict[Address, Future[Lookup]] = {}
        self._waiting = 0
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False

    def of(self, address: Address, wait_seconds: float = WAIT_SECONDS) -> Lookup:
        """What is known of the address within `wait_seconds`."""
        with self._lock:
            until, known = self._kept.get(address, (0.0, None))
            if known is not None and self._clock() < until:
                return known
            future = self._future(address)
            if future is None or self._waiting >= MAX_WAITING:
                return Lookup(State.LATE)
            self._waiting += 1
        try:
            return future.result(wait_seconds)
        except LateError:
            return Lookup(State.LATE)
        finally:
            with self._lock:
                self._waiting -= 1

    def close(self) -> None:
        """Idempotent; a look-up under way ends by its own limit."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)

    def _future(self, address: Address) -> Future[Lookup] | None:
        """The look-up of this address that is under way, begun if need be; None: too many are."""
        known = self._under_way.get(address)
        if known is not None:
            return known
        if self._closed or len(self._under_way) >= MAX_UNDER_WAY:
            return None
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="host-names")
        future = self._under_way[address] = self._threads.submit(self._look_up, address)
        return future

    def _look_up(self, address: Address) -> Lookup:
        found, seconds = Lookup(State.FAILED), FAILED_SECONDS
        try:
            found, seconds = look_up(self._ask, address, self._clock)
        finally:
            with self._lock:
                self._under_way.pop(address, None)
                self._kept[address] = (self._clock() + seconds, found)
                self._kept.move_to_end(address)
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        return found
