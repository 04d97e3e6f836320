"""CSV tables: whatever a cell holds comes back, nothing in it calculates, and the file says what it is."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from broadcast.csv_table import BOM, CHUNK_CHARACTERS, FORMULA_STARTS, cell_text, csv_response, table

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CELLS = st.one_of(
    TEXTS, st.integers(), st.booleans(), st.none(), st.sampled_from(["=1+1", "@SUM(A1)", "\t=1"])
)


def read(text: str) -> list[list[str]]:
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


@given(st.lists(TEXTS, min_size=2, max_size=4), st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=5))
def test_every_cell_comes_back_and_none_is_a_formula(header: list[str], rows: list[list[object]]) -> None:
    got = read("".join(table(header, rows)))  # type: ignore[arg-type]
    assert len(got) == len(rows) + 1
    for cells, row in zip(got[1:], rows, strict=True):
        assert cells == [cell_text(cell) for cell in row]  # type: ignore[arg-type]
        for text, cell in zip(cells, row, strict=True):
            if isinstance(cell, str):
                assert not text.startswith(FORMULA_STARTS)
                assert text.removeprefix("'") == cell.replace("\0", "").removeprefix("'")


@given(st.text())
def test_lines_end_as_rfc_4180_says_and_every_text_has_bytes(text: str) -> None:
    written = "".join(table(["a", "b"], [[text, "x"]]))
    assert written.endswith(",x\r\n")
    assert written.encode("utf-8", "replace").startswith(b"\xef\xbb\xbfa,b\r\n")


def test_values_that_are_no_texts() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert cell_text(datetime(2026, 11, 26, 9, 30, tzinfo=tokyo)) == "2026-11-26T00:30:00Z"
    assert cell_text(datetime(2026, 11, 26, tzinfo=UTC)) == "2026-11-26T00:00:00Z"
    assert [cell_text(cell) for cell in (-5, 1.5, True, False, None)] == ["-5", "1.5", "true", "false", ""]
    assert cell_text("＝cmd|' /C calc'!A0").startswith("'＝")


def test_the_answer_begins_before_the_last_row_is_read() -> None:
    read_yet: list[int] = []

    def rows() -> Iterator[list[str]]:
        for number in range(10_000):
            read_yet.append(number)
            yield ["x" * 100]

    pieces = table(["a"], rows())
    first = next(pieces)
    assert len(first) >= CHUNK_CHARACTERS
    assert len(read_yet) < 1_000
    assert first.count("\r\n") + sum(piece.count("\r\n") for piece in pieces) == 10_001


def test_the_file_has_a_name_of_any_characters_and_is_kept_by_nobody() -> None:
    app = Flask("csv")
    app.add_url_rule("/t", view_func=lambda: csv_response('利用 "履歴"\r\nX: y', ["見出し"], [["値"]]))
    answer = app.test_client().get("/t")
    assert answer.data == "\ufeff見出し\r\n値\r\n".encode()
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    named = answer.headers["Content-Disposition"]
    assert named.startswith('attachment; filename="')
    assert named.endswith("filename*=UTF-8''%E5%88%A9%E7%94%A8%20%E5%B1%A5%E6%AD%B4%20X%20y.csv")
    assert "no-store" in answer.headers["Cache-Control"]
