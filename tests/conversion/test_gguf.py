from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from conversion.tiny_sources import LLAMA, random_floats, write_gguf
from predzip.conversion.gguf import GgufFile
from predzip.errors import MissingExtraError, ModelError

gguf = pytest.importorskip("gguf")
Kind = gguf.GGMLQuantizationType


def written(path: Path, **tensors: tuple[np.ndarray, Kind | None]) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_array("test.words", ["one", "", "zwölf"])
    writer.add_array("test.numbers", [1, -2, 3])
    writer.add_float64("test.float", 0.5)
    writer.add_bool("test.bool", True)
    for name, (values, kind) in tensors.items():
        writer.add_tensor(name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_metadata_are_read(tmp_path: Path) -> None:
    file = GgufFile(written(tmp_path / "a.gguf", x=(np.ones((2, 4), np.float32), None)))
    assert file.metadata["general.architecture"] == "llama"
    assert file.metadata["test.words"] == ["one", "", "zwölf"]
    assert file.metadata["test.numbers"] == [1, -2, 3]
    assert file.metadata["test.float"] == 0.5
    assert file.metadata["test.bool"] is True


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_rows_are_those_of_the_package_gguf(tmp_path: Path, kind: str) -> None:
    values = np.random.default_rng(1).normal(0, 1, (6, 64)).astype(np.float32)
    stored = gguf.quantize(values, Kind[kind])
    file = GgufFile(written(tmp_path / "a.gguf", first=(np.ones(3, np.float32), None), x=(stored, Kind[kind])))
    assert file.shape("x") == (6, 64)
    assert np.array_equal(file.rows("x", 2, 5), gguf.dequantize(stored, Kind[kind])[2:5])
    assert file.rows("x", 0, 6).dtype == np.float32
    assert file.type_names() == [kind]


def test_a_vector_is_read_in_parts(tmp_path: Path) -> None:
    values = np.arange(10, dtype=np.float32)
    file = GgufFile(written(tmp_path / "a.gguf", x=(values, None)))
    assert np.array_equal(file.rows("x", 3, 7), values[3:7])


def test_cut_anywhere_it_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.gguf", x=(np.ones((2, 4), np.float32), None)).read_bytes()
    path = tmp_path / "cut.gguf"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            GgufFile(path)
    path.write_bytes(whole)
    assert "x" in GgufFile(path).names()


def test_damage_gives_an_error_and_no_other_exception(tmp_path: Path) -> None:
    whole = bytearray(written(tmp_path / "a.gguf", x=(np.ones((2, 4), np.float32), None)).read_bytes())
    path, refused = tmp_path / "damaged.gguf", 0
    random = np.random.default_rng(3)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[int(random.integers(4, len(whole) - 32))] = int(random.integers(256))
        path.write_bytes(damaged)
        try:
            GgufFile(path)
        except ModelError:
            refused += 1
    assert 30 < refused < 300


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04" + bytes(40), "is not a GGUF file"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(40), "version 1"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(40), "little-endian"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "more than any model"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "more than any model"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 60), "more than any model"),
        (b"GGUF" + struct.pack("<IQQQ1sI", 3, 0, 1, 1, b"k", 77), "unknown type 77"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 9, 1), "unknown type 9"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 0, 1 << 40), "more than any model"),
    ],
)
def test_what_is_no_file_of_llama_cpp(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        GgufFile(path)


def test_parts_of_a_model_are_refused(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    writer.add_uint16("split.count", 3)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ModelError, match="one of several parts"):
        GgufFile(tmp_path / "a.gguf")


def test_without_the_package_the_install_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "a.gguf", LLAMA, random_floats(LLAMA))
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        GgufFile(path)
