"""Signs of an intrusion: how often somebody knocks with a wrong or forged key: per kind, address, subject.

`SignCounter` is one per process: `saw` only counts in memory (any thread, the event loop too); a thread
writes the sums every two seconds, so that a flood of forged requests costs a row per stretch of five minutes,
kind, address and subject, and at most `MOST_PLACES` of them at a time, the rest together as `ELSEWHERE`. The
pure `alarms` says which sums are more than people who mistype.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from library.database import Database, DatabaseUnavailable, exclusive, utc_now
from people.models import IntrusionSign

log = logging.getLogger(__name__)
security = logging.getLogger("kodo.security")

STRETCH = timedelta(minutes=5)
KEPT_FOR = timedelta(days=31)
WRITE_SECONDS = 2.0
MOST_PLACES = 1000
ELSEWHERE = "elsewhere"


class Sign(StrEnum):
    """What was seen. All but KEY_USED are refusals."""

    SIGN_IN = "sign_in"  # a wrong user ID or password; subject: the account's id where there is one
    ROOM_PASSWORD = "room_password"  # noqa: S105  # subject: the room's id
    MEDIA_TOKEN = "media_token"  # noqa: S105  # a forged or altered address of media; subject: empty
    PUBLISH_TOKEN = "publish_token"  # noqa: S105  # a forged bearer, or another room's; subject: the room's slug
    REVOKED_KEY = "revoked_key"  # a key that was taken back; subject: the key's id
    API_TOKEN = "api_token"  # noqa: S105  # an unknown bearer of the API
    USED_LINK = "used_link"  # a link for one use, tried again, or made up
    ADDRESS = "address"  # who a rule of doors keeps out; subject: the organization's id
    KEY_USED = "key_used"  # a key that was right; subject: its id; from many addresses it may be stolen


@dataclass(frozen=True, slots=True)
class Seen:
    """A sum: of one kind, from one address, of one subject."""

    kind: Sign
    address: str
    subject: str
    count: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """`by`: "address", "subject" or "all": what `name` is; `count`: how often, or from how many addresses."""

    kind: Sign
    by: str
    name: str
    count: int


# How many in two stretches are more than people who mistype. A lecture hall is one address.
FROM_ONE_ADDRESS: Mapping[Sign, int] = {
    Sign.SIGN_IN: 30,
    Sign.ROOM_PASSWORD: 100,
    Sign.MEDIA_TOKEN: 100,
    Sign.PUBLISH_TOKEN: 20,
    Sign.REVOKED_KEY: 50,  # an encoder that was forgotten tries every few seconds
    Sign.API_TOKEN: 30,
    Sign.USED_LINK: 10,
    Sign.ADDRESS: 50,
}
OF_ONE_SUBJECT: Mapping[Sign, int] = {Sign.SIGN_IN: 20}  # one account, tried from many addresses
IN_ALL: Mapping[Sign, int] = {Sign.SIGN_IN: 200, Sign.MEDIA_TOKEN: 1000, Sign.PUBLISH_TOKEN: 100}
MOST_OF_A_KIND = 20  # addresses or accounts that are named; more of them are one alarm together
PLACES_OF_A_KEY = 4  # addresses in two stretches


def alarms(seen: Iterable[Seen]) -> list[Alarm]:
    """Pure: which of the sums (`recent` gives them) are signs of an intrusion."""
    addresses, subjects, everything, places = _sums(seen)
    found = [
        Alarm(kind, "address", address, count)
        for (kind, address), count in addresses.items()
        if count >= FROM_ONE_ADDRESS[kind]
    ]
    found += [
        Alarm(kind, "subject", subject, count)
        for (kind, subject), count in subjects.items()
        if subject and kind in OF_ONE_SUBJECT and count >= OF_ONE_SUBJECT[kind]
    ]
    found += [
        Alarm(kind, "all", "", count)
        for kind, count in everything.items()
        if kind in IN_ALL and count >= IN_ALL[kind]
    ]
    found += [
        Alarm(Sign.KEY_USED, "subject", key, len(where))
        for key, where in places.items()
        if len(where) >= PLACES_OF_A_KEY
    ]
    return sorted(_few(found, everything), key=lambda alarm: (alarm.kind, alarm.by, alarm.name))


def _few(found: Sequence[Alarm], everything: Mapping[Sign, int]) -> list[Alarm]:
    """Without the names where there are too many to name. A key that may be stolen is named always."""
    named = Counter((one.kind, one.by) for one in found if one.by != "all" and one.kind is not Sign.KEY_USED)
    many = {which for which, count in named.items() if count > MOST_OF_A_KIND}
    kept = [one for one in found if (one.kind, one.by) not in many]
    told = {one.kind for one in kept if one.by == "all"}
    return kept + [Alarm(kind, "all", "", everything[kind]) for kind in {kind for kind, _ in many} - told]


Sums = tuple[Counter[tuple[Sign, str]], Counter[tuple[Sign, str]], Counter[Sign], dict[str, set[str]]]


def _sums(seen: Iterable[Seen]) -> Sums:
    addresses: Counter[tuple[Sign, str]] = Counter()
    subjects: Counter[tuple[Sign, str]] = Counter()
    everything: Counter[Sign] = Counter()
    places: dict[str, set[str]] = defaultdict(set)
    for one in seen:
        if one.kind is Sign.KEY_USED:
            places[one.subject].add(one.address)
            continue
        if one.address != ELSEWHERE:
            addresses[one.kind, one.address] += one.count
        subjects[one.kind, one.subject] += one.count
        everything[one.kind] += one.count
    return addresses, subjects, everything, places


def recent(transaction: Session, now: datetime) -> list[Seen]:
    """The sums of this stretch of five minutes and the one before."""
    since = stretch_of(now) - STRETCH
    return sums(transaction, since, now + STRETCH)


def sums(transaction: Session, since: datetime, until: datetime) -> list[Seen]:
    """What was seen in the stretches that began from `since` on, before `until`."""
    key = (IntrusionSign.kind, IntrusionSign.address, IntrusionSign.subject)
    query = select(*key, func.sum(IntrusionSign.count)).group_by(*key)
    query = query.where(IntrusionSign.began_at >= since, IntrusionSign.began_at < until)
    known = set(Sign)
    return [
        Seen(Sign(kind), address, subject, int(count))
        for kind, address, subject, count in transaction.execute(query)
        if kind in known
    ]


def add(transaction: Session, seen: Iterable[Seen], now: datetime) -> None:
    """Add to the sums of the present stretch; those older than a month go."""
    rows = [
        {
            "began_at": stretch_of(now),
            "kind": one.kind.value,
            "address": one.address,
            "subject": one.subject,
            "count": one.count,
        }
        for one in seen
    ]
    dialect = postgresql if transaction.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(IntrusionSign)
    added = {"count": IntrusionSign.count + insert.excluded.count}
    key = ["began_at", "kind", "address", "subject"]
    exclusive(transaction, "intrusion-signs")
    transaction.execute(insert.on_conflict_do_update(index_elements=key, set_=added), rows)
    transaction.execute(delete(IntrusionSign).where(IntrusionSign.began_at < now - KEPT_FOR))


def stretch_of(now: datetime) -> datetime:
    """When the stretch of five minutes began that `now` is in."""
    utc = now.astimezone(UTC)
    minutes = int(STRETCH.total_seconds()) // 60
    return utc.replace(minute=utc.minute // minutes * minutes, second=0, microsecond=0)


class SignCounter:
    """One process's counts, and the thread that writes them. `open` and `close` are idempotent."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[Sign, str, str]] = Counter()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def saw(self, kind: Sign, address: str, subject: str = "") -> None:
        """Count one. Never waits for the database."""
        key = (kind, _short(address), _short(subject))
        with self._lock:
            if key not in self._counts and len(self._counts) >= MOST_PLACES:
                key = (kind, ELSEWHERE, "")
            self._counts[key] += 1

    def write(self) -> None:
        """Bring what was counted into the database. Raises DatabaseUnavailable, and nothing is lost."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        seen = [Seen(*key, count) for key, count in sorted(counts.items())]
        try:
            with self._database.session() as transaction:
                add(transaction, seen, self._clock())
        except DatabaseUnavailable:
            with self._lock:
                self._counts.update(counts)
            raise
        for one in seen:
            if one.kind is not Sign.KEY_USED:
                told = {"address": one.address, "subject": one.subject, "count": one.count}
                security.warning("refused: %s", one.kind, extra=told)

    def open(self) -> None:
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="intrusion-signs", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Returns when the thread has ended and the last counts are written, if the database takes them."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None:
            thread.join()
            self._try_to_write()

    def _run(self) -> None:
        while not self._stopping.wait(WRITE_SECONDS):
            self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self.write()
        except DatabaseUnavailable:
            return  # they wait for it
        except Exception:
            log.exception("signs of an intrusion could not be counted")


def _short(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:64]
