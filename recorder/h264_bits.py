"""Bits of an H.264 NAL unit: Exp-Golomb numbers and emulation prevention (ITU-T H.264 7.3.1, 9.1).

Pure; used by h264.py to read parameter sets and slice headers and by skip_picture.py to write pictures.
Input is hostile: reading past the end or a number over 32 bits raises H264Error, nothing loops over its size.
"""

from __future__ import annotations


class H264Error(ValueError):
    """Bytes that are no H.264 we can read."""


class BitReader:
    """Reads an RBSP from its first bit. Raises H264Error past the end."""

    __slots__ = ("_left", "_value")

    def __init__(self, rbsp: bytes) -> None:
        self._value = int.from_bytes(rbsp, "big")
        self._left = len(rbsp) * 8

    def bits(self, count: int) -> int:
        """`count` bits as an unsigned number: u(n)."""
        left = self._left - count
        if left < 0:
            raise H264Error("ends in the middle of a field")
        self._left = left
        return (self._value >> left) & ((1 << count) - 1)

    def flag(self) -> bool:
        return bool(self.bits(1))

    def ue(self) -> int:
        """An unsigned Exp-Golomb number, at most 2^32 - 1."""
        window = min(self._left, 33)
        peek = (self._value >> (self._left - window)) & ((1 << window) - 1)
        zeros = window - peek.bit_length()
        if zeros > 32 or peek == 0:
            raise H264Error("a number that is too long")
        self._left -= zeros
        return self.bits(zeros + 1) - 1

    def se(self) -> int:
        """A signed Exp-Golomb number."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


class BitWriter:
    """Collects bits of an RBSP; `nal()` ends it with the trailing bits."""

    __slots__ = ("_count", "_value")

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def bits(self, value: int, count: int) -> None:
        self._value = (self._value << count) | (value & ((1 << count) - 1))
        self._count += count

    def ue(self, value: int) -> None:
        code = value + 1
        self.bits(code, 2 * code.bit_length() - 1)

    def se(self, value: int) -> None:
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def nal(self, header: int) -> bytes:
        """The NAL unit with `header` as its first byte: stop bit, alignment, emulation prevention."""
        self.bits(1, 1)
        self.bits(0, -self._count % 8)
        return escape(bytes((header,)) + self._value.to_bytes(self._count // 8, "big"))


def unescape(nal: bytes) -> bytes:
    """Without emulation prevention bytes (7.4.1.1)."""
    return nal.replace(b"\0\0\3", b"\0\0") if b"\0\0\3" in nal else nal


def escape(raw: bytes) -> bytes:
    """With emulation prevention bytes: no 00 00 0[0-3] remains in the NAL unit."""
    out = bytearray()
    zeros = 0
    for byte in raw:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)
