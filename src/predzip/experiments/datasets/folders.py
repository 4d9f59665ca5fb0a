"""Files of a folder or members of a tar archive, in an order that does not depend on the machine."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

from predzip.errors import UsageError


def files_below(folder: Path, suffixes: tuple[str, ...], what: str) -> list[Path]:
    """Files with one of the suffixes, by their path relative to the folder.

    Raises:
        UsageError: there is none.
    """
    found = [path for path in folder.rglob("*") if path.is_file() and path.name.lower().endswith(suffixes)]
    if not found:
        raise UsageError(f"{folder} holds no {what} ({', '.join(suffixes)})")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def tar_members(archive: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the members with one of the suffixes, in the archive's order, one at a time.

    Raises:
        UsageError: it is no tar archive.
    """
    try:
        with tarfile.open(archive, mode="r|*") as opened:
            for member in opened:
                if member.isfile() and member.name.lower().endswith(suffixes):
                    file = opened.extractfile(member)
                    if file is not None:
                        yield member.name, file.read()
    except tarfile.TarError as error:
        raise UsageError(f"{archive} is no tar archive: {error}") from error
