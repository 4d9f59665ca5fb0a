"""`predzip paper table2` as people call it, with training."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import CommandLine


def test_training_is_said_first(predzip_run: CommandLine, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tokenizers")
    from predzip.training import presets
    from training.tiny_models import tiny_transformer

    monkeypatch.setitem(presets.PRESETS, "tiny", tiny_transformer(layers=1))
    monkeypatch.setattr("predzip.training.run.keep_freed_memory", lambda: False)
    arguments = ("--data", f"text={book}", "--bytes", "8KB", "--slow-bytes", "300", "--out", "r", "--threads", "1")
    training = ("--sizes", "tiny", "--train-steps", "2", "--train-batch", "64")
    done = predzip_run("paper", "table2", *arguments, *training)
    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == "predzip: table2: 6 trainings of 2 steps, each measured after"
    text = done.out.decode()
    assert "Table 2: rate in percent of Transformers trained on each alphabet" in text
    assert "Table 2: how the Transformers were trained" in text
    assert Path("r/results.jsonl").stat().st_size


def test_sizes_that_are_none(predzip_run: CommandLine, book: Path) -> None:
    done = predzip_run("paper", "table2", "--data", f"text={book}", "--sizes", "paper-1k")
    assert done.code == 2
    assert "there are small, base, gru, paper-200k" in done.err
