"""One look at every byte of a window: frequencies, UTF-8, runs of zeros, marks of x86 code; and what they say.

Adds to `costs`, which samples: decisions that must not miss a part of a window are taken from these counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

# First and second byte of frequent instructions (mov, lea, test, xor, jcc, call, stack frames), with and without REX.
_CODE_PAIRS = (
    "488B 4889 488D 4883 4885 4839 48C7 4C89 4C8B 4C8D 4989 498B 0F84 0F85 0F86 0F87 0F8E 0F8F 0FB6"
    " 0FB7 0F1F FF15 FF75 FF50 8B45 8B4D 8B55 8B75 8B7D 8B44 8B4C 8B54 8B46 8B4E 8BCE 8BF1 8BF0 8BEC 8945"
    " 8944 894D 8946 83C4 83EC 83F8 83C0 8D4D 8D45 85C0 85F6 33C0 31C0 31D2 31F6 C745 C744 7505 5EC3 5BC3 C9C3 5DC3"
    " 558B 6690"
)
_IS_CODE_PAIR = np.zeros(1 << 16, dtype=np.uint8)
_IS_CODE_PAIR[[int(pair, 16) for pair in _CODE_PAIRS.split()]] = 1

_ZERO_RUN_BYTES = 4
_WHITESPACE = (0x09, 0x0A, 0x0C, 0x0D, 0x20)
_CONTROL = [byte for byte in (*range(32), 127) if byte not in (0x00, 0x1B, *_WHITESPACE)]


@dataclass(frozen=True)
class Survey:
    """The counts of one window, in bytes unless said otherwise."""

    counts: NDArray[np.int64]  # of each byte value
    code_marks: int  # instruction pairs and branches with near targets
    zero_runs: int  # zeros in runs (padding), as against single ones
    utf8_bad: int  # 128..255 outside of well-formed multi-byte sequences
    pairs_bad: int  # 128..255 outside of two-byte characters as Shift-JIS, EUC, GBK and Big5 form them

    @property
    def total(self) -> int:
        """How many bytes were looked at."""
        return int(self.counts.sum())

    def looks_executable(self) -> bool:
        """x86 code shows marks at 4 to 20 % of its bytes, anything else below 0.5 %."""
        return self.code_marks >= 16 and self.code_marks * 40 >= self.total

    def looks_textual(self) -> bool:
        """Printable bytes in one of the common encodings, with at most a few odd ones."""
        control, visible, high = self._shares()
        if not _may_be_text(self.total, control, visible):
            return False
        if high * 50 <= visible or self.utf8_bad * 16 <= high:
            return True
        if control * 200 > visible:
            return False
        # An older encoding of one or two bytes a character: it has spaces or line ends among few controls.
        blanks = int(self.counts[list(_WHITESPACE)].sum())
        if self.pairs_bad * 32 <= high and blanks > 0:
            return True
        return blanks * 50 >= visible and blanks * 2 <= visible

    def _shares(self) -> tuple[int, int, int]:
        control = int(self.counts[_CONTROL].sum()) + int(self.counts[0]) - self.zero_runs
        return control, self.total - self.zero_runs, int(self.counts[128:].sum())


def _may_be_text(total: int, control: int, visible: int) -> bool:
    return control * 64 <= visible and visible * 2 >= total


def survey(data: NDArray[np.uint8], start: int, stop: int) -> Survey:
    """Look at every byte of data[start:stop]."""
    counts = np.zeros(256, dtype=np.int64)
    _count(data, start, stop, counts)
    zero_runs = int(_count_zero_runs(data, start, stop)) if counts[0] else 0
    view = Survey(counts, 0, zero_runs, 0, 0)
    control, visible, high = view._shares()
    if not _may_be_text(view.total, control, visible):
        return Survey(counts, int(_count_code_marks(data, start, stop)), zero_runs, 0, 0)
    if high * 50 <= visible:
        return view
    utf8_bad, pairs_bad = int(_count_utf8_bad(data, start, stop)), int(_count_pairs_bad(data, start, stop))
    return Survey(counts, 0, zero_runs, utf8_bad, pairs_bad)


@kernel
def _count(data: NDArray[np.uint8], start: int, stop: int, counts: NDArray[np.int64]) -> None:
    for position in range(start, stop):
        counts[data[position]] += 1


@kernel
def _count_zero_runs(data: NDArray[np.uint8], start: int, stop: int) -> int:
    total = 0
    run = 0
    for position in range(start, stop):
        if data[position] == 0:
            run += 1
        else:
            if run >= _ZERO_RUN_BYTES:
                total += run
            run = 0
    return total + run if run >= _ZERO_RUN_BYTES else total


@kernel
def _count_code_marks(data: NDArray[np.uint8], start: int, stop: int) -> np.int64:
    marks = np.int64(0)
    first = np.int64(data[start])
    for position in range(start, stop - 5):
        second = np.int64(data[position + 1])
        marks += np.int64(_IS_CODE_PAIR[first << 8 | second])
        if first >> 1 == 0xE8 >> 1:  # E8, E9
            high = data[position + 4]
            # Small numbers of either sign (00 00 00, FF FF FF) also stand in tables of integers.
            if (high == 0x00 or high == 0xFF) and (data[position + 3] != high or data[position + 2] != high):
                marks += 1
        elif first == 0x0F and second >> 4 == 8 and (data[position + 5] == 0x00 or data[position + 5] == 0xFF):
            marks += 1
        first = second
    return marks


@kernel
def _count_utf8_bad(data: NDArray[np.uint8], start: int, stop: int) -> int:
    bad = 0
    position = start
    while position < stop:  # a sequence that the window cuts counts as bad: three bytes at most
        byte = data[position]
        length = 1
        if byte >= 0xC2 and byte <= 0xDF:
            length = 2
        elif byte >= 0xE0 and byte <= 0xEF:
            length = 3
        elif byte >= 0xF0 and byte <= 0xF4:
            length = 4
        good = position + length <= stop and (byte < 0x80 or length > 1)
        for offset in range(1, length):
            if good and data[position + offset] >> 6 != 2:
                good = False
        if not good:
            bad += 1
            length = 1
        position += length
    return bad


@kernel
def _count_pairs_bad(data: NDArray[np.uint8], start: int, stop: int) -> int:
    bad = 0
    position = start
    while position + 1 < stop:  # a lead byte, then 40..7E or 80..FE
        byte, trail = data[position], data[position + 1]
        if byte < 0x80:
            position += 1
        elif byte != 0x80 and byte != 0xFF and trail >= 0x40 and trail != 0x7F and trail != 0xFF:
            position += 2
        else:
            bad += 1
            position += 1
    return bad


_MAX_SLOT_BITS = 20
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SAMPLED = np.uint64(63)  # one word in 64 is remembered, chosen by its value, so that both copies choose the same
_EIGHT = np.uint64(8)
_MIDDLE = np.uint64(32)
_NONE = np.uint64(0)


def mark_repeats(data: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the windows that share more than an eighth of their sampled 8-byte words with another of the windows."""
    shared = np.zeros(starts.size, dtype=np.int64)
    words = np.zeros(starts.size, dtype=np.int64)
    sampled = int((stops - starts).sum()) >> 6
    slot_bits = min(sampled.bit_length() + 1, _MAX_SLOT_BITS)
    remembered = np.zeros(1 << slot_bits, dtype=np.uint64)
    owner = np.zeros(1 << slot_bits, dtype=np.int64)
    _count_repeats(data, starts, stops, np.uint64(64 - slot_bits), remembered, owner, shared, words)
    return np.asarray((shared * 8 > words) & (shared > 1))


@kernel
def _count_repeats(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    shift: np.uint64,
    remembered: NDArray[np.uint64],
    owner: NDArray[np.int64],
    shared: NDArray[np.int64],
    words: NDArray[np.int64],
) -> None:
    for window in range(starts.size):
        word = np.uint64(0)
        for position in range(starts[window], stops[window]):
            word = (word << _EIGHT) | np.uint64(data[position])
            mixed = word * _FACTOR
            if position < starts[window] + 7 or ((mixed >> _MIDDLE) & _SAMPLED) != _NONE:
                continue
            words[window] += 1
            slot = np.int64(mixed >> shift)
            if remembered[slot] == word:
                shared[window] += 1
                shared[owner[slot]] += 1
            remembered[slot] = word
            owner[slot] = window
