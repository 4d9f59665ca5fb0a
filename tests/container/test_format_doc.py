"""docs/format.md: its hex examples decode, and its numbers are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from predzip.codecs.registry import MIXING_ID, PRIVATE_IDS, STORED_METHOD_ID
from predzip.container import FrameHeader, FrameStarted, FrameWriter, SkippableFrame, constants

from .educational import decode
from .samples import events, read

PROJECT = Path(__file__).parents[2]
DOCUMENT = (PROJECT / "docs" / "format.md").read_text(encoding="utf-8")
HEX_COLUMN = 36
EXAMPLES = [
    bytes.fromhex("".join(line[:HEX_COLUMN] for line in block.splitlines()))
    for block in re.findall(r"```hex\n(.*?)```", DOCUMENT, re.DOTALL)
]
CONTENTS = [b"Hello, frame!", b"", b"predict, " * 20 + b"code"]


@pytest.mark.parametrize(("data", "content"), list(zip(EXAMPLES, CONTENTS, strict=True)))
def test_examples_decode(data: bytes, content: bytes) -> None:
    assert read([data]) == content
    assert decode(data) == content


def test_examples_are_what_is_written() -> None:
    for data, content in zip(EXAMPLES[:2], CONTENTS, strict=False):
        writer = FrameWriter(FrameHeader(0))
        assert writer.block(content, None) + writer.finish() == data


def test_example_of_a_stream_has_the_fields_it_names() -> None:
    note, started, *_ = events([EXAMPLES[2]])
    assert note == SkippableFrame(b"note", 0)
    assert started == FrameStarted(FrameHeader(16128, b"\x09", bytes(range(0x10, 0x18))), 17, single_block=False)


@pytest.mark.parametrize(
    "statement",
    [
        f"`{constants.FRAME_MAGIC.hex(' ').upper()}` | a frame",
        f"`{constants.SKIPPABLE_MAGIC.hex(' ').upper()}` | a skippable frame",
        f"0 to 3 | version: {constants.FORMAT_VERSION}",
        f"4 bytes if the original length is below {constants.SMALL_BLOCK_BYTES:,}, else 8",
        f"1 to 2^{constants.MAX_BLOCK_BYTES.bit_length() - 1} (64 MiB)",
        f"at most 2^{constants.MAX_SKIPPABLE_BYTES.bit_length() - 1} (1 MiB)",
        f"at most 2^{constants.MAX_METHOD_ID.bit_length()} - 1",
        f"{PRIVATE_IDS[0]:,} to {PRIVATE_IDS[-1]:,} | private use",
        f"{MIXING_ID} | adaptive mixing",
        f"{STORED_METHOD_ID} | none",
        f"The largest value is 2^{constants.MAX_VARINT.bit_length()} - 1, nine\nbytes",
    ],
)
def test_numbers_agree(statement: str) -> None:
    assert statement in DOCUMENT


def test_sections_that_the_code_quotes_exist() -> None:
    sections = set(re.findall(r"^#+ ([0-9.]+?)\.? ", DOCUMENT, re.MULTILINE))
    for path in (PROJECT / "src" / "predzip" / "container").glob("*.py"):
        for quoted in re.findall(r"[Ss]ections? ([0-9]+(?:\.[0-9]+)?)", path.read_text(encoding="utf-8")):
            assert quoted in sections, f"{path.name} quotes section {quoted}"
