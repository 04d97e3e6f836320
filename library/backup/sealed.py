"""Small JSON files of a repository that say of themselves whether they are whole.

`check` is the SHA-256 of everything else in its canonical form (keys sorted, no spaces), or with a key an
HMAC. Pure.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from library.backup.keys import BackupKey


class NotWhole(Exception):
    """The file is torn, flipped, foreign or somebody else's work."""


def seal(document: Mapping[str, Any], key: BackupKey | None = None) -> bytes:
    """As it is written."""
    return json.dumps({**document, "check": _check(document, key)}, indent=1, sort_keys=True).encode() + b"\n"


def unseal(data: bytes, key: BackupKey | None = None) -> dict[str, Any]:
    """What it says. Raises NotWhole."""
    try:
        document = json.loads(data)
        told = document.pop("check")
        whole = hmac.compare_digest(told, _check(document, key)) and seal(document, key) == data
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotWhole("cannot be read") from error
    if not whole:
        raise NotWhole("is not what was written")
    return dict(document)


def _check(document: Mapping[str, Any], key: BackupKey | None) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return sha256(canonical).hexdigest() if key is None else key.mac(canonical)
