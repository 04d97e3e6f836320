"""Stands between the worker and a job's program, so that nothing of a job outlives its worker.

`python -P -m library.job_launcher <worker pid> -- program arguments…`, started by `library.worker` in a
process group of its own. When the worker dies, even by SIGKILL, the kernel
signals the launcher (PR_SET_PDEATHSIG), which kills the whole group: an encoder that the program
started would otherwise go on and write over what the next attempt writes. Ends as the program ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1
_CANNOT_START = 127


def main(arguments: list[str]) -> int:
    """Run the program; returns its exit code, or 128 + the signal that ended it."""
    worker, command = int(arguments[0]), arguments[2:]
    signal.signal(signal.SIGUSR1, _kill_group)
    # The worker asks the group to end by SIGTERM: the program obeys, the launcher waits for it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with_parent(signal.SIGUSR1)
    if os.getppid() != worker:  # it died before the kernel was asked to tell
        return _CANNOT_START
    launcher = os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _die_with_parent(signal.SIGKILL)
        if os.getppid() != launcher:
            os._exit(_CANNOT_START)

    try:
        # Safe here, unlike in the worker: this process has one thread.
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=prepare)  # noqa: PLW1509
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return _CANNOT_START
    code = program.wait()
    return code if code >= 0 else 128 - code


def _kill_group(_signal: int, _frame: FrameType | None) -> None:
    os.killpg(0, signal.SIGKILL)


def _die_with_parent(number: signal.Signals) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
