"""What the page of jobs and its API tell: jobs as values of JSON, of the asker's organization or all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from broadcast.event_log import iso_utc
from broadcast.job_reasons import reason_of
from broadcast.list_cursor import Cursor
from broadcast.recording_place import places_of
from library import job_list
from library.job_list import Listed
from people.models import Role, User


def reach(person: User) -> str | None:
    """The organization whose jobs they look after; None: all of the installation."""
    return None if person.role == Role.OPERATOR else person.organization_id


def board(
    transaction: Session,
    organization_id: str | None,
    before: Cursor | None,
    now: datetime,
    address: Callable[[str], str],
) -> dict[str, Any]:
    """Behind `before` it is only what has ended. `address` makes a path what readers get."""
    place = (before.started_at, before.session_id) if before is not None else None
    ended, more = job_list.ended(transaction, organization_id, place)
    lists: dict[str, tuple[Listed, ...]] = {"running": (), "waiting": (), "failed": (), "ended": ended}
    if before is None:
        for name, look in (
            ("running", job_list.running),
            ("waiting", job_list.waiting),
            ("failed", job_list.failed),
        ):
            lists[name] = look(transaction, organization_id)
    places = _places(transaction, [one for found in lists.values() for one in found])
    return {
        **{name: [told(one, now, address, places) for one in found] for name, found in lists.items()},
        "counts": job_list.counts(transaction, organization_id) if before is None else None,
        "more": str(Cursor(*more)) if more is not None else None,
    }


def alone(transaction: Session, one: Listed, now: datetime, address: Callable[[str], str]) -> dict[str, Any]:
    """One job by itself, with its log."""
    return told(one, now, address, _places(transaction, [one]), log=True)


def told(
    one: Listed,
    now: datetime,
    address: Callable[[str], str],
    places: Mapping[str, str],
    *,
    log: bool = False,
) -> dict[str, Any]:
    """One job. `places`: where recordings lie. Lists have no `log`, only whether there is one: it is as large
    as all the rest.
    """
    values = job_list.told(one.job, now)
    values |= {"log": values["log"] if log else None, "has_log": bool(values["log"])}
    url = address(f"/watch/{one.session_id}") if one.session_id is not None else None
    times = {key: iso_utc(value) for key, value in values.items() if isinstance(value, datetime)}
    place = places.get(one.session_id) if one.session_id is not None else None
    return {**values, **times, "title": one.title, "url": url, "place": place, "reason": reason_of(one.job)}


def _places(transaction: Session, listed: Iterable[Listed]) -> Mapping[str, str]:
    return places_of(transaction, {one.session_id for one in listed if one.session_id is not None})
