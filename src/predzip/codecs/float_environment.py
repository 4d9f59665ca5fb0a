"""What the numbers of a model in floats depend on besides its weights: recorded by encoders, compared by decoders.

    record := name=value;name=value;...   ASCII

Names and versions say to people what differs. The probe says more to the machine: it hashes what torch makes of
products and functions of fixed numbers, so another instruction set shows, or another setting. Threads are not compared:
a decoder takes as many as the encoder took.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from pathlib import Path

import numpy as np

from predzip.errors import ModelError, UnsupportedError
from predzip.predictors.float_model import libraries
from predzip.predictors.float_stepper import threads_of_torch

FORCE_VARIABLE = "PREDZIP_ANY_ENVIRONMENT"
"""Environment variable that lets a decoder go on where the environment differs, if it is 1."""
MOST_RECORD_BYTES = 200
_MOST_VALUE_LETTERS = 22
_RECORD = re.compile(r"[a-z]+=[ -:<-~]*(?:;[a-z]+=[ -:<-~]*)*", re.ASCII)  # values have no semicolon
_NOT_IN_VALUES = re.compile(r"[^!-:<-~]+")
_PROBE_SHAPES = ((1, 64, 256), (1, 576, 1536), (3, 64, 48), (16, 576, 192))


def environment(threads: int) -> dict[str, str]:
    """What this process computes with.

    Args:
        threads: that the model is going to run on.

    Raises:
        MissingExtraError: torch or transformers is not installed.
    """
    torch, transformers = libraries()
    values = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "processor": _processor(),
        "platform": f"{platform.system()} {platform.machine()}",
        "probe": _probe(threads),
    }
    return {name: _NOT_IN_VALUES.sub(" ", value)[:_MOST_VALUE_LETTERS].strip() for name, value in values.items()}


def pack_record(values: dict[str, str]) -> bytes:
    """Write a record, at most `MOST_RECORD_BYTES` where the values are those of `environment`."""
    return ";".join(f"{name}={value}" for name, value in values.items()).encode("ascii")


def unpack_record(record: bytes) -> dict[str, str]:
    """Read a record.

    Raises:
        UnsupportedError: it is none.
    """
    text = record.decode("latin-1")
    if len(record) > MOST_RECORD_BYTES or not _RECORD.fullmatch(text):
        raise UnsupportedError("the environment that a model in floats ran in is not recorded as this release does it")
    return {name: value for name, _, value in (part.partition("=") for part in text.split(";"))}


def check(recorded: dict[str, str], here: dict[str, str]) -> None:
    """Compare environments.

    Raises:
        ModelError: they differ, and `FORCE_VARIABLE` is not set; the message says in what.
    """
    differences = [
        f"{name} {recorded.get(name) or 'unknown'} there, {here.get(name) or 'unknown'} here"
        for name in dict.fromkeys((*recorded, *here))
        if recorded.get(name) != here.get(name)
    ]
    if differences and os.environ.get(FORCE_VARIABLE) != "1":
        raise ModelError(
            f"was made with a model in floats, in another environment: {'; '.join(differences)}. Decode it where it was"
            f" made, or set {FORCE_VARIABLE}=1 to try: if it fails, the checksum says so"
        )


def _processor() -> str:
    """Family and model of the processor, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    values = dict(re.findall(r"^([^\t:\n]+)\t*: ?(.*)$", text, re.MULTILINE))
    named = [values.get(name, "") for name in ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")]
    return " ".join(filter(None, named)) or platform.machine()


def _probe(threads: int) -> str:
    """Hash of what torch makes of numbers that are the same everywhere."""
    torch, _ = libraries()
    generator = np.random.Generator(np.random.PCG64(20))
    digest = hashlib.blake2b(digest_size=6)
    with threads_of_torch(threads), torch.inference_mode():
        for rows, width, columns in _PROBE_SHAPES:
            drawn = (generator.integers(-999, 1000, shape) for shape in ((rows, width), (width, columns)))
            left, right = (torch.from_numpy((each / 512).astype(np.float32)).clone() for each in drawn)
            for dtype in (torch.float32, torch.bfloat16):
                product = left.to(dtype) @ right.to(dtype)
                found = torch.softmax(product / 64, -1) + torch.tanh(product) * torch.nn.functional.silu(product)
                digest.update((found + torch.rsqrt(1 + product.square().mean())).float().numpy().tobytes())
    return digest.hexdigest()
