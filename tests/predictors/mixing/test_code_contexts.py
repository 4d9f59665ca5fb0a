"""The contexts of machine code: what they depend on, that they stay in range, and whole blocks there and back."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_driver import encode_lanes
from numpy.typing import NDArray

from predzip.codecs.mixing import MixingCodec
from predzip.predictors.mixing import x86
from predzip.predictors.mixing.code_contexts import COUNT, code_contexts
from predzip.predictors.mixing.registers import REGISTERS, new_registers, update_registers
from predzip.predictors.mixing.settings import BINARY, EXECUTABLE, LEVELS

MOV_EBP = 2  # index of the context of place, operation and form
ADDRESS = 3  # index of the context of the address and the bytes of the operand so far
CUTS = (6, 12, COUNT)


def contexts_after(data: bytes, count: int = COUNT, *, wide: bool = False, front: bytes = b"") -> NDArray[np.uint64]:
    """Contexts of the byte behind `data`; `front` stands before the lane and must not matter."""
    array = np.frombuffer(bytearray(front + data) + bytes(8), np.uint8)
    r = new_registers(2, max(len(front), 1))[1 if front else 0]
    r[x86.MODE] = 255 if wide else 0
    followers = np.zeros(256 + 65536, np.uint32)
    contexts = np.zeros(COUNT, np.uint64)
    for byte in data:
        code_contexts(contexts, count, r, array, len(front), followers)
        assert r[x86.KEY] < 65536
        assert r[x86.SHORT_KEY] < 256
        update_registers(r, array, byte)
        x86.update_x86(r, byte)
        for gate in (x86.GATE_PART, x86.GATE_OPCODE, x86.GATE_FORM):
            assert r[gate] < 256
    code_contexts(contexts, count, r, array, len(front), followers)
    return contexts


def function(random: Random) -> bytes:
    """Machine code of one small function, as a compiler for 32 bits writes it."""
    body = b"\x55\x8b\xec\x83\xec" + bytes([4 * random.randrange(1, 9)])
    for _ in range(random.randrange(3, 20)):
        body += random.choice(
            [
                b"\x8b\x45" + bytes([256 - 4 * random.randrange(1, 9)]),
                b"\x89\x45" + bytes([256 - 4 * random.randrange(1, 9)]),
                b"\x6a" + bytes([random.randrange(4)]),
                b"\x68" + (0x401000 + 16 * random.randrange(64)).to_bytes(4, "little"),
                b"\xe8" + (16 * random.randrange(512)).to_bytes(4, "little"),
                b"\x83\xc4" + bytes([4 * random.randrange(1, 4)]),
                b"\x0f\x84" + random.randrange(256).to_bytes(4, "little"),
            ]
        )
    return body + b"\xc9\xc3" + b"\xcc" * (-len(body + b"\xc9\xc3") % 16)


def test_the_lists_of_all_levels_are_this_long() -> None:
    assert tuple(LEVELS[level].contexts[EXECUTABLE] for level in (1, 2, 3)) == CUTS


@pytest.mark.parametrize("count", CUTS)
def test_a_level_takes_a_prefix(count: int) -> None:
    data = function(Random(1))
    few, all_of_them = contexts_after(data, count), contexts_after(data)
    np.testing.assert_array_equal(few[:count], all_of_them[:count])
    assert not few[count:].any()


def test_all_contexts_differ() -> None:
    assert len(set(contexts_after(function(Random(2))).tolist())) == COUNT


def test_the_form_is_known_however_long_the_operands_before_were() -> None:
    short = contexts_after(bytes.fromhex("90 6a 01 8b 45"))
    long = contexts_after(bytes.fromhex("90 68 01 02 03 04 8b 45"))
    other = contexts_after(bytes.fromhex("90 6a 01 8b 55"))
    assert short[MOV_EBP] == long[MOV_EBP]
    assert short[MOV_EBP] != other[MOV_EBP]


def test_the_displacement_depends_on_the_base_register_not_on_the_opcode() -> None:
    load, store = contexts_after(bytes.fromhex("8b 45")), contexts_after(bytes.fromhex("89 4d"))
    other_base = contexts_after(bytes.fromhex("8b 46"))
    assert load[ADDRESS] == store[ADDRESS]
    assert load[ADDRESS] != other_base[ADDRESS]


def test_a_lane_knows_only_itself() -> None:
    data = function(Random(3)) * 6
    np.testing.assert_array_equal(contexts_after(data, front=b"\x11" * len(data)), contexts_after(data))


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_stay_in_range(data: bytes, wide: bool) -> None:
    contexts_after(data, wide=wide)


def test_the_registers_fit_into_a_lane() -> None:
    own = vars(x86)
    numbers = [own[name] for name in own if name.isupper() and not name.startswith("_")]
    registers = sorted(n for n in numbers if isinstance(n, int) and x86.PHASE <= n <= x86.SHORT_KEY)
    assert registers == list(range(x86.PHASE, x86.SHORT_KEY + 1))  # none shared, and none of the common ones
    assert x86.SHORT_KEY < REGISTERS


@pytest.mark.parametrize("level", [1, 2, 3])
def test_machine_code_takes_less_than_as_binary_data(level: int) -> None:
    random = Random(5)
    code = b"".join(function(random) for _ in range(300))
    assert len(encode_lanes(code, level, EXECUTABLE, 1)) < 0.97 * len(encode_lanes(code, level, BINARY, 1))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_blocks_like_programs_come_back(level: int) -> None:
    random = Random(6)
    code = b"".join(function(random) for _ in range(400))
    header = b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0L\x01"
    data = header + code + random.randbytes(3000) + b"Some text of the resources. " * 40 + bytes(2000) + code[:5000]
    codec = MixingCodec(level)
    assert codec.decode_block(codec.encode_block(data), len(data)) == data


@pytest.mark.parametrize("level", [1, 2, 3])
def test_damaged_blocks_decode_to_something_of_the_right_length(level: int) -> None:
    random = Random(7)
    code = b"".join(function(random) for _ in range(100))
    codec = MixingCodec(level)
    payload = bytearray(codec.encode_block(code))
    for place in range(40, len(payload), 7):
        payload[place] = random.randrange(256)
    assert len(codec.decode_block(bytes(payload), len(code))) == len(code)
