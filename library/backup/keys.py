"""The key of an encrypted repository: 32 random bytes that the admin keeps, and what is derived of them.

Key file: one line, `kodo-backup-key-1 <base64>`. Lost, the backups are lost: nobody can help. Each use has a
key of its own by HKDF-SHA256 (RFC 5869), from the library `cryptography`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from hashlib import sha256
from pathlib import Path

from library.backup.errors import KeyDamaged

_LINE = re.compile(rb"kodo-backup-key-1 ([A-Za-z0-9+/]{43}=)\s*")
_BYTES = 32


def new_key() -> str:
    """The content of a new key file."""
    return f"kodo-backup-key-1 {base64.b64encode(secrets.token_bytes(_BYTES)).decode()}\n"


class BackupKey:
    """Never shown: its `repr` has nothing of it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _BYTES:
            raise KeyDamaged("a key has 32 bytes")
        self._secret = secret
        self._names = self.derived(b"names")
        self._heads = self.derived(b"heads")

    @classmethod
    def parse(cls, text: bytes) -> BackupKey:
        """Raises KeyDamaged."""
        match = _LINE.fullmatch(text)
        try:
            return cls(base64.b64decode(match[1], validate=True) if match else b"")
        except (binascii.Error, KeyDamaged):
            raise KeyDamaged("this is no key of Kodo's backups (kodo-backup-key-1 …)") from None

    @classmethod
    def load(cls, path: Path) -> BackupKey:
        """Raises KeyDamaged, OSError."""
        with open(path, "rb") as file:
            return cls.parse(file.read(1000))

    def derived(self, purpose: bytes, salt: bytes = b"") -> bytes:
        """32 bytes for one use."""
        # Imported here, and in codec.py: an unchanged backup's time goes into imports, and most have no key.
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        kdf = HKDF(algorithm=SHA256(), length=_BYTES, salt=salt or None, info=b"kodo-backup-1 " + purpose)
        return kdf.derive(self._secret)

    def name_of(self, digest: bytes) -> str:
        """What content with this SHA-256 is called: without the key nobody can tell what is there."""
        return hmac.digest(self._names, digest, sha256).hex()

    def mac(self, data: bytes) -> str:
        """Of heads and of the repository's description."""
        return hmac.digest(self._heads, data, sha256).hex()
