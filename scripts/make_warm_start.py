"""Make the warm starts of the models of pictures and sound (`predzip/models/warm-*.npz.xz`) from training data.

    python scripts/make_warm_start.py PATCHES.gray.xz SPEECH.flac

The models code pieces like those met in use (2 KB, 16 KB, 200 KB), each started afresh but for what is learnt: weights
of the mixers, adaptive maps, scales. Weights are the mean over the last two thirds. About ten minutes on one core.
The end of both files is left out (`HELD_OUT_*`), so that it can be measured on. Needs `soundfile` (extra `audio`).
"""

from __future__ import annotations

import argparse
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import finish, new_encoder, room_bytes
from predzip.predictors.mixing import audio_model, pixels_model
from predzip.predictors.mixing.audio import code_audio
from predzip.predictors.mixing.audio_squares import GAIN_ONE, factorise, substitute
from predzip.predictors.mixing.pixels import MAX_DECISIONS, code_pixels
from predzip.predictors.mixing.pixels_predict import start_row
from predzip.predictors.mixing.warm import FOLDER, pack_map, pack_numbers, write_start

Bytes = NDArray[np.uint8]
State = dict[str, NDArray[Any]]

CHUNK_BYTES = 2048
PATCH_WIDTH = 64
HELD_OUT_PATCHES = 512
HELD_OUT_SAMPLES = 2_000_000
PICTURE_BYTES = 13_000_000
SOUND_BYTES = {8: 9_000_000, 16: 6_000_000}
LEAST_COUNT = 16
"""Entries of maps that were met less often are not worth their bytes."""

MOST_COUNT = 24
"""What is remembered of the count, so that maps still follow new data."""

JOIN_TRUST = 0.2
"""How much of the experience at the end of a chunk the joining system starts with."""

PIXEL_WEIGHTS = {"weights": 11, "final_weights": 7}
PIXEL_TABLES = {"corrections": 15, "phase_errors": 3, "learned": 10}
SOUND_WEIGHTS = dict.fromkeys(("weights_node", "weights_trend", "weights_level", "weights_final", "weights_warm"), 7)
SOUND_MAPS = ("map_scale", "map_last", "map_fraction", "maps_warm")


def pieces(data: Bytes, total_bytes: int) -> Iterator[Bytes]:
    """Pieces from all over the data: 24 of a chunk, one of 8 chunks; after twelve such rounds one of 100 chunks."""
    rng = np.random.default_rng(1)
    sizes = ([1] * 24 + [8]) * 12 + [100]
    chunks = len(data) // CHUNK_BYTES
    taken = index = 0
    while taken < total_bytes:
        count = sizes[index % len(sizes)]
        first = int(rng.integers(0, chunks - count + 1)) * CHUNK_BYTES
        yield data[first : first + count * CHUNK_BYTES]
        taken += count * CHUNK_BYTES
        index += 1


