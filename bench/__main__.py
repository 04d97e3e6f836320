"""`python -m bench [name …] [--quick] [--ahead]`: run benchmarks, print figures beside their bars, keep both.

Every benchmark starts the real `app.py` in a temporary folder. Latencies are meant for a machine on which
nothing else runs; how busy it was is told with every figure. Where others cannot be stopped, `--ahead` lets
all of a benchmark's processes go before theirs (SCHED_RR, needs root). Exits 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.bars import BENCHMARKS, Benchmark, judge
from bench.measure import machine

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="short runs: does it work? not: how fast is it?")
    parser.add_argument(
        "--ahead", action="store_true", help="go before all other work of this machine (root)"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if arguments.ahead:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    print(machine())
    results: dict[str, object] = {"machine": machine(), "quick": arguments.quick, "ahead": arguments.ahead}
    all_met = True
    for name in arguments.names or [name for name, one in BENCHMARKS.items() if not one.by_name_only]:
        found, met = _run(name, BENCHMARKS[name], quick=arguments.quick)
        results[name] = found
        all_met = all_met and met
    _keep(results)
    return 0 if all_met else 1


def _run(name: str, benchmark: Benchmark, *, quick: bool) -> tuple[dict[str, object], bool]:
    """What was found, and whether all bars were met."""
    load = os.getloadavg()[0]
    print(f"\n{name}: {benchmark.title} (load {load:.2f})", flush=True)
    run = getattr(importlib.import_module(benchmark.module), benchmark.function)
    with tempfile.TemporaryDirectory(prefix="kodo-bench-") as folder:
        found: dict[str, object] = run(Path(folder), **(benchmark.quick if quick else benchmark.full))
    met = True
    for bar in benchmark.bars:
        fits, line = judge(bar, found)
        met = met and fits
        print("  " + line)
    for key in sorted(found.keys() - {bar.figure for bar in benchmark.bars}):
        print(f"    {key}: {found[key]}")
    return {**found, "load_before": round(load, 2)}, met


def _keep(results: dict[str, object]) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y-%m-%d-%H%M%S')}.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nkept in {path}")


if __name__ == "__main__":
    sys.exit(main())
