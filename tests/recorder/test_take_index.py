"""The index file's records: whatever is cut or flipped, what is read is what was written, from the front."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recorder import take_index
from recorder.media import PartRecord
from recorder.take_index import IndexHeader, Mark

_u32 = st.integers(0, 2**32 - 1)
_u64 = st.integers(0, 2**64 - 1)
_records = st.builds(
    PartRecord,
    *(_u64, _u32, _u64, _u32, _u32, st.integers(0, 65_535), st.booleans(), _u32),
    filled=st.booleans(),
)


@given(st.lists(_records, max_size=5))
def test_records_are_read_back(records: list[PartRecord]) -> None:
    data = b"".join(map(take_index.pack_record, records))
    assert len(data) == 64 * len(records)
    assert take_index.parts_and_marks(data) == (len(records), frozenset())
    assert list(take_index.iterate(data, 0, len(records))) == records


@given(_u32, st.booleans(), _u32)
def test_a_header_is_read_back_and_refused_when_spoiled(take: int, slate: bool, length: int) -> None:
    header = IndexHeader(take, slate, length)
    data = header.pack()
    assert take_index.parse_header(data) == header
    assert take_index.parse_header(data[:-1]) is None
    for at in range(64):
        assert take_index.parse_header(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) is None


def test_a_cut_at_every_byte_leaves_the_whole_records() -> None:
    record = PartRecord(1000, 200, 3, 4, 5, 6, True, 7, filled=True)
    data = take_index.pack_record(record) * 3 + take_index.pack_mark(Mark.END)
    for length in range(len(data)):
        assert take_index.whole_records(data[:length]) == length // 64


def test_a_flipped_bit_ends_what_is_read() -> None:
    data = bytearray(take_index.pack_record(PartRecord(1000, 200, 3, 4, 5, 6, True, 7)) * 3)
    for at in range(64, 128):
        spoiled = bytes(data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :])
        assert take_index.whole_records(spoiled) == 1


def test_marks_stand_behind_the_parts() -> None:
    data = take_index.pack_record(PartRecord(0, 1, 2, 3, 4, 5, False, 6))
    data += take_index.pack_mark(Mark.END) + take_index.pack_mark(Mark.LOST)
    assert take_index.parts_and_marks(data) == (1, frozenset({Mark.END, Mark.LOST}))


@given(st.binary(max_size=300))
def test_rubbish_has_no_records(data: bytes) -> None:
    # 64 zero bytes would carry a right checksum only if CRC-32 of zeros were zero: it is not.
    assert take_index.whole_records(data) == 0
