"""Calls of the API made up by schemathesis from its own OpenAPI description, by each kind of person.

Over a whole application with a real recorder, rooms and recordings of all accesses (those of the route walk).
Half of the calls name what is there, half make up ids too; some fit the description, some just do not.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import SkipTest

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from broadcast.rate_limits import limiter
from people.api_tokens import add_api_token
from people.models import User
from tests.broadcast.web_stage import RecorderProcess
from tests.people.test_route_walk import SLUGS, House, build

SPEC = "/api/v1/openapi.json"
EACH = 6
PERSONS = ("nobody", "viewer", "owner", "admin", "operator")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PROBLEM = "application/problem+json"


@dataclass
class Findings:
    """`problems`: what was wrong, each once, with the call that showed it."""

    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)


@contextmanager
def fuzzed_house(folder: Path) -> Iterator[House]:
    """The application of the route walk beside a recorder; neither limits nor page tokens are in the way."""
    recorder = RecorderProcess(folder)
    house = build(folder)
    recorder.start()
    house.stage.app.config["WTF_CSRF_ENABLED"] = False
    limiter.enabled = False
    try:
        yield house
    finally:
        limiter.enabled = True
        house.stage.close()
        recorder.stop()


def fuzz(house: House, calls: int, *, number: int = 0, seconds: float = 3600.0) -> Findings:
    """About `calls` calls, spread over operations, persons and ways of making them up; `number`: the seed.

    Few calls try some of the operations, each at least EACH times; when `seconds` are over it is enough.
    """
    over = time.monotonic() + seconds
    schema = schemathesis.openapi.from_wsgi(SPEC, house.stage.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    ways = [
        (one, mode, named)
        for one in operations
        for mode in GenerationMode
        for named in (False, True)
        # There is nothing that no path may be.
        if mode is GenerationMode.POSITIVE or len(one.query) or len(one.body)
    ]
    random.Random(number).shuffle(ways)
    each = max(EACH, -(-calls // len(ways)))
    findings, tokens, real = Findings(), tokens_of(house), real_names(house)
    for place, (operation, mode, named) in enumerate(ways):
        if findings.calls >= calls or time.monotonic() > over:
            break
        known = {parameter.name for parameter in operation.path_parameters}
        fixed = {name: value for name, value in real.items() if named and name in known}
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=fixed or None)
        _run(strategy, tokens, findings, each, number * 1000 + place)
    return findings


def _run(strategy: Any, tokens: dict[str, str], findings: Findings, examples: int, start: int) -> None:
    persons = itertools.cycle(PERSONS[start % len(PERSONS) :] + PERSONS[: start % len(PERSONS)])

    @seed(start)
    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(case: schemathesis.Case) -> None:
        _call(case, tokens.get(next(persons)), findings)

    with contextlib.suppress(Unsatisfiable, SkipTest):  # what has no parameters cannot be given wrong ones
        one()


def _call(case: schemathesis.Case, token: str | None, findings: Findings) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    response = case.call(headers=headers)
    findings.calls += 1
    findings.statuses[response.status_code] += 1
    called = f"{case.method} {case.operation.path}"
    for words in _wrong(case, response):
        name = f"{called}: {words.splitlines()[0]} ({response.status_code})"
        findings.problems.setdefault(name, f"{case.as_curl_command()}\n{words}\n{response.text[:500]}")


def _wrong(case: schemathesis.Case, response: Any) -> Iterator[str]:
    try:
        case.validate_response(response, checks=CHECKS)
    except (AssertionError, BaseExceptionGroup) as error:
        for each in getattr(error, "exceptions", [error]):
            yield str(each)
    if response.status_code >= 400 and case.method != "HEAD":
        kind = str(response.headers.get("content-type"))
        if PROBLEM not in kind:
            yield f"an error as {kind}"
        elif response.json().get("status") != response.status_code:
            yield "a problem that tells another status"


def tokens_of(house: House) -> dict[str, str]:
    with house.stage.database.session() as transaction:
        return {
            name: add_api_token(transaction, transaction.get_one(User, house.users[name].id), "fuzz")[1]
            for name in PERSONS
            if name != "nobody"
        }


def real_names(house: House) -> dict[str, str]:
    """What is there, by the names of the path's parameters."""
    session = house.sessions["members"]
    return {
        "slug": SLUGS["members"],
        "session_id": session,
        "recording_id": session,
        "extension": "vtt",
    }
