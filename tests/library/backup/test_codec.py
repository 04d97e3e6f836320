"""Objects: what goes in comes out, whatever its length; a flipped bit, a cut or other frames never do."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.backup import sealed
from library.backup.codec import FRAME_BYTES, Check, Codec, Unreadable
from library.backup.errors import KeyDamaged
from library.backup.keys import BackupKey, new_key

KEY = BackupKey(bytes(range(32)))
CODECS = {"plain": Codec(None), "encrypted": Codec(KEY)}
EDGES = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES]


def encoded(codec: Codec, data: bytes, compressed: bool) -> tuple[str, bytes]:
    name = codec.names(sha256(data).digest())[compressed]
    return name, b"".join(codec.encode([data[:7], data[7:]], compressed=compressed))


def decoded(codec: Codec, name: str, stored: bytes) -> bytes:
    chunks = (stored[at : at + 65_537] for at in range(0, len(stored), 65_537))
    return b"".join(Check(codec, name).passing(codec.decode(name, chunks)))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", CODECS)
@pytest.mark.parametrize("length", EDGES)
def test_content_comes_back(kind: str, length: int, compressed: bool) -> None:
    data = bytes(range(256)) * (length // 256 + 1)
    name, stored = encoded(CODECS[kind], data[:length], compressed)
    assert decoded(CODECS[kind], name, stored) == data[:length]


@given(st.binary(min_size=1, max_size=2000), st.booleans(), st.sampled_from(sorted(CODECS)), st.data())
def test_one_bit_is_noticed(data: bytes, compressed: bool, kind: str, choose: st.DataObject) -> None:
    codec = CODECS[kind]
    name, stored = encoded(codec, data, compressed)
    bit = choose.draw(st.integers(0, 8 * len(stored) - 1))
    flipped = bytearray(stored)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unreadable):
        decoded(codec, name, bytes(flipped))


@given(st.binary(min_size=1, max_size=500), st.booleans(), st.sampled_from(sorted(CODECS)), st.data())
def test_a_cut_is_noticed(data: bytes, compressed: bool, kind: str, choose: st.DataObject) -> None:
    name, stored = encoded(CODECS[kind], data, compressed)
    with pytest.raises(Unreadable):
        decoded(CODECS[kind], name, stored[: choose.draw(st.integers(0, len(stored) - 1))])


def test_frames_cannot_be_left_out() -> None:
    data = bytes(2 * FRAME_BYTES + 5)
    name, stored = encoded(CODECS["encrypted"], data, False)
    with pytest.raises(Unreadable):
        decoded(CODECS["encrypted"], name, stored[: 40 + FRAME_BYTES + 16])


def test_names_tell_nothing_without_the_key() -> None:
    digest = sha256(b"a lecture").digest()
    name = CODECS["encrypted"].names(digest)[0]
    assert digest.hex() not in name
    assert name != Codec(BackupKey.parse(new_key().encode())).names(digest)[0]


def test_another_key_reads_nothing() -> None:
    name, stored = encoded(CODECS["encrypted"], b"content", False)
    with pytest.raises(Unreadable):
        decoded(Codec(BackupKey.parse(new_key().encode())), name, stored)


@pytest.mark.parametrize(
    "text", [b"", b"kodo-backup-key-1 ", b"kodo-backup-key-1 " + b"A" * 44, b"\xff" * 60]
)
def test_what_is_no_key(text: bytes) -> None:
    with pytest.raises(KeyDamaged):
        BackupKey.parse(text)


@given(st.integers(0, 10_000), st.sampled_from([None, KEY]))
def test_small_files_notice_any_bit(bit: int, key: BackupKey | None) -> None:
    data = sealed.seal({"format": 1, "name": "講義", "list": ["a", 1]}, key)
    flipped = bytearray(data)
    flipped[bit // 8 % len(data)] ^= 1 << bit % 8
    with pytest.raises(sealed.NotWhole):
        sealed.unseal(bytes(flipped), key)
    assert sealed.unseal(data, key)["name"] == "講義"
