"""Any sequence of changes, runs, rotations, damage and restores, against a model that keeps everything."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from library.backup.opening import open_place
from library.backup.repository import open_repository
from tests.faults import count
from tests.library.backup.installation import SmallInstallation, contents_of, notes_in

Kept = tuple[dict[str, bytes], list[str]]


class Sequences(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.installation = SmallInstallation(self.path / "storage", media_bytes=2_000)
        place = open_place(self.path / "target", scratch=self.path / "scratch")
        self.hours = 0
        self.repository = open_repository(place, clock=self.now)
        self.model: dict[int, Kept] = {}
        self.made = self.restores = 0

    def now(self) -> datetime:
        return datetime(2026, 11, 26, tzinfo=UTC) + timedelta(hours=self.hours)

    @rule(name=st.sampled_from(["sessions/s1/session.json", "media/f.mkv"]), n=st.integers(0, 3))
    def change(self, name: str, n: int) -> None:
        self.installation.write(name, bytes([n]) * 5000)

    @rule()
    def note(self) -> None:
        self.installation.note("more")

    @rule(hours=st.integers(-100, 100))
    def clock_moves(self, hours: int) -> None:
        self.hours += hours

    @rule()
    def run(self) -> None:
        result = self.repository.run(self.installation.source(self.path / "scratch"))
        self.made += 1
        assert result.generation.sequence == self.made
        self.model[self.made] = (self.installation.contents(), self.installation.notes())

    @rule(keep=st.integers(1, 3), days=st.integers(-3, 3))
    def collect(self, keep: int, days: int) -> None:
        self.repository.collect(datetime.now(UTC) + timedelta(days=days), keep=keep)
        self.model = {one: self.model[one] for one in sorted(self.model)[-keep:]}

    @precondition(lambda self: self.model)
    @rule(choose=st.data())
    def restore(self, choose: st.DataObject) -> None:
        sequence = choose.draw(st.sampled_from(sorted(self.model)))
        self.restores += 1
        out = self.path / f"out-{self.restores}"
        self.repository.restore(str(sequence), out)
        assert (contents_of(out), notes_in(out / "kodo.db")) == self.model[sequence]

    @precondition(lambda self: self.model)
    @rule(choose=st.data())
    def damage_and_run(self, choose: st.DataObject) -> None:
        """What the newest generation shares with the installation is written again."""
        newest = self.installation.contents()
        if newest == self.model[max(self.model)][0]:
            objects = sorted(self.path.glob("target/kodo-backup/objects/*/*"))
            choose.draw(st.sampled_from([o for o in objects if o.read_bytes() in newest.values()])).unlink()
            self.run()

    @invariant()
    def what_is_listed_is_the_models(self) -> None:
        assert [one.sequence for one in self.repository.generations()] == sorted(self.model)
        report = self.repository.verify()
        assert report.ok, report

    def teardown(self) -> None:
        self.repository.close()
        self.folder.cleanup()


TestSequences = Sequences.TestCase
TestSequences.settings = settings(
    max_examples=count(full=100, small=6), stateful_step_count=15, deadline=None
)
