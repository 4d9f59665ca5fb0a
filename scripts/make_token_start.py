"""Make the warm start of the adaptive model beside a model over tokens (`predzip/models/warm-text-tokens.npz.xz`).

    python scripts/make_token_start.py MODEL wiki.txt.xz code.txt.xz ...

As `make_text_start.py`, which must have run before: the model of text begins as beside the prior `small` and learns on,
here beside a foundation model, on pieces like those met in use. Kept are the weights of the mixers, two tables of
refinements and the weights of `token_ends`; the rest stays as it is. MODEL is a converted model, by name or path.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from make_text_start import MEAN_EVERY, SHRINK_AT, Mean, Source, pieces, read, with_tables
from numpy.typing import NDArray

import predzip.predictors.mixing.text_warm as warm
from predzip.codecs.token_text import Shape
from predzip.codecs.tokenization import tokenize
from predzip.codecs.tokens import TokensCodec
from predzip.coding.binary import finish, new_encoder
from predzip.predictors.mixing.model import new_model
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixing.warm import FOLDER, pack_numbers, write_start
from predzip.predictors.mixture import HEADS
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path
from predzip.predictors.token_ends import WARM_TAG, new_end_state

LEARNT = ("weights", "final_weights", "row_uses", "sse_1", "sse_5")
"""Tables that the file holds."""
ROUND = [2048] * 60 + [16384] * 6
END_WEIGHTS_SHIFT = 6


class Learner:
    """Codes pieces, each afresh but for what is learnt."""

    def __init__(self, codec: TokensCodec, tokenizer: str) -> None:
        self._codec = codec
        self._tokenizer = tokenizer
        start = warm.text_start(warm.TOKENS_BEGIN_AS)
        first = new_model(warm.LEVEL, TEXT, 1, 1, HEADS, start)
        self.kept: dict[str, NDArray[Any]] = {name: getattr(first, name) for name in warm.LEARNT}
        self.end_weights = new_end_state(warm=False).weights

    def code(self, piece: bytes) -> int:
        """Encode a piece; return the bytes it takes."""
        tokens = tokenize(piece, self._codec.vocabulary, self._tokenizer)
        text = self._codec.text(Shape(len(tokens), 1, len(piece)), tokens)
        text.model = with_tables(text.model, self.kept)
        text.ends = text.ends._replace(weights=self.end_weights)
        coder, buffer = new_encoder(), np.zeros(4096, np.uint8)
        coded = text.encode(coder, buffer, 1 << 40)
        if coded is None:
            raise RuntimeError("an encoder without a limit gave up")
        return int(finish(coder, coded))


def learn(learner: Learner, sources: list[Source], total_bytes: int, seed: int) -> dict[str, NDArray[Any]]:
    """Code all pieces; return the learnt tables."""
    kept = learner.kept
    shrink_at = [total_bytes // part for part in SHRINK_AT]
    mean, begun = Mean(), time.monotonic()
    taken = coded = 0
    for index, piece in enumerate(pieces(sources, total_bytes, seed, ROUND)):
        coded += learner.code(piece.tobytes())
        taken += len(piece)
        if shrink_at and taken >= shrink_at[0]:
            del shrink_at[0]
            kept["weights"][...] = warm.shrink(kept["weights"], kept["row_uses"])
        if 2 * taken >= total_bytes and index % MEAN_EVERY == 0:
            mean.add({name: kept[name] for name in (*LEARNT, *warm.MAPS)})
        if index % 10 == 0:
            seconds = time.monotonic() - begun
            print(f"{taken:,} bytes, coded {coded / taken:.4f}, {taken / seconds:,.0f} bytes/s", flush=True)
    mean.add({name: kept[name] for name in (*LEARNT, *warm.MAPS)})
    return mean.result(kept)


def main() -> None:
    """Read the data, learn, write the files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model", help="a converted model over tokens")
    parser.add_argument("sources", type=Path, nargs="+", help="files of text, plain or .xz")
    parser.add_argument("--bytes", type=int, default=600_000, help="to learn from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files go")
    options = parser.parse_args()
    found = catalogue.locate(options.model)
    tokenizer = str(tokenizer_path(found.stem))
    learner = Learner(TokensCodec(catalogue.load(options.model), tokenizer, 1), tokenizer)
    learnt = learn(learner, [read(path) for path in options.sources], options.bytes, options.seed)
    tables = options.folder / f"{warm.TOKENS_TAG}.npz.xz"
    write_start(tables, warm.pack_text(learnt, HEADS, LEARNT))
    ends = options.folder / f"{WARM_TAG}.npz.xz"
    write_start(ends, {f"weights@{END_WEIGHTS_SHIFT}": pack_numbers(learner.end_weights, END_WEIGHTS_SHIFT)})
    print(*(f"{path.name}: {path.stat().st_size:,} bytes" for path in (tables, ends)), sep="\n")


if __name__ == "__main__":
    main()
