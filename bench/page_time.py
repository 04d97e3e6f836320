"""A page's trace as if nothing else had run on the machine: each task lasts the CPU time it took.

Pure: a Chromium trace (Trace Event Format) → the same trace. A page that Lighthouse loads on a phone pays for
each of its main thread's tasks four times, by the clock on the wall. Where the server, the encoder, a decoder
and a rasteriser in software share two cores with the page, that clock tells of them: the same task takes 4 ms
of CPU, and 4 to 20 ms on the wall. Chromium writes both (`dur` and `tdur`, microseconds).
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from typing import Any

Event = dict[str, Any]
Thread = tuple[Any, Any]

TASKS = ("RunTask", "ThreadControllerImpl::RunTask")


def by_cpu_time(trace: dict[str, Any]) -> dict[str, Any]:
    """`trace` with every outermost task of every thread shortened from `dur` to its `tdur`, and what happened
    within it moved in proportion, so that nothing leaves the task it belongs to. Tasks begin when they began.
    """
    spans = _outermost_tasks(trace["traceEvents"])
    events = [_moved(event, spans.get(_thread(event))) for event in trace["traceEvents"]]
    return {**trace, "traceEvents": events}


class _Spans:
    """Outermost tasks of one thread, in order: begin, length, and which share of it was its own CPU time."""

    def __init__(self) -> None:
        self._begins: list[float] = []
        self._tasks: list[tuple[float, float]] = []
        self._end = float("-inf")

    def add(self, begin: float, length: float, cpu: float) -> None:
        if begin >= self._end:
            self._begins.append(begin)
            self._tasks.append((length, min(1.0, cpu / length) if length else 1.0))
            self._end = begin + length

    def place(self, at: float) -> float:
        """Where a moment goes: within a task nearer to its beginning, elsewhere nowhere."""
        index = bisect.bisect_right(self._begins, at) - 1
        if index < 0:
            return at
        begin, (length, share) = self._begins[index], self._tasks[index]
        return begin + (at - begin) * share if at <= begin + length else at


def _outermost_tasks(events: list[Event]) -> dict[Thread, _Spans]:
    tasks = [event for event in events if event["name"] in TASKS and {"dur", "tdur"} <= event.keys()]
    spans: dict[Thread, _Spans] = defaultdict(_Spans)
    for task in sorted(tasks, key=lambda task: (task["ts"], -task["dur"])):
        spans[_thread(task)].add(task["ts"], task["dur"], task["tdur"])
    return spans


def _moved(event: Event, spans: _Spans | None) -> Event:
    if spans is None or event["ph"] == "M":
        return event
    begin = spans.place(event["ts"])
    if "dur" not in event:
        return {**event, "ts": begin}
    return {**event, "ts": begin, "dur": spans.place(event["ts"] + event["dur"]) - begin}


def _thread(event: Event) -> Thread:
    return event.get("pid"), event.get("tid")
