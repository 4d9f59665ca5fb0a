from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from predzip.coding.bits import BitReader, BitWriter


def test_bits_fill_bytes_from_the_top():
    writer = BitWriter()
    writer.write(0b101, 3)
    writer.write_bit(1)
    assert writer.to_bytes() == bytes([0b1011_0000])
    writer.write(0b0000_1111_00, 10)
    assert writer.to_bytes() == bytes([0b1011_0000, 0b1111_0000])
    assert writer.length_bits == 14


def test_zeros_stand_behind_the_end():
    reader = BitReader(b"\xff")
    assert reader.read(8) == 255
    assert not reader.exhausted
    assert reader.read(5) == 0
    assert reader.exhausted


@given(st.lists(st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, (1 << n) - 1), st.just(n)))))
def test_round_trip(numbers):
    writer = BitWriter()
    for value, count in numbers:
        writer.write(value, count)
    reader = BitReader(writer.to_bytes())
    assert [reader.read(count) for _, count in numbers] == [value for value, _ in numbers]
    assert reader.position_bits == writer.length_bits == sum(count for _, count in numbers)
    assert len(writer.to_bytes()) == (writer.length_bits + 7) // 8
