"""Optional packages that conversion takes, loaded where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from predzip.errors import MissingExtraError

EXTRA = "hf"
"""Name of the extra of predzip that installs them."""


def library(module: str) -> Any:  # noqa: ANN401 - a module without types
    """Import a package.

    Raises:
        MissingExtraError: naming the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(module.partition(".")[0], EXTRA) from error
