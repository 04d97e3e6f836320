"""Log files: whole lines of several processes, so many generations, no loss by a crash or a full disk."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from operation import log_commands, log_redaction, logging_setup
from operation.log_files import RotatedFile, generations_of
from operation.log_redaction import HIDDEN, redacted


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "web.log"


def lines(log: Path, generations: int = 10) -> list[str]:
    return [line for one in generations_of(log, generations) for line in one.read_text().splitlines()]


def test_a_full_file_becomes_the_generation_before_and_the_oldest_goes(log: Path) -> None:
    file = RotatedFile(log, 100, 3)
    for number in range(100):
        assert file.write(f"line {number:05}\n".encode())
    file.close()
    file.close()
    assert [one.name for one in generations_of(log, 3)] == ["web.log.2", "web.log.1", "web.log"]
    assert sorted(path.name for path in log.parent.iterdir()) == [
        "web.log",
        "web.log.1",
        "web.log.2",
        "web.log.lock",
    ]
    kept = lines(log, 3)
    assert kept == [f"line {number:05}" for number in range(100 - len(kept), 100)]
    assert all(one.stat().st_size <= 100 for one in generations_of(log, 3))


def _write_many(path: Path, name: str, count: int) -> None:
    file = RotatedFile(path, 2_000, 100)
    for number in range(count):
        file.write(f"{name} {number} {'x' * 50}\n".encode())


def test_processes_write_into_one_file_and_turn_it_over_together(log: Path) -> None:
    names = ["a", "b", "c", "d"]
    fork = multiprocessing.get_context("fork")
    started = [fork.Process(target=_write_many, args=(log, name, 400)) for name in names]
    for one in started:
        one.start()
    for one in started:
        one.join(100)
        assert one.exitcode == 0
    found = lines(log, 100)
    assert len(found) == 1600
    for name in names:
        numbers = [int(line.split()[1]) for line in found if line.startswith(name)]
        assert sorted(numbers) == list(range(400))


@pytest.mark.parametrize("renamed", range(3))
def test_killed_in_the_middle_of_turning_over_nothing_is_lost(
    log: Path, renamed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RotatedFile(log, 60, 4)
    for number in range(11):
        file.write(f"line {number:05}\n".encode())
    before = lines(log, 4)
    steps = 0
    replace = os.replace

    def die_after(*arguments: Path) -> None:
        nonlocal steps
        if steps == renamed:
            raise SystemExit
        steps += 1
        replace(*arguments)

    monkeypatch.setattr("operation.log_files.os.replace", die_after)
    with pytest.raises(SystemExit):
        for number in range(11, 20):
            file.write(f"line {number:05}\n".encode())
    monkeypatch.undo()
    after = RotatedFile(log, 60, 4)
    assert after.write(b"the next process\n")
    found = lines(log, 4)
    assert found[-1] == "the next process"
    assert set(found) >= set(before[5:]), "only the oldest generation may have gone"


def test_a_full_disk_stops_nothing_and_a_torn_line_ends_before_the_next(log: Path) -> None:
    file = RotatedFile(log, 10_000, 3)
    assert file.write(b"whole\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        assert not file.write(b"torn here\n")
        assert not file.write(b"no room\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert file.write(b"room again\n")
    assert log.read_bytes() == b"whole\ntorn\nroom again\n"


def test_a_folder_that_was_taken_away_is_made_again(log: Path) -> None:
    file = RotatedFile(log, 1_000, 3)
    file.write(b"one\n")
    log.unlink()
    log.parent.rename(log.parent.with_name("elsewhere"))
    assert file.write(b"two\n")
    assert log.read_text() == "two\n"


def test_files_are_json_and_security_and_access_stand_apart(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = logging.getLogger().handlers[:]
    logging_setup.configure("web-2", "INFO", logging_setup.LogFolder(tmp_path, 100_000))
    try:
        logging.getLogger("broadcast.front").warning("went\nwrong", extra={"room": "algebra", "n": 3})
        logging.getLogger("kodo.security").info("sign_in.refused", extra={"address": "192.0.2.7"})
        logging.getLogger("kodo.access").info("GET /live/v1.abcdef.1.2.abcdefabcdef/x", extra={"status": 403})
        try:
            raise ValueError("password=hunter2222")
        except ValueError:
            logging.getLogger("x").exception("broken")
    finally:
        logging_setup.close()
        logging.getLogger().handlers[:] = before
    told = {p.stem: [json.loads(line) for line in p.read_text().splitlines()] for p in tmp_path.glob("*.log")}
    assert set(told) == {"web", "security", "access"}
    first, broken = told["web"]
    assert (first["process"], first["level"], first["message"]) == ("web-2", "WARNING", "went\nwrong")
    assert first["fields"] == {"room": "algebra", "n": 3}
    assert first["pid"] == os.getpid() and first["time"].endswith("Z")
    assert f"password={HIDDEN}" in broken["trace"] and "hunter" not in broken["trace"]
    assert told["security"][0]["fields"] == {"address": "192.0.2.7"}
    assert told["access"][0]["message"] == f"GET /live/{HIDDEN}/x"
    printed = capfd.readouterr().err
    assert "sign_in.refused" in printed and "GET /live" not in printed and "hunter" not in printed


def test_a_log_is_shown_by_level_and_words_over_its_generations(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "web.log", 400, 10)
    for number in range(12):
        level = "ERROR" if number % 4 == 0 else "INFO"
        told = {"time": "t", "level": level, "process": "web", "logger": "x", "message": f"line {number}"}
        file.write(json.dumps({**told, "fields": {"room": "Algebra"}, "trace": "a\nb"}).encode() + b"\n")
    file.write(b"torn {\n")
    shown: list[str] = []
    log_commands.show(tmp_path, "web", level="error", words="algebra", say=shown.append)
    assert [line.splitlines()[0] for line in shown] == [
        f"t ERROR web x: line {number} room=Algebra" for number in (0, 4, 8)
    ]
    assert shown[0].splitlines()[1:] == ["  | a", "  | b"]
    shown.clear()
    log_commands.show(tmp_path, "web", lines=2, say=shown.append)
    assert [line.splitlines()[0] for line in shown] == ["t INFO web x: line 11 room=Algebra", "torn {"]
    assert log_commands.names(tmp_path) == ["web"]


SECRETS = [
    "GET /rooms/physics/enter/abcdefghijklmnop 303",
    "GET /setup/abcdefghijklmnop?x=1",
    "/rooms/x?key=abcdefghijklmnop&a=b",
    "Authorization: Bearer abcdefghijklmnop",
    "Cookie: kodo_session=abcdefghijklmnop; other=1",
    "postgresql://kodo:abcdefghijklmnop@db/kodo",
    "smtps://kodo%40x:abcdefghijklmnop@mail.example:465",
    '{"password": "abcdefghijklmnop", "x": 1}',
    "stream_key='abcdefghijklmnop'",
    "a key kodo_abcdefghijklmnopabcdefghijklmnopabcdefghijk was",
    "a token kodoapi_abcdefghijklmnopabcdefghijklmnopabcdefghijk was",
    "/live/v1.0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee.1.1764150000.abcdefghijklmnopabcdefghijklmnop/s/index.m3u8",
    "token WyJhYmNkZWZnaGlqa2xtbm9wIiwiYiJd.abcdefghijklmnop.abcdefghijklmnopabcdefghijk sent",
    "https://s3.example/b/k?X-Amz-Credential=abcdefghijklmnop&X-Amz-Signature=abcdefghijklmnop",
    "https://x/?X-Amz-Security-Token=abcdefghijklmnop",
]


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "x-amz-", "kodo_unlock-", "aaaaaaaaaaaaaaaaa.bbbbbbb.", "/live/", "://a:", "0123-", "v1.1.1"],
)
@pytest.mark.serial
def test_whatever_is_asked_for_takes_no_time(piece: str) -> None:
    began = time.process_time()
    redacted(piece * (64_000 // len(piece)))
    assert time.process_time() - began < 2  # some hundredths; by rules that begin anew everywhere, minutes


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_taken_out_by_their_shape(line: str) -> None:
    assert "abcdefghijklmnop" not in redacted(line)
    assert HIDDEN in redacted(line)
    assert redacted(redacted(line)) == redacted(line)


def test_a_rooms_link_is_taken_out_wherever_it_stands() -> None:
    line = "for 0198f0a2-abcd-7ccc-8ddd-eeeeeeeeeeee.8e24822e21b18e24822e21b1abcdef12 nobody"
    assert redacted(line) == f"for {HIDDEN} nobody"


@pytest.mark.parametrize(
    "line",
    [
        "job 0199-1 (mp4 0199-2) attempt 1 started",
        "GET /live/open/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee/index.m3u8",
        "GET /rooms/algebra?t=90&session=0199aaaa",
        "recorder.server: take began session=01a2 title='two words'",
        "the recorder was not told that stream key 0199aaaa is revoked",
        "https://kodo.example:8443/watch/0199aaaa/download",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redacted(line) == line


def test_secrets_that_are_set_go_also_where_they_stand_in_an_address() -> None:
    log_redaction.hide(["s3cr3t/with space", "s3cr3t", None, "short"])
    try:
        assert redacted("a s3cr3t/with space b s3cr3t%2Fwith%20space c") == f"a {HIDDEN} b {HIDDEN} c"
        assert redacted("short") == "short"
    finally:
        log_redaction.hide([])
