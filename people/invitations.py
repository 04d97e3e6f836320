"""Who may watch a room that is for invited people: its list of user IDs and mail addresses.

Within the caller's transaction, in web threads and the command line. A name on the list need not have an
account yet; a mail address stands for every account of the room's organization that has it by somebody else's
word (an admin's, an import's): what admins of other organizations write into their accounts, nobody has
checked. A user ID stands for an account of any organization, but elsewhere only for one that was there when
it was invited: else their admins could make it. Whoever changes the list raises the room's `access_epoch`
where somebody goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, false, func, select
from sqlalchemy.orm import Session

from people.accounts import UnfitUserId, fold_user_id
from people.models import Room, RoomInvitation, User

MAX_INVITED = 2_000
LENGTH = 254
# A name is looked for where one can begin, never from its middle: the time grows with the length alone.
_NAMED_ADDRESS = re.compile(r"(?<![^,;\n>])[^<>,;\n]*+<([^<>\s]+)>")


class TooManyInvited(ValueError):
    """A room's list would get longer than it may be."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """`names`: fit ones, each once, in the order they came; `unfit`: the others, as they were written."""

    names: tuple[str, ...]
    unfit: tuple[str, ...]


def read_names(text: str) -> Pasted:
    """What was pasted: user IDs and mail addresses between spaces, commas, semicolons or line ends.

    `Name <address>`, as mail programs copy it, counts as the address.
    """
    plain = re.sub(r'"[^"\n]*"', " ", text)
    plain = _NAMED_ADDRESS.sub(lambda match: f" {match[1]}", plain)
    names: dict[str, None] = {}
    unfit: list[str] = []
    for word in re.split(r"[\s,;、，；]+", plain):
        if not word:
            continue
        try:
            names[fold_name(word)] = None
        except UnfitUserId:
            unfit.append(word[:100])
    return Pasted(tuple(names), tuple(unfit))


def fold_name(word: str) -> str:
    """A user ID or mail address in the form in which they are compared. Raises UnfitUserId."""
    if "@" not in word:
        return fold_user_id(word)
    name = word.strip().casefold()
    if len(name) > LENGTH or not re.fullmatch(r"[^@\s]+@[^@\s]+", name) or not name.isprintable():
        raise UnfitUserId("is no mail address")
    return name


def invited_to(transaction: Session, room_id: str) -> Sequence[str]:
    """The room's list, in alphabetical order."""
    query = select(RoomInvitation.value).where(RoomInvitation.room_id == room_id)
    return transaction.scalars(query.order_by(RoomInvitation.value)).all()


def invite(transaction: Session, room: Room, names: Iterable[str]) -> int:
    """Add folded names → how many are new. Raises TooManyInvited."""
    known = set(invited_to(transaction, room.id))
    new = [name for name in dict.fromkeys(names) if name not in known]
    if len(known) + len(new) > MAX_INVITED:
        raise TooManyInvited(f"a room's list has at most {MAX_INVITED} names")
    transaction.add_all(RoomInvitation(room_id=room.id, value=name) for name in new)
    transaction.flush()
    return len(new)


def uninvite(transaction: Session, room: Room, names: Iterable[str]) -> int:
    """Take folded names from the list → how many were on it; then every media address of before is void."""
    gone = 0
    listed = list(names)
    for first in range(0, len(listed), 500):
        here = RoomInvitation.room_id == room.id
        found = RoomInvitation.value.in_(listed[first : first + 500])
        count = transaction.scalar(select(func.count()).select_from(RoomInvitation).where(here, found)) or 0
        transaction.execute(delete(RoomInvitation).where(here, found))
        gone += count
    if gone:
        room.access_epoch += 1
    return gone


def is_invited(transaction: Session, room: Room, person: User) -> bool:
    named = names(person, at_home=person.organization_id == room.organization_id)
    query = select(RoomInvitation.value).where(RoomInvitation.room_id == room.id, named)
    return transaction.scalar(query.limit(1)) is not None


def names(person: User, *, at_home: bool) -> ColumnElement[bool]:
    """A condition on `RoomInvitation`: what names this account, in rooms of its own organization (`at_home`)
    or of others. A mail address that its owner typed, and that nobody has checked, does not.
    """
    if at_home:
        email = None if person.email_unchecked else person.email
        return RoomInvitation.value.in_([name for name in (person.user_id, email) if name])
    if "@" in person.user_id:
        return false()
    known_then = RoomInvitation.created_at >= person.created_at
    return and_(RoomInvitation.value == person.user_id, known_then)
