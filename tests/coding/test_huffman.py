from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.coding.bits import BitReader, BitWriter
from predzip.coding.frequencies import accumulate
from predzip.coding.huffman import HuffmanCode, HuffmanCoder, code_lengths
from predzip.errors import CorruptError, UsageError


def test_the_example_of_cormen_leiserson_rivest_and_stein():
    # "Introduction to Algorithms", Huffman codes: a 45, b 13, c 12, d 16, e 9, f 5 cost 224 bits for 100 letters.
    frequencies = [45, 13, 12, 16, 9, 5]
    code = HuffmanCode.from_frequencies(frequencies)
    assert code.lengths == [1, 3, 3, 3, 4, 4]
    assert [code.code(symbol) for symbol in range(6)] == ["0", "100", "101", "110", "1110", "1111"]
    assert sum(f * length for f, length in zip(frequencies, code.lengths, strict=True)) == 224


def test_powers_of_two_reach_the_entropy():
    assert code_lengths([8, 4, 2, 1, 1]) == [1, 2, 3, 4, 4]


def test_fibonacci_frequencies_give_the_deepest_tree():
    fibonacci = [1, 1]
    while sum(fibonacci) + fibonacci[-1] + fibonacci[-2] <= 1 << 32:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    lengths = code_lengths(fibonacci)
    assert max(lengths) == len(fibonacci) - 1
    table = accumulate(np.array(fibonacci, dtype=np.uint64))
    symbols = np.arange(len(fibonacci))
    coder = HuffmanCoder()
    assert (coder.decode(coder.encode(symbols, table), len(symbols), table) == symbols).all()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 1 << 20), min_size=2, max_size=60))
def test_no_code_starts_another_and_the_mean_is_within_a_bit_of_the_entropy(frequencies):
    code = HuffmanCode.from_frequencies(frequencies)
    codes = sorted(code.code(symbol) for symbol in range(len(frequencies)))
    assert not any(b.startswith(a) for a, b in itertools.pairwise(codes))
    total = sum(frequencies)
    entropy = sum(f / total * math.log2(total / f) for f in frequencies)
    mean = sum(f * length for f, length in zip(frequencies, code.lengths, strict=True)) / total
    assert entropy - 1e-9 <= mean < entropy + 1


def test_lengths_alone_rebuild_the_code():
    code = HuffmanCode.from_frequencies([5, 9, 1, 1, 30, 2])
    again = HuffmanCode(code.lengths)
    writer = BitWriter()
    for symbol in (0, 5, 3, 2, 4, 1):
        code.write(writer, symbol)
    reader = BitReader(writer.to_bytes())
    assert [again.read(reader) for _ in range(6)] == [0, 5, 3, 2, 4, 1]


@pytest.mark.parametrize("lengths", [[], [1], [1, 1, 1], [2, 2, 2], [0, 1]])
def test_incomplete_or_overfull_lengths_are_refused(lengths):
    with pytest.raises(UsageError):
        HuffmanCode(lengths)


def test_one_symbol_takes_no_bits():
    table = accumulate(np.array([7], dtype=np.uint64))
    assert HuffmanCode.from_cumulative(table).code(0) == ""
    assert HuffmanCoder().encode([0] * 99, table) == b""
    assert HuffmanCoder().decode(b"", 99, table).tolist() == [0] * 99


def test_a_payload_that_ends_early_is_noticed():
    table = accumulate(np.full(256, 1, dtype=np.uint64))
    payload = HuffmanCoder().encode([1, 2, 3], table)
    assert payload == b"\x01\x02\x03"
    with pytest.raises(CorruptError, match="ends inside"):
        HuffmanCoder().decode(payload, 4, table)
