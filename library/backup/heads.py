"""What a repository says of itself: its description, its generations' heads, and what should be there.

`repository.json`     format, id, and with which cipher and key it is encrypted; written once
`generations/<id>.json` a generation's head: everything in `Generation`, and the object that lists its files
`catalogue.json`      ids that should be there, damage that was found, sums of README.md and restore.py;
losing it loses nothing but that a lost head is noticed
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from library.backup import sealed
from library.backup.errors import (
    GenerationIncomplete,
    KeyNeeded,
    NewerFormat,
    NoRepository,
    NoSuchGeneration,
    RepositoryDamaged,
    WrongKey,
)
from library.backup.keys import BackupKey
from library.backup.objects import Ref
from library.backup.place import DamagedInPlace, Place
from library.backup.values import FORMAT, Generation

DESCRIPTION = "repository.json"
CATALOGUE = "catalogue.json"
FOLDER = "generations"
CIPHER = "AES-256-GCM"
_ID = re.compile(r"([0-9]{6,})-([0-9]{8}T[0-9]{6}Z)")
_TIME = "%Y%m%dT%H%M%SZ"
_FACTS = (
    "id", "sequence", "reason", "files", "objects", "bytes", "bytes_new", "verified", "schema", "database",
    "unread",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """A generation, and the object that its list of files is."""

    generation: Generation
    files: Ref


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`generations`: ids. `damaged`: names of objects. `scrubbed`: the object that was re-read last of those
    that were not new. `texts`: SHA-256 of files for people, by name.
    """

    generations: tuple[str, ...] = ()
    last_sequence: int = 0
    damaged: frozenset[str] = frozenset()
    scrubbed: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def pack(self, key: BackupKey | None) -> bytes:
        told = {
            "generations": list(self.generations),
            "last_sequence": self.last_sequence,
            "damaged": sorted(self.damaged),
            "scrubbed": self.scrubbed,
            "texts": self.texts,
        }
        return sealed.seal(told, key)


def describe(place: Place, key: BackupKey | None) -> str:
    """Make a repository, under its lease → its id."""
    identity = secrets.token_hex(16)
    encryption = None if key is None else {"cipher": CIPHER, "key_check": key.mac(identity.encode())}
    place.write(DESCRIPTION, sealed.seal({"format": FORMAT, "id": identity, "encryption": encryption}))
    return identity


def described(place: Place, key: BackupKey | None) -> str:
    """The id of what is there. Raises NoRepository, RepositoryDamaged, NewerFormat, KeyNeeded, WrongKey."""
    try:
        told = sealed.unseal(place.read(DESCRIPTION))
    except FileNotFoundError:
        raise NoRepository(f"{place.title} holds no backups of Kodo") from None
    except (sealed.NotWhole, DamagedInPlace) as error:
        raise RepositoryDamaged(f"{place.title}: {DESCRIPTION} {error}") from error
    if told["format"] > FORMAT:
        raise NewerFormat(f"{place.title} was written by a later version of Kodo (format {told['format']})")
    encryption = told["encryption"]
    if encryption is None and key is not None:
        raise WrongKey(f"{place.title} is not encrypted, and a key was given")
    if encryption is not None:
        if key is None:
            raise KeyNeeded(f"{place.title} is encrypted: its key is needed")
        if key.mac(str(told["id"]).encode()) != encryption["key_check"]:
            raise WrongKey(f"{place.title} was encrypted with another key")
    return str(told["id"])


class Heads:
    """Reads and writes heads and the catalogue. Writing is for who has the lease."""

    def __init__(self, place: Place, key: BackupKey | None) -> None:
        self._place, self._key = place, key

    def ids(self) -> list[str]:
        """Of all that have a head, whole or not, oldest first."""
        names = (one.name for one in self._place.stored(FOLDER))
        found = (
            name.removeprefix(f"{FOLDER}/").removesuffix(".json") for name in names if name.endswith(".json")
        )
        return sorted((one for one in found if _ID.fullmatch(one)), key=sequence_of)

    def load(self, identity: str) -> Head:
        """Raises NoSuchGeneration, GenerationIncomplete."""
        try:
            told = sealed.unseal(self._place.read(path_of(identity)), self._key)
            facts: dict[str, Any] = {name: told[name] for name in _FACTS}
            generation = Generation(at=datetime.fromisoformat(told["at"]), **facts)
            if generation.id != identity:
                raise GenerationIncomplete(identity, "its head is that of another one")
            return Head(generation, Ref(*told["list"]))
        except FileNotFoundError:
            raise NoSuchGeneration(f"there is no generation {identity}") from None
        except (sealed.NotWhole, DamagedInPlace, KeyError, TypeError, ValueError) as error:
            raise GenerationIncomplete(identity, f"its head {path_of(identity)} is damaged") from error

    def save(self, head: Head) -> None:
        one, ref = head.generation, head.files
        told = {name: getattr(one, name) for name in _FACTS}
        told |= {"at": one.at.isoformat(), "list": [ref.name, ref.plain, ref.stored], "format": FORMAT}
        self._place.write(path_of(one.id), sealed.seal(told, self._key))

    def remove(self, ids: Iterable[str]) -> None:
        self._place.delete([path_of(one) for one in ids])

    def catalogue(self) -> Catalogue | None:
        """None: there is none, or it is damaged."""
        try:
            told = sealed.unseal(self._place.read(CATALOGUE), self._key)
            return Catalogue(
                tuple(told["generations"]),
                int(told["last_sequence"]),
                frozenset(told["damaged"]),
                str(told["scrubbed"]),
                dict(told["texts"]),
            )
        except (FileNotFoundError, sealed.NotWhole, DamagedInPlace, KeyError, TypeError):
            return None

    def save_catalogue(self, catalogue: Catalogue) -> None:
        self._place.write(CATALOGUE, catalogue.pack(self._key))


def path_of(identity: str) -> str:
    """Where a head lies in the repository."""
    return f"{FOLDER}/{identity}.json"


def new_id(sequence: int, at: datetime) -> str:
    return f"{sequence:06d}-{at.astimezone(UTC).strftime(_TIME)}"


def sequence_of(identity: str) -> int:
    return int(identity.partition("-")[0])


def unreadable(identity: str) -> Generation:
    """What can be said of a generation whose head is damaged: its place in the order. It is no success."""
    at = datetime.strptime(identity.partition("-")[2], _TIME).replace(tzinfo=UTC)
    nothing = Generation(identity, sequence_of(identity), at, "", 0, 0, 0, 0, False, "", "")
    return replace(nothing, reason="damaged")
