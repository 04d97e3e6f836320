"""The line of an upload into the library is cut five times: it goes on, and becomes a recording.

`make faults` does it with 2 GB.
"""

from __future__ import annotations

import base64
import fcntl
import json
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from library.process_memory import own_memory
from tests.faults import count
from tests.faults.test_upload_killed import TUS, Browser
from tests.installation import Installation, wait_for
from tests.network.cut_relay import CutRelay
from tests.recorder.film_maker import make_film

BYTES = count(full=2 << 30, small=24 << 20)
CUTS = 5
MOST_AGAIN = 8 << 20  # bytes that a cut may cost: what was on the line and in the sockets
UPLOADS = "/api/v1/library/uploads"

pytestmark = pytest.mark.side_by_side


@contextmanager
def large_film(folder: Path) -> Iterator[memoryview]:
    """A film with a `free` box behind it, which costs no disk and no memory."""
    path = make_film(folder / "film.mp4", 2)
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(size)
        file.write((BYTES - size).to_bytes(4, "big") + b"free")
        file.truncate(BYTES)
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as content:
            yield content


def begin(browser: Browser, size: int) -> str:
    words = {"filename": "film.mp4", "title": "Determinants", "visibility": "public"}
    pairs = [f"{name} {base64.b64encode(word.encode()).decode()}" for name, word in words.items()]
    told = {**TUS, "Upload-Length": str(size), "Upload-Metadata": ",".join(pairs)}
    answer = browser.ask("POST", UPLOADS, told)
    assert answer.status == 201, answer.read()
    return urlsplit(answer.headers["Location"]).path


def look(browser: Browser, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(browser.ask("GET", path, {}).read())
    return found


def file_of(installation: Installation, url: str) -> Path:
    return installation.storage / "uploads" / f"{url.split('/')[-2]}.part"


def is_free(upload: Path) -> bool:
    """Whether nobody writes it: who sends meanwhile is refused, and has sent for nothing."""
    with open(upload, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def sent(browser: Browser, url: str, content: memoryview) -> int | None:
    """From where it stands; None if the line broke."""
    offset = browser.offset(url) or 0
    with content[offset:] as rest:
        return browser.send(url, offset, rest)  # type: ignore[arg-type]


@pytest.mark.timeout(120 + BYTES / (10 << 20))
def test_an_upload_that_is_cut_five_times_becomes_a_recording(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.add_room("uploader")
    browser = Browser(installation, "uploader")
    web = installation.pid("web")
    assert web is not None
    before, most = own_memory(web), 0
    with large_film(tmp_path) as content, CutRelay(installation.port) as relay:
        browser.port = relay.port
        url = begin(browser, BYTES)
        offsets = []
        for _ in range(CUTS):
            wait_for("the last one's lock to be free", lambda: is_free(file_of(installation, url)))
            relay.cut_after(up=BYTES // (CUTS + 1))
            assert sent(browser, url, content) is None
            relay.mend()
            offsets.append(wait_for("an answer", lambda: browser.offset(url)))
            most = max(most, own_memory(web))
        assert offsets == sorted(offsets) and offsets[-1] < BYTES
        wait_for("the last one's lock to be free", lambda: is_free(file_of(installation, url)))
        wait_for("the rest to come", lambda: sent(browser, url, content) == 204, 60 + BYTES / (20 << 20))
        again = relay.bytes_up - BYTES
        most = max(most, own_memory(web))
    browser.port = installation.port
    address = url.removesuffix("/upload")
    ready = wait_for("the recording", lambda: (one := look(browser, address))["state"] == "ready" and one, 60)
    recording = look(browser, f"/api/v1/recordings/{ready['recording']}")
    with capsys.disabled():
        print(
            f"\n{BYTES / 1e6:.0f} MB cut at {[round(one / 1e6) for one in offsets]} MB: {again / 1e6:.1f} MB "
            f"were sent again; web process {before / 1e6:.0f} MB before, at most {most / 1e6:.0f} MB"
        )
    assert again <= CUTS * MOST_AGAIN
    assert most - before < 64 << 20
    assert recording["duration"] == pytest.approx(2, abs=0.1)
    _, variants = installation.get(recording["hls_url"])
    replay = urljoin(recording["hls_url"], variants.decode().splitlines()[-1])
    assert b"#EXT-X-ENDLIST" in installation.get(replay)[1]
    wait_for("the file to go, once it is a recording", lambda: not file_of(installation, url).exists())
