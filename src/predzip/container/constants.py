"""The literals of the frame format, each with its section of docs/format.md. They never change within a version."""

from __future__ import annotations

from typing import Final

FRAME_MAGIC: Final = b"\xabpz\xf5"
"""First bytes of every frame (section 2). 0xAB cannot begin UTF-8 text; 0xF5 never occurs in it."""

SKIPPABLE_MAGIC: Final = b"\xabpz\x8a"
"""First bytes of a skippable frame (section 6). Seven bits away from a frame, so that no small damage
turns content into metadata."""

FORMAT_VERSION: Final = 1
"""Low four bits of the descriptor byte (section 3.1)."""

VERSION_MASK: Final = 0x0F
FLAG_SINGLE_BLOCK: Final = 0x10
"""Exactly one block, no end marker (section 3.1)."""

FLAG_ORIGINAL_LENGTH: Final = 0x20
"""The header carries the original length of the whole frame (section 3.1)."""

FLAG_FINGERPRINT: Final = 0x40
"""The header carries a model fingerprint (section 3.1)."""

RESERVED_FLAGS: Final = 0x80
"""Must be zero (section 3.1)."""

MAX_VARINT: Final = 2**63 - 1
"""Largest value of a varint: nine groups of seven bits (section 1.1)."""

MAX_VARINT_BYTES: Final = 9

MAX_METHOD_ID: Final = 2**14 - 1
"""Two varint bytes (section 3.2)."""

STORED_METHOD_ID: Final = 0
"""No codec: a frame of stored blocks only (section 3.2)."""

MAX_PARAMETERS_BYTES: Final = 255
"""One length byte (section 3.3)."""

FINGERPRINT_BYTES: Final = 8
"""Section 3.4."""

MAX_BLOCK_BYTES: Final = 2**26
"""Largest original length of one block: 64 MiB (section 4)."""

SMALL_BLOCK_BYTES: Final = 2**16
"""Blocks below this many original bytes carry the short checksum (section 4.2)."""

SHORT_CHECKSUM_BYTES: Final = 4
LONG_CHECKSUM_BYTES: Final = 8

END_MARKER: Final = b"\x00"
"""An original length of zero where a block could begin (section 5)."""

END_INDEX: Final = 2**64 - 1
"""Stands in the end checksum where a block checksum has the block's index (section 5)."""

MAX_SKIPPABLE_BYTES: Final = 2**20
"""Largest content of a skippable frame: 1 MiB (section 6)."""
