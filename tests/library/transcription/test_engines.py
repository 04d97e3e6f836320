"""An engine that is not installed, or has no model, is no error: jobs wait for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from library.transcription.engine import NoModel, whisper_language
from library.transcription.engines import open_engine
from library.transcription.told_progress import ToldProgress


def ignore(_share: float, _message: str) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize(
    ("name", "package", "module"),
    [
        ("openai-whisper", "whisper", "library.transcription.whisper_engine"),
        ("faster-whisper", "faster_whisper", "library.transcription.faster_whisper_engine"),
    ],
)
def test_an_engine_that_is_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(NoModel, match=f"{name} is not installed here"):
        open_engine(name, "small", tmp_path, ignore)


def test_faster_whisper_without_its_model_is_said(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="`make transcription ENGINE=faster-whisper` installs it")
    with pytest.raises(NoModel, match="cannot be loaded"):
        open_engine("faster-whisper", str(tmp_path / "nothing"), tmp_path, ignore)


def test_tags_of_languages_are_called_as_whisper_does() -> None:
    assert [whisper_language(tag) for tag in ("ja", "zh-Hant-TW", "EN-gb", None, "")] == [
        "ja",
        "zh",
        "en",
        None,
        None,
    ]


def test_progress_is_told_in_steps_and_to_its_end() -> None:
    told: list[float] = []
    with ToldProgress(told.append, 100_000) as bar:
        for _ in range(100_000 // 8):
            bar.update(8)
    assert 100 < len(told) <= 501 and told == sorted(told) and told[-1] == 1.0
    with ToldProgress(told.append, None) as bar:  # a server that does not say how much it sends
        bar.update(5)
    assert told[-1] == 0.0
