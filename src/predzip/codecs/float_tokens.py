"""Method 5: as method 4, by a model over tokens that runs in floats, through transformers.

Another machine, release or setting may compute other numbers, and then nothing that follows decodes. So the parameters
record the environment, decoders refuse another one unless they are forced, and encoders decode each block again: what
does not come back is coded as in method 2, which needs no such model.

    parameters := lanes (1 byte), context (2), threads (1), record of the environment (`float_environment`), and where
                  the model comes from (`model_sources`)

docs/format.md, section "Method 5", is the specification.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from predzip.codecs.base import Progress
from predzip.codecs.cores import usable_cores
from predzip.codecs.float_environment import check, environment, pack_record, unpack_record
from predzip.codecs.registry import FINGERPRINT_BYTES, RECORD_FROM_BYTE
from predzip.codecs.registry import SOURCE_FROM_BYTE as SIZES_BYTES
from predzip.codecs.token_runs import TextPlan
from predzip.codecs.token_text import Stepper
from predzip.codecs.tokens import LANES, TokensCodec, unpack_parameters
from predzip.codecs.tokens import pack_parameters as pack_sizes
from predzip.errors import CorruptError, FormatError, UnsupportedError, UsageError
from predzip.predictors.float_model import FloatConfig, load_model
from predzip.predictors.float_stepper import FloatStepper
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path
from predzip.predictors.neural.model_sources import add_to_record, split_record
from predzip.predictors.neural.weights import Weights

METHOD_ID = 5
_MOST_THREADS = 255
_MOST_PARAMETER_BYTES = 255
"""That a frame has room for."""


class FloatTokensCodec(TokensCodec):
    """A model over tokens in floats as a block codec.

    Args:
        weights: the entry of the model.
        tokenizer_path: as `TokensCodec` has it.
        lanes: the most that go side by side.
        context: positions that the model looks at; 0: all that the entry says.
        threads: that the model runs on.
        record: of the environment that the frame was made in; None: of this one.

    Raises:
        ModelError: the model is not here, or no model over tokens in floats.
        MissingExtraError: torch or transformers is not installed.
    """

    method_id = METHOD_ID
    stepwise = True

    def __init__(
        self,
        weights: Weights,
        tokenizer_path: str = "",
        lanes: int = LANES,
        context: int = 0,
        threads: int = 1,
        record: bytes | None = None,
    ) -> None:
        self._threads = threads
        self._asks_model = True
        super().__init__(weights, tokenizer_path, lanes, context)
        record = pack_record(environment(threads)) if record is None else record
        self.parameters = pack_parameters(lanes, context, threads, record)

    def _new_engine(self, weights: Weights, context: int) -> Stepper:
        config = FloatConfig.from_dict(weights.config)
        positions = min(context or config.context, config.context)
        self._floats = FloatStepper(config, load_model(weights), 1, positions, threads=self._threads)
        return self._floats

    def _engine_memory_bytes(self, lanes: int, positions: int) -> int:
        return self._floats.memory_bytes(lanes, positions)

    def _plan(self, data: bytes) -> TextPlan:
        return super()._plan(data) if self._asks_model else TextPlan([0, len(data)], np.zeros(0, np.int64))

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        """Compress one block and see whether it comes back; see codecs.base.BlockCodec."""
        # Half of the work is done when all is coded; whoever gave `progress` counts what is missing at the end.
        halves = (lambda count: progress(count // 2)) if progress is not None else None
        payload = super().encode_block(data, halves)
        if self._comes_back(data, payload, halves):
            return payload
        self._asks_model = False
        try:
            return super().encode_block(data)
        finally:
            self._asks_model = True

    def _comes_back(self, data: bytes, payload: bytes, progress: Progress | None) -> bool:
        try:
            return self.decode_block(payload, len(data), progress) == data
        except FormatError:
            return False


def parameters_of(options: dict[str, int | str]) -> bytes:
    """Turn the options of a method name, `lanes`, `context` and `threads`, into parameters, for this environment.

    Raises:
        UsageError: for another option, or a value out of bounds.
        MissingExtraError: torch or transformers is not installed.
    """
    values = {"lanes": LANES, "context": 0, "threads": min(usable_cores(), _MOST_THREADS), **options}
    numbers = [value for value in values.values() if isinstance(value, int)]
    if len(numbers) != 3:
        raise UsageError("the options of a model in floats are lanes=NUMBER, context=POSITIONS and threads=NUMBER")
    lanes, context, threads = numbers
    pack_parameters(lanes, context, threads, b"")  # refuses what is out of bounds before anything is loaded
    return pack_parameters(lanes, context, threads, pack_record(environment(threads)))


def pack_parameters(lanes: int, context: int, threads: int, record: bytes) -> bytes:
    """Parameters of a frame.

    Raises:
        UsageError: a number is out of bounds.
    """
    if not 1 <= threads <= _MOST_THREADS:
        raise UsageError(f"a model in floats runs on 1 to {_MOST_THREADS} threads, not {threads}")
    return pack_sizes(lanes, context) + bytes([threads]) + record


def add_source(parameters: bytes, config: dict[str, Any]) -> bytes:
    """Parameters that say, where there is room for it, where a model comes from, by its description."""
    longer = add_to_record(parameters, config)
    return longer if len(longer) <= _MOST_PARAMETER_BYTES else parameters


def build(method_id: int, parameters: bytes, fingerprint: bytes) -> FloatTokensCodec:
    """Make the codec that a frame header asks for.

    Raises:
        CorruptError: where the header names no model.
        UnsupportedError: where its parameters are not those of this release.
        ModelError: where the model is not here, or the frame was made in another environment.
        MissingExtraError: torch or transformers is not installed.
    """
    if len(fingerprint) != FINGERPRINT_BYTES:
        raise CorruptError("the frame needs a model and names none")
    numbers, record = parameters[:RECORD_FROM_BYTE], parameters[RECORD_FROM_BYTE:]
    lanes, context, _ = unpack_parameters(parameters)
    threads = int.from_bytes(numbers[SIZES_BYTES:])
    try:
        pack_parameters(lanes, context, threads, record)
    except UsageError:
        raise UnsupportedError(f"parameters {numbers.hex()} are unknown to this release") from None
    environment_record, source = split_record(record)
    recorded = unpack_record(environment_record)
    stem = catalogue.locate_by_fingerprint(fingerprint, source)
    check(recorded, environment(threads))
    return FloatTokensCodec(catalogue.load(stem), str(tokenizer_path(stem)), lanes, context, threads, record)
