"""The contexts of the next byte, whatever the family: which sets of them a model has.

Adds to the sets (`text_contexts`, `more_contexts`, ...) how they follow each other in the array of a model. What is
computed here depends on the bytes before alone, so it may be computed twice: once early, to have the lines fetched
from memory, and once when the byte is coded, since another lane may have changed the followers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.binary_contexts import binary_contexts
from predzip.predictors.mixing.characters import CHARACTER_CONTEXTS, character_contexts
from predzip.predictors.mixing.code_contexts import code_contexts
from predzip.predictors.mixing.east_asian import east_asian_contexts, is_east_asian
from predzip.predictors.mixing.match import match_bucket, predicted_byte
from predzip.predictors.mixing.more_contexts import EXPECTED_0, EXPECTED_1, more_contexts
from predzip.predictors.mixing.settings import EXECUTABLE, TEXT
from predzip.predictors.mixing.text_contexts import text_contexts

_U = np.uint64


@kernel
def _note_expected(r: NDArray[np.uint64], data: NDArray[np.uint8], match: int, register: int) -> None:
    """Keep the byte that a match expects, and how much it is trusted, where contexts and gates look for it."""
    expected = predicted_byte(r, data, match)
    r[register] = _U(0)
    if expected >= 0:
        r[register] = _U(expected | (min(match_bucket(r, match), 15) + 1) << 8)


@kernel
def byte_contexts(
    contexts: NDArray[np.uint64],
    followers: NDArray[np.uint32],
    r: NDArray[np.uint64],
    data: NDArray[np.uint8],
    lane_start: int,
    family: int,
    wide: int,
) -> bool:
    """Fill the contexts, shape (N,), for the byte at r[POSITION]; say whether the text is East Asian."""
    n = contexts.shape[0]
    east_asian = False
    if wide:
        _note_expected(r, data, 0, EXPECTED_0)
        _note_expected(r, data, 1, EXPECTED_1)
    if family == TEXT:
        text_contexts(contexts, n, r, followers)
        if wide:
            more_contexts(contexts, r, data)
            character_contexts(contexts, n - CHARACTER_CONTEXTS, r)
            east_asian = is_east_asian(r)
            if east_asian:
                east_asian_contexts(contexts, r)
    elif family == EXECUTABLE:
        code_contexts(contexts, n, r, data, lane_start, followers)
    else:
        binary_contexts(contexts, n, r, data, lane_start, followers)
    return east_asian
