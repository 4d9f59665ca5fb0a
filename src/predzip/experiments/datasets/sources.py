"""Words on the command line to datasets: adds names, places and licences to the readers beside it.

text=PATH         a file, the file in a .zip, or the files of a folder, joined by name
enwik8, enwik9    downloaded from their author's page; enwik7 is the first 10 MB of enwik8
image=PATH        raw patches (.gray), a folder of pictures, a tar archive of them
audio=PATH        raw 16-bit samples (.pcm), FLAC or WAV; a folder or tar archive of those; audio16 keeps 16 bits
random, random=N  bytes of a generator that starts from the seed N
file=PATH         anything
image=hf:NAME, audio=hf:NAME[:CONFIG[:SPLIT]]   a data set of the Hugging Face hub
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast, get_args

from predzip.codecs.baselines import load_extra
from predzip.errors import UsageError
from predzip.experiments.datasets import audio, images
from predzip.experiments.datasets.cache import prepared, state_of
from predzip.experiments.datasets.dataset import CHUNK_BYTES, READ_BYTES, Dataset, Kind, from_file
from predzip.experiments.datasets.download import ENWIK8, ENWIK9, fetch, member_pieces

KINDS = get_args(Kind)
DEFAULT_RANDOM_BYTES = 8_000_000
_SEED = 1
_UNKNOWN_LICENCE = "whatever its owner says: yours to check"
_LICENCES = {
    "image": "of the pictures; ImageNet's are for research, and not free",
    "audio": "of the recordings; LibriSpeech is CC BY 4.0",
    "random": "none: made here",
}
_HUB = "hf:"
_DOWNLOADS = {"enwik7": ENWIK8, "enwik8": ENWIK8, "enwik9": ENWIK9}
_LIMITS = {"enwik7": 10_000_000}
_FIXES = {
    "text": "name a file, for example: --data text=enwik8, or have it downloaded: --data enwik8",
    "image": "name raw patches, a folder or a tar archive of pictures: --data image=ILSVRC2012_img_val.tar"
    " (from image-net.org, after registration)",
    "audio": "name raw samples, a folder or a tar archive of recordings: --data audio=train-clean-100.tar.gz"
    " (from openslr.org/12)",
    "audio16": "name raw samples, a folder or a tar archive of recordings: --data audio16=train-clean-100.tar.gz",
    "file": "name a file: --data file=PATH",
}


def open_dataset(
    word: str,
    limit_bytes: int | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    say: Callable[[str], None] | None = None,
) -> Dataset:
    """Find, and if need be download or prepare, what a word stands for.

    Args:
        word: see the top of this file.
        limit_bytes: take a prefix of so many bytes, rounded down to whole chunks.
        chunk_bytes: bytes of a chunk.
        say: told what takes long.

    Raises:
        UsageError: the word means nothing, or the data is not there; the message says what to do.
    """
    kind, equals, place = word.partition("=")
    if kind in _DOWNLOADS and not equals:
        return _downloaded(kind, limit_bytes, chunk_bytes, say)
    if kind == "random":
        return _random(place, limit_bytes, chunk_bytes)
    if kind not in KINDS:
        known = ", ".join((*_DOWNLOADS, "random", *(f"{name}=PATH" for name in KINDS if name != "random")))
        raise UsageError(f"--data {word}: unknown; there are {known}")
    if not place:
        raise UsageError(f"--data {word}: where is it? {_FIXES[kind]}")
    if place.startswith(_HUB):
        return _from_hub(cast(Kind, kind), place.removeprefix(_HUB), limit_bytes, chunk_bytes)
    path = Path(place)
    if not path.exists():
        raise UsageError(f"--data {word}: {path} does not exist; {_FIXES[kind]}")
    return _local(cast(Kind, kind), path, limit_bytes, chunk_bytes)


def _downloaded(name: str, limit_bytes: int | None, chunk_bytes: int, say: Callable[[str], None] | None) -> Dataset:
    wanted = _DOWNLOADS[name]
    path = fetch(wanted, say)
    limits = [limit for limit in (limit_bytes, _LIMITS.get(name)) if limit is not None]
    return from_file(
        path,
        name,
        "text",
        limit_bytes=min(limits) if limits else None,
        licence=wanted.licence,
        source=wanted.url,
        chunk_bytes=chunk_bytes,
    )


def _random(place: str, limit_bytes: int | None, chunk_bytes: int) -> Dataset:
    if place and not place.isdecimal():
        raise UsageError(f"--data random={place}: a seed is a number")
    seed = int(place or _SEED)
    total_bytes = DEFAULT_RANDOM_BYTES if limit_bytes is None else limit_bytes
    generator = random.Random(seed)  # noqa: S311 - the same bytes everywhere is the point

    def pieces() -> Iterator[bytes]:
        left = total_bytes
        while left > 0:
            yield generator.randbytes(READ_BYTES)  # whole pieces: a longer run starts with the bytes of a shorter one
            left -= READ_BYTES

    path = prepared(f"random-{seed}", ["random", seed], pieces(), total_bytes)
    return from_file(
        path,
        "random" if seed == _SEED else f"random {seed}",
        "random",
        limit_bytes=None,
        licence=_LICENCES["random"],
        source=f"Mersenne twister of Python, seed {seed}",
        chunk_bytes=chunk_bytes,
    )


def _local(kind: Kind, path: Path, limit_bytes: int | None, chunk_bytes: int) -> Dataset:
    label = f"{kind}-{path.stem}"
    licence = _LICENCES.get(kind.removesuffix("16"), _UNKNOWN_LICENCE)
    recipe: list[object] = [kind, chunk_bytes, state_of(_files(path))]
    suffix = path.suffix.lower()
    pieces: Iterator[bytes] | None = None
    what = "as it is"
    if kind in ("audio", "audio16"):
        bits = 16 if kind == "audio16" else 8
        pieces, what = audio.recordings(path, bits, chunk_bytes), f"{bits} bits a sample"
    elif kind == "image" and path.is_dir():
        pieces, what = images.folder_patches(path), "grey patches of 32 x 64"
    elif kind == "image" and path.suffixes and ".tar" in [each.lower() for each in path.suffixes]:
        pieces, what = images.tar_patches(path), "grey patches of 32 x 64"
    elif kind == "image" and suffix in images.SUFFIXES:
        raise UsageError(f"--data image={path}: name the folder of pictures, a tar archive, or raw patches (.gray)")
    elif kind == "text" and suffix == ".zip":
        pieces, what = member_pieces(path), "unpacked"
    elif path.is_dir():
        pieces, what = _joined(_files(path)), "files joined by name"
    file = path if pieces is None else prepared(label, recipe, pieces, limit_bytes)
    return from_file(
        file,
        f"{kind} {path.stem}",
        kind,
        limit_bytes=limit_bytes,
        licence=licence,
        source=f"{path.name}, {what}",
        chunk_bytes=chunk_bytes,
    )


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _joined(files: list[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            while data := file.read(READ_BYTES):
                yield data


def _from_hub(kind: Kind, place: str, limit_bytes: int | None, chunk_bytes: int) -> Dataset:
    if kind not in ("image", "audio", "audio16"):
        raise UsageError(f"--data {kind}={_HUB}{place}: the hub is for image, audio and audio16")
    name, _, rest = place.partition(":")
    config, _, split = rest.partition(":")

    def pieces() -> Iterator[bytes]:
        hub: Any = load_extra("datasets", "datasets", "huggingface")
        rows = iter(hub.load_dataset(name, config or None, split=split or "train", streaming=True))
        if kind == "image":
            yield from images.table_patches(rows)
        else:
            yield from audio.table_recordings(rows, 16 if kind == "audio16" else 8, chunk_bytes)

    label = f"{kind}-{name.rpartition('/')[2]}"
    path = prepared(label, [kind, chunk_bytes, _HUB, name, config, split], pieces(), limit_bytes)
    return from_file(
        path,
        f"{kind} {name.rpartition('/')[2]}",
        kind,
        limit_bytes=limit_bytes,
        licence=_LICENCES[kind.removesuffix("16")],
        source=f"Hugging Face data set {place}",
        chunk_bytes=chunk_bytes,
    )
