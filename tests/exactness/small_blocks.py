"""Method 1 with small blocks, under an id for private use: several blocks in little data, for threads.

`python -m small_blocks ARGUMENTS` is the command line with it registered.
"""

from __future__ import annotations

from predzip.codecs.base import BlockCodec
from predzip.codecs.registry import PRIVATE_IDS, Method, register_method

NAME = "small-blocks"
BLOCK_BYTES = 20_000


def build(method_id: int, parameters: bytes) -> BlockCodec:
    from predzip.codecs.mixing import MixingCodec

    return MixingCodec(2)


def register() -> None:
    register_method(Method(PRIVATE_IDS[7], NAME, "small_blocks:build", block_bytes=BLOCK_BYTES))


register()

if __name__ == "__main__":
    from predzip.cli.main import main

    main()
