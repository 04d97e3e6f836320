"""The one lease for backups and collections of a repository: who has it may write and remove, nobody else."""

from __future__ import annotations

from typing import Protocol


class Lease(Protocol):
    """Held within `Place.lease`."""

    def check(self) -> None:
        """Called before anything that cannot be undone. Raises LeaseLost."""
