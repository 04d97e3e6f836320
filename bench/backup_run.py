"""`python -m bench.backup_run STORAGE TARGET`: one run of a backup as a process, for `bench.backup`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from library.backup.opening import open_place
from library.backup.repository import Repository, open_repository
from library.backup.values import Source, SourceFile


def opened(
    target: Path, storage: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Repository:
    return open_repository(open_place(target, scratch=storage / ".backup"), clock=clock)


def source_of(storage: Path) -> Source:
    def files() -> Iterator[SourceFile]:
        paths = {path.relative_to(storage).as_posix(): path for path in storage.rglob("*.mp4")}
        for name in sorted(paths, key=lambda one: one.split("/")):
            yield SourceFile(name, paths[name])

    return Source(f"sqlite:///{storage / 'kodo.db'}", files, storage / ".backup")


if __name__ == "__main__":
    opened(Path(sys.argv[2]), Path(sys.argv[1])).run(source_of(Path(sys.argv[1])))
