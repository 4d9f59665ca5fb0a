"""fsspec: `compression="predzip"`, and `compression="infer"` for names that end in .pz.

Everything that opens files through fsspec (pandas, dask, local files and buckets alike) can then read and write them:

    import fsspec
    import predzip.integrations.fsspec

    predzip.integrations.fsspec.register()
    with fsspec.open("table.csv.pz", "rt", compression="infer") as file: ...
"""

from __future__ import annotations

from typing import BinaryIO

from predzip.errors import MissingExtraError
from predzip.files import PredzipFile

NAME = "predzip"
EXTENSION = "pz"


def _open(file: BinaryIO, mode: str = "rb") -> PredzipFile:
    return PredzipFile(file, mode)


def register() -> None:
    """Make fsspec know the compression; calling it again changes nothing.

    Raises:
        MissingExtraError: fsspec is not installed.
    """
    try:
        from fsspec.compression import register_compression
    except ImportError as error:
        raise MissingExtraError("fsspec", "fsspec") from error
    register_compression(NAME, _open, EXTENSION, force=True)
