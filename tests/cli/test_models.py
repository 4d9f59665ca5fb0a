"""`predzip models` as people call it, and --model on the way to the codec and back."""

from __future__ import annotations

import lzma
import re
from pathlib import Path

import pytest

import predzip
import tiny_models
from conftest import TEXT, CommandLine
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import fingerprint_of

DATA = TEXT[:3000]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue, "SHIPPED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(tmp_path / "user"))
    for name in ("_offered", "_fingerprints", "_weights"):
        monkeypatch.setattr(catalogue, name, type(getattr(catalogue, name))())
    return tmp_path


def lines_of(text: bytes) -> dict[str, list[str]]:
    return {line.split()[0].rstrip(":"): line.split()[1:] for line in text.decode().splitlines()}


def test_the_list(predzip_run: CommandLine, folders: Path) -> None:
    small = tiny_models.write_recurrent(folders / "shipped", "small")
    (folders / "shipped" / "small.md").write_text("| kind | bits/byte |\n|---|---:|\n| wiki | 1.234 |\n")
    mine = tiny_models.write_transformer(folders / "user", "mine")
    (folders / "user" / "broken.json").write_text("{}")
    (folders / "user" / "broken.safetensors").write_bytes(b"")
    done = predzip_run("models")
    assert done.code == 1
    assert "broken" in done.err
    lines = lines_of(done.out)
    size = sum(path.stat().st_size for path in (folders / "shipped").glob("small.[js]*"))
    assert lines["small"][:2] == ["recurrent", "11,568"]
    assert lines["small"][2:] == [f"{size:,}", fingerprint_of(small).hex()[:16], "1.234", "package"]
    assert lines["mine"][3:] == [fingerprint_of(mine).hex()[:16], "-", "user"]
    assert lines["broken"] == ["damaged", "user"]
    assert lines["base"] == ["missing", "package"]


def test_show(predzip_run: CommandLine, folders: Path) -> None:
    stem = tiny_models.write_transformer(folders, "mine")
    assert predzip_run("models", "show", "./mine").code == 1
    stem.with_name("mine.md").write_text("# mine\n\nGood for nothing.\n")
    done = predzip_run("models", "show", "mine.safetensors")
    assert (done.code, done.out) == (0, b"# mine\n\nGood for nothing.\n")
    done = predzip_run("models", "show", "nine")
    assert done.code == 1
    assert "no model is named 'nine'" in done.err


