"""Weights on disk: what is written comes back, equal input gives equal bytes, and nothing hostile gets through."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predzip.errors import LimitError, ModelError, PredzipError
from predzip.predictors.neural import weights as module
from predzip.predictors.neural.model_files import files_of
from predzip.predictors.neural.weights import Weights, expect, read_config, read_weights, write_weights

CONFIG: dict[str, Any] = {"kind": "recurrent", "name": "ä-model".replace("ä", "a"), "about": "grün"}
TENSORS = {
    "b": np.arange(6, dtype=np.int16).reshape(2, 3).T,
    "a": np.linspace(0, 1, 5, dtype=np.float32),
    "c": np.full((2, 2), -7, np.int8),
}


def header_of(path: Path) -> tuple[dict[str, Any], bytes]:
    data = files_of(path)[1].read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def write_raw(path: Path, header: dict[str, Any] | bytes, content: bytes, length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    files_of(path)[1].write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + content)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    fingerprint = write_weights(tmp_path / "new" / "m-3.2m", CONFIG, TENSORS)
    for path in ("m-3.2m", "m-3.2m.json", "m-3.2m.safetensors"):
        read = read_weights(tmp_path / "new" / path)
        assert (read.name, read.kind, read.fingerprint) == ("a-model", "recurrent", fingerprint)
        assert read.config == {"format": 1, **CONFIG}
        assert read.tensors.keys() == TENSORS.keys()
        for name, tensor in TENSORS.items():
            assert read.tensors[name].dtype == tensor.dtype
            assert np.array_equal(read.tensors[name], tensor)
            assert read.tensors[name].flags.c_contiguous
            assert read.tensors[name].flags.writeable  # a kernel for read-only arrays would be another one
    assert sorted(os.listdir(tmp_path / "new")) == ["m-3.2m.json", "m-3.2m.safetensors"]
    assert read_config(tmp_path / "new" / "m-3.2m") == {"format": 1, **CONFIG}


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    fingerprint = write_weights(tmp_path / "m", CONFIG, TENSORS)
    description, tensors = files_of(tmp_path / "m")
    assert fingerprint == hashlib.sha256(description.read_bytes() + tensors.read_bytes()).digest()
    assert module.fingerprint_of(tmp_path / "m") == fingerprint


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    shuffled = {name: np.ascontiguousarray(TENSORS[name]) for name in ("c", "a", "b")}
    first = write_weights(tmp_path / "m", CONFIG, TENSORS)
    assert write_weights(tmp_path / "m", dict(reversed(CONFIG.items())), shuffled) == first
    assert write_weights(tmp_path / "m", {**CONFIG, "about": "red"}, TENSORS) != first
    assert write_weights(tmp_path / "m", CONFIG, {**TENSORS, "a": TENSORS["a"] + 1}) != first


def test_the_name_is_that_of_the_file_unless_told(tmp_path: Path) -> None:
    write_weights(tmp_path / "mine", {"kind": "transformer"}, TENSORS)
    assert read_weights(tmp_path / "mine").name == "mine"


@pytest.mark.parametrize(
    ("config", "tensors"),
    [
        ({}, TENSORS),
        ({"kind": "recurrent", "name": "../up"}, TENSORS),
        ({"kind": "recurrent", "format": 2}, TENSORS),
        ({"kind": "recurrent"}, {}),
        ({"kind": "recurrent"}, {"a": np.array([1.0, np.nan], np.float32)}),
        ({"kind": "recurrent"}, {"a": np.array([1.0 + 2j])}),
        ({"kind": "recurrent"}, {"a": np.array([2**63], np.uint64)}),
    ],
)
def test_what_would_not_be_read_is_not_written(tmp_path: Path, config: dict[str, Any], tensors: Any) -> None:
    with pytest.raises(ModelError):
        write_weights(tmp_path / "m", config, tensors)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b'{"format": 1',
        b'{"format": true, "kind": "recurrent", "name": "m"}',
        b'{"format": 2, "kind": "recurrent", "name": "m"}',
        b'{"format": 1, "kind": "recurrent"}',
        b'{"format": 1, "kind": 7, "name": "m"}',
        b'{"format": 1, "kind": "recurrent", "name": "a/b"}',
        b'{"format": 1, "kind": "recurrent", "name": ".."}',
        b'{"format": 1, "kind": "recurrent", "name": "m\\u001b[2J"}',
        b'{"format": 1, "kind": "recurrent", "name": "m", "x": NaN}',
        b'{"format": ' + b"1" * 9000 + b"}",
        b"[" * 200_000,
    ],
)
def test_descriptions_that_are_none(tmp_path: Path, text: bytes) -> None:
    write_weights(tmp_path / "m", CONFIG, TENSORS)
    (tmp_path / "m.json").write_bytes(text)
    with pytest.raises(ModelError):
        read_weights(tmp_path / "m")
    with pytest.raises(ModelError):
        read_config(tmp_path / "m")


def test_hostile_tensors(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_weights(path, CONFIG, TENSORS)
    header, content = header_of(path)
    entry = header["a"]
    huge = {**header, "a": {**entry, "shape": [2**62, 4]}}
    outside = {**header, "a": {**entry, "data_offsets": [0, 2**40]}}
    backwards = {**header, "a": {**entry, "data_offsets": [20, 0]}}
    negative = {**header, "a": {**entry, "shape": [-5]}}
    unknown = {**header, "a": {**entry, "dtype": "Q7"}}
    half_brain = {**header, "a": {**entry, "dtype": "BF16", "shape": [10]}}
    for wrong in (huge, outside, backwards, negative, unknown, half_brain, b"{", b"[]", b""):
        write_raw(path, wrong, content)
        with pytest.raises(ModelError, match=r"m\.safetensors"):
            read_weights(path)
    for length in (0, 7, 2**31, 2**63, 2**64 - 1):
        write_raw(path, header, content, length)
        with pytest.raises(ModelError):
            read_weights(path)
    write_raw(path, {"z": {"dtype": "F32", "shape": [0, 2**60], "data_offsets": [0, 0]}}, b"")
    with pytest.raises(ModelError):
        read_weights(path)
    write_raw(path, header, np.full(len(content) // 4 + 1, np.nan, np.float32).tobytes()[: len(content)])
    with pytest.raises(ModelError, match="not finite"):
        read_weights(path)


def test_damage_anywhere_gives_an_error_of_ours_or_other_weights(tmp_path: Path) -> None:
    path = tmp_path / "m"
    fingerprint = write_weights(path, CONFIG, TENSORS)
    whole = files_of(path)[1].read_bytes()
    choose = random.Random(5)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(choose.choice((1, 2, 8))):
            damaged[choose.randrange(len(damaged))] = choose.randrange(256)
        files_of(path)[1].write_bytes(damaged[: choose.choice((len(damaged), choose.randrange(len(damaged))))])
        try:
            read = read_weights(path)
        except PredzipError:
            continue
        assert read.fingerprint != fingerprint or files_of(path)[1].read_bytes() == whole


def test_limits_and_kinds_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    with pytest.raises(ModelError, match="no weights at"):
        read_weights(path)
    write_weights(path, CONFIG, TENSORS)
    monkeypatch.setattr(module, "MAX_TENSOR_BYTES", 100)
    with pytest.raises(LimitError, match="larger than 100 B"):
        read_weights(path)
    monkeypatch.undo()
    monkeypatch.setattr(module, "MAX_CONFIG_BYTES", 10)
    with pytest.raises(LimitError):
        read_config(path)
    monkeypatch.undo()
    (tmp_path / "m.json").unlink()
    (tmp_path / "m.json").mkdir()
    with pytest.raises(ModelError):
        read_weights(path)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a file without an end")
def test_a_file_without_an_end(tmp_path: Path) -> None:
    write_weights(tmp_path / "m", CONFIG, TENSORS)
    (tmp_path / "m.json").unlink()
    (tmp_path / "m.json").symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="not a regular file"):
        read_weights(tmp_path / "m")


def test_expect() -> None:
    tensors = {"a": np.zeros((2, 3), np.int8), "s": np.array([1.0, np.inf], np.float32)}
    weights = Weights("m", {"kind": "recurrent"}, tensors, bytes(32))
    assert expect(weights, "a", np.int8, (2, 3)) is tensors["a"]
    with pytest.raises(ModelError, match="model m: tensor b is missing; it should be int8 of shape \\(2,\\)"):
        expect(weights, "b", np.int8, (2,))
    with pytest.raises(ModelError, match="should be uint8 of shape \\(2, 3\\), but is int8"):
        expect(weights, "a", "uint8", (2, 3))
    with pytest.raises(ModelError, match="should be"):
        expect(weights, "a", np.int8, (3, 2))
    with pytest.raises(ModelError, match="not finite"):
        expect(weights, "s", np.float32, (2,))
