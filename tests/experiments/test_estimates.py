"""`predzip bench --code-length`: models and levels on files, without coding."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent.parent))

import predzip
import tiny_models
from predzip.cli.bench import bench
from predzip.errors import ModelError
from predzip.experiments.code_length import Contender, Estimate, contenders, render, totals
from predzip.predictors.neural import cards, catalogue
from predzip.predictors.neural.weights import fingerprint_of

DATA = b"one line after another, each much like the last\n" * 20


def run(*arguments: object) -> Result:
    return CliRunner().invoke(bench, [str(argument) for argument in arguments])


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue, "SHIPPED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(tmp_path / "user"))
    (tmp_path / "some.txt").write_bytes(DATA)
    (tmp_path / "more.txt").write_bytes(DATA[:100])
    return tiny_models.write_transformer(tmp_path / "user", "mine")


def test_records(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "results.jsonl"
    result = run(tmp_path / "some.txt", "--code-length", "--model", model, "--chunk", 48, "-o", target)
    assert result.exit_code == 0, result.output
    (record,) = [json.loads(line) for line in target.read_text().splitlines()]
    bits = predzip.code_length(DATA, model=str(model), chunk_bytes=48)
    assert record["code_length_bits"] == bits
    assert record["bits_per_byte"] == pytest.approx(bits / len(DATA), abs=1e-5)
    assert record["fingerprint"] == fingerprint_of(model).hex()
    assert record["chunk_bytes"] == 48
    size = cards.bytes_on_disk(model)
    assert record["adjusted_rate"] == pytest.approx((bits / 8 + size) / len(DATA), abs=1e-6)
    assert record["environment"]["predzip"] == predzip.__version__


def test_all_models_and_levels_in_a_table(model: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "some.txt", tmp_path / "more.txt", "--code-length")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert f"{(tmp_path / 'some.txt').as_posix()}, 960 bytes" in lines
    assert "total, 1,060 bytes" in lines
    assert sum(line.startswith("mine ") for line in lines) == 3
    result = run(tmp_path / "some.txt", "--code-length", "--levels", "1", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert row["model"] == "level 1"
    assert float(row["code_length_bits"]) == predzip.code_length(DATA, level=1)
    result = run(tmp_path / "some.txt", "--code-length", "--model", "mine", "--format", "md")
    assert "| model | bytes | bits/byte | rate | adjusted | speed |" in result.stdout


@pytest.mark.parametrize(
    "options",
    [("--code-length", "--plot", "x.png"), ("--code-length", "--image", "8"), ("--model", "mine"), ("--chunk", "9")],
)
def test_options_that_do_not_go_together(model: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    result = run(tmp_path / "some.txt", *options)
    assert result.exit_code == 2
    assert "--code-length" in result.output


def test_who_takes_part(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalogue, "_offered", [])  # what other tests named
    assert contenders([]) == [Contender("mine", model="mine")]
    assert contenders(["mine", "mine"], [3]) == [Contender("mine", model="mine"), Contender("level 3", level=3)]
    assert contenders([], [1]) == [Contender("level 1", level=1)]
    with pytest.raises(ModelError, match="no model is named 'nine'; did you mean mine"):
        contenders(["nine"])
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(tmp_path / "empty"))
    monkeypatch.setattr(catalogue, "_offered", [])
    with pytest.raises(ModelError, match="no model is installed"):
        contenders([])


def test_totals_count_a_model_once() -> None:
    rows = [Estimate(f, 100, "m", None, 400.0, 2.0, 10, 50) for f in ("a", "b")]
    (total,) = totals(rows)
    assert (total.file, total.original_bytes, total.bits_per_byte) == ("total", 200, 4.0)
    assert (total.raw_rate, total.adjusted_rate, total.bytes_per_second) == (0.5, 0.75, 50.0)


def test_names_cannot_forge_lines() -> None:
    row = Estimate("a\n\x1b[2J", 1, "m", None, 8.0, 0.0)
    text = render([row], "text", {})
    assert "\x1b" not in text
    assert text.startswith("a\\n\\x1b[2J, 1 bytes\n")
