"""Backups, collections and restores that are killed and filled up at any moment; targets that lose bits.

Whatever happened, each generation that is listed restores byte for byte, and what is lost is named.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from library.backup import errors
from library.backup.opening import open_place
from library.backup.repository import Repository, open_repository
from tests.faults import count
from tests.library.backup.installation import SmallInstallation, contents_of, notes_in

pytestmark = pytest.mark.side_by_side
KILLS = count(full=100, small=10)
FULL_DISKS = count(full=50, small=5)
HARMS = count(full=50, small=10)
KEPT = 3
forks = multiprocessing.get_context("fork")


class Held:
    """A repository, the installation that it is of, and what each generation must give."""

    def __init__(self, folder: Path, target: Path) -> None:
        self.folder, self.target = folder, target
        self.installation = SmallInstallation(folder / "storage")
        self.random = random.Random(7)
        self.expected: dict[int, tuple[dict[str, bytes], list[str]]] = {}
        self.restored = 0

    def opened(self) -> Repository:
        return open_repository(open_place(self.target, scratch=self.folder / "scratch"))

    def change(self) -> None:
        one = self.installation
        one.note(f"change {self.random.random()}")
        one.write(
            f"sessions/s{self.random.randrange(4)}/take-0001/program.mp4", self.random.randbytes(200_000)
        )

    def next_one(self) -> None:
        """What a run that begins now must give, if it succeeds. Numbers of removed ones are not given
        again.
        """
        listed = [one.sequence for one in self.opened().generations()]
        one = self.installation
        self.expected[max([0, *listed]) + 1] = (one.contents(), one.notes())

    def run(self) -> None:
        self.opened().run(self.installation.source(self.folder / "scratch"))

    def collect(self) -> None:
        self.opened().collect(datetime.now(UTC) + timedelta(days=2), keep=KEPT)

    def restore(self) -> None:
        repository = self.opened()
        for one in repository.generations():
            shutil.rmtree(self.folder / "out", ignore_errors=True)
            repository.restore(one.id, self.folder / "out")

    def check(self) -> None:
        """Every listed generation is there in full."""
        repository = self.opened()
        assert repository.verify().ok
        for one in repository.generations():
            shutil.rmtree(self.folder / "whole", ignore_errors=True)
            repository.restore(one.id, self.folder / "whole")
            contents, notes = self.expected[one.sequence]
            assert contents_of(self.folder / "whole") == contents, one.id
            assert notes_in(self.folder / "whole" / "kodo.db") == notes, one.id
            self.restored += 1


def killed_after(work: Callable[[], None], seconds: float) -> bool:
    """Whether it was killed before it was done."""
    process = forks.Process(target=work)
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    was_killed = process.exitcode == -9
    process.close()
    return was_killed


@pytest.fixture
def held(tmp_path: Path) -> Held:
    made = Held(tmp_path, tmp_path / "target")
    made.next_one()
    made.run()
    return made


@pytest.mark.timeout(900)
def test_kills_at_any_moment(held: Held, capsys) -> None:
    lengths = {}
    for work in (held.run, held.collect, held.restore):
        held.next_one()
        began = time.monotonic()
        killed_after(work, 30)
        lengths[work] = time.monotonic() - began
    kills = 0
    while kills < KILLS:
        work = held.random.choice([held.run, held.run, held.collect, held.restore])
        held.change()
        held.next_one()
        kills += killed_after(work, held.random.uniform(0, lengths[work]))
        if kills % 5 == 0:
            held.check()
    held.check()
    with capsys.disabled():
        print(f"\n{kills} kills of backup, collection and restore; {held.restored} restores were whole")


@contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    size = f"size={int(megabytes * (1 << 20))}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "kodo-backup", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
@pytest.mark.timeout(900)
def test_full_disks_at_any_moment(tmp_path: Path, capsys) -> None:
    refused = 0
    with small_disk(tmp_path / "disk", 16) as disk:
        held = Held(tmp_path, disk / "target")
        held.next_one()
        held.run()
        for _ in range(10 * FULL_DISKS):
            if refused >= FULL_DISKS:
                break
            held.change()
            held.installation.write("sessions/s1/take-0001/program.mp4", held.random.randbytes(1 << 20))
            held.next_one()
            free = held.opened().place.free_bytes() or 0
            (disk / "filler").write_bytes(bytes(max(0, free - held.random.randrange(1_500_000))))
            try:
                held.run()
            except errors.TargetFull:
                refused += 1
                held.check()
            (disk / "filler").unlink()
            if (held.opened().place.free_bytes() or 0) < 6 << 20:
                held.collect()
        held.check()
    out_full = 0
    repository_folder = tmp_path / "copy"
    other = Held(tmp_path / "other", repository_folder)
    other.next_one()
    other.run()
    for _ in range(max(1, FULL_DISKS // 5)):
        with small_disk(tmp_path / "little", held.random.uniform(0.3, 3)) as little:
            with suppress(errors.NoRoom):
                other.opened().restore("1", little / "out")
                raise AssertionError("3.2 MB do not fit in there")
            out_full += 1
            assert not (little / "out" / "kodo.db").exists()
    other.check()
    assert refused >= FULL_DISKS
    with capsys.disabled():
        print(f"\n{refused} full targets, {out_full} full folders; {held.restored} restores were whole")


@pytest.mark.timeout(900)
def test_flipped_bits_and_lost_objects_are_all_named(held: Held, capsys) -> None:
    for _ in range(4):
        held.change()
        held.next_one()
        held.run()
    root = held.target / "kodo-backup"
    ours = [p for p in root.rglob("*") if p.is_file() and p.name not in ("lease", "repository.json")]
    harmed: dict[str, bytes] = {}
    for _ in range(HARMS):
        path = held.random.choice(ours)
        name = path.relative_to(root).as_posix()
        whole = path.read_bytes()
        if not whole:
            continue
        if held.random.random() < 0.5:
            path.unlink()
        else:
            torn = bytearray(whole)
            torn[held.random.randrange(len(whole))] ^= 1 << held.random.randrange(8)
            path.write_bytes(torn)
        report = held.opened().verify()
        named = (*report.damaged, *report.missing)
        assert name in named, (name, named)
        none_silent(held)
        path.write_bytes(whole)
        harmed[name] = whole
        assert name == "catalogue.json" or name not in (*held.opened().verify().damaged,)
    held.check()
    with capsys.disabled():
        print(f"\n{HARMS} flipped bits and lost files, all named; none came back silently")


def none_silent(held: Held) -> None:
    """Each generation comes back as it was, or is refused."""
    repository = held.opened()
    for one in repository.generations():
        shutil.rmtree(held.folder / "out", ignore_errors=True)
        try:
            repository.restore(one.id, held.folder / "out")
        except (errors.ObjectDamaged, errors.ObjectMissing, errors.GenerationIncomplete):
            assert not (held.folder / "out" / "kodo.db").exists()
            continue
        contents, notes = held.expected[one.sequence]
        assert contents_of(held.folder / "out") == contents
        assert notes_in(held.folder / "out" / "kodo.db") == notes
