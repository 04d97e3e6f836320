"""Writes requirements/*.lock: exact versions with hashes for Linux, from pyproject.toml's ranges.

`make lock` calls it with `--upgrade`; without, versions stay as far as the ranges allow. No address
of a package index gets into the files, so any index that has the same bytes serves.
"""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# The larger one first: what serves is then held to the versions that are tested. The S3 server of the tests
# lives in an environment of its own and holds Kodo to nothing.
LOCKS = {
    "dev.lock": ["pyproject.toml", "--group", "dev"],
    "run.lock": ["pyproject.toml", "--constraints", "requirements/dev.lock"],
    "s3-server.lock": ["--group", "s3-server"],
}


def main(arguments: list[str]) -> int:
    """Write both files → exit code."""
    (PROJECT / "requirements").mkdir(exist_ok=True)
    for name, options in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *options, "--quiet"]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--output-file", f"requirements/{name}", *arguments]
        code = subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