def test_verify(predzip_run: CommandLine, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = tiny_models.write_recurrent(folders / "shipped", "small")
    monkeypatch.setattr(catalogue, "_SHIPPED", (catalogue.entry("small"),))
    done = predzip_run("models", "verify")
    assert done.code == 1
    assert lines_of(done.out)["small"][:2] == ["NOT", "LISTED:"]
    catalogue.write_list(folders / "shipped", {"small": fingerprint_of(stem)})
    done = predzip_run("models", "verify")
    assert (done.code, lines_of(done.out)["small"]) == (0, ["ok,", fingerprint_of(stem).hex()])
    assert predzip_run("models", "verify", "small").code == 0
    data = bytearray(stem.with_name("small.safetensors").read_bytes())
    data[-1] ^= 1
    stem.with_name("small.safetensors").write_bytes(data)
    done = predzip_run("models", "verify", "small")
    assert done.code == 1
    assert lines_of(done.out)["small"][0] == "DIFFERS:"
    stem.with_name("small.json").unlink()
    done = predzip_run("models", "verify")
    assert done.code == 1
    assert lines_of(done.out)["small"][0] == "MISSING:"


def test_add(predzip_run: CommandLine, folders: Path) -> None:
    stem = tiny_models.write_transformer(folders / "elsewhere", "mine")
    stem.with_name("mine.md").write_text("# mine\n")
    done = predzip_run("models", "add", str(stem) + ".json")
    assert (done.code, done.err) == (0, "")
    assert sorted(path.name for path in (folders / "user").iterdir()) == [
        "FINGERPRINTS",
        "mine.json",
        "mine.md",
        "mine.safetensors",
    ]
    assert predzip_run("models", "verify", "mine").code == 0
    assert predzip_run("models", "add", stem).code == 0  # again: the same
    assert predzip_run("models", "add", folders / "user" / "mine").code == 0  # onto itself
    other = tiny_models.write_transformer(folders / "other", "mine", seed=8)
    done = predzip_run("models", "add", other)
    assert done.code == 1
    assert "-f replaces it" in done.err
    assert predzip_run("models", "add", "-f", other).code == 0
    assert catalogue.find_by_fingerprint(fingerprint_of(other)).name == "mine"
    assert predzip_run("models", "verify", "mine").code == 0


def test_what_is_not_added(predzip_run: CommandLine, folders: Path) -> None:
    shipped = tiny_models.write_transformer(folders, "base")
    odd = tiny_models.write_transformer(folders, "odd", kind="oracle")
    for path, said in ((shipped, "name of a model of the package"), (odd, "unknown to this release"), ("x", "weights")):
        done = predzip_run("models", "add", path)
        assert done.code == 1
        assert said in done.err
    assert not (folders / "user").exists()


def test_help_of_every_word(predzip_run: CommandLine) -> None:
    for words in ((), ("show",), ("verify",), ("add",)):
        done = predzip_run("models", *words, "--help")
        assert done.code == 0
        assert done.out.startswith(b"Usage: predzip models")
    assert predzip_run("models", "shwo").code == 2


def test_compress_with_a_model_named_by_its_path(predzip_run: CommandLine, folders: Path) -> None:
    stem = tiny_models.write_transformer(folders / "elsewhere", "mine")
    (folders / "data").write_bytes(DATA)
    done = predzip_run("--method", "chunks", "--model", stem, "data")
    assert (done.code, done.err) == (0, "")
    fingerprint = fingerprint_of(stem)
    done = predzip_run("-l", "-v", "data.pz")
    assert re.search(rf"model mine {fingerprint[:8].hex()}", done.out.decode())
    assert predzip.inspect(folders / "data.pz").frames[0].fingerprint == fingerprint[:8]
    back = predzip_run("-dc", "data.pz")  # this process has seen the path
    assert (back.out, back.err) == (DATA, "")

    catalogue._offered.clear()
    catalogue._fingerprints.clear()
    (folders / "data").unlink()
    for mode in ("-d", "-t"):
        done = predzip_run(mode, "data.pz")
        assert done.code == 1
        assert f"needs the model with fingerprint {fingerprint[:8].hex()}, which is not here" in done.err
        assert "predzip models add" in done.err
        assert not (folders / "data").exists()
    with pytest.raises(predzip.ModelError):
        predzip.decompress((folders / "data.pz").read_bytes())
    assert fingerprint[:8].hex() in predzip_run("-l", "-v", "data.pz").out.decode()
    assert predzip_run("-d", "--model", stem, "data.pz").code == 0
    assert (folders / "data").read_bytes() == DATA

    catalogue._offered.clear()
    assert predzip_run("models", "add", stem).code == 0
    assert predzip_run("-dc", "data.pz").out == DATA


def test_models_that_cannot_be_used(predzip_run: CommandLine, folders: Path) -> None:
    stem = tiny_models.write_transformer(folders, "mine")
    (folders / "data").write_bytes(DATA)
    cases = (
        (("--method", "ppm", "--model", stem), 2, "method ppm runs no model"),
        (("--method", "chunks"), 2, "method chunks needs a model"),
        (("--method", "chunks", "--model", "nobody"), 1, "no model is named 'nobody'"),
        (("-d", "--model", "nobody"), 1, "no model is named 'nobody'"),
    )
    for options, code, said in cases:
        done = predzip_run(*options, "data")
        assert (done.code, said in done.err) == (code, True), done.err
    assert not list(folders.glob("*.pz"))


def test_packed_weights_are_added_in_place_of_plain_ones(predzip_run: CommandLine, folders: Path) -> None:
    stem = tiny_models.write_recurrent(folders / "elsewhere", "mine")
    assert predzip_run("models", "add", str(stem)).code == 0
    plain = stem.with_name("mine.safetensors")
    stem.with_name("mine.safetensors.xz").write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    assert predzip_run("models", "add", str(stem)).code == 0
    assert sorted(path.name for path in (folders / "user").glob("mine*")) == ["mine.json", "mine.safetensors.xz"]
    assert b"mine: ok" in predzip_run("models", "verify", "mine").out
