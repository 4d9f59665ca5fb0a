"""A codec that is quick to test with: zlib under an id for private use. Never part of the product.

`python -m standin ARGUMENTS` is the command line with it registered, for tests that need a process.
"""

from __future__ import annotations

import os
import sys
import time
import zlib

from predzip.codecs.base import Progress
from predzip.codecs.registry import PRIVATE_IDS, Method, register_method
from predzip.errors import CorruptError

METHOD_ID = PRIVATE_IDS[0]
NAME = "standin"
BLOCK_BYTES = 1 << 16
SLOW_MARK = b"SLOW"
DEADLY_MARK = b"DEADLY"
FAULTY_MARK = b"FAULTY"
MEMORY_BYTES = 1000


class StandinCodec:
    """zlib, with blocks that misbehave where their first bytes ask for it."""

    def __init__(self, method_id: int, parameters: bytes) -> None:
        self.method_id = method_id
        self.parameters = parameters

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        if data.startswith(DEADLY_MARK):
            os._exit(9)
        if data.startswith(FAULTY_MARK):
            raise ZeroDivisionError("a bug in the codec")
        for _ in range(600 if data.startswith(SLOW_MARK) else 0):
            time.sleep(0.05)
            if progress:
                progress(1)
        return zlib.compress(data, 6)

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        try:
            inflater = zlib.decompressobj()
            data = inflater.decompress(payload, original_bytes + 1)
        except zlib.error as error:
            raise CorruptError(str(error)) from error
        if progress:
            progress(len(data))
        return data

    def memory_bytes(self, original_bytes: int) -> int:
        return MEMORY_BYTES + original_bytes


def register() -> None:
    """Make the stand-in known to this process; worker processes learn it from the task."""
    register_method(Method(METHOD_ID, NAME, "standin:StandinCodec", block_bytes=BLOCK_BYTES))


if __name__ == "__main__":
    from predzip.cli.main import run

    register()
    sys.exit(run(sys.argv[1:]))
