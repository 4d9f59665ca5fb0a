"""Foundation models as compressors: rate, speed and memory, beside the model in floats and a one-lane decoder.

    python benchmarks/foundation.py MODEL[=SOURCE]... --file FILE [--bytes N]

MODEL is a converted model, SOURCE the GGUF file or folder that it came from. Of each file the last N bytes are taken:

    alone           code length under the exact model alone, in the windows of lm-evaluation-harness
    in floats       the same of the source in float32 (needs SOURCE); the difference is what exact arithmetic costs
    mixed           what `predzip --model` writes; compressed, decompressed and compared, each a process of its own
    one lane        what a plain decoder does: one token at a time, one thread, by the exact engine and by
                    transformers in float32 (needs SOURCE, a GGUF file, and accelerate); speed of the first tokens

Speeds are original bytes by the clock of whole processes, kernels compiled before; memory is the peak of the process.
Prints a table and writes it to results/foundation.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from predzip.codecs.token_length import rolling_windows, token_bits
from predzip.codecs.tokenization import tokenize
from predzip.conversion.convert import open_source
from predzip.conversion.float_model import FloatModel
from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.tables import describe_environment
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path
from predzip.predictors.neural.transformer.stepper import TokenStepper
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.units import format_bytes

RESULT = Path(__file__).resolve().parent / "results" / "foundation.md"
ONE_LANE_TOKENS = 192
HEADINGS = (
    "model",
    "file",
    "alone",
    "in floats",
    "mixed",
    "compress",
    "decompress",
    "memory",
    "one lane, exact",
    "one lane, torch",
)


@dataclass(frozen=True)
class Run:
    """One process."""

    seconds: float
    peak_bytes: int


def run(*arguments: str) -> Run:
    """Run predzip to its end; raise where it fails."""
    begin = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "predzip", "-q", *arguments], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"predzip {' '.join(arguments)} failed")
    return Run(time.perf_counter() - begin, usage.ru_maxrss * 1024)


def one_lane_exact(model: str, data: bytes) -> float:
    """Bytes a second of one lane on one thread, one token at a time."""
    weights = catalogue.load(model)
    vocabulary = Vocabulary.from_weights(weights)
    tokens = tokenize(data, vocabulary, tokenizer_path(catalogue.locate(model).stem))[:ONE_LANE_TOKENS]
    stepper = TokenStepper(weights, 1, ONE_LANE_TOKENS + 1)
    stepper.advance(np.array([[stepper.config.start_token]]))
    begin = time.perf_counter()
    for token in tokens:
        stepper.advance(np.array([[token]]))
    return float(vocabulary.lengths[tokens].sum()) / (time.perf_counter() - begin)


def one_lane_torch(source: str, model: str, data: bytes) -> float:
    """The same by transformers, in float32 with a cache."""
    here = Path(__file__).parent  # where another transformers.py lies
    sys.path[:] = [place for place in sys.path if Path(place) != here]
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    path = Path(source)
    network: Any = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    network.train(False)
    weights = catalogue.load(model)
    vocabulary = Vocabulary.from_weights(weights)
    tokens = tokenize(data, vocabulary, tokenizer_path(catalogue.locate(model).stem))[: ONE_LANE_TOKENS // 4]
    with torch.inference_mode():
        state = network(torch.tensor([[int(weights.config["start_token"])]]), use_cache=True).past_key_values
        begin = time.perf_counter()
        for token in tokens:
            state = network(torch.tensor([[int(token)]]), past_key_values=state, use_cache=True).past_key_values
    return float(vocabulary.lengths[tokens].sum()) / (time.perf_counter() - begin)


def float_bits(source: str, model: str, data: bytes) -> float:
    """Code length under the source in float32, in the same windows."""
    weights = catalogue.load(model)
    context = int(weights.config["context"])
    tokens = tokenize(data, Vocabulary.from_weights(weights), tokenizer_path(catalogue.locate(model).stem))
    network = FloatModel(open_source(source, context))
    total = 0.0
    for window in rolling_windows(tokens, network.config.start_token, context):
        total += float(network.window_bits(window.inputs, window.targets).sum())
    return total


def measure(model: str, source: str, name: str, data: bytes) -> tuple[str, ...]:
    """One row."""
    size = len(data)
    with tempfile.TemporaryDirectory() as folder:
        original, packed, back = (str(Path(folder) / part) for part in ("data", "data.pz", "back"))
        Path(original).write_bytes(data[:3000])
        run("-f", "--model", model, "-o", packed, original)  # compiles
        run("-d", "-f", "-o", back, packed)
        Path(original).write_bytes(data)
        compressing = run("-f", "--model", model, "-o", packed, original)
        decompressing = run("-d", "-f", "-o", back, packed)
        if Path(back).read_bytes() != data:
            raise SystemExit(f"{name} did not come back")
        written = Path(packed).stat().st_size
    alone = token_bits(catalogue.load(model), data)
    floats = float_bits(source, model, data) if source else 0.0
    return (
        model,
        f"{name}, {size:,} bytes",
        f"{alone / size:.4f}",
        f"{floats / size:.4f} ({alone / floats - 1:+.2%})" if source else "-",
        f"{8 * written / size:.4f}",
        f"{format_bytes(size / compressing.seconds)}/s",
        f"{format_bytes(size / decompressing.seconds)}/s",
        format_bytes(max(compressing.peak_bytes, decompressing.peak_bytes)),
        f"{format_bytes(one_lane_exact(model, data))}/s",
        f"{format_bytes(one_lane_torch(source, model, data))}/s"
        if source.endswith(".gguf") and find_spec("accelerate")
        else "-",
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL[=SOURCE]")
    parser.add_argument("--file", type=Path, action="append", required=True)
    parser.add_argument("--bytes", type=int, default=200_000)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|---|" + "---:|" * (len(HEADINGS) - 2)]
    print(*lines, sep="\n", flush=True)
    for word in options.models:
        model, _, source = word.partition("=")
        catalogue.offer(model)
        for file in options.file:
            data = file.read_bytes()[-options.bytes :]
            while data and data[0] & 0xC0 == 0x80:  # not in the middle of a character
                data = data[1:]
            lines.append(f"| {' | '.join(measure(model, source, file.name, data))} |")
            print(lines[-1], flush=True)
    about = (__doc__ or "").split("\n\n")
    command = f"benchmarks/foundation.py --bytes {options.bytes}"
    text = ["# Foundation models as compressors", "", *lines, "", "bits/byte:", "", *about[2].splitlines()]
    text += ["", about[3], "", describe_environment(environment(command))]
    options.output.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
