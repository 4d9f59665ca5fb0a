"""Files from the public pages of their authors, checked for size and hash before anything reads them."""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from predzip.errors import CorruptError, PredzipError
from predzip.experiments.datasets.cache import atomic_file, cache_folder
from predzip.units import format_bytes

_READ_BYTES = 1 << 18
_TIMEOUT_SECONDS = 60
_SCHEMES = ("https:", "http:", "file:")


@dataclass(frozen=True)
class Download:
    """A zip archive with one file of interest."""

    name: str
    url: str
    archive_bytes: int
    member: str
    member_bytes: int
    member_sha1: str
    """As its author publishes it. SHA-1 is enough against accidents; nobody attacks through a table of rates."""
    licence: str


_WIKIPEDIA = "CC BY-SA and GFDL, by the authors of Wikipedia"
ENWIK8 = Download(
    "enwik8",
    "https://mattmahoney.net/dc/enwik8.zip",
    36_445_475,
    "enwik8",
    100_000_000,
    "57b8363b814821dc9d47aa4d41f58733519076b2",
    _WIKIPEDIA,
)
ENWIK9 = Download(
    "enwik9",
    "https://mattmahoney.net/dc/enwik9.zip",
    322_592_222,
    "enwik9",
    1_000_000_000,
    "2996e86fb978f93cca8f566cc56998923e7fe581",
    _WIKIPEDIA,
)


def fetch(wanted: Download, say: Callable[[str], None] | None = None) -> Path:
    """Return the file on disk, downloading and unpacking it the first time.

    Args:
        wanted: what to get.
        say: told what takes so long.

    Raises:
        PredzipError: no connection; the message says how to do without.
        CorruptError: what came is not what its author published.
    """
    target = cache_folder() / "downloads" / wanted.member
    if target.is_file() and target.stat().st_size == wanted.member_bytes:
        return target
    if say is not None:
        say(f"downloading {wanted.url} ({format_bytes(wanted.archive_bytes)}) to {target.parent}")
    archive = target.with_name(f"{wanted.name}.zip")
    with atomic_file(archive) as temporary:
        _download(wanted, temporary)
        with atomic_file(target) as unpacked:
            _unpack(wanted, temporary, unpacked)
    archive.unlink(missing_ok=True)  # the content is there: the archive is a third of it in vain
    return target


def _download(wanted: Download, target: Path) -> None:
    if not wanted.url.startswith(_SCHEMES):
        raise PredzipError(f"{wanted.url} is not an address to download from")
    advice = f"download it by other means and name it: --data text=PATH/{wanted.name}.zip"
    try:
        with (
            urllib.request.urlopen(wanted.url, timeout=_TIMEOUT_SECONDS) as answer,  # noqa: S310 - checked above
            target.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file, _READ_BYTES)
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise PredzipError(f"cannot download {wanted.url}: {reason}; {advice}") from error
    size = target.stat().st_size
    if size != wanted.archive_bytes:
        raise CorruptError(f"{wanted.url} gave {size:,} bytes instead of {wanted.archive_bytes:,}; {advice}")


def _unpack(wanted: Download, archive: Path, target: Path) -> None:
    digest, size = hashlib.sha1(usedforsecurity=False), 0
    with target.open("wb") as file:
        for piece in member_pieces(archive, wanted.member):
            size += len(piece)
            if size > wanted.member_bytes:
                break  # a bomb, or another file
            digest.update(piece)
            file.write(piece)
    if size != wanted.member_bytes or digest.hexdigest() != wanted.member_sha1:
        raise CorruptError(f"{wanted.member} from {wanted.url} is not what its author published (SHA-1 differs)")


def member_pieces(archive: Path, member: str | None = None) -> Iterator[bytes]:
    """Unpack one member of a zip archive piece by piece; without a name, the only or the largest one.

    Raises:
        CorruptError: it is no zip archive, or has no such member.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
            chosen = [info for info in infos if member in (None, info.filename)]
            if not chosen:
                raise CorruptError(f"{archive} does not hold {member or 'a file'}")
            with opened.open(max(chosen, key=lambda info: info.file_size)) as file:
                while piece := file.read(_READ_BYTES):
                    yield piece
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise CorruptError(f"{archive}: {error}") from error