def learn(source: Iterator[Bytes], total_bytes: int, weights: tuple[str, ...], step: Callable[[Bytes], State]) -> State:
    """Code all pieces; return the learnt tables, the weights as means."""
    sums: dict[str, NDArray[np.int64]] = {}
    taken = coded = samples = 0
    state: State = {}
    for index, piece in enumerate(source):
        state = step(piece)
        taken += len(piece)
        coded += int(state["coded"])
        if 3 * taken > total_bytes and index % 16 == 0:
            samples += 1
            for name in weights:
                sums[name] = sums.get(name, np.int64(0)) + state[name].astype(np.int64)
        if index % 300 == 0:
            print(f"{taken:,} bytes, coded {coded / taken:.4f}", flush=True)
    return state | {name: total // samples for name, total in sums.items()}


def picture_start(data: Bytes, total_bytes: int) -> State:
    """Packed tables of the model of grey pictures."""
    names = (*PIXEL_WEIGHTS, "maps", "corrections", "phase_errors")
    first = pixels_model.allocate(PATCH_WIDTH, 1, CHUNK_BYTES, {})
    kept: dict[str, Any] = {name: getattr(first, name) for name in names}
    learned, trust = first.experts.learned, first.values.trust

    def step(piece: Bytes) -> State:
        model = pixels_model.allocate(PATCH_WIDTH, 1, len(piece), {})
        experts, values = model.experts._replace(learned=learned), model.values._replace(trust=trust)
        model = model._replace(**kept, experts=experts, values=values)
        start_row(model)
        state, buffer = new_encoder(), np.zeros(room_bytes(MAX_DECISIONS * len(piece)), np.uint8)
        code_pixels(model, state, buffer, piece.copy(), 0, len(piece))
        return {**kept, "learned": learned, "trust": trust, "coded": np.array(finish(state, buffer))}

    state = learn(pieces(data, total_bytes), total_bytes, tuple(PIXEL_WEIGHTS), step)
    packed: State = {f"{name}@{shift}": pack_numbers(state[name], shift) for name, shift in PIXEL_WEIGHTS.items()}
    packed |= {f"{name}@{shift}": pack_numbers(state[name], shift) for name, shift in PIXEL_TABLES.items()}
    return packed | {"maps@map": pack_map(state["maps"], LEAST_COUNT, MOST_COUNT), "trust@0": state["trust"]}


def sound_start(data: Bytes, bits: int, total_bytes: int) -> State:
    """Packed tables of the model of mono sound."""
    first = audio_model.allocate(bits, 1, False, CHUNK_BYTES, {})
    kept: dict[str, Any] = {name: getattr(first, name) for name in (*SOUND_WEIGHTS, *SOUND_MAPS)}
    joins: list[NDArray[np.float64]] = []

    def step(piece: Bytes) -> State:
        model = audio_model.allocate(bits, 1, False, len(piece), {})._replace(**kept)
        state, buffer = new_encoder(), np.zeros(room_bytes(8 * len(piece)), np.uint8)
        code_audio(model, state, buffer, piece.copy(), 0, len(piece))
        if len(piece) == CHUNK_BYTES:
            joins.append(model.join_sums[0] / (model.gains[0, -1] / GAIN_ONE))
        return {**kept, "coded": np.array(finish(state, buffer))}

    state = learn(pieces(data, total_bytes), total_bytes, tuple(SOUND_WEIGHTS), step)
    packed: State = {f"{name}@{shift}": pack_numbers(state[name], shift) for name, shift in SOUND_WEIGHTS.items()}
    packed |= {f"{name}@map": pack_map(state[name], LEAST_COUNT, MOST_COUNT) for name in SOUND_MAPS}
    sums = np.rint(np.mean(joins, 0) * JOIN_TRUST).astype(np.int64)
    order = audio_model.JOIN_ORDER
    factor, roots = np.zeros((16, 16), np.int32), np.zeros(16, np.int64)
    rest, coefficients = np.zeros(16, np.int64), np.zeros(16, np.int32)
    factorise(sums, factor, roots, order, audio_model.RIDGE_SHIFT, audio_model.JOIN_RIDGE_SHIFT)
    substitute(factor, roots, rest, coefficients, order)
    shift = max(int(abs(sums).max()).bit_length() - 30, 0)
    return packed | {f"join_sums@{shift}": pack_numbers(sums, shift), "join_coefficients@0": coefficients}


def main() -> None:
    """Read the data, make the files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("patches", type=Path, help="xz of 32 x 64 grey patches, rows of 64")
    parser.add_argument("speech", type=Path, help="16-bit mono speech that soundfile reads")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--only", choices=("pixels", "audio8", "audio16"), help="make one of the three files")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual training bytes, for a trial")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    if options.only in (None, "pixels"):
        patches = np.frombuffer(lzma.decompress(options.patches.read_bytes()), np.uint8)
        made = picture_start(patches[: -HELD_OUT_PATCHES * CHUNK_BYTES], int(PICTURE_BYTES * options.share))
        write_start(options.folder / f"{pixels_model.WARM_START}.npz.xz", made)
    for bits in (8, 16):
        if options.only in (None, f"audio{bits}"):
            import soundfile

            samples = soundfile.read(options.speech, dtype="int16")[0][:-HELD_OUT_SAMPLES]
            top = ((samples >> 8) + 128).astype(np.uint8)
            data = top if bits == 8 else np.frombuffer(samples.astype("<i2").tobytes(), np.uint8)
            made = sound_start(data, bits, int(SOUND_BYTES[bits] * options.share))
            write_start(options.folder / f"{audio_model.WARM_START}{bits}.npz.xz", made)


if __name__ == "__main__":
    main()
