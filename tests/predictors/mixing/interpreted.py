"""Code bytes with every kernel run by the Python interpreter: the oracle of `test_interpreted`.

    python interpreted.py < requests.json > payloads.json

Must run with NUMBA_DISABLE_JIT=1, so in a process of its own. NumPy scalars then do the unsigned arithmetic, Python
integers the signed one: they cannot overflow, so where the compiled loop overflows a signed number, payloads differ.
"""

from __future__ import annotations

import json
import os
import sys
import warnings

import numpy as np


def _signed_32(value: int) -> np.int32:
    return np.int32(((value + (1 << 31)) & 0xFFFFFFFF) - (1 << 31))


def _replace_instructions() -> None:
    """The LLVM instructions have no Python body: say what they mean."""
    from predzip.predictors.mixing import int32, prefetch

    prefetch.prefetch_row = lambda table, row: None
    int32.mul32 = lambda a, b: _signed_32(int(a) * int(b))
    int32.add32 = lambda a, b: _signed_32(int(a) + int(b))
    int32.sub32 = lambda a, b: _signed_32(int(a) - int(b))
    int32.sar32 = lambda a, b: np.int32(int(a) >> int(b))


def main() -> None:
    assert os.environ.get("NUMBA_DISABLE_JIT") == "1"
    warnings.simplefilter("ignore", RuntimeWarning)  # wrapping uint64 scalars is what the kernels mean
    _replace_instructions()
    from lane_driver import encode_lanes

    payloads = []
    for request in json.load(sys.stdin):
        data = bytes.fromhex(request["data"])
        payloads.append(encode_lanes(data, request["level"], request["family"], request["lanes"]).hex())
    json.dump(payloads, sys.stdout)


if __name__ == "__main__":
    main()
