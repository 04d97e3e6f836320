"""Writes requirements/*.lock: exact versions with hashes for Linux, from pyproject.toml's ranges.

`make lock` calls it with `--upgrade`; without, versions stay as far as the ranges allow. No address
of a package index gets into the files, so any index that has the same bytes serves.
"""

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# The larger one first: what serves, and what transcribes, is then held to the versions that are tested. The
# S3 server of the tests lives in an environment of its own and holds Kodo to nothing.
AS_TESTED = ["--constraints", "requirements/dev.lock"]
LOCKS = {
    "dev.lock": ["pyproject.toml", "--group", "dev"],
    "run.lock": ["pyproject.toml", *AS_TESTED],
    "transcription.lock": [
        "--group",
        "transcription",
        *AS_TESTED,
        "--overrides",
        "requirements/without-torch.txt",
    ],
    "faster-whisper.lock": ["--group", "faster-whisper", *AS_TESTED],
    "s3-server.lock": ["--group", "s3-server"],
}


def main(arguments: list[str]) -> int:
    """Write the files → exit code."""
    (PROJECT / "requirements").mkdir(exist_ok=True)
    for name, options in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *options, "--quiet"]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--output-file", f"requirements/{name}", *arguments]
        code = subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL).returncode
        if code:
            return code
        drop_what_is_never_installed(PROJECT / "requirements" / name)
    return 0


def drop_what_is_never_installed(lock: Path) -> None:
    """Take out what `requirements/without-torch.txt` excludes, which would be there with its marker."""
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    kept = [entry for entry in entries if "sys_platform == 'never'" not in entry]
    lock.write_text("\n".join(kept) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
