"""The state machine of x86 instructions: lengths and parts of real instructions, and bytes that are no code."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.predictors.mixing import x86
from predzip.predictors.mixing.registers import LAST_8, new_registers

# One instruction each, as a disassembler splits and names them.
ANY_MODE = {
    "90": "nop",
    "c3": "ret",
    "c2 08 00": "ret 8",
    "c8 10 00 01": "enter 16, 1",
    "55": "push ebp",
    "8b ec": "mov ebp, esp",
    "8b 45 08": "mov eax, [ebp+8]",
    "8b 44 24 04": "mov eax, [esp+4]",
    "8b 84 24 10 01 00 00": "mov eax, [esp+0x110]",
    "8b 04 8d 00 10 40 00": "mov eax, [ecx*4+0x401000]",
    "8b 0d 44 33 22 11": "mov ecx, [0x11223344]",
    "89 04 24": "mov [esp], eax",
    "83 ec 10": "sub esp, 16",
    "81 ec 00 01 00 00": "sub esp, 256",
    "66 81 c1 34 12": "add cx, 0x1234",
    "66 b8 34 12": "mov ax, 0x1234",
    "b8 78 56 34 12": "mov eax, 0x12345678",
    "b0 7f": "mov al, 127",
    "68 00 10 40 00": "push 0x401000",
    "6a ff": "push -1",
    "69 c0 e8 03 00 00": "imul eax, eax, 1000",
    "6b c0 0c": "imul eax, eax, 12",
    "e8 10 20 30 00": "call",
    "e9 10 20 30 00": "jmp",
    "eb fe": "jmp short",
    "74 10": "je short",
    "0f 84 00 01 00 00": "je",
    "0f b6 45 ff": "movzx eax, byte [ebp-1]",
    "0f 1f 84 00 00 00 00 00": "nop dword [eax+eax+0]",
    "0f a2": "cpuid",
    "0f a4 c1 05": "shld ecx, eax, 5",
    "0f ba e0 07": "bt eax, 7",
    "f6 c1 01": "test cl, 1",
    "f6 d9": "neg cl",
    "f7 c1 01 02 03 04": "test ecx, 0x04030201",
    "f7 d8": "neg eax",
    "f7 7d f8": "idiv dword [ebp-8]",
    "66 f7 c1 01 02": "test cx, 0x0201",
    "c7 45 fc 00 00 00 00": "mov dword [ebp-4], 0",
    "66 c7 45 fc 00 00": "mov word [ebp-4], 0",
    "c6 00 41": "mov byte [eax], 65",
    "c1 e0 04": "shl eax, 4",
    "d9 45 08": "fld dword [ebp+8]",
    "ff 15 00 10 40 00": "call [0x401000]",
    "ff 24 85 00 10 40 00": "jmp [eax*4+0x401000]",
    "f3 a5": "rep movsd",
    "f0 0f b1 0a": "lock cmpxchg [edx], ecx",
    "f2 0f 10 05 00 01 00 00": "movsd xmm0, [0x100]",
    "66 0f 6f c1": "movdqa xmm0, xmm1",
    "66 0f 70 c1 1b": "pshufd xmm0, xmm1, 0x1b",
    "66 0f 38 00 c1": "pshufb xmm0, xmm1",
    "66 0f 3a 0f c1 08": "palignr xmm0, xmm1, 8",
    "c5 f8 77": "vzeroupper",
    "c5 fc 28 00": "vmovaps ymm0, [eax]",
    "c4 e2 7d 18 40 10": "vbroadcastss ymm0, [eax+16]",
    "c4 e3 7d 19 c1 01": "vextractf128 xmm1, ymm0, 1",
    "62 f1 7c 48 28 00": "vmovaps zmm0, [eax]",
}
ONLY_32 = {
    "40": "inc eax",
    "48": "dec eax",
    "a1 00 10 40 00": "mov eax, [0x401000]",
    "67 a1 00 10": "mov eax, [0x1000], addresses of 16 bits",
    "67 8b 46 08": "mov eax, [bp+8]",
    "67 8b 86 00 10": "mov eax, [bp+0x1000]",
    "67 8b 06 00 10": "mov eax, [0x1000]",
    "9a 00 10 40 00 33 00": "call far",
    "c5 06": "lds eax, [esi]",
    "62 45 f8": "bound eax, [ebp-8]",
}
ONLY_64 = {
    "48 89 e5": "mov rbp, rsp",
    "48 8b 05 10 20 30 00": "mov rax, [rip+0x302010]",
    "4c 8d 44 24 20": "lea r8, [rsp+32]",
    "41 57": "push r15",
    "48 b8 01 02 03 04 05 06 07 08": "mov rax, 0x0807060504030201",
    "48 c7 c0 01 00 00 00": "mov rax, 1",
    "66 48 0f 6e c0": "movq xmm0, rax",
    "64 48 8b 04 25 28 00 00 00": "mov rax, fs:[0x28]",
    "a1 01 02 03 04 05 06 07 08": "mov eax, [0x0807060504030201]",
    "67 8b 40 08": "mov eax, [eax+8]",
    "f3 0f 1e fa": "endbr64",
}
MODE_MAX = 255


def feed(r: NDArray[np.uint64], data: bytes) -> list[int]:
    """Take the bytes one by one; return the places where an instruction starts."""
    starts = []
    for place, byte in enumerate(data):
        if r[x86.READ] == 0:
            starts.append(place)
        r[LAST_8] = (int(r[LAST_8]) << 8 | byte) & 2**64 - 1
        x86.update_x86(r, byte)
    return starts


def registers(*, wide: bool) -> NDArray[np.uint64]:
    r: NDArray[np.uint64] = new_registers(1, 1)[0]
    r[x86.MODE] = MODE_MAX if wide else 0
    return r


def cases() -> list[tuple[str, bool]]:
    both = [(code, wide) for code in ANY_MODE for wide in (False, True)]
    return both + [(code, False) for code in ONLY_32] + [(code, True) for code in ONLY_64]


@pytest.mark.parametrize(("code", "wide"), cases())
def test_instructions_end_where_a_disassembler_says(code: str, wide: bool) -> None:
    r = registers(wide=wide)
    data = bytes.fromhex(code)
    assert feed(r, data) == [0]
    assert r[x86.READ] == 0  # the next byte starts another
    assert r[x86.PHASE] == x86.OPCODE_BYTE


def test_a_row_of_instructions_stays_in_step() -> None:
    random = Random(4)
    for wide, more in ((False, ONLY_32), (True, ONLY_64)):
        codes = [bytes.fromhex(code) for code in random.choices([*ANY_MODE, *more], k=400)]
        expected = [sum(map(len, codes[:i])) for i in range(len(codes))]
        r = registers(wide=wide)
        found = []
        place = 0
        for code in codes:
            found += [place + start for start in feed(r, code)]
            place += len(code)
            r[x86.MODE] = MODE_MAX if wide else 0
        assert found == expected


def test_the_parts_of_an_instruction() -> None:
    r = registers(wide=True)
    parts = []
    for byte in bytes.fromhex("66 48 81 84 24 01 02 03 04 11 22 33 44"):
        feed(r, bytes([byte]))
        parts.append((int(r[x86.PHASE]), int(r[x86.LEFT])))
    opcode, displacement, immediate = x86.OPCODE_BYTE, x86.DISPLACEMENT_BYTE, x86.IMMEDIATE_BYTE
    assert parts == [
        (opcode, 0),
        (opcode, 0),
        (x86.MODRM_BYTE, 0),
        (x86.SIB_BYTE, 0),
        *((displacement, left) for left in (4, 3, 2, 1)),
        *((immediate, left) for left in (4, 3, 2, 1)),
        (opcode, 0),
    ]
    assert r[x86.LAST_OPERAND] == 0x11223344
    assert int(r[x86.FORMS]) & 0xFFFF == 0x8481


def test_operands_and_opcodes_are_kept_while_they_are_read() -> None:
    r = registers(wide=False)
    feed(r, bytes.fromhex("66 0f 38 00 84 88 aa bb"))
    assert r[x86.OPCODE] == 0x200
    assert r[x86.MODRM] == 0x184
    assert r[x86.SIB] == 0x188
    assert r[x86.OPERAND] == 0x1AABB
    assert r[x86.PREFIXES] == x86.OPERAND_SIZE


@pytest.mark.parametrize("wide", [False, True])
def test_the_mode_is_found(wide: bool) -> None:
    code = "48 8b 05 10 20 30 00" if wide else "8b 45 08"
    r = registers(wide=not wide)
    feed(r, bytes.fromhex(code) * 300)
    assert (r[x86.MODE] >= 64) == wide


def test_the_machine_falls_into_step_behind_data() -> None:
    code = bytes.fromhex("55 8b ec 83 ec 10 8b 45 08 89 45 fc e8 10 20 30 00 c9 c3") * 8
    for seed in range(40):
        noise = Random(seed).randbytes(50)
        r = registers(wide=False)
        feed(r, noise)
        assert feed(r, code)[-8:] == feed(registers(wide=False), code)[-8:]


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_leave_a_valid_state(data: bytes, wide: bool) -> None:
    r = registers(wide=wide)
    for byte in data:
        feed(r, bytes([byte]))
        assert r[x86.PHASE] <= x86.VEX_BYTE
        assert r[x86.LEFT] <= 8
        assert r[x86.READ] <= 2 * x86.LONGEST
        assert r[x86.MODE] <= MODE_MAX
        assert r[x86.OPCODE] < 1024
        in_operand = r[x86.PHASE] in (x86.DISPLACEMENT_BYTE, x86.IMMEDIATE_BYTE)
        assert (r[x86.LEFT] > 0) == in_operand or r[x86.PHASE] == x86.VEX_BYTE
