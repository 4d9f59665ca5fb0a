"""Checksums: their length at the border, and that both are prefixes of plain BLAKE2b."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from predzip.container.checksum import EndChecksum, block_checksum, block_checksum_bytes


@pytest.mark.parametrize(("original_length", "checksum_bytes"), [(0, 4), (65535, 4), (65536, 8), (2**26, 8)])
def test_length(original_length: int, checksum_bytes: int) -> None:
    assert block_checksum_bytes(original_length) == checksum_bytes


def test_block() -> None:
    expected = blake2b(b"header" + b"\x02" + bytes(7) + b"head" + b"original").digest()
    assert block_checksum(b"header", 2, b"head", b"original") == expected[:4]
    large = bytes(65536)
    assert block_checksum(b"h", 0, b"", large) == blake2b(b"h" + bytes(8) + large).digest()[:8]


def test_end_may_be_asked_for_at_any_time() -> None:
    end = EndChecksum(b"header")
    assert end.value() == blake2b(b"header" + b"\xff" * 8 + b"\0").digest()[:8]
    end.add_block(b"head", b"sum")
    assert end.value() == blake2b(b"header" + b"\xff" * 8 + b"headsum" + b"\0").digest()[:8]
