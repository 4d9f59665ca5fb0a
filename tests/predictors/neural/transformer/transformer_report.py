"""What one variant of the environment computes: run as a process of its own.

    python transformer_report.py BACKEND...

Prints, for each backend, its name and the digest of the frequencies of some models, whole lanes and steps.
"""

from __future__ import annotations

import hashlib
import json
import sys

from transformer_models import CONFIGS, lanes, model

from predzip.predictors.neural.transformer.predictor import TransformerPredictor


def digest(backend: str) -> list[str]:
    found = hashlib.sha256()
    name = ""
    for config in ("paper", "llama", "window", "gemma"):
        engine = TransformerPredictor(model(CONFIGS[config]), 2, backend=backend)
        symbols = lanes(2, 150)
        found.update(engine.evaluate_fine(symbols).tobytes())
        for t in range(20):
            found.update(engine.predict().tobytes())
            engine.update(symbols[:, t])
        name = engine.backend
    return [name, found.hexdigest()]


if __name__ == "__main__":
    json.dump([digest(backend) for backend in sys.argv[1:]], sys.stdout)
