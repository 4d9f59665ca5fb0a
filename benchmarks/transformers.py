"""What exact arithmetic costs: the engine beside a plain float implementation of the same Transformers in torch.

    python benchmarks/transformers.py [--chunks N] [MODEL...]

Two ways of running a model over chunks of 2,048 bytes, as the paper cuts its data:

    teacher-forced   all positions of a chunk at once: what an encoder may do
    stepwise         one byte of each chunk after the other, keys and values kept: what a decoder must do

Prints a table and writes it to results/transformers.md. Times are processor time of one thread. Torch runs float32 with
its own attention kernel; nothing in its arithmetic promises a decoder the encoder's probabilities. Needs torch.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded: one thread on both sides
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.tables import describe_environment
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.transformer.quantize import dequantize_transformer, quantize_transformer
from predzip.predictors.neural.weights import Weights

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "transformers.md"
BOOK = ROOT / "examples" / "data" / "alice29.txt"
CHUNK_BYTES = 2048
STEP_LANES = (1, 64)
STEPS_FROM = (0, 1024, 2016)
STEPS = 32
PAPER = {"paper-200k": (64, 4), "paper-800k": (128, 4), "paper-3.2m": (256, 8)}
Floats = dict[str, NDArray[np.float32]]


class PlainTransformer:
    """The textbook model in float32: no tricks that an average implementation would not have."""

    def __init__(self, config: TransformerConfig, tensors: Floats) -> None:
        import torch

        self.torch: Any = torch
        self.config = config
        self.tensors = {name: torch.from_numpy(values) for name, values in tensors.items()}
        pairs = config.head_dim // 2
        angles = np.arange(config.context)[:, None] * config.rope_base ** (-np.arange(pairs) / pairs)
        self.cosines = torch.from_numpy(np.cos(angles).astype(np.float32))
        self.sines = torch.from_numpy(np.sin(angles).astype(np.float32))

    def linear(self, name: str, x: Any) -> Any:  # noqa: ANN401  (torch may be missing)
        """Multiply by a matrix and add its bias, if it has one."""
        return self.torch.nn.functional.linear(x, self.tensors[f"{name}.weight"], self.tensors.get(f"{name}.bias"))

    def norm(self, name: str, x: Any) -> Any:  # noqa: ANN401
        """Layer norm."""
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return self.torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, self.config.norm_epsilon)

    def turn(self, x: Any, first: int) -> Any:  # noqa: ANN401
        """Rotary positions; x: (L, heads, T, H)."""
        left, right = x.chunk(2, -1)
        cosines, sines = self.cosines[first : first + x.shape[2]], self.sines[first : first + x.shape[2]]
        return self.torch.cat([left * cosines - right * sines, right * cosines + left * sines], -1)

    def run(self, tokens: Any, first: int, caches: list[Any] | None) -> Any:  # noqa: ANN401
        """Logits behind tokens (L, T), the first of which stands at position `first`."""
        c, functional = self.config, self.torch.nn.functional
        x = self.tensors["embed.weight"][tokens] * c.embed_scale
        lanes, count = tokens.shape
        for i in range(c.layers):
            at = f"layers.{i}."
            q, k, v = (self.linear(at + n, x).view(lanes, count, c.heads, c.head_dim).transpose(1, 2) for n in "qkv")
            q, k = self.turn(q, first), self.turn(k, first)
            if caches is not None:
                keys, values = caches[i]
                keys[:, :, first : first + count], values[:, :, first : first + count] = k, v
                k, v = keys[:, :, : first + count], values[:, :, : first + count]
            attended = functional.scaled_dot_product_attention(q, k, v, is_causal=count > 1)
            attended = attended.transpose(1, 2).reshape(lanes, count, -1)
            x = self.norm(at + "norm1", x + self.linear(at + "o", attended))
            hidden = functional.gelu(self.linear(at + "up", x), approximate="tanh")
            x = self.norm(at + "norm2", x + self.linear(at + "down", hidden))
        return self.linear("output", x)

    def caches(self, lanes: int) -> list[Any]:
        """Empty keys and values of all layers."""
        c = self.config
        shape = (lanes, c.heads, c.context, c.head_dim)
        return [(self.torch.zeros(shape), self.torch.zeros(shape)) for _ in range(c.layers)]


def model(name: str) -> Weights:
    """The shipped model or, where its weights are not there, one of its shape with random numbers."""
    try:
        return catalogue.load(name)
    except ModelError:
        if name not in PAPER:
            raise
    width, heads = PAPER[name]
    config = TransformerConfig(
        width=width, layers=4, heads=heads, head_dim=width // heads, hidden=4 * width, embed_scale=math.sqrt(width)
    )
    generator = np.random.Generator(np.random.PCG64(1))
    tensors = {
        key: np.ones(shape, np.float32)
        if "norm" in key and key.endswith("weight")
        else generator.normal(0, shape[-1] ** -0.5, shape).astype(np.float32)
        for key, shape in config.float_shapes().items()
    }
    description = {"kind": "transformer", "format": 1, "name": f"{name} (random)", **config.to_dict()}
    return Weights(f"{name} (random weights)", description, quantize_transformer(config, tensors), bytes(32))


def best_seconds(work: Callable[[], object], runs: int = 3) -> float:
    """Processor time of the fastest of some runs, after one that does not count."""
    work()
    times = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def plain_bits(plain: PlainTransformer, chunks: NDArray[np.uint8]) -> float:
    """Bits per byte of the float model."""
    torch = plain.torch
    data = torch.from_numpy(chunks.astype(np.int64))
    tokens = torch.cat([torch.full((len(chunks), 1), plain.config.start_token), data[:, :-1]], 1)
    loss = torch.nn.functional.cross_entropy(plain.run(tokens, 0, None).flatten(0, 1), data.flatten())
    return float(loss) / math.log(2.0)


def exact_bits(engine: TransformerPredictor, chunks: NDArray[np.uint8]) -> float:
    """Bits per byte of the engine."""
    rows = engine.evaluate_fine(chunks)
    chosen = np.take_along_axis(rows, chunks[..., None].astype(np.int64), 2)[..., 0]
    return float((np.log2(rows.sum(-1, dtype=np.float64)) - np.log2(chosen)).mean())


def teacher_forced(name: str, chunks: NDArray[np.uint8]) -> list[str]:
    """One line of the first table."""
    weights = model(name)
    config = TransformerConfig.from_dict(weights.config)
    engine = TransformerPredictor(weights)
    plain = PlainTransformer(config, dequantize_transformer(config, weights.tensors))
    with plain.torch.inference_mode():
        pair = plain_bits(plain, chunks), exact_bits(engine, chunks)
        plain_seconds = best_seconds(lambda: plain_bits(plain, chunks))
    exact_seconds = best_seconds(lambda: engine.evaluate_fine(chunks))
    speeds = [chunks.size / seconds / 1000 for seconds in (plain_seconds, exact_seconds)]
    return [weights.name, *(f"{v:.2f}" for v in speeds), f"{speeds[1] / speeds[0]:.2f}", *(f"{b:.4f}" for b in pair)]


def stepwise(name: str, lanes: int, chunks: NDArray[np.uint8]) -> list[str]:
    """One line of the second table: mean over the start, the middle and the end of a chunk."""
    weights = model(name)
    config = TransformerConfig.from_dict(weights.config)
    engine = TransformerPredictor(weights)
    plain = PlainTransformer(config, dequantize_transformer(config, weights.tensors))
    symbols = np.resize(chunks, (lanes, CHUNK_BYTES))
    seconds = np.zeros(2)
    with plain.torch.inference_mode():
        caches = plain.caches(lanes)
        tokens = plain.torch.from_numpy(symbols.astype(np.int64))
        for first in STEPS_FROM:

            def plain_steps(first: int = first) -> None:
                for t in range(first, first + STEPS):
                    plain.run(tokens[:, t : t + 1], t, caches).softmax(-1)

            def exact_steps(first: int = first) -> None:
                engine._lanes.restart()
                engine._lanes.advance(first)  # as if so much had come before
                for t in range(first, first + STEPS):
                    engine.predict_fine()
                    engine.update(symbols[:, t])

            engine.reset(lanes)
            seconds += best_seconds(plain_steps), best_seconds(exact_steps)
    speeds = [lanes * STEPS * len(STEPS_FROM) / total / 1000 for total in seconds]
    return [weights.name, str(lanes), *(f"{speed:.2f}" for speed in speeds), f"{speeds[1] / speeds[0]:.2f}"]


def table(head: str, rows: list[list[str]]) -> str:
    """A Markdown table, all columns but the first set right."""
    lines = [head, "|---" + "|---:" * (head.count("|") - 2) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", default=list(PAPER))
    parser.add_argument("--chunks", type=int, default=4)
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        raise SystemExit("this compares with torch: pip install 'predzip[train]'") from None
    torch.set_num_threads(1)
    data = np.frombuffer(BOOK.read_bytes()[: arguments.chunks * CHUNK_BYTES], np.uint8)
    chunks = data.reshape(arguments.chunks, CHUNK_BYTES)
    whole, steps = [], []
    for name in arguments.models:
        whole.append(teacher_forced(name, chunks))
        print(*whole[-1], file=sys.stderr)
        for lanes in STEP_LANES:
            steps.append(stepwise(name, lanes, chunks))
            print(*steps[-1], file=sys.stderr)
    command = "python benchmarks/transformers.py"
    text = "\n\n".join(
        [
            "# Transformers: exact engine and plain float",
            f"Written by `{command}`: chunks of {CHUNK_BYTES:,} bytes of {BOOK.name}. Speeds are thousands of bytes a "
            "second of processor time of one thread. Torch is a plain float32 implementation of the same model, with "
            "the weights that the exact one runs on, and softmax, but no coding; the exact engine gives integer "
            "frequencies.",
            describe_environment(environment(command)),
            "## Teacher-forced: whole chunks, as the encoder",
            table(
                "| model | torch, KB/s | exact, KB/s | exact / torch | torch, bits/byte | exact, bits/byte |",
                whole,
            ),
            f"## Stepwise: keys and values kept, as the decoder; mean over positions {', '.join(map(str, STEPS_FROM))}",
            table("| model | chunks in step | torch, KB/s | exact, KB/s | exact / torch |", steps),
        ]
    )
    print(text)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
