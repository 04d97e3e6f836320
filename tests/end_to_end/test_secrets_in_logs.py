"""Planted secrets go through every route and the command line of a real installation, and stand in no log."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.installation import Installation, wait_for
from tests.people.test_route_walk import ELSEWHERE, SLUGS, steps

pytestmark = pytest.mark.side_by_side

NAMES = ("password", "token", "cookie", "link", "address", "smtp", "bucketid", "bucketsecret", "turn")
# A page tells its own reader its own address, to come back to.
IN_ADDRESSES = ("link", "address")
PLANTED = {name: f"planted{name}Xq7vT2mZ9kLw" for name in NAMES}
ROOM_PASSWORD, USER_PASSWORD = "plantedroomXq7vT2mZ9kLw", "planted user Xq7vT2mZ9kLw"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = Installation(
        tmp_path_factory.mktemp("planted"),
        KODO_LOG_LEVEL="debug",
        KODO_SMTP_URL=f"smtp://kodo:{PLANTED['smtp']}@127.0.0.1:9",
        KODO_MAIL_FROM="kodo@example.org",
        KODO_S3_ACCESS_KEY=PLANTED["bucketid"],
        KODO_S3_SECRET_KEY=PLANTED["bucketsecret"],
        KODO_TURN_URL="turn:127.0.0.1:9",
        KODO_TURN_USERNAME="kodo",
        KODO_TURN_PASSWORD=PLANTED["turn"],
    )
    try:
        one.start()
        yield one
    finally:
        one.stop()


class Caller:
    """Says secrets wherever a client can say something, and keeps what error pages answered."""

    def __init__(self, installation: Installation) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=30)
        self.refusals: list[str] = []

    def call(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        try:
            answer, told = self._answer(method, path, body, headers)
        except (ConnectionError, http.client.HTTPException):
            # An upload that is refused before its end is the connection's last: clients ask on another.
            self.connection.close()
            answer, told = self._answer(method, path, body, headers)
        if answer.status >= 400:
            self.refusals.append(told.decode(errors="replace"))
        return answer.status, told, {name.lower(): value for name, value in answer.getheaders()}

    def _answer(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(method, path, body, {"Connection": "keep-alive", **headers})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def say_everything(self, method: str, path: str) -> None:
        asked = urlencode(dict.fromkeys(("token", "password", "key"), PLANTED["address"]))
        address = f"{path}{'&' if '?' in path else '?'}{asked}"
        document = json.dumps(dict.fromkeys(("password", "token", "stream_key"), PLANTED["password"]))
        form = urlencode({"user_id": "sato", "password": PLANTED["password"]})
        cookies = f"kodo_session={PLANTED['cookie']}; kodo_unlocked_x={PLANTED['cookie']}"
        self.call(method, address, document.encode(), Cookie=cookies, **{"Content-Type": "application/json"})
        self.call(
            method,
            address,
            form.encode(),
            Authorization=f"Bearer {PLANTED['token']}",
            **{"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": PLANTED["token"]},
        )


def real_secrets(installation: Installation, caller: Caller) -> list[str]:
    """Those that the installation itself has made, and that open something."""
    key = installation.new_key(SLUGS["open"])["stream_key"]
    token = json.loads(installation.run("token", "add", "sato", "--json"))["token"]
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    _, told, _ = caller.call("POST", f"/api/v1/rooms/{SLUGS['open']}/publish-token", b"{}", **bearer)
    publish = json.loads(told).get("token", "")
    locked = json.dumps({"access": "password", "password": ROOM_PASSWORD}).encode()
    caller.call("PATCH", f"/api/v1/rooms/{SLUGS['password']}", locked, **bearer)
    _, told, _ = caller.call("GET", f"/api/v1/rooms/{SLUGS['password']}", **bearer)
    access = json.loads(told)["live_base"].removeprefix("/live/")
    assert access.startswith("v1.") and publish
    for path in (f"/live/{access}/nothing/index.m3u8", f"/live/{access}/x/events/snapshot"):
        caller.call("GET", path)
        caller.call("GET", path.replace("v1.", "v1.1"))
    for secret in (key, publish, token):
        for slug in (SLUGS["open"], SLUGS["members"]):
            headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/sdp"}
            caller.call("POST", f"/whip/{slug}", b"v=0", **headers)
    page = caller.call("GET", "/sign-in")
    cookie = page[2]["set-cookie"].partition(";")[0]
    csrf = page[1].decode().split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    form = urlencode({"csrf_token": csrf, "user_id": "sato", "password": USER_PASSWORD}).encode()
    signed = caller.call("POST", "/sign-in", form, Cookie=cookie, **{"Content-Type": _FORM})
    assert signed[0] == 303
    session = signed[2]["set-cookie"].partition(";")[0].partition("=")[2]
    caller.call("GET", "/rooms", Cookie=f"kodo_session={session}")
    unlock = json.dumps({"password": ROOM_PASSWORD}).encode()
    caller.call("POST", f"/api/v1/rooms/{SLUGS['password']}/unlock", unlock, **bearer)
    return [key, token, publish, access, session, csrf]


_FORM = "application/x-www-form-urlencoded"


def logs_of(installation: Installation) -> dict[str, str]:
    """Everything that is written down: files, standard error, what jobs have said."""
    files = sorted((installation.storage / "logs").iterdir())
    told = {path.name: path.read_text(errors="replace") for path in files}
    with closing(sqlite3.connect(installation.storage / "kodo.db")) as database:
        jobs = database.execute("SELECT message, error, log FROM jobs").fetchall()
    return {**told, "standard error": installation.log(), "jobs": str(jobs)}


def test_no_secret_stands_in_any_log_or_error_page(installation: Installation) -> None:
    installation.run("user", "add", "sato", "--role", "admin", "--password-stdin", stdin=USER_PASSWORD + "\n")
    for slug in SLUGS.values():
        installation.run("room", "add", slug, "--owner", "sato")
    caller = Caller(installation)
    secrets = real_secrets(installation, caller)
    walked = {**ELSEWHERE, **steps("open", "x")}
    for step in walked.values():
        caller.say_everything(step.method, step.path)
    for kind in ("setup", "reset", "invitation"):
        caller.say_everything("GET", f"/{kind}/{PLANTED['link']}")
    access = wait_for("the last request's line", lambda: _line_of(installation, "/invitation/"))
    assert '"address": "127.0.0.1"' in access
    refusals = "\n".join(caller.refusals)
    for secret in (*PLANTED.values(), ROOM_PASSWORD, USER_PASSWORD, *secrets):
        for form in {secret, quote(secret, safe="")}:
            for name, told in logs_of(installation).items():
                assert form not in told, f"{secret} in {name}: {_around(told, form)}"
            if secret not in [PLANTED[name] for name in IN_ADDRESSES]:
                assert form not in refusals, _around(refusals, form)
    assert set(logs_of(installation)) >= {
        "web.log",
        "access.log",
        "recorder.log",
        "supervisor.log",
    }
    lines = (installation.storage / "logs" / "access.log").read_text().splitlines()
    assert len(lines) > len(walked)
    assert all(json.loads(line)["logger"] == "kodo.access" for line in lines)


def _line_of(installation: Installation, words: str) -> str:
    path: Path = installation.storage / "logs" / "access.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line for line in lines if words in line), "")


def _around(text: str, words: str) -> str:
    at = text.index(words)
    return text[max(0, at - 300) : at + 100]
