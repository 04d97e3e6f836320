"""Stands in for tqdm in the modules of openai-whisper: what they would draw is told instead.

`replace_tqdm` is the one place that touches them; a test holds it against the version that is installed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Self

STEP = 0.002  # a download has tens of thousands of blocks

Tell = Callable[[float], None]


class ToldProgress:
    """As `tqdm.tqdm(total=…)`: a context whose `update` counts on."""

    def __init__(self, tell: Tell, total: float | None = None) -> None:
        self._tell = tell
        self._total = total or 0
        self._done = 0.0
        self._told = -1.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, count: float) -> None:
        self._done += count
        share = min(max(self._done / self._total, 0.0), 1.0) if self._total > 0 else 0.0
        if share >= min(self._told + STEP, 1.0):
            self._told = share
            self._tell(share)


def replace_tqdm(transcribing: Tell, downloading: Tell) -> None:
    """Have `whisper` tell how far it is in a transcription and in a download."""

    def bar(tell: Tell) -> Callable[..., ToldProgress]:
        return lambda *_, total=None, **__: ToldProgress(tell, total)

    package: Any = importlib.import_module("whisper")
    package.tqdm = bar(downloading)
    # The package's own attribute of that name is the function.
    module: Any = sys.modules["whisper.transcribe"]
    module.tqdm = SimpleNamespace(tqdm=bar(transcribing))
