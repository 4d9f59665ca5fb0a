"""Where a model's files lie, and the form of the tensors that is packed."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

import tiny_models
from predzip.errors import LimitError, ModelError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import files_of, read_model_file, stem_of
from predzip.predictors.neural.weights import fingerprint_of, read_weights


def pack(stem: Path) -> Path:
    plain = files_of(stem)[1]
    packed = plain.with_name(plain.name + ".xz")
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    return packed


@pytest.mark.parametrize("suffix", ["", ".json", ".safetensors", ".safetensors.xz"])
def test_the_name_ends_where_the_suffix_begins(suffix: str) -> None:
    assert stem_of(f"folder/paper-3.2m{suffix}") == Path("folder/paper-3.2m")


def test_packed_weights_are_the_same_model(tmp_path: Path) -> None:
    stem = tiny_models.write_recurrent(tmp_path, "mine")
    plain, fingerprint = read_weights(stem), fingerprint_of(stem)
    packed = pack(stem)
    assert fingerprint_of(stem) == fingerprint
    for path in (stem, packed):
        assert catalogue.locate(path).stem == stem
        again = read_weights(path)
        assert again.fingerprint == fingerprint
        assert all((again.tensors[name] == tensor).all() for name, tensor in plain.tensors.items())


def test_damage_is_told(tmp_path: Path) -> None:
    packed = pack(tiny_models.write_recurrent(tmp_path, "mine"))
    whole = packed.read_bytes()
    for damaged, word in ((whole[:-20], "cut short"), (whole + b"x" * 8, "after its end"), (b"no", "cut short")):
        packed.write_bytes(damaged)
        with pytest.raises(ModelError, match=word):
            read_weights(packed)
    packed.write_bytes(whole[:40] + bytes([whole[40] ^ 255]) + whole[41:])
    with pytest.raises(ModelError, match="damaged"):
        read_weights(packed)


def test_no_more_is_unpacked_than_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors.xz"
    path.write_bytes(lzma.compress(bytes(1000)))
    assert read_model_file(path, 1000) == bytes(1000)
    with pytest.raises(LimitError):
        read_model_file(path, 999)
