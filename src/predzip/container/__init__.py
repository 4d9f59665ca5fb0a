"""The frame format of docs/format.md: bytes in, blocks out; needs no model, no numba and does no I/O (sans I/O).

Writing, one frame:

    writer = FrameWriter(FrameHeader(method_id=1, parameters=b"..."))
    out.write(writer.block(original, payload))      # for each block; payload None: stored
    out.write(writer.finish())

Reading, any number of frames:

    reader = FrameReader()
    while True:
        event = reader.next_event()
        match event:
            case NeedData():
                data = source.read(65536)
                reader.feed(data) if data else reader.close()   # close raises TruncatedError inside a frame
            case BlockReady():
                original = event.payload if event.stored else decode(event.payload, event.original_length)
                event.verify(original)              # alone, in any order, in any process
            case EndOfInput():
                break

Listing is the same with `FrameReader(keep_payloads=False)` and without decoding: lengths and the frame's structure
are checked, content is not.
"""

from predzip.container.constants import FINGERPRINT_BYTES as FINGERPRINT_BYTES
from predzip.container.constants import FORMAT_VERSION as FORMAT_VERSION
from predzip.container.constants import FRAME_MAGIC as FRAME_MAGIC
from predzip.container.constants import MAX_BLOCK_BYTES as MAX_BLOCK_BYTES
from predzip.container.constants import SKIPPABLE_MAGIC as SKIPPABLE_MAGIC
from predzip.container.constants import STORED_METHOD_ID as STORED_METHOD_ID
from predzip.container.events import BlockReady as BlockReady
from predzip.container.events import EndOfInput as EndOfInput
from predzip.container.events import Event as Event
from predzip.container.events import FrameEnded as FrameEnded
from predzip.container.events import FrameStarted as FrameStarted
from predzip.container.events import Limits as Limits
from predzip.container.events import NeedData as NeedData
from predzip.container.events import SkippableFrame as SkippableFrame
from predzip.container.header import FrameHeader as FrameHeader
from predzip.container.reader import FrameReader as FrameReader
from predzip.container.writer import FrameWriter as FrameWriter
from predzip.container.writer import pack_skippable as pack_skippable

__all__ = [
    "FINGERPRINT_BYTES",
    "FORMAT_VERSION",
    "FRAME_MAGIC",
    "MAX_BLOCK_BYTES",
    "SKIPPABLE_MAGIC",
    "STORED_METHOD_ID",
    "BlockReady",
    "EndOfInput",
    "Event",
    "FrameEnded",
    "FrameHeader",
    "FrameReader",
    "FrameStarted",
    "FrameWriter",
    "Limits",
    "NeedData",
    "SkippableFrame",
    "pack_skippable",
]
