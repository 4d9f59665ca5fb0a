"""Table 2 proper: tiny Transformers trained for a few steps on each alphabet, and what is written of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.paper.conftest import make_dataset
from predzip.errors import UsageError
from predzip.experiments.datasets.dataset import Dataset
from predzip.experiments.paper import everything, trained, trained_grids
from predzip.experiments.paper.executors import open_engine
from predzip.experiments.paper.halves import Halves
from predzip.experiments.paper.plan import Plan, new_plan
from predzip.experiments.paper.rows import Results, Row
from predzip.experiments.paper.session import Session
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.weights import read_weights

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

MEASURED_BYTES = 3000
SIZE = 300
PLAN = Plan(("tiny",), None, 4, step_tokens=64, threads=1, alphabets=("ASCII", SIZE))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A preset that trains in a second, on one thread, which decides the bits."""
    from predzip.training import presets

    architecture = {"width": 16, "layers": 1, "heads": 2, "head_dim": 8, "hidden": 32, "context": 2048}
    recipe = presets.Recipe(stages=(presets.Stage(1.0, 2, 32),))
    monkeypatch.setitem(presets.PRESETS, "tiny", presets.Preset("tiny", "tiny", "transformer", architecture, recipe))
    monkeypatch.setattr("predzip.training.run.keep_freed_memory", lambda: False)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def text(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path, "text", 6 * 2048)


def run(
    text: Dataset, out: Path, plan: Plan = PLAN, *, resume: bool = True, said: list[str] | None = None
) -> list[Row]:
    with open_engine() as engine:
        say = None if said is None else said.append
        session = Session([text], [], Results(out, resume=resume), engine, {}, out, resume=resume, say=say)
        return trained.run([Halves(text, MEASURED_BYTES)], plan, session)


def stem_of(out: Path, alphabet: str) -> Path:
    (folder,) = (out / "table2-models").glob(f"tiny-{alphabet}-*")
    return folder / folder.name


def test_a_cell_by_hand(text: Dataset, tmp_path: Path) -> None:
    """Log-loss of the tokens by a few lines of torch, from weights that the run left."""
    from predzip.predictors.neural.transformer.config import TransformerConfig
    from predzip.predictors.neural.transformer.quantize import dequantize_transformer
    from predzip.training.transformer import Transformer

    row = run(text, tmp_path / "out")[1]
    weights = read_weights(stem_of(tmp_path / "out", f"bpe-{SIZE}"))
    config = TransformerConfig.from_dict(weights.config)
    assert (config.vocab_size, row.parameters) == (SIZE, config.parameters())
    model = Transformer(config)
    floats = dequantize_transformer(config, weights.tensors)
    model.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in floats.items()})
    shown = text.read(6144, 6144 + MEASURED_BYTES)
    tokens = Halves(text).alphabet(SIZE).encode(shown)
    bits = 0.0
    for start in range(0, len(tokens), 2048):
        chunk = torch.tensor([tokens[start : start + 2048]])
        with torch.no_grad():
            logs = torch.log_softmax(model(chunk).float(), -1)
        bits -= float(logs.gather(-1, chunk[..., None]).sum()) / math.log(2)
    assert row.original_bytes == MEASURED_BYTES
    assert row.compressed_bytes == pytest.approx(bits / 8, rel=0.01)  # torch computes in bfloat16
    assert row.code_length
    assert row.training["measured_tokens"] == len(tokens)


def test_what_is_trained_stands(text: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    first = run(text, tmp_path / "out", said=said)
    assert said[0] == "table2: 2 trainings of 4 steps, each measured after"
    assert said[1] == "table2: tiny on bytes, 1 of 2"
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["compressor"] for line in lines] == ["tiny on bytes", f"tiny on BPE {SIZE}"]
    assert not list((tmp_path / "out").rglob("checkpoint.pt"))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("predzip.training.run.train", never)
    said.clear()
    assert run(text, tmp_path / "out", said=said) == first
    assert said == ["table2: 0 trainings of 4 steps (2 known already), each measured after"]
    with pytest.raises(AssertionError, match="trained again"):
        run(text, tmp_path / "out", replace(PLAN, seed=1))
    (tmp_path / "out" / "results.jsonl").unlink()  # stopped behind the training: the weights stand
    assert [row.fingerprint for row in run(text, tmp_path / "out")] == [row.fingerprint for row in first]
    with pytest.raises(AssertionError, match="trained again"):
        run(text, tmp_path / "out", resume=False)


