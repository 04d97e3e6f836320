"""Models of openai-whisper by name or by path; a name's file is downloaded into a folder on first use.

openai-whisper's own loader does it, checks the file's digest, and fetches it again where it is torn. What
cannot be had is NoModel, whatever it is that fails: then jobs wait, and nothing else does.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from library.transcription.engine import NoModel

STALL_SECONDS = 60.0  # a download of which nothing comes for so long has failed


def load_model(name: str, folder: Path) -> Any:
    """A loaded `whisper.Whisper`. Raises NoModel, and ImportError where openai-whisper is not installed."""
    import whisper

    if not Path(name).is_file() and name not in whisper.available_models():
        known = ", ".join(whisper.available_models())
        raise NoModel(f"KODO_WHISPER_MODEL: {name!r} is neither a file nor one of {known}")
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        return whisper.load_model(name, download_root=os.fspath(folder))
    except MemoryError:
        raise
    except (
        Exception
    ) as error:  # what a torn file, a refused download or a full disk raises is nobody's promise
        raise NoModel(f"the model {name} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        socket.setdefaulttimeout(before)
