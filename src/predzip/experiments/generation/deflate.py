"""How many bits deflate (gzip, zlib) writes, exactly: its streams end on a whole byte, its codes do not.

zlib tells lengths in bytes. The bit where the last block ends is found by reading the stream as RFC 1951 says, codes
only: what they stand for is not needed. So gzip can be asked about a single byte, with differences of a bit, not of 8.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import chain, repeat

from predzip.errors import CorruptError

_END_OF_BLOCK = 256
_FIRST_LENGTH = 257
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
"""In which order a dynamic block gives the lengths of its code of code lengths (RFC 1951, 3.2.7)."""
_LENGTH_EXTRA = tuple(chain(repeat(0, 8), *(repeat(bits, 4) for bits in range(1, 6)), (0,)))
_DISTANCE_EXTRA = tuple(chain(repeat(0, 4), *(repeat(bits, 2) for bits in range(1, 14))))
_REPEATS = {16: (3, 2), 17: (3, 3), 18: (11, 7)}
"""Symbol of the code of code lengths: fewest repeats, and bits of how many more."""
_LONGEST_CODE = 15
_Code = dict[tuple[int, int], int]
"""(length, code) to symbol."""


def deflate_bits(data: bytes, level: int = 9) -> int:
    """Bits that raw deflate takes for `data`, without the zeros that fill its last byte."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream_bits(packer.compress(data) + packer.flush())


def stream_bits(stream: bytes) -> int:
    """Where the last block of a raw deflate stream ends, in bits.

    Raises:
        CorruptError: it is no such stream.
    """
    reader = _Reader(stream)
    while True:
        final, kind = reader.take(1), reader.take(2)
        if kind == 0:
            reader.position = -(-reader.position // 8) * 8
            length = reader.take(16)
            reader.position += 16 + 8 * length  # the length once more, inverted
        elif kind == 1:
            literals = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8
            reader.skip_block(_code(literals), _code([5] * 30))
        elif kind == 2:
            reader.skip_block(*reader.dynamic_codes())
        else:
            raise CorruptError("not a deflate stream: a block of the reserved kind")
        reader.check_end()
        if final:
            return reader.position


def _code(lengths: Sequence[int]) -> _Code:
    """Canonical Huffman code from the lengths of its codes (RFC 1951, 3.2.2)."""
    code, value = {}, 0
    for length in range(1, _LONGEST_CODE + 1):
        for symbol, own in enumerate(lengths):
            if own == length:
                code[length, value] = symbol
                value += 1
        value <<= 1
    return code


class _Reader:
    """Bits of a stream, lowest first."""

    def __init__(self, stream: bytes) -> None:
        self._bits = int.from_bytes(stream, "little")
        self._end = 8 * len(stream)
        self.position = 0

    def check_end(self) -> None:
        """Refuse to read on behind the stream, where zeros would go on for ever."""
        if self.position > self._end:
            raise CorruptError("the deflate stream ends early")

    def take(self, count: int) -> int:
        value = self._bits >> self.position & ((1 << count) - 1)
        self.position += count
        return value

    def symbol(self, code: _Code) -> int:
        ahead = self._bits >> self.position & ((1 << _LONGEST_CODE) - 1)
        value = 0
        for length in range(1, _LONGEST_CODE + 1):
            value = value << 1 | (ahead & 1)
            ahead >>= 1
            found = code.get((length, value))
            if found is not None:
                self.position += length
                return found
        raise CorruptError("not a deflate stream: a code that stands for nothing")

    def dynamic_codes(self) -> tuple[_Code, _Code]:
        literals, distances, given = self.take(5) + 257, self.take(5) + 1, self.take(4) + 4
        of_lengths = [0] * len(_ORDER)
        for place in _ORDER[:given]:
            of_lengths[place] = self.take(3)
        code = _code(of_lengths)
        lengths: list[int] = []
        while len(lengths) < literals + distances:
            symbol = self.symbol(code)
            if symbol in _REPEATS:
                least, bits = _REPEATS[symbol]
                value = lengths[-1] if symbol == 16 and lengths else 0
                lengths += [value] * (least + self.take(bits))
            else:
                lengths.append(symbol)
        return _code(lengths[:literals]), _code(lengths[literals : literals + distances])

    def skip_block(self, literals: _Code, distances: _Code) -> None:
        while (symbol := self.symbol(literals)) != _END_OF_BLOCK:
            self.check_end()
            if symbol >= _FIRST_LENGTH:
                length, distance = symbol - _FIRST_LENGTH, -1
                if length < len(_LENGTH_EXTRA):
                    self.position += _LENGTH_EXTRA[length]
                    distance = self.symbol(distances)
                if not 0 <= distance < len(_DISTANCE_EXTRA):
                    raise CorruptError("not a deflate stream: a length or distance that does not exist")
                self.position += _DISTANCE_EXTRA[distance]
