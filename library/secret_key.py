"""The installation's secret: 32 random bytes in `storage/secret.key`, made once, readable by its owner only.

Read at start by every process that signs or checks (cookies, tokens, media addresses); all of them,
on all web hosts, need the same bytes. Creation is atomic: who comes second reads the first one's key.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from library.lasting_file import sync_folder

_LENGTH = 32


class SecretKeyError(Exception):
    """The key file cannot be made or is not one; the message says what to do."""


def installation_secret(storage: Path) -> bytes:
    """The key's bytes; made if there is none. Raises SecretKeyError."""
    path = storage / "secret.key"
    try:
        if not path.exists():
            _create_once(path)
        key = path.read_bytes()
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise SecretKeyError(f"{path}: {error.strerror}") from error
    if len(key) != _LENGTH:
        raise SecretKeyError(f"{path} is damaged: restore it, or remove it to sign everybody out")
    return key


def _create_once(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike rename, never replaces a key that another process just made
        except FileExistsError:
            return
    finally:
        os.unlink(temporary)
    sync_folder(path.parent)
