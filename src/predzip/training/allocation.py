"""Memory that stays ours between steps: page faults otherwise cost as much as the training itself."""

from __future__ import annotations

import ctypes
import platform
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_INT_MAX = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell the C library to give nothing back to the system until the process ends; False where it cannot be told.

    Training frees and takes the same hundreds of megabytes every step. By default glibc returns large pieces at once,
    and the system fills them with zeros, page by page, when they are taken again (measured: twice the time).
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, _INT_MAX))