def test_same_seed_and_steps_same_weights(text: Dataset, tmp_path: Path) -> None:
    first, again = (run(text, tmp_path / name) for name in ("one", "two"))
    assert [row.fingerprint for row in first] == [row.fingerprint for row in again]
    other = run(text, tmp_path / "three", replace(PLAN, seed=1))
    assert {row.fingerprint for row in first}.isdisjoint(row.fingerprint for row in other)


def test_stopped_training_goes_on(text: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from predzip.training import loop

    plan = replace(PLAN, alphabets=(SIZE,))
    (whole,) = run(text, tmp_path / "whole", plan)
    original, steps = loop.Loop._step, []

    def step(this: loop.Loop, fraction: float) -> None:
        steps.append(fraction)
        if len(steps) == 2:
            import signal

            signal.raise_signal(signal.SIGINT)
        original(this, fraction)

    monkeypatch.setattr(loop.Loop, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        run(text, tmp_path / "parts", plan)
    (row,) = run(text, tmp_path / "parts", plan)
    assert len(steps) == 4
    assert row.fingerprint == whole.fingerprint


def test_groups_of_chunks_do_not_matter(text: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(text, tmp_path / "out", replace(PLAN, alphabets=("ASCII",)))
    predictor = TransformerPredictor(read_weights(stem_of(tmp_path / "out", "bytes")))
    symbols = np.frombuffer(text.read(0, 1000), np.uint8).astype(np.int32)
    together = trained.tokens_bits(predictor, symbols, 100)
    monkeypatch.setattr(trained, "_FREQUENCY_BYTES", 1)
    alone = [trained.tokens_bits(predictor, symbols[start : start + 100], 100) for start in range(0, 1000, 100)]
    assert together == pytest.approx(trained.tokens_bits(predictor, symbols, 100), rel=1e-12)
    assert together == pytest.approx(math.fsum(alone), rel=1e-12)
    assert trained.tokens_bits(predictor, symbols[:0], 100) == 0


def test_the_tables(text: Dataset, tmp_path: Path) -> None:
    rows = run(text, tmp_path / "out")
    rates, details = trained_grids.grids(rows)
    assert rates.headings == ["data", "alphabet", "tiny", "paper 200K", "paper 6.4M", "paper 38M"]
    assert rates.rows[0] == [text.name, "bytes", f"≈{100 * rows[0].raw_rate:.1f}", "22.9", "13.6", "6.4"]
    assert rates.rows[1][3:] == ["", "", ""]  # the paper has no 300 symbols
    assert details.rows[1][1:5] == [f"BPE {SIZE}", "tiny", f"{rows[1].parameters:,}", "4"]
    assert any("6,144 bytes: 4 steps, 64 tokens a step, seed 0" in note for note in rates.notes)


def test_table2_with_and_without(text: Dataset, tmp_path: Path) -> None:
    with open_engine() as engine:
        session = Session([text], [], Results(None), engine, {}, tmp_path / "out", slow_bytes=MEASURED_BYTES)
        assert len(everything.run_table2(session).section.tables) == 1
        session.plan = replace(PLAN, alphabets=("ASCII",))
        assert len(everything.run_table2(session).section.tables) == 3
    assert (tmp_path / "out" / "table2-3.csv").is_file()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sizes": "paper-1k"}, "no preset is called 'paper-1k'"),
        ({"sizes": "small"}, "small predicts bytes alone"),
        ({"sizes": "none", "minutes": 1.0, "steps": 1}, "either how many minutes or how many steps"),
    ],
)
def test_plans_that_are_none(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        new_plan(**settings)


def test_plans() -> None:
    assert new_plan("none").presets == ()
    assert new_plan(" none , ") == Plan()
    plan = new_plan("paper-200k,paper-800k,paper-200k", minutes=1.5, threads=1)
    assert plan.presets == ("paper-200k", "paper-800k")
    assert plan.budget == "90 s of one core, 4096 tokens a step, seed 0"
    assert new_plan("tiny").budget == "60 s, 4096 tokens a step, seed 0"
