"""A second decoder, written from docs/format.md alone: slow, obvious, all in memory, sharing no code with predzip.

It is the oracle for the real reader: both must accept the same inputs and give the same contents. `decode_block`
stands for the codec: (method id, parameters, payload, original length) -> original bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from hashlib import blake2b

DecodeBlock = Callable[[int, bytes, bytes, int], bytes]


class BadInput(Exception):
    """Not an input of version 1."""


def zlib_block(method_id: int, parameters: bytes, payload: bytes, original_length: int) -> bytes:
    """The codec of the tests: method 16,128 is zlib."""
    if method_id != 16128:
        raise BadInput("unknown method")
    try:
        return zlib.decompressobj().decompress(payload, original_length + 1)
    except zlib.error as error:
        raise BadInput("codec") from error


class Input:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise BadInput("truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self) -> int:  # section 1.1
        groups = [self.take(1)[0]]
        while groups[-1] & 0x80:
            groups.append(self.take(1)[0])
        if len(groups) > 9 or (len(groups) > 1 and groups[-1] == 0):
            raise BadInput("varint")
        return sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(groups))


def require(condition: bool, what: str) -> None:
    if not condition:
        raise BadInput(what)


def decode(data: bytes, decode_block: DecodeBlock = zlib_block) -> bytes:
    source = Input(data)
    require(len(data) > 0, "empty")
    content = b""
    while source.at < len(data):
        magic = source.take(4)
        if magic == bytes.fromhex("AB 70 7A 8A"):
            skip(source)
        else:
            require(magic == bytes.fromhex("AB 70 7A F5"), "magic")
            content += frame(source, decode_block)
    return content


def skip(source: Input) -> None:  # section 6
    begin = source.at - 4
    length = source.varint()
    require(length <= 2**20, "skippable length")
    source.take(length)
    before = source.data[begin : source.at]
    require(source.take(8) == blake2b(before).digest()[:8], "skippable checksum")


def frame(source: Input, decode_block: DecodeBlock) -> bytes:
    begin = source.at - 4
    descriptor = source.take(1)[0]  # section 3.1
    require(descriptor & 0x0F == 1, "version")
    single, has_length, has_fingerprint = descriptor & 0x10, descriptor & 0x20, descriptor & 0x40
    require(not descriptor & 0x80 and not (single and not has_length), "flags")
    method_id = source.varint()
    require(method_id < 2**14, "method id")
    parameters = source.take(source.take(1)[0])
    if has_fingerprint:
        source.take(8)
    total = source.varint() if has_length else None
    header = source.data[begin : source.at]

    content, index, blocks = b"", 0, b""
    while True:
        head_begin = source.at
        original_length = total if single else source.varint()  # sections 4 and 4.3
        assert original_length is not None
        if not single and original_length == 0:
            break
        require(original_length <= 2**26, "block length")
        payload_length = source.varint()
        require(payload_length <= original_length, "payload length")
        head = source.data[head_begin : source.at]
        payload = source.take(payload_length)
        checksum = source.take(4 if original_length < 65536 else 8)  # section 4.2
        stored = payload_length == original_length
        original = payload if stored else decode_block(method_id, parameters, payload, original_length)
        require(len(original) == original_length, "decoded length")
        covered = header + index.to_bytes(8, "little") + head + original  # section 7.1
        require(checksum == blake2b(covered).digest()[: len(checksum)], "block checksum")
        content += original
        blocks += head + checksum
        index += 1
        if single:
            return content
    covered = header + b"\xff" * 8 + blocks + b"\x00"  # section 7.2
    require(source.take(8) == blake2b(covered).digest()[:8], "end checksum")
    require(total is None or total == len(content), "original length")
    return content
