"""The one door to numba: every compiled kernel of predzip passes through `kernel`.

Three decisions live here so that no kernel has to repeat them:

- No fastmath, ever: results may not depend on how a compiler reorders floats (exactness rule 2).
- `error_model="numpy"`: no hidden ZeroDivision branches in hot loops.
- The cache of compiled code is keyed by a hash of *all* kernel sources. Numba itself notices only changes in the
  file of the outermost function, not in the helpers it inlines.

Importing this module loads numba (0.4 s), so nothing that `import predzip` or `predzip --help` needs may import it.
Wrapping arithmetic must be in uint64: numba declares signed overflow undefined (exactness rule 4).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config as numba_config

from predzip.places import user_cache_folder

_CONFIG = cast(Any, numba_config)  # its settings are made at run time, unknown to type checkers
_Function = TypeVar("_Function", bound=Callable[..., object])


def _source_fingerprint() -> str:
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if b"predzip.jit" in source:  # the files that define kernels
            digest.update(source)
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR if set, else the user's cache folder."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or user_cache_folder()) / f"kernels-{_source_fingerprint()}"


_OLD_CACHE_DAYS = 30


def _forget_old_caches(folder: Path) -> None:
    """Remove the kernels of other releases that nobody has used for a month, when a new release makes its folder."""
    if folder.exists():
        return
    for other in folder.parent.glob("kernels-*"):
        if time.time() - other.stat().st_mtime > _OLD_CACHE_DAYS * 86400:
            shutil.rmtree(other, ignore_errors=True)


_CACHE_FOLDER = str(cache_folder())
_forget_old_caches(Path(_CACHE_FOLDER))


def _compiled(function: _Function, *, force_inline: bool = False, allocates: bool = False) -> _Function:
    # `_nrt=False`: no reference counts. They are atomic operations on every array that is passed or indexed, and cost
    # more than the work itself (measured: 245 instead of 938 KB/s in level 1 of the adaptive model).
    options: dict[str, Any] = {
        "cache": True,
        "nogil": True,
        "error_model": "numpy",
        "forceinline": force_inline,
        "_nrt": allocates,
    }
    # Numba reads the folder while it decorates; other packages in this process keep their own setting.
    saved, _CONFIG.CACHE_DIR = _CONFIG.CACHE_DIR, _CACHE_FOLDER
    try:
        compiled = numba.njit(**options)(function)
    finally:
        _CONFIG.CACHE_DIR = saved
    return cast(_Function, compiled)


def kernel(function: _Function) -> _Function:
    """Compile `function` with numba when it is first called; keep the machine code on disk.

    A kernel allocates no arrays: it is given all that it needs (see `allocating_kernel`).
    """
    return _compiled(function)


def inlined(function: _Function) -> _Function:
    """Like `kernel`, for a part of a hot loop: compiled into its callers, never called."""
    return _compiled(function, force_inline=True)


def allocating_kernel(function: _Function) -> _Function:
    """Like `kernel`, for code outside hot loops that makes arrays of its own; slower, as it counts references."""
    return _compiled(function, allocates=True)
