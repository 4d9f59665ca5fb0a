"""Make the warm starts of the model of text (`predzip/models/warm-text*.npz.xz`) from training data.

    python scripts/make_text_start.py wiki.txt.xz code.txt.xz ...
    python scripts/make_text_start.py wiki.txt.xz code.txt.xz ... --prior small

The model codes pieces like those met in use (2 KB, 16 KB, 200 KB), each started afresh but for what is learnt: weights
of the mixers, adaptive maps, tables of probabilities. The start is the mean over the second half of the run. The run
without priors makes the tables that all starts share and must come first; the others learn on from it. The end of
every file is left out (`HELD_OUT_BYTES`), so that it can be measured on (`--measure`). Same data, same options, same
priors: same files. How long it takes is for `--bytes` to say: without priors about 20 KB/s.
"""

from __future__ import annotations

import argparse
import lzma
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import finish, new_encoder, room_bytes
from predzip.predictors.mixing.model import Model, Start, new_model, padded
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixing.step import code_bytes
from predzip.predictors.mixing.text_warm import (
    COMMON,
    COMMON_TAG,
    LEARNT,
    LEVEL,
    MAPS,
    OWN,
    pack_text,
    shrink,
    unpack_text,
)
from predzip.predictors.mixing.warm import FOLDER, write_start
from predzip.predictors.mixture import HEADS, code_alone
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.recurrent.network import Network, new_lanes
from predzip.predictors.neural.recurrent.predictor import network_of

Bytes = NDArray[np.uint8]
Table = NDArray[Any]

HELD_OUT_BYTES = 300_000
ROUND = ([2048] * 48 + [16384] * 6) * 2 + [200_000]
"""Sizes of pieces; the order within a round is shuffled."""
SHRINK_AT = (16, 8, 4, 2)
"""After these parts of the run rows seldom met are drawn to the mean of their gate, and learn on from there."""
MEAN_EVERY = 16
PRINT_EVERY = 200_000
MEASURED = ((2048, 10), (16384, 2))
"""Sizes and numbers of held-out pieces of each file."""


class Source(NamedTuple):
    """A file of training data."""

    name: str
    data: Bytes


def read(path: Path) -> Source:
    """Read a file, unpacked where its name ends in .xz."""
    content = path.read_bytes()
    return Source(path.name, np.frombuffer(lzma.decompress(content) if path.suffix == ".xz" else content, np.uint8))


def pieces(sources: list[Source], total_bytes: int, seed: int, sizes: Sequence[int] = ROUND) -> Iterator[Bytes]:
    """Pieces from anywhere but the ends, all sources in turn for each size."""
    rng = np.random.default_rng(seed)
    turn = dict.fromkeys(sizes, 0)
    taken = 0
    while taken < total_bytes:
        for size in rng.permutation(sizes).tolist():
            data = sources[turn[size] % len(sources)].data
            turn[size] += 1
            start = int(rng.integers(0, len(data) - HELD_OUT_BYTES - size))
            yield data[start : start + size]
            taken += size
            if taken >= total_bytes:
                return


def held_out(sources: list[Source]) -> Iterator[tuple[str, Bytes]]:
    """Pieces of the ends, the same in each run, with the names of their files."""
    rng = np.random.default_rng(7)
    for source in sources:
        end = source.data[-HELD_OUT_BYTES:]
        for size, count in MEASURED:
            for _ in range(count):
                start = int(rng.integers(0, HELD_OUT_BYTES - size + 1))
                yield source.name, end[start : start + size]


def code(model: Model, piece: Bytes, networks: list[Network]) -> int:
    """Encode a piece; return the bytes it takes."""
    data = padded(piece.tobytes())
    coder, buffer = new_encoder(), np.zeros(room_bytes(9 * len(piece)), np.uint8)
    if networks:
        lanes = new_lanes(networks[0], 1, adapts=True)
        frequencies = np.zeros((HEADS, 256), np.uint32)
        code_alone(model, coder, buffer, data, frequencies, networks[0], lanes, 0, len(piece))
    else:
        code_bytes(model, coder, buffer, data, np.zeros((0, 0, 1, 256), np.uint16), 0, len(piece))
    return int(finish(coder, buffer))


def with_tables(model: Model, tables: Mapping[str, Any]) -> Model:
    """The model with other tables in the place of its own."""
    return model._replace(**tables)


