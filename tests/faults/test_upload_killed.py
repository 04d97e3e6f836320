"""The web process is killed in the middle of an upload: what came is kept, and it goes on from there."""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.installation import Installation, wait_for
from tests.recorder.film_maker import make_film

TUS = {"Tus-Resumable": "1.0.0"}
PADDING = 12 << 20
PIECE = 64 << 10

pytestmark = pytest.mark.side_by_side


class Browser:
    """Signed in as the lecturer; sends what the studio's page sends."""

    def __init__(self, installation: Installation, slug: str) -> None:
        self.installation, self.slug, self.port = installation, slug, installation.port
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        form = {"user_id": "sato", "password": "correct horse battery", "csrf_token": self._token()}
        data = urllib.parse.urlencode(form).encode()
        self._opener.open(installation.url + "/sign-in", data, timeout=30).close()
        self.token = self._token()

    def _token(self) -> str:
        page = self._opener.open(self.installation.url + "/sign-in", timeout=30).read().decode()
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found
        return found[1]

    def ask(self, method: str, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Also of errors and broken lines: the connection is the caller's to close. Raises OSError."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        connection.request(method, path, headers=self.headers(headers))
        return connection.getresponse()

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)
        return {"Cookie": cookies, "X-CSRFToken": self.token, **more}

    def begin(self, size: int) -> str:
        name = base64.b64encode(b"film.mp4").decode()
        told = {**TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
        answer = self.ask("POST", f"/api/v1/rooms/{self.slug}/media", told)
        assert answer.status == 201, answer.read()
        return urlsplit(answer.headers["Location"]).path

    def offset(self, url: str) -> int | None:
        """None while nobody answers."""
        try:
            answer = self.ask("HEAD", url, TUS)
        except (OSError, http.client.HTTPException):
            return None
        return int(answer.headers["Upload-Offset"]) if answer.status == 200 else None

    def send(self, url: str, offset: int, body: bytes, kill_after: int | None = None) -> int | None:
        """PATCH piece by piece; the status, None if the line broke. `kill_after`: bytes before web's end."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        told = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        try:
            connection.putrequest("PATCH", url)
            for name, value in self.headers({**told, "Content-Length": str(len(body))}).items():
                connection.putheader(name, value)
            connection.endheaders()
            for at in range(0, len(body), PIECE):
                if kill_after is not None and at >= kill_after > at - PIECE:
                    wait_for("what was sent to arrive", lambda: self._stored(url) > PADDING // 4)
                    self.installation.kill("web")
                connection.send(body[at : at + PIECE])
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _stored(self, url: str) -> int:
        return (self.installation.storage / "uploads" / f"{url.split('/')[-2]}.part").stat().st_size

    def film(self) -> dict[str, Any]:
        answer = self.ask("GET", f"/api/v1/rooms/{self.slug}/media", {})
        (film,) = json.loads(answer.read())["media"]
        found: dict[str, Any] = film
        return found


@pytest.mark.timeout(180)
@pytest.mark.full
def test_an_upload_goes_on_after_the_web_process_was_killed(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.add_room("uploads")
    browser = Browser(installation, "uploads")
    film = make_film(tmp_path / "film.mp4", 1).read_bytes()
    content = film + (PADDING + 8).to_bytes(4, "big") + b"free" + bytes(PADDING)
    url = browser.begin(len(content))
    killed_at = PADDING // 2
    assert browser.send(url, 0, content, kill_after=killed_at) is None
    offset = wait_for("a web process", lambda: browser.offset(url))
    assert killed_at // 2 < offset < len(content)
    with capsys.disabled():
        print(f"\nkilled at {killed_at / 1e6:.1f} MB sent, goes on from {offset / 1e6:.1f} MB")
    status = wait_for("the lock to be free", lambda: _sent(browser, url, offset, content))
    assert status == 204
    ready = wait_for("the film", lambda: (found := browser.film())["state"] == "ready" and found, 60)
    assert ready["seconds"] == pytest.approx(1, abs=0.1) and ready["title"] == "film"


def _sent(browser: Browser, url: str, offset: int, content: bytes) -> int | None:
    status = browser.send(url, offset, content[offset:])
    return status if status == 204 else None
