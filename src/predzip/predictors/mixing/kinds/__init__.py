"""Kinds of data: find them in a block, write them down, and transform what codes better in another form.

`segment_block` is the encoder's half; the decoder needs `unpack_segments` only. The transforms are in `transforms`,
which loads numba.
"""

from __future__ import annotations

from predzip.predictors.mixing.kinds.detection import segment_block
from predzip.predictors.mixing.kinds.segments import Kind, Segment, pack_segments, unpack_segments

__all__ = ["Kind", "Segment", "pack_segments", "segment_block", "unpack_segments"]