class Mean:
    """Mean over the run of what is learnt; counts of maps and uses of rows are those at the end."""

    def __init__(self) -> None:
        self._sums: dict[str, NDArray[np.int64]] = {}
        self._samples = 0

    def add(self, kept: dict[str, Table]) -> None:
        """Take the tables as they stand."""
        self._samples += 1
        for name, table in kept.items():
            values = table.astype(np.int64) >> (10 if name in MAPS else 0)
            self._sums[name] = self._sums.get(name, np.int64(0)) + values

    def result(self, kept: dict[str, Table]) -> dict[str, Table]:
        """The means, in the types of the tables."""
        means = {name: (total // self._samples).astype(kept[name].dtype) for name, total in self._sums.items()}
        for name in MAPS:
            means[name] = means[name] << np.uint32(10) | kept[name] & np.uint32(1023)
        return means | {"row_uses": kept["row_uses"]}


def learn(
    sources: list[Source], total_bytes: int, networks: list[Network], seed: int, start: Start
) -> dict[str, Table]:
    """Code all pieces, from `start` on; return the learnt tables."""
    first = new_model(LEVEL, TEXT, 1, 1, HEADS * len(networks), start)
    kept: dict[str, Table] = {name: getattr(first, name) for name in LEARNT}
    shrink_at = [total_bytes // part for part in SHRINK_AT]
    mean, begun = Mean(), time.monotonic()
    taken = coded = printed = 0
    for index, piece in enumerate(pieces(sources, total_bytes, seed)):
        model = with_tables(new_model(LEVEL, TEXT, len(piece), 1, HEADS * len(networks), {}), kept)
        coded += code(model, piece, networks)
        taken += len(piece)
        if shrink_at and taken >= shrink_at[0]:
            del shrink_at[0]
            kept["weights"][...] = shrink(kept["weights"], kept["row_uses"])
        if 2 * taken >= total_bytes and index % MEAN_EVERY == 0:
            mean.add(kept)
        if taken >= printed + PRINT_EVERY:
            printed = taken
            seconds = time.monotonic() - begun
            print(f"{taken:,} bytes, coded {coded / taken:.4f}, {taken / seconds:,.0f} bytes/s", flush=True)
    mean.add(kept)
    return mean.result(kept)


def measure(sources: list[Source], networks: list[Network], starts: dict[str, Start | None]) -> None:
    """Print mean sizes of held-out pieces, by file and size, for each start."""
    for label, start in starts.items():
        sizes: dict[tuple[int, str], list[int]] = {}
        for name, piece in held_out(sources):
            model = new_model(LEVEL, TEXT, len(piece), 1, HEADS * len(networks), start)
            size = code(model, piece, networks)
            sizes.setdefault((len(piece), "all"), []).append(size)
            sizes.setdefault((len(piece), name.split(".")[0]), []).append(size)
        means = [f"{name} {bytes_}: {np.mean(found):.1f}" for (bytes_, name), found in sizes.items()]
        print(f"{label}: {', '.join(means)}", flush=True)


def main() -> None:
    """Read the data, learn, write the file, measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("sources", type=Path, nargs="+", help="files of text, plain or .xz")
    parser.add_argument("--prior", action="append", default=[], help="the model that predicts beside it; at most one")
    parser.add_argument("--bytes", type=int, default=6_000_000, help="to learn from")
    parser.add_argument("--leave", choices=OWN, nargs="*", default=[], help="tables to leave cold, for a smaller file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", action="store_true", help="code held-out pieces, cold and warm")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files are")
    options = parser.parse_args()
    sources = [read(path) for path in options.sources]
    networks = [network_of(catalogue.load(name)) for name in options.prior]
    inputs = HEADS * len(networks)
    common = options.folder / f"{COMMON_TAG}.npz.xz"
    start = unpack_text(common.read_bytes(), inputs) if networks else {}
    learnt = learn(sources, options.bytes, networks, options.seed, start)
    own = options.folder / f"{'-'.join(['warm-text', *(Path(name).name for name in options.prior)])}.npz.xz"
    write_start(own, pack_text(learnt, inputs, [name for name in OWN if name not in options.leave]))
    if not networks:
        write_start(common, pack_text(learnt, 0, COMMON))
    print(*(f"{path.name}: {path.stat().st_size:,} bytes" for path in (common, own)), sep="\n")
    if options.measure:
        warm = unpack_text(common.read_bytes(), inputs) | unpack_text(own.read_bytes(), inputs)
        measure(sources, networks, {"cold": None, "warm": warm})


if __name__ == "__main__":
    main()
