"""Pictures to the paper's patches: grey, 32 rows of 64 pixels, one after another.

Grey is what the paper's code makes of a picture: the mean of red, green and blue, cut down to 8 bits. Patches do not
overlap, go in row order from the top left, and leave out what does not fill one. Each is flattened row by row to 2,048
bytes. (The paper's PNG then stored them as 64 rows of 32 pixels; here a patch keeps its shape.)
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from predzip.codecs.baselines import load_extra
from predzip.errors import UsageError
from predzip.experiments.datasets.dataset import PATCH_COLUMNS, PATCH_ROWS
from predzip.experiments.datasets.folders import files_below, tar_members

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def patches(picture: Any) -> bytes:  # noqa: ANN401 - a Pillow image; pillow is loaded late
    """All patches of one picture; nothing where it is smaller than one."""
    grey = np.mean(np.asarray(picture.convert("RGB")), axis=-1).astype(np.uint8)
    rows, columns = grey.shape[0] // PATCH_ROWS, grey.shape[1] // PATCH_COLUMNS
    whole = grey[: rows * PATCH_ROWS, : columns * PATCH_COLUMNS]
    cut = whole.reshape(rows, PATCH_ROWS, columns, PATCH_COLUMNS)
    in_order: bytes = cut.transpose(0, 2, 1, 3).tobytes()  # row of patches, patch, row of pixels, pixel
    return in_order


def _opened(name: str, file: IO[bytes] | Path) -> bytes:
    pillow = load_extra("PIL.Image", "pillow", "image")
    try:
        with pillow.open(file) as picture:
            return patches(picture)
    except OSError as error:
        raise UsageError(f"{name} is not a picture that Pillow reads: {error}") from error


def folder_patches(folder: Path) -> Iterator[bytes]:
    """Patches of the pictures below a folder, in the order of their paths.

    Raises:
        UsageError: there is no picture, or one cannot be read.
    """
    for file in files_below(folder, SUFFIXES, "picture"):
        yield _opened(str(file), file)


def tar_patches(archive: Path) -> Iterator[bytes]:
    """Patches of the pictures in a tar archive, in its order; archives in it (one a class, as ImageNet's) are opened.

    Raises:
        UsageError: there is no picture, or one cannot be read.
    """
    count = 0
    for name, data in tar_members(archive, (*SUFFIXES, ".tar")):
        if name.lower().endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(data)) as inner:
                for member in inner:
                    file = inner.extractfile(member) if member.name.lower().endswith(SUFFIXES) else None
                    if file is not None:
                        count += 1
                        yield _opened(f"{archive}: {name}: {member.name}", io.BytesIO(file.read()))
        else:
            count += 1
            yield _opened(f"{archive}: {name}", io.BytesIO(data))
    if not count:
        raise UsageError(f"{archive} holds no picture ({', '.join(SUFFIXES)})")


def table_patches(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Patches of the column `image` of a Hugging Face data set."""
    for row in rows:
        yield patches(row["image"])
