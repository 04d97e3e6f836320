"""openai-whisper as it is installed: it loads, hears real speech, tells its progress.

Its model here is made by the test and knows no word: only the form of what it hears is looked at.
"""

from __future__ import annotations

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from broadcast import session_rows
from library import transcripts
from library.jobs import Jobs
from library.models import Job
from library.transcription import orders
from library.transcription.engine import RATE, NoModel
from library.transcription.engines import open_engine
from tests.broadcast.web_stage import WebStage
from tests.installation import wait_for
from tests.library.transcription.noises import silence
from tests.library.transcription.speech_maker import speech
from tests.library.transcription.spoken_lecture import SpokenLecture, script
from tests.library.transcription.test_transcription_job import working
from tests.library.transcription.tiny_whisper import write_tiny_model

whisper = pytest.importorskip(
    "whisper",
    reason="openai-whisper is not installed here: `make transcription` does it",
    exc_type=ImportError,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whisper.torch.set_num_threads(1)  # as the job does on two cores
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


def ignore(_share: float, _message: str) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize(("voice", "language"), [("en", "en"), ("ja", None)])
def test_speech_becomes_cues_with_words(
    model: Path, tmp_path: Path, voice: str, language: str | None
) -> None:
    engine = open_engine("openai-whisper", str(model), tmp_path, ignore)
    samples = speech(voice=voice)[: 2 * RATE]
    shares: list[float] = []
    heard = engine.transcribe(samples, language, None, shares.append)
    assert heard.language in whisper.tokenizer.LANGUAGES
    assert language is None or heard.language == language
    assert shares and shares == sorted(shares) and shares[-1] == 1.0
    assert heard.cues and any(cue.words for cue in heard.cues)
    for cue in heard.cues:
        assert type(cue.start) is type(cue.end) is float and isinstance(cue.text, str)
        assert all(type(word.start) is float and word.text for word in cue.words)


def test_no_ffmpeg_is_called(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = open_engine("openai-whisper", str(model), tmp_path, ignore)
    assert engine.transcribe(silence(1), "en", None, lambda _share: None).language == "en"


@pytest.mark.parametrize("content", [b"", b"no model at all", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_model_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(NoModel, match=r"bad\.pt cannot be loaded"):
        open_engine("openai-whisper", str(tmp_path / "bad.pt"), tmp_path, ignore)


def test_an_unknown_name_is_said_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match=r"'smal' is neither a file nor one of .*small"):
        open_engine("openai-whisper", "smal", tmp_path, ignore)


class _Refusing(BaseHTTPRequestHandler):
    """A server that has no model, or half of one."""

    def do_GET(self) -> None:
        if "half" not in self.path:
            self.send_error(403)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 20))
        self.end_headers()
        self.wfile.write(b"x" * (1 << 19))

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def refusing() -> object:
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", ["none", "half", "nobody"])
def test_a_download_that_is_refused_or_breaks_off_is_said(
    refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The loader's own download, from a server of ours instead of its makers'."""
    address = "http://127.0.0.1:9" if kind == "nobody" else refusing
    monkeypatch.setitem(whisper._MODELS, "small", f"{address}/{kind}/{'0' * 64}/small.pt")
    told: list[tuple[float, str]] = []
    with pytest.raises(NoModel, match="the model small cannot be loaded"):
        open_engine("openai-whisper", "small", tmp_path, lambda *words: told.append(words))
    assert [words for _, words in told if "%" in words] or kind != "half"


def test_the_whole_way_from_a_lecture_to_its_transcript(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`app.py job run` in a worker, with the real engine."""
    stage = WebStage(tmp_path)
    for name in [name for name in os.environ if name.startswith("KODO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KODO_STORAGE", str(stage.settings.storage))
    monkeypatch.setenv("KODO_WHISPER_MODEL", str(model))
    lecture = SpokenLecture(tmp_path, script(4), room_id=stage.hall.id)
    lecture.camera(0, 4)
    lecture.end(4)
    with stage.database.session() as session:
        state = lecture.writer.state
        session_rows.upsert(session, stage.log, state, stage.directory.figures(state))
        job = session.query(Job).where(Job.kind == orders.KIND).one()
    with working(stage):
        wait_for("its end", lambda: Jobs(stage.database).get(job.id).state in ("done", "failed"), 100)
    done = Jobs(stage.database).get(job.id)
    assert (done.state, done.error) == ("done", None)
    assert done.payload["position"] > 3.5 * RATE
    with stage.database.reading() as transaction:
        row = transcripts.current(transaction, job.subject)
        assert row is None or row.complete
    stage.close()


def test_tqdm_is_where_it_is_looked_for() -> None:
    """What `told_progress` replaces, in the version that is installed."""
    assert hasattr(whisper, "tqdm") and hasattr(sys.modules["whisper.transcribe"], "tqdm")
