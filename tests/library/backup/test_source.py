"""What of an installation goes into a backup: logs up to their last whole part, the spill, far media; no
more.
"""

from __future__ import annotations

import os
import zlib
from errno import EIO, ENOENT
from pathlib import Path
from typing import IO, Any

import pytest

from library.backup import reading
from library.backup.errors import SourceUnavailable
from library.backup.opening import open_place
from library.backup.repository import open_repository
from library.backup.values import Source, SourceFile
from operation import backup_source
from operation.backup_source import effective_settings, files_of_installation, opened_source
from recorder import far_media
from recorder.far_media import FarPlace
from recorder.media import PartRecord
from recorder.take_index import IndexHeader, Mark, pack_mark, pack_record
from settings import Settings

INIT = b"i" * 700


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment(
        {
            "KODO_STORAGE": str(tmp_path / "storage"),
            "KODO_SPILL_FOLDER": str(tmp_path / "spill"),
            "KODO_TURN_PASSWORD": "planted",
        }
    )


class Bucket:
    """Of `FarMedia`, by key."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents

    def read(self, place: FarPlace, first: int, length: int, *, keep: bool = True) -> bytes:
        return self.contents[place.key][first : first + length]


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def make_take(folder: Path, *, parts: int, told: int, closed: bool) -> bytes:
    """A take with so many parts of 100 bytes, of which the index tells `told` and half of another → media."""
    media = INIT + b"".join(bytes([n]) * 100 for n in range(parts))
    records = [
        pack_record(PartRecord(len(INIT) + 100 * n, 100, n, 1, n, 0, True, 0, False)) for n in range(told)
    ]
    index = IndexHeader(1, False, len(INIT)).pack() + b"".join(records)
    write(folder / "program.index", index + (pack_mark(Mark.END) if closed else b"\1" * 30))
    write(folder / "program.mp4", media)
    return media


def listed(settings: Settings, bucket: Bucket | None = None) -> dict[str, SourceFile]:
    found = list(files_of_installation(settings, bucket or Bucket({})))
    paths = [one.path for one in found]
    assert paths == sorted(paths, key=lambda path: path.split("/"))
    return {one.path: one for one in found}


def test_a_live_log_ends_with_its_last_part(settings: Settings) -> None:
    make_take(settings.sessions_folder / "s1" / "take-0001", parts=5, told=3, closed=False)
    make_take(settings.sessions_folder / "s1" / "take-0002", parts=5, told=5, closed=True)
    found = listed(settings)
    assert found["sessions/s1/take-0001/program.mp4"].length == len(INIT) + 300
    assert found["sessions/s1/take-0001/program.index"].length == 64 * 4
    assert found["sessions/s1/take-0002/program.mp4"].length is None
    assert found["sessions/s1/take-0002/program.index"].length is None


class BadDisk:
    """Opens all files but those of one name, which `problem` befalls."""

    def __init__(self, name: str, problem: OSError) -> None:
        self.name, self.problem = name, problem

    def __call__(self, file: Path, *arguments: Any, **options: Any) -> IO[Any]:
        if Path(file).name == self.name:
            raise self.problem
        return open(file, *arguments, **options)


def test_an_index_that_cannot_be_read_is_named_and_the_rest_is_taken(
    settings: Settings, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings.storage / "kodo.db", sqlite_template.read_bytes())
    media = make_take(settings.sessions_folder / "s1" / "take-0001", parts=5, told=3, closed=False)
    write(settings.storage / "secret.key", b"key")
    bad = BadDisk("program.index", OSError(EIO, "Input/output error"))
    monkeypatch.setattr(backup_source, "open", bad, raising=False)
    monkeypatch.setattr(reading, "open", bad, raising=False)
    repository = open_repository(open_place(tmp_path / "target", scratch=tmp_path / "scratch"))
    with opened_source(settings) as source:
        assert repository.run(source).unread == ("sessions/s1/take-0001/program.index",)
    repository.restore("latest", tmp_path / "out")
    assert (tmp_path / "out" / "sessions/s1/take-0001/program.mp4").read_bytes() == media
    assert (tmp_path / "out" / "secret.key").read_bytes() == b"key"


@pytest.mark.parametrize("looked", [False, True], ids=["before it is looked for", "before it is opened"])
def test_an_index_that_goes_meanwhile_is_left_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, looked: bool
) -> None:
    make_take(settings.sessions_folder / "s1" / "take-0001", parts=5, told=3, closed=False)
    write(settings.storage / "uploads" / "u.part", b"x")
    if looked:
        gone = BadDisk("program.index", FileNotFoundError(ENOENT, "No such file or directory"))
        monkeypatch.setattr(backup_source, "open", gone, raising=False)
    else:
        there = Path.exists
        monkeypatch.setattr(Path, "exists", lambda path: path.name != "program.index" and there(path))
    found = listed(settings)
    assert found["sessions/s1/take-0001/program.mp4"].length is None
    assert "uploads/u.part" in found


def test_a_folder_that_cannot_be_listed_is_told_as_such(
    settings: Settings, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings.storage / "kodo.db", sqlite_template.read_bytes())
    bad = settings.storage / "pictures"
    bad.mkdir()
    listdir = os.listdir

    def listed_but(folder: Path) -> list[str]:
        if folder == bad:
            raise OSError(EIO, "Input/output error", str(bad))
        return listdir(folder)

    monkeypatch.setattr(backup_source.os, "listdir", listed_but)
    repository = open_repository(open_place(tmp_path / "target", scratch=tmp_path / "scratch"))
    with opened_source(settings) as source, pytest.raises(SourceUnavailable) as said:
        repository.run(source)
    assert str(bad) in str(said.value) and ".backup" not in str(said.value)


def test_disk_and_spill_are_one_tree(settings: Settings) -> None:
    disk, spill = settings.session_roots
    write(disk / "s1" / "take-0001" / "program.mp4", b"disk")
    write(spill / "s1" / "take-0001" / "program.mp4", b"old copy")
    write(spill / "s1" / "take-0002" / "program.mp4", b"spilled")
    found = listed(settings)
    assert found["sessions/s1/take-0001/program.mp4"].file.read_bytes() == b"disk"
    assert found["sessions/s1/take-0002/program.mp4"].file.read_bytes() == b"spilled"


def test_only_what_lasts_is_taken(settings: Settings) -> None:
    taken = ("media/f.mkv", "pictures/s/v1/poster.webp", "recordings/s.mp4", "uploads/u.part", "secret.key")
    for name in (*taken, ".objects/sums/recordings/s.mp4"):
        write(settings.storage / name, b"x")
    left = (".objects/blocks/b", "models/m", "quarantine/q", "run/x", "sessions/.removed-s/session.json")
    for name in left:
        write(settings.storage / name, b"x")
    assert sorted(listed(settings)) == sorted((*taken, ".objects/sums/recordings/s.mp4"))


def test_what_was_moved_away_is_fetched(settings: Settings, tmp_path: Path) -> None:
    from hashlib import sha256

    whole = bytes(range(256)) * 9000
    size = far_media.BLOCK_BYTES
    sums = tuple(zlib.crc32(whole[at : at + size]) for at in range(0, len(whole), size))
    file = settings.storage / "recordings" / "s.mp4"
    write(file, whole)
    place = FarPlace("s3://b", "k", len(whole), sha256(whole).hexdigest(), 0, sums)
    far_media.mark(file, place)
    assert listed(settings)["recordings/s.mp4"].far is None  # not cut yet
    file.unlink()
    found = listed(settings, Bucket({"k": whole}))
    far = found["recordings/s.mp4"].far
    assert far is not None and b"".join(far.chunks()) == whole


def test_an_installation_is_backed_up_whole(
    settings: Settings, sqlite_template: Path, tmp_path: Path
) -> None:
    write(settings.storage / "kodo.db", sqlite_template.read_bytes())
    media = make_take(settings.sessions_folder / "s1" / "take-0001", parts=5, told=3, closed=False)
    repository = open_repository(open_place(tmp_path / "target", scratch=tmp_path / "scratch"))
    with opened_source(settings) as source:
        assert isinstance(source, Source)
        repository.run(source)
    repository.restore("latest", tmp_path / "out")
    restored = (tmp_path / "out" / "sessions/s1/take-0001/program.mp4").read_bytes()
    assert restored == media[: len(INIT) + 300]
    assert repository.generation("latest").schema != ""
    assert "planted" not in (tmp_path / "out" / "kodo-settings.json").read_text()
    assert list((settings.storage / ".backup").iterdir()) == []


def test_settings_without_secrets(settings: Settings) -> None:
    found = effective_settings(settings)
    assert found["KODO_PORT"] == "8000"
    assert not {"KODO_TURN_PASSWORD", "KODO_DATABASE_URL", "KODO_S3_SECRET_KEY"} & found.keys()
