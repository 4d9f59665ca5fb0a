"""Measure what lanes cost and what a prior brings: the mixture with 1 to 64 lanes, with the order-2 prior and without.

    python benchmarks/lanes.py [FILE]

A neural prior will predict L lanes in one step, because one matrix product serves L bytes; the mixture must then code
the file as L segments side by side. This says what that costs in bytes and in time before there is a neural prior. The
prior here is the trivial one (`predictors.lane_counts`), called once a step from Python, as a neural one will be.

Prints the tables and writes them to results/lanes.md. Times are processor time; every payload is decoded and compared.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from predzip.coding.binary import finish, new_decoder, new_encoder, payload_buffer, room_bytes
from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.tables import describe_environment
from predzip.predictors.base import LanePredictor
from predzip.predictors.lane_counts import LaneCounts
from predzip.predictors.mixing.model import PADDING, new_model, padded
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixing.step import code_bytes

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "lanes.md"
BOOK = ROOT / "examples" / "data" / "alice29.txt"
MOST_BYTES = 200_000
LANES = (1, 2, 4, 8, 16, 32, 64)
LEVELS = (2, 3)
RUNS = 2


def run(data: bytes, payload: bytes | None, level: int, lanes: int, prior: LanePredictor | None) -> tuple[bytes, float]:
    """Compress, or decompress the payload; return the result and the processor time in seconds."""
    length = len(data)
    lane_bytes = -(-length // lanes)
    if payload is None:
        array, coder = padded(data), new_encoder()
        buffer = np.zeros(room_bytes(9 * length), np.uint8)
    else:
        array, buffer = np.zeros(length + PADDING, np.uint8), payload_buffer(payload)
        coder = new_decoder(buffer)
    begin = time.process_time()
    model = new_model(level, TEXT, length, lanes, 0 if prior is None else 1)
    if prior is None:
        code_bytes(model, coder, buffer, array, np.zeros((0, 0, lanes, 256), np.uint16), 0, lane_bytes)
    else:
        prior.reset(lanes)
        places = np.arange(lanes) * lane_bytes
        for step in range(lane_bytes):
            code_bytes(model, coder, buffer, array, prior.predict()[np.newaxis, np.newaxis], step, step + 1)
            prior.update(array[np.minimum(places + step, length)])  # behind the end stands a zero
    result = bytes(buffer[: finish(coder, buffer)]) if payload is None else array[:length].tobytes()
    return result, time.process_time() - begin


def row(data: bytes, level: int, lanes: int, *, with_prior: bool, least_bytes: int) -> tuple[list[str], int]:
    """One line of a table, and the bytes of its payload."""
    prior = LaneCounts() if with_prior else None
    run(data[:200], None, level, lanes, prior)  # compiles
    payload, seconds = min((run(data, None, level, lanes, prior) for _ in range(RUNS)), key=lambda pair: pair[1])
    decoded, back = run(data, payload, level, lanes, prior)
    if decoded != data:
        raise SystemExit(f"{lanes} lanes: decoded something else")
    size = len(payload)
    change = f"{size / (least_bytes or size) * 100 - 100:+.1f} %"
    speeds = [f"{len(data) / seconds / 1000:.0f}", f"{len(data) / back / 1000:.0f}"]
    return [str(lanes), f"{size:,}", f"{8 * size / len(data):.3f}", change, *speeds], size


def tables(data: bytes) -> str:
    """One table for each level, with the prior and without."""
    parts = []
    for level in LEVELS:
        first = 0
        for with_prior in (False, True):
            title = f"## Level {level}, {'with the order-2 prior' if with_prior else 'no prior'}"
            lines = ["| lanes | bytes | bits/byte | bytes against one lane alone | encode, KB/s | decode, KB/s |"]
            lines.append("|---:|---:|---:|---:|---:|---:|")
            for lanes in LANES:
                cells, size = row(data, level, lanes, with_prior=with_prior, least_bytes=first)
                first = first or size
                lines.append(f"| {' | '.join(cells)} |")
                print(title, lines[-1], file=sys.stderr)
            parts += [title, "\n".join(lines)]
    return "\n\n".join(parts)


def main() -> None:
    """Measure, print, write."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK
    data = path.read_bytes()[:MOST_BYTES]
    command = "python benchmarks/lanes.py"
    text = "\n\n".join(
        [
            "# Lanes and priors",
            f"Written by `{command}`: {len(data):,} bytes of {path.name}, cut into lanes that are coded side by side "
            "and share all tables. Speed is in thousands of bytes a second of processor time on one core, the prior "
            "included; every payload was decoded and compared. With one lane and no prior long matches may be "
            "skipped in one decision, which lanes cannot do.",
            describe_environment(environment(command)),
            tables(data),
        ]
    )
    print(text)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
