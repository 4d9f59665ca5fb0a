"""The x86 transform against a slow copy of its rule, and back again for every byte string."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.kinds.transforms import decode_x86, encode_x86

# Bytes that the rule looks at, so that operands, overlapping ones too, are frequent.
_CODE_BYTES = st.sampled_from(bytes.fromhex("E8 48 4C 8B 8D 05 0D 3D 66 F3 0F C5 00 FF 7F"))
_CODE = st.lists(_CODE_BYTES, max_size=80).map(bytes)
_MEMORY_OPCODES = {0x63, 0x85, 0x89, 0x8B, 0x8D, 0xF7} | {g + f for g in range(0, 64, 8) for f in range(4)}


def _reference(code: bytes, origin: int) -> bytes:
    """`encode_x86`, word for word as its docstring says it."""
    result = bytearray(code)
    for position in range(len(code) - 4, 0, -1):
        if result[position + 3] not in (0x00, 0xFF):
            continue
        before = code[max(position - 4, 0) : position]
        relative = before[-1] == 0xE8
        if len(before) == 4 and before[3] & 0xC7 == 5:
            if 0x48 <= before[1] <= 0x4F:
                relative |= before[2] in _MEMORY_OPCODES
            else:
                relative |= before[0] == 0xC5 or (before[1] == 0x0F and before[0] in (0x66, 0xF2, 0xF3))
        if relative:
            distance = int.from_bytes(result[position : position + 4], "little") % 2**25
            absolute = (distance + origin + position) % 2**25
            if absolute >= 2**24:
                absolute -= 2**25
            result[position : position + 4] = absolute.to_bytes(4, "little", signed=True)
    return bytes(result)


def _encoded(code: bytes, origin: int = 0) -> bytes:
    array = np.frombuffer(code, dtype=np.uint8).copy()
    encode_x86(array, origin)
    return array.tobytes()


def _decoded(code: bytes, origin: int = 0) -> bytes:
    array = np.frombuffer(code, dtype=np.uint8).copy()
    decode_x86(array, origin)
    return array.tobytes()


@settings(deadline=None, max_examples=300)
@given(code=_CODE, origin=st.integers(0, 1 << 40))
def test_agrees_with_the_slow_rule_and_comes_back(code: bytes, origin: int) -> None:
    encoded = _encoded(code, origin)
    assert encoded == _reference(code, origin)
    assert _decoded(encoded, origin) == code


@settings(deadline=None, max_examples=100)
@given(code=st.binary(max_size=300))
def test_every_byte_string_comes_back(code: bytes) -> None:
    assert _decoded(_encoded(code)) == code
    assert _encoded(_decoded(code)) == code  # a bijection: the other way round too


@pytest.mark.parametrize("head", [b"\xe8", b"\x48\x8b\x05", b"\x4c\x8d\x3d", b"\xf3\x0f\x10\x05", b"\xc5\xf8\x28\x0d"])
def test_calls_of_one_target_become_equal(head: bytes) -> None:
    target = 0x1234
    code = bytearray()
    for _ in range(3):
        code += b"\x90" * 5 + head
        code += (target - len(code)).to_bytes(4, "little", signed=True)
    encoded = _encoded(bytes(code))
    assert encoded.count(head + target.to_bytes(4, "little")) == 3


@pytest.mark.parametrize("head", [b"\xe9", b"\x0f\x84", b"\x8b\x05", b"\xff\x15"])
def test_jumps_and_32_bit_operands_stay(head: bytes) -> None:
    code = b"\x90" * 8 + head + b"\x10\x20\x30\x00" + b"\x90" * 8
    assert _encoded(code) == code


def test_far_distances_stay() -> None:
    code = b"\x90" * 8 + b"\xe8\x10\x20\x30\x40" + b"\x90" * 8
    assert _encoded(code) == code


@pytest.mark.parametrize("length", range(6))
def test_short_arrays(length: int) -> None:
    code = b"\xe8\x01\x00\x00\x00\x00"[:length]
    assert _decoded(_encoded(code)) == code
