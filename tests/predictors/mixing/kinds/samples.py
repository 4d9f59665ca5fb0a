"""Synthetic data of each kind, the same on every machine: integers from a seeded generator, no floats."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_WORDS = (
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "that",
    "it",
    "is",
    "was",
    "for",
    "as",
    "with",
    "his",
    "he",
    "be",
    "not",
    "by",
    "but",
    "have",
    "you",
    "which",
    "are",
    "on",
    "or",
    "her",
    "had",
    "at",
    "from",
    "this",
    "one",
    "all",
    "were",
    "their",
    "there",
    "an",
    "she",
    "been",
    "would",
    "more",
    "when",
    "who",
    "will",
    "no",
    "if",
    "out",
    "so",
    "what",
    "up",
    "said",
    "about",
    "than",
    "its",
    "into",
    "them",
    "can",
    "only",
    "other",
    "time",
    "new",
    "some",
)


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def text(length: int, seed: int = 1) -> bytes:
    """Sentences of common English words in lines."""
    picks = _generator(seed).integers(0, len(_WORDS), length // 3 + 10)
    ends = ("\n", " ", " ", ". ", " ", " ", " ", ", ", " ", " ", " ")
    words = [_WORDS[pick] + ends[index % len(ends)] for index, pick in enumerate(picks)]
    return "".join(words).encode()[:length]


def noise(length: int, seed: int = 2) -> bytes:
    """Incompressible bytes."""
    return _generator(seed).bytes(length)


def picture(width: int, height: int, channels: int = 1, seed: int = 3) -> bytes:
    """Shaded boxes on a shaded ground, with some grain, as 8-bit pixels."""
    generator = _generator(seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.int64)
    base = 90 + rows // 5 % 64 + columns // 7 % 64
    for _ in range(width * height // 1000 + 12):
        row, column = int(generator.integers(0, height)), int(generator.integers(0, width))
        size = generator.integers(6, 50, 2).tolist()
        box = base[row : row + size[0], column : column + size[1]]
        box += int(generator.integers(-30, 31)) + columns[: box.shape[0], : box.shape[1]] // 3
    planes = [base * (3 + plane) // 4 + generator.integers(-2, 3, (height, width)) for plane in range(channels)]
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8).tobytes()


def sound(samples: int, channels: int = 1, seed: int = 4) -> NDArray[np.int16]:
    """Noise through a resonant filter whose loudness changes slowly, like a voice; shape (samples, channels)."""
    generator = _generator(seed)
    result = np.zeros((samples, channels), dtype=np.int16)
    for channel in range(channels):
        drive = generator.integers(-400, 401, samples).tolist()
        one = two = 0
        loud = 4
        for index in range(samples):
            if index % 1500 == 0:
                loud = int(generator.integers(2, 9))
            one, two = (15 * one // 8 - 15 * two // 16 + drive[index] * loud // 8), one
            result[index, channel] = max(-30000, min(30000, one))
    return result


def records(count: int, seed: int = 5) -> bytes:
    """Fixed-length records: a counter, a rising time, a float's bytes, a name, flags."""
    generator = _generator(seed)
    times = 1_600_000_000 + np.cumsum(generator.integers(0, 30, count))
    names = (b"alpha\0\0\0", b"beta\0\0\0\0", b"gamma\0\0\0")
    return b"".join(
        struct.pack("<II4s8sBh", index, int(times[index]), generator.bytes(4), names[index % 3], index % 2, index % 700)
        for index in range(count)
    )


def machine_code(length: int, seed: int = 6) -> bytes:
    """x86-64 instructions in random order, with calls of a few functions."""
    generator = _generator(seed)
    codes = "4889c7 488b4508 4c89e6 85c0 4883c408 31c0 0fb610 488d742410 5bc3"
    moves = [bytes.fromhex(move) for move in codes.split()]
    code = bytearray()
    while len(code) < length:
        code += moves[int(generator.integers(0, len(moves)))]
        code += generator.integers(0x50, 0xC0, int(generator.integers(0, 6)), dtype=np.uint8).tobytes()
        if generator.integers(0, 5) == 0:
            target = int(generator.integers(1, 9)) * 0x1310
            code += b"\xe8" + struct.pack("<i", target - len(code))
    return bytes(code[:length])
