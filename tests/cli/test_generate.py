"""`predzip generate` as people call it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conftest import CommandLine

sys.path.insert(0, str(Path(__file__).parent.parent))

import tiny_models

PROMPT = "one two three four five one two three four five one two"


def test_the_same_seed_gives_the_same_bytes(predzip_run: CommandLine) -> None:
    runs = [predzip_run("generate", PROMPT, "--method", "ppm", "-n", 30, "--seed", seed) for seed in (1, 1, 2)]
    assert all(run.code == 0 and len(run.out) == 30 for run in runs)
    assert runs[0].out == runs[1].out != runs[2].out


def test_words_file_and_pipe_are_the_same_prompt(predzip_run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text(PROMPT)
    options = ("--method", "ctw", "-n", 20, "--seed", 5, "--temperature", 0.5)
    by_words = predzip_run("generate", *PROMPT.split(), *options)
    by_file = predzip_run("generate", "-f", "prompt.txt", *options)
    by_pipe = predzip_run("generate", *options, stdin=PROMPT.encode())
    assert by_words.out == by_file.out == by_pipe.out
    to_file = predzip_run("generate", "-f", "prompt.txt", *options, "-o", "out", "--echo", "-v")
    assert (tmp_path / "out").read_bytes() == PROMPT.encode() + by_file.out
    assert to_file.out == b""
    assert "ctw (exact probabilities), temperature 0.5, seed 5: 20 bytes" in to_file.err


def test_a_terminal_gets_text_that_does_no_harm(predzip_run: CommandLine) -> None:
    prompt = b"\x1b[31m \xc3\xa9\xff" * 20
    options = ("--method", "ngram", "-n", 60, "--seed", 1, "--temperature", 0)
    raw = predzip_run("generate", *options, stdin=prompt).out
    shown = predzip_run("generate", *options, stdin=prompt, terminals=("stdout",)).out.decode()
    assert b"\x1b" in raw
    assert b"\xff" in raw
    assert "\x1b" not in shown
    assert "\\x1b[31m \u00e9\ufffd" in shown
    assert shown.endswith("\n")


def test_a_compressor_looks_ahead(predzip_run: CommandLine) -> None:
    options = ("--method", "gzip", "-n", 12, "--seed", 1, "--look-ahead", 4, "--candidates", 16, "--temperature", 0.2)
    finished = predzip_run("generate", PROMPT, *options, "-v")
    assert finished.out in PROMPT.encode()
    assert "4 bytes ahead, 16 candidates" in finished.err
    one_byte = predzip_run("generate", PROMPT, "--method", "deflate", "-n", 2, "--look-ahead", 1, "-v")
    assert "lengths in whole bits, 1 bytes ahead" in one_byte.err


def test_a_model_by_path(predzip_run: CommandLine, tmp_path: Path) -> None:
    tiny_models.write_transformer(tmp_path)
    finished = predzip_run("generate", PROMPT * 2, "--model", "./tiny", "-n", 70, "--seed", 1, "-v")
    assert finished.code == 0, finished.err
    assert len(finished.out) == 70
    assert "tiny (exact probabilities, weights " in finished.err


def test_a_model_over_tokens(predzip_run: CommandLine, tmp_path: Path) -> None:
    tiny_models.write_token_model(tmp_path)
    options = ("--model", "./tiny-tokens", "-n", 90, "--seed", 1)
    finished = predzip_run("generate", PROMPT * 2, *options, "-v")
    assert finished.code == 0, finished.err
    assert len(finished.out) == 90
    assert finished.out == predzip_run("generate", PROMPT * 2, *options).out
    assert "tiny-tokens (exact probabilities of tokens, weights " in finished.err
    assert "for compressors" in predzip_run("generate", "x", *options, "--look-ahead", 3).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "--model", "a", "--method", "ppm"), "leave one out"),
        (("x", "--method", "pmp"), "did you mean ppm"),
        (("x", "--method", "ppm", "--look-ahead", 3), "for compressors"),
        (("x", "--temperature", -1), "temperature"),
        (("x", "-f", "prompt.txt"), "two prompts"),
        (("--method", "ppm"), "no prompt"),
    ],
)
def test_wrong_usage(predzip_run: CommandLine, tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
    (tmp_path / "prompt.txt").write_text(PROMPT)
    finished = predzip_run("generate", *arguments, terminals=("stdin",))
    assert finished.code == 2
    assert message in finished.err
