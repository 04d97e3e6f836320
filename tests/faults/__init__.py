"""Whole installations that are killed, cut off and filled up in mid-lecture.

`make test` runs small counts, `make faults` the full ones (KODO_FULL=1).
"""

import os

FULL = os.environ.get("KODO_FULL") == "1"


def count(full: int, small: int) -> int:
    """How often: `full` in `make faults`, else `small`."""
    return full if FULL else small
