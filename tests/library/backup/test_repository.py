"""Runs, checks, restores and collections: the same on a disk and in a bucket, plain and encrypted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from library.backup import errors, proving
from library.backup.disk_place import DiskPlace
from library.backup.heads import Heads
from library.backup.keys import BackupKey, new_key
from library.backup.objects import path_of
from library.backup.opening import open_place
from library.backup.place import Place, Staged
from library.backup.repository import Repository, open_repository, recording_prefixes
from library.backup.values import FarContent, Source, SourceFile
from tests.library.backup.installation import SmallInstallation, contents_of, notes_in

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy

STARTED = datetime(2026, 11, 26, 3, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = STARTED

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def installation(tmp_path: Path, sqlite_template: Path) -> SmallInstallation:
    made = SmallInstallation(tmp_path / "storage", sqlite_template)
    made.note("first")
    return made


@pytest.fixture(params=["disk", "disk-encrypted", "s3-encrypted"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    target = request.getfixturevalue("s3_place") if kind.startswith("s3") else tmp_path / "target"
    return open_place(target, scratch=tmp_path / "scratch")


@pytest.fixture
def key(kind: str) -> BackupKey | None:
    return BackupKey.parse(new_key().encode()) if kind.endswith("encrypted") else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repository(place: Place, key: BackupKey | None, clock: Clock) -> Iterator[Repository]:
    opened = open_repository(place, key=key, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def on_disk(tmp_path: Path, clock: Clock) -> Repository:
    return open_repository(open_place(tmp_path / "target", scratch=tmp_path / "scratch"), clock=clock)


@pytest.fixture
def source(installation: SmallInstallation, tmp_path: Path) -> Source:
    return installation.source(tmp_path / "scratch")


def object_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "target" / "kodo-backup" / "objects").glob("*/*"))


def list_of_first(repository: Repository, tmp_path: Path) -> Path:
    """The object that lists the files of the first generation: without it, nothing is known of them."""
    head = Heads(repository.place, None).load("000001-20261126T030000Z")
    return tmp_path / "target" / "kodo-backup" / path_of(head.files.name)


def flip(path: Path, at: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)


def test_generations_come_back_byte_for_byte(
    repository: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    first = repository.run(source, reason="daily")
    before = installation.contents()
    installation.write("sessions/s1/take-0001/program.mp4", b"other" * 1000)
    (installation.storage / "recordings/s1.mp4").unlink()
    installation.note("second")
    second = repository.run(source)
    assert (first.verified, second.generation.sequence, second.bytes_new < first.bytes_new) == (True, 2, True)
    assert [one.reason for one in repository.generations()] == ["daily", "manual"]
    assert repository.verify().ok

    for name, contents, notes in (
        (first.generation.id, before, ["first"]),
        ("latest", installation.contents(), ["first", "second"]),
    ):
        folder = tmp_path / f"restored-{name}"
        repository.restore(name, folder)
        assert contents_of(folder) == contents
        assert notes_in(folder / "kodo.db") == notes
        assert not (folder / ".kodo-restoring").exists()

    folder = tmp_path / "one"
    restored = repository.restore("1", folder, only=recording_prefixes("s2"))
    assert list(contents_of(folder)) == ["sessions/s2/take-0001/program.mp4"]
    assert restored.files == 1 and not (folder / "kodo.db").exists()


def test_an_unchanged_run_adds_its_head_alone(repository: Repository, source: Source) -> None:
    first = repository.run(source)
    second = repository.run(source)
    assert second.bytes_new < 2_000  # a list of files; after the second run not even that
    assert second.objects == first.objects


def test_rotation_and_collection(
    repository: Repository, installation: SmallInstallation, source: Source, clock: Clock, tmp_path: Path
) -> None:
    for day in range(4):
        clock.now = STARTED + timedelta(days=day)
        installation.write("sessions/s2/take-0001/program.mp4", bytes([day]) * 3000)
        installation.note(f"day {day}")
        repository.run(source)
    assert repository.collect(datetime.now(UTC), keep=2).objects == 0  # younger than a day
    assert [one.sequence for one in repository.generations()] == [3, 4]
    collected = repository.collect(datetime.now(UTC) + timedelta(days=2), keep=2)
    assert collected.objects > 0 and collected.generations == ()
    assert repository.verify().ok
    repository.restore("3", tmp_path / "restored")
    assert notes_in(tmp_path / "restored" / "kodo.db") == ["first", "day 0", "day 1", "day 2"]


def test_one_lease_for_all(
    repository: Repository,
    source: Source,
    tmp_path: Path,
    key: BackupKey | None,
    installation: SmallInstallation,
) -> None:
    refused = []

    def files() -> Iterator[SourceFile]:  # in the middle of a run
        for other in (lambda: repository.run(source), repository.collect):
            with pytest.raises(errors.RepositoryBusy, match=r"backup \(manual\) \(process"):
                other()
            refused.append(True)
        return installation.files()

    repository.run(Source(source.database_url, files, source.scratch))
    assert len(refused) >= 2
    repository.run(source)  # it was given back


def test_a_wrong_key_is_told_at_once(place: Place, repository: Repository, key: BackupKey | None) -> None:
    other = BackupKey.parse(new_key().encode())
    with pytest.raises(errors.WrongKey):
        open_repository(place, key=other)
    if key is not None:
        with pytest.raises(errors.KeyNeeded):
            open_repository(place)
    assert open_repository(place, key=key, expected=repository.id).id == repository.id
    with pytest.raises(errors.OtherRepository):
        open_repository(place, key=key, expected="another")


def test_damage_is_named_refused_and_written_again(
    on_disk: Repository, source: Source, installation: SmallInstallation, tmp_path: Path
) -> None:
    on_disk.run(source)
    media = path_of_media(on_disk, installation)
    flip(tmp_path / "target" / "kodo-backup" / media, 1000)
    spared = (media.rpartition("/")[2], list_of_first(on_disk, tmp_path).name)
    lost = next(one for one in object_files(tmp_path) if one.name not in spared)
    lost.unlink()
    report = on_disk.verify()
    assert report.damaged == (media,)
    assert report.missing == (f"objects/{lost.name[:2]}/{lost.name}",)
    assert report.generations == ("000001-20261126T030000Z",) and not report.ok
    assert not on_disk.generations()[0].verified
    with pytest.raises((errors.ObjectDamaged, errors.ObjectMissing)):
        on_disk.restore("1", tmp_path / "restored")
    rewritten = on_disk.run(source).rewritten
    assert {media.rpartition("/")[2], lost.name} <= set(rewritten)
    assert on_disk.verify().ok
    assert [one.verified for one in on_disk.generations()] == [True, True]


def test_a_run_finds_damage_by_itself(
    on_disk: Repository, source: Source, installation: SmallInstallation, tmp_path: Path
) -> None:
    on_disk.run(source)
    media = path_of_media(on_disk, installation)
    flip(tmp_path / "target" / "kodo-backup" / media, 77)
    assert on_disk.run(source).rewritten == (media.rpartition("/")[2],)
    assert on_disk.verify().ok


class FlippingPlace(DiskPlace):
    """Flips a bit of the object `victim`, the first `times` that it is put there."""

    victim, times = "", 0

    def commit(self, files: Sequence[Staged]) -> None:
        for one in files:
            if self.times and one.name.endswith(self.victim):
                self.times -= 1
                flip(one.path, 50)
        super().commit(files)


@pytest.fixture
def flipping(source: Source, installation: SmallInstallation, tmp_path: Path) -> FlippingPlace:
    """With a generation; its victim is the media."""
    place = FlippingPlace(tmp_path / "target")
    repository = open_repository(place)
    repository.run(source)
    place.victim = path_of_media(repository, installation).rpartition("/")[2]
    return place


def test_what_is_written_again_is_read_back(
    flipping: FlippingPlace, source: Source, tmp_path: Path, monkeypatch
) -> None:
    """Also where it is none of the old objects whose turn it is."""
    monkeypatch.setattr(proving.to_scrub, "__defaults__", (1,))
    repository, name = open_repository(flipping), flipping.victim
    media = tmp_path / "target" / "kodo-backup" / path_of(name)

    def found_by_somebody() -> None:
        flip(media, 9)
        repository.note_damaged([name])

    for harm in (media.unlink, lambda: media.write_bytes(b"short"), found_by_somebody):
        harm()
        flipping.times = 1
        assert name in repository.run(source).rewritten
        assert flipping.times == 0 and repository.verify().ok

    flip(media, 9)
    heads = Heads(flipping, None)
    known = heads.catalogue()
    assert known is not None
    with flipping.lease("test"):
        heads.save_catalogue(replace(known, scrubbed=name[:-1]))  # its turn comes next
    flipping.times = 1
    assert name in repository.run(source).rewritten
    assert flipping.times == 0 and repository.verify().ok


def test_what_the_target_never_gives_back_is_noted(
    flipping: FlippingPlace, source: Source, tmp_path: Path
) -> None:
    repository = open_repository(flipping)
    (tmp_path / "target" / "kodo-backup" / path_of(flipping.victim)).unlink()
    flipping.times = 99
    with pytest.raises(errors.ObjectDamaged):
        repository.run(source)
    assert [one.verified for one in repository.generations()] == [False]
    flipping.times = 0
    assert flipping.victim in repository.run(source).rewritten
    assert [one.verified for one in repository.generations()] == [True, True] and repository.verify().ok


@pytest.mark.parametrize("harm", [flip, Path.unlink, lambda one: one.write_bytes(b"short")])
def test_what_is_lost_for_good_is_held_against_the_generations_that_need_it(
    on_disk: Repository,
    source: Source,
    installation: SmallInstallation,
    tmp_path: Path,
    harm: Callable[[Path], None],
) -> None:
    on_disk.run(source)
    media = installation.storage / "sessions/s1/take-0001/program.mp4"
    harm(tmp_path / "target" / "kodo-backup" / path_of_media(on_disk, installation))
    media.unlink()
    media.mkdir()  # it cannot be read: what the last generation has of it is taken, if that is whole

    def files() -> Iterator[SourceFile]:
        yield SourceFile("sessions/s1/take-0001/program.mp4", media)

    for made in (2, 3):
        on_disk.run(Source(source.database_url, files, source.scratch))
        assert [one.verified for one in on_disk.generations()] == [False] + (made - 1) * [True]
    on_disk.collect(datetime.now(UTC), keep=2)
    catalogue = Heads(on_disk.place, None).catalogue()
    assert catalogue is not None and catalogue.damaged == frozenset(), "nobody needs it any more"


def test_what_a_restore_met_is_written_again(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(proving.to_scrub, "__defaults__", (1,))
    on_disk.run(source)
    media = path_of_media(on_disk, installation)
    name = media.rpartition("/")[2]
    flip(tmp_path / "target" / "kodo-backup" / media, 9)
    restored = on_disk.restore("1", tmp_path / "restored", leave_out_damaged=True)
    assert restored.damaged == (name,)
    with on_disk.place.lease("a backup"):
        on_disk.note_damaged(restored.damaged)
    assert on_disk.generations()[0].verified, "passed over"
    on_disk.note_damaged(restored.damaged)
    assert not on_disk.generations()[0].verified
    assert name in on_disk.run(source).rewritten and on_disk.verify().ok


def test_what_is_left_of_a_damaged_generation_can_be_had(
    on_disk: Repository, source: Source, installation: SmallInstallation, tmp_path: Path
) -> None:
    on_disk.run(source)
    flip(tmp_path / "target" / "kodo-backup" / path_of_media(on_disk, installation))
    restored = on_disk.restore("1", tmp_path / "restored", leave_out_damaged=True)
    assert restored.left_out == ("sessions/s1/take-0001/program.mp4",)
    expected = installation.contents()
    del expected["sessions/s1/take-0001/program.mp4"]
    assert contents_of(tmp_path / "restored") == expected


def path_of_media(repository: Repository, installation: SmallInstallation) -> str:
    from hashlib import sha256

    media = installation.storage / "sessions/s1/take-0001/program.mp4"
    return path_of(sha256(media.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    "name",
    [
        "repository.json",
        "catalogue.json",
        "restore.py",
        "README.md",
        "generations/000001-20261126T030000Z.json",
    ],
)
@pytest.mark.parametrize("harm", [flip, Path.unlink])
def test_every_file_of_ours_is_missed(
    on_disk: Repository, source: Source, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    on_disk.run(source)
    harm(tmp_path / "target" / "kodo-backup" / name)
    if name == "repository.json":
        with pytest.raises((errors.RepositoryDamaged, errors.NoRepository)):
            open_repository(on_disk.place, create=False)
        return
    report = on_disk.verify()
    assert (report.damaged or report.missing) == (name,)


def test_a_list_of_files_that_is_lost_blocks_collection(
    on_disk: Repository, source: Source, tmp_path: Path
) -> None:
    on_disk.run(source)
    list_of_first(on_disk, tmp_path).unlink()
    with pytest.raises(errors.GenerationIncomplete, match="list of files"):
        on_disk.restore("1", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    assert on_disk.collect(datetime.now(UTC) + timedelta(days=3)).blocked == ("000001-20261126T030000Z",)


def test_a_head_that_is_lost_blocks_collection_until_its_turn_to_go(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    first = on_disk.run(source).generation.id
    installation.write("sessions/s1/take-0001/program.mp4", b"another")
    on_disk.run(source)
    head = tmp_path / "target" / "kodo-backup" / "generations" / f"{first}.json"
    whole = head.read_bytes()
    head.unlink()
    later = datetime.now(UTC) + timedelta(days=3)
    collected = on_disk.collect(later, keep=2)
    assert (collected.blocked, collected.objects) == ((first,), 0)
    head.write_bytes(whole)  # somebody found it
    assert on_disk.verify().ok
    head.unlink()
    for _ in range(2):
        on_disk.run(source)
    collected = on_disk.collect(later, keep=2)
    assert (collected.blocked, collected.objects > 0) == ((), True)
    assert on_disk.verify().ok


def test_foreign_files_are_nobodys_business(
    on_disk: Repository, source: Source, tmp_path: Path, clock: Clock
) -> None:
    on_disk.run(source)
    target = tmp_path / "target"
    foreign = [
        target / "README.md",
        target / "photos" / "a.jpg",
        target / "kodo-backup" / "objects" / "ab" / "notes.txt",
        target / "kodo-backup" / "objects" / "ab" / ("0" * 64 + ".old"),
        target / "kodo-backup" / "generations" / "000009.json",
        target / "kodo-backup" / "incoming" / "photos" / "a.jpg",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    assert on_disk.verify().ok
    (target / "kodo-backup" / "incoming" / "small-0").write_text("of a run that was killed")
    on_disk.run(source)
    on_disk.collect(datetime.now(UTC) + timedelta(days=9), keep=1)
    assert not (target / "kodo-backup" / "incoming" / "small-0").exists()
    assert [path.read_text() for path in foreign] == ["mine"] * len(foreign)
    assert on_disk.verify().ok


def test_clocks_that_go_back(on_disk: Repository, source: Source, clock: Clock) -> None:
    on_disk.run(source)
    clock.now = STARTED - timedelta(days=400)
    later = on_disk.run(source)
    assert later.generation.id == "000002-20251022T030000Z"
    assert on_disk.generation("latest") == later.generation
    collected = on_disk.collect(clock.now, keep=1)
    assert collected.generations == ("000001-20261126T030000Z",) and collected.objects == 0


def test_a_number_is_never_given_twice(on_disk: Repository, source: Source, tmp_path: Path) -> None:
    on_disk.run(source)
    next((tmp_path / "target" / "kodo-backup" / "generations").iterdir()).unlink()
    assert on_disk.run(source).generation.sequence == 2
    assert on_disk.verify().missing == ("generations/000001-20261126T030000Z.json",)


def test_restores_refuse(on_disk: Repository, source: Source, tmp_path: Path, monkeypatch) -> None:
    on_disk.run(source)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    with pytest.raises(errors.FolderNotEmpty):
        on_disk.restore("1", full)
    assert [one.name for one in full.iterdir()] == ["mine"]
    for name in ("7", "nothing", ""):
        with pytest.raises(errors.NoSuchGeneration):
            on_disk.restore(name, tmp_path / "empty")


def test_a_newer_schema_is_refused(on_disk: Repository, source: Source, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "storage" / "kodo.db")) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.commit()
    on_disk.run(source)
    with pytest.raises(errors.NewerSchema, match="9999"):
        on_disk.restore("1", tmp_path / "restored")


def test_a_restore_that_was_cut_short_goes_on(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    on_disk.run(source)
    on_disk.run(source)
    folder = tmp_path / "restored"
    asked = iter([False] * 3)
    with pytest.raises(errors.Cancelled):
        on_disk.restore("1", folder, cancelled=lambda: next(asked, True))
    with pytest.raises(errors.FolderNotEmpty, match="half of another restore"):
        on_disk.restore("2", folder)
    on_disk.restore("1", folder)
    assert contents_of(folder) == installation.contents()


def test_a_restore_is_half_done_until_its_end_was_finished(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    on_disk.run(source)
    folder = tmp_path / "restored"

    def killed() -> None:
        assert (folder / "kodo.db").exists() and (folder / ".kodo-restoring").exists()
        (folder / "kodo.db").write_bytes(b"half migrated")
        (folder / "kodo.db-wal").write_bytes(b"of that")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_disk.restore("1", folder, finish=killed)
    assert (folder / ".kodo-restoring").exists()
    on_disk.restore("1", folder, finish=lambda: None)
    assert not (folder / ".kodo-restoring").exists() and not (folder / "kodo.db-wal").exists()
    assert contents_of(folder) == installation.contents() and notes_in(folder / "kodo.db") == ["first"]


def test_a_cancelled_run_leaves_no_generation(on_disk: Repository, source: Source, tmp_path: Path) -> None:
    with pytest.raises(errors.Cancelled):
        on_disk.run(source, cancelled=lambda: True)
    assert on_disk.generations() == [] and on_disk.verify().ok
    assert list((tmp_path / "scratch").glob("backup-*")) == []


def test_a_target_that_goes_away(on_disk: Repository, source: Source, installation, tmp_path: Path) -> None:
    import shutil

    def files() -> Iterator[SourceFile]:
        shutil.rmtree(tmp_path / "target", ignore_errors=True)
        return installation.files()

    on_disk.run(source)
    with pytest.raises(errors.TargetUnavailable):
        on_disk.run(Source(source.database_url, files, source.scratch))
    assert not (tmp_path / "target").exists()


def test_a_log_that_grows_is_taken_up_to_its_length(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    log = installation.storage / "sessions/s1/take-0001/program.mp4"
    whole = log.read_bytes()

    def files() -> Iterator[SourceFile]:
        with open(log, "ab") as file:
            file.write(b"more")
        yield SourceFile("sessions/s1/take-0001/program.mp4", log, length=len(whole) - 100)

    on_disk.run(Source(source.database_url, files, source.scratch))
    on_disk.restore("1", tmp_path / "restored")
    assert (tmp_path / "restored/sessions/s1/take-0001/program.mp4").read_bytes() == whole[:-100]


def test_far_content_is_fetched_once(on_disk: Repository, source: Source, tmp_path: Path) -> None:
    from hashlib import sha256

    content, asked = b"far away" * 300_000, []

    def chunks() -> Iterator[bytes]:
        asked.append(True)
        yield content

    far = FarContent(len(content), sha256(content).hexdigest(), chunks)
    one = SourceFile("recordings/far.mp4", tmp_path / "nowhere", far=far)
    for _ in range(2):
        assert on_disk.run(Source(source.database_url, lambda: iter([one]), source.scratch)).unread == ()
    assert len(asked) == 1
    on_disk.restore("latest", tmp_path / "restored")
    assert (tmp_path / "restored/recordings/far.mp4").read_bytes() == content


def test_what_cannot_be_read_stays_as_it_was(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    on_disk.run(source)
    path = installation.storage / "recordings/s1.mp4"
    was = path.read_bytes()
    path.unlink()
    path.mkdir()  # reading it is an error that is not its absence

    def files() -> Iterator[SourceFile]:
        yield SourceFile("recordings/s1.mp4", path)
        yield SourceFile("recordings/s2.mp4", path)

    result = on_disk.run(Source(source.database_url, files, source.scratch))
    assert result.unread == ("recordings/s1.mp4", "recordings/s2.mp4")
    assert result.generation.unread == 2
    on_disk.restore("latest", tmp_path / "restored")
    assert (tmp_path / "restored/recordings/s1.mp4").read_bytes() == was


def test_it_says_whether_it_is_on_the_same_disk(on_disk: Repository, tmp_path: Path) -> None:
    assert on_disk.place.same_disk(tmp_path / "storage")
    assert not on_disk.place.same_disk(Path("/proc"))
    assert (on_disk.place.free_bytes() or 0) > 0


def test_who_was_erased_later_is_told_of_with_an_older_generation(
    on_disk: Repository, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    """Decision 0028: it starts on a database that knows them still, and erases them again."""
    for erased in (b"one\n", b"one\ntwo\n"):
        on_disk.run(source)
        installation.write("erasures.jsonl", erased)
    on_disk.run(source)
    on_disk.restore("1", tmp_path / "restored")
    script = tmp_path / "target" / "kodo-backup" / "restore.py"
    alone = tmp_path / "alone"
    command = [sys.executable, "-I", "-S", script, "restore", "2", "--to", alone]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=100)
    for folder in (tmp_path / "restored", alone):
        assert (folder / "erasures.jsonl").read_bytes() == b"one\ntwo\n"
    on_disk.restore("1", tmp_path / "a part", only=["sessions/s1/"])
    assert not (tmp_path / "a part" / "erasures.jsonl").exists()


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_fresh_python_restores_it(
    encrypted: bool, installation: SmallInstallation, source: Source, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(new_key())
    key = BackupKey.load(tmp_path / "key") if encrypted else None
    repository = open_repository(open_place(tmp_path / "target", scratch=tmp_path / "scratch"), key=key)
    repository.run(source)
    script = tmp_path / "target" / "kodo-backup" / "restore.py"
    # -S: not even site-packages, but where it needs the one library that it names.
    alone = [sys.executable, "-I", *([] if encrypted else ["-S"]), script]
    with_key = ["--key", tmp_path / "key"] if encrypted else []
    (tmp_path / "elsewhere").mkdir()

    def told(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*alone, *with_key, *arguments], cwd=tmp_path / "elsewhere", capture_output=True, text=True
        )

    assert "000001-" in told("list").stdout
    assert told("verify").returncode == 0
    done = told("restore", "latest", "--to", tmp_path / "restored")
    assert done.returncode == 0, done.stderr
    assert contents_of(tmp_path / "restored") == installation.contents()
    assert notes_in(tmp_path / "restored" / "kodo.db") == ["first"]
    assert "not empty" in told("restore", "1", "--to", tmp_path / "restored").stderr

    description = tmp_path / "target" / "kodo-backup" / "repository.json"
    whole = description.read_bytes()
    for harm in (flip, Path.unlink):
        harm(description)
        done = told("restore", "1", "--to", tmp_path / f"without-{harm.__name__}")
        assert done.returncode == 0 and "repository.json" in done.stderr
        assert contents_of(tmp_path / f"without-{harm.__name__}") == installation.contents()
        assert told("verify").returncode == 1
        if encrypted:
            without = subprocess.run([*alone, "list"], capture_output=True, text=True)
            assert without.returncode == 1 and "--key" in without.stderr
    description.write_bytes(whole)
    repository.run(source)
    head = description.with_name("generations") / f"{repository.generations()[0].id}.json"
    whole = head.read_bytes()
    flip(head, 50)
    listed = told("list")
    assert listed.returncode == 1 and "000002-" in listed.stdout
    assert "DAMAGED" in listed.stdout.splitlines()[0]
    head.write_bytes(whole)

    largest = max(object_files(tmp_path), key=lambda one: one.stat().st_size)
    flip(largest, 5000)
    assert largest.name in told("verify").stdout
    failed = told("restore", "1", "--to", tmp_path / "other")
    assert failed.returncode == 1 and largest.name in failed.stderr
    part = told("restore", "1", "--to", tmp_path / "third", "--leave-out-damaged")
    assert "LEFT OUT: sessions/s1/take-0001/program.mp4" in part.stderr
    if encrypted:
        (tmp_path / "key").write_text(new_key())
        assert "is not the key" in told("list").stderr
