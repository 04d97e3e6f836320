"""A lecture of three hours: how soon its replay starts, how big its playlists are, what mending and MP4 cost.

Shows 7 of the first issue, on made logs (`long_log.py`). A log of five takes is put into an installation as a
recorder that was stopped leaves it; the recorder takes it up, and the lecture is ended by the command line.
"""

from __future__ import annotations

import datetime as dt
import gzip
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

from bench.long_log import LongLog, Room, end_log, make_log
from bench.measure import MachineTime, percentile, resident_megabytes
from bench.mp4_export import SAMPLE_SECONDS, time_export
from library.database import open_database
from people import models
from recorder.recovery import recover_session
from settings import Settings
from tests.installation import Installation, wait_for
from tests.recorder.media_maker import Media, make_media, make_settings

TAKES = 5
SHORT_SECONDS = 600.0


def run(folder: Path, *, hours: float = 3.0, kilobits: int = 2000) -> dict[str, object]:
    """`kilobits`: of the logs that are mended and become an MP4; a playlist does not mind."""
    machine = MachineTime.now()
    report: dict[str, object] = {"hours": hours}
    report.update(_recovery(folder / "recovery", hours, kilobits))
    long = _lecture(folder / "long", hours * 3600, TAKES)
    short = _lecture(folder / "short", SHORT_SECONDS, 1)
    report.update(long)
    report["web_megabytes_of_10_minutes"] = short["web_megabytes"]
    report["web_megabytes_more"] = round(_number(long["web_megabytes"]) - _number(short["web_megabytes"]), 1)
    report.update(_mp4(folder / "mp4", hours, kilobits))
    report["machine_busy"] = round(MachineTime.now().busy_since(machine), 3)
    return report


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value


def _recovery(folder: Path, hours: float, kilobits: int) -> dict[str, object]:
    """Mend a log of real size whose indexes are all gone."""
    settings = make_settings(folder)
    log = make_log(settings, seconds=hours * 3600, takes=TAKES, media=_real_media(kilobits))
    indexes = list((settings.sessions_folder / log.session_id).glob("take-*/program.index"))
    times = []
    for _ in range(3):
        for index in indexes:
            index.unlink()
        began = time.monotonic()
        found = recover_session(settings.session_roots, log.session_id)
        times.append(time.monotonic() - began)
        assert found.bytes_written == log.bytes
    shutil.rmtree(folder)
    return {
        "recovery_seconds": round(percentile(times, 0.5), 2),
        "recovery_runs": [round(seconds, 2) for seconds in times],
        "recovery_parts": log.parts,
        "recovery_megabytes": round(log.bytes / 1e6),
    }


def _lecture(folder: Path, seconds: float, takes: int) -> dict[str, object]:
    """Resume a made lecture, watch it as players do, end it, watch the replay."""
    folder.mkdir()
    app = Installation(folder)
    app.start()
    app.add_lecturer()
    app.add_room("hall")
    app.stop()
    log = _put(app, seconds, takes)
    app.start(60)
    try:
        live = app.wait_for_state("hall", "slate", 20)
        media = live["live_url"].replace("index.m3u8", "source/media.m3u8")
        status, first = _get(media)
        delta = _get(f"{media}?_HLS_skip=YES")[1]
        assert status == 200
        replay = _end(app, media)
        _rewind(first, media)
        web = app.pid("web")
        assert web is not None
        return {
            "parts": log.parts,
            "playlist_gzip_bytes": len(first),
            "playlist_bytes": len(gzip.decompress(first)),
            "delta_gzip_bytes": len(delta),
            **replay,
            "web_megabytes": round(resident_megabytes(web), 1),
        }
    finally:
        app.stop()


def _put(app: Installation, seconds: float, takes: int) -> LongLog:
    settings = Settings.from_environment(app.environment)
    database = open_database(settings.database_url)
    try:
        with database.reading() as transaction:
            room = transaction.query(models.Room).filter_by(slug="hall").one()
            place = Room(room.id, room.slug, room.organization_id)
    finally:
        database.close()
    return make_log(settings, seconds=seconds, takes=takes, room=place)


def _get(url: str) -> tuple[int, bytes]:
    """As the wire has it: gzip stays gzip."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read()


def _end(app: Installation, media: str) -> dict[str, object]:
    """*End*, and meanwhile a player that asks for the replay: both playlists and the first segment."""
    index = media.replace("source/media.m3u8", "replay-1.m3u8")
    ending = threading.Thread(target=app.end, args=("hall",))
    ending.start()
    text = wait_for("the replay", lambda: _found(index), 20, every=0.01)
    playlist = urljoin(index, _first_uri(text))
    packed = _get(playlist)[1]
    segment = urljoin(playlist, _first_uri(gzip.decompress(packed)))
    assert _get(segment)[0] == 200
    done = time.time()
    ending.join()
    session = app.wait_for_state("hall", "ended")
    ended = dt.datetime.fromisoformat(session["ended_at"]).timestamp()
    return {"replay_starts_seconds": round(done - ended, 3), "replay_gzip_bytes": len(packed)}


def _found(url: str) -> bytes | None:
    try:
        packed = _get(url)[1]
    except urllib.error.HTTPError:
        return None
    return gzip.decompress(packed)


def _first_uri(playlist: bytes) -> str:
    return next(line for line in playlist.decode().splitlines() if line and not line.startswith("#"))


def _rewind(packed: bytes, media: str) -> None:
    """Fetch segments from all over the lecture, as viewers who seek do."""
    uris = [
        line for line in gzip.decompress(packed).decode().splitlines() if line and not line.startswith("#")
    ]
    for uri in uris[:: max(1, len(uris) // 50)]:
        _get(urljoin(media, uri))


def _real_media(kilobits: int) -> Media:
    """Four seconds of 720p30; the ultrafast encoder uses about half of what it may."""
    return make_media(4.0, width=1280, height=720, kilobits=kilobits * 2)


def _mp4(folder: Path, hours: float, kilobits: int) -> dict[str, object]:
    """One take of hours at a real bit rate: `cp` of the log and the remux in turn."""
    settings = make_settings(folder)
    log = make_log(settings, seconds=hours * 3600, takes=1, media=_real_media(kilobits))
    end_log(settings, log.session_id)
    take = settings.sessions_folder / log.session_id / "take-0001" / "program.mp4"
    copies, remuxes, check = [], [], 0.0
    for sample_seconds in (1.0, 1.0, SAMPLE_SECONDS):
        copies.append(_copy_seconds(take, folder / "copy.mp4"))
        timing = time_export(settings.sessions_folder, log.session_id, folder / "lecture.mp4", sample_seconds)
        remuxes.append(timing.remux_seconds)
        check = timing.check_seconds
    shutil.rmtree(folder)
    ratios = [remux / copy for remux, copy in zip(remuxes, copies, strict=True)]
    return {
        "mp4_log_megabytes": round(log.bytes / 1e6),
        "cp_seconds": [round(seconds, 2) for seconds in copies],
        "remux_seconds": [round(seconds, 2) for seconds in remuxes],
        "remux_by_cp_of_rounds": [round(ratio, 2) for ratio in ratios],
        "remux_by_cp": round(percentile(ratios, 0.5), 2),
        "decode_check_seconds_estimated": round(check),
    }


def _copy_seconds(source: Path, copy: Path) -> float:
    began = time.monotonic()
    subprocess.run(["cp", source, copy], check=True)
    seconds = time.monotonic() - began
    copy.unlink()
    return seconds
