"""`app.py …` in processes forked from one that has imported it, so that a command takes its work's time.

Starting Python and importing everything takes a second, and a test's rooms and keys are many commands.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS = 100.0
_forks = multiprocessing.get_context("forkserver")
PRELOADED = ["app", "operation.administration", "tests.forked_app"]
_forks.set_forkserver_preload(PRELOADED)


def run_app(
    arguments: Sequence[str], environment: Mapping[str, str], stdin: str = ""
) -> tuple[int | None, str, str]:
    """→ exit code (None: not within SECONDS), standard output, standard error."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "0").write_text(stdin, encoding="utf-8")
        process = _forks.Process(target=_run, args=(list(arguments), dict(environment), folder))
        process.start()
        process.join(SECONDS)
        code = process.exitcode
        process.kill()
        process.join()
        process.close()
        return code, *((folder / stream).read_text(encoding="utf-8") for stream in ("1", "2"))


def _run(arguments: list[str], environment: dict[str, str], folder: Path) -> None:
    """In the forked process; its streams are the files 0, 1 and 2 of `folder`."""
    for descriptor, mode in enumerate("rww"):
        with open(folder / str(descriptor), mode) as file:
            os.dup2(file.fileno(), descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(descriptor, mode, encoding="utf-8", closefd=False) for descriptor, mode in enumerate("rww")
    )
    os.environ.clear()
    os.environ.update(environment)
    from app import main

    try:
        sys.exit(main(arguments))
    finally:
        logging.shutdown()  # the log's last lines: what is registered at exit does not run in a fork
