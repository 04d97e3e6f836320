"""The first steps on a bare machine: which Python, and the exact command for what is missing."""

import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
MAKE_VENV = PROJECT / "scripts" / "make-venv"
INSTALL_CHROMIUM = PROJECT / "scripts" / "install-chromium"
INSTALL_ESPEAK = PROJECT / "scripts" / "install-espeak"
INSTALL_TRANSCRIPTION = PROJECT / "scripts" / "install-transcription"


def stub(folder: Path, name: str, script: str) -> Path:
    """A program on the path that does what `script` (sh) says."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder to be the whole PATH, with only what the scripts themselves need."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bash").symlink_to("/bin/bash")
    (folder / "env").symlink_to("/usr/bin/env")
    return folder


def run(script: Path, bare: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", str(script), *arguments],
        env={"PATH": str(bare)},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_the_newest_python_that_works_is_taken(bare: Path, tmp_path: Path) -> None:
    stub(bare, "python3.13", "exit 127")  # a shim with nothing behind it
    stub(bare, "python3.12", f'echo "$@" >> {tmp_path}/calls')
    stub(bare, "python3", "exit 0")
    assert run(MAKE_VENV, bare, str(tmp_path / "venv")).returncode == 0
    assert f"-m venv --upgrade-deps {tmp_path}/venv" in (tmp_path / "calls").read_text()


def test_a_python_that_is_too_old_is_said(bare: Path, tmp_path: Path) -> None:
    stub(bare, "python3", "exit 1")
    done = run(MAKE_VENV, bare, str(tmp_path / "venv"))
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "sudo apt install python3" in done.stderr


def test_a_missing_venv_module_is_said_with_its_package(bare: Path, tmp_path: Path) -> None:
    stub(bare, "python3.11", 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac')
    done = run(MAKE_VENV, bare, str(tmp_path / "venv"))
    assert done.returncode == 1
    assert "    sudo apt install python3.11-venv\n" in done.stderr


def test_chromium_that_is_there_is_taken(bare: Path) -> None:
    stub(bare, "chromium", "exit 1")
    done = run(INSTALL_CHROMIUM, bare)
    assert (done.returncode, done.stdout) == (0, "")


def test_without_rights_the_exact_command_is_said(bare: Path) -> None:
    stub(bare, "id", "echo 1000")
    stub(bare, "apt-get", "exit 99")
    done = run(INSTALL_CHROMIUM, bare)
    assert done.returncode == 1
    assert (
        "    sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends chromium"
        in done.stderr
    )


def test_with_rights_it_is_installed(bare: Path, tmp_path: Path) -> None:
    stub(bare, "id", "echo 0")
    stub(bare, "sh", 'exec /bin/sh "$@"')
    stub(bare, "apt-get", f'echo "$@" >> {tmp_path}/calls')
    assert run(INSTALL_CHROMIUM, bare).returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == [
        "update",
        "install --yes --no-install-recommends chromium fonts-noto-cjk",
    ]


def test_without_espeak_only_its_tests_are_left_out(bare: Path, tmp_path: Path) -> None:
    stub(bare, "id", "echo 1000")
    stub(bare, "apt-get", "exit 99")
    done = run(INSTALL_ESPEAK, bare)
    assert done.returncode == 0 and "apt-get install --yes --no-install-recommends espeak-ng" in done.stderr
    stub(bare, "espeak-ng", "exit 1")
    done = run(INSTALL_ESPEAK, bare)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_engine_that_there_is_not_is_said(bare: Path) -> None:
    (bare / "dirname").symlink_to("/usr/bin/dirname")
    done = run(INSTALL_TRANSCRIPTION, bare, "/bin/false", "whisperer")
    assert done.returncode == 1 and "openai-whisper or faster-whisper" in done.stderr


def test_continuous_integration_ends_as_make_ends(bare: Path, tmp_path: Path) -> None:
    stub(bare, "make", f'echo "$@" > {tmp_path}/calls; exit 7')
    (bare / "dirname").symlink_to("/usr/bin/dirname")
    assert run(PROJECT / ".ci" / "run", bare).returncode == 7
    assert (tmp_path / "calls").read_text() == "check test\n"
    assert os.access(PROJECT / ".ci" / "run", os.X_OK)
