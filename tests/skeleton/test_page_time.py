"""The trace a page is judged by: tasks last their CPU time, and nothing leaves the task it belongs to."""

from hypothesis import given
from hypothesis import strategies as st

from bench.page_time import by_cpu_time

MAIN = {"pid": 1, "tid": 1}


def _task(begin: float, length: float, cpu: float, **thread: int) -> dict[str, object]:
    return {**MAIN, **thread, "name": "RunTask", "ph": "X", "ts": begin, "dur": length, "tdur": cpu}


def _events(*events: dict[str, object]) -> list[dict[str, object]]:
    return by_cpu_time({"traceEvents": list(events)})["traceEvents"]


def test_a_task_lasts_its_cpu_time_and_begins_when_it_began() -> None:
    (task,) = _events(_task(1000, 20_000, 5_000))
    assert (task["ts"], task["dur"]) == (1000, 5_000)


def test_what_happens_within_a_task_moves_in_proportion() -> None:
    script = {**MAIN, "name": "EvaluateScript", "ph": "X", "ts": 11_000, "dur": 8_000, "tdur": 8_000}
    mark = {**MAIN, "name": "firstContentfulPaint", "ph": "R", "ts": 21_000}
    _, moved, marked = _events(_task(1000, 20_000, 5_000), script, mark)
    assert (moved["ts"], moved["dur"]) == (3_500, 2_000)
    assert marked["ts"] == 6_000


def test_other_threads_and_what_lies_between_tasks_stay() -> None:
    other = _task(1000, 20_000, 20_000, tid=2)
    between = {**MAIN, "name": "navigationStart", "ph": "R", "ts": 30_000}
    _, kept, place = _events(_task(1000, 20_000, 5_000), other, between)
    assert kept == other
    assert place["ts"] == 30_000


def test_a_thread_without_cpu_times_keeps_the_walls() -> None:
    task = {**MAIN, "name": "RunTask", "ph": "X", "ts": 0, "dur": 9_000}
    assert _events(task) == [task]


@given(
    st.lists(
        st.tuples(st.integers(1, 50_000), st.integers(0, 50_000), st.floats(0, 1.2)), min_size=1, max_size=20
    )
)
def test_tasks_keep_their_order_never_grow_and_hold_what_they_held(
    rows: list[tuple[int, int, float]],
) -> None:
    events, at = [], 0
    for gap, length, share in rows:
        at += gap
        events += [_task(at, length, length * share), _task(at + length // 4, length // 2, length // 3)]
        at += length
    moved = _events(*events)
    for (before, outer), inner in zip(zip(events[::2], moved[::2], strict=True), moved[1::2], strict=True):
        assert outer["ts"] == before["ts"]
        assert outer["dur"] <= before["dur"] + 1e-6
        assert outer["ts"] <= inner["ts"] + 1e-6
        assert inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"] + 1e-6
