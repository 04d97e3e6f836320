"""`make fuzz`: 20,000 made-up calls of the API, in pieces of 2,000 over a fresh house each.

Exit code 1 if any answer was wrong. `--calls`, `--seed`: fewer, or others.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fuzzing.api_fuzz import fuzz, fuzzed_house

CALLS, PIECE = 20_000, 2_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    calls, statuses, problems, number = 0, Counter[int](), dict[str, str](), parsed.seed
    while calls < parsed.calls:
        with tempfile.TemporaryDirectory() as folder, fuzzed_house(Path(folder)) as house:
            found = fuzz(house, min(PIECE, parsed.calls - calls), number=number)
        calls, number = calls + found.calls, number + 1
        statuses += found.statuses
        problems |= found.problems
        print(f"{calls} calls: {dict(sorted(statuses.items()))}", flush=True)
    for name, shown in sorted(problems.items()):
        print(f"\n{name}\n{shown}")
    print(f"{calls} calls, {len(problems)} kinds of wrong answers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
