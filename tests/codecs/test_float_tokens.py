"""Method 5: round trips, the environment that a frame records, and what happens where numbers do not repeat."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parents[1]))

import corpus
import float_models
import predzip
import tiny_models
from predzip.codecs import float_environment, float_tokens, tokens
from predzip.codecs.base import BlockCodec
from predzip.codecs.float_environment import MOST_RECORD_BYTES, check, environment, pack_record, unpack_record
from predzip.codecs.float_tokens import FloatTokensCodec, build, pack_parameters, parameters_of
from predzip.codecs.registry import FLOAT_ID, choose_codec, method_name
from predzip.codecs.tokens import LANES, SIZES_BYTES
from predzip.errors import CorruptError, MissingExtraError, ModelError, UnsupportedError, UsageError
from predzip.inspection import inspect
from predzip.predictors.float_stepper import FloatStepper
from predzip.predictors.neural import catalogue

TEXT = corpus.book(4000)
NAME = "tiny-float"


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Entries of a GPT-2 and of a mixture of experts, whose lanes influence each other's shapes."""
    folder = tmp_path_factory.mktemp("entries")
    float_models.write_entry(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    experts = {"intermediate_size": 64, "num_local_experts": 4, "max_position_embeddings": float_models.CONTEXT}
    float_models.write_entry(folder, "experts", float_models.write_model(folder / "moe", "Mixtral", **sizes, **experts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREDZIP_MODELS", str(folder))
        yield folder


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The model is taken: its own way is what is tested."""
    with tiny_models.always_by_model():
        monkeypatch.setattr(tokens, "LEAST_LANE_TOKENS", 1)
        yield


def codec(lanes: int = LANES, name: str = NAME) -> FloatTokensCodec:
    return FloatTokensCodec(catalogue.load(name), str(catalogue.user_folder() / f"{name}.tokenizer.json"), lanes)


SAMPLES = {
    "text": TEXT[:1500],
    "empty": b"",
    "one byte": b"x",
    "one odd byte": b"\xff",
    "binary": Random(3).randbytes(700),
    "records": corpus.samples(2000)["records.bin"],
    "no UTF-8": TEXT[:400] + b"\xff\xfe\x80 \xc3" + TEXT[400:900] + b"\xe2\x82",
    "every byte": bytes(range(256)) * 2,
    "japanese": corpus.japanese(600),
}


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_round_trips(always: None, data: bytes) -> None:
    made = codec(3)
    assert isinstance(made, BlockCodec)
    payload = made.encode_block(data)
    assert made.decode_block(payload, len(data)) == data
    assert codec(3).decode_block(payload, len(data)) == data


@pytest.mark.parametrize("name", [NAME, "experts"])
@pytest.mark.parametrize("lanes", [1, 2, 5])
def test_lanes_and_windows(always: None, monkeypatch: pytest.MonkeyPatch, name: str, lanes: int) -> None:
    """Lanes of more tokens than the context, the last one with fewer than the others; none falls back."""
    data = TEXT[:1009]
    made = codec(lanes, name)
    assert len(made._plan(data).tokens) > lanes * float_models.CONTEXT
    assert len(made._plan(data).tokens) % lanes or lanes == 1
    monkeypatch.setattr(made, "_comes_back", lambda *_: True)
    payload = made.encode_block(data)
    assert made.decode_block(payload, len(data)) == data


def test_encoders_and_decoders_ask_alike(always: None, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []
    original = FloatStepper.hidden

    def hidden(self: FloatStepper, tokens: Any) -> Any:
        calls.append((self.position, self.threads, tokens.tolist()))
        return original(self, tokens)

    monkeypatch.setattr(FloatStepper, "hidden", hidden)
    made = codec(3)
    monkeypatch.setattr(made, "_comes_back", lambda *_: True)
    payload = made.encode_block(TEXT[:700])
    by_encoder = calls.copy()
    calls.clear()
    assert made.decode_block(payload, 700) == TEXT[:700]
    assert calls == by_encoder
    assert {len(tokens) for _, _, tokens in calls} == {3}
    assert {len(lane) for _, _, tokens in calls for lane in tokens} == {1}


def test_frames(always: None) -> None:
    data = predzip.compress(TEXT[:900], model=NAME)
    assert predzip.decompress(data) == TEXT[:900]
    header = choose_codec(5, None, NAME).codec
    assert (header.method_id, method_name(FLOAT_ID)) == (FLOAT_ID, "float")
    assert header.build().parameters == header.parameters
    assert b"torch=" in data[:200]
    data = predzip.compress(TEXT[:900], method="float:lanes=2,threads=1", model=NAME)
    assert predzip.decompress(data) == TEXT[:900]
    for wrong in ("lanes=0", "threads=0", "threads=256", "context=3", "chunk=5", "lanes=x"):
        with pytest.raises(UsageError):
            predzip.compress(b"", method=f"float:{wrong}", model=NAME)


def test_another_process_decodes(always: None, tmp_path: Path) -> None:
    path = tmp_path / "text.pz"
    path.write_bytes(predzip.compress(TEXT[:900], method="float:lanes=3", model=NAME))
    program = "import predzip, sys; sys.stdout.buffer.write(predzip.decompress(open(sys.argv[1], 'rb').read()))"
    command = [sys.executable, "-c", program, str(path)]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == TEXT[:900]
    # Another instruction set is seen, and the message says how to go on.
    other = {**os.environ, "ATEN_CPU_CAPABILITY": "default"}
    found = subprocess.run(command, stderr=subprocess.PIPE, check=False, env=other, text=True)
    if "ModelError" in found.stderr:  # on a machine that has another one
        assert "PREDZIP_ANY_ENVIRONMENT=1" in found.stderr
    else:
        assert environment(1)["instructions"] in ("DEFAULT", "NO AVX")


def test_another_environment_is_refused(always: None, monkeypatch: pytest.MonkeyPatch) -> None:
    data = predzip.compress(TEXT[:500], model=NAME)
    original = float_environment.environment
    for module in (float_environment, float_tokens):
        monkeypatch.setattr(module, "environment", lambda threads: {**original(threads), "torch": "9.9"})
    with pytest.raises(ModelError, match=r"torch .* there, 9\.9 here.*PREDZIP_ANY_ENVIRONMENT=1"):
        predzip.decompress(data)
    monkeypatch.setenv("PREDZIP_ANY_ENVIRONMENT", "0")
    with pytest.raises(ModelError, match="another environment"):
        predzip.decompress(data)
    monkeypatch.setenv("PREDZIP_ANY_ENVIRONMENT", "1")
    assert predzip.decompress(data) == TEXT[:500]


def test_what_is_compared() -> None:
    here = environment(1)
    assert set(here) == {"torch", "transformers", "instructions", "processor", "platform", "probe"}
    assert all(here.values())
    assert environment(1) == here
    assert unpack_record(pack_record(here)) == here
    longest = dict.fromkeys(here, "x" * 22)
    assert len(pack_record(longest)) <= MOST_RECORD_BYTES
    check(here, here)
    for name in here:
        with pytest.raises(ModelError, match=f": {name} "):
            check({**here, name: "x"}, here)
        with pytest.raises(ModelError, match=f": {name} unknown there"):
            check({key: value for key, value in here.items() if key != name}, here)


def test_the_probe_sees_what_torch_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    before = environment(1)["probe"]
    original = torch.tanh
    monkeypatch.setattr(torch, "tanh", lambda x: torch.nextafter(original(x), torch.zeros_like(x)))
    assert environment(1)["probe"] != before


class Unsteady(FloatStepper):
    """Gives other numbers each time, as a machine might."""

    def hidden(self, tokens: Any) -> Any:
        return super().hidden(tokens) + np.random.default_rng().normal(0, 3, self.config.vocab_size).astype(np.float32)


@pytest.mark.parametrize("lanes", [1, 4])
def test_what_does_not_come_back_is_coded_without_the_model(
    always: None, monkeypatch: pytest.MonkeyPatch, lanes: int
) -> None:
    monkeypatch.setattr(float_tokens, "FloatStepper", Unsteady)
    made = codec(lanes)
    assert not made._comes_back(TEXT, super(FloatTokensCodec, made).encode_block(TEXT), None)
    payload = made.encode_block(TEXT)
    assert made.decode_block(payload, len(TEXT)) == TEXT
    assert len(payload) <= len(choose_codec(5).codec.build().encode_block(TEXT)) + 1
    monkeypatch.setattr(float_tokens, "FloatStepper", FloatStepper)
    with_model = codec(lanes).encode_block(TEXT)
    assert with_model != payload


def test_a_missing_model_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = predzip.compress(TEXT[:300], model=NAME)
    fingerprint = catalogue.load(NAME).fingerprint[:8].hex()
    monkeypatch.setenv("PREDZIP_MODELS", str(tmp_path))
    monkeypatch.setattr(catalogue, "_offered", [])
    assert inspect(data).frames[0].parameters.endswith(f";model={NAME}-model".encode())
    with pytest.raises(ModelError, match=f"{NAME}-model .*fingerprint {fingerprint}.*predzip models add"):
        predzip.decompress(data)


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    data = predzip.compress(TEXT[:300], model=NAME)
    monkeypatch.setitem(sys.modules, package, None)
    for action in (lambda: predzip.decompress(data), lambda: predzip.compress(TEXT, model=NAME)):
        with pytest.raises(MissingExtraError, match=rf"{package} is not installed.*predzip\[float\]"):
            action()


GOOD = pack_parameters(2, 0, 1, b"torch=1")


@pytest.mark.parametrize(
    "parameters",
    [
        b"",
        b"\1",
        GOOD[:-8],
        GOOD[:-7],
        bytes(len(GOOD) - 7) + GOOD[-7:],
        GOOD + b";",
        GOOD + b"\n",
        GOOD + b"\xff",
        GOOD + b"x" * 200,
        GOOD + b";model=two words",
        GOOD + b";model=" + b"x" * 121,
    ],
)
def test_parameters_of_no_encoder(parameters: bytes) -> None:
    fingerprint = catalogue.load(NAME).fingerprint[:8]
    with pytest.raises(UnsupportedError):
        build(FLOAT_ID, parameters, fingerprint)
    with pytest.raises(CorruptError):
        build(FLOAT_ID, GOOD, b"")


def test_models_of_other_kinds(folder: Path, tmp_path: Path) -> None:
    import tiny_models

    exact = tiny_models.write_token_model(tmp_path)
    with pytest.raises(ModelError, match="does not run in floats"):
        predzip.compress(b"text", method="float", model=str(exact))
    with pytest.raises(ModelError):
        predzip.compress(b"text", method="tokens", model=NAME)
    with pytest.raises(ModelError, match="float"):
        predzip.compress(b"text", method="chunks", model=NAME)


def test_progress_and_memory(always: None) -> None:
    counts: list[int] = []
    made = codec(2)
    made.encode_block(TEXT[:700], counts.append)
    assert 650 < sum(counts) <= 700
    assert made.memory_bytes(1 << 10) < made.memory_bytes(1 << 20) < 1 << 31
    assert parameters_of({"threads": 1})[SIZES_BYTES] == 1
