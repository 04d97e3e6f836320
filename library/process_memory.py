"""How much memory a program and all its children have for themselves, by Linux' /proc.

What counts is what nobody else can use: anonymous, shared and swapped out pages. Files mapped into memory (a
model's weights, libraries) do not, for the system takes those pages back as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_OWN = re.compile(r"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$", re.MULTILINE)


def own_memory(pid: int) -> int:
    """Bytes; 0 for a process that is gone."""
    return sum(_own(one) for one in (pid, *_below(pid)))


def _own(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return 0
    return sum(int(kilobytes) << 10 for kilobytes in _OWN.findall(status))


def _below(pid: int) -> Iterator[int]:
    for thread in _listed(Path(f"/proc/{pid}/task")):
        try:
            children = (thread / "children").read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            yield child
            yield from _below(child)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
