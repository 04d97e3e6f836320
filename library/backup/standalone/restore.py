#!/usr/bin/env python3
"""Lists, checks and restores the backups of Kodo beside which this file lies. Needs Python 3.9 or newer
alone.

    python3 restore.py list
    python3 restore.py verify [GENERATION]
    python3 restore.py restore GENERATION --to EMPTY_FOLDER [--only PREFIX …] [--leave-out-damaged]

GENERATION: an id of the list, its number, or `latest`. An encrypted backup also needs `--key FILE`, and the
library `cryptography` (`python3 -m pip install cryptography`). `--in FOLDER`: where the backups are, if not
here. What is restored is checked on the way: nothing that is damaged is written. README.md tells the format.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

FORMAT = 1
BLOCK = 1 << 20
FRAME = BLOCK + 16  # encrypted
DATABASE, ROWS = "kodo.db", "kodo-database"
NEWEST = {"erasures.jsonl"}
UNDER_WAY = ".kodo-restoring"


class Problem(Exception):
    """Said on standard error; the exit code is 1."""


class Damaged(Problem):
    """An object is damaged or missing."""


class Key:
    """Of an encrypted backup: names, heads and content have keys of their own, made by HKDF-SHA256."""

    def __init__(self, path: Path) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise Problem("this backup is encrypted: python3 -m pip install cryptography") from None
        self.cipher = AESGCM
        match = re.fullmatch(rb"kodo-backup-key-1 ([A-Za-z0-9+/]{43}=)\s*", path.read_bytes()[:1000])
        if match is None:
            raise Problem(f"{path} is no key of Kodo's backups")
        self._secret = base64.b64decode(match[1])
        self.names, self.heads = self.derived(b"names"), self.derived(b"heads")

    def derived(self, purpose: bytes, salt: bytes = bytes(32)) -> bytes:
        """RFC 5869, 32 bytes."""
        extracted = hmac.digest(salt, self._secret, "sha256")
        return hmac.digest(extracted, b"kodo-backup-1 " + purpose + b"\1", "sha256")


class Backups:
    """What lies in a folder."""

    def __init__(self, folder: Path, key_file: Path | None) -> None:
        self.folder, self.described = folder, True
        self.key: Key | None = None
        try:
            told = unsealed(folder / "repository.json", None)
        except Problem as problem:
            self._go_on_without(key_file, problem)
            return
        _check_format(told)
        if told["encryption"] is not None:
            if key_file is None:
                raise Problem("this backup is encrypted: --key FILE")
            self.key = Key(key_file)
            if not hmac.compare_digest(mac(self.key, told["id"].encode()), told["encryption"]["key_check"]):
                raise Problem(f"{key_file} is not the key of this backup")

    def _go_on_without(self, key_file: Path | None, problem: Problem) -> None:
        """What it would say a head says, too: whether this key, or none, is the right one."""
        self.described = False
        if key_file is not None:
            self.key = Key(key_file)
        for identity in reversed(self.ids()):
            try:
                head = self.named(identity)
            except Problem:
                continue
            _check_format(head)
            print(f"restore.py: {problem}; this goes on without it", file=sys.stderr)
            return
        raise Problem(f"{problem}, and no generation can be read; is it encrypted? then: --key FILE")

    def ids(self) -> list[str]:
        found = (path.stem for path in (self.folder / "generations").glob("*.json"))
        ours = (one for one in found if re.fullmatch(r"[0-9]{6,}-[0-9]{8}T[0-9]{6}Z", one))
        return sorted(ours, key=lambda one: int(one.partition("-")[0]))

    def named(self, name: str) -> dict[str, Any]:
        """A generation's head, by id, number or `latest`."""
        ids = self.ids()
        fitting = [
            one for one in ids if name in (one, one.partition("-")[0], str(int(one.partition("-")[0])))
        ]
        if name == "latest":
            fitting = ids[-1:]
        if not fitting:
            raise Problem(f"there is no generation {name}")
        return unsealed(self.folder / "generations" / f"{fitting[0]}.json", self.key)

    def files(self, head: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The lines of a generation's list of files."""
        rest = b""
        for chunk in self.content(head["list"][0]):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                file = json.loads(line)
                if file["path"].startswith("/") or ".." in file["path"].split("/"):
                    raise Problem(f"{file['path']!r} is no path")
                yield file

    def as_they_were_last(self, head: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Files that are restored as the newest generation has them: who was erased since is erased again."""
        for identity in reversed(self.ids()):
            try:
                newest = self.named(identity)
                found = {file["path"]: file for file in self.files(newest) if file["path"] in NEWEST}
            except Problem:
                continue
            return found if identity != head["id"] else {}
        return {}

    def content(self, name: str) -> Iterator[bytes]:
        """Of an object; at the end it is compared with its name. Raises Damaged."""
        digest = hashlib.sha256()
        try:
            chunks: Iterable[bytes] = self._stored(name)
            done = name.partition(".")[2]
            if "e" in done:
                chunks = self._decrypted(chunks)
            if "z" in done:
                chunks = inflated(chunks)
            for chunk in chunks:
                digest.update(chunk)
                yield chunk
        except FileNotFoundError:
            raise Damaged(f"object {name} is missing") from None
        except (OSError, ValueError, zlib.error) as error:
            raise Damaged(f"object {name} is damaged ({error})") from error
        stem = digest.digest() if self.key is None else hmac.digest(self.key.names, digest.digest(), "sha256")
        if stem.hex() != name.partition(".")[0]:
            raise Damaged(f"object {name} is damaged")

    def _stored(self, name: str) -> Iterator[bytes]:
        with open(self.folder / "objects" / name[:2] / name, "rb") as file:
            while block := file.read(BLOCK):
                yield block

    def _decrypted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """`KODOenc1`, 32 random bytes, frames; each frame's nonce: its number, and whether it is the last."""
        if self.key is None:
            raise ValueError("encrypted, in a backup that is not")
        stream, head = iter(chunks), b""
        while len(head) < 40 and (chunk := next(stream, b"")):
            head += chunk
        if len(head) < 40 or not head.startswith(b"KODOenc1"):
            raise ValueError("no encrypted object")
        cipher = self.key.cipher(self.key.derived(b"object", head[8:40]))
        waiting, number = bytearray(head[40:]), 0
        try:
            for chunk in stream:
                waiting += chunk
                while len(waiting) > FRAME:
                    yield cipher.decrypt(number.to_bytes(11, "big") + b"\0", bytes(waiting[:FRAME]), None)
                    del waiting[:FRAME]
                    number += 1
            yield cipher.decrypt(number.to_bytes(11, "big") + b"\1", bytes(waiting), None)
        except OSError:
            raise
        except Exception as error:  # cryptography's InvalidTag
            raise ValueError("not what was encrypted") from error


def _check_format(told: dict[str, Any]) -> None:
    if told["format"] > FORMAT:
        raise Problem(f"this is format {told['format']}: use the restore.py that lies beside it")


def mac(key: Key, data: bytes) -> str:
    return hmac.digest(key.heads, data, "sha256").hex()


def unsealed(path: Path, key: Key | None) -> dict[str, Any]:
    """A small JSON file that says of itself whether it is whole."""
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
        check = told.pop("check")
        plain = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    except FileNotFoundError:
        raise Problem(f"{path} is missing") from None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Problem(f"{path} is damaged ({error})") from error
    right = hashlib.sha256(plain).hexdigest() if key is None else mac(key, plain)
    if not hmac.compare_digest(str(check), right):
        raise Problem(f"{path} is damaged")
    return told


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """zlib, and behind it the CRC-32 of what is compressed: 4 bytes."""
    press, kept, check = zlib.decompressobj(), b"", 0
    for chunk in chunks:
        kept += chunk
        rest, kept = kept[:-4], kept[-4:]
        check = zlib.crc32(rest, check)
        while rest:
            yield press.decompress(rest, BLOCK)
            rest = press.unconsumed_tail
    if not press.eof or press.unused_data:
        raise ValueError("compressed content has no end, or more behind it")
    if kept != check.to_bytes(4, "big"):
        raise ValueError("compressed content is not what was written")


def listed(backups: Backups) -> bool:
    """Print a line for each generation, also for one whose head is damaged → whether none is."""
    good = True
    for one in backups.ids():
        try:
            head = backups.named(one)
        except Problem as problem:
            print(f"{one}  DAMAGED ({problem})")
            good = False
            continue
        print(f"{one}  {head['at']}  {head['reason']:10}  {head['files']} files, {head['bytes']} bytes")
    return good


def verify(backups: Backups, name: str | None) -> bool:
    """Read what generations need, and say what is wrong."""
    seen: dict[str, bool] = {}
    good = True
    for identity in [backups.named(name)["id"]] if name else backups.ids():
        try:
            head = backups.named(identity)
            needed = {head["list"][0]: "its list of files"}
            if _is_whole(backups, head["list"][0], seen):
                needed.update(
                    (one[0], file["path"]) for file in backups.files(head) for one in file["objects"]
                )
        except Problem as problem:
            print(f"{identity}: {problem}")
            good = False
            continue
        bad = [f"{one} ({path})" for one, path in needed.items() if not _is_whole(backups, one, seen)]
        print(f"{identity}: {'whole' if not bad else 'DAMAGED OR MISSING: ' + ', '.join(bad)}")
        good = good and not bad
    return good


def _is_whole(backups: Backups, name: str, seen: dict[str, bool]) -> bool:
    if name not in seen:
        try:
            for _ in backups.content(name):
                pass
            seen[name] = True
        except Damaged:
            seen[name] = False
    return seen[name]


def restore(backups: Backups, name: str, to: Path, only: list[str], leave_out: bool) -> list[str]:
    """→ what was left out. The database comes last: before it is there, the folder is no installation."""
    head = backups.named(name)
    for _ in backups.files(head):  # the list is whole, before anything is written
        pass
    way = _begun(to, head["id"])
    left_out = []
    last = backups.as_they_were_last(head)
    for file in (*last.values(), *(one for one in backups.files(head) if one["path"] not in last)):
        path = file["path"]
        of_database = path == DATABASE or path.startswith(ROWS + "/")
        if only and not any((DATABASE if of_database else path).startswith(one) for one in only):
            continue
        try:
            _write(way / "part", file, backups.content)
        except Damaged as damage:
            if not leave_out:
                raise Damaged(f"{damage} (needed for {path})") from damage
            left_out.append(path)
            continue
        target = (way if of_database else to) / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.replace(way / "part", target)
        print(path)
    if (way / ROWS).is_dir() and not any(one.startswith(ROWS) for one in left_out):  # a part of one is none
        build_sqlite(way / ROWS, way / DATABASE)
    if (way / DATABASE).exists():
        os.replace(way / DATABASE, to / DATABASE)
        print(DATABASE)
    os.sync()
    shutil.rmtree(way)
    return left_out


def _begun(to: Path, identity: str) -> Path:
    """An empty folder, or one in which the same restore was cut short → the folder for what is on its way."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    way = to / UNDER_WAY
    marker = way / "generation"
    same = marker.is_file() and marker.read_text() == identity
    if set(os.listdir(to)) - {"lost+found"} and not same:
        raise Problem(f"{to} is not empty")
    shutil.rmtree(way, ignore_errors=True)
    way.mkdir(mode=0o700)
    marker.write_text(identity)
    return way


def _write(part: Path, file: dict[str, Any], content: Callable[[str], Iterator[bytes]]) -> None:
    with open(part, "wb") as out:
        for name, _, _ in file["objects"]:
            for chunk in content(name):
                out.write(chunk)
        length = out.tell()
    if length != file["size"]:
        raise Damaged(f"{file['path']} has another length")
    os.chmod(part, file["mode"])
    if file["mtime"]:
        os.utime(part, ns=(file["mtime"], file["mtime"]))


def build_sqlite(rows: Path, target: Path) -> None:
    """A SQLite database of the rows of a PostgreSQL one. Raises sqlite3.Error, ValueError, OSError."""
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(target)
    try:
        connection.executescript((rows / "schema.sql").read_text(encoding="utf-8"))
        connection.execute("BEGIN")
        for path in sorted(rows.glob("*.jsonl")):
            with open(path, encoding="utf-8") as lines:
                head = json.loads(next(lines))
                columns = ", ".join(f'"{one}"' for one in head["columns"])
                marks = ", ".join("?" * len(head["columns"]))
                connection.executemany(
                    f'INSERT INTO "{head["table"]}" ({columns}) VALUES ({marks})',  # noqa: S608 - ours
                    ([_native(value) for value in json.loads(line)] for line in lines),
                )
        connection.execute("COMMIT")
    finally:
        connection.close()


def _native(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--in", dest="folder", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("verify").add_argument("generation", nargs="?")
    restoring = commands.add_parser("restore")
    restoring.add_argument("generation")
    restoring.add_argument("--to", type=Path, required=True)
    restoring.add_argument("--only", action="append", default=[], metavar="PREFIX")
    restoring.add_argument("--leave-out-damaged", action="store_true")
    told = parser.parse_args(arguments)
    try:
        backups = Backups(told.folder, told.key)
        if told.command == "list":
            return 0 if listed(backups) else 1
        elif told.command == "verify":
            return 0 if verify(backups, told.generation) and backups.described else 1
        else:
            left_out = restore(backups, told.generation, told.to, told.only, told.leave_out_damaged)
            for path in left_out:
                print(f"LEFT OUT: {path}", file=sys.stderr)
            return 1 if left_out else 0
    except (Problem, OSError, sqlite3.Error) as problem:
        print(f"restore.py: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
