"""Which benchmarks there are, how long they run, and the bar of each figure.

Shows 2, 3, 4, 7 of issue 2; Shows 2 and 3 of issue 3; Shows 3 and 5 of issue 4; Shows 1
and 6 of issue 5.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.fidelity import Network

_COMPARISONS = {"≤": operator.le, "≥": operator.ge, "=": operator.eq}


@dataclass(frozen=True, slots=True)
class Bar:
    """`figure` must stand in `relation` (≤, ≥ or =) to `limit`."""

    figure: str
    relation: str
    limit: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`module.function(folder, **full)` measures; `quick`: the arguments of a short run."""

    title: str
    module: str
    bars: tuple[Bar, ...]
    full: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    by_name_only: bool = False  # needs what not every machine has
    function: str = "run"


WITHOUT_RTX = Network(delay_seconds=0.04, loss=0.01, rtx=False)

BENCHMARKS: Mapping[str, Benchmark] = {
    "fidelity": Benchmark(
        "NAL units in the log over 40 ms and 2 % loss with RTX",
        "bench.fidelity",
        (
            Bar("share_logged", "=", 1.0),
            Bar("altered", "=", 0),
            Bar("decode_errors", "=", 0),
            Bar("worst_freeze_ms", "≤", 250),
        ),
        {"seconds": 300.0},
        {"seconds": 20.0},
    ),
    "fidelity-without-rtx": Benchmark(
        "the log over 40 ms and 1 % loss, retransmissions discarded",
        "bench.fidelity",
        (Bar("altered", "=", 0), Bar("decode_errors", "=", 0), Bar("worst_freeze_ms", "≤", 1000)),
        {"seconds": 300.0, "network": WITHOUT_RTX},
        {"seconds": 20.0, "network": WITHOUT_RTX},
    ),
    "ingest": Benchmark(
        "CPU per written frame against aiortc's MediaRecorder; latency of one ingest's parts",
        "bench.ingest",
        (Bar("ratio", "≥", 6), Bar("part_ms_p50", "≤", 5), Bar("part_ms_p95", "≤", 50)),
        {"seconds": 30.0, "rounds": 3},
        {"seconds": 8.0, "rounds": 1},
    ),
    "eight": Benchmark(
        "eight ingests into a recorder on one core",
        "bench.eight",
        (Bar("frames_lost", "=", 0), Bar("part_ms_p95", "≤", 150)),
        {"seconds": 60.0},
        {"seconds": 10.0},
    ),
    "viewers": Benchmark(
        "1,000 held viewers of one real ingest, no edge",
        "bench.viewers",
        (Bar("part_ms_p99", "≤", 300), Bar("errors", "=", 0)),
        {"viewers": 1000, "seconds": 60.0},
        {"viewers": 200, "seconds": 10.0},
    ),
    "long": Benchmark(
        "a lecture of three hours",
        "bench.long",
        (
            Bar("replay_starts_seconds", "≤", 1.0),
            Bar("playlist_gzip_bytes", "≤", 60_000),
            Bar("delta_gzip_bytes", "≤", 2_000),
            Bar("recovery_seconds", "≤", 5.0),
            Bar("remux_by_cp", "≤", 3.0),
            Bar("web_megabytes_more", "≤", 20.0),
        ),
        {"hours": 3.0},
        {"hours": 0.2},
    ),
    "pictures": Benchmark(
        "poster, storyboard and loudness of three hours of full HD",
        "bench.pictures",
        (Bar("cpu_seconds_an_hour", "≤", 60), Bar("megabytes", "≤", 300), Bar("poster_bytes", "≤", 80_000)),
        {"hours": 3.0},
        {"hours": 0.1},
    ),
    "latency": Benchmark(
        "encoder to canvas by a clock in the picture, stock hls.js beside it (seconds)",
        "bench.latency",
        (Bar("median", "≤", 0.9), Bar("p95", "≤", 1.1), Bar("stalls", "=", 0), Bar("skips", "=", 0)),
        {"seconds": 600.0, "runs": 3},
        {"seconds": 60.0, "runs": 1},
    ),
    "jitter": Benchmark(
        "the room's page on a line with jitter: it backs off by itself and comes back (seconds)",
        "bench.bad_line",
        (
            Bar("backed_off", "≥", 0.2),
            Bar("stalls_after_backing_off", "=", 0),
            Bar("median_after", "≤", 0.95),
            Bar("skips", "=", 0),
        ),
        {"seconds": 120.0, "quiet_seconds": 150.0},
        {"seconds": 60.0, "quiet_seconds": 140.0},
        function="jitter",
    ),
    "catch-up": Benchmark(
        "from 10 s behind to the edge without leaving anything out (seconds)",
        "bench.bad_line",
        (Bar("caught_up_seconds", "≤", 60), Bar("left_out", "=", 0), Bar("skips", "=", 0)),
        function="catch_up",
    ),
    "search": Benchmark(
        "finding words among 500,000 sentences (milliseconds; LIKE and FTS5 trigrams beside it)",
        "bench.search",
        (Bar("sqlite_p95_ms", "≤", 50), Bar("postgresql_p95_ms", "≤", 50)),
        {"segments": 500_000, "questions": 40},
        {"segments": 20_000, "questions": 10},
    ),
    "library": Benchmark(
        "whole pages of the library with 50,000 recordings, over HTTP (milliseconds)",
        "bench.catalogue_pages",
        (Bar("sqlite_pages_p95_ms", "≤", 150), Bar("postgresql_pages_p95_ms", "≤", 150)),
        {"recordings": 50_000, "rounds": 8},
        {"recordings": 2_000, "rounds": 1},
    ),
    "backup": Benchmark(
        "31 days of backups of 200 MB of media and a changing database, beside restic",
        "bench.backup",
        (
            Bar("generations", "=", 30),
            Bar("identical", "=", 30),
            Bar("size_by_unique", "≤", 1.05),
            Bar("unchanged_by_restic", "≤", 1.0),
            Bar("damaged", "=", 0),
        ),
        {"media_megabytes": 200, "database_megabytes": 20, "days": 31},
        {"media_megabytes": 20, "database_megabytes": 4, "days": 31},
    ),
    "usage": Benchmark(
        "a year of usage history (2,000,000 visits): page, tables, removal beside writers",
        "bench.usage",
        tuple(
            Bar(f"{database}_{figure}", "≤", limit)
            for database in ("sqlite", "postgresql")
            for figure, limit in (
                ("page_worst_ms", 2000),
                ("table_starts_ms", 2000),
                ("writer_waits_worst_ms", 100),
            )
        ),
        {"visits": 2_000_000, "old": 100_000, "rounds": 3},
        {"visits": 20_000, "old": 5_000, "rounds": 1},
    ),
    "pages": Benchmark(
        "Lighthouse on front page, sign-in, live hall and recording, phone and desktop (needs Node)",
        "bench.pages",
        (
            Bar("lowest_performance", "≥", 95),
            Bar("lowest_accessibility", "≥", 95),
            Bar("lowest_best_practices", "≥", 95),
        ),
        {"rounds": 3},
        {"rounds": 1},
        by_name_only=True,
    ),
}


def judge(bar: Bar, found: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the figure meets its bar, and a line that says so."""
    value = found[bar.figure]
    met = bool(_COMPARISONS[bar.relation](value, bar.limit))
    return met, f"{'met   ' if met else 'MISSED'} {bar.figure} {value} (bar: {bar.relation} {bar.limit:g})"
