from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from predzip.conversion.safetensors_files import SafetensorsFiles
from predzip.errors import ModelError

VALUES = np.random.default_rng(1).normal(0, 1, (5, 6))


def written(path: Path, header: dict[str, object], data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rows_of_each_type(tmp_path: Path, kind: type) -> None:
    save_file({"a": np.ones(3, np.float32), "x": VALUES.astype(kind)}, tmp_path / "m.safetensors")
    files = SafetensorsFiles([tmp_path / "m.safetensors"])
    assert files.shape("x") == (5, 6)
    assert np.array_equal(files.rows("x", 1, 4), VALUES.astype(kind)[1:4].astype(np.float32))
    assert files.rows("x", 0, 5).dtype == np.float32


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path: Path) -> None:
    upper = (VALUES.astype(np.float32).view(np.uint32) >> np.uint32(16)).astype("<u2")
    expected = (upper.astype(np.uint32) << np.uint32(16)).view(np.float32)
    entry = {"dtype": "BF16", "shape": [5, 6], "data_offsets": [0, 60]}
    files = SafetensorsFiles([written(tmp_path / "m.safetensors", {"x": entry}, upper.tobytes())])
    assert np.array_equal(files.rows("x", 0, 5), expected)
    assert np.array_equal(files.rows("x", 3, 4), expected[3:4])
    assert np.abs(expected - VALUES).max() < 0.02
    assert files.type_names() == ["BF16"]


def test_several_files_are_one(tmp_path: Path) -> None:
    for name in "ab":
        save_file({name: VALUES.astype(np.float32)}, tmp_path / f"{name}.safetensors")
    files = SafetensorsFiles([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])
    assert set(files.names()) == {"a", "b"}
    with pytest.raises(ModelError, match="another file too"):
        SafetensorsFiles([tmp_path / "a.safetensors", tmp_path / "a.safetensors"])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "I8", "shape": [4], "data_offsets": [0, 4]}, "type I8"),
        ({"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}, "type F8_E4M3"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "does not lie within"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}, "does not lie within"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}, "does not lie within"),
        ({"dtype": "F32", "shape": [], "data_offsets": [0, 4]}, "shape"),
        ({"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}, "shape"),
        ({"dtype": "F32", "shape": ["a"], "data_offsets": [0, 4]}, "shape"),
        ({"dtype": "F32", "shape": [1]}, "data_offsets"),
        ({"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}, "cannot|can be read"),
        ([], "can be read"),
        (None, "can be read"),
    ],
)
def test_damaged_entries(tmp_path: Path, entry: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        SafetensorsFiles([written(tmp_path / "m.safetensors", {"x": entry}, bytes(8))])


@pytest.mark.parametrize(
    "content", [b"", b"abc", (1 << 40).to_bytes(8, "little") + b"{}", bytes(8), b"\2" + bytes(7) + b"[]"]
)
def test_damaged_headers(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(ModelError):
        SafetensorsFiles([tmp_path / "m.safetensors"])
