"""What of an installation goes into a backup: its database, sessions' and films' files, key, settings.

Used by whatever runs a backup. Left out is what can be had again from elsewhere or belongs to a process:
models of speech, caches of objects, sockets, logs, the quarantine, folders on their way in or out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from library.backup.values import Source
from settings import Settings


@contextmanager
def opened_source(settings: Settings) -> Iterator[Source]:
    """For one run of a backup; what lies in the object store is fetched from there while it is open."""
    raise NotImplementedError(settings)
