"""Tables as CSV files, for every list that an admin may take away: one form for all of them.

`csv_response` is called in web threads and answers while the rows are still being read (outside the request's
context: take from it before what they need); rows that fail in the middle end the connection, so that half a
table is never taken for a whole one. UTF-8 with a BOM (without it Excel takes Japanese for something else),
lines and quotes as in RFC 4180, and no cell that a spreadsheet would run: a text that begins like a formula
gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from flask import Response

from broadcast.download_views import attachment, file_name

Cell = str | int | float | bool | datetime | None
Row = Sequence[Cell]

MIMETYPE = "text/csv"
BOM = "\ufeff"
# What makes a spreadsheet calculate; the full-width ones do so in Japanese and Chinese versions.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CHUNK_CHARACTERS = 1 << 15


def csv_response(name: str, header: Sequence[str], rows: Iterable[Row]) -> Response:
    """`header` and `rows` as a file `<name>.csv`, streamed; `name` of any characters (RFC 6266, 8187)."""
    response = Response(_encoded(table(header, rows)), mimetype=MIMETYPE)
    response.headers["Content-Disposition"] = attachment(f"{file_name(name)}.csv")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def table(header: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """The text of the file in pieces of about CHUNK_CHARACTERS, the BOM and the header first."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    written.write(BOM)
    writer.writerow([cell_text(cell) for cell in header])
    for row in rows:
        writer.writerow([cell_text(cell) for cell in row])
        if written.tell() >= CHUNK_CHARACTERS:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


def cell_text(cell: Cell) -> str:
    """A value as it stands in its cell, before quotes: times in UTC (ISO 8601), nothing for None."""
    if isinstance(cell, str):
        text = cell.replace("\0", "")  # there is none in a text file, and programs stop reading at it
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell)  # a number calculates nothing, also a negative one


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode("utf-8", "replace")  # a lone surrogate has no bytes
